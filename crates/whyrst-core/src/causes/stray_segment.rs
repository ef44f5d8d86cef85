//! A segment of a connection whose beginning the capture does not show.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Words, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::closing::SENDER_HAD_CLOSED;
use crate::evidence::form::{RST_IS_BARE, RST_IS_PASSIVE};
use crate::evidence::handshake::BEGINNING_NOT_SEEN;
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::kernel::RstReason;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "stray-segment",
    title: "a segment reached {sender} for a connection that it does not have, or not any more",
    explanation: "A host answers any segment that belongs to none of its connections with RST. The capture does not show \
        how this one began, so it may be the rest of a connection that was closed, lost in a reboot or dropped by a NAT, or a probe.",
    effect: "if {receiver} still held the connection: ECONNRESET.",
    sources: &[rfc(9293, "3.5.2, group 1"), kernel("net/ipv4/tcp_ipv4.c", "tcp_v4_send_reset")],
    ending: EndingKind::Reset,
    breadth: Breadth::Umbrella,
    severity: Severity::Fault,
    kernel_reasons: &[KernelSign::reason(RstReason::NoSocket), KernelSign::reason(RstReason::TcpFlags)],
    rule: Rule {
        needs: &[&RST_IS_PASSIVE, &BEGINNING_NOT_SEEN],
        refuted_by: &[&SENDER_HAD_CLOSED, &RST_CONTRADICTS_SENDER],
        supported_by: &[&RST_IS_BARE],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::similar("orphan-rst", "the segment that the RST answers would be missing as well"),
        LookAlike::similar("flag-scan", "the segment that is answered would have neither SYN nor ACK"),
        LookAlike::similar(
            "half-open-no-listener",
            "a capture from the connection's beginning would show it established and never closed",
        ),
        LookAlike::similar(
            "half-open-listener",
            "a capture from the connection's beginning would show it established and never closed; the port accepts",
        ),
        LookAlike::similar("data-after-close", "a longer capture would show {sender}'s FIN before"),
        LookAlike::similar("nat-mapping-lost", "captures on both sides of the NAT show different ports or addresses"),
        LookAlike::similar("address-moved", "the address belonged to another host before"),
        LookAlike::special_case(
            "conntrack-invalid-dnat",
            "{sender} has a connection with the same two ports and another address, the service's",
        ),
    ],
    advice: &[
        "start the capture earlier, before the connection is opened, and keep it running: `tcpdump -s 96 -w ... -W 10 -C 100`",
        "on {sender}: reboot, restart or failover shortly before?",
        "many different ports or sources make it a scan (ACK scan)",
    ],
    zh: Words {
        title: "有报文到达{sender}，但它没有（或已不再有）这条连接",
        explanation: "对不属于自己任何连接的报文，主机一律回 RST。抓包没有显示这条连接如何开始，所以它可能是已关闭的、\
            因重启而丢失的或被 NAT 丢掉的连接的残余，也可能是探测。",
        effect: "如果{receiver}仍保有该连接：ECONNRESET。",
        variants: &[],
        told_apart_by: &[
            ("orphan-rst", "RST 所应答的报文也会缺失"),
            ("flag-scan", "被应答的报文会既没有 SYN 也没有 ACK"),
            ("half-open-no-listener", "从连接开头开始的抓包会显示它已建立，且从未关闭"),
            ("half-open-listener", "从连接开头开始的抓包会显示它已建立，且从未关闭；端口仍在接受连接"),
            ("data-after-close", "更长的抓包会显示此前{sender}的 FIN"),
            ("nat-mapping-lost", "在 NAT 两侧抓包，端口或地址不同"),
            ("address-moved", "该地址之前属于另一台主机"),
            ("conntrack-invalid-dnat", "{sender}有一条端口对相同、地址不同（服务地址）的连接"),
        ],
        advice: &[
            "在连接建立之前就开始抓包，并一直开着：`tcpdump -s 96 -w ... -W 10 -C 100`",
            "在{sender}上：不久前是否重启过主机、重启过服务或做过故障切换？",
            "涉及许多不同的端口或来源，就是扫描（ACK 扫描）",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::testing::judged;
    use crate::verdict::Confidence::Possible;

    const STRAY: &str = "
        0.000 C > S PA 1:101(100) ack 1
        +0.0001 C < S R 1:1(0)";

    #[test]
    fn data_from_before_the_capture_is_told_as_what_it_is() {
        judged(STRAY).is("stray-segment", Possible).beside(&["half-open-no-listener", "nat-mapping-lost"]);
    }

    #[test]
    fn the_beginning_excludes_it() {
        let text =
            std::format!("0 C > S S 0:0(0)\n+0.0001 C < S SA 0:0(0) ack 1\n+0.0001 C > S A 1:1(0) ack 1\n{STRAY}");
        let text = text.replace("0.000 C > S PA", "1.000 C > S PA");
        judged(&text).without(&["stray-segment"]);
    }

    #[test]
    fn a_reset_long_after_the_last_segment_does_not_answer_it() {
        let text = STRAY.replace("+0.0001", "350.0");
        judged(&text).is("idle-timeout-reset", Possible).without(&["stray-segment"]);
    }
}
