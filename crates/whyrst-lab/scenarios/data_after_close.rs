//! How the lab plays `data-after-close`.

use whyrst_core::kernel::RstReason;
use whyrst_core::segment::Flags;

use crate::scenario::{
    Action, Actor, CLIENT, Expect, Finding, HandMade, Host, Packet, PacketKind, Reproduction, SERVER, Scenario, Step,
    Treatment, Wire, WireRule, steps,
};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[
    Scenario::new(
        "data-after-close",
        "The server closes; the client's first write still succeeds and draws a RST, its second fails with EPIPE.",
        &steps![
            opened(),
            SERVER.does(Action::Pause(60)),
            SERVER.does(Action::Close),
            CLIENT.does(Action::Pause(80)),
            CLIENT.does(Action::Write { bytes: 100 }).gives(100),
            CLIENT.does(Action::Pause(30)),
            CLIENT.does(Action::Write { bytes: 100 }).fails("EPIPE"),
        ],
        Expect::both(&["data-after-close"], &[(Host::Server, RstReason::TcpTimewaitSocket)]),
    )
    .told(
        "data sent to a closed socket is answered by RST, and the next write fails with EPIPE",
        Finding::Holds,
        "the first write() {client.write}, answered by `{client R}`; the second {client.write#2}; \
         the kernel's reason: {kernel}. Only after a FIN: a reset out of an open connection gives ECONNRESET first \
         (`whyrst lab run close-unread`)",
    ),
    Scenario::new(
        "sigpipe",
        "The same, and the client lets SIGPIPE do what it does by default: the second write ends the process.",
        &steps![
            CLIENT.does(Action::HeedSigpipe),
            opened(),
            SERVER.does(Action::Pause(60)),
            SERVER.does(Action::Close),
            CLIENT.does(Action::Pause(80)),
            CLIENT.does(Action::Write { bytes: 100 }).gives(100),
            CLIENT.does(Action::Pause(30)),
            CLIENT.does(Action::Write { bytes: 100 }).dies_of("SIGPIPE"),
        ],
        Expect::both(&["data-after-close"], &[(Host::Server, RstReason::TcpTimewaitSocket)]),
    )
    .told(
        "a program that writes again after the RST is killed by SIGPIPE",
        Finding::Holds,
        "the first write() {client.write}; the second: {client.write#2}",
    ),
    Scenario::new(
        "data-after-close-fast",
        "The client's data reaches the server before the server knows that its FIN arrived.",
        FAST,
        Expect::both(&["data-after-close"], &[(Host::Server, RstReason::TcpAbortOnData)]),
    )
    .on(Wire::PLAIN.with(&[WireRule::on(Packet::first(PacketKind::Ack, Host::Client), Treatment::Drop)
        .after(Packet::first(PacketKind::Fin, Host::Server))])),
    Scenario::new(
        "half-close-ok",
        "The client says FIN and goes on reading; the server answers and closes. Nothing is reset.",
        &steps![
            opened(),
            CLIENT.does(Action::Write { bytes: 100 }).gives(100),
            CLIENT.does(Action::ShutdownWrite),
            SERVER.does(Action::Read { most: 4096 }).gives(100),
            SERVER.does(Action::Read { most: 4096 }).gives(0),
            SERVER.does(Action::Write { bytes: 1000 }).gives(1000),
            SERVER.does(Action::Close),
            CLIENT.does(Action::Read { most: 4096 }).gives(1000),
            CLIENT.does(Action::Read { most: 4096 }).gives(0),
            CLIENT.does(Action::Close),
        ],
        Expect::QUIET,
    ),
    Scenario::new(
        "data-to-time-wait",
        "Data that reaches a true TIME-WAIT, where both ends have closed, is acknowledged and not reset.",
        &[
            SERVER.does(Action::Listen { port: 8888 }),
            STRANGER.does(Action::StandIn),
            STRANGER.does(Action::Segment(SYN)),
            STRANGER.does(Action::Segment(SYN.then(Flags::ACK, 1).ack(1))),
            SERVER.does(Action::Accept),
            SERVER.does(Action::Close),
            STRANGER.does(Action::Pause(40)),
            STRANGER.does(Action::Segment(SYN.then(Flags::ACK, 1).ack(2))),
            STRANGER.does(Action::Segment(SYN.then(Flags::FIN, 1).ack(2))),
            STRANGER.does(Action::Pause(40)),
            STRANGER.does(Action::Segment(SYN.then(Flags::PSH, 2).ack(2).carrying(100))),
            STRANGER.does(Action::Pause(40)),
        ],
        Expect::QUIET,
    ),
]);

/// Somebody whose kernel does not interfere.
const STRANGER: Actor = Actor::on_client("stranger");
const SYN: HandMade = HandMade::syn(40_000, Host::Server, 8888);

/// The wire loses the bare ACK of the FIN, if the kernel sends one at all: then the data that
/// follows is what acknowledges it.
static FAST: &[Step] = &steps![
    opened(),
    SERVER.does(Action::Pause(60)),
    CLIENT.does(Action::Read { most: 4096 }).gives(0).meanwhile(),
    CLIENT.does(Action::Write { bytes: 100 }).gives(100).meanwhile(),
    SERVER.does(Action::Close),
    CLIENT.does(Action::Pause(30)),
    CLIENT.does(Action::Write { bytes: 100 }).fails("EPIPE"),
];
