//! A closed socket in FIN-WAIT-2 is ended by a timer that sends a RST.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Source, Words, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::closing::{FIN_UNACKNOWLEDGED, RECEIVER_HAD_CLOSED, SENDER_HAD_CLOSED};
use crate::evidence::form::RST_IS_ACTIVE;
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::evidence::timing::FIN_WAIT2_LASTED;
use crate::kernel::RstReason;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "fin-wait2-timer",
    title: "{sender} had waited for {receiver}'s FIN until its FIN-WAIT-2 timer ran out",
    explanation: "{sender} had closed and its FIN was acknowledged, but {receiver} never closed in turn. Normally the end \
        of that wait is silent. Only a socket that still has its full state then (tcp_fin_timeout or TCP_LINGER2 above \
        60 s, and lowered in the meantime, or a socket that was busy at the wrong moment) sends a RST. It is rare.",
    effect: "{receiver}: it had read end of file; its next write fails with EPIPE. {sender}: nothing.",
    sources: &[
        rfc(1122, "4.2.2.20"),
        kernel("net/ipv4/tcp_timer.c", "tcp_keepalive_timer (TCP_FIN_WAIT2)"),
        kernel("net/ipv4/tcp.c", "__tcp_close (TCP_FIN_WAIT2)"),
        Source::Other("tcp(7): tcp_fin_timeout, TCP_LINGER2"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[KernelSign::through(RstReason::TcpState, "tcp_keepalive_timer")],
    rule: Rule {
        needs: &[&RST_IS_ACTIVE, &SENDER_HAD_CLOSED, &FIN_WAIT2_LASTED],
        refuted_by: &[&RECEIVER_HAD_CLOSED, &FIN_UNACKNOWLEDGED, &RST_CONTRADICTS_SENDER],
        supported_by: &[],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::identical(
            "linger-zero",
            "{sender}'s program had only shut down its sending and aborted later: TCPAbortOnData counts it",
        ),
        LookAlike::identical(
            "close-unread",
            "{sender}'s program had only shut down its sending and closed with data unread: TCPAbortOnClose counts it",
        ),
        LookAlike::identical("exit-unread", "the process on {sender} ended at that moment, with data unread"),
        LookAlike::identical(
            "linger2-negative",
            "TCP_LINGER2 below zero on {sender}: TCPAbortOnLinger counts it, and any time may have passed",
        ),
    ],
    advice: &[
        "let {receiver} close soon after end of file: when read() gives 0, nobody waits for it for long",
        "on {sender}: `sysctl net.ipv4.tcp_fin_timeout`; is it above 60, or was it changed while connections were closing?",
        "on {sender}: `ss -tan state fin-wait-2` lists what still waits",
    ],
    zh: Words {
        title: "{sender}一直在等{receiver}的 FIN，直到 FIN-WAIT-2 定时器到期",
        explanation: "{sender}已经关闭，它的 FIN 也得到了确认，但{receiver}一直没有关闭。通常这种等待会静默结束。只\
            有到那时仍保有完整套接字的情况（tcp_fin_timeout 或 TCP_LINGER2 大于 60 s 且期间又被调小，或套接字恰好正\
            忙）才会发 RST。这种情况很少见。",
        effect: "{receiver}：此前已读到 EOF；下一次写得到 EPIPE。{sender}：没有任何感知。",
        variants: &[],
        told_apart_by: &[
            ("linger-zero", "{sender}上的程序先前只关闭了发送方向，后来才中止：TCPAbortOnData 会计数"),
            ("close-unread", "{sender}上的程序先前只关闭了发送方向，后来带着未读数据关闭：TCPAbortOnClose 会计数"),
            ("exit-unread", "{sender}上的进程在那一刻结束，且有未读数据"),
            ("linger2-negative", "{sender}上 TCP_LINGER2 小于零：TCPAbortOnLinger 会计数，间隔可以是任意时长"),
        ],
        advice: &[
            "让{receiver}在读到 EOF 后尽快关闭：read() 返回 0 之后，对方不会等太久",
            "在{sender}上：`sysctl net.ipv4.tcp_fin_timeout` 是否大于 60，或者在连接关闭期间被改过？",
            "在{sender}上：`ss -tan state fin-wait-2` 列出还在等待的连接",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::kernel::RstReason;
    use crate::testing::{judged, judged_with};
    use crate::verdict::Confidence::{Certain, Possible};

    const RAN_OUT: &str = "
        0.000 C > S S 0:0(0)
        +0.001 C < S SA 0:0(0) ack 1
        +0.0001 C > S A 1:1(0) ack 1
        0.100 C < S FA 1:1(0) ack 1
        +0.001 C > S A 1:1(0) ack 2
        30.00 C < S RA 2:2(0) ack 1";

    #[test]
    fn an_abort_long_after_the_acknowledged_fin_may_be_the_timer_or_the_program() {
        judged(RAN_OUT).beside(&["fin-wait2-timer"]);
        assert_eq!(judged(RAN_OUT).confidence, Possible);
    }

    #[test]
    fn the_kernel_s_stack_makes_it_certain() {
        judged_with(RAN_OUT, RstReason::TcpState, &["tcp_keepalive_timer"]).is("fin-wait2-timer", Certain);
        judged_with(RAN_OUT, RstReason::TcpState, &["tcp_disconnect", "__tcp_close"]).without(&["fin-wait2-timer"]);
    }

    #[test]
    fn no_timer_is_that_short() {
        judged(&RAN_OUT.replace("30.00 C", "0.400 C")).without(&["fin-wait2-timer"]);
    }

    #[test]
    fn who_got_the_other_fin_waits_no_longer() {
        let text = RAN_OUT.replace("A 1:1(0) ack 2", "FA 1:1(0) ack 2").replace("RA 2:2(0) ack 1", "RA 2:2(0) ack 2");
        judged(&text).without(&["fin-wait2-timer"]);
    }
}
