//! How the lab plays `fw-state-lost`.

use whyrst_core::cause::Family;

use crate::scenario::{
    Action, But, CLIENT, Expect, First, Host, ROUTER, Reproduction, SERVER, Scenario, Step, Verdicts, steps,
};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[
    Scenario::new(
        "fw-state-lost",
        "The router's firewall loses its state, as in a restart: the client's next data is rejected, and the server \
         learns nothing.",
        CLIENT_TALKS,
        Expect::ends(Verdicts::Resets(&["fw-state-lost"]), Verdicts::NoReset, &[]),
    )
    .but(MAYBE_MOVED),
    Scenario::new(
        "fw-state-lost-v6",
        "The same over IPv6.",
        CLIENT_TALKS,
        Expect::ends(Verdicts::Resets(&["fw-state-lost"]), Verdicts::NoReset, &[]),
    )
    .but(MAYBE_MOVED)
    .over_ipv6(),
    Scenario::new(
        "fw-state-lost-server-talks",
        "The same, but it is the server that speaks next: it is reset, and the client learns nothing.",
        &steps![
            ROUTER.does(Action::Sysctl { name: "net.netfilter.nf_conntrack_tcp_loose", value: "0" }),
            ROUTER.does(Action::Nft(STATEFUL)),
            opened(),
            CLIENT.does(Action::Write { bytes: 100 }).gives(100),
            SERVER.does(Action::Read { most: 4096 }).gives(100),
            ROUTER.does(Action::Pause(20)),
            ROUTER.does(Action::ForgetConnections),
            SERVER.does(Action::Write { bytes: 100 }).gives(100),
            SERVER.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
            CLIENT.does(Action::ReadTimeout(50)),
            CLIENT.does(Action::Read { most: 4096 }).fails("EAGAIN"),
        ],
        Expect::ends(Verdicts::NoReset, Verdicts::Resets(&["fw-state-lost"]), &[]),
    )
    .but(&[But::packets(
        &[First::of(Family::UnknownConnection, "fw-state-lost").for_reason("address-moved")],
        "the RST has another TTL: a device in between, or another host that has the address now",
    )
    .at(Host::Server)]),
]);

static CLIENT_TALKS: &[Step] = &steps![
    ROUTER.does(Action::Sysctl { name: "net.netfilter.nf_conntrack_tcp_loose", value: "0" }),
    ROUTER.does(Action::Nft(STATEFUL)),
    opened(),
    CLIENT.does(Action::Write { bytes: 100 }).gives(100),
    SERVER.does(Action::Read { most: 4096 }).gives(100),
    ROUTER.does(Action::Pause(20)),
    ROUTER.does(Action::ForgetConnections),
    CLIENT.does(Action::Write { bytes: 100 }).gives(100),
    CLIENT.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
    SERVER.does(Action::ReadTimeout(50)),
    SERVER.does(Action::Read { most: 4096 }).fails("EAGAIN"),
];

const STATEFUL: &str = "table inet lab { chain forward { type filter hook forward priority 0;
    meta l4proto tcp ct state invalid reject with tcp reset
}
}";

const MAYBE_MOVED: &[But] = &[But::packets(
    &[First::of(Family::UnknownConnection, "fw-state-lost").for_reason("address-moved")],
    "the RST has another TTL: a device in between, or another host that has the address now",
)
.at(Host::Client)];
