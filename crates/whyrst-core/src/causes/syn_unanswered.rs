//! The silent host: nobody answers the SYN, not even with a RST.

use crate::cause::{Breadth, Cause, LookAlike, Rule, Severity, Source, Words, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::failed::{ICMP_UNREACHABLE, SYN_RETRIED, SYN_UNANSWERED};

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "syn-unanswered",
    title: "nothing came back from {server}: no SYN-ACK, no RST, no ICMP error",
    explanation: "The SYN or its answer was dropped on the way, the host is down or the address unused, or a firewall \
        drops instead of rejecting (Windows does so by default for closed ports: stealth mode). A closed port on a plain \
        host would have answered with RST.",
    effect: "connect() waits through all SYN retries (Linux: about 127 s) and fails with ETIMEDOUT, or ends with the \
        client's own timeout.",
    sources: &[
        rfc(6298, "2.1"),
        kernel("net/ipv4/tcp_timer.c", "tcp_retransmit_timer"),
        Source::Other("Microsoft KB 2586744 (stealth mode)"),
    ],
    ending: EndingKind::FailedConnect,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[],
    rule: Rule { needs: &[&SYN_UNANSWERED, &SYN_RETRIED], refuted_by: &[&ICMP_UNREACHABLE], supported_by: &[] },
    variants: &[],
    look_alikes: &[LookAlike::similar(
        "icmp-unreachable",
        "an ICMP error would come back; a capture filter of `tcp` hides it",
    )],
    advice: &[
        "capture on {server}: does the SYN arrive? if yes, its own firewall or a full listen queue drops it (`nstat -az TcpExtListenDrops`)",
        "if it does not arrive: `traceroute -T -p PORT` shows how far it gets; security groups, routes, a host that is down",
        "if a SYN-ACK leaves {server} but never comes back: asymmetric routing or a stateful filter",
    ],
    zh: Words {
        title: "{server}没有任何回应：没有 SYN-ACK，没有 RST，也没有 ICMP 差错",
        explanation: "SYN 或它的应答在路上被丢弃、主机宕机或地址没人用，或者防火墙丢弃而不是拒绝（Windows 默认对没监\
            听的端口就是这样：隐身模式）。普通主机上没监听的端口会回 RST。",
        effect: "connect() 等完所有 SYN 重传（Linux 约 127 s）后以 ETIMEDOUT 失败，或者先撞上客户端自己的超时。",
        variants: &[],
        told_apart_by: &[("icmp-unreachable", "会有 ICMP 差错回来；`tcp` 这样的抓包过滤条件会把它漏掉")],
        advice: &[
            "在{server}上抓包：SYN 到达了吗？如果到了，就是它自己的防火墙或已满的监听队列丢弃了它（\
                `nstat -az TcpExtListenDrops`）",
            "如果没到：`traceroute -T -p PORT` 能看到走到了哪一跳；查安全组、路由、主机是否宕机",
            "如果{server}发出了 SYN-ACK 却没有回来：来回路径不对称，或者有状态过滤",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::testing::{conversation, judged};
    use crate::verdict::Confidence::{Likely, Unexplained};

    #[test]
    fn a_syn_that_nobody_answers_is_told() {
        let text = "
            0.000 C > S S 0:0(0)
            1.000 C > S S 0:0(0)
            3.000 C > S S 0:0(0)";
        judged(text).is("syn-unanswered", Likely);
    }

    #[test]
    fn a_capture_that_ends_at_once_cannot_know() {
        judged("0.000 C > S S 0:0(0)").is("unexplained", Unexplained);
    }

    #[test]
    fn a_late_segment_of_the_connection_before_is_no_answer() {
        let text = "
            0.000 C > S S 0:0(0)
            0.001 C < S A 7000:7000(0) ack 9000
            1.000 C > S S 0:0(0)
            3.000 C > S S 0:0(0)";
        judged(text).is("syn-unanswered", Likely);
    }

    #[test]
    fn an_answer_is_an_answer() {
        let text = "
            0.000 C > S S 0:0(0)
            1.000 C > S S 0:0(0)
            1.010 C < S SA 0:0(0) ack 1
            1.011 C > S A 1:1(0) ack 1";
        assert!(conversation(text).endings().is_empty());
    }

    #[test]
    fn one_direction_alone_is_no_failed_connect() {
        let text = "
            0.000 C > S S 0:0(0)
            0.010 C > S A 1:1(0) ack 1
            0.020 C > S PA 1:101(100) ack 1";
        assert!(conversation(text).endings().is_empty());
    }
}
