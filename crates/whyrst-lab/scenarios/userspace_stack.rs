//! How the lab plays `userspace-stack`.

use whyrst_core::cause::Family;
use whyrst_core::kernel::RstReason;
use whyrst_core::segment::Flags;

use crate::scenario::{Action, Actor, But, Expect, First, HandMade, Host, Reproduction, SERVER, Scenario};

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
        // The SYN-ACK comes after 10 ms, and the kernel answers it in a soft interrupt, which may come after the program.
        STACK.does(Action::Pause(40)),
        STACK.does(Action::Segment(SYN.then(Flags::ACK, 1).ack(1))),
        STACK.does(Action::Segment(SYN.then(Flags::PSH, 1).ack(1).carrying(5))),
        STACK.does(Action::Pause(30)),
    ],
    // What the program sends into the connection that its kernel refused is refused as well.
    Expect::both(&["userspace-stack"], &[(Host::Client, RstReason::NoSocket), (Host::Server, RstReason::TcpFlags)]),
)
.but(&[
    But::packets(
        &[First::of(Family::UnwantedAnswer, "userspace-stack"), First::of(Family::BrokenHandshake, "userspace-stack")],
        "two resets, and the second is of another shape",
    ),
    But::kernel(
        &[
            First::of(Family::UnwantedAnswer, "userspace-stack"),
            First::of(Family::BrokenHandshake, "half-open-listener"),
        ],
        "the server has a listener and, after the RST, no such connection",
    )
    .at(Host::Client),
    But::kernel(
        &[
            First::of(Family::UnwantedAnswer, "userspace-stack"),
            First::of(Family::BrokenHandshake, "listener-close-half-open"),
        ],
        "the kernel answers the third packet for want of a request; that the RST took it is not asked",
    )
    .at(Host::Server),
    But::sockets(
        &[
            First::of(Family::UnwantedAnswer, "connect-abandoned"),
            First::of(Family::BrokenHandshake, "listener-close-half-open"),
            First::of(Family::UnknownConnection, "half-open-listener"),
        ],
        "the probe sees a SYN-ACK that nobody waits for, as after a connect that was given up",
    ),
])]);
