//! How the lab plays `accept-overflow-ghost`.

use whyrst_core::kernel::RstReason;

use crate::scenario::{Action, Actor, But, CLIENT, Expect, Host, Reproduction, SERVER, Scenario, Wire};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[Scenario::new(
    "accept-overflow-ghost",
    "Two clients connect almost at once to a server whose queue has room for one more; the later one's request is \
     ignored.",
    &[
        SERVER.does(Action::Sysctl { name: "net.ipv4.tcp_synack_retries", value: "1" }),
        SERVER.does(Action::ListenWithBacklog { port: 8888, backlog: 2 }),
        EARLY.does(Action::Connect { to: Host::Server, port: 8888 }),
        EARLY_TOO.does(Action::Connect { to: Host::Server, port: 8888 }),
        CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }).meanwhile(),
        LATE.does(Action::Pause(10)),
        LATE.does(Action::Connect { to: Host::Server, port: 8888 }),
        LATE.does(Action::Write { bytes: 100 }).gives(100),
        LATE.does(Action::Read { most: 4096 }).fails("ECONNRESET").taking_ms(2_000, 8_000),
    ],
    Expect::both(&["accept-overflow-ghost"], &[(Host::Server, RstReason::TcpFlags)]),
)
.but(&[But::NOTHING_BEFORE])
.on(Wire::delays_us(20_000, 20_000))]);

/// These two leave room for one more (Linux takes one above the backlog). With a smaller backlog the
/// server would answer the second of two SYNs by a cookie, and a full queue then stays silent.
const EARLY: Actor = Actor::on_client("early");
const EARLY_TOO: Actor = Actor::on_client("early-too");
const LATE: Actor = Actor::on_client("late");
