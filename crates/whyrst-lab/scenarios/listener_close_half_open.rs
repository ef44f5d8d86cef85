//! How the lab plays `listener-close-half-open`.

use whyrst_core::cause::Family;
use whyrst_core::kernel::RstReason;

use crate::scenario::{Action, But, CLIENT, Expect, First, Host, Reproduction, SERVER, Scenario, Step, Wire};

/// Time to close between SYN-ACK and ACK.
const SLOW: Wire = Wire::delays_us(100_000, 200_000);

static CLOSED_TOO_EARLY: &[Step] = &[
    SERVER.does(Action::Listen { port: 8888 }),
    CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }).meanwhile(),
    SERVER.does(Action::Pause(250)),
    SERVER.does(Action::CloseListener),
    CLIENT.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
];

const RESET: Expect = Expect::both(&["listener-close-half-open"], &[(Host::Server, RstReason::NoSocket)]);

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[
    Scenario::new(
        "listener-close-half-open",
        "The server closes its listener while its SYN-ACK is on the way; the client's ACK finds nobody.",
        CLOSED_TOO_EARLY,
        RESET,
    )
    .but(&[
        But::packets(
            &[First::of(Family::BrokenHandshake, "accept-overflow-abort")],
            "the packets are those of accept-overflow-abort, which has the smaller prior",
        ),
        But::NOTHING_BEFORE,
    ])
    .on(SLOW),
    Scenario::new("listener-close-half-open-v6", "The same over IPv6.", CLOSED_TOO_EARLY, RESET)
        .but(&[
            But::always(
                &[First::of(Family::BrokenHandshake, "half-open-no-listener")],
                "the RST has the flow label of a kernel without a socket, which half-open-no-listener asks \
                 for first",
            ),
            But::NOTHING_BEFORE,
        ])
        .over_ipv6()
        .on(SLOW),
]);
