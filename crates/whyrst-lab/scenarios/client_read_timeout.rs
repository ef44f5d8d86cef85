//! How the lab plays `client-read-timeout`.

use whyrst_core::kernel::RstReason;

use crate::scenario::{Action, CLIENT, Expect, Host, Reproduction, SERVER, Scenario, steps};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[Scenario::new(
    "client-read-timeout",
    "The client waits 100 ms for its answer and closes; the server answers afterwards.",
    &steps![
        opened(),
        CLIENT.does(Action::ReadTimeout(100)),
        CLIENT.does(Action::Write { bytes: 100 }).gives(100),
        SERVER.does(Action::Read { most: 4096 }).gives(100),
        CLIENT.does(Action::Read { most: 4096 }).fails("EAGAIN").taking_ms(90, 1_000),
        CLIENT.does(Action::Close),
        SERVER.does(Action::Pause(80)),
        SERVER.does(Action::Write { bytes: 1000 }).gives(1000),
        SERVER.does(Action::Pause(30)),
        SERVER.does(Action::Write { bytes: 1000 }).fails("EPIPE"),
    ],
    Expect::both(&["client-read-timeout"], &[(Host::Client, RstReason::TcpTimewaitSocket)]),
)]);
