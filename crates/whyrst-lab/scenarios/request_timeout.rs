//! How the lab plays `request-timeout`.

use whyrst_core::kernel::RstReason;

use crate::scenario::{Action, CLIENT, Expect, Host, Reproduction, SERVER, Scenario, steps};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[Scenario::new(
    "request-timeout",
    "A server waits 2 s for the rest of a request, and then closes with what came of it unread.",
    &steps![
        opened(),
        CLIENT.does(Action::Say(b"GET / HTTP/1.1\r\nHost: lab\r\n")),
        SERVER.does(Action::Pause(2000)),
        SERVER.does(Action::Close),
        CLIENT.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
    ],
    Expect::both(&["request-timeout"], &[(Host::Server, RstReason::TcpAbortOnClose)]),
)]);
