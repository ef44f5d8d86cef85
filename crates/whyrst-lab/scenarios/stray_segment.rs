//! How the lab plays `stray-segment`.

use whyrst_core::kernel::RstReason;

use crate::scenario::{Action, CLIENT, Expect, Host, Reproduction, SERVER, Scenario};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[Scenario::new(
    "stray-segment",
    "An ACK that belongs to nothing reaches a port that listens, then another one a port that does not.",
    &[
        SERVER.does(Action::Listen { port: 8888 }),
        CLIENT.does(Action::RawAck { port: 8888 }),
        CLIENT.does(Action::RawAck { port: 9999 }),
    ],
    Expect::both(&["stray-segment"], &[(Host::Server, RstReason::TcpFlags), (Host::Server, RstReason::NoSocket)]),
)]);
