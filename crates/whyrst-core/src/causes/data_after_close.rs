//! The peer writes to a socket that has been closed.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Variant, Words, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::closing::{DATA_CROSSED_FIN, RST_ANSWERS_DATA, SENDER_HAD_CLOSED};
use crate::evidence::form::RST_IS_BARE;
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::evidence::said::RST_SAYS_DATA_AFTER_CLOSE;
use crate::evidence::sockets::{LINGER2_WAS_NEGATIVE, SENDER_HELD_SOCKET};
use crate::kernel::RstReason;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "data-after-close",
    title: "{receiver} wrote to a connection that {sender} had already closed",
    explanation: "{sender} closed the socket and sent FIN. Data that arrives afterwards has no reader, so the kernel \
        answers it with RST. The write that carried it had succeeded: only the next one tells the program.",
    effect: "{receiver}: the first write succeeds, the next fails with EPIPE and SIGPIPE; recv() gives 0, never \
        ECONNRESET, because the FIN came first. The written data is lost silently.",
    sources: &[
        rfc(9293, "3.10.7.4"),
        rfc(1122, "4.2.2.13"),
        kernel("net/ipv4/tcp_input.c", "tcp_rcv_state_process"),
        kernel("net/ipv4/tcp_minisocks.c", "tcp_timewait_state_process"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[
        KernelSign::reason(RstReason::TcpTimewaitSocket),
        KernelSign::reason(RstReason::TcpAbortOnData),
        KernelSign::reason(RstReason::TcpFlags),
        KernelSign::reason(RstReason::NoSocket),
    ],
    rule: Rule {
        needs: &[&SENDER_HAD_CLOSED, &RST_ANSWERS_DATA],
        refuted_by: &[&RST_CONTRADICTS_SENDER, &SENDER_HELD_SOCKET, &LINGER2_WAS_NEGATIVE],
        supported_by: &[&RST_IS_BARE, &RST_SAYS_DATA_AFTER_CLOSE],
    },
    variants: &[Variant {
        when: &DATA_CROSSED_FIN,
        title: "{receiver}'s data crossed {sender}'s close on the way: it arrived at a socket that was closed already",
    }],
    look_alikes: &[
        LookAlike::special_case(
            "shutdown-rdwr-data",
            "`strace -e trace=shutdown,close` on {sender} shows shutdown(SHUT_RDWR), and its program still holds the socket",
        ),
        LookAlike::similar("rst-after-close", "no data would have been sent after the close"),
        LookAlike::similar(
            "close-unread",
            "RST+ACK with {sender}'s own timestamps or window: it still held the socket, with that data unread",
        ),
        LookAlike::special_case(
            "keepalive-race",
            "{sender} closed an idle connection while the next request was on its way",
        ),
        LookAlike::special_case(
            "client-read-timeout",
            "{sender} gave up waiting for this answer: its read timeout is shorter than the answer took",
        ),
        LookAlike::special_case(
            "server-busy-close",
            "{server} closes right after it accepts, without an answer: its log names a limit or a list",
        ),
        LookAlike::special_case("fin-wait2-expired", "the data came more than tcp_fin_timeout (60 s) after the FIN"),
        LookAlike::why("tls-alert", "a fatal TLS alert stands before {sender}'s FIN"),
        LookAlike::why("protocol-mismatch", "the two ends speak different protocols: their first octets tell"),
        LookAlike::similar("time-wait-assassination", "what was reset is the answer to an old segment, not new data"),
    ],
    advice: &[
        "let {receiver} obey end of file: when read() gives 0, do not write a request any more; poll() tells it as POLLRDHUP",
        "with kept-alive connections: {receiver}'s idle timeout must be shorter than {sender}'s",
        "make requests safe to repeat and retry once on a fresh connection: the data was not processed",
        "ignore SIGPIPE (or use MSG_NOSIGNAL), so that the process survives to see EPIPE",
    ],
    zh: Words {
        title: "{receiver}向{sender}已经关闭的连接写了数据",
        explanation: "{sender}关闭了套接字并发出 FIN。之后到达的数据没有人读，内核就回 RST。携带这些数据的那次写已经\
            返回成功：要到下一次写，程序才会知道。",
        effect: "{receiver}：第一次写成功，下一次写得到 EPIPE 和 SIGPIPE；recv() 返回 0，而不是 ECONNRESET，因为 FIN \
            先到。写出的数据无声无息地丢了。",
        variants: &["{receiver}的数据与{sender}的关闭在路上交错：到达时套接字已经关闭"],
        told_apart_by: &[
            (
                "shutdown-rdwr-data",
                "在{sender}上 `strace -e trace=shutdown,close` 能看到 shutdown(SHUT_RDWR)，且其程\
                序仍持有套接字",
            ),
            ("rst-after-close", "关闭之后没有再发数据"),
            ("close-unread", "RST+ACK 带有{sender}自己的时间戳或窗口：它仍持有套接字，且那些数据未读"),
            ("keepalive-race", "{sender}关闭了空闲连接，而下一个请求正在路上"),
            ("client-read-timeout", "{sender}不再等这个应答：它的读超时比应答所需的时间短"),
            ("server-busy-close", "{server}接受后立即关闭，没有应答：日志里会有限制或白名单"),
            ("fin-wait2-expired", "数据在 FIN 之后超过 tcp_fin_timeout（60 s）才来"),
            ("tls-alert", "{sender}的 FIN 之前有一个 TLS 致命告警"),
            ("protocol-mismatch", "两端说的协议不同：看各自的头几个字节"),
            ("time-wait-assassination", "被重置的是对旧报文的应答，而不是新数据"),
        ],
        advice: &[
            "让{receiver}正确处理 EOF：read() 返回 0 之后不要再写请求；poll() 会以 POLLRDHUP 告知",
            "对长连接：{receiver}的空闲超时必须短于{sender}的",
            "把请求做成幂等，在新连接上重试一次：数据并没有被处理",
            "忽略 SIGPIPE（或用 MSG_NOSIGNAL），这样进程能活下来看到 EPIPE",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::kernel::RstReason;
    use crate::testing::{judged, judged_with};
    use crate::verdict::Confidence::{Certain, Likely, Possible};

    const WRITTEN_AFTER_FIN: &str = "
        0.000 C > S S 0:0(0)
        +0.001 C < S SA 0:0(0) ack 1
        +0.0001 C > S A 1:1(0) ack 1
        0.100 C < S FA 1:1(0) ack 1
        +0.040 C > S A 1:1(0) ack 2
        1.000 C > S PA 1:101(100) ack 2
        +0.0001 C < S R 2:2(0)";

    #[test]
    fn close_and_shutdown_look_the_same() {
        let judgement = judged(WRITTEN_AFTER_FIN);
        judgement
            .is("data-after-close", Likely)
            .beside(&["shutdown-rdwr-data"])
            .without(&["keepalive-race", "fin-wait2-expired"]);
        assert!(judgement.title.contains("wrote to a connection"));
    }

    #[test]
    fn the_mini_socket_makes_it_certain_and_abort_on_data_does_not() {
        judged_with(WRITTEN_AFTER_FIN, RstReason::TcpTimewaitSocket, &["tcp_v4_rcv"])
            .is("data-after-close", Certain)
            .without(&["shutdown-rdwr-data"]);
        judged_with(WRITTEN_AFTER_FIN, RstReason::TcpAbortOnData, &[])
            .is("shutdown-rdwr-data", Possible)
            .beside(&["data-after-close"]);
    }

    #[test]
    fn data_that_crossed_the_fin_is_told_as_such() {
        let text = "
            0.000 C > S S 0:0(0)
            +0.001 C < S SA 0:0(0) ack 1
            +0.0001 C > S A 1:1(0) ack 1
            0.1000 C < S FA 1:1(0) ack 1
            0.1001 C > S PA 1:101(100) ack 1
            0.1010 C < S R 1:1(0)";
        let judgement = judged(text);
        judgement.is("data-after-close", Likely).beside(&["keepalive-race"]);
        assert!(judgement.title.contains("crossed"), "{}", judgement.title);
    }

    #[test]
    fn a_minute_after_the_fin_the_kernel_may_have_forgotten() {
        let text = WRITTEN_AFTER_FIN.replace("1.000 C", "70.000 C");
        judged(&text).is("fin-wait2-expired", Possible).beside(&["data-after-close"]);
    }

    #[test]
    fn a_fin_long_before_the_last_segments_is_still_remembered() {
        let mut text =
            WRITTEN_AFTER_FIN.replace("1.000 C > S PA 1:101(100) ack 2", "").replace("+0.0001 C < S R 2:2(0)", "");
        for step in 0..40 {
            let from = 1 + step * 10;
            text.extend([std::format!("\n0.{} C > S PA {from}:{}(10) ack 2", 200 + step * 2, from + 10)]);
            text.extend([std::format!("\n0.{} C < S A 2:2(0) ack {}", 201 + step * 2, from + 10)]);
        }
        text += "\n0.400 C > S PA 401:411(10) ack 2\n+0.0001 C < S R 2:2(0)";
        judged(&text).is("data-after-close", Likely);
    }

    #[test]
    fn windows_answers_with_rst_ack() {
        let text = "
            0.000 C > S S 0:0(0) ts none
            +0.001 C < S SA 0:0(0) ack 1 ts none
            +0.0001 C > S A 1:1(0) ack 1
            0.100 C < S FA 1:1(0) ack 1
            +0.001 C > S A 1:1(0) ack 2
            1.000 C > S PA 1:101(100) ack 2
            +0.0001 C < S RA 2:2(0) ack 101 win 0";
        judged(text).is("data-after-close", Likely).beside(&["shutdown-rdwr-data"]);
    }

    #[test]
    fn without_a_fin_it_is_something_else() {
        let text = WRITTEN_AFTER_FIN
            .replace("FA 1:1(0) ack 1", "A 1:1(0) ack 1")
            .replace("ack 2", "ack 1")
            .replace("R 2:2", "R 1:1");
        judged(&text).without(&["data-after-close"]);
    }

    #[test]
    fn a_capture_from_the_middle_that_shows_fin_and_data_is_enough() {
        let text = "
            0.100 C < S FA 1:1(0) ack 1
            +0.040 C > S A 1:1(0) ack 2
            1.000 C > S PA 1:101(100) ack 2
            +0.0001 C < S R 2:2(0)";
        judged(text).is("data-after-close", Likely);
    }
}
