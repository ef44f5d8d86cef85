//! How the lab plays `listener-close-pending`.

use whyrst_core::cause::Family;
use whyrst_core::kernel::RstReason;

use crate::scenario::{Action, Actor, But, CLIENT, Expect, First, Host, Reproduction, SERVER, Scenario, SocketOption};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[
    Scenario::new(
        "listener-close-pending",
        "The client is connected and has sent its request; the server closes its listener without having accepted \
         anybody.",
        &[
            SERVER.does(Action::Listen { port: 8888 }),
            CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }),
            CLIENT.does(Action::Write { bytes: 100 }).gives(100),
            SERVER.does(Action::Pause(40)),
            SERVER.does(Action::CloseListener),
            CLIENT.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
        ],
        Expect::both(&["listener-close-pending"], &[(Host::Server, RstReason::TcpState)]),
    )
    .but(&[But::packets(
        &[First::of(Family::Aborted, "close-unread")],
        "the packets are those of close-unread, which has the smaller prior",
    )]),
    Scenario::new(
        "reuseport-worker-exit-migrate",
        "With tcp_migrate_req the waiting connection moves to the other worker's listener when its own is closed.",
        &[
            SERVER.does(Action::Sysctl { name: "net.ipv4.tcp_migrate_req", value: "1" }),
            SERVER.does(Action::Set(SocketOption::ReusePort)),
            SERVER.does(Action::Listen { port: 8888 }),
            CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }),
            CLIENT.does(Action::Write { bytes: 100 }).gives(100),
            WORKER.does(Action::Set(SocketOption::ReusePort)),
            WORKER.does(Action::Listen { port: 8888 }),
            WORKER.does(Action::Pause(40)),
            SERVER.does(Action::CloseListener),
            WORKER.does(Action::Accept),
            WORKER.does(Action::Read { most: 4096 }).gives(100),
        ],
        Expect::QUIET,
    ),
]);

/// The other worker, which begins to listen when the connection already waits.
const WORKER: Actor = Actor::on_server("worker");
