//! How the lab plays `syn-recv-new-syn`.

use whyrst_core::kernel::RstReason;
use whyrst_core::segment::Flags;

use crate::scenario::{Action, Actor, Expect, HandMade, Host, Reproduction, SERVER, Scenario};

const STRANGER: Actor = Actor::on_client("stranger");
const SYN: HandMade = HandMade::syn(40_000, Host::Server, 8888);

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[
    Scenario::new(
        "syn-recv-new-syn",
        "A stranger sends a SYN, gets its SYN-ACK, and sends another SYN whose number lies a little higher.",
        &[
            SERVER.does(Action::Listen { port: 8888 }),
            STRANGER.does(Action::StandIn),
            STRANGER.does(Action::Segment(SYN)),
            STRANGER.does(Action::Pause(40)),
            STRANGER.does(Action::Segment(SYN.then(Flags::SYN, 1_000))),
            STRANGER.does(Action::Pause(30)),
        ],
        Expect::both(&["syn-recv-new-syn"], &[(Host::Server, RstReason::InvalidSyn)]),
    ),
    Scenario::new(
        "in-window-syn",
        "A SYN in the window of an established connection draws a challenge ACK and changes nothing.",
        &[
            SERVER.does(Action::Listen { port: 8888 }),
            STRANGER.does(Action::StandIn),
            STRANGER.does(Action::Segment(SYN)),
            STRANGER.does(Action::Segment(SYN.then(Flags::ACK, 1).ack(1))),
            SERVER.does(Action::Accept),
            STRANGER.does(Action::Segment(SYN.then(Flags::SYN, 1_000))),
            STRANGER.does(Action::Pause(40)),
            STRANGER.does(Action::Segment(SYN.then(Flags::PSH, 1).ack(1).carrying(100))),
            SERVER.does(Action::Read { most: 4096 }).gives(100),
        ],
        Expect::QUIET,
    ),
]);
