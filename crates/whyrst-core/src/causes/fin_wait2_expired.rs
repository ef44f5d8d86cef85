//! The peer came back to a half-closed connection that its closer had forgotten in the meantime.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Source, Words, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::closing::SENDER_HAD_CLOSED;
use crate::evidence::form::{RST_ANSWERS_SYN, RST_ANSWERS_SYN_ACK, RST_IS_BARE, RST_IS_PASSIVE};
use crate::evidence::handshake::HANDSHAKE_COMPLETED;
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::evidence::timing::FIN_LONG_AGO;
use crate::kernel::RstReason;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "fin-wait2-expired",
    title: "{receiver} came back after {sender} had closed and forgotten the connection",
    explanation: "{sender} closed and its FIN was acknowledged, but {receiver} did not close in turn. A kernel does not \
        wait for that for ever: after tcp_fin_timeout (60 s unless changed, or TCP_LINGER2) it forgets the connection. \
        Whatever {receiver} sends later - data, its own FIN, a keepalive probe - is answered with RST.",
    effect: "{receiver}: a late close() goes unnoticed; data is lost: the write succeeds, the next one gives EPIPE. \
        {sender}: nothing.",
    sources: &[
        rfc(9293, "3.10.4"),
        rfc(1122, "4.2.2.20"),
        kernel("net/ipv4/tcp.c", "__tcp_close (TCP_FIN_WAIT2)"),
        kernel("net/ipv4/tcp_minisocks.c", "tcp_time_wait"),
        Source::Other("tcp(7): tcp_fin_timeout, TCP_LINGER2"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[KernelSign::reason(RstReason::TcpFlags), KernelSign::reason(RstReason::NoSocket)],
    rule: Rule {
        // Without the beginning the other end's FIN may have been missed: then both had closed.
        needs: &[&RST_IS_PASSIVE, &SENDER_HAD_CLOSED, &FIN_LONG_AGO, &HANDSHAKE_COMPLETED],
        refuted_by: &[&RST_ANSWERS_SYN, &RST_ANSWERS_SYN_ACK, &RST_CONTRADICTS_SENDER],
        supported_by: &[&RST_IS_BARE],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::special_case(
            "server-busy-close",
            "{server} closes each such connection right after it accepts: its log names a limit or a list",
        ),
        LookAlike::broader(
            "data-after-close",
            "{sender}'s kernel still knew the connection: its reason would be TCP_TIMEWAIT_SOCKET or TCP_ABORT_ON_DATA",
        ),
        LookAlike::similar("rst-after-close", "both ends would have closed in order, and an old segment came late"),
        LookAlike::similar(
            "client-read-timeout",
            "{sender}, a client, would have closed while its request was unanswered, less than tcp_fin_timeout before",
        ),
        LookAlike::identical(
            "shutdown-rdwr-data",
            "{sender}'s program would still hold the socket after shutdown(SHUT_RDWR)",
        ),
    ],
    advice: &[
        "let {receiver} close soon after end of file: when read() gives 0, nobody waits for it any longer than a minute",
        "on {sender}: `sysctl net.ipv4.tcp_fin_timeout`, and `nstat -az TcpExtTWKilled`, which counts what was forgotten",
        "connection pools: check a connection for end of file (POLLRDHUP) before using it again",
    ],
    zh: Words {
        title: "{sender}已关闭并忘掉了这条连接之后，{receiver}又发来报文",
        explanation: "{sender}已经关闭，它的 FIN 也得到了确认，但{receiver}没有跟着关闭。内核不会一直等下去：过了 \
            tcp_fin_timeout（默认 60 s，或由 TCP_LINGER2 指定）就忘掉这条连接。此后{receiver}不论发什么，数据、自己\
            的 FIN 还是保活探测，都会得到 RST。",
        effect: "{receiver}：如果只是迟到的 close()，不会察觉；如果是数据则丢失：这次写成功，下一次写得到 EPIPE。\
            {sender}：没有任何感知。",
        variants: &[],
        told_apart_by: &[
            ("server-busy-close", "{server}接受每条这样的连接后都立即关闭：日志里会有限制或白名单"),
            ("data-after-close", "{sender}的内核仍认识这条连接：原因会是 TCP_TIMEWAIT_SOCKET 或 TCP_ABORT_ON_DATA"),
            ("rst-after-close", "两端都已正常关闭，是一个旧报文来晚了"),
            ("client-read-timeout", "{sender}是客户端，应在请求未得到应答时关闭，且距此不到 tcp_fin_timeout"),
            ("shutdown-rdwr-data", "{sender}上的程序在 shutdown(SHUT_RDWR) 之后仍会持有套接字"),
        ],
        advice: &[
            "让{receiver}在读到 EOF 后尽快关闭：read() 返回 0 之后，对方最多再等一分钟",
            "在{sender}上：`sysctl net.ipv4.tcp_fin_timeout`，以及 `nstat -az TcpExtTWKilled`，它统计被忘掉的连接",
            "连接池：复用连接之前先检查是否已 EOF（POLLRDHUP）",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::kernel::RstReason;
    use crate::testing::{judged, judged_with};
    use crate::verdict::Confidence::{Likely, Possible};

    const FORGOTTEN: &str = "
        0.000 C > S S 0:0(0)
        +0.001 C < S SA 0:0(0) ack 1
        +0.0001 C > S A 1:1(0) ack 1
        0.100 C < S FA 1:1(0) ack 1
        +0.040 C > S A 1:1(0) ack 2
        70.00 C > S PA 1:101(100) ack 2
        +0.0001 C < S R 2:2(0)";

    #[test]
    fn a_minute_after_the_fin_the_kernel_has_forgotten() {
        judged(FORGOTTEN).is("fin-wait2-expired", Possible).beside(&["data-after-close"]);
    }

    #[test]
    fn a_late_fin_is_refused_as_well() {
        let text = FORGOTTEN.replace("PA 1:101(100) ack 2", "FA 1:1(0) ack 2");
        judged(&text).is("fin-wait2-expired", Possible).beside(&["rst-after-close"]);
    }

    #[test]
    fn within_a_second_no_setting_makes_a_kernel_forget() {
        judged(&FORGOTTEN.replace("70.00", "1.000")).is("data-after-close", Likely).without(&["fin-wait2-expired"]);
    }

    #[test]
    fn in_between_it_depends_on_the_setting_and_the_kernel_tells() {
        let text = FORGOTTEN.replace("70.00", "20.00");
        judged(&text).is("data-after-close", Likely).beside(&["fin-wait2-expired"]);
        judged_with(&text, RstReason::NoSocket, &[]).is("fin-wait2-expired", Possible);
        judged_with(&text, RstReason::TcpTimewaitSocket, &[]).without(&["fin-wait2-expired"]);
    }

    #[test]
    fn who_closes_last_waits_for_nothing() {
        let text = "
            0.000 C > S S 0:0(0)
            +0.001 C < S SA 0:0(0) ack 1
            +0.0001 C > S A 1:1(0) ack 1
            0.100 C > S FA 1:1(0) ack 1
            +0.001 C < S FA 1:1(0) ack 2
            +0.001 C > S A 2:2(0) ack 2
            70.00 C > S A 2:2(0) ack 2
            +0.0001 C < S R 2:2(0)";
        judged(text).without(&["fin-wait2-expired"]);
    }
}
