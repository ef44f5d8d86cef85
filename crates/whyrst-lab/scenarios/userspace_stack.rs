//! How the lab plays `userspace-stack`.

use whyrst_core::kernel::RstReason;
use whyrst_core::segment::Flags;

use crate::scenario::{Action, Actor, Expect, HandMade, Host, Reproduction, SERVER, Scenario};

/// A TCP stack of its own, with the address of a host whose kernel knows nothing of it.
const STACK: Actor = Actor::on_client("stack");
const SYN: HandMade = HandMade::syn(40_000, Host::Server, 8888).sent_by(Host::Client);

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[Scenario::new(
    "userspace-stack",
    "A program completes a handshake by itself and sends; the kernel of its host, which has no socket, resets the \
     SYN-ACK before.",
    &[
        SERVER.does(Action::Listen { port: 8888 }),
        STACK.does(Action::StandIn),
        STACK.does(Action::Segment(SYN)),
        STACK.does(Action::Segment(SYN.then(Flags::ACK, 1).ack(1))),
        STACK.does(Action::Segment(SYN.then(Flags::PSH, 1).ack(1).carrying(5))),
        STACK.does(Action::Pause(30)),
    ],
    // The cause is a preview: what leads is what it was called before, and then what the server's kernel answers.
    Expect::both(
        &["raw-syn-scanner", "half-open-listener"],
        &[(Host::Client, RstReason::NoSocket), (Host::Server, RstReason::TcpFlags)],
    ),
)]);
