//! How the lab plays `disconnect-with-data`.

use whyrst_core::cause::Family;
use whyrst_core::kernel::RstReason;

use crate::scenario::{Action, But, CLIENT, Expect, First, Host, Reproduction, SERVER, Scenario, SocketOption};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[Scenario::new(
    "disconnect-with-data",
    "The client has closed its sending and reads nothing; the server's answer and FIN are stuck, and it dissolves the \
     connection.",
    &[
        SERVER.does(Action::Listen { port: 8888 }),
        CLIENT.does(Action::Set(SocketOption::ReceiveBuffer(4096))),
        CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }),
        SERVER.does(Action::Accept),
        SERVER.does(Action::Set(SocketOption::SendBuffer(200_000))),
        CLIENT.does(Action::ShutdownWrite),
        SERVER.does(Action::Read { most: 4096 }).gives(0),
        SERVER.does(Action::Write { bytes: 32_768 }).gives(32_768),
        SERVER.does(Action::ShutdownWrite),
        SERVER.does(Action::Pause(100)),
        SERVER.does(Action::Dissolve),
        CLIENT.does(Action::Pause(30)),
        CLIENT.does(Action::Read { most: 65_536 }).gives_between(1_000, 20_000),
        CLIENT.does(Action::Read { most: 65_536 }).fails("ECONNRESET"),
    ],
    Expect::both(&["disconnect-with-data"], &[(Host::Server, RstReason::TcpDisconnectWithData)]),
)
.but(&[But::packets(
    &[First::of(Family::Aborted, "linger-zero")],
    "the packets are those of linger-zero, which has the smaller prior",
)])]);
