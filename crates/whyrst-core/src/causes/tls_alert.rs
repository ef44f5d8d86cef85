//! The TLS layer refused: a fatal alert in clear text, then the reset.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Words, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::handshake::HANDSHAKE_INCOMPLETE;
use crate::evidence::multipath::RST_IS_FASTCLOSE;
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::evidence::speech::{ALERT_WAS_LAST_WORD, CLIENT_SPEAKS_TLS, RST_FOLLOWS_ALERT, TLS_ALERT_SENT};
use crate::kernel::RstReason;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "tls-alert",
    title: "the TLS handshake failed: one end sent a fatal alert",
    explanation: "An end that cannot accept the other's TLS version, cipher, certificate or name says so by an alert, and \
        both must end the connection at once. Whoever closes while octets of the other are unread sends RST instead of \
        FIN, and data that is still on its way is answered by RST. The alert names the reason; in TLS 1.3 most alerts \
        are encrypted and cannot be read here.",
    effect: "The end that gets the alert: an error of its TLS library, or only ECONNRESET when the RST overtakes it.",
    sources: &[rfc(8446, "6.2"), rfc(5246, "7.2.2"), kernel("net/ipv4/tcp.c", "__tcp_close (data_was_unread)")],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[
        KernelSign::reason(RstReason::TcpAbortOnClose),
        KernelSign::through_without(RstReason::TcpState, "__tcp_close", "inet_child_forget"),
        KernelSign::reason(RstReason::TcpTimewaitSocket),
        KernelSign::reason(RstReason::TcpAbortOnData),
    ],
    rule: Rule {
        needs: &[&TLS_ALERT_SENT],
        refuted_by: &[&HANDSHAKE_INCOMPLETE, &RST_CONTRADICTS_SENDER, &RST_IS_FASTCLOSE],
        supported_by: &[&CLIENT_SPEAKS_TLS, &ALERT_WAS_LAST_WORD, &RST_FOLLOWS_ALERT],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::how("close-unread", "{sender} would have read the handshake and left something else unread"),
        LookAlike::how("exit-unread", "the process on {sender} ended at that moment"),
        LookAlike::how("linger-zero", "{sender} would reset after every connection, alert or not"),
        LookAlike::how("data-after-close", "{receiver} would have written after a close without an alert"),
        LookAlike::similar("protocol-mismatch", "one end would not speak TLS at all"),
    ],
    advice: &[
        "the alert's name is the reason: protocol_version and handshake_failure (versions, ciphers), unknown_ca and \
         bad_certificate (certificates), unrecognized_name (SNI), no_application_protocol (ALPN), certificate_required",
        "repeat it: `openssl s_client -connect HOST:PORT -servername NAME -alpn http/1.1` shows the alert and the certificates",
        "compare the TLS versions and ciphers of both ends; check the clock and the chain of the certificates",
    ],
    zh: Words {
        title: "TLS 握手失败：有一端发了致命告警（fatal alert）",
        explanation: "如果一端不能接受对方的 TLS 版本、密码套件、证书或域名，就用 alert 说明，双方必须立即结束连接。\
            关闭时如果还有对方的字节没读，发的是 RST 而不是 FIN；还在路上的数据也会得到 RST。alert 指明了原因；TLS \
            1.3 中多数 alert 是加密的，这里读不到。",
        effect: "收到 alert 的一端：TLS 库报错；如果 RST 抢在前面，就只有 ECONNRESET。",
        variants: &[],
        told_apart_by: &[
            ("close-unread", "{sender}应已读完握手，留下的是别的未读数据"),
            ("exit-unread", "{sender}上的进程在那一刻结束"),
            ("linger-zero", "{sender}每条连接之后都会重置，不论有没有 alert"),
            ("data-after-close", "{receiver}是在没有 alert 的关闭之后写了数据"),
            ("protocol-mismatch", "有一端根本不说 TLS"),
        ],
        advice: &[
            "alert 的名字就是原因：protocol_version 和 handshake_failure（版本、密码套件），unknown_ca 和 \
                bad_certificate（证书），unrecognized_name（SNI），no_application_protocol（ALPN），\
                certificate_required",
            "复现一次：`openssl s_client -connect HOST:PORT -servername NAME -alpn http/1.1` 能看到 alert 和证书",
            "比较两端的 TLS 版本和密码套件；检查时钟和证书链",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::kernel::RstReason;
    use crate::testing::{judged, judged_with};
    use crate::verdict::Confidence::Likely;

    const REFUSED: &str = "
        0.000 C > S S 0:0(0)
        +0.020 C < S SA 0:0(0) ack 1
        +0.0001 C > S A 1:1(0) ack 1
        0.030 C > S PA 1:518(517) ack 1 says 0x1603010200
        0.055 C < S PA 1:8(7) ack 518 says 0x15030100020246
        +0.0001 C < S RA 8:8(0) ack 518";

    #[test]
    fn a_fatal_alert_before_the_reset_says_why() {
        judged(REFUSED).is("tls-alert", Likely).beside(&["close-unread", "linger-zero"]);
    }

    #[test]
    fn an_alert_of_the_client_counts_too() {
        let text = "
            0.000 C > S S 0:0(0)
            +0.020 C < S SA 0:0(0) ack 1
            +0.0001 C > S A 1:1(0) ack 1
            0.030 C > S PA 1:518(517) ack 1 says 0x1603010200
            0.055 C < S PA 1:1449(1448) ack 518 says 0x160303007a
            +0.0010 C > S PA 518:525(7) ack 1449 says 0x15030300020230
            +0.0001 C > S RA 525:525(0) ack 1449";
        judged(text).is("tls-alert", Likely);
    }

    #[test]
    fn a_warning_or_an_encrypted_alert_says_nothing() {
        judged(&REFUSED.replace("0x15030100020246", "0x15030300020100")).without(&["tls-alert"]);
        judged(&REFUSED.replace("0x15030100020246", "0x1503030013aabb")).without(&["tls-alert"]);
    }

    #[test]
    fn other_protocols_have_no_alerts() {
        judged(&REFUSED.replace("0x15030100020246", "0x78780100020246")).without(&["tls-alert"]);
    }

    #[test]
    fn the_kernel_is_never_enough_for_certainty() {
        judged_with(REFUSED, RstReason::TcpAbortOnClose, &["__tcp_close"]).is("tls-alert", Likely);
        judged_with(REFUSED, RstReason::TcpState, &["tcp_abort"]).without(&["tls-alert"]);
    }
}
