//! How the lab plays `listening-elsewhere`.

use whyrst_core::cause::Family;
use whyrst_core::kernel::RstReason;

use crate::scenario::{Action, But, CLIENT, Expect, First, Host, Reproduction, SERVER, Scenario, Step};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[
    Scenario::new(
        "listening-elsewhere",
        "The server listens on its loopback address only; a client from outside is refused.",
        ON_LOOPBACK,
        REFUSED,
    )
    .but(ONLY_REFUSED),
    Scenario::new("listening-elsewhere-v6", "The same over IPv6.", ON_LOOPBACK, REFUSED).but(ONLY_REFUSED).over_ipv6(),
]);

const REFUSED: Expect = Expect::both(&["listening-elsewhere"], &[(Host::Server, RstReason::NoSocket)]);

static ON_LOOPBACK: &[Step] = &[
    SERVER.does(Action::ListenOnLoopback { port: 8888 }),
    CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }).fails("ECONNREFUSED"),
];

const ONLY_REFUSED: &[But] = &[But::always(
    &[First::of(Family::Refused, "closed-port")],
    "the listener on another address stands in no packet of this connection",
)];
