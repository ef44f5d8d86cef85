//! How the lab plays `health-check`.

use whyrst_core::kernel::RstReason;

use crate::scenario::{Action, CLIENT, Expect, Host, Reproduction, SERVER, Scenario, steps};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[Scenario::new(
    "health-check",
    "A monitor connects every 300 ms to see whether anybody listens, and ends each check by RST (SO_LINGER {1, 0}).",
    &steps![
        SERVER.does(Action::Listen { port: 8888 }),
        CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }),
        CLIENT.does(Action::LingerZero),
        CLIENT.does(Action::Close),
        CLIENT.does(Action::Pause(300)),
        CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }),
        CLIENT.does(Action::LingerZero),
        CLIENT.does(Action::Close),
        CLIENT.does(Action::Pause(300)),
        CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }),
        CLIENT.does(Action::LingerZero),
        CLIENT.does(Action::Close),
        CLIENT.does(Action::Pause(300)),
        CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }),
        CLIENT.does(Action::LingerZero),
        CLIENT.does(Action::Close),
    ],
    Expect::both(&["health-check"], &[(Host::Client, RstReason::TcpState)]),
)]);
