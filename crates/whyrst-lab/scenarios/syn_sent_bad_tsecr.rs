//! How the lab plays `syn-sent-bad-tsecr`.

use whyrst_core::kernel::RstReason;
use whyrst_core::segment::Flags;

use crate::scenario::{Action, Actor, CLIENT, Expect, HandMade, Host, Reproduction, SERVER, Scenario};

/// Answers for the address that nobody has, from the port that the client connects to.
const STRANGER: Actor = Actor::on_server("stranger");
const ANSWER: HandMade = HandMade::syn(8888, Host::Client, 40_000);

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[
    Scenario::new(
        "syn-sent-bad-tsecr",
        "A stranger answers the client's SYN with a timestamp echo out of nowhere, and after the client's next SYN \
         with the right one.",
        &[
            STRANGER.does(Action::StandIn),
            CLIENT.does(Action::Connect { to: Host::Silent, port: 8888 }).meanwhile(),
            STRANGER.does(Action::Segment(ANSWER.ack(1).stamped(7_000, 1_000_000))),
            STRANGER.does(Action::Pause(1_300)),
            STRANGER.does(Action::Segment(ANSWER.ack(1).stamped(8_300, 0))),
            CLIENT.does(Action::Write { bytes: 100 }).gives(100),
            STRANGER.does(Action::Pause(30)),
            STRANGER.does(Action::Segment(ANSWER.then(Flags::ACK, 1).ack(101).stamped(8_330, 0))),
        ],
        Expect::both(&["syn-sent-bad-tsecr"], &[(Host::Client, RstReason::TcpRfc7323Paws)]),
    ),
    Scenario::new(
        "paws-established",
        "On an established connection data with an old timestamp is dropped and answered by an ACK, not reset.",
        &[
            SERVER.does(Action::Listen { port: 8888 }),
            CALLER.does(Action::StandIn),
            CALLER.does(Action::Segment(CALL.stamped(10_000_000, 0))),
            CALLER.does(Action::Segment(CALL.then(Flags::ACK, 1).ack(1).stamped(10_000_010, 0))),
            SERVER.does(Action::Accept),
            CALLER.does(Action::Segment(CALL.then(Flags::PSH, 1).ack(1).carrying(100).stamped(10_000_020, 0))),
            SERVER.does(Action::Read { most: 4096 }).gives(100),
            CALLER.does(Action::Segment(CALL.then(Flags::PSH, 101).ack(1).carrying(100).stamped(9_000_000, 0))),
            CALLER.does(Action::Pause(40)),
        ],
        Expect::QUIET,
    ),
]);

const CALLER: Actor = Actor::on_client("caller");
const CALL: HandMade = HandMade::syn(40_000, Host::Server, 8888);
