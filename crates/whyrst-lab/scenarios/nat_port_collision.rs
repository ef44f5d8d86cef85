//! How the lab plays `nat-port-collision`.

use whyrst_core::cause::Family;
use whyrst_core::kernel::RstReason;

use crate::scenario::{Action, Actor, But, CLIENT, Expect, First, Host, ROUTER, Reproduction, SERVER, Scenario, steps};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[Scenario::new(
    "nat-port-collision",
    "The NAT forgets an idle client and gives its port to another; whose SYN meets the first one's connection at the \
     server.",
    &steps![
        ROUTER.does(Action::Nft(ONE_PORT)),
        opened(),
        CLIENT.does(Action::Write { bytes: 100 }).gives(100),
        SERVER.does(Action::Read { most: 4096 }).gives(100),
        ROUTER.does(Action::Pause(20)),
        ROUTER.does(Action::ForgetConnections),
        NEWCOMER.does(Action::Connect { to: Host::Server, port: 8888 }),
        SERVER.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
    ],
    Expect::both(&["nat-port-collision"], &[(Host::Client, RstReason::TcpInvalidAckSequence)]),
)
.but(&[But::always(
    &[First::of(Family::SynCollision, "syn-meets-old-connection")],
    "before the NAT it is one host that meets its own connection",
)
.at(Host::Client)])]);

/// Another host behind the same NAT: to the server only the port counts.
const NEWCOMER: Actor = Actor::on_client("newcomer");

const ONE_PORT: &str = "table ip lab { chain out { type nat hook postrouting priority 100;
    oifname \"wire1\" tcp dport 8888 masquerade to :50001
}
}";
