//! Too many closed sockets that the kernel still has to serve.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Source, Words, kernel};
use crate::ending::EndingKind;
use crate::evidence::closing::{FIN_UNACKNOWLEDGED, SENDER_HAD_CLOSED};
use crate::evidence::form::RST_IS_ACTIVE;
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::kernel::RstReason;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "out-of-orphans",
    title: "{sender} has too many orphaned sockets",
    explanation: "A socket that its program has closed and whose data or FIN is not acknowledged yet is an orphan: only \
        the kernel still cares for it. Above net.ipv4.tcp_max_orphans the kernel does not: close() sends the FIN and the \
        RST right behind it, and what was still queued is thrown away. Orphans that have to repeat themselves are ended \
        in the same way.",
    effect: "{receiver}: end of file or a truncated answer, then EPIPE. {sender}: close() succeeds; the kernel's log \
        says \"too many orphaned sockets\".",
    sources: &[
        kernel("net/ipv4/tcp.c", "__tcp_close (tcp_check_oom)"),
        kernel("net/ipv4/tcp_timer.c", "tcp_out_of_resources"),
        Source::Other("Documentation/networking/ip-sysctl.rst, tcp_max_orphans"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[KernelSign::reason(RstReason::TcpAbortOnMemory)],
    rule: Rule {
        needs: &[&RST_IS_ACTIVE, &SENDER_HAD_CLOSED, &FIN_UNACKNOWLEDGED],
        refuted_by: &[&RST_CONTRADICTS_SENDER],
        // That FIN and RST come in one go says the same of every program that shuts down and then aborts.
        supported_by: &[],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::identical(
            "fin-ack-not-captured",
            "a capture that misses nothing shows whether the FIN had been acknowledged: then a timer or the program ended it",
        ),
        LookAlike::identical(
            "close-unread",
            "{sender}'s program had shut down its sending and closed with data unread: TCPAbortOnClose counts it",
        ),
        LookAlike::identical("exit-unread", "the process on {sender} ended at that moment, with data unread"),
        LookAlike::identical(
            "linger-zero",
            "{sender}'s program had shut down its sending and aborted at once: TCPAbortOnData counts it",
        ),
    ],
    advice: &[
        "on {sender}: `nstat -az TcpExtTCPAbortOnMemory` rises, the kernel's log says \"too many orphaned sockets\"",
        "on {sender}: `ss -s` counts orphans; `sysctl net.ipv4.tcp_max_orphans` is the limit (64 kB of memory each)",
        "look for peers that stop acknowledging: many sockets to one network in FIN-WAIT-1 with a full Send-Q",
        "lower net.ipv4.tcp_orphan_retries, or leave less unsent data at close()",
    ],
    zh: Words {
        title: "{sender}上的孤儿套接字太多",
        explanation: "程序已经关闭、但数据或 FIN 还没有得到确认的套接字叫孤儿套接字：只剩内核在照看它。超过 \
            net.ipv4.tcp_max_orphans 之后，内核就不管了：close() 发出 FIN，紧跟着就是 RST，排队的数据全部丢弃。需要\
            重传的孤儿套接字也会这样被清理。",
        effect: "{receiver}：EOF 或被截断的应答，然后是 EPIPE。{sender}：close() 成功；内核日志写着 \"too many \
            orphaned sockets\"。",
        variants: &[],
        told_apart_by: &[
            ("fin-ack-not-captured", "没有遗漏的抓包能看出 FIN 是否已得到确认：如果是，则由定时器或程序结束了连接"),
            ("close-unread", "{sender}上的程序先前关闭了发送方向，又带着未读数据关闭：TCPAbortOnClose 会计数"),
            ("exit-unread", "{sender}上的进程在那一刻结束，且有未读数据"),
            ("linger-zero", "{sender}上的程序先前关闭了发送方向，随即中止：TCPAbortOnData 会计数"),
        ],
        advice: &[
            "在{sender}上：`nstat -az TcpExtTCPAbortOnMemory` 增长，内核日志写着 \"too many orphaned sockets\"",
            "在{sender}上：`ss -s` 统计孤儿套接字；`sysctl net.ipv4.tcp_max_orphans` 是上限（每个占 64 kB 内存）",
            "找那些不再确认数据的对端：许多套接字指向同一网段，处于 FIN-WAIT-1 且 Send-Q 积压",
            "调小 net.ipv4.tcp_orphan_retries，或者在 close() 之前少留未发送的数据",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::kernel::RstReason;
    use crate::testing::{judged, judged_with};
    use crate::verdict::Confidence::Possible;

    const AT_ONCE: &str = "
        0.000 C > S S 0:0(0)
        +0.001 C < S SA 0:0(0) ack 1
        +0.0001 C > S A 1:1(0) ack 1
        0.100 C < S FA 1:1(0) ack 1
        +0.00005 C < S RA 2:2(0) ack 1";

    #[test]
    fn fin_and_reset_in_one_go_may_be_a_lack_of_orphans() {
        judged(AT_ONCE).is("linger-zero", Possible).beside(&["out-of-orphans"]).without(&["fin-wait2-timer"]);
    }

    #[test]
    fn the_kernel_leaves_orphans_or_memory() {
        let judgement = judged_with(AT_ONCE, RstReason::TcpAbortOnMemory, &["__tcp_close"]);
        assert!(judgement.cause.is_some_and(|cause| cause.id == "out-of-orphans"), "{}", judgement.explained());
    }

    #[test]
    fn an_acknowledged_fin_is_no_orphan_s() {
        let text = AT_ONCE.replace("+0.00005", "+0.001 C > S A 1:1(0) ack 2\n+0.1");
        judged(&text).without(&["out-of-orphans"]);
    }

    #[test]
    fn without_a_fin_it_is_another_abort() {
        judged(&AT_ONCE.replace("0.100 C < S FA 1:1(0) ack 1", "").replace("RA 2:2", "RA 1:1"))
            .without(&["out-of-orphans"]);
    }
}
