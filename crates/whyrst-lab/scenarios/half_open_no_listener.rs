//! How the lab plays `half-open-no-listener`.

use whyrst_core::kernel::RstReason;

use crate::scenario::{Action, CLIENT, Expect, Host, Reproduction, SERVER, Scenario, steps};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[
    Scenario::new(
        "half-open-no-listener",
        "The server's connection and its service vanish as in a power cut; the client's next data is reset.",
        &steps![
            opened(),
            CLIENT.does(Action::Write { bytes: 100 }).gives(100),
            SERVER.does(Action::Read { most: 4096 }).gives(100),
            SERVER.does(Action::Vanish),
            SERVER.does(Action::CloseListener),
            CLIENT.does(Action::Write { bytes: 100 }).gives(100),
            CLIENT.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
        ],
        Expect::both(&["half-open-no-listener"], &[(Host::Server, RstReason::NoSocket)]),
    ),
    Scenario::new(
        "tcp-repair-close",
        "A connection that vanishes as in a power cut says nothing: without another packet nobody is reset.",
        &steps![
            opened(),
            SERVER.does(Action::Vanish),
            CLIENT.does(Action::ReadTimeout(100)),
            CLIENT.does(Action::Read { most: 4096 }).fails("EAGAIN"),
        ],
        Expect::QUIET,
    ),
]);
