//! How the lab plays `syn-in-window`.

use whyrst_core::segment::Flags;

use crate::scenario::{Action, Actor, Expect, HandMade, Host, Reproduction, SERVER, Scenario};

/// A stack of RFC 793 by hand: Linux answers such a SYN with a challenge ACK (RFC 5961).
const STACK: Actor = Actor::on_client("stack");
/// Who sends the SYN in the server's name.
const STRANGER: Actor = Actor::on_server("stranger");
const SYN: HandMade = HandMade::syn(40_000, Host::Server, 8888);
const SYN_ON_LIVE: HandMade = HandMade::syn(8888, Host::Silent, 40_000).sent_by(Host::Server);

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[Scenario::new(
    "syn-in-window",
    "A SYN comes from the server's address and port in the middle of a connection, and the stack at the other end resets \
     the connection for it, as RFC 793 says.",
    &[
        SERVER.does(Action::Listen { port: 8888 }),
        STACK.does(Action::StandIn),
        STACK.does(Action::Segment(SYN)),
        STACK.does(Action::Segment(SYN.then(Flags::ACK, 1).ack(1))),
        SERVER.does(Action::Accept),
        STRANGER.does(Action::StandIn),
        STRANGER.does(Action::Segment(SYN_ON_LIVE)),
        STACK.does(Action::Pause(20)),
        STACK.does(Action::Segment(SYN.then(Flags::RST, 1).ack(1))),
        SERVER.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
    ],
    Expect::both(&["syn-in-window"], &[]),
)]);
