//! `SO_LINGER {on, 0}`: a deliberate abort at `close()`.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Words, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::data::{SENDER_HAD_REPLIED, SENDER_RECEIVED_NOTHING};
use crate::evidence::form::RST_IS_ACTIVE;
use crate::evidence::handshake::HANDSHAKE_INCOMPLETE;
use crate::evidence::multipath::RST_IS_FASTCLOSE;
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::evidence::said::RST_SAYS_ABORTED;
use crate::kernel::RstReason;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "linger-zero",
    title: "{sender} aborted it on purpose: SO_LINGER with time 0, then close()",
    explanation: "With SO_LINGER on and time 0, close() throws the send queue away and sends RST instead of FIN. Load \
        generators, balancers, proxies and \"abort\" calls of Java, Go and Node do so, to avoid TIME_WAIT or to be rid of a peer.",
    effect: "{receiver}: ECONNRESET. {sender}: close() succeeds; what it had not yet delivered is lost.",
    sources: &[
        rfc(9293, "3.10.5"),
        kernel("net/ipv4/tcp.c", "__tcp_close (sock_flag(sk, SOCK_LINGER) && !sk->sk_lingertime)"),
        kernel("net/ipv4/tcp.c", "tcp_disconnect"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[KernelSign::through_without(RstReason::TcpState, "__tcp_close", "inet_child_forget")],
    rule: Rule {
        needs: &[&RST_IS_ACTIVE],
        refuted_by: &[&HANDSHAKE_INCOMPLETE, &RST_CONTRADICTS_SENDER, &RST_IS_FASTCLOSE],
        supported_by: &[&SENDER_RECEIVED_NOTHING, &SENDER_HAD_REPLIED, &RST_SAYS_ABORTED],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::identical(
            "close-unread",
            "data would have been unread: TCPAbortOnClose counts it on {sender}, TCPAbortOnData does not",
        ),
        LookAlike::identical("exit-unread", "the process on {sender} ended at that moment, with data unread"),
        LookAlike::identical(
            "rst-instead-of-fin",
            "{sender} ends every finished exchange so, after {receiver}'s FIN, as Windows services and browsers do",
        ),
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
        LookAlike::why(
            "idle-timeout-reset",
            "a load balancer or proxy resets after a round number of seconds of silence, on both sides",
        ),
        LookAlike::why("proxy-relays-reset", "{sender} is a proxy whose other side was reset at that moment"),
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
        LookAlike::identical(
            "disconnect-with-data",
            "{sender}'s FIN waits behind unsent data: {receiver}'s window was closed",
        ),
        LookAlike::similar("server-busy-close", "{server} would do it right after it accepted, before any answer"),
        LookAlike::identical("client-abort", "the client left in the middle of an answer: TCPAbortOnClose counts it"),
        LookAlike::why(
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
        LookAlike::similar(
            "mptcp-join-stripped",
            "the SYN joins an MPTCP connection and the SYN-ACK lacks MP_JOIN; MPTCP counters of {client}: MPJoinSynAckRx stays",
        ),
        LookAlike::similar(
            "mptcp-middlebox",
            "MPTCP options vanished from the middle of the connection; the middlebox may have taken the RST's option too",
        ),
    ],
    advice: &[
        "on {sender}: `strace -f -e trace=setsockopt,close -p PID` shows SO_LINGER {l_onoff=1, l_linger=0} before the close()",
        "on {sender}: `nstat -az TcpExtTCPAbortOnData` rises with each such close",
        "look in its configuration: reset on timeout, SO_LINGER, SetLinger(0), `option nolinger`, resetAndDestroy()",
        "do not use it against TIME_WAIT: let the client close first",
    ],
    zh: Words {
        title: "{sender}主动中止了连接：SO_LINGER 时间为 0，然后 close()",
        explanation: "SO_LINGER 打开且时间为 0 时，close() 丢弃发送队列，发 RST 而不是 FIN。压测工具、负载均衡、代理，\
            以及 Java、Go、Node 里的 \"abort\" 类调用会这样做，为的是避开 TIME_WAIT 或甩掉对端。",
        effect: "{receiver}：ECONNRESET。{sender}：close() 成功；尚未送达的数据丢失。",
        variants: &[],
        told_apart_by: &[
            ("close-unread", "应有未读数据：{sender}上的 TCPAbortOnClose 会计数，TCPAbortOnData 不会"),
            ("exit-unread", "{sender}上的进程在那一刻结束，且有未读数据"),
            (
                "rst-instead-of-fin",
                "{sender}总是在{receiver}的 FIN 之后这样结束完整的交互，Windows 服务和浏览器就是\
                如此",
            ),
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
            ("disconnect-with-data", "{sender}的 FIN 排在未发送的数据后面：{receiver}的窗口已关闭"),
            ("server-busy-close", "{server}会在接受后立即这样做，还没有任何应答"),
            ("client-abort", "客户端在应答中途离开：TCPAbortOnClose 会计数"),
            ("app-idle-timeout", "{sender}按自己的超时断开空闲连接：空闲时长等于某个配置值"),
            ("tls-alert", "紧挨在它前面有一个 TLS 致命告警"),
            ("protocol-mismatch", "两端说的协议不同：看各自的头几个字节"),
            ("stalled-transfer", "中间的数据一再丢失，直到{sender}不再等待"),
            ("retransmit-giveup", "{sender}的协议栈放弃了重传：Linux 会静默放弃，其他协议栈会发 RST"),
            (
                "mptcp-join-stripped",
                "SYN 要加入 MPTCP 连接，而 SYN-ACK 里没有 MP_JOIN；{client}的 MPTCP 计数器中 \
                MPJoinSynAckRx 不增长",
            ),
            ("mptcp-middlebox", "MPTCP 选项在连接中途消失；中间设备可能把 RST 的选项也删掉了"),
        ],
        advice: &[
            "在{sender}上：`strace -f -e trace=setsockopt,close -p PID` 能看到 close() 之前的 SO_LINGER {l_onoff=1, \
                l_linger=0}",
            "在{sender}上：每发生一次这样的关闭，`nstat -az TcpExtTCPAbortOnData` 就加一",
            "查它的配置：超时重置、SO_LINGER、SetLinger(0)、`option nolinger`、resetAndDestroy()",
            "不要用它对付 TIME_WAIT：让客户端先关闭即可",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::kernel::RstReason;
    use crate::testing::{judged, judged_with};
    use crate::verdict::Confidence::{Certain, Possible, Unexplained};
    use crate::verdict::Kind;

    const ABORTED: &str = "
        0.000 C > S S 0:0(0)
        +0.001 C < S SA 0:0(0) ack 1
        +0.0001 C > S A 1:1(0) ack 1
        1.000 C > S RA 1:1(0) ack 1";

    #[test]
    fn an_abort_without_any_data_may_be_one_of_several_deliberate_ones() {
        judged(ABORTED).is("linger-zero", Possible).beside(&["connect-unspec", "sock-destroy"]).without(&[
            "close-unread",
            "exit-unread",
            "listener-close-pending",
            "keepalive-timeout",
        ]);
    }

    #[test]
    fn only_the_call_stack_makes_it_certain() {
        let close = ["tcp_send_active_reset", "tcp_disconnect", "__tcp_close", "__x64_sys_close"];
        judged_with(ABORTED, RstReason::TcpState, &close).is("linger-zero", Certain).without(&["sock-destroy"]);
        judged_with(ABORTED, RstReason::TcpState, &[]).is("linger-zero", Possible).beside(&["sock-destroy"]);
        let listener = ["tcp_disconnect", "inet_child_forget", "inet_csk_listen_stop", "__tcp_close"];
        judged_with(ABORTED, RstReason::TcpState, &listener).is("unexplained", Unexplained);
        judged_with(ABORTED, RstReason::TcpState, &["tcp_abort", "tcp_diag_destroy"]).is("sock-destroy", Certain);
    }

    #[test]
    fn probes_without_an_answer_point_at_the_keepalive_timer() {
        let text = "
            0.000 C > S S 0:0(0)
            +0.001 C < S SA 0:0(0) ack 1
            +0.0001 C > S A 1:1(0) ack 1
            10.0 C > S A 0:0(0) ack 1
            20.0 C > S A 0:0(0) ack 1
            30.0 C > S A 0:0(0) ack 1
            40.0 C > S RA 1:1(0) ack 1";
        judged(text).is("keepalive-timeout", Possible).beside(&["linger-zero", "idle-timeout-reset"]);
    }

    #[test]
    fn an_abort_after_the_own_fin_may_be_a_timer_or_too_many_orphans() {
        let text = "
            0.000 C > S S 0:0(0)
            +0.001 C < S SA 0:0(0) ack 1
            +0.0001 C > S A 1:1(0) ack 1
            1.000 C > S FA 1:1(0) ack 1
            +0.00005 C > S RA 2:2(0) ack 1";
        judged(text)
            .is("linger-zero", Possible)
            .beside(&["out-of-orphans"])
            .without(&["linger2-negative", "fin-wait2-timer"]);
    }

    #[test]
    fn data_lost_before_the_capture_point_does_not_hide_the_abort() {
        let text = "
            0.000 C > S S 0:0(0)
            +0.001 C < S SA 0:0(0) ack 1
            +0.0001 C > S A 1:1(0) ack 1
            1.000 C > S RA 1001:1001(0) ack 1
            +0.0001 C < S A 1:1(0) ack 1
            +0.001 C > S R 1:1(0)";
        let judgement = judged(text);
        judgement.is("linger-zero", Possible);
        assert_eq!(judgement.kind, Kind::Active);
    }

    #[test]
    fn an_abort_before_the_handshake_is_not_a_close() {
        let text = "
            0.000 C > S S 0:0(0)
            0.500 C > S RA 1:1(0) ack 0";
        judged(text).without(&["linger-zero", "close-unread"]);
    }
}
