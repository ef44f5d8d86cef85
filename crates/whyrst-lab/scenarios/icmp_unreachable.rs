//! How the lab plays `icmp-unreachable`.

use crate::scenario::{Action, CLIENT, Expect, Host, Reject, Reproduction, SERVER, Scenario, Step, steps};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[
    Scenario::new("icmp-unreachable", REFUSED, REJECTED, Expect::failed_connect("icmp-unreachable")),
    Scenario::new("icmp-unreachable-v6", "The same over IPv6.", REJECTED, Expect::failed_connect("icmp-unreachable"))
        .over_ipv6(),
    Scenario::new(
        "icmp-established",
        "In mid-connection the same errors are only noted: when the rule is gone the retransmission arrives, and \
         nothing is reset.",
        &steps![
            opened(),
            SERVER.does(Action::Firewall { port: 8888, reject: Reject::PortUnreachable }),
            CLIENT.does(Action::Write { bytes: 100 }).gives(100),
            CLIENT.does(Action::Pause(100)),
            SERVER.does(Action::Nft("flush ruleset")),
            SERVER.does(Action::Read { most: 4096 }).gives(100),
            CLIENT.does(Action::Close),
            SERVER.does(Action::Read { most: 4096 }).gives(0),
            SERVER.does(Action::Close),
        ],
        Expect::QUIET,
    ),
]);

const REFUSED: &str =
    "The server's firewall rejects with ICMP port unreachable: connect() is refused, and there is no RST.";

static REJECTED: &[Step] = &[
    SERVER.does(Action::Listen { port: 8888 }),
    SERVER.does(Action::Firewall { port: 8888, reject: Reject::PortUnreachable }),
    CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }).fails("ECONNREFUSED"),
];
