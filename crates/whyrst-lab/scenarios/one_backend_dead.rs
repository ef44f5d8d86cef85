//! How the lab plays `one-backend-dead`.

use whyrst_core::cause::Family;

use crate::scenario::{Action, But, CLIENT, Expect, First, Host, Reproduction, SERVER, Scenario, steps};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[Scenario::new(
    "one-backend-dead",
    "Connects are dealt out in turn to two ports, of which one has no listener: every second one is refused.",
    &steps![
        SERVER.does(Action::Listen { port: 8888 }),
        SERVER.does(Action::Nft(IN_TURN)),
        CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }),
        SERVER.does(Action::Accept),
        CLIENT.does(Action::Close),
        SERVER.does(Action::Close),
        CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }).fails("ECONNREFUSED"),
        CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }),
        SERVER.does(Action::Accept),
        CLIENT.does(Action::Close),
        SERVER.does(Action::Close),
        CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }).fails("ECONNREFUSED"),
        CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }),
        SERVER.does(Action::Accept),
        CLIENT.does(Action::Close),
        SERVER.does(Action::Close),
        CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }).fails("ECONNREFUSED"),
        CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }),
        SERVER.does(Action::Accept),
        CLIENT.does(Action::Close),
        SERVER.does(Action::Close),
    ],
    Expect::both(&["one-backend-dead"], &[]),
)
.but(&[But::kernel(
    &[First::of(Family::Refused, "fw-reject-syn").for_reason("one-backend-dead")],
    "the kernel that refused speaks of the port behind the translation, so of none of these connections",
)])]);

/// Nobody listens on 8889.
const IN_TURN: &str = "table ip lab { chain in { type nat hook prerouting priority -100;
    tcp dport 8888 numgen inc mod 2 == 1 redirect to :8889
}
}";
