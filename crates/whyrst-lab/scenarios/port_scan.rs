//! How the lab plays `port-scan`.

use whyrst_core::kernel::RstReason;

use crate::scenario::{Action, CLIENT, Expect, Host, Reproduction, Scenario};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[Scenario::new(
    "port-scan",
    "A program sends SYNs without options from a raw socket to ten ports of a host that listens on none of them.",
    &[
        CLIENT.does(Action::RawSyn { port: 8801 }),
        CLIENT.does(Action::RawSyn { port: 8802 }),
        CLIENT.does(Action::RawSyn { port: 8803 }),
        CLIENT.does(Action::RawSyn { port: 8804 }),
        CLIENT.does(Action::RawSyn { port: 8805 }),
        CLIENT.does(Action::RawSyn { port: 8806 }),
        CLIENT.does(Action::RawSyn { port: 8807 }),
        CLIENT.does(Action::RawSyn { port: 8808 }),
        CLIENT.does(Action::RawSyn { port: 8809 }),
        CLIENT.does(Action::RawSyn { port: 8810 }),
    ],
    Expect::both(&["port-scan"], &[(Host::Server, RstReason::NoSocket)]),
)]);
