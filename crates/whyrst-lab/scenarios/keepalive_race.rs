//! How the lab plays `keepalive-race`.

use whyrst_core::kernel::RstReason;

use crate::scenario::{Action, CLIENT, Expect, Host, Reproduction, SERVER, Scenario, Wire, steps};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[Scenario::new(
    "keepalive-race",
    "After one answered request the server closes the idle connection while the next request is on its way.",
    &steps![
        opened(),
        CLIENT.does(Action::Write { bytes: 100 }).gives(100),
        SERVER.does(Action::Read { most: 4096 }).gives(100),
        SERVER.does(Action::Write { bytes: 200 }).gives(200),
        CLIENT.does(Action::Read { most: 4096 }).gives(200),
        CLIENT.does(Action::Pause(150)),
        SERVER.does(Action::Close),
        CLIENT.does(Action::Write { bytes: 100 }).gives(100),
        CLIENT.does(Action::Read { most: 4096 }).gives(0),
        CLIENT.does(Action::Pause(100)),
        CLIENT.does(Action::Write { bytes: 100 }).fails("EPIPE"),
    ],
    Expect::both(&["keepalive-race"], &[(Host::Server, RstReason::TcpAbortOnData)]),
)
.on(Wire::delays_us(20_000, 20_000))]);
