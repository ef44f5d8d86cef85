//! How the lab plays `reply-untranslated`.

use whyrst_core::cause::Family;
use whyrst_core::kernel::RstReason;

use crate::scenario::{Action, But, CLIENT, Expect, First, Host, Limit, ROUTER, Reproduction, SERVER, Scenario};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[Scenario::new(
    "reply-untranslated",
    "A router translates a service address to the server, and does not see the replies as what they are: the SYN-ACK \
     arrives from the server's own address, twice within 1.3 s.",
    &[
        ROUTER.does(Action::Nft(SERVICE_ADDRESS)),
        SERVER.does(Action::Listen { port: 8888 }),
        CLIENT
            .does(Action::ConnectWithin { to: Host::Silent, port: 8888, limit: Limit::SendTimeout, ms: 1_300 })
            .fails("EINPROGRESS"),
        CLIENT.does(Action::Close),
    ],
    Expect::both(&["reply-untranslated"], &[(Host::Client, RstReason::NoSocket)]),
)
.but(&[
    But::sockets(
        &[First::of(Family::UnwantedAnswer, "connect-abandoned")],
        "the probe sees a SYN-ACK that nobody waits for, as after a connect that was given up",
    ),
    But::always(
        &[
            First::failed_connect("syn-unanswered"),
            First::of(Family::UnwantedAnswer, "backscatter-synack").for_reason("reply-untranslated"),
        ],
        "the SYN to the service address is a connection of its own that nobody answers",
    )
    .at(Host::Client),
    But::packets(
        &[First::of(Family::UnwantedAnswer, "fw-reject-synack")],
        "the server sees no other address; a client whose firewall rejects the answer looks the same from there",
    )
    .at(Host::Server),
    But::kernel(
        &[First::of(Family::UnwantedAnswer, "backscatter-synack")],
        "the client's kernel had no such socket; why, nothing shows at the server",
    )
    .at(Host::Server),
])]);

/// Untracked packets are not translated, like those that never pass the gateway again.
const SERVICE_ADDRESS: &str = "table ip lab { chain in { type nat hook prerouting priority -100;
    ip daddr 10.77.0.9 tcp dport 8888 dnat to 10.77.0.2
}
}
table ip blind { chain raw { type filter hook prerouting priority raw;
    iifname \"wire1\" notrack
}
}";
