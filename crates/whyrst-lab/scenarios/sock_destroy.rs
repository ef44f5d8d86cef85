//! How the lab plays `sock-destroy`.

use whyrst_core::cause::Family;
use whyrst_core::kernel::RstReason;

use crate::scenario::{Action, But, CLIENT, Expect, First, Host, Reproduction, SERVER, Scenario, steps};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[Scenario::new(
    "sock-destroy",
    "A connection between two healthy programs is destroyed on the server's host, as by ss -K.",
    &steps![
        opened(),
        CLIENT.does(Action::Write { bytes: 100 }).gives(100),
        SERVER.does(Action::Read { most: 4096 }).gives(100),
        SERVER.does(Action::Write { bytes: 50 }).gives(50),
        CLIENT.does(Action::Read { most: 4096 }).gives(50),
        CLIENT.does(Action::Pause(50)),
        SERVER.does(Action::IsDestroyed),
        SERVER.does(Action::Read { most: 4096 }).fails("ECONNABORTED"),
        CLIENT.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
    ],
    Expect::both(&["sock-destroy"], &[(Host::Server, RstReason::TcpState)]),
)
.but(&[But::packets(
    &[First::of(Family::Aborted, "linger-zero")],
    "the packets are those of linger-zero, which has the smaller prior",
)])]);
