//! The process ended with unread data: the kernel closes its sockets as `close()` would.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Words, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::data::{LAST_DATA_WAS_FOR_SENDER, RST_ACKS_LESS_THAN_SENT, SENDER_RECEIVED_DATA};
use crate::evidence::form::RST_IS_ACTIVE;
use crate::evidence::handshake::HANDSHAKE_INCOMPLETE;
use crate::evidence::multipath::RST_IS_FASTCLOSE;
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::evidence::service::PORT_REFUSED_AFTER;
use crate::evidence::sockets::NOTHING_WAS_UNREAD;
use crate::kernel::RstReason;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "exit-unread",
    title: "the process on {sender} ended while data that it had received was still unread",
    explanation: "Exit, crash, SIGKILL, the OOM killer or a stopped container: the kernel closes the process's sockets \
        exactly as close() would, and unread data turns that into a RST. With nothing unread it is an ordinary FIN.",
    effect: "{receiver}: data that had arrived can still be read on Linux, then ECONNRESET once, then EPIPE on writing.",
    sources: &[
        rfc(1122, "4.2.2.13"),
        kernel("net/ipv4/tcp.c", "__tcp_close (data_was_unread)"),
        kernel("kernel/exit.c", "do_exit"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[KernelSign::through(RstReason::TcpAbortOnClose, "do_exit")],
    rule: Rule {
        needs: &[&RST_IS_ACTIVE, &SENDER_RECEIVED_DATA],
        refuted_by: &[&HANDSHAKE_INCOMPLETE, &RST_CONTRADICTS_SENDER, &RST_IS_FASTCLOSE, &NOTHING_WAS_UNREAD],
        supported_by: &[&LAST_DATA_WAS_FOR_SENDER, &RST_ACKS_LESS_THAN_SENT, &PORT_REFUSED_AFTER],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::identical(
            "close-unread",
            "the process on {sender} is still running and closed only this connection",
        ),
        LookAlike::identical("linger-zero", "`strace -e trace=setsockopt,close` on {sender} shows SO_LINGER {on, 0}"),
        LookAlike::identical("rst-instead-of-fin", "{receiver} would have closed first and nothing would be lost"),
        LookAlike::identical(
            "sock-destroy",
            "`ss -K` or an agent on {sender}: its program gets ECONNABORTED; the kernel's stack shows tcp_abort",
        ),
        LookAlike::identical(
            "connect-unspec",
            "`strace -e trace=connect` on {sender} shows connect() with AF_UNSPEC; no TCPAbort counter moves",
        ),
        LookAlike::identical(
            "listener-close-pending",
            "{server}'s listener ended at that moment, before accept(); OutRsts and EstabResets count it, no TCPAbort counter",
        ),
        LookAlike::similar(
            "idle-timeout-reset",
            "a load balancer or proxy resets after a round number of seconds of silence, on both sides",
        ),
        LookAlike::similar("proxy-relays-reset", "{sender} is a proxy whose other side was reset at that moment"),
        LookAlike::identical(
            "keepalive-timeout",
            "keepalive probes without an answer would come before it; TCPAbortOnTimeout counts it",
        ),
        LookAlike::similar("mptcp-fastclose", "the RST would carry MP_FASTCLOSE; MPFastcloseTx counts it"),
        LookAlike::identical(
            "out-of-orphans",
            "the RST follows the FIN within a millisecond; \"too many orphaned sockets\" in the log of {sender}",
        ),
        LookAlike::identical(
            "linger2-negative",
            "TCP_LINGER2 below zero on {sender}; TCPAbortOnLinger or TCPAbortOnData counts it",
        ),
        LookAlike::identical("fin-wait2-timer", "the RST follows the acknowledged FIN after tcp_fin_timeout"),
        LookAlike::why(
            "server-busy-close",
            "{server} accepts and closes at once: a connection limit or an allow-list, in its log",
        ),
        LookAlike::similar("proxy-upstream-down", "{server} is a proxy whose upstream refused at that moment"),
        LookAlike::identical("tls-ticket-unread", "a TLS 1.3 client that writes and ends without ever reading"),
        LookAlike::why(
            "client-abort",
            "the client left in the middle of an answer: navigated away, cancelled, `| head`",
        ),
        LookAlike::identical(
            "app-idle-timeout",
            "{sender} ends connections that are silent for its own timeout: the silence is a configured number",
        ),
        LookAlike::why("tls-alert", "a fatal TLS alert stands right before it"),
        LookAlike::why("protocol-mismatch", "the two ends speak different protocols: their first octets tell"),
        LookAlike::why(
            "stalled-transfer",
            "data in the middle was lost again and again until {sender} gave up waiting",
        ),
        LookAlike::identical(
            "retransmit-giveup",
            "{sender}'s stack gave up repeating its data: Linux does that silently, other stacks with RST",
        ),
    ],
    advice: &[
        "on {sender}: did the process end at that time? `journalctl`, exit status, `journalctl -k | grep -i -e oom -e segfault`",
        "in containers: `kubectl describe pod` or `docker inspect` for the last state and its reason",
        "let the service finish its connections on SIGTERM before it exits",
    ],
    zh: Words {
        title: "{sender}上的进程结束时，已收到的数据还没有读完",
        explanation: "退出、崩溃、SIGKILL、OOM killer 或容器被停止：内核关闭该进程的套接字，效果与 close() 完全一样，\
            有未读数据就会变成 RST。没有未读数据时就是普通的 FIN。",
        effect: "{receiver}：在 Linux 上，已到达的数据仍可读出，然后得到一次 ECONNRESET，再写则是 EPIPE。",
        variants: &[],
        told_apart_by: &[
            ("close-unread", "{sender}上的进程仍在运行，只关闭了这一条连接"),
            ("linger-zero", "在{sender}上 `strace -e trace=setsockopt,close` 能看到 SO_LINGER {on, 0}"),
            ("rst-instead-of-fin", "{receiver}会先关闭，且没有丢失数据"),
            ("sock-destroy", "{sender}上的 `ss -K` 或 agent：其程序得到 ECONNABORTED；内核调用栈里有 tcp_abort"),
            (
                "connect-unspec",
                "在{sender}上 `strace -e trace=connect` 能看到以 AF_UNSPEC 调用 connect()；TCPAbort \
                类计数器都不动",
            ),
            (
                "listener-close-pending",
                "{server}的监听套接字在那一刻、accept() 之前结束；OutRsts 和 EstabResets 会计\
                数，TCPAbort 类计数器都不会",
            ),
            ("idle-timeout-reset", "负载均衡或代理在空闲整数秒之后重置，且两侧都重置"),
            ("proxy-relays-reset", "{sender}是代理，它的另一侧在那一刻被重置"),
            ("keepalive-timeout", "在它之前会有得不到应答的保活探测；TCPAbortOnTimeout 会计数"),
            ("mptcp-fastclose", "RST 会带有 MP_FASTCLOSE；MPFastcloseTx 会计数"),
            ("out-of-orphans", "RST 在 FIN 之后一毫秒内到来；{sender}的日志里有 \"too many orphaned sockets\""),
            ("linger2-negative", "{sender}上 TCP_LINGER2 小于零；TCPAbortOnLinger 或 TCPAbortOnData 会计数"),
            ("fin-wait2-timer", "FIN 得到确认后再过 tcp_fin_timeout，RST 才来"),
            ("server-busy-close", "{server}接受后立即关闭：日志里会有连接数限制或白名单"),
            ("proxy-upstream-down", "{server}是代理，它的上游在那一刻拒绝了"),
            ("tls-ticket-unread", "TLS 1.3 客户端只写不读就退出"),
            ("client-abort", "客户端在应答中途离开：切走页面、取消、`| head`"),
            ("app-idle-timeout", "{sender}按自己的超时断开空闲连接：空闲时长等于某个配置值"),
            ("tls-alert", "紧挨在它前面有一个 TLS 致命告警"),
            ("protocol-mismatch", "两端说的协议不同：看各自的头几个字节"),
            ("stalled-transfer", "中间的数据一再丢失，直到{sender}不再等待"),
            ("retransmit-giveup", "{sender}的协议栈放弃了重传：Linux 会静默放弃，其他协议栈会发 RST"),
        ],
        advice: &[
            "在{sender}上：进程是不是在那时结束的？看 `journalctl`、退出码、\
                `journalctl -k | grep -i -e oom -e segfault`",
            "在容器环境：`kubectl describe pod` 或 `docker inspect` 看上一次的状态和原因",
            "让服务收到 SIGTERM 后先处理完现有连接再退出（优雅退出）",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::evidence::Answer;
    use crate::evidence::service::PORT_REFUSED_AFTER;
    use crate::kernel::RstReason;
    use crate::testing::{conversation, judged, judged_with};
    use crate::verdict::Confidence::{Certain, Possible};
    use crate::verdict::judge;

    const CRASHED: &str = "
        0.000 C:1 > S S 0:0(0)
        +0.001 C:1 < S SA 0:0(0) ack 1
        +0.0001 C:1 > S A 1:1(0) ack 1
        0.010 C:1 > S PA 1:101(100) ack 1
        +0.001 C:1 < S RA 1:1(0) ack 101";

    #[test]
    fn a_service_that_refuses_right_afterwards_probably_ended() {
        let text = std::format!("{CRASHED}\n0.5 C:2 > S S 0:0(0)\n+0.001 C:2 < S RA 0:0(0) ack 1");
        let ending = conversation(&text).endings().remove(0);
        judge(&ending).is("exit-unread", Possible).beside(&["close-unread", "linger-zero"]);
    }

    #[test]
    fn a_service_that_goes_on_accepting_did_not_end() {
        let text = std::format!("{CRASHED}\n0.5 C:2 > S S 0:0(0)\n+0.001 C:2 < S SA 0:0(0) ack 1");
        judged(&text).is("close-unread", Possible).beside(&["exit-unread"]);
    }

    #[test]
    fn the_call_stack_through_exit_makes_it_certain() {
        let stack = ["__tcp_close", "__fput", "task_work_run", "do_exit"];
        judged_with(CRASHED, RstReason::TcpAbortOnClose, &stack).is("exit-unread", Certain).without(&["close-unread"]);
    }

    #[test]
    fn what_the_service_does_says_nothing_of_the_client() {
        let text = "
            0.000 C:1 > S S 0:0(0)
            +0.001 C:1 < S SA 0:0(0) ack 1
            +0.0001 C:1 > S A 1:1(0) ack 1
            0.010 C:1 < S PA 1:101(100) ack 1
            +0.001 C:1 > S RA 1:1(0) ack 101
            0.5 C:2 > S S 0:0(0)
            +0.001 C:2 < S RA 0:0(0) ack 1";
        let ending = conversation(text).endings().remove(0);
        let judgement = judge(&ending);
        judgement.is("close-unread", Possible);
        assert_eq!((PORT_REFUSED_AFTER.ask)(&ending), Answer::Unknown);
    }
}
