//! How the lab plays `fin-wait2-expired`.

use whyrst_core::cause::Family;
use whyrst_core::kernel::RstReason;

use crate::scenario::{Action, But, CLIENT, Expect, First, Host, Reproduction, SERVER, Scenario, steps};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[Scenario::new(
    "fin-wait2-expired",
    "The server closes and, by sysctl, remembers it for one second; the client writes after two.",
    &steps![
        SERVER.does(Action::Sysctl { name: "net.ipv4.tcp_fin_timeout", value: "1" }),
        opened(),
        SERVER.does(Action::Pause(60)),
        SERVER.does(Action::Close),
        CLIENT.does(Action::Pause(2_200)),
        CLIENT.does(Action::Write { bytes: 100 }).gives(100),
        CLIENT.does(Action::Pause(30)),
        CLIENT.does(Action::Write { bytes: 100 }).fails("EPIPE"),
    ],
    Expect::both(&["fin-wait2-expired"], &[(Host::Server, RstReason::TcpFlags)]),
)
.but(&[But::packets(
    &[First::of(Family::LateData, "data-after-close")],
    "how long FIN-WAIT-2 lasts there is a setting that no packet shows",
)])]);
