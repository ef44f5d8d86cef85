//! The listener ended while a finished handshake still waited to be accepted.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Words, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::data::SENDER_SENT_NOTHING;
use crate::evidence::form::RST_IS_ACTIVE;
use crate::evidence::handshake::{HANDSHAKE_INCOMPLETE, SENDER_IS_SERVER};
use crate::evidence::multipath::RST_IS_FASTCLOSE;
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::evidence::service::PORT_REFUSED_AFTER;
use crate::kernel::RstReason;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "listener-close-pending",
    title: "{server}'s listener was closed before it accepted the connection",
    explanation: "The kernel completes handshakes by itself and queues the connections until the program accepts them. \
        When the listening socket is closed, shut down or dies with its process, everything in that queue is aborted, \
        data that was already acknowledged included. Every restart of a busy service does so; with SO_REUSEPORT every \
        worker that ends has a queue of its own.",
    effect: "{client}: connect() had succeeded, then ECONNRESET; its request is lost. {server}'s program never saw it.",
    sources: &[
        rfc(9293, "3.10.4"),
        kernel("net/ipv4/inet_connection_sock.c", "inet_csk_listen_stop"),
        kernel("net/ipv4/inet_connection_sock.c", "inet_child_forget"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[KernelSign::through(RstReason::TcpState, "inet_child_forget")],
    rule: Rule {
        needs: &[&RST_IS_ACTIVE, &SENDER_IS_SERVER, &SENDER_SENT_NOTHING],
        refuted_by: &[&HANDSHAKE_INCOMPLETE, &RST_CONTRADICTS_SENDER, &RST_IS_FASTCLOSE],
        supported_by: &[&PORT_REFUSED_AFTER],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::identical(
            "close-unread",
            "{server} had accepted the connection and closed it with data unread: TCPAbortOnClose counts it",
        ),
        LookAlike::identical("exit-unread", "{server}'s process had accepted the connection when it ended"),
        LookAlike::identical("linger-zero", "{server} had accepted the connection; TCPAbortOnData counts it"),
        LookAlike::identical(
            "server-busy-close",
            "{server} accepts and closes at once: a connection limit or an allow-list, in its log",
        ),
        LookAlike::identical("proxy-upstream-down", "{server} is a proxy whose upstream refused at that moment"),
        LookAlike::identical(
            "sock-destroy",
            "`ss -K` or an agent on {sender}; only this connection ends, and the port goes on accepting",
        ),
        LookAlike::identical(
            "connect-unspec",
            "`strace -e trace=connect` on {sender} shows connect() with AF_UNSPEC; no TCPAbort counter moves",
        ),
        LookAlike::similar(
            "listener-close-half-open",
            "a bare RST would answer the handshake's last ACK: the connection was not even in the queue",
        ),
    ],
    advice: &[
        "did {server}'s service restart, reload or scale down at that time? several clients would be reset in one millisecond",
        "before closing a listener, accept until EAGAIN and serve or refuse those connections in order",
        "hand the listening descriptor to the new process (socket activation, SCM_RIGHTS) instead of closing it",
        "with SO_REUSEPORT: `sysctl net.ipv4.tcp_migrate_req=1` moves waiting connections to another worker",
    ],
    zh: Words {
        title: "{server}还没有 accept() 这条连接，监听套接字就被关闭了",
        explanation: "内核自己完成握手，把连接放进全连接队列，等程序 accept()。监听套接字被关闭、被 shutdown，或随进\
            程消失时，队列里的连接全部被中止，包括已经确认过的数据。繁忙的服务每次重启都会这样；使用 SO_REUSEPORT 时，\
            每个退出的 worker 都有自己的队列。",
        effect: "{client}：connect() 已经成功，随后 ECONNRESET；请求丢失。{server}上的程序根本看不到它。",
        variants: &[],
        told_apart_by: &[
            ("close-unread", "{server}已接受连接，并带着未读数据关闭：TCPAbortOnClose 会计数"),
            ("exit-unread", "{server}的进程结束时已经接受了这条连接"),
            ("linger-zero", "{server}已接受连接；TCPAbortOnData 会计数"),
            ("server-busy-close", "{server}接受后立即关闭：日志里会有连接数限制或白名单"),
            ("proxy-upstream-down", "{server}是代理，它的上游在那一刻拒绝了"),
            ("sock-destroy", "{sender}上的 `ss -K` 或 agent；只有这条连接结束，端口仍继续接受连接"),
            (
                "connect-unspec",
                "在{sender}上 `strace -e trace=connect` 能看到以 AF_UNSPEC 调用 connect()；TCPAbort \
                类计数器都不动",
            ),
            ("listener-close-half-open", "应是裸 RST 应答三次握手的最后一个 ACK：连接连队列都还没进"),
        ],
        advice: &[
            "{server}的服务当时是否重启、重载或缩容？如果是，会有多个客户端在同一毫秒内被重置",
            "关闭监听之前，先 accept() 到 EAGAIN，把这些连接正常处理或有序拒绝",
            "把监听描述符交给新进程（socket activation、SCM_RIGHTS），而不是关闭它",
            "使用 SO_REUSEPORT 时：`sysctl net.ipv4.tcp_migrate_req=1` 会把排队的连接迁移给另一个 worker",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::kernel::RstReason;
    use crate::testing::{judged, judged_with};
    use crate::verdict::Confidence::{Certain, Possible};

    const WAITING: &str = "
        0.000 C > S S 0:0(0)
        +0.001 C < S SA 0:0(0) ack 1
        +0.0001 C > S A 1:1(0) ack 1
        0.010 C > S PA 1:101(100) ack 1
        +0.001 C < S A 1:1(0) ack 101
        1.000 C < S RA 1:1(0) ack 101";
    const STACK: [&str; 4] = ["tcp_disconnect", "inet_child_forget", "inet_csk_listen_stop", "__tcp_close"];

    #[test]
    fn it_looks_like_every_abort_of_a_server_that_never_answered() {
        judged(WAITING).is("close-unread", Possible).beside(&["listener-close-pending"]);
    }

    #[test]
    fn the_call_stack_makes_it_certain() {
        judged_with(WAITING, RstReason::TcpState, &STACK)
            .is("listener-close-pending", Certain)
            .without(&["linger-zero", "sock-destroy"]);
    }

    #[test]
    fn a_server_that_answered_had_accepted() {
        let text = WAITING.replace("+0.001 C < S A 1:1(0) ack 101", "+0.001 C < S PA 1:11(10) ack 101");
        judged(&text.replace("RA 1:1(0)", "RA 11:11(0)")).without(&["listener-close-pending"]);
    }

    #[test]
    fn a_client_has_no_listener() {
        let text = WAITING.replace("1.000 C < S RA 1:1(0) ack 101", "1.000 C > S RA 101:101(0) ack 1");
        judged_with(&text, RstReason::TcpState, &STACK).without(&["listener-close-pending"]);
    }
}
