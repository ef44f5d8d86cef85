//! How the lab plays `flag-scan`.

use whyrst_core::kernel::RstReason;

use crate::scenario::{Action, CLIENT, Expect, Host, Reproduction, SERVER, Scenario};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[Scenario::new(
    "flag-scan",
    "A program sends FIN, PSH and URG without ACK to an open port, which stays silent, and to a closed one, which \
     resets.",
    &[
        SERVER.does(Action::Listen { port: 8888 }),
        CLIENT.does(Action::RawXmas { port: 8888 }),
        CLIENT.does(Action::Pause(20)),
        CLIENT.does(Action::RawXmas { port: 9999 }),
    ],
    Expect::both(&["flag-scan"], &[(Host::Server, RstReason::NoSocket)]),
)]);
