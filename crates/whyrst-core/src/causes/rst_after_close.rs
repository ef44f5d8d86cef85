//! A RST after both ends had closed in order: nothing is lost.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Words, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::closing::{BOTH_HAD_CLOSED, RST_ANSWERS_DATA, RST_ANSWERS_NO_DATA};
use crate::evidence::data::EVERYTHING_ACKNOWLEDGED;
use crate::evidence::form::RST_IS_BARE;
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::kernel::RstReason;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "rst-after-close",
    title: "a last segment reached {sender} after both ends had closed; nothing was lost",
    explanation: "Both ends had sent FIN and everything was delivered. A late or repeated segment (usually an ACK) then \
        reached an end that had already forgotten the connection, which answered as it answers any segment of a connection \
        that it does not have.",
    effect: "no program notices.",
    sources: &[rfc(9293, "3.5.2, group 1"), rfc(1337, "2"), kernel("net/ipv4/tcp_ipv4.c", "tcp_v4_send_reset")],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Benign,
    kernel_reasons: &[
        KernelSign::reason(RstReason::NoSocket),
        KernelSign::reason(RstReason::TcpFlags),
        KernelSign::reason(RstReason::TcpTimewaitSocket),
    ],
    rule: Rule {
        needs: &[&BOTH_HAD_CLOSED, &EVERYTHING_ACKNOWLEDGED, &RST_ANSWERS_NO_DATA],
        refuted_by: &[&RST_ANSWERS_DATA, &RST_CONTRADICTS_SENDER],
        supported_by: &[&RST_IS_BARE],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::similar("data-after-close", "the RST would answer data that was sent after the close"),
        LookAlike::similar(
            "fin-wait2-expired",
            "{receiver}'s FIN came more than tcp_fin_timeout (60 s) after {sender}'s",
        ),
        LookAlike::special_case(
            "time-wait-assassination",
            "the segment would be an old duplicate; both ends would already have been in TIME-WAIT or closed",
        ),
    ],
    advice: &["nothing to do: exclude such resets from alerts (`--cause` selects, `severity` in JSON is \"benign\")"],
    zh: Words {
        title: "两端都已关闭之后，最后一个报文才到达{sender}；没有丢失任何数据",
        explanation: "两端都已发过 FIN，数据全部送达。随后一个迟到或重复的报文（通常是 ACK）到达了已经忘掉这条连接的\
            一端；对不存在的连接的报文，它照例回 RST。",
        effect: "没有程序会察觉。",
        variants: &[],
        told_apart_by: &[
            ("data-after-close", "RST 应答的会是关闭之后发送的数据"),
            ("fin-wait2-expired", "{receiver}的 FIN 比{sender}的晚了超过 tcp_fin_timeout（60 s）"),
            ("time-wait-assassination", "该报文会是旧的重复报文；两端都应已处于 TIME-WAIT 或已关闭"),
        ],
        advice: &["无需处理：把这类 RST 从告警中排除（用 `--cause` 选择，JSON 里 `severity` 为 \"benign\"）"],
    },
};

#[cfg(test)]
mod tests {
    use crate::cause::Severity;
    use crate::kernel::RstReason;
    use crate::testing::{judged, judged_with};
    use crate::verdict::Confidence::{Certain, Likely};

    const CLOSED: &str = "
        0.000 C > S S 0:0(0)
        +0.001 C < S SA 0:0(0) ack 1
        +0.0001 C > S A 1:1(0) ack 1
        0.010 C > S PA 1:101(100) ack 1
        +0.001 C < S PA 1:51(50) ack 101
        0.100 C > S FA 101:101(0) ack 51
        +0.001 C < S FA 51:51(0) ack 102
        +0.001 C > S A 102:102(0) ack 52
        +0.0001 C < S R 52:52(0)";

    #[test]
    fn a_reset_after_both_fins_is_harmless() {
        let judgement = judged(CLOSED);
        judgement.is("rst-after-close", Likely).without(&["data-after-close"]);
        assert_eq!(judgement.severity, Severity::Benign);
    }

    #[test]
    fn the_kernel_confirms() {
        judged_with(CLOSED, RstReason::NoSocket, &[]).is("rst-after-close", Certain);
    }

    #[test]
    fn data_that_was_never_acknowledged_is_not_harmless() {
        let text = CLOSED.replace("FA 51:51(0) ack 102", "FA 51:51(0) ack 61");
        judged(&text).without(&["rst-after-close"]);
    }

    #[test]
    fn one_fin_is_not_a_close_of_both() {
        let text = CLOSED
            .replace("FA 51:51(0) ack 102", "A 51:51(0) ack 102")
            .replace("ack 52", "ack 51")
            .replace("R 52:52", "R 51:51");
        judged(&text).without(&["rst-after-close"]);
    }
}
