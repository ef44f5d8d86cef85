//! How the lab plays `out-of-memory`.

use whyrst_core::cause::Family;
use whyrst_core::kernel::RstReason;

use crate::scenario::{Action, But, CLIENT, Expect, First, Host, Reproduction, SERVER, Scenario, SocketOption};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[Scenario::new(
    "out-of-memory",
    "The server has four megabytes queued for a client that does not read, and closes while tcp_mem, the whole \
     machine's, is low.",
    &[
        SERVER.does(Action::Sysctl { name: "net.ipv4.tcp_wmem", value: "4096 16777216 16777216" }),
        SERVER.does(Action::Listen { port: 8888 }),
        CLIENT.does(Action::Set(SocketOption::ReceiveBuffer(4096))),
        CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }),
        SERVER.does(Action::Accept),
        SERVER.does(Action::Write { bytes: 4_000_000 }).gives(4_000_000),
        SERVER.does(Action::Pause(120)),
        SERVER.does(Action::MachineSysctl { name: "net.ipv4.tcp_mem", value: "300 400 500" }),
        SERVER.does(Action::Close),
        SERVER.does(Action::MachineSysctl { name: "net.ipv4.tcp_mem", value: "100000 150000 200000" }),
        CLIENT.does(Action::Pause(60)),
        CLIENT.does(Action::Read { most: 65_536 }).gives_between(1_000, 20_000),
        CLIENT.does(Action::Read { most: 65_536 }).fails("ECONNRESET"),
    ],
    Expect::both(&["out-of-memory"], &[(Host::Server, RstReason::TcpAbortOnMemory)]),
)
.but(&[But::packets(
    &[First::of(Family::Aborted, "linger-zero")],
    "the packets are those of linger-zero, which has the smaller prior",
)])]);
