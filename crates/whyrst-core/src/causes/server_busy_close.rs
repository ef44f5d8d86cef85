//! The server accepted the connection and closed it at once, with the request already in its queue.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Words, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::application::{CLOSED_BY_ITSELF, SERVER_LEFT_AT_ONCE};
use crate::evidence::data::SENDER_SENT_NOTHING;
use crate::evidence::handshake::{HANDSHAKE_INCOMPLETE, SENDER_IS_SERVER};
use crate::evidence::multipath::RST_IS_FASTCLOSE;
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::evidence::sockets::{LINGER2_WAS_NEGATIVE, SENDER_HELD_SOCKET};
use crate::kernel::RstReason;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "server-busy-close",
    title: "{server} accepted the connection and closed it at once, without an answer",
    explanation: "Connection limits (maxclients, MaxStartups, no free worker), allow-lists that are checked after accept() \
        and handlers that fail at their start close a connection that they have just accepted. If {client}'s first octets \
        were there already, the kernel sends RST because they are unread; if not, it sends FIN, and the octets are \
        answered by RST when they come. Later than at once it cannot be told from any close with unread data.",
    effect: "{client}: connect() succeeded; the first read gives ECONNRESET, or end of file and then EPIPE. {server}: no \
        error, perhaps a line in its log.",
    sources: &[
        rfc(1122, "4.2.2.13"),
        kernel("net/ipv4/tcp.c", "__tcp_close (data_was_unread)"),
        kernel("net/ipv4/tcp_minisocks.c", "tcp_timewait_state_process"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[
        KernelSign::reason(RstReason::TcpAbortOnClose),
        KernelSign::reason(RstReason::TcpTimewaitSocket),
        KernelSign::reason(RstReason::TcpAbortOnData),
    ],
    rule: Rule {
        needs: &[&SENDER_SENT_NOTHING, &SENDER_IS_SERVER, &CLOSED_BY_ITSELF],
        refuted_by: &[
            &HANDSHAKE_INCOMPLETE,
            &RST_CONTRADICTS_SENDER,
            &RST_IS_FASTCLOSE,
            &SENDER_HELD_SOCKET,
            &LINGER2_WAS_NEGATIVE,
        ],
        supported_by: &[&SERVER_LEFT_AT_ONCE],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::special_case(
            "linger2-negative",
            "TCP_LINGER2 is negative on {server}'s socket: the RST comes with the ACK of its FIN",
        ),
        LookAlike::special_case(
            "fin-wait2-expired",
            "the client went on only after tcp_fin_timeout: the RST is about that, not about the close",
        ),
        LookAlike::how("close-unread", "{server} would have read a part of the request before it closed"),
        LookAlike::how("exit-unread", "the process on {server} ended at that moment; new connects may be refused"),
        LookAlike::broader("data-after-close", "{server} would have closed later, and not without an answer"),
        LookAlike::similar("keepalive-race", "{server} would have answered an earlier request on this connection"),
        LookAlike::identical(
            "listener-close-pending",
            "the listener ended too: new connects are refused, and the kernel's reason is TCP_STATE",
        ),
        LookAlike::identical(
            "proxy-upstream-down",
            "{server} is a proxy: look whether its upstream answers at that moment",
        ),
        LookAlike::similar("linger-zero", "TCPAbortOnData counts it on {server}; it aborts later connections too"),
        LookAlike::similar("sock-destroy", "an agent on {server} removes it: its program gets ECONNABORTED"),
        LookAlike::similar(
            "protocol-mismatch",
            "{client} would speak another protocol than {server}: its first octets tell",
        ),
    ],
    advice: &[
        "read {server}'s log at that moment: a connection limit, an allow-list, a handler that failed",
        "on {server}: `nstat -az TcpExtTCPAbortOnClose` rises with each such close",
        "compare the number of connections with the limit: `ss -tn state established '( sport = :PORT )' | wc -l`",
        "let {server} write an error and read what is there before it closes, or refuse earlier: a shorter backlog, a firewall",
    ],
    zh: Words {
        title: "{server}接受连接后立即关闭，没有应答",
        explanation: "连接数限制（maxclients、MaxStartups、没有空闲 worker）、accept() 之后才检查的白名单、一启动就\
            失败的处理函数，都会把刚接受的连接关掉。如果{client}的头几个字节此时已到，因为未读，内核发 RST；如果还没\
            到，就发 FIN，等这些字节到了再回 RST。如果不是立即关闭，就与任何带着未读数据的关闭无法区分。",
        effect: "{client}：connect() 已成功；第一次读得到 ECONNRESET，或者先 EOF 再 EPIPE。{server}：没有错误，日志\
            里也许有一行。",
        variants: &[],
        told_apart_by: &[
            ("linger2-negative", "{server}的套接字上 TCP_LINGER2 为负：RST 随着对它 FIN 的 ACK 而来"),
            ("fin-wait2-expired", "客户端在 tcp_fin_timeout 之后才继续：RST 由此而来，与关闭本身无关"),
            ("close-unread", "{server}在关闭之前应已读过请求的一部分"),
            ("exit-unread", "{server}上的进程在那一刻结束；新建连接可能被拒绝"),
            ("data-after-close", "{server}会更晚关闭，且不会没有应答"),
            ("keepalive-race", "{server}在这条连接上应已应答过更早的请求"),
            ("listener-close-pending", "监听套接字也结束了：新建连接被拒绝，内核原因是 TCP_STATE"),
            ("proxy-upstream-down", "{server}是代理：看它的上游在那一刻有没有应答"),
            ("linger-zero", "{server}上的 TCPAbortOnData 会计数；它之后的连接也会这样中止"),
            ("sock-destroy", "{server}上的 agent 清除了它：其程序得到 ECONNABORTED"),
            ("protocol-mismatch", "{client}说的协议会与{server}的不同：看它的头几个字节"),
        ],
        advice: &[
            "看{server}当时的日志：连接数限制、白名单、失败的处理函数",
            "在{server}上：每发生一次这样的关闭，`nstat -az TcpExtTCPAbortOnClose` 就加一",
            "把连接数与限制对照：`ss -tn state established '( sport = :PORT )' | wc -l`",
            "让{server}先写回错误、读完已到的数据再关闭；或者更早拒绝：缩短 backlog、用防火墙",
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
        +0.020 C < S SA 0:0(0) ack 1
        +0.0001 C > S A 1:1(0) ack 1
        +0.0001 C > S PA 1:101(100) ack 1
        +0.0204 C < S RA 1:1(0) ack 101";

    #[test]
    fn a_server_that_leaves_within_microseconds_did_not_read() {
        judged(AT_ONCE).is("server-busy-close", Possible).beside(&[
            "close-unread",
            "proxy-upstream-down",
            "exit-unread",
        ]);
    }

    #[test]
    fn seen_at_the_server_it_is_the_same() {
        let text = AT_ONCE
            .replace("+0.020 C", "+0.0001 C")
            .replace("+0.0001 C > S A", "+0.020 C > S A")
            .replace("+0.0204", "+0.0004");
        judged(&text).is("server-busy-close", Possible);
    }

    #[test]
    fn a_server_that_took_its_time_may_have_read_a_part() {
        judged(&AT_ONCE.replace("+0.0204", "+1.0")).is("close-unread", Possible).beside(&["server-busy-close"]);
    }

    #[test]
    fn an_answer_excludes_it() {
        let text =
            AT_ONCE.replace("+0.0204 C < S RA 1:1(0)", "+0.0203 C < S PA 1:51(50) ack 101\n+0.0001 C < S RA 51:51(0)");
        judged(&text).without(&["server-busy-close"]);
    }

    #[test]
    fn a_fin_at_once_and_the_request_after_it() {
        let text = "
            0.000 C > S S 0:0(0)
            +0.020 C < S SA 0:0(0) ack 1
            +0.0001 C > S A 1:1(0) ack 1
            +0.0203 C < S FA 1:1(0) ack 1
            +0.040 C > S A 1:1(0) ack 2
            1.0 C > S PA 1:101(100) ack 2
            +0.020 C < S R 2:2(0)";
        judged(text).is("data-after-close", Likely).beside(&["server-busy-close"]);
        judged_with(text, RstReason::TcpTimewaitSocket, &[])
            .is("data-after-close", Certain)
            .beside(&["server-busy-close"]);
    }

    #[test]
    fn the_kernel_names_the_means_and_not_the_reason() {
        let close = ["tcp_send_active_reset", "__tcp_close", "__x64_sys_close"];
        judged_with(AT_ONCE, RstReason::TcpAbortOnClose, &close)
            .is("server-busy-close", Possible)
            .beside(&["close-unread"]);
        judged_with(&AT_ONCE.replace("+0.0204", "+1.0"), RstReason::TcpAbortOnClose, &close)
            .is("close-unread", Certain);
        judged_with(AT_ONCE, RstReason::TcpState, &["tcp_abort"]).without(&["server-busy-close"]);
    }
}
