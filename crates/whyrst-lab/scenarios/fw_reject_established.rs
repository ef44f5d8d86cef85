//! How the lab plays `fw-reject-established`.

use whyrst_core::cause::Family;

use crate::scenario::{Action, But, CLIENT, Expect, First, Reproduction, SERVER, Scenario, Step, steps};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[
    Scenario::new(
        "fw-reject-established",
        "In mid-connection the server's host gets a rule that rejects the port: the client's next data is reset, and \
         the server's program notices nothing.",
        RULE_ADDED,
        REJECTED,
    )
    .but(AS_IF_GONE),
    Scenario::new(
        "fw-reject-established-v6",
        "The same over IPv6, where the RST lacks the flow label of a kernel's own.",
        RULE_ADDED,
        REJECTED,
    )
    .over_ipv6(),
    Scenario::new(
        "fw-reject-established-invalid",
        "The same with a rule of connection tracking: the connection is from before, so its segments are rejected as \
         INVALID.",
        &steps![
            opened(),
            CLIENT.does(Action::Write { bytes: 100 }).gives(100),
            SERVER.does(Action::Read { most: 4096 }).gives(100),
            SERVER.does(Action::Sysctl { name: "net.netfilter.nf_conntrack_tcp_loose", value: "0" }),
            SERVER.does(Action::Pause(20)),
            SERVER.does(Action::Nft(REJECT_INVALID)),
            CLIENT.does(Action::Write { bytes: 100 }).gives(100),
            CLIENT.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
        ],
        REJECTED,
    )
    .but(AS_IF_GONE),
]);

const REJECTED: Expect = Expect::both(&["fw-reject-established"], &[]);

static RULE_ADDED: &[Step] = &steps![
    opened(),
    CLIENT.does(Action::Write { bytes: 100 }).gives(100),
    SERVER.does(Action::Read { most: 4096 }).gives(100),
    SERVER.does(Action::Pause(20)),
    SERVER.does(Action::Nft(REJECT_INPUT)),
    CLIENT.does(Action::Write { bytes: 100 }).gives(100),
    CLIENT.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
    SERVER.does(Action::ReadTimeout(50)),
    SERVER.does(Action::Read { most: 4096 }).fails("EAGAIN"),
];

const REJECT_INPUT: &str = "table inet lab { chain input { type filter hook input priority 0;
    tcp dport 8888 reject with tcp reset
}
}";

const REJECT_INVALID: &str = "table inet lab { chain input { type filter hook input priority 0;
    meta l4proto tcp ct state invalid reject with tcp reset
}
}";

const AS_IF_GONE: &[But] = &[But::packets(
    &[First::of(Family::UnknownConnection, "half-open-no-listener")],
    "the packets are those of half-open-no-listener, which has the smaller prior",
)];
