//! A RST and nothing else: the capture has no other segment of its connection.

use crate::cause::{Breadth, Cause, LookAlike, Rule, Severity, Words, rfc};
use crate::ending::EndingKind;
use crate::evidence::form::RST_IS_ALONE;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "orphan-rst",
    title: "{sender} sent a RST; the capture shows nothing else of this connection, so not why",
    explanation: "The capture holds no other segment of this connection. It began too late, a filter left the rest out, \
        the other segments took another path, or somebody sends RSTs for connections that do not exist.",
    effect: "if {receiver} still held the connection and the number was right: ECONNRESET.",
    sources: &[rfc(9293, "3.5.3")],
    ending: EndingKind::Reset,
    breadth: Breadth::Umbrella,
    severity: Severity::Fault,
    kernel_reasons: &[],
    rule: Rule { needs: &[&RST_IS_ALONE], refuted_by: &[], supported_by: &[] },
    variants: &[],
    look_alikes: &[
        LookAlike::similar("stray-segment", "the segment that the RST answers would have been captured just before it"),
        LookAlike::special_case(
            "fw-reject-local-output",
            "on {receiver} itself a rule for output would have rejected the SYN: the RST would be on loopback",
        ),
    ],
    advice: &[
        "start the capture before the connection is opened, and let its filter pass both directions and all flags",
        "capture at both ends: did the RST leave {sender}, and what had {receiver} sent before?",
        "the same RST again and again at a steady interval is a stuck sender; many different ones are a scan or an attack",
    ],
    zh: Words {
        title: "{sender}发了一个 RST；抓包里没有这条连接的其他报文，所以不知道原因",
        explanation: "抓包里没有这条连接的任何其他报文。可能是抓包开始得太晚、过滤条件排除了其余报文、其他报文走了另\
            一条路，或者有人在为不存在的连接发 RST。",
        effect: "如果{receiver}仍保有该连接，且序列号正确：ECONNRESET。",
        variants: &[],
        told_apart_by: &[
            ("stray-segment", "RST 所应答的报文会被抓到，就在它之前"),
            ("fw-reject-local-output", "是{receiver}本机的出方向规则拒绝了 SYN：RST 在回环口上"),
        ],
        advice: &[
            "在连接建立之前就开始抓包，过滤条件要放过两个方向和所有标志位",
            "在两端抓包：RST 是从{sender}发出的吗，{receiver}在此之前发了什么？",
            "同一个 RST 以固定间隔反复出现，是发送方卡住了；许多不同的 RST，则是扫描或攻击",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::testing::judged;
    use crate::verdict::Confidence::Possible;

    #[test]
    fn a_rst_alone_is_called_that() {
        judged("0.000 C > S R 1:1(0)").is("orphan-rst", Possible);
        judged("0.000 C < S RA 5:5(0) ack 9 win 501").is("orphan-rst", Possible);
    }

    #[test]
    fn with_the_segment_that_it_answers_it_is_a_stray_segment() {
        judged("0.000 C > S A 1:1(0) ack 7\n+0.0001 C < S R 7:7(0)")
            .is("stray-segment", Possible)
            .without(&["orphan-rst"]);
    }
}
