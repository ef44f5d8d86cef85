//! A different SYN came on the same two ports during the handshake.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Words, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::firewall::REFUSAL_TTL_SAME;
use crate::evidence::form::{DSCP_MIRRORED, FLOW_LABEL_SET, RST_ANSWERS_SYN, RST_IS_BARE};
use crate::evidence::handshake::{EARLIER_OPENING, SYN_ACK_AFTER_RST};
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::evidence::service::PORT_HAD_ACCEPTED;
use crate::kernel::RstReason;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "syn-recv-new-syn",
    title: "a different SYN came while {server} was in the middle of another handshake on the same two ports",
    explanation: "{server} had answered a SYN and waited for the last ACK. Instead a second SYN came on the same two \
        ports, with another sequence number that lies in the window of the first. {server} drops its half-open request and \
        resets. {client} was restarted and chose the same port, a NAT gave the port to another host, or somebody forges.",
    effect: "connect() fails with ECONNREFUSED although the port listens; the next try succeeds.",
    sources: &[rfc(9293, "3.10.7.4"), kernel("net/ipv4/tcp_minisocks.c", "tcp_check_req (embryonic_reset)")],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[KernelSign::reason(RstReason::InvalidSyn)],
    rule: Rule {
        needs: &[&RST_ANSWERS_SYN, &EARLIER_OPENING],
        refuted_by: &[&SYN_ACK_AFTER_RST, &RST_CONTRADICTS_SENDER],
        // As for a closed port, and what a closed port does not need.
        supported_by: &[
            &EARLIER_OPENING,
            &RST_IS_BARE,
            &DSCP_MIRRORED,
            &FLOW_LABEL_SET,
            &PORT_HAD_ACCEPTED,
            &REFUSAL_TTL_SAME,
        ],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::identical("closed-port", "the listener would have gone between the two SYNs: `ss -ltn` on {server}"),
        LookAlike::identical(
            "fw-reject-syn",
            "a firewall rule would have been added between the two SYNs; OutRsts on {server} does not count its reset",
        ),
    ],
    advice: &[
        "try again: the half-open request is gone, the next SYN succeeds",
        "on {server}: `nstat -az TcpExtEmbryonicRsts` and `nstat -az TcpAttemptFails` rise with each such SYN",
        "let {client} choose its source ports at random; look for a NAT that hands ports on at once",
    ],
    zh: Words {
        title: "{server}在同一端口对上的另一次握手还没完成，又来了一个不同的 SYN",
        explanation: "{server}已应答一个 SYN，正等最后的 ACK。这时同一端口对上又来了第二个 SYN，序列号不同，但落在第\
            一个的窗口里。{server}丢弃半连接并回 RST。原因可能是{client}重启后选中了同一端口、NAT 把端口分给了另一台\
            主机，或者有人伪造。",
        effect: "尽管端口在监听，connect() 仍得到 ECONNREFUSED；再试一次就成功。",
        variants: &[],
        told_apart_by: &[
            ("closed-port", "监听套接字应在两个 SYN 之间消失：看{server}上的 `ss -ltn`"),
            ("fw-reject-syn", "防火墙规则应在两个 SYN 之间新加；{server}上的 OutRsts 不计它的 RST"),
        ],
        advice: &[
            "再试一次：半连接已经没了，下一个 SYN 会成功",
            "在{server}上：每来一个这样的 SYN，`nstat -az TcpExtEmbryonicRsts` 和 `nstat -az TcpAttemptFails` 就增长",
            "让{client}随机选择源端口；查是否有 NAT 把端口立即转给别人",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::kernel::RstReason;
    use crate::testing::{judged, judged_with};
    use crate::verdict::Confidence::{Certain, Possible};

    const TWO_SYNS: &str = "
        0.000 C > S S 0:0(0)
        +0.001 C < S SA 0:0(0) ack 1
        0.050 C > S S 1000:1000(0)
        +0.001 C < S RA 0:0(0) ack 1001 win 0 opts none";

    #[test]
    fn a_second_syn_during_the_handshake_is_refused() {
        judged_with(TWO_SYNS, RstReason::InvalidSyn, &["tcp_check_req"]).is("syn-recv-new-syn", Certain);
    }

    #[test]
    fn from_packets_alone_the_service_may_have_gone() {
        judged(TWO_SYNS).is("syn-recv-new-syn", Possible).beside(&["closed-port"]);
    }

    #[test]
    fn the_same_syn_again_is_no_other_syn() {
        let text = "
            0.000 C > S S 0:0(0)
            1.000 C > S S 0:0(0)
            +0.001 C < S RA 0:0(0) ack 1";
        judged(text).is("closed-port", Possible);
    }
}
