//! How the lab plays `challenge-ack-loop`.

use whyrst_core::segment::Flags;

use crate::scenario::{Action, Actor, Expect, HandMade, Host, Reproduction, SERVER, Scenario};

/// A stack by hand that resets two bytes ahead of its number, and keeps to that.
const STACK: Actor = Actor::on_client("stack");
const SYN: HandMade = HandMade::syn(40_000, Host::Server, 8888);
const WRONG: HandMade = SYN.then(Flags::RST, 3);
/// Linux answers one such segment in 500 ms (`tcp_invalid_ratelimit`).
const RATE: Action = Action::Pause(550);

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[Scenario::new(
    "challenge-ack-loop",
    "A stack resets with a number that is two bytes off; the server's kernel answers with a challenge ACK, and the stack with \
     the same RST again.",
    &[
        SERVER.does(Action::Listen { port: 8888 }),
        STACK.does(Action::StandIn),
        STACK.does(Action::Segment(SYN)),
        STACK.does(Action::Segment(SYN.then(Flags::ACK, 1).ack(1))),
        SERVER.does(Action::Accept),
        STACK.does(Action::Segment(WRONG)),
        STACK.does(RATE),
        STACK.does(Action::Segment(WRONG)),
        STACK.does(RATE),
        STACK.does(Action::Segment(WRONG)),
        STACK.does(RATE),
        STACK.does(Action::Segment(WRONG)),
        SERVER.does(Action::ReadTimeout(50)),
        SERVER.does(Action::Read { most: 4096 }).fails("EAGAIN"),
    ],
    Expect::both(&["challenge-ack-loop"], &[]),
)]);
