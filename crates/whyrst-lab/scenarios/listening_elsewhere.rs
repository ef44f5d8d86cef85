//! How the lab plays `listening-elsewhere`.

use whyrst_core::kernel::RstReason;

use crate::scenario::{Action, CLIENT, Expect, Host, Reproduction, SERVER, Scenario, Step};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[
    Scenario::new(
        "listening-elsewhere",
        "The server listens on its loopback address only; a client from outside is refused.",
        ON_LOOPBACK,
        REFUSED,
    ),
    Scenario::new("listening-elsewhere-v6", "The same over IPv6.", ON_LOOPBACK, REFUSED).over_ipv6(),
]);

const REFUSED: Expect = Expect::both(&["listening-elsewhere"], &[(Host::Server, RstReason::NoSocket)]);

static ON_LOOPBACK: &[Step] = &[
    SERVER.does(Action::ListenOnLoopback { port: 8888 }),
    CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }).fails("ECONNREFUSED"),
];
