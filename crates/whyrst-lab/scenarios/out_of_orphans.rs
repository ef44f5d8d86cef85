//! How the lab plays `out-of-orphans`.

use whyrst_core::cause::Family;
use whyrst_core::kernel::RstReason;

use crate::scenario::{Action, Actor, But, CLIENT, Expect, First, Host, Reproduction, SERVER, Scenario, SocketOption};

/// A peer that reads nothing, so that the server's closed socket stays with its kernel.
const IDLER: Actor = Actor::on_client("idler");

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[Scenario::new(
    "out-of-orphans",
    "The server has one orphan and may have none, by a sysctl of the whole machine: its next close() sends FIN and \
     RST.",
    &[
        SERVER.does(Action::Listen { port: 8888 }),
        IDLER.does(Action::Set(SocketOption::ReceiveBuffer(4096))),
        IDLER.does(Action::Connect { to: Host::Server, port: 8888 }),
        SERVER.does(Action::Accept),
        SERVER.does(Action::Set(SocketOption::SendBuffer(200_000))),
        SERVER.does(Action::Write { bytes: 32_768 }).gives(32_768),
        SERVER.does(Action::Close),
        CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }),
        SERVER.does(Action::Accept),
        SERVER.does(Action::Pause(250)),
        SERVER.does(Action::MachineSysctl { name: "net.ipv4.tcp_max_orphans", value: "0" }),
        SERVER.does(Action::Close),
        SERVER.does(Action::MachineSysctl { name: "net.ipv4.tcp_max_orphans", value: "65536" }),
        CLIENT.does(Action::Pause(60)),
        CLIENT.does(Action::Write { bytes: 100 }).fails("EPIPE"),
    ],
    Expect::both(&["out-of-orphans"], &[(Host::Server, RstReason::TcpAbortOnMemory)]),
)
.but(&[But::packets(
    &[First::of(Family::Aborted, "linger-zero")],
    "the packets are those of linger-zero, which has the smaller prior",
)])]);
