//! `TCP_LINGER2` below zero: no FIN-WAIT-2.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Source, Words, kernel};
use crate::ending::EndingKind;
use crate::evidence::closing::{FIN_WAIT2_SKIPPED, RECEIVER_HAD_CLOSED, SENDER_HAD_CLOSED};
use crate::evidence::form::RST_IS_BARE;
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::evidence::sockets::LINGER2_WAS_NEGATIVE;
use crate::kernel::RstReason;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "linger2-negative",
    title: "TCP_LINGER2 is negative: {sender} does not wait for {receiver}'s FIN",
    explanation: "With TCP_LINGER2 below zero a closed socket never stays in FIN-WAIT-2. The moment its FIN is \
        acknowledged the connection is reset, or at close() when the FIN was acknowledged before (after shutdown). No \
        data is involved. It has nothing to do with SO_LINGER.",
    effect: "{receiver}: end of file, then EPIPE at the next write. {sender}: nothing.",
    sources: &[
        kernel("net/ipv4/tcp_input.c", "tcp_rcv_state_process (TCP_FIN_WAIT1, linger2)"),
        kernel("net/ipv4/tcp.c", "__tcp_close (TCP_FIN_WAIT2, linger2)"),
        Source::Other("tcp(7): TCP_LINGER2"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[KernelSign::reason(RstReason::TcpAbortOnLinger), KernelSign::reason(RstReason::TcpAbortOnData)],
    rule: Rule {
        needs: &[&FIN_WAIT2_SKIPPED, &LINGER2_WAS_NEGATIVE, &SENDER_HAD_CLOSED],
        refuted_by: &[&RECEIVER_HAD_CLOSED, &RST_CONTRADICTS_SENDER],
        // The needs again: that FIN-WAIT-2 was skipped is what no other cause explains.
        supported_by: &[&FIN_WAIT2_SKIPPED, &SENDER_HAD_CLOSED, &RST_IS_BARE],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::identical(
            "data-not-captured",
            "data came after {sender}'s FIN and was missed by the capture: then TCP_LINGER2 is as it should be",
        ),
        LookAlike::special_case(
            "server-busy-close",
            "{server} closes each such connection right after it accepts: its log names a limit or a list",
        ),
        LookAlike::identical(
            "linger-zero",
            "{sender}'s program had only shut down its sending and aborted later, with SO_LINGER 0",
        ),
        LookAlike::identical(
            "close-unread",
            "{sender}'s program had only shut down its sending and closed with data unread: TCPAbortOnClose counts it",
        ),
        LookAlike::identical("exit-unread", "the process on {sender} ended at that moment, with data unread"),
        LookAlike::identical(
            "fin-wait2-timer",
            "the RST would come a whole number of seconds after the acknowledged FIN",
        ),
        LookAlike::identical(
            "forgotten-at-fin",
            "{sender} would be no Linux host but a small stack, a balancer or a firewall in its place: look at its other connections",
        ),
    ],
    advice: &[
        "on {sender}: `strace -f -e trace=setsockopt -p PID` shows TCP_LINGER2 with a value below zero",
        "on {sender}: `nstat -az TcpExtTCPAbortOnLinger TcpExtTCPAbortOnData` rise with each such close",
        "use a small positive TCP_LINGER2, or lower net.ipv4.tcp_fin_timeout, to shorten FIN-WAIT-2",
    ],
    zh: Words {
        title: "TCP_LINGER2 为负值：{sender}不等{receiver}的 FIN",
        explanation: "TCP_LINGER2 小于零时，已关闭的套接字不会停留在 FIN-WAIT-2。FIN 一得到确认连接就被重置；如果 \
            FIN 在此之前（shutdown 之后）已得到确认，则在 close() 时重置。不涉及数据，与 SO_LINGER 无关。",
        effect: "{receiver}：先读到 EOF，下一次写得到 EPIPE。{sender}：没有任何感知。",
        variants: &[],
        told_apart_by: &[
            ("data-not-captured", "{sender}的 FIN 之后来过数据而抓包漏掉了：那么 TCP_LINGER2 没有问题"),
            ("server-busy-close", "{server}接受每条这样的连接后都立即关闭：日志里会有限制或白名单"),
            ("linger-zero", "{sender}上的程序先前只关闭了发送方向，后来用 SO_LINGER 0 中止"),
            ("close-unread", "{sender}上的程序先前只关闭了发送方向，后来带着未读数据关闭：TCPAbortOnClose 会计数"),
            ("exit-unread", "{sender}上的进程在那一刻结束，且有未读数据"),
            ("fin-wait2-timer", "RST 会在 FIN 得到确认之后整数秒到来"),
            (
                "forgotten-at-fin",
                "{sender}不会是 Linux 主机，而是精简协议栈，或者代它应答的负载均衡、防火墙：看它的\
                其他连接",
            ),
        ],
        advice: &[
            "在{sender}上：`strace -f -e trace=setsockopt -p PID` 能看到 TCP_LINGER2 被设为负值",
            "在{sender}上：每发生一次这样的关闭，`nstat -az TcpExtTCPAbortOnLinger TcpExtTCPAbortOnData` 就增长",
            "想缩短 FIN-WAIT-2，用较小的正数 TCP_LINGER2，或调小 net.ipv4.tcp_fin_timeout",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::kernel::RstReason;
    use crate::testing::{judged, judged_with};
    use crate::verdict::Confidence::{Certain, Likely, Possible};

    const AT_ONCE: &str = "
        0.000 C > S S 0:0(0)
        +0.001 C < S SA 0:0(0) ack 1
        +0.0001 C > S A 1:1(0) ack 1
        0.100 C < S FA 1:1(0) ack 1
        +0.001 C > S A 1:1(0) ack 2
        +0.0001 C < S R 2:2(0)";

    const AT_CLOSE: &str = "
        0.000 C > S S 0:0(0)
        +0.001 C < S SA 0:0(0) ack 1
        +0.0001 C > S A 1:1(0) ack 1
        0.100 C < S FA 1:1(0) ack 1
        +0.001 C > S A 1:1(0) ack 2
        0.300 C < S RA 2:2(0) ack 1";

    #[test]
    fn the_acknowledgment_of_the_fin_is_answered_by_a_reset() {
        judged(AT_ONCE).is("linger2-negative", Possible).beside(&["forgotten-at-fin"]);
    }

    #[test]
    fn at_close_after_shutdown_the_kernel_tells() {
        judged(AT_CLOSE).beside(&["linger2-negative"]);
        judged_with(AT_CLOSE, RstReason::TcpAbortOnLinger, &["__tcp_close"]).is("linger2-negative", Certain);
    }

    #[test]
    fn the_kernel_s_reason_for_data_says_it_where_there_is_no_data() {
        judged_with(AT_ONCE, RstReason::TcpAbortOnData, &[])
            .is("linger2-negative", Possible)
            .beside(&["data-not-captured"]);
    }

    #[test]
    fn a_later_ack_meets_a_forgotten_connection() {
        let text = AT_ONCE.replace("+0.0001 C < S R 2:2(0)", "70.00 C > S A 0:0(0) ack 2\n+0.0001 C < S R 2:2(0)");
        judged(&text).is("fin-wait2-expired", Likely).without(&["linger2-negative"]);
    }

    #[test]
    fn data_after_the_fin_is_another_cause() {
        let text = AT_ONCE.replace("A 1:1(0) ack 2", "PA 1:101(100) ack 2");
        judged(&text).without(&["linger2-negative"]);
    }
}
