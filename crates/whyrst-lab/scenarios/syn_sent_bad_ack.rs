//! How the lab plays `syn-sent-bad-ack`.

use whyrst_core::kernel::RstReason;
use whyrst_core::segment::Flags;

use crate::scenario::{Action, Actor, CLIENT, Expect, HandMade, Host, Reproduction, Scenario, Step};

/// Answers for the address that nobody has, from the port that the client connects to.
const STRANGER: Actor = Actor::on_server("stranger");
const ANSWER: HandMade = HandMade::syn(8888, Host::Client, 40_000);

static ANSWERED_WRONGLY: &[Step] = &[
    STRANGER.does(Action::StandIn),
    CLIENT.does(Action::Connect { to: Host::Silent, port: 8888 }).meanwhile(),
    STRANGER.does(Action::Segment(ANSWER.ack(1_000_001))),
    STRANGER.does(Action::Pause(60)),
    STRANGER.does(Action::Segment(ANSWER.ack(1))),
    CLIENT.does(Action::Write { bytes: 100 }).gives(100),
    STRANGER.does(Action::Pause(30)),
    STRANGER.does(Action::Segment(ANSWER.then(Flags::ACK, 1).ack(101))),
];

const REFUSED: Expect = Expect::both(&["syn-sent-bad-ack"], &[(Host::Client, RstReason::TcpInvalidAckSequence)]);

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[
    Scenario::new(
        "syn-sent-bad-ack",
        "A stranger answers the client's SYN with a wrong number, then with the right one: connect() succeeds.",
        ANSWERED_WRONGLY,
        REFUSED,
    ),
    Scenario::new("syn-sent-bad-ack-v6", "The same over IPv6.", ANSWERED_WRONGLY, REFUSED).over_ipv6(),
]);
