//! How the lab plays `conntrack-invalid-dnat`.

use whyrst_core::cause::Family;
use whyrst_core::kernel::RstReason;

use crate::scenario::{Action, But, CLIENT, Expect, First, Host, ROUTER, Reproduction, SERVER, Scenario, Verdicts};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[Scenario::new(
    "conntrack-invalid-dnat",
    "A router translates a service address to the server; one reply escapes its connection tracking and arrives from \
     the server's own address. The client resets that stranger, and so its own connection.",
    &[
        ROUTER.does(Action::Nft(SERVICE_ADDRESS)),
        SERVER.does(Action::Listen { port: 8888 }),
        CLIENT.does(Action::Connect { to: Host::Silent, port: 8888 }),
        SERVER.does(Action::Accept),
        CLIENT.does(Action::Write { bytes: 100 }).gives(100),
        SERVER.does(Action::Read { most: 4096 }).gives(100),
        ROUTER.does(Action::Pause(20)),
        ROUTER.does(Action::Nft(BLIND_TO_REPLIES)),
        SERVER.does(Action::Write { bytes: 100 }).gives(100),
        SERVER.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
        ROUTER.does(Action::Nft("delete table ip blind")),
        CLIENT.does(Action::Write { bytes: 100 }).gives(100),
        CLIENT.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
    ],
    Expect::ends(
        Verdicts::Resets(&["conntrack-invalid-dnat", "half-open-no-listener"]),
        Verdicts::Resets(&["conntrack-invalid-dnat"]),
        &[(Host::Client, RstReason::NoSocket), (Host::Server, RstReason::TcpFlags)],
    ),
)
.but(&[
    But::always(
        &[
            First::of(Family::UnknownConnection, "stray-segment"),
            First::of(Family::UnknownConnection, "half-open-no-listener"),
        ],
        "one end sees a stranger, answers it and is reset elsewhere; nobody can ask the kernel of the \
         service address",
    )
    .at(Host::Client),
    But::packets(
        &[First::of(Family::UnknownConnection, "fw-reject-established")],
        "the kernel of the client made the RST for another connection; on this one it looks like a \
         firewall of that host",
    )
    .at(Host::Server),
    But::kernel(
        &[First::of(Family::UnknownConnection, "nat-mapping-lost").for_reason("conntrack-invalid-dnat")],
        "no kernel sent a RST on this connection, so something translates in between",
    )
    .at(Host::Server),
    But::NOTHING_BEFORE,
])]);

const SERVICE_ADDRESS: &str = "table ip lab { chain in { type nat hook prerouting priority -100;
    ip daddr 10.77.0.9 tcp dport 8888 dnat to 10.77.0.2
}
}";

/// Untracked packets are not translated, as INVALID ones are not.
const BLIND_TO_REPLIES: &str = "table ip blind { chain raw { type filter hook prerouting priority raw;
    iifname \"wire1\" notrack
}
}";
