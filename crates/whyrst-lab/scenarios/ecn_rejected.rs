//! How the lab plays `ecn-rejected`.

use crate::scenario::{Action, CLIENT, Expect, Host, ROUTER, Reproduction, SERVER, Scenario, Verdicts};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[Scenario::new(
    "ecn-rejected",
    "The router resets SYNs that offer ECN: the client is refused while it asks for ECN, and connects when it does \
     not.",
    &[
        ROUTER.does(Action::Nft(NO_ECN)),
        SERVER.does(Action::Listen { port: 8888 }),
        CLIENT.does(Action::Sysctl { name: "net.ipv4.tcp_ecn", value: "1" }),
        CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }).fails("ECONNREFUSED"),
        CLIENT.does(Action::Sysctl { name: "net.ipv4.tcp_ecn", value: "2" }),
        CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }),
        SERVER.does(Action::Accept),
        CLIENT.does(Action::Close),
        SERVER.does(Action::Read { most: 4096 }).gives(0),
        SERVER.does(Action::Close),
    ],
    Expect::ends(Verdicts::Resets(&["ecn-rejected"]), Verdicts::NoReset, &[]),
)]);

const NO_ECN: &str = "table inet lab { chain forward { type filter hook forward priority 0;
    tcp flags & (syn | ecn | cwr) == (syn | ecn | cwr) reject with tcp reset
}
}";
