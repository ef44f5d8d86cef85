//! A SYN proxy completed the handshake, and the host behind it refused.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Words, kernel};
use crate::ending::EndingKind;
use crate::evidence::closing::SENDER_HAD_CLOSED;
use crate::evidence::data::SENDER_SENT_NOTHING;
use crate::evidence::firewall::WINDOW_OPENED;
use crate::evidence::form::RST_IS_BARE;
use crate::evidence::handshake::{SENDER_IS_SERVER, SYN_ACK_WINDOW_ZERO};
use crate::evidence::path::{RST_LACKS_TIMESTAMPS, RST_TTL_DIFFERS};
use crate::kernel::RstReason;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "synproxy-backend-closed",
    title: "a SYN proxy had accepted the connection in {server}'s name, and the host behind it refused",
    explanation: "To ward off SYN floods a firewall or balancer completes the handshake itself, with window 0, and only then \
        connects to the host behind it. That host refused (its port is closed), and the proxy passes the refusal on in the \
        numbers of the connection that it had already accepted.",
    effect: "client: connect() succeeds, or fails by a hair, then ECONNRESET. No data is involved.",
    sources: &[
        kernel("net/netfilter/nf_synproxy_core.c", "synproxy_send_client_synack"),
        kernel("net/ipv4/tcp_ipv4.c", "tcp_v4_rcv (no_tcp_socket)"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[KernelSign::reason(RstReason::NoSocket), KernelSign::SILENCE],
    rule: Rule {
        needs: &[&SYN_ACK_WINDOW_ZERO, &SENDER_IS_SERVER, &SENDER_SENT_NOTHING, &RST_IS_BARE],
        refuted_by: &[&SENDER_HAD_CLOSED, &WINDOW_OPENED],
        supported_by: &[&RST_LACKS_TIMESTAMPS, &RST_TTL_DIFFERS],
    },
    variants: &[],
    look_alikes: &[LookAlike::identical(
        "injected-rst",
        "behind the proxy no refusal is seen: something on the path resets on its own account",
    )],
    advice: &[
        "capture behind the proxy: there the same SYN is refused with RST+ACK, an ordinary closed port",
        "start the service behind it, or take that host out of the pool: let the proxy check its backends' health",
        "on a Linux SYN proxy: `cat /proc/net/stat/synproxy`, `nft list ruleset | grep synproxy`",
    ],
    zh: Words {
        title: "SYN 代理以{server}的名义接受了连接，而它后面的主机拒绝了",
        explanation: "为了抵御 SYN flood，防火墙或负载均衡自己完成握手（窗口为 0），之后才去连后面的主机。那台主机拒\
            绝了（端口没监听），代理便用已经接受的那条连接的序列号，把这个拒绝传了回来。",
        effect: "客户端：connect() 成功，或者差一点就成功，随后 ECONNRESET。不涉及数据。",
        variants: &[],
        told_apart_by: &[("injected-rst", "在代理后面看不到拒绝：是路径上有设备自行重置")],
        advice: &[
            "在代理后面抓包：在那里，同一个 SYN 得到 RST+ACK，就是普通的端口没监听",
            "启动后面的服务，或者把那台主机从池中摘除：让代理对后端做健康检查",
            "在 Linux 的 SYN 代理上：`cat /proc/net/stat/synproxy`、`nft list ruleset | grep synproxy`",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::kernel::RstReason;
    use crate::testing::{judged, judged_with};
    use crate::verdict::Confidence::{Certain, Likely};

    const PROXIED: &str = "
        0.000 C > S S 0:0(0)
        +0.001 C < S SA 0:0(0) ack 1 win 0 ttl 64
        +0.0001 C > S A 1:1(0) ack 1
        +0.010 C < S RA 1:1(0) ack 1 win 0 ts none id 0 ttl 61";

    #[test]
    fn an_accepted_connection_without_a_window_that_is_refused_is_a_syn_proxys() {
        let judgement = judged(PROXIED);
        assert!(judgement.confidence <= Likely, "{}", judgement.explained());
        assert!(judgement.allows("synproxy-backend-closed"), "{}", judgement.explained());
        judged_with(PROXIED, RstReason::NoSocket, &[]).is("synproxy-backend-closed", Certain);
    }

    #[test]
    fn once_the_window_is_open_the_backend_had_accepted() {
        let text = PROXIED.replace("+0.010 C < S RA", "+0.010 C < S A 1:1(0) ack 1 win 500\n+0.01 C < S RA");
        judged(&text).without(&["synproxy-backend-closed"]);
    }

    #[test]
    fn an_ordinary_syn_ack_offers_a_window() {
        judged(&PROXIED.replace("win 0 ttl 64", "win 65160 ttl 64")).without(&["synproxy-backend-closed"]);
    }
}
