//! How the lab plays `heartbeat-missed`.

use whyrst_core::kernel::RstReason;

use crate::scenario::{Action, CLIENT, Expect, Host, Reproduction, SERVER, Scenario, steps};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[Scenario::new(
    "heartbeat-missed",
    "A broker sends a heartbeat of eight bytes every 700 ms; its client is busy and sends none, until the broker aborts.",
    &steps![
        opened(),
        CLIENT.does(Action::Write { bytes: 100 }).gives(100),
        SERVER.does(Action::Read { most: 4096 }).gives(100),
        SERVER.does(Action::Pause(700)),
        SERVER.does(Action::Write { bytes: 8 }).gives(8),
        SERVER.does(Action::Pause(700)),
        SERVER.does(Action::Write { bytes: 8 }).gives(8),
        SERVER.does(Action::Pause(700)),
        SERVER.does(Action::Write { bytes: 8 }).gives(8),
        SERVER.does(Action::Pause(700)),
        SERVER.does(Action::LingerZero),
        SERVER.does(Action::Close),
        CLIENT.does(Action::Read { most: 4096 }).gives(24),
        CLIENT.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
    ],
    Expect::both(&["heartbeat-missed"], &[(Host::Server, RstReason::TcpState)]),
)]);
