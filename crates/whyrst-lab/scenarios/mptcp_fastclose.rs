//! How the lab plays `mptcp-fastclose`.

use whyrst_core::kernel::RstReason;

use crate::scenario::{Action, CLIENT, Expect, Host, Reproduction, SERVER, Scenario, steps};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[Scenario::new(
    "mptcp-fastclose",
    "A Multipath TCP client closes with an answer unread: it aborts the whole connection.",
    &steps![
        SERVER.does(Action::UseMptcp),
        CLIENT.does(Action::UseMptcp),
        opened(),
        CLIENT.does(Action::Write { bytes: 100 }).gives(100),
        SERVER.does(Action::Read { most: 4096 }).gives(100),
        SERVER.does(Action::Write { bytes: 200 }).gives(200),
        CLIENT.does(Action::AwaitUnread { bytes: 200 }).gives(200),
        CLIENT.does(Action::Close),
        SERVER.does(Action::Pause(40)),
        SERVER.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
    ],
    Expect::both(&["mptcp-fastclose"], &[(Host::Client, RstReason::TcpAbortOnClose)]),
)]);
