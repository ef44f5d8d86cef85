//! How the lab plays `half-open-listener`.

use whyrst_core::kernel::RstReason;

use crate::scenario::{Action, Actor, CLIENT, Expect, Host, Reproduction, SERVER, Scenario, steps};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[Scenario::new(
    "half-open-listener",
    "The server's connection vanishes as in a power cut and the service listens again; the client's next data is \
     reset, and it connects again.",
    &steps![
        opened(),
        CLIENT.does(Action::Write { bytes: 100 }).gives(100),
        SERVER.does(Action::Read { most: 4096 }).gives(100),
        SERVER.does(Action::Vanish),
        CLIENT.does(Action::Write { bytes: 100 }).gives(100),
        CLIENT.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
        AGAIN.does(Action::Connect { to: Host::Server, port: 8888 }),
        SERVER.does(Action::Accept),
        AGAIN.does(Action::Close),
        SERVER.does(Action::Read { most: 4096 }).gives(0),
        SERVER.does(Action::Close),
    ],
    Expect::both(&["half-open-listener"], &[(Host::Server, RstReason::TcpFlags)]),
)]);

const AGAIN: Actor = Actor::on_client("again");
