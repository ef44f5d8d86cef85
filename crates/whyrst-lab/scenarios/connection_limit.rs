//! How the lab plays `connection-limit`.

use whyrst_core::cause::Family;

use crate::scenario::{Action, Actor, But, CLIENT, Expect, First, Host, Reproduction, SERVER, Scenario};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[Scenario::new(
    "connection-limit",
    "A rule of the server's firewall refuses a host that has two connections open. When one of them has ended, \
     the next is accepted.",
    &[
        SERVER.does(Action::Listen { port: 8888 }),
        SERVER.does(Action::Nft(LIMIT)),
        CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }),
        SERVER.does(Action::Accept),
        SECOND.does(Action::Connect { to: Host::Server, port: 8888 }),
        THIRD.does(Action::Connect { to: Host::Server, port: 8888 }).fails("ECONNREFUSED"),
        THIRD.does(Action::Pause(40)),
        THIRD.does(Action::Connect { to: Host::Server, port: 8888 }).fails("ECONNREFUSED"),
        CLIENT.does(Action::Close),
        SERVER.does(Action::Close),
        THIRD.does(Action::Pause(40)),
        THIRD.does(Action::Connect { to: Host::Server, port: 8888 }),
    ],
    Expect::both(&["connection-limit"], &[]),
)
.but(&[But::kernel(
    &[First::of(Family::Refused, "fw-reject-syn").for_reason("connection-limit")],
    "the kernel refused nothing itself, so a rule did",
)])]);

const SECOND: Actor = Actor::on_client("second");
const THIRD: Actor = Actor::on_client("third");

const LIMIT: &str = "table ip lab { chain in { type filter hook input priority 0;
    tcp dport 8888 ct state new ct count over 2 reject with tcp reset
}
}";
