//! A TLS client that only writes leaves the server's session tickets unread.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Words, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::application::ONLY_TICKETS_CAME;
use crate::evidence::data::SENDER_RECEIVED_DATA;
use crate::evidence::form::RST_IS_ACTIVE;
use crate::evidence::handshake::{HANDSHAKE_INCOMPLETE, SENDER_IS_CLIENT};
use crate::evidence::multipath::RST_IS_FASTCLOSE;
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::evidence::speech::BOTH_SPEAK_TLS;
use crate::kernel::RstReason;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "tls-ticket-unread",
    title: "{client} spoke TLS, closed without ever reading, and left the server's session tickets unread",
    explanation: "A TLS 1.3 server sends session tickets right after the handshake. A client that writes its message and \
        closes without reading (log shippers, metrics, health checks, some download tools) leaves them in its receive \
        queue, and its kernel answers close() with RST instead of FIN. An unread close_notify does the same.",
    effect: "{server}: ECONNRESET, and the last records that were on their way may be lost. {client}: nothing.",
    sources: &[rfc(8446, "4.6.1"), rfc(1122, "4.2.2.13"), kernel("net/ipv4/tcp.c", "__tcp_close (data_was_unread)")],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[KernelSign::reason(RstReason::TcpAbortOnClose)],
    rule: Rule {
        needs: &[&BOTH_SPEAK_TLS, &RST_IS_ACTIVE, &SENDER_IS_CLIENT, &SENDER_RECEIVED_DATA],
        refuted_by: &[&HANDSHAKE_INCOMPLETE, &RST_CONTRADICTS_SENDER, &RST_IS_FASTCLOSE],
        supported_by: &[&ONLY_TICKETS_CAME],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::how("close-unread", "what stayed unread would be an answer, not session tickets: its length tells"),
        LookAlike::identical("exit-unread", "{client}'s process ended at that moment"),
        LookAlike::similar("client-abort", "{server} would have been sending an answer"),
    ],
    advice: &[
        "let {client} call SSL_shutdown() and read until close_notify before it closes, or read once",
        "on {client}: `nstat -az TcpExtTCPAbortOnClose` rises with each such close",
        "for clients that never come back {server} may send no tickets (OpenSSL: SSL_CTX_set_num_tickets(ctx, 0))",
    ],
    zh: Words {
        title: "{client}使用 TLS，从头到尾没有读过就关闭，留下了服务端的会话票据未读",
        explanation: "TLS 1.3 服务端在握手之后立即发送会话票据（session ticket）。只写不读就关闭的客户端（日志采集、\
            指标上报、健康检查、某些下载工具）把它们留在接收缓冲区里，它的内核在 close() 时发的就是 RST 而不是 FIN。\
            未读的 close_notify 也会造成同样的结果。",
        effect: "{server}：ECONNRESET，还在路上的最后几条记录可能丢失。{client}：没有任何感知。",
        variants: &[],
        told_apart_by: &[
            ("close-unread", "未读的应是应答，而不是会话票据：看长度"),
            ("exit-unread", "{client}的进程在那一刻结束"),
            ("client-abort", "{server}应正在发送应答"),
        ],
        advice: &[
            "让{client}在关闭之前调用 SSL_shutdown() 并读到 close_notify，或者至少读一次",
            "在{client}上：每发生一次这样的关闭，`nstat -az TcpExtTCPAbortOnClose` 就加一",
            "对从不回来的客户端，{server}可以不发票据（OpenSSL：SSL_CTX_set_num_tickets(ctx, 0)）",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::kernel::RstReason;
    use crate::testing::{judged, judged_with};
    use crate::verdict::Confidence::Possible;

    const PUSHED: &str = "
        0.000 C > S S 0:0(0)
        +0.020 C < S SA 0:0(0) ack 1
        +0.0001 C > S A 1:1(0) ack 1
        0.030 C > S PA 1:518(517) ack 1 says 0x1603010200
        0.055 C < S PA 1:1449(1448) ack 518 says 0x160303007a
        0.060 C > S PA 518:898(380) ack 1449 says 0x1703030035
        0.085 C < S PA 1449:1959(510) ack 898 says 0x17030300fa
        0.090 C > S RA 898:898(0) ack 1959";

    #[test]
    fn little_data_after_a_tls_handshake_may_be_unread_tickets() {
        judged(PUSHED).is("tls-ticket-unread", Possible).beside(&["close-unread", "exit-unread"]);
        judged_with(PUSHED, RstReason::TcpAbortOnClose, &["__tcp_close"]).is("tls-ticket-unread", Possible);
    }

    #[test]
    fn more_than_tickets_is_an_answer() {
        let text = PUSHED.replace("1449:1959(510)", "1449:5545(4096)").replace("ack 1959", "ack 5545");
        judged(&text).is("close-unread", Possible).beside(&["tls-ticket-unread"]);
    }

    #[test]
    fn without_tls_there_are_no_tickets() {
        let text = PUSHED.replace("0x1603010200", "GET_/_HTTP/1.1");
        judged(&text).without(&["tls-ticket-unread"]);
    }

    #[test]
    fn a_server_that_resets_leaves_no_tickets_unread() {
        let text = PUSHED.replace("0.090 C > S RA 898:898(0) ack 1959", "0.090 C < S RA 1959:1959(0) ack 898");
        judged(&text).without(&["tls-ticket-unread"]);
    }
}
