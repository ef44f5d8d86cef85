//! How the lab plays `idle-timeout-reset`.

use whyrst_core::cause::Family;

use crate::scenario::{
    Action, But, CLIENT, Expect, First, Host, Packet, PacketKind, Reproduction, SERVER, Scenario, Treatment, Verdicts,
    Wire, WireRule, steps,
};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[Scenario::new(
    "idle-timeout-reset",
    "After five silent seconds something on the path has forgotten the connection and answers the next request by RST.",
    &steps![
        opened(),
        CLIENT.does(Action::Write { bytes: 100 }).gives(100),
        SERVER.does(Action::Read { most: 4096 }).gives(100),
        SERVER.does(Action::Write { bytes: 50 }).gives(50),
        CLIENT.does(Action::Read { most: 4096 }).gives(50),
        CLIENT.does(Action::Pause(5_200)),
        CLIENT.does(Action::Write { bytes: 100 }).gives(100),
        CLIENT.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
    ],
    Expect::ends(Verdicts::Resets(&["idle-timeout-reset"]), Verdicts::NoReset, &[]),
)
.but(&[But::always(
    &[First::of(Family::UnknownConnection, "fw-state-lost").for_reason("idle-timeout-reset")],
    "a device in between answers as one that has forgotten the connection",
)
.at(Host::Client)])
.on(Wire::PLAIN.with(&[WireRule::on(
    Packet { from: Host::Client, kind: PacketKind::Data, nth: 2 },
    Treatment::Reject { ttl: 63 },
)]))]);
