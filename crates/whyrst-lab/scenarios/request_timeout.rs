//! How the lab plays `request-timeout`.

use whyrst_core::cause::Family;
use whyrst_core::kernel::RstReason;

use crate::scenario::{Action, But, CLIENT, Expect, First, Host, Reproduction, SERVER, Scenario, steps};

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
)
.but(&[But::packets(
    &[First::of(Family::Aborted, "close-unread").for_reason("request-timeout")],
    "the packets are those of close-unread, and one such time may be chance",
)])]);
