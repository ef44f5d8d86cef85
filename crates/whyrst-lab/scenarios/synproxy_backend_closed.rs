//! How the lab plays `synproxy-backend-closed`.

use whyrst_core::kernel::RstReason;

use crate::scenario::{Action, CLIENT, Expect, Host, ROUTER, Reproduction, Scenario, Verdicts};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[Scenario::new(
    "synproxy-backend-closed",
    "The router completes handshakes as a SYN proxy; behind it nobody listens, and the refusal ends an accepted \
     connection.",
    &[
        ROUTER.does(Action::Sysctl { name: "net.netfilter.nf_conntrack_tcp_loose", value: "0" }),
        ROUTER.does(Action::Nft(SYN_PROXY)),
        CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }),
        CLIENT.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
    ],
    Expect::ends(
        Verdicts::Resets(&["synproxy-backend-closed"]),
        Verdicts::Resets(&["closed-port"]),
        &[(Host::Server, RstReason::NoSocket)],
    ),
)]);

const SYN_PROXY: &str = "table ip lab {
    chain raw { type filter hook prerouting priority raw; iifname \"wire0\" tcp dport 8888 tcp flags syn notrack; }
    chain forward { type filter hook forward priority 0;
        tcp dport 8888 ct state invalid,untracked synproxy mss 1460 wscale 7 timestamp sack-perm
        ct state invalid drop
    }
}";
