//! How the lab plays `syn-recv-bad-ack`.

use whyrst_core::kernel::RstReason;
use whyrst_core::segment::Flags;

use crate::scenario::{Action, Actor, Expect, HandMade, Host, Reproduction, SERVER, Scenario, Step};

const STRANGER: Actor = Actor::on_client("stranger");
const SYN: HandMade = HandMade::syn(40_000, Host::Server, 8888);

static GUESSES: &[Step] = &[
    SERVER.does(Action::Listen { port: 8888 }),
    STRANGER.does(Action::StandIn),
    STRANGER.does(Action::Segment(SYN)),
    STRANGER.does(Action::Segment(SYN.then(Flags::ACK, 1).ack(1_000_001))),
    STRANGER.does(Action::Pause(30)),
];

const REFUSED: Expect = Expect::both(&["syn-recv-bad-ack"], &[(Host::Server, RstReason::TcpFlags)]);

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[
    Scenario::new(
        "syn-recv-bad-ack",
        "A stranger whose kernel does not interfere answers the SYN-ACK with an acknowledgment of another number.",
        GUESSES,
        REFUSED,
    ),
    Scenario::new("syn-recv-bad-ack-v6", "The same over IPv6.", GUESSES, REFUSED).over_ipv6(),
    Scenario::new(
        "ack-unsent-established",
        "On an established connection an acknowledgment of data that was never sent draws a challenge ACK, no reset.",
        &[
            SERVER.does(Action::Listen { port: 8888 }),
            STRANGER.does(Action::StandIn),
            STRANGER.does(Action::Segment(SYN)),
            STRANGER.does(Action::Segment(SYN.then(Flags::ACK, 1).ack(1))),
            SERVER.does(Action::Accept),
            STRANGER.does(Action::Segment(SYN.then(Flags::ACK, 1).ack(1_000_001))),
            STRANGER.does(Action::Pause(40)),
        ],
        Expect::QUIET,
    ),
]);
