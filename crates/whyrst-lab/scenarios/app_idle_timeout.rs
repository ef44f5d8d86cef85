//! How the lab plays `app-idle-timeout`.

use whyrst_core::cause::Family;
use whyrst_core::kernel::RstReason;

use crate::scenario::{Action, But, CLIENT, Expect, First, Host, Reproduction, SERVER, Scenario, steps};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[Scenario::new(
    "app-idle-timeout",
    "A server answers a request and aborts the connection after five silent seconds.",
    &steps![
        opened(),
        CLIENT.does(Action::Write { bytes: 100 }).gives(100),
        SERVER.does(Action::Read { most: 4096 }).gives(100),
        SERVER.does(Action::Write { bytes: 50 }).gives(50),
        CLIENT.does(Action::Read { most: 4096 }).gives(50),
        SERVER.does(Action::Pause(5_100)),
        SERVER.does(Action::LingerZero),
        SERVER.does(Action::Close),
        CLIENT.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
    ],
    Expect::both(&["app-idle-timeout"], &[(Host::Server, RstReason::TcpState)]),
)
.but(&[But::always(
    &[First::of(Family::Aborted, "linger-zero").for_reason("app-idle-timeout")],
    "the program aborts with SO_LINGER 0; a close with data unread is the first that the reason \
     explains",
)])]);
