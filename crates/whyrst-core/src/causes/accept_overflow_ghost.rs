//! The accept queue stayed full: the client believes in a connection that the server never took.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Source, Words, kernel};
use crate::ending::EndingKind;
use crate::evidence::closing::{RST_ANSWERS_DATA, SENDER_HAD_CLOSED};
use crate::evidence::data::{SENDER_RECEIVED_DATA, SENDER_SENT_NOTHING};
use crate::evidence::form::{RST_IS_BARE, RST_IS_PASSIVE, TRIGGER_LACKS_ACK};
use crate::evidence::handshake::{SENDER_IS_SERVER, SYN_ACK_REPEATED};
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::kernel::RstReason;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "accept-overflow-ghost",
    title: "the accept queue of {server} was full: it never took the connection",
    explanation: "{server}'s program accepts more slowly than clients connect. While its queue of finished handshakes is \
        full, Linux ignores the handshake's last ACK and all data, and sends its SYN-ACK again. {client} believes that it \
        is connected and repeats its request. After net.ipv4.tcp_synack_retries (a minute by default) {server} forgets the \
        half-open request, and the next repetition meets the bare listener: RST.",
    effect: "{client}: connect() and the first write succeed, recv() gives ECONNRESET much later; the request is lost. \
        {server}'s program never sees the connection.",
    sources: &[
        kernel("net/ipv4/tcp_minisocks.c", "tcp_check_req (listen_overflow)"),
        kernel("net/ipv4/inet_connection_sock.c", "reqsk_timer_handler"),
        Source::Other("listen(2), tcp(7): tcp_synack_retries"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[KernelSign::reason(RstReason::TcpFlags)],
    rule: Rule {
        needs: &[&RST_IS_PASSIVE, &SYN_ACK_REPEATED, &SENDER_IS_SERVER, &SENDER_SENT_NOTHING],
        refuted_by: &[&SENDER_HAD_CLOSED, &SENDER_RECEIVED_DATA, &TRIGGER_LACKS_ACK, &RST_CONTRADICTS_SENDER],
        supported_by: &[&RST_IS_BARE, &RST_ANSWERS_DATA],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::identical(
            "defer-accept-expired",
            "TCP_DEFER_ACCEPT is set on the listener and the first data came late: TCPDeferAcceptDrop rises on {server}",
        ),
        LookAlike::identical(
            "half-open-listener",
            "{server} would have taken the connection and lost it: it would have acknowledged data or sent some",
        ),
        LookAlike::identical("half-open-no-listener", "a new connect to the port would be refused"),
        LookAlike::identical(
            "asymmetric-route",
            "a firewall on the path drops {client}'s ACK and data: they never arrive at {server}",
        ),
        LookAlike::identical(
            "fw-reject-established",
            "a rule's counter on {sender} rises, OutRsts does not: a firewall there rejects the data",
        ),
        LookAlike::similar(
            "accept-overflow-abort",
            "with tcp_abort_on_overflow the RST would answer the last ACK at once",
        ),
    ],
    advice: &[
        "on {server}: `nstat -az TcpExtListenOverflows TcpExtListenDrops` rise; `ss -ltn` shows Recv-Q above Send-Q",
        "accept faster: is the program's accept loop blocked, or short of threads or file descriptors?",
        "raise the program's listen() backlog together with net.core.somaxconn",
        "give {client} a request timeout: a connect() that succeeded proves nothing of {server}'s program",
    ],
    zh: Words {
        title: "{server}的全连接队列已满：它从未真正接收这条连接",
        explanation: "{server}上的程序 accept() 的速度跟不上客户端建连的速度。全连接队列满时，Linux 会忽略三次握手的\
            最后一个 ACK 和随后的所有数据，并重发 SYN-ACK。{client}以为连接已经建立，不断重传请求。超过 \
            net.ipv4.tcp_synack_retries（默认约一分钟）后，{server}删除这个半连接，下一次重传只碰到监听套接字：于是\
            回 RST。",
        effect: "{client}：connect() 和第一次写都成功，很久以后 recv() 才得到 ECONNRESET；请求丢失。{server}上的程序\
            根本看不到这条连接。",
        variants: &[],
        told_apart_by: &[
            (
                "defer-accept-expired",
                "监听套接字设置了 TCP_DEFER_ACCEPT，而第一个数据来得太晚：{server}上的 \
                TCPDeferAcceptDrop 增长",
            ),
            ("half-open-listener", "{server}应是接受连接之后才丢失的：它会确认过数据或发过数据"),
            ("half-open-no-listener", "对该端口新建连接会被拒绝"),
            ("asymmetric-route", "路径上的防火墙丢弃{client}的 ACK 和数据：它们从未到达{server}"),
            ("fw-reject-established", "{sender}上某条规则的计数器增长而 OutRsts 不增长：是那里的防火墙拒绝了数据"),
            ("accept-overflow-abort", "设置了 tcp_abort_on_overflow 时，RST 会立即应答最后一个 ACK"),
        ],
        advice: &[
            "在{server}上：`nstat -az TcpExtListenOverflows TcpExtListenDrops` 增长；`ss -ltn` 中 Recv-Q 大于 Send-Q",
            "加快 accept()：accept 循环是否被阻塞，线程或文件描述符是否不够？",
            "同时调大程序 listen() 的 backlog 和 net.core.somaxconn",
            "给{client}设置请求超时：connect() 成功并不说明{server}上的程序在处理",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::kernel::RstReason;
    use crate::testing::{judged, judged_with};
    use crate::verdict::Confidence::Possible;

    const IGNORED: &str = "
        0.000 C > S S 0:0(0)
        +0.001 C < S SA 0:0(0) ack 1
        +0.0001 C > S A 1:1(0) ack 1
        +0.001 C > S PA 1:101(100) ack 1
        0.203 C > S PA 1:101(100) ack 1
        0.611 C > S PA 1:101(100) ack 1
        1.010 C < S SA 0:0(0) ack 1
        +0.0001 C > S A 101:101(0) ack 1
        1.443 C > S PA 1:101(100) ack 1
        3.107 C > S PA 1:101(100) ack 1
        +0.0001 C < S R 1:1(0)";

    #[test]
    fn a_syn_ack_after_the_handshake_shows_that_the_server_never_took_it() {
        judged(IGNORED).is("accept-overflow-ghost", Possible).beside(&["defer-accept-expired", "half-open-listener"]);
    }

    #[test]
    fn the_kernel_cannot_tell_an_overflow_from_a_connection_that_was_lost() {
        judged_with(IGNORED, RstReason::TcpFlags, &[]).is("accept-overflow-ghost", Possible);
        judged_with(IGNORED, RstReason::NoSocket, &[]).without(&["accept-overflow-ghost"]);
    }

    #[test]
    fn without_a_second_syn_ack_it_is_something_else() {
        let text = IGNORED.replace("1.010 C < S SA 0:0(0) ack 1", "").replace("+0.0001 C > S A 101:101(0) ack 1", "");
        judged(&text).without(&["accept-overflow-ghost"]);
    }

    #[test]
    fn a_server_that_acknowledged_data_had_taken_the_connection() {
        let text = IGNORED.replace("1.443 C > S PA 1:101(100) ack 1", "1.443 C < S A 1:1(0) ack 101");
        judged(&text).without(&["accept-overflow-ghost"]);
    }
}
