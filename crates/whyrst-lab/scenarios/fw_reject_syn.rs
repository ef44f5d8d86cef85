//! How the lab plays `fw-reject-syn`.

use crate::scenario::{Action, CLIENT, Expect, Host, Reject, Reproduction, SERVER, Scenario, Step, Wire};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[
    Scenario::new(
        "fw-reject-syn",
        "The server listens, but its firewall rejects with a TCP reset; the SYN carries DSCP 46, the answer none.",
        REJECTED,
        Expect::both(&["fw-reject-syn"], &[]),
    ),
    Scenario::new(
        "fw-reject-syn-v6",
        "The same over IPv6, where the answer also lacks a flow label.",
        REJECTED,
        Expect::both(&["fw-reject-syn"], &[]),
    )
    .over_ipv6(),
    Scenario::new(
        "fw-reject-syn-iptables",
        "The rule is one of iptables.",
        &[
            SERVER.does(Action::Listen { port: 8888 }),
            SERVER.does(Action::Iptables("iptables -A INPUT -p tcp --dport 8888 -j REJECT --reject-with tcp-reset")),
            CLIENT.does(Action::UseDscp(46)),
            CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }).fails("ECONNREFUSED"),
        ],
        Expect::both(&["fw-reject-syn"], &[]),
    ),
    Scenario::new(
        "fw-reject-syn-netdev",
        "The rule is for the ingress of the server's network device (nftables netdev family): it rejects before IP is \
         looked at.",
        &[
            SERVER.does(Action::Listen { port: 8888 }),
            SERVER.does(Action::Nft(
                "table netdev lab { chain in { type filter hook ingress device wire0 priority 0; tcp dport 8888 reject \
                 with tcp reset; }; }",
            )),
            CLIENT.does(Action::UseDscp(46)),
            CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }).fails("ECONNREFUSED"),
        ],
        Expect::both(&["fw-reject-syn"], &[]),
    )
    .on(Wire::PLAIN.over_ethernet()),
    Scenario::new(
        "fw-reject-output-local",
        "The rule is for output on the client itself: its connect() is refused, and not one packet leaves \
         (fw-reject-local-output).",
        &[
            SERVER.does(Action::Listen { port: 8888 }),
            CLIENT.does(Action::Nft(
                "table inet lab { chain out { type filter hook output priority 0; tcp dport 8888 reject with tcp \
                 reset; }; }",
            )),
            CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }).fails("ECONNREFUSED"),
        ],
        Expect::QUIET,
    ),
]);

static REJECTED: &[Step] = &[
    SERVER.does(Action::Listen { port: 8888 }),
    SERVER.does(Action::Firewall { port: 8888, reject: Reject::TcpReset }),
    CLIENT.does(Action::UseDscp(46)),
    CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }).fails("ECONNREFUSED"),
];
