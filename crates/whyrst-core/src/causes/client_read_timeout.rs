//! The client gave up waiting for the answer and closed; the answer came late.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Words, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::closing::{REQUEST_UNANSWERED, RST_ANSWERS_DATA, SENDER_HAD_CLOSED, WAITED_FOR_ANSWER};
use crate::evidence::form::RST_IS_BARE;
use crate::evidence::handshake::SENDER_IS_CLIENT;
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::kernel::RstReason;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "client-read-timeout",
    title: "{client} had closed before the answer to its request came: it gave up waiting",
    explanation: "{client} sent a request, waited for as long as its read timeout (SO_RCVTIMEO, a deadline, a user who \
        cancels) allows, and closed. {server}'s answer arrived at a socket that was closed already, and {client}'s kernel \
        refused it. Proxies log such requests as closed by the client.",
    effect: "{client}: EAGAIN or its own timeout, no reset. {server}: the first write succeeds, the next fails with EPIPE \
        and SIGPIPE; the answer is lost.",
    sources: &[
        rfc(9293, "3.10.7.4"),
        rfc(1122, "4.2.2.13"),
        kernel("net/ipv4/tcp_minisocks.c", "tcp_timewait_state_process"),
        kernel("net/ipv4/tcp_input.c", "tcp_rcv_state_process"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[KernelSign::reason(RstReason::TcpTimewaitSocket), KernelSign::reason(RstReason::TcpAbortOnData)],
    rule: Rule {
        needs: &[&SENDER_HAD_CLOSED, &RST_ANSWERS_DATA, &SENDER_IS_CLIENT, &REQUEST_UNANSWERED, &WAITED_FOR_ANSWER],
        refuted_by: &[&RST_CONTRADICTS_SENDER],
        supported_by: &[&RST_IS_BARE],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::broader(
            "data-after-close",
            "{client} would not have waited for an answer: it closes after every message, and {server} writes all the same",
        ),
        LookAlike::identical(
            "shutdown-rdwr-data",
            "`strace -e trace=shutdown,close` on {sender} shows shutdown(SHUT_RDWR), and its program still holds the socket",
        ),
        LookAlike::similar(
            "client-abort",
            "part of the answer would have arrived before, and the reset would have no FIN before it",
        ),
        LookAlike::similar("fin-wait2-expired", "the data came more than tcp_fin_timeout (60 s) after the FIN"),
    ],
    advice: &[
        "compare the time between the request and {client}'s FIN with its configured timeouts: a round number is one",
        "set {client}'s timeout above the slowest answer that is still useful, or make {server} answer sooner",
        "let {server} stop working for a client that has gone: poll() tells it as POLLRDHUP",
        "ignore SIGPIPE (or use MSG_NOSIGNAL) in {server}, so that it survives to see EPIPE",
    ],
    zh: Words {
        title: "{client}在请求的应答到达之前就已关闭：它等不下去了",
        explanation: "{client}发出请求，等到读超时（SO_RCVTIMEO、deadline、用户取消）为止，然后关闭了连接。{server}\
            的应答到达时套接字已经关闭，{client}的内核便拒绝了它。代理会把这种请求记为客户端主动断开。",
        effect: "{client}：得到 EAGAIN 或自己的超时错误，没有 reset。{server}：第一次写成功，下一次写得到 EPIPE 和 \
            SIGPIPE；应答丢失。",
        variants: &[],
        told_apart_by: &[
            ("data-after-close", "{client}不会等待应答：它每发完一条消息就关闭，而{server}照样写"),
            (
                "shutdown-rdwr-data",
                "在{sender}上 `strace -e trace=shutdown,close` 能看到 shutdown(SHUT_RDWR)，且其程\
                序仍持有套接字",
            ),
            ("client-abort", "应答应已到达一部分，且 RST 之前没有 FIN"),
            ("fin-wait2-expired", "数据在 FIN 之后超过 tcp_fin_timeout（60 s）才来"),
        ],
        advice: &[
            "把请求到{client}发 FIN 之间的时间与它配置的超时对照：整数秒多半就是超时",
            "把{client}的超时调到仍有意义的最慢应答之上，或者让{server}更快应答",
            "让{server}不再为已离开的客户端干活：poll() 会以 POLLRDHUP 告知",
            "{server}上忽略 SIGPIPE（或用 MSG_NOSIGNAL），这样进程能活下来看到 EPIPE",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::kernel::RstReason;
    use crate::testing::{judged, judged_with};
    use crate::verdict::Confidence::{Likely, Possible};

    const LATE: &str = "
        0.000 C > S S 0:0(0)
        +0.001 C < S SA 0:0(0) ack 1
        +0.0001 C > S A 1:1(0) ack 1
        0.010 C > S PA 1:101(100) ack 1
        +0.001 C < S A 1:1(0) ack 101
        30.010 C > S FA 101:101(0) ack 1
        +0.040 C < S A 1:1(0) ack 102
        31.000 C < S PA 1:1001(1000) ack 102
        +0.0001 C > S R 102:102(0)";

    #[test]
    fn an_answer_after_the_client_closed_came_too_late() {
        judged(LATE).is("client-read-timeout", Possible).beside(&["data-after-close", "shutdown-rdwr-data"]);
    }

    #[test]
    fn the_kernel_tells_how_it_was_closed_but_not_why() {
        judged_with(LATE, RstReason::TcpTimewaitSocket, &[])
            .is("client-read-timeout", Possible)
            .beside(&["data-after-close"])
            .without(&["shutdown-rdwr-data"]);
    }

    #[test]
    fn a_client_that_had_its_answer_did_not_give_up() {
        let text = LATE
            .replace("A 1:1(0) ack 101", "PA 1:51(50) ack 101")
            .replace("30.010 C > S FA 101:101(0) ack 1", "30.010 C > S FA 101:101(0) ack 51")
            .replace("A 1:1(0) ack 102", "A 51:51(0) ack 102")
            .replace("PA 1:1001(1000)", "PA 51:1051(1000)");
        judged(&text).is("data-after-close", Likely).without(&["client-read-timeout"]);
    }

    #[test]
    fn a_server_that_closes_is_no_client() {
        let text = "
            0.000 C > S S 0:0(0)
            +0.001 C < S SA 0:0(0) ack 1
            +0.0001 C > S A 1:1(0) ack 1
            0.100 C < S PA 1:51(50) ack 1
            +0.001 C < S FA 51:51(0) ack 1
            +0.040 C > S A 1:1(0) ack 52
            1.000 C > S PA 1:101(100) ack 52
            +0.0001 C < S R 52:52(0)";
        judged(text).without(&["client-read-timeout"]);
    }
}
