//! `TCP_DEFER_ACCEPT`: the server waited for data, and forgot the request.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Source, Words, kernel};
use crate::ending::EndingKind;
use crate::evidence::closing::SENDER_HAD_CLOSED;
use crate::evidence::data::{SENDER_RECEIVED_DATA, SENDER_SENT_NOTHING};
use crate::evidence::form::{RST_IS_BARE, RST_IS_PASSIVE, TRIGGER_LACKS_ACK};
use crate::evidence::handshake::{SENDER_IS_SERVER, SYN_ACK_REPEATED};
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::evidence::refusal::{CLIENT_SILENT_AT_FIRST, SERVER_NEVER_TOOK_IT};
use crate::kernel::RstReason;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "defer-accept-expired",
    title: "TCP_DEFER_ACCEPT ran out on {server} before {client}'s first data",
    explanation: "With TCP_DEFER_ACCEPT {server} ignores the handshake's last ACK and waits for data before it makes a \
        connection. When none comes it repeats its SYN-ACK, and the ACK to that would be enough; when that ACK is lost \
        too, the half-open request is forgotten, and {client}'s first data meets the bare listener.",
    effect: "{client}: connect() and the first write succeed, recv() gives ECONNRESET; the request is lost. {server}'s \
        program never sees the connection.",
    sources: &[
        kernel("net/ipv4/tcp_minisocks.c", "tcp_check_req (rskq_defer_accept)"),
        kernel("net/ipv4/inet_connection_sock.c", "syn_ack_recalc"),
        Source::Other("tcp(7): TCP_DEFER_ACCEPT"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[KernelSign::reason(RstReason::TcpFlags)],
    rule: Rule {
        needs: &[&RST_IS_PASSIVE, &SYN_ACK_REPEATED, &SENDER_IS_SERVER, &SENDER_SENT_NOTHING],
        refuted_by: &[&SENDER_HAD_CLOSED, &SENDER_RECEIVED_DATA, &TRIGGER_LACKS_ACK, &RST_CONTRADICTS_SENDER],
        supported_by: &[&RST_IS_BARE, &SERVER_NEVER_TOOK_IT, &CLIENT_SILENT_AT_FIRST],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::identical(
            "accept-overflow-ghost",
            "ListenOverflows rises on {server}: its accept queue was full, and data was ignored like the ACK",
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
    ],
    advice: &[
        "on {server}: `nstat -az TcpExtTCPDeferAcceptDrop` rises; look for TCP_DEFER_ACCEPT, `deferred`, `accept_filter` in its configuration",
        "raise the value above the time that slow clients need for their first octet, or do without it",
        "do not use it for protocols in which the server speaks first",
    ],
    zh: Words {
        title: "在{client}的第一个数据到来之前，{server}上的 TCP_DEFER_ACCEPT 已经超时",
        explanation: "设置了 TCP_DEFER_ACCEPT 的{server}会忽略三次握手的最后一个 ACK，等数据到了才建立连接。如果一直\
            没有数据，它会重发 SYN-ACK，此时对它的 ACK 就足够了；如果这个 ACK 也丢了，半连接就被删除，{client}的第一\
            个数据只碰到监听套接字。",
        effect: "{client}：connect() 和第一次写都成功，recv() 得到 ECONNRESET；请求丢失。{server}上的程序根本看不到\
            这条连接。",
        variants: &[],
        told_apart_by: &[
            ("accept-overflow-ghost", "{server}上的 ListenOverflows 增长：全连接队列已满，数据与 ACK 一样被忽略"),
            ("half-open-listener", "{server}应是接受连接之后才丢失的：它会确认过数据或发过数据"),
            ("half-open-no-listener", "对该端口新建连接会被拒绝"),
            ("asymmetric-route", "路径上的防火墙丢弃{client}的 ACK 和数据：它们从未到达{server}"),
        ],
        advice: &[
            "在{server}上：`nstat -az TcpExtTCPDeferAcceptDrop` 增长；在配置里找 TCP_DEFER_ACCEPT、`deferred`、\
                `accept_filter`",
            "把它的值调到大于慢客户端发出第一个字节所需的时间，或者不用它",
            "服务端先说话的协议不要用它",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::kernel::RstReason;
    use crate::testing::{judged, judged_with};
    use crate::verdict::Confidence::Possible;

    const LATE: &str = "
        0.000 C > S S 0:0(0)
        +0.001 C < S SA 0:0(0) ack 1
        +0.0001 C > S A 1:1(0) ack 1
        1.010 C < S SA 0:0(0) ack 1
        +0.0001 C > S A 1:1(0) ack 1
        5.000 C > S PA 1:101(100) ack 1
        +0.0001 C < S R 1:1(0)";

    #[test]
    fn a_silent_client_whose_first_data_is_refused_after_a_second_syn_ack() {
        judged(LATE).is("defer-accept-expired", Possible).beside(&["accept-overflow-ghost"]);
        judged_with(LATE, RstReason::TcpFlags, &[]).is("defer-accept-expired", Possible);
    }

    #[test]
    fn data_before_the_second_syn_ack_would_have_been_enough() {
        let text = LATE.replace("1.010 C < S SA", "0.500 C > S PA 1:101(100) ack 1\n1.010 C < S SA");
        judged(&text).is("accept-overflow-ghost", Possible).beside(&["defer-accept-expired"]);
    }

    #[test]
    fn without_a_second_syn_ack_it_is_something_else() {
        let text = LATE.replace("1.010 C < S SA 0:0(0) ack 1", "");
        judged(&text).without(&["defer-accept-expired"]);
    }
}
