//! An old segment reaches a TIME-WAIT, and the reset of its answer ends the TIME-WAIT.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Words, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::closing::{BOTH_HAD_CLOSED, RST_ANSWERS_NO_DATA};
use crate::evidence::data::EVERYTHING_ACKNOWLEDGED;
use crate::evidence::firewall::OLD_SEGMENT_CAME;
use crate::evidence::form::RST_IS_BARE;
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::kernel::RstReason;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "time-wait-assassination",
    title: "an old segment reached {receiver}'s TIME-WAIT, and {sender} reset the ACK that it was answered with; nothing was lost",
    explanation: "Both ends had closed. A late or doubled segment then reached the end that waits in TIME-WAIT, which \
        answers it with the connection's last ACK. {sender} had already forgotten the connection and resets that ACK, and \
        the reset removes the TIME-WAIT before its time (RFC 1337; Linux permits it unless tcp_rfc1337=1).",
    effect: "no program notices. The ports can be used again at once; old duplicates could then disturb a new connection.",
    sources: &[rfc(1337, "2"), rfc(9293, "3.10.7.4"), kernel("net/ipv4/tcp_minisocks.c", "tcp_timewait_state_process")],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Benign,
    kernel_reasons: &[KernelSign::reason(RstReason::NoSocket), KernelSign::reason(RstReason::TcpFlags)],
    rule: Rule {
        needs: &[&BOTH_HAD_CLOSED, &OLD_SEGMENT_CAME, &RST_ANSWERS_NO_DATA, &EVERYTHING_ACKNOWLEDGED],
        refuted_by: &[&RST_CONTRADICTS_SENDER],
        supported_by: &[&RST_IS_BARE],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::special_case("rst-after-close", "no old segment would have come before the ACK that was reset"),
        LookAlike::similar("data-after-close", "new data would have been sent after the close"),
    ],
    advice: &[
        "nothing to do; a path that duplicates or delays segments by seconds is worth a look (`duplicate` in the capture)",
        "`sysctl net.ipv4.tcp_rfc1337=1` on {receiver} lets a TIME-WAIT ignore resets",
    ],
    zh: Words {
        title: "一个旧报文碰到了{receiver}的 TIME-WAIT，它回的 ACK 又被{sender}重置；没有丢失任何数据",
        explanation: "两端都已关闭。随后一个迟到或重复的报文到达处于 TIME-WAIT 的一端，它用连接的最后一个 ACK 应答。\
            {sender}已经忘掉这条连接，对这个 ACK 回 RST，而 RST 让 TIME-WAIT 提前消失（RFC 1337；除非 tcp_rfc1337=1，\
            Linux 允许这样）。",
        effect: "没有程序会察觉。端口可以立即重用；但旧的重复报文可能因此干扰新连接。",
        variants: &[],
        told_apart_by: &[
            ("rst-after-close", "在被重置的 ACK 之前不会有旧报文"),
            ("data-after-close", "关闭之后应发过新数据"),
        ],
        advice: &[
            "无需处理；不过会重复报文、或让报文延迟数秒的路径值得查一查（抓包中的 `duplicate`）",
            "在{receiver}上设 `sysctl net.ipv4.tcp_rfc1337=1`，TIME-WAIT 就会忽略 RST",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::kernel::RstReason;
    use crate::testing::{judged, judged_with};
    use crate::verdict::Confidence::{Certain, Likely};

    const CLOSED: &str = "
        0.000 C > S S 0:0(0)
        +0.001 C < S SA 0:0(0) ack 1
        +0.0001 C > S A 1:1(0) ack 1
        0.010 C > S PA 1:101(100) ack 1
        +0.001 C < S A 1:1(0) ack 101
        0.100 C < S FA 1:1(0) ack 101
        +0.001 C > S FA 101:101(0) ack 2
        +0.001 C < S A 2:2(0) ack 102";

    #[test]
    fn an_old_segment_its_answer_and_a_reset() {
        let text = std::format!(
            "{CLOSED}\n0.500 C > S PA 1:101(100) ack 1\n+0.0001 C < S A 2:2(0) ack 102\n+0.010 C > S R 102:102(0)"
        );
        judged(&text).is("time-wait-assassination", Likely).beside(&["rst-after-close"]);
        judged_with(&text, RstReason::NoSocket, &[]).is("time-wait-assassination", Certain);
    }

    #[test]
    fn without_the_old_segment_it_is_a_reset_after_the_close() {
        let text = std::format!("{CLOSED}\n0.500 C < S A 2:2(0) ack 102\n+0.0001 C > S R 102:102(0)");
        judged(&text).is("rst-after-close", Likely).beside(&["time-wait-assassination"]);
    }
}
