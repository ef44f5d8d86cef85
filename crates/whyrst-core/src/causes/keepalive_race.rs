//! An idle close and the next request crossed on the way.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Words, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::closing::{CLOSED_WHEN_IDLE, DATA_CROSSED_FIN, RST_ANSWERS_DATA, SENDER_HAD_CLOSED};
use crate::evidence::data::SENDER_SENT_DATA;
use crate::evidence::form::RST_IS_BARE;
use crate::evidence::handshake::SENDER_IS_SERVER;
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::kernel::RstReason;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "keepalive-race",
    title: "{client}'s next request crossed {server}'s close of the idle connection",
    explanation: "The connection had served a request and was kept open for more (HTTP keep-alive, a pool). {server}'s \
        idle timeout ended it at the moment when {client} used it again: the FIN and the request passed each other on the \
        way. The request arrived at a closed socket and was answered with RST.",
    effect: "{client}: end of file or EPIPE instead of an answer, never ECONNRESET on Linux, because the FIN came first. \
        The request was not processed.",
    sources: &[
        rfc(9112, "9.5"),
        rfc(9293, "3.10.7.4"),
        kernel("net/ipv4/tcp_input.c", "tcp_rcv_state_process (TCP_FIN_WAIT1)"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[KernelSign::reason(RstReason::TcpAbortOnData)],
    rule: Rule {
        needs: &[&SENDER_HAD_CLOSED, &RST_ANSWERS_DATA, &SENDER_IS_SERVER, &DATA_CROSSED_FIN, &CLOSED_WHEN_IDLE],
        refuted_by: &[&RST_CONTRADICTS_SENDER],
        supported_by: &[&RST_IS_BARE, &SENDER_SENT_DATA],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::broader(
            "data-after-close",
            "{server} would have closed for a reason of its own, not for idleness: its log tells",
        ),
        LookAlike::identical(
            "shutdown-rdwr-data",
            "`strace -e trace=shutdown,close` on {sender} shows shutdown(SHUT_RDWR), and its program still holds the socket",
        ),
        LookAlike::similar(
            "server-busy-close",
            "{server} would have closed right after it accepted, without having answered anything",
        ),
    ],
    advice: &[
        "the silence before the FIN is {server}'s idle timeout: {client} (and every proxy) must give up idle connections earlier",
        "make requests safe to repeat and retry once on a fresh connection: this one was not processed",
        "behind a load balancer: the backend's idle timeout must be longer than the balancer's",
    ],
    zh: Words {
        title: "{client}的下一个请求与{server}对空闲连接的关闭在路上交错",
        explanation: "连接已经处理过请求，保持打开等待复用（HTTP keep-alive、连接池）。{client}再次使用它的那一刻，\
            {server}的空闲超时正好到期：FIN 与请求在路上擦肩而过。请求到达时套接字已经关闭，于是得到 RST。",
        effect: "{client}：等来的不是应答，而是 EOF 或 EPIPE；在 Linux 上不会是 ECONNRESET，因为 FIN 先到。请求没有\
            被处理。",
        variants: &[],
        told_apart_by: &[
            ("data-after-close", "{server}的关闭另有原因，不是因为空闲：看它的日志"),
            (
                "shutdown-rdwr-data",
                "在{sender}上 `strace -e trace=shutdown,close` 能看到 shutdown(SHUT_RDWR)，且其程\
                序仍持有套接字",
            ),
            ("server-busy-close", "{server}会在接受后立即关闭，什么都没应答过"),
        ],
        advice: &[
            "FIN 之前的空闲时长就是{server}的空闲超时：{client}（以及中间每一级代理）必须比它更早放弃空闲连接",
            "把请求做成幂等，在新连接上重试一次：这个请求没有被处理",
            "在负载均衡后面：后端的空闲超时必须长于负载均衡的",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::kernel::RstReason;
    use crate::testing::{judged, judged_with};
    use crate::verdict::Confidence::{Likely, Possible};

    const CROSSED: &str = "
        0.000 C > S S 0:0(0)
        +0.020 C < S SA 0:0(0) ack 1
        +0.0001 C > S A 1:1(0) ack 1
        0.100 C > S PA 1:101(100) ack 1
        +0.020 C < S PA 1:201(200) ack 101
        +0.040 C > S A 101:101(0) ack 201
        5.1600 C < S FA 201:201(0) ack 101
        5.1610 C > S PA 101:201(100) ack 201
        5.1620 C < S R 201:201(0)";

    #[test]
    fn a_second_request_that_crossed_the_close_is_the_race() {
        judged(CROSSED).is("keepalive-race", Possible).beside(&["data-after-close"]);
    }

    #[test]
    fn the_kernel_excludes_a_close_that_was_over() {
        judged_with(CROSSED, RstReason::TcpAbortOnData, &[]).is("keepalive-race", Possible);
        judged_with(CROSSED, RstReason::TcpTimewaitSocket, &[]).without(&["keepalive-race"]);
    }

    #[test]
    fn a_client_that_had_acknowledged_the_fin_knew_of_the_close() {
        let text =
            CROSSED.replace("PA 101:201(100) ack 201", "PA 101:201(100) ack 202").replace("R 201:201", "R 202:202");
        judged(&text).without(&["keepalive-race"]);
    }

    #[test]
    fn a_first_request_has_no_idle_connection() {
        let text = "
            0.000 C > S S 0:0(0)
            +0.020 C < S SA 0:0(0) ack 1
            +0.0001 C > S A 1:1(0) ack 1
            0.1000 C < S FA 1:1(0) ack 1
            0.1001 C > S PA 1:101(100) ack 1
            0.1010 C < S R 1:1(0)";
        judged(text).is("data-after-close", Likely).beside(&["keepalive-race"]);
    }
}
