//! `close()` while received data waits unread: the kernel aborts instead of sending FIN.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Words, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::closing::RST_AFTER_SHUTDOWN;
use crate::evidence::data::{LAST_DATA_WAS_FOR_SENDER, RST_ACKS_LESS_THAN_SENT, SENDER_RECEIVED_DATA};
use crate::evidence::form::RST_IS_ACTIVE;
use crate::evidence::handshake::HANDSHAKE_INCOMPLETE;
use crate::evidence::multipath::RST_IS_FASTCLOSE;
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::evidence::sockets::NOTHING_WAS_UNREAD;
use crate::kernel::RstReason;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "close-unread",
    title: "{sender} closed the socket while data that it had received was still unread",
    explanation: "When a program closes a socket with bytes left in its receive queue, the kernel sends RST instead of \
        FIN, to tell the other end that its data was not processed. One unread byte is enough. What the closing side \
        itself had not yet delivered is thrown away as well.",
    effect: "{receiver}: data that had arrived can still be read on Linux, then ECONNRESET once, then EPIPE on writing. \
        {sender}: close() succeeds, no error.",
    sources: &[rfc(1122, "4.2.2.13"), rfc(2525, "2.17"), kernel("net/ipv4/tcp.c", "__tcp_close (data_was_unread)")],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[KernelSign::not_through(RstReason::TcpAbortOnClose, "do_exit")],
    rule: Rule {
        needs: &[&RST_IS_ACTIVE, &SENDER_RECEIVED_DATA],
        refuted_by: &[&HANDSHAKE_INCOMPLETE, &RST_CONTRADICTS_SENDER, &RST_IS_FASTCLOSE, &NOTHING_WAS_UNREAD],
        // Who shuts down its sending first and closes then (as many servers do) has often not read all.
        supported_by: &[&LAST_DATA_WAS_FOR_SENDER, &RST_ACKS_LESS_THAN_SENT, &RST_AFTER_SHUTDOWN],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::identical(
            "exit-unread",
            "the process that held the socket ended at that moment: exit status, crash or OOM log; new connects may be refused",
        ),
        LookAlike::identical(
            "linger-zero",
            "`strace -e trace=setsockopt,close` on {sender} shows SO_LINGER {on, 0}; TCPAbortOnData counts it, TCPAbortOnClose does not",
        ),
        LookAlike::identical("rst-instead-of-fin", "{receiver} would have closed first and nothing would be lost"),
        LookAlike::similar("data-after-close", "{sender} would have sent FIN before, and the data would come after it"),
        LookAlike::why(
            "server-busy-close",
            "{server} accepts and closes at once: a connection limit or an allow-list, in its log",
        ),
        LookAlike::why("proxy-upstream-down", "{server} is a proxy whose upstream refused at that moment"),
        LookAlike::why("tls-ticket-unread", "a TLS 1.3 client that writes and closes without ever reading"),
        LookAlike::why(
            "client-abort",
            "the client left in the middle of an answer: navigated away, cancelled, `| head`",
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
        LookAlike::similar("disconnect-with-data", "{receiver}'s FIN and a closed window would come before it"),
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
        LookAlike::similar(
            "mptcp-middlebox",
            "MPTCP options vanished from the middle of the connection; the middlebox may have taken the RST's option too",
        ),
    ],
    advice: &[
        "on {sender}: `nstat -az TcpExtTCPAbortOnClose` rises with each such close",
        "let {sender} read until end of file before close(), or shutdown(SHUT_WR), read with a timeout, then close",
        "on early errors (413, failed login) read and drop a bounded amount of the request before closing",
        "check that both ends agree how long a message is: a length field, a Content-Length, a trailing newline left unread",
    ],
    zh: Words {
        title: "{sender}关闭套接字时，已收到的数据还没有读完",
        explanation: "程序关闭套接字时，只要接收缓冲区里还有未读数据，内核发的就是 RST 而不是 FIN，好让对端知道它的\
            数据没有被处理。哪怕只剩一个字节也是如此。关闭方自己还没送达的数据也一并丢弃。",
        effect: "{receiver}：在 Linux 上，已到达的数据仍可读出，然后得到一次 ECONNRESET，再写则是 EPIPE。{sender}：\
            close() 成功，没有错误。",
        variants: &[],
        told_apart_by: &[
            ("exit-unread", "持有套接字的进程在那一刻结束：看退出码、崩溃或 OOM 日志；新建连接可能被拒绝"),
            (
                "linger-zero",
                "在{sender}上 `strace -e trace=setsockopt,close` 能看到 SO_LINGER {on, 0}；\
                TCPAbortOnData 会计数，TCPAbortOnClose 不会",
            ),
            ("rst-instead-of-fin", "{receiver}会先关闭，且没有丢失数据"),
            ("data-after-close", "{sender}会先发 FIN，数据在其后才来"),
            ("server-busy-close", "{server}接受后立即关闭：日志里会有连接数限制或白名单"),
            ("proxy-upstream-down", "{server}是代理，它的上游在那一刻拒绝了"),
            ("tls-ticket-unread", "TLS 1.3 客户端只写不读就关闭"),
            ("client-abort", "客户端在应答中途离开：切走页面、取消、`| head`"),
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
            ("disconnect-with-data", "在它之前会有{receiver}的 FIN 和关闭的窗口"),
            ("app-idle-timeout", "{sender}按自己的超时断开空闲连接：空闲时长等于某个配置值"),
            ("tls-alert", "紧挨在它前面有一个 TLS 致命告警"),
            ("protocol-mismatch", "两端说的协议不同：看各自的头几个字节"),
            ("stalled-transfer", "中间的数据一再丢失，直到{sender}不再等待"),
            ("retransmit-giveup", "{sender}的协议栈放弃了重传：Linux 会静默放弃，其他协议栈会发 RST"),
            ("mptcp-middlebox", "MPTCP 选项在连接中途消失；中间设备可能把 RST 的选项也删掉了"),
        ],
        advice: &[
            "在{sender}上：每发生一次这样的关闭，`nstat -az TcpExtTCPAbortOnClose` 就加一",
            "让{sender}读到 EOF 再 close()；或者先 shutdown(SHUT_WR)，带超时地读完，再 close()",
            "提前报错时（413、登录失败），先读掉并丢弃请求中有限的一部分，再关闭",
            "核对两端对消息长度的理解是否一致：长度字段、Content-Length、末尾没读的换行符",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::kernel::RstReason;
    use crate::testing::{judged, judged_with};
    use crate::verdict::Confidence::{Certain, Possible};
    use crate::verdict::Kind;

    const CLOSED_UNREAD: &str = "
        0.000 C > S S 0:0(0)
        +0.001 C < S SA 0:0(0) ack 1
        +0.0001 C > S A 1:1(0) ack 1
        0.010 C > S PA 1:5001(5000) ack 1
        +0.001 C < S A 1:1(0) ack 5001
        1.000 C < S RA 1:1(0) ack 5001";

    #[test]
    fn packets_alone_cannot_tell_it_from_the_other_aborts() {
        judged(CLOSED_UNREAD).is("close-unread", Possible).beside(&[
            "linger-zero",
            "exit-unread",
            "sock-destroy",
            "connect-unspec",
            "server-busy-close",
        ]);
    }

    #[test]
    fn the_kernel_makes_it_certain() {
        let stack = ["tcp_send_active_reset", "__tcp_close", "tcp_close", "__x64_sys_close"];
        judged_with(CLOSED_UNREAD, RstReason::TcpAbortOnClose, &stack).is("close-unread", Certain).without(&[
            "linger-zero",
            "exit-unread",
            "sock-destroy",
        ]);
        judged_with(CLOSED_UNREAD, RstReason::TcpState, &["__tcp_close", "tcp_disconnect"]).is("linger-zero", Certain);
        judged_with(CLOSED_UNREAD, RstReason::TcpAbortOnClose, &[])
            .is("close-unread", Possible)
            .beside(&["exit-unread"]);
    }

    #[test]
    fn a_sender_that_never_received_data_cannot_have_left_it_unread() {
        let text = "
            0.000 C > S S 0:0(0)
            +0.001 C < S SA 0:0(0) ack 1
            +0.0001 C > S A 1:1(0) ack 1
            1.000 C < S RA 1:1(0) ack 1";
        judged(text).is("linger-zero", Possible).without(&["close-unread", "exit-unread"]);
    }

    #[test]
    fn data_that_was_still_on_its_way_was_not_unread() {
        let text = "
            0.000 C > S S 0:0(0)
            +0.001 C < S SA 0:0(0) ack 1
            +0.0001 C > S A 1:1(0) ack 1
            0.999 C > S PA 1:101(100) ack 1
            1.000 C < S RA 1:1(0) ack 1";
        judged(text).is("linger-zero", Possible).without(&["close-unread"]);
    }

    #[test]
    fn windows_aborts_with_window_zero_and_without_timestamps() {
        let text = "
            0.000 C > S S 0:0(0) ts none
            +0.001 C < S SA 0:0(0) ack 1 ts none id 500
            +0.0001 C > S A 1:1(0) ack 1
            0.010 C > S PA 1:101(100) ack 1
            +0.001 C < S A 1:1(0) ack 101 id 501
            1.000 C < S RA 1:1(0) ack 101 win 0 id 502";
        let judgement = judged(text);
        judgement.is("close-unread", Possible);
        assert_eq!(judgement.kind, Kind::Active);
    }

    #[test]
    fn a_capture_from_the_middle_still_shows_the_abort() {
        let text = "
            0.010 C > S PA 1:101(100) ack 1
            +0.001 C < S PA 1:51(50) ack 101
            +0.1 C > S PA 101:201(100) ack 51
            1.000 C < S RA 51:51(0) ack 201";
        judged(text).is("close-unread", Possible).beside(&["linger-zero"]);
    }

    #[test]
    fn only_the_receivers_direction_says_too_little() {
        let text = "
            0.000 C < S SA 0:0(0) ack 1
            1.000 C < S RA 1:1(0) ack 101";
        assert!(judged(text).confidence <= Possible);
    }
}
