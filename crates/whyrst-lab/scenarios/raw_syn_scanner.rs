//! How the lab plays `raw-syn-scanner`.

use whyrst_core::cause::Family;
use whyrst_core::kernel::RstReason;

use crate::scenario::{Action, But, CLIENT, Expect, First, Host, Reproduction, SERVER, Scenario};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[Scenario::new(
    "raw-syn-scanner",
    "A program sends a SYN from a raw socket; its kernel knows nothing of it and resets the SYN-ACK.",
    &[SERVER.does(Action::Listen { port: 8888 }), CLIENT.does(Action::RawSyn { port: 8888 })],
    Expect::both(&["raw-syn-scanner"], &[(Host::Client, RstReason::NoSocket)]),
)
.but(&[But::sockets(
    &[First::of(Family::UnwantedAnswer, "connect-abandoned")],
    "the probe sees a SYN-ACK that nobody waits for, as after a connect that was given up",
)])]);
