//! How the lab plays `app-suspended`.

use whyrst_core::kernel::RstReason;

use crate::scenario::{Action, Actor, CLIENT, Expect, Host, Reproduction, SERVER, Scenario};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[Scenario::new(
    "app-suspended",
    "Three requests come at different times to a program that does nothing for over a second. The clients give up; then it \
     answers all three at once.",
    &[
        SERVER.does(Action::Listen { port: 8888 }),
        CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }),
        SERVER.does(Action::Accept),
        SERVER.does(Action::Fork { child: ONE }),
        SECOND.does(Action::Connect { to: Host::Server, port: 8888 }),
        SERVER.does(Action::Accept),
        SERVER.does(Action::Fork { child: TWO }),
        THIRD.does(Action::Connect { to: Host::Server, port: 8888 }),
        SERVER.does(Action::Accept),
        CLIENT.does(Action::Write { bytes: 100 }).gives(100),
        CLIENT.does(Action::Pause(200)),
        SECOND.does(Action::Write { bytes: 100 }).gives(100),
        SECOND.does(Action::Pause(200)),
        THIRD.does(Action::Write { bytes: 100 }).gives(100),
        THIRD.does(Action::Pause(1200)),
        CLIENT.does(Action::Close),
        SECOND.does(Action::Close),
        THIRD.does(Action::Close),
        THIRD.does(Action::Pause(50)),
        ONE.does(Action::Write { bytes: 50 }).gives(50),
        TWO.does(Action::Write { bytes: 50 }).gives(50),
        SERVER.does(Action::Write { bytes: 50 }).gives(50),
    ],
    Expect::both(&["app-suspended"], &[(Host::Client, RstReason::TcpTimewaitSocket)]),
)]);

/// The children that serve the first two clients.
const ONE: Actor = Actor::on_server("one");
const TWO: Actor = Actor::on_server("two");
const SECOND: Actor = Actor::on_client("second");
const THIRD: Actor = Actor::on_client("third");
