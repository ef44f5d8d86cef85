//! How the lab plays `defer-accept-expired`.

use whyrst_core::kernel::RstReason;

use crate::scenario::{
    Action, But, CLIENT, Expect, Host, Packet, PacketKind, Reproduction, SERVER, Scenario, SocketOption, Treatment,
    Wire, WireRule,
};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[Scenario::new(
    "defer-accept-expired",
    "The server waits for data and repeats its SYN-ACK once; the ACK to that is lost, and data comes after three \
     seconds.",
    &[
        SERVER.does(Action::Sysctl { name: "net.ipv4.tcp_synack_retries", value: "1" }),
        SERVER.does(Action::Set(SocketOption::DeferAccept(1))),
        SERVER.does(Action::Listen { port: 8888 }),
        CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }),
        CLIENT.does(Action::Pause(3_400)),
        CLIENT.does(Action::Write { bytes: 100 }).gives(100),
        CLIENT.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
    ],
    Expect::both(&["defer-accept-expired"], &[(Host::Server, RstReason::TcpFlags)]),
)
.but(&[But::NOTHING_BEFORE])
.on(Wire::PLAIN.with(&[WireRule::on(Packet::every(PacketKind::Ack, Host::Client), Treatment::Drop)
    .after(Packet::first(PacketKind::Ack, Host::Client))]))]);
