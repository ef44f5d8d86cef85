//! How the lab plays `shutdown-rdwr-data`.

use whyrst_core::cause::Family;
use whyrst_core::kernel::RstReason;

use crate::scenario::{Action, But, CLIENT, Expect, First, Host, Reproduction, SERVER, Scenario, Step, steps};

static SHUT_AND_WRITTEN_TO: &[Step] = &steps![
    opened(),
    SERVER.does(Action::Pause(60)),
    SERVER.does(Action::ShutdownBoth),
    // Longer than the RTO: a FIN whose ACK was lost would be sent again.
    CLIENT.does(Action::Pause(400)),
    CLIENT.does(Action::Write { bytes: 100 }).gives(100),
    CLIENT.does(Action::Pause(30)),
    CLIENT.does(Action::Write { bytes: 100 }).fails("EPIPE"),
    SERVER.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
];

const RESET: Expect = Expect::both(&["shutdown-rdwr-data"], &[(Host::Server, RstReason::TcpAbortOnData)]);

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[
    Scenario::new(
        "shutdown-rdwr-data",
        "The server shuts its socket down in both directions and keeps it; the client's data draws a RST.",
        SHUT_AND_WRITTEN_TO,
        RESET,
    )
    .but(AS_IF_CLOSED),
    Scenario::new("shutdown-rdwr-data-v6", "The same over IPv6.", SHUT_AND_WRITTEN_TO, RESET)
        .but(AS_IF_CLOSED)
        .over_ipv6(),
    Scenario::new(
        "shutdown-rd-data",
        "The server only wants no more data (SHUT_RD): what comes is acknowledged all the same, and nothing is reset.",
        &steps![
            opened(),
            SERVER.does(Action::ShutdownRead),
            CLIENT.does(Action::Write { bytes: 100 }).gives(100),
            CLIENT.does(Action::Pause(60)),
            CLIENT.does(Action::Write { bytes: 100 }).gives(100),
            CLIENT.does(Action::Pause(60)),
        ],
        Expect::QUIET,
    ),
]);

const AS_IF_CLOSED: &[But] = &[But::packets(
    &[First::of(Family::LateData, "data-after-close")],
    "the packets are those of data-after-close, which has the smaller prior",
)];
