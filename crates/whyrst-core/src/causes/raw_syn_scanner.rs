//! The SYN came from a raw socket: the sender's own kernel knows nothing of it.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Words, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::form::{RST_ANSWERS_SYN_ACK, RST_IS_BARE};
use crate::evidence::handshake::{SYN_IS_BARE, SYN_RETRIED_BY_TIMER, SYN_SEEN};
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::evidence::refusal::SYN_ACK_ACKS_WRONG;
use crate::evidence::sockets::SENDER_HAD_SOCKET;
use crate::kernel::RstReason;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "raw-syn-scanner",
    title: "the SYN was sent from a raw socket, by a scanner or a health check, and the client's kernel knew nothing of it",
    explanation: "nmap -sS, hping, scapy, load balancers' half-open checks: a program writes the SYN itself. When the \
        SYN-ACK comes, the kernel of that host finds no socket and resets it. The port is open; the check succeeded.",
    effect: "no program sees an error. Server: accept() never returns this connection.",
    sources: &[rfc(9293, "3.10.7.1"), kernel("net/ipv4/tcp_ipv4.c", "tcp_v4_send_reset")],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Scan,
    kernel_reasons: &[KernelSign::reason(RstReason::NoSocket)],
    rule: Rule {
        needs: &[&RST_ANSWERS_SYN_ACK, &SYN_SEEN],
        refuted_by: &[&SYN_RETRIED_BY_TIMER, &SYN_ACK_ACKS_WRONG, &RST_CONTRADICTS_SENDER, &SENDER_HAD_SOCKET],
        supported_by: &[&SYN_IS_BARE, &RST_IS_BARE],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::similar(
            "connect-abandoned",
            "its SYN would carry the options of an ordinary connect(), and the SYN-ACK would be late",
        ),
        LookAlike::identical("fw-reject-synack", "the client would send its SYN again: it still waits for an answer"),
        LookAlike::identical("backscatter-synack", "the client would never have sent the SYN"),
    ],
    advice: &[
        "nothing is broken; find out whether {client} is your own monitoring or load balancer",
        "if it is a stranger: many ports or hosts in a short time make it a scan; rate-limit or block it",
        "in a health check use a full connect() and an orderly close, so that it does not look like a fault",
    ],
    zh: Words {
        title: "这个 SYN 是从原始套接字发出的，来自扫描器或健康检查，客户端的内核并不知情",
        explanation: "nmap -sS、hping、scapy、负载均衡的半开检查：由程序自己构造 SYN。SYN-ACK 到达时，那台主机的内核\
            找不到套接字，便回 RST。端口是开的，检查是成功的。",
        effect: "没有程序看到错误。服务端：accept() 永远不会返回这条连接。",
        variants: &[],
        told_apart_by: &[
            ("connect-abandoned", "它的 SYN 会带有普通 connect() 的选项，且 SYN-ACK 会来得晚"),
            ("fw-reject-synack", "客户端会重发 SYN：它还在等应答"),
            ("backscatter-synack", "客户端根本没有发过这个 SYN"),
        ],
        advice: &[
            "没有东西坏掉；确认{client}是不是自己的监控或负载均衡",
            "如果是陌生人：短时间内探测许多端口或主机就是扫描；对它限速或封禁",
            "健康检查请用完整的 connect() 并正常关闭，免得看起来像故障",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::testing::judged;
    use crate::verdict::Confidence::{Likely, Possible};

    #[test]
    fn a_bare_syn_whose_answer_is_reset_at_once_is_a_scan() {
        let text = "
            0.000 C > S S 0:0(0) opts mss win 1024 ttl 48
            0.001 C < S SA 0:0(0) ack 1
            +0.00002 C > S R 1:1(0) ttl 48";
        judged(text).is("raw-syn-scanner", Likely).beside(&["connect-abandoned"]);
    }

    #[test]
    fn a_bare_syn_with_a_late_answer_may_be_either() {
        let text = "
            0.000 C > S S 0:0(0) opts mss
            0.200 C < S SA 0:0(0) ack 1
            +0.00002 C > S R 1:1(0)";
        judged(text).is("raw-syn-scanner", Possible).beside(&["connect-abandoned"]);
    }

    #[test]
    fn a_crafted_hop_count_of_the_syn_makes_it_less_sure() {
        let text = "
            0.000 C > S S 0:0(0) opts none ttl 37
            0.001 C < S SA 0:0(0) ack 1
            +0.00002 C > S R 1:1(0) ttl 64";
        judged(text).is("raw-syn-scanner", Possible);
    }
}
