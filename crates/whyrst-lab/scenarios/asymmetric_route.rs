//! How the lab plays `asymmetric-route`.

use whyrst_core::cause::Family;

use crate::scenario::{
    Action, But, CLIENT, Expect, First, Host, ROUTER, Reproduction, SERVER, Scenario, Step, Verdicts,
};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[
    Scenario::new(
        "asymmetric-route",
        "The router's connection tracking does not see what the server sends, as if it took another path: the last ACK \
         of the handshake is INVALID and rejected.",
        ONE_DIRECTION,
        ONLY_CLIENT_IS_TOLD,
    )
    .but(IN_THE_HANDSHAKE),
    Scenario::new("asymmetric-route-v6", "The same over IPv6.", ONE_DIRECTION, ONLY_CLIENT_IS_TOLD)
        .but(IN_THE_HANDSHAKE)
        .over_ipv6(),
]);

const ONLY_CLIENT_IS_TOLD: Expect = Expect::ends(Verdicts::Resets(&["asymmetric-route"]), Verdicts::NoReset, &[]);

static ONE_DIRECTION: &[Step] = &[
    ROUTER.does(Action::Nft(BLIND_TO_THE_SERVER)),
    SERVER.does(Action::Listen { port: 8888 }),
    CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }),
    CLIENT.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
];

const BLIND_TO_THE_SERVER: &str = "table inet lab {
    chain raw { type filter hook prerouting priority raw; iifname \"wire1\" notrack; }
    chain forward { type filter hook forward priority 0; meta l4proto tcp ct state invalid reject with tcp reset; }
}";

const IN_THE_HANDSHAKE: &[But] = &[But::always(
    &[First::of(Family::BrokenHandshake, "fw-state-lost").for_reason("asymmetric-route")],
    "the firewall rejects the third packet; a connection that was open is the first shape of what \
     the reason explains",
)
.at(Host::Client)];
