//! How the lab plays `fin-wait2-timer`.

use whyrst_core::cause::Family;
use whyrst_core::kernel::RstReason;

use crate::scenario::{Action, But, CLIENT, Expect, First, Host, Reproduction, SERVER, Scenario, steps};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[Scenario::new(
    "fin-wait2-timer",
    "The server closes while tcp_fin_timeout is 61 s, one second above what a mini-socket lasts, and it is lowered \
     meanwhile.",
    &steps![
        SERVER.does(Action::Sysctl { name: "net.ipv4.tcp_fin_timeout", value: "61" }),
        opened(),
        SERVER.does(Action::Pause(60)),
        SERVER.does(Action::ShutdownWrite),
        CLIENT.does(Action::Read { most: 4096 }).gives(0),
        SERVER.does(Action::Pause(60)),
        SERVER.does(Action::Close),
        SERVER.does(Action::Sysctl { name: "net.ipv4.tcp_fin_timeout", value: "60" }),
        CLIENT.does(Action::Pause(1_500)),
        CLIENT.does(Action::Write { bytes: 100 }).fails("EPIPE"),
    ],
    Expect::both(&["fin-wait2-timer"], &[(Host::Server, RstReason::TcpState)]),
)
.but(&[But::packets(
    &[First::of(Family::Aborted, "linger-zero")],
    "the packets are those of linger-zero, which has the smaller prior",
)])]);
