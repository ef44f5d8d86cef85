//! How the lab plays `connect-unspec`.

use whyrst_core::cause::Family;
use whyrst_core::kernel::RstReason;

use crate::scenario::{Action, But, CLIENT, Expect, First, Host, Reproduction, SERVER, Scenario, steps};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[Scenario::new(
    "connect-unspec",
    "The client has got its answer and dissolves the connection with connect(AF_UNSPEC) to use the socket again.",
    &steps![
        opened(),
        CLIENT.does(Action::Write { bytes: 100 }).gives(100),
        SERVER.does(Action::Read { most: 4096 }).gives(100),
        SERVER.does(Action::Write { bytes: 50 }).gives(50),
        CLIENT.does(Action::Read { most: 4096 }).gives(50),
        CLIENT.does(Action::Pause(50)),
        CLIENT.does(Action::Dissolve),
        SERVER.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
    ],
    Expect::both(&["connect-unspec"], &[(Host::Client, RstReason::TcpState)]),
)
.but(&[But::packets(
    &[First::of(Family::Aborted, "close-unread")],
    "the packets are those of close-unread, which has the smaller prior",
)])]);
