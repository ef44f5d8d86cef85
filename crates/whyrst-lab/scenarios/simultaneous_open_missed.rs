//! How the lab plays `simultaneous-open-missed`.

use whyrst_core::cause::Family;
use whyrst_core::kernel::RstReason;

use crate::scenario::{Action, But, CLIENT, Expect, First, Host, Reproduction, SERVER, Scenario};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[Scenario::new(
    "simultaneous-open-missed",
    "The client connects from port 7000 to 7001, is refused, and only then the other end connects from 7001 to 7000.",
    &[
        CLIENT.does(Action::UsePort(7_000)),
        CLIENT.does(Action::Connect { to: Host::Server, port: 7_001 }).fails("ECONNREFUSED"),
        SERVER.does(Action::Pause(50)),
        SERVER.does(Action::UsePort(7_001)),
        SERVER.does(Action::Connect { to: Host::Client, port: 7_000 }).fails("ECONNREFUSED"),
    ],
    Expect::both(
        &["simultaneous-open-missed"],
        &[(Host::Server, RstReason::NoSocket), (Host::Client, RstReason::NoSocket)],
    ),
)
.but(&[But::sockets(
    &[First::of(Family::Refused, "closed-port")],
    "each end's kernel knows of one SYN, for which it had no socket at that moment",
)])]);
