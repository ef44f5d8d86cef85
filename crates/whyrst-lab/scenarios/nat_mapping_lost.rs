//! How the lab plays `nat-mapping-lost`.

use whyrst_core::cause::Family;
use whyrst_core::kernel::RstReason;

use crate::scenario::{
    Action, But, CLIENT, Expect, First, Host, ROUTER, Reproduction, SERVER, Scenario, Verdicts, steps,
};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[
    Scenario::new(
        "nat-mapping-lost",
        "The NAT forgets an idle client; the client's next data leaves it with another port, which the server does not \
         know.",
        &steps![
            ROUTER.does(Action::Nft(MASQUERADE)),
            opened(),
            CLIENT.does(Action::Write { bytes: 100 }).gives(100),
            SERVER.does(Action::Read { most: 4096 }).gives(100),
            ROUTER.does(Action::Pause(20)),
            ROUTER.does(Action::Nft(MASQUERADE_ANEW)),
            ROUTER.does(Action::ForgetConnections),
            CLIENT.does(Action::Write { bytes: 100 }).gives(100),
            CLIENT.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
            SERVER.does(Action::ReadTimeout(50)),
            SERVER.does(Action::Read { most: 4096 }).fails("EAGAIN"),
        ],
        Expect::ends(
            Verdicts::Resets(&["nat-mapping-lost"]),
            Verdicts::Resets(&["stray-segment"]),
            &[(Host::Server, RstReason::TcpFlags)],
        ),
    )
    .but(&[
        But::packets(
            &[First::of(Family::UnknownConnection, "half-open-no-listener")],
            "no packet at the client shows another port; a host that has no such connection is commoner",
        )
        .at(Host::Client),
        But::kernel(
            &[First::of(Family::UnknownConnection, "half-open-listener")],
            "the server has a listener and no such connection; that the port was another stands at the \
             other end",
        )
        .at(Host::Client),
    ]),
    Scenario::new(
        "nat-mapping-lost-server-talks",
        "The NAT forgets an idle client; the server's next data is for the NAT's own address, and the NAT's kernel \
         resets it.",
        &steps![
            ROUTER.does(Action::Nft(MASQUERADE)),
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
        Expect::ends(
            Verdicts::NoReset,
            Verdicts::Resets(&["nat-mapping-lost"]),
            &[(Host::Router, RstReason::NoSocket)],
        ),
    )
    .but(&[
        But::packets(
            &[First::of(Family::UnknownConnection, "fw-state-lost").for_reason("address-moved")],
            "the RST has another TTL: a device in between, or another host that has the address now",
        )
        .at(Host::Server),
        But::kernel(
            &[First::of(Family::UnknownConnection, "half-open-no-listener").for_reason("address-moved")],
            "the kernel without a socket is that of the NAT, whose address the server speaks to",
        )
        .at(Host::Server),
    ]),
]);

/// A NAT chooses any free port; here it is told which, so that every run is the same.
const MASQUERADE: &str = "table ip lab { chain out { type nat hook postrouting priority 100;
    oifname \"wire1\" tcp dport 8888 masquerade to :50001
}
}";

const MASQUERADE_ANEW: &str = "flush ruleset
table ip lab { chain out { type nat hook postrouting priority 100;
    oifname \"wire1\" tcp dport 8888 masquerade to :50002
}
}";
