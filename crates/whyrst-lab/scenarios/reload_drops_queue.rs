//! How the lab plays `reload-drops-queue`.

use whyrst_core::cause::Family;
use whyrst_core::kernel::RstReason;

use crate::scenario::{Action, Actor, But, CLIENT, Expect, First, Host, Reproduction, SERVER, Scenario, SocketOption};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[Scenario::new(
    "reload-drops-queue",
    "Three clients wait in the queue of a worker that does not accept. A new worker begins to listen on the same port \
     (SO_REUSEPORT), the old one closes its listener, and the next client is served at once.",
    &[
        SERVER.does(Action::Set(SocketOption::ReusePort)),
        SERVER.does(Action::Listen { port: 8888 }),
        CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }),
        CLIENT.does(Action::Write { bytes: 46 }).gives(46),
        CLIENT.does(Action::Pause(60)),
        SECOND.does(Action::Connect { to: Host::Server, port: 8888 }),
        SECOND.does(Action::Write { bytes: 46 }).gives(46),
        SECOND.does(Action::Pause(20)),
        THIRD.does(Action::Connect { to: Host::Server, port: 8888 }),
        THIRD.does(Action::Write { bytes: 46 }).gives(46),
        THIRD.does(Action::Pause(10)),
        WORKER.does(Action::Set(SocketOption::ReusePort)),
        WORKER.does(Action::Listen { port: 8888 }),
        SERVER.does(Action::CloseListener),
        FOURTH.does(Action::Connect { to: Host::Server, port: 8888 }),
        WORKER.does(Action::Accept),
        CLIENT.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
    ],
    Expect::both(&["reload-drops-queue"], &[(Host::Server, RstReason::TcpState)]),
)
.but(&[But::packets(
    &[First::of(Family::Aborted, "close-unread").for_reason("reload-drops-queue")],
    "the packets are those of close-unread, which has the smaller prior",
)])]);

/// The worker after the reload.
const WORKER: Actor = Actor::on_server("worker");
const SECOND: Actor = Actor::on_client("second");
const THIRD: Actor = Actor::on_client("third");
const FOURTH: Actor = Actor::on_client("fourth");
