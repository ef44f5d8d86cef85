//! How the lab plays `policy-reset`.

use whyrst_core::cause::Family;
use whyrst_core::kernel::RstReason;

use crate::scenario::{
    Action, But, CLIENT, Expect, First, Host, Injected, Packet, PacketKind, Reproduction, SERVER, Scenario, Step,
    Treatment, Wire, WireRule, steps,
};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[
    Scenario::new(
        "policy-reset",
        "A device on the path reads the client's request, lets it pass and resets both ends before the server has \
         answered.",
        READ_ALONG,
        BOTH_TOLD,
    )
    .but(CUTS)
    .on(Wire::PLAIN.with(&[ON_REQUEST])),
    Scenario::new("policy-reset-v6", "The same over IPv6.", READ_ALONG, BOTH_TOLD)
        .but(CUTS)
        .over_ipv6()
        .on(Wire::PLAIN.with(&[ON_REQUEST])),
]);

/// The client's kernel, which has lost the connection, resets the server's last ACK.
const BOTH_TOLD: Expect = Expect::both(&["policy-reset"], &[(Host::Client, RstReason::NoSocket)]);

static READ_ALONG: &[Step] = &steps![
    opened(),
    CLIENT.does(Action::Write { bytes: 200 }).gives(200),
    CLIENT.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
    SERVER.does(Action::Pause(20)),
    SERVER.does(Action::Read { most: 4096 }).gives(200),
    SERVER.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
];

const ON_REQUEST: WireRule = WireRule::on(
    Packet::first(PacketKind::Data, Host::Client),
    Treatment::Inject(&[told(Host::Client), told(Host::Server)]),
);

/// Right behind the request, as a device on the path is in time to do.
const fn told(victim: Host) -> Injected {
    Injected { victim, after_us: 100, ttl: 47, ip_id: 0xbeef, ahead: 0 }
}

const CUTS: &[But] = &[But::always(
    &[First::of(Family::Aborted, "injected-rst").for_reason("policy-reset")],
    "it cuts an open connection; a refused connect is the first of the shapes of injected-rst",
)];
