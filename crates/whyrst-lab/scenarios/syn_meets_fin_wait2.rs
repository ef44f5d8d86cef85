//! How the lab plays `syn-meets-fin-wait2`.

use whyrst_core::kernel::RstReason;

use crate::scenario::{Action, CLIENT, Expect, Host, Reproduction, SERVER, Scenario};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[Scenario::new(
    "syn-meets-fin-wait2",
    "The server has closed, the client's end vanishes; its next SYN from the same port lies a little above the old \
     numbers.",
    &[
        SERVER.does(Action::Listen { port: 8888 }),
        CLIENT.does(Action::UseSequence(1_000_000_000)),
        CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }),
        SERVER.does(Action::Accept),
        SERVER.does(Action::Close),
        CLIENT.does(Action::Read { most: 4096 }).gives(0),
        CLIENT.does(Action::Pause(80)),
        CLIENT.does(Action::Vanish),
        CLIENT.does(Action::UsePort(40_000)),
        CLIENT.does(Action::UseSequence(1_000_001_000)),
        CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }).fails("ECONNREFUSED"),
        CLIENT.does(Action::Close),
        CLIENT.does(Action::UsePort(40_000)),
        CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }),
        SERVER.does(Action::Accept),
    ],
    Expect::both(&["syn-meets-fin-wait2"], &[(Host::Server, RstReason::TcpTimewaitSocket)]),
)]);
