//! How the lab plays `fw-reject-transit`.

use whyrst_core::cause::Family;

use crate::scenario::{
    Action, But, CLIENT, Expect, First, Host, ROUTER, Reproduction, SERVER, Scenario, Step, Verdicts, steps,
};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[
    Scenario::new(
        "fw-reject-transit",
        "A first connection passes the router, then its firewall rejects the port: the second SYN never reaches the \
         server.",
        SECOND_REFUSED,
        ONLY_CLIENT_IS_TOLD,
    ),
    Scenario::new("fw-reject-transit-v6", "The same over IPv6.", SECOND_REFUSED, ONLY_CLIENT_IS_TOLD).over_ipv6(),
    Scenario::new(
        "fw-reject-transit-established",
        "In mid-connection the router's firewall begins to reject the port: the client is reset, the server never \
         told.",
        &steps![
            opened(),
            CLIENT.does(Action::Write { bytes: 100 }).gives(100),
            SERVER.does(Action::Read { most: 4096 }).gives(100),
            ROUTER.does(Action::Pause(20)),
            ROUTER.does(Action::Nft(REJECT_FORWARD)),
            CLIENT.does(Action::Write { bytes: 100 }).gives(100),
            CLIENT.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
            SERVER.does(Action::ReadTimeout(50)),
            SERVER.does(Action::Read { most: 4096 }).fails("EAGAIN"),
        ],
        ONLY_CLIENT_IS_TOLD,
    )
    .but(&[
        But::packets(
            &[First::of(Family::UnknownConnection, "fw-state-lost").for_reason("address-moved")],
            "the RST has another TTL: a device in between, or another host that has the address now",
        )
        .at(Host::Client),
        But::kernel(
            &[First::of(Family::UnknownConnection, "fw-state-lost")],
            "a rule that is new and a state that is lost look the same, and the state has the smaller \
             prior",
        )
        .at(Host::Client),
    ]),
]);

const ONLY_CLIENT_IS_TOLD: Expect = Expect::ends(Verdicts::Resets(&["fw-reject-transit"]), Verdicts::NoReset, &[]);

static SECOND_REFUSED: &[Step] = &steps![
    opened(),
    CLIENT.does(Action::Close),
    SERVER.does(Action::Read { most: 4096 }).gives(0),
    SERVER.does(Action::Close),
    ROUTER.does(Action::Pause(20)),
    ROUTER.does(Action::Nft(REJECT_FORWARD)),
    CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }).fails("ECONNREFUSED"),
];

const REJECT_FORWARD: &str = "table inet lab { chain forward { type filter hook forward priority 0;
    tcp dport 8888 reject with tcp reset
}
}";
