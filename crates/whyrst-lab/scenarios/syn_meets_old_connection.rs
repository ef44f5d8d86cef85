//! How the lab plays `syn-meets-old-connection`.

use whyrst_core::cause::Family;
use whyrst_core::kernel::RstReason;

use crate::scenario::{Action, But, CLIENT, Expect, First, Host, Reproduction, SERVER, Scenario, Step, steps};

static BEGINS_ANEW: &[Step] = &steps![
    opened(),
    CLIENT.does(Action::Write { bytes: 100 }).gives(100),
    SERVER.does(Action::Read { most: 4096 }).gives(100),
    CLIENT.does(Action::Pause(60)),
    CLIENT.does(Action::Vanish),
    CLIENT.does(Action::UsePort(40_000)),
    CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }),
    SERVER.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
    SERVER.does(Action::Accept),
    CLIENT.does(Action::Close),
    SERVER.does(Action::Read { most: 4096 }).gives(0),
    SERVER.does(Action::Close),
];

const CLEARED: Expect =
    Expect::both(&["syn-meets-old-connection"], &[(Host::Client, RstReason::TcpInvalidAckSequence)]);

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[
    Scenario::new(
        "syn-meets-old-connection",
        "The client's connection vanishes as in a power cut; it connects again from the same port, over the server's \
         old one.",
        BEGINS_ANEW,
        CLEARED,
    )
    .but(MAYBE_TWO),
    Scenario::new("syn-meets-old-connection-v6", "The same over IPv6.", BEGINS_ANEW, CLEARED)
        .but(MAYBE_TWO)
        .over_ipv6(),
]);

const MAYBE_TWO: &[But] = &[But::always(
    &[First::of(Family::SynCollision, "syn-meets-old-connection").for_reason("nat-port-collision")],
    "two clients behind one NAT could do the same",
)];
