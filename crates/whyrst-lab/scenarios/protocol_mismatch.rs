//! How the lab plays `protocol-mismatch`.

use whyrst_core::kernel::RstReason;

use crate::scenario::{Action, CLIENT, Expect, Host, Reproduction, SERVER, Scenario, steps};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[Scenario::new(
    "protocol-mismatch",
    "The client sends an HTTP request to an SSH server, which says its banner and closes without reading it.",
    &steps![
        opened(),
        CLIENT.does(Action::Say(b"GET / HTTP/1.1\r\nHost: 10.77.0.2:8888\r\n\r\n")),
        SERVER.does(Action::AwaitUnread { bytes: 40 }),
        SERVER.does(Action::Say(b"SSH-2.0-lab\r\nInvalid SSH identification string.\r\n")),
        SERVER.does(Action::Close),
        CLIENT.does(Action::Pause(40)),
        CLIENT.does(Action::Read { most: 4096 }),
        CLIENT.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
    ],
    Expect::both(
        &["protocol-mismatch"],
        &[(Host::Server, RstReason::TcpAbortOnClose), (Host::Server, RstReason::TcpFlags)],
    ),
)]);
