//! How the lab plays `syn-recv-bad-ack-crossed`.

use whyrst_core::kernel::RstReason;
use whyrst_core::segment::Flags;

use crate::scenario::{Action, Actor, CLIENT, Expect, HandMade, Host, Limit, Reproduction, Scenario};

/// Answers for the address that nobody has, from the port that the client connects to.
const STRANGER: Actor = Actor::on_server("stranger");
const CROSSING: HandMade = HandMade::syn(8888, Host::Client, 40_000);

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[
    Scenario::new(
        "syn-recv-bad-ack-crossed",
        "The client's SYN crosses a stranger's, who then acknowledges a number that the client had not sent.",
        &[
            STRANGER.does(Action::StandIn),
            CLIENT
                .does(Action::ConnectWithin { to: Host::Silent, port: 8888, limit: Limit::NonBlocking, ms: 200 })
                .gives(0)
                .meanwhile(),
            STRANGER.does(Action::Pause(40)),
            STRANGER.does(Action::Segment(CROSSING)),
            STRANGER.does(Action::Pause(40)),
            STRANGER.does(Action::Segment(CROSSING.then(Flags::ACK, 1).ack(1_000_001))),
        ],
        Expect::both(&["syn-recv-bad-ack-crossed"], &[(Host::Client, RstReason::TcpAckUnsentData)]),
    ),
    Scenario::new(
        "syn-recv-ack-too-old",
        "The same with a number below the client's first one.",
        &[
            STRANGER.does(Action::StandIn),
            CLIENT
                .does(Action::ConnectWithin { to: Host::Silent, port: 8888, limit: Limit::NonBlocking, ms: 200 })
                .gives(0)
                .meanwhile(),
            STRANGER.does(Action::Pause(40)),
            STRANGER.does(Action::Segment(CROSSING)),
            STRANGER.does(Action::Pause(40)),
            STRANGER.does(Action::Segment(CROSSING.then(Flags::ACK, 1).ack(-1_000_000))),
        ],
        Expect::both(&["syn-recv-bad-ack-crossed"], &[(Host::Client, RstReason::TcpTooOldAck)]),
    ),
    Scenario::new(
        "simultaneous-open",
        "The SYNs cross and are acknowledged as they should be: a connection, and no reset.",
        &[
            STRANGER.does(Action::StandIn),
            CLIENT.does(Action::Connect { to: Host::Silent, port: 8888 }).meanwhile(),
            STRANGER.does(Action::Pause(40)),
            STRANGER.does(Action::Segment(CROSSING)),
            STRANGER.does(Action::Pause(40)),
            STRANGER.does(Action::Segment(CROSSING.then(Flags::SYN, 0).ack(1))),
            CLIENT.does(Action::Write { bytes: 100 }).gives(100),
            STRANGER.does(Action::Pause(30)),
            STRANGER.does(Action::Segment(CROSSING.then(Flags::ACK, 1).ack(101))),
        ],
        Expect::QUIET,
    ),
]);
