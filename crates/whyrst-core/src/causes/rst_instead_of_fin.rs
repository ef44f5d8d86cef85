//! The exchange was over and the peer had closed: this end answers with an abort instead of FIN.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Source, Words, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::closing::{RECEIVER_HAD_CLOSED, SENDER_HAD_CLOSED};
use crate::evidence::data::{EVERYTHING_ACKNOWLEDGED, RST_ACKS_LESS_THAN_SENT};
use crate::evidence::form::{RST_IS_ACTIVE, RST_IS_BARE};
use crate::evidence::multipath::RST_IS_FASTCLOSE;
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::kernel::RstReason;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "rst-instead-of-fin",
    title: "{receiver} had closed and {sender} answered with RST instead of FIN; nothing was lost",
    explanation: "{receiver} sent FIN, everything that either end had sent was acknowledged, and {sender} ended the rest \
        with an abort instead of a FIN of its own. Windows services (LDAP, Kerberos, SMB), browsers and load generators \
        do so as a habit: it saves them a state. It is the commonest abort in office networks.",
    effect: "{receiver} has closed already and sees no error, unless it still waited for {sender}'s end of file.",
    sources: &[
        rfc(9293, "3.10.5"),
        kernel("net/ipv4/tcp.c", "tcp_need_reset (CLOSE_WAIT)"),
        Source::Other("Arlitt, Williamson: An Analysis of TCP Reset Behaviour on the Internet, CCR 35(1), 2005"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Benign,
    // Linux has no such habit of its own: there the kernel's word names linger-zero or close-unread.
    kernel_reasons: &[KernelSign::reason(RstReason::NotSpecified)],
    rule: Rule {
        needs: &[&RST_IS_ACTIVE, &RECEIVER_HAD_CLOSED, &EVERYTHING_ACKNOWLEDGED],
        refuted_by: &[&SENDER_HAD_CLOSED, &RST_ACKS_LESS_THAN_SENT, &RST_CONTRADICTS_SENDER, &RST_IS_FASTCLOSE],
        supported_by: &[&RST_IS_BARE],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::identical(
            "linger-zero",
            "`strace -e trace=setsockopt,close` on {sender} shows SO_LINGER {on, 0}: on Linux the same packets",
        ),
        LookAlike::identical(
            "close-unread",
            "{receiver}'s last data would have been unread: TCPAbortOnClose counts it on {sender}",
        ),
        LookAlike::identical("exit-unread", "the process on {sender} ended at that moment, with data unread"),
        LookAlike::identical(
            "disconnect-with-data",
            "{sender}'s FIN waits behind unsent data: {receiver}'s window was closed",
        ),
    ],
    advice: &[
        "nothing to do when the exchange was complete: exclude such resets from alerts (`severity` in JSON is \"benign\")",
        "if {receiver} reports ECONNRESET: did it expect more from {sender} after its own close?",
    ],
    zh: Words {
        title: "{receiver}先关闭，{sender}以 RST 代替 FIN 作答；没有丢失任何数据",
        explanation: "{receiver}发了 FIN，双方发送的数据都已得到确认，{sender}却用中止代替自己的 FIN 来收尾。Windows \
            服务（LDAP、Kerberos、SMB）、浏览器和压测工具习惯这样做：可以少维护一个状态。这是办公网里最常见的中止。",
        effect: "{receiver}已经关闭，不会看到错误；除非它还在等{sender}的 EOF。",
        variants: &[],
        told_apart_by: &[
            (
                "linger-zero",
                "在{sender}上 `strace -e trace=setsockopt,close` 能看到 SO_LINGER {on, 0}：在 Linux 上报\
                文是一样的",
            ),
            ("close-unread", "{receiver}最后的数据应是未读的：{sender}上的 TCPAbortOnClose 会计数"),
            ("exit-unread", "{sender}上的进程在那一刻结束，且有未读数据"),
            ("disconnect-with-data", "{sender}的 FIN 排在未发送的数据后面：{receiver}的窗口已关闭"),
        ],
        advice: &[
            "如果交互已经完整，无需处理：把这类 RST 从告警中排除（JSON 里 `severity` 为 \"benign\"）",
            "如果{receiver}报 ECONNRESET：它是否在自己关闭之后还期待{sender}的数据？",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::cause::Severity;
    use crate::kernel::RstReason;
    use crate::testing::{judged, judged_with};
    use crate::verdict::Confidence::{Certain, Possible};

    /// Windows: no timestamps, window 0.
    const WINDOWS: &str = "
        0.000 C > S S 0:0(0) ts none
        +0.001 C < S SA 0:0(0) ack 1 ts none
        +0.0001 C > S A 1:1(0) ack 1
        0.010 C > S PA 1:101(100) ack 1
        +0.001 C < S PA 1:51(50) ack 101
        0.100 C > S FA 101:101(0) ack 51
        +0.001 C < S RA 51:51(0) ack 102 win 0";

    #[test]
    fn an_abort_in_answer_to_the_last_fin_is_harmless() {
        let judgement = judged(WINDOWS);
        judgement.is("rst-instead-of-fin", Possible).beside(&["linger-zero", "close-unread"]);
        assert_eq!(judgement.severity, Severity::Benign);
    }

    #[test]
    fn the_form_of_linux_speaks_for_linger_zero() {
        let text = WINDOWS.replace(" ts none", "").replace(" win 0", "");
        judged(&text).is("linger-zero", Possible).beside(&["rst-instead-of-fin"]);
        judged_with(&text, RstReason::TcpState, &["tcp_disconnect", "__tcp_close"]).is("linger-zero", Certain);
    }

    #[test]
    fn an_answer_that_was_not_acknowledged_is_lost() {
        let text = WINDOWS.replace("FA 101:101(0) ack 51", "FA 101:101(0) ack 1");
        judged(&text).without(&["rst-instead-of-fin"]);
        assert_ne!(judged(&text).severity, Severity::Benign);
    }

    #[test]
    fn data_that_the_reset_does_not_acknowledge_is_lost() {
        let text = WINDOWS.replace("ack 102 win 0", "ack 61 win 0");
        judged(&text).without(&["rst-instead-of-fin"]);
    }
}
