//! How the lab plays `connect-abandoned`.

use whyrst_core::kernel::RstReason;

use crate::scenario::{Action, CLIENT, Expect, Finding, Host, Limit, Reproduction, SERVER, Scenario, Step, Wire};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[
    Scenario::new(
        "connect-abandoned",
        "connect() may take 100 ms (SO_SNDTIMEO), the SYN-ACK takes 162 ms, and the program has closed by then.",
        &gives_up_within(150),
        ABANDONED,
    )
    .on(SLOW)
    .told(
        "connect() gives up after 100 ms with EINPROGRESS, and the late SYN-ACK is answered by RST; \
         110 ms elapsed between 15:01:27.799961 and 15:01:27.961886",
        Finding::HoldsCorrected,
        "connect() {client.connect}; the SYN-ACK came {client S>SA} after the SYN and was answered by `{client R}`, \
         a RST without ACK; the kernel's reason: {kernel}. The two times in the article are 161.925 ms apart, not 110",
    ),
    Scenario::new(
        "connect-abandoned-110",
        "The same with a SYN-ACK that takes 110 ms: 10 ms too late are enough.",
        &gives_up_within(109),
        ABANDONED,
    )
    .on(Wire::delays_us(500, 109_300)),
    Scenario::new(
        "connect-timeout-nonblock",
        "The same with a non-blocking connect() and poll() for 100 ms.",
        &[
            SERVER.does(Action::Listen { port: 8888 }),
            CLIENT.does(LIMITED_BY_POLL).gives(0).taking_ms(95, 150),
            CLIENT.does(Action::Close),
        ],
        ABANDONED,
    )
    .on(SLOW),
    Scenario::new(
        "connect-timeout-rcvtimeo",
        "The same with SO_RCVTIMEO, which does not limit connect() on Linux: it succeeds, and nothing is reset.",
        &[
            SERVER.does(Action::Listen { port: 8888 }),
            CLIENT.does(limited_by(Limit::ReceiveTimeout)).taking_ms(155, 1_000),
            SERVER.does(Action::Accept),
            CLIENT.does(Action::Close),
            SERVER.does(Action::Read { most: 4096 }).gives(0),
            SERVER.does(Action::Close),
        ],
        Expect::QUIET,
    )
    .on(SLOW)
    .told(
        "with SO_RCVTIMEO set to 100 ms, connect() returns -1 with EINPROGRESS after 100 ms",
        Finding::DoesNotHold,
        "connect() {client.connect}: it waited for the SYN-ACK, which came {client S>SA} after the SYN. On Linux \
         SO_SNDTIMEO is what limits connect() (`whyrst lab run connect-abandoned`)",
    ),
]);

const SLOW: Wire = Wire::delays_us(500, 161_200);
const ABANDONED: Expect = Expect::both(&["connect-abandoned"], &[(Host::Client, RstReason::NoSocket)]);
const LIMITED_BY_POLL: Action = limited_by(Limit::NonBlocking);

const fn limited_by(limit: Limit) -> Action {
    Action::ConnectWithin { to: Host::Server, port: 8888, limit, ms: 100 }
}

/// `connect` gives up in time, and the program closes at once.
const fn gives_up_within(ms: i64) -> [Step; 3] {
    [
        SERVER.does(Action::Listen { port: 8888 }),
        CLIENT.does(limited_by(Limit::SendTimeout)).fails("EINPROGRESS").taking_ms(95, ms),
        CLIENT.does(Action::Close),
    ]
}
