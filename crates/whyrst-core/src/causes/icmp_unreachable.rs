//! A router or the host itself said by ICMP that the SYN cannot be delivered.

use crate::cause::{Breadth, Cause, LookAlike, Rule, Severity, Words, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::failed::{ICMP_UNREACHABLE, SYN_UNANSWERED};

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "icmp-unreachable",
    title: "an ICMP error came back: the SYN could not be delivered to {server}",
    explanation: "A router without a route, a host without that address, or a firewall that rejects with ICMP sent an error \
        about the SYN. For a program it looks like a refusal (ECONNREFUSED for port unreachable), but no RST is involved.",
    effect: "connect() fails with ECONNREFUSED, EHOSTUNREACH, ENETUNREACH or EACCES by the ICMP code; it may take one SYN retry.",
    sources: &[rfc(1122, "4.2.3.9"), rfc(792, "Destination Unreachable"), kernel("net/ipv4/tcp_ipv4.c", "tcp_v4_err")],
    ending: EndingKind::FailedConnect,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[],
    rule: Rule { needs: &[&ICMP_UNREACHABLE], refuted_by: &[], supported_by: &[&SYN_UNANSWERED] },
    variants: &[],
    look_alikes: &[LookAlike::similar("syn-unanswered", "no ICMP error at all would come back")],
    advice: &[
        "the ICMP error's source address is the machine that refused: look at its routes and firewall",
        "port unreachable for TCP is always a firewall rule or a service without endpoints (Kubernetes, IPVS), never a closed port",
    ],
    zh: Words {
        title: "收到了 ICMP 差错：SYN 无法送达{server}",
        explanation: "没有路由的路由器、不存在该地址的主机，或用 ICMP 拒绝的防火墙，对这个 SYN 回了差错报文。在程序\
            看来与拒绝连接相似（端口不可达对应 ECONNREFUSED），但其中没有 RST。",
        effect: "connect() 按 ICMP 代码失败：ECONNREFUSED、EHOSTUNREACH、ENETUNREACH 或 EACCES；可能要先重传一次 SYN。",
        variants: &[],
        told_apart_by: &[("syn-unanswered", "根本不会有 ICMP 差错回来")],
        advice: &[
            "ICMP 差错的源地址就是拒绝的那台机器：查它的路由和防火墙",
            "TCP 的端口不可达一定是防火墙规则，或没有后端的服务（Kubernetes、IPVS），绝不是端口没监听",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::testing::judged;
    use crate::verdict::Confidence::Likely;

    #[test]
    fn an_icmp_error_about_the_syn_is_the_cause() {
        let text = "
            0.000 C > S S 0:0(0)
            0.001 icmp port-unreachable C > S
            1.000 C > S S 0:0(0)
            1.001 icmp port-unreachable C > S";
        judged(text).is("icmp-unreachable", Likely).without(&["syn-unanswered"]);
    }

    #[test]
    fn a_packet_too_big_is_no_refusal() {
        let text = "
            0.000 C > S S 0:0(0)
            0.001 icmp too-big C > S
            1.000 C > S S 0:0(0)";
        judged(text).is("syn-unanswered", Likely).without(&["icmp-unreachable"]);
    }
}
