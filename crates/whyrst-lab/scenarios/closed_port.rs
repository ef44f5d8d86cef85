//! How the lab plays `closed-port`.

use whyrst_core::kernel::RstReason;

use crate::scenario::{Action, Actor, CLIENT, Expect, Finding, Host, Reproduction, SERVER, Scenario, Step, steps};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[
    Scenario::new(
        "closed-port",
        "A client connects to a port that nobody listens on.",
        &[CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }).fails("ECONNREFUSED")],
        Expect::both(&["closed-port"], &[(Host::Server, RstReason::NoSocket)]),
    )
    .told(
        "a SYN to a port that is not open is answered by RST with ACK",
        Finding::Holds,
        "the answer to the SYN was `{client R}`, {client S>R} later; connect() {client.connect}; the kernel's reason: \
         {kernel}",
    ),
    Scenario::new(
        "service-restarting",
        "A service is killed; its client tries again every 50 ms and is refused until the service is back.",
        RESTART,
        Expect::both(&["closed-port"], &[(Host::Server, RstReason::NoSocket)]),
    )
    .told(
        "while a crashed server is down, connects are reset; when it is back they succeed",
        Finding::Holds,
        "the first attempt {client.connect#2}, the last {client.connect#-1}; the kernel's reason: {kernel}",
    ),
]);

/// A restarted service is another process.
const RESTARTED: Actor = Actor::on_server("server-2");

static RESTART: &[Step] = &steps![
    opened(),
    CLIENT.does(Action::Close),
    SERVER.does(Action::Read { most: 4096 }).gives(0),
    SERVER.does(Action::IsKilled).dies_of("SIGKILL"),
    CLIENT
        .does(Action::ConnectUntilAccepted { to: Host::Server, port: 8888, every_ms: 50 })
        .meanwhile()
        .gives_between(2, 8),
    RESTARTED.does(Action::Pause(230)),
    RESTARTED.does(Action::Listen { port: 8888 }),
    RESTARTED.does(Action::Accept),
];
