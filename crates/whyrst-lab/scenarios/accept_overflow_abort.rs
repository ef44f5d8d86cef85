//! How the lab plays `accept-overflow-abort`.

use whyrst_core::kernel::RstReason;

use crate::scenario::{Action, Actor, CLIENT, Expect, Host, Limit, Reproduction, SERVER, Scenario, Wire};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[
    Scenario::new(
        "accept-overflow-abort",
        "Two clients connect almost at once to a server whose queue has room for one more; the later ACK finds it \
         full.",
        &[
            SERVER.does(Action::Sysctl { name: "net.ipv4.tcp_abort_on_overflow", value: "1" }),
            SERVER.does(Action::ListenWithBacklog { port: 8888, backlog: 2 }),
            EARLY.does(Action::Connect { to: Host::Server, port: 8888 }),
            EARLY_TOO.does(Action::Connect { to: Host::Server, port: 8888 }),
            CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }).meanwhile(),
            LATE.does(Action::Pause(10)),
            LATE.does(Action::Connect { to: Host::Server, port: 8888 }),
            LATE.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
        ],
        Expect::both(&["accept-overflow-abort"], &[(Host::Server, RstReason::InvalidSyn)]),
    )
    .on(Wire::delays_us(20_000, 20_000)),
    Scenario::new(
        "accept-overflow-syn-dropped",
        "The queue is full before the SYN comes: the SYN is dropped without a word, whatever the sysctl says.",
        &[
            SERVER.does(Action::Sysctl { name: "net.ipv4.tcp_abort_on_overflow", value: "1" }),
            SERVER.does(Action::ListenWithBacklog { port: 8888, backlog: 0 }),
            EARLY.does(Action::Connect { to: Host::Server, port: 8888 }),
            EARLY.does(Action::Pause(40)),
            CLIENT
                .does(Action::ConnectWithin { to: Host::Server, port: 8888, limit: Limit::NonBlocking, ms: 1_200 })
                .gives(0),
            CLIENT.does(Action::Close),
        ],
        Expect::failed_connect("syn-unanswered"),
    ),
]);

/// These two leave room for one more (Linux takes one above the backlog). With a smaller backlog the
/// server would answer the second of two SYNs by a cookie, and a full queue then stays silent.
const EARLY: Actor = Actor::on_client("early");
const EARLY_TOO: Actor = Actor::on_client("early-too");
const LATE: Actor = Actor::on_client("late");
