//! A firewall between the two ends rejects a segment with a reset in the other end's name.

use crate::cause::{Breadth, Cause, LookAlike, Rule, Severity, Words, kernel};
use crate::ending::EndingKind;
use crate::evidence::closing::SENDER_HAD_CLOSED;
use crate::evidence::firewall::{MADE_OUTSIDE_STACK, REFUSAL_TTL_DIFFERS, RST_FROM_NEARER};
use crate::evidence::form::{
    DSCP_MIRRORED, FLOW_LABEL_SET, RST_ANSWERS_SYN, RST_ANSWERS_SYN_ACK, RST_IS_BARE, RST_IS_PASSIVE,
};
use crate::evidence::handshake::{BEGINNING_WHOLE, SYN_ACK_AFTER_RST};
use crate::evidence::path::RST_TTL_DIFFERS;
use crate::evidence::vantage::{
    ALL_REACHED_SENDER, RST_LEFT_ITS_SENDER, RST_MADE_BETWEEN, TRIGGER_DROPPED, TRIGGER_REACHED_SENDER,
};

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "fw-reject-transit",
    title: "a firewall between the two rejected the segment with a reset in {sender}'s name",
    explanation: "A router or transparent firewall on the way forbids this traffic and says so with a TCP reset. The segment \
        never reached {sender}, which may well have taken it. On a connection that existed only the end that sent the \
        rejected segment is told; the other one stays half-open.",
    effect: "{receiver}: ECONNREFUSED for a SYN, ECONNRESET later. {sender} knows nothing of it.",
    sources: &[
        kernel("net/ipv4/netfilter/nf_reject_ipv4.c", "nf_send_reset"),
        kernel("net/ipv6/netfilter/nf_reject_ipv6.c", "nf_send_reset6"),
        kernel("net/ipv4/ip_forward.c", "ip_forward"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Policy,
    kernel_reasons: &[],
    rule: Rule {
        needs: &[&RST_IS_PASSIVE, &RST_IS_BARE, &BEGINNING_WHOLE, &MADE_OUTSIDE_STACK],
        refuted_by: &[
            &RST_LEFT_ITS_SENDER,
            &TRIGGER_REACHED_SENDER,
            &ALL_REACHED_SENDER,
            &SENDER_HAD_CLOSED,
            &RST_ANSWERS_SYN_ACK,
            &SYN_ACK_AFTER_RST,
            &DSCP_MIRRORED,
            &FLOW_LABEL_SET,
        ],
        supported_by: &[
            &RST_MADE_BETWEEN,
            &TRIGGER_DROPPED,
            &RST_TTL_DIFFERS,
            &REFUSAL_TTL_DIFFERS,
            &RST_FROM_NEARER,
            &RST_ANSWERS_SYN,
        ],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::identical(
            "closed-port",
            "the SYN arrives on {server} and the RST leaves it; `ss -ltn` there shows nothing on the port",
        ),
        LookAlike::identical("fw-reject-syn", "the SYN arrives on {server}, whose own rule's counter rises"),
        LookAlike::identical(
            "listening-elsewhere",
            "the SYN arrives on {server}; `ss -ltn` there shows the port on another address",
        ),
        LookAlike::identical(
            "fw-state-lost",
            "no rule forbids the traffic: a new connection passes; the firewall had forgotten this one",
        ),
        LookAlike::identical(
            "fw-reject-established",
            "the segment arrives on {sender}, whose own rule's counter rises, and the RST leaves it",
        ),
        LookAlike::identical(
            "nat-mapping-lost",
            "a NAT forgot the connection: captures on both of its sides show different ports or addresses",
        ),
        LookAlike::identical(
            "half-open-no-listener",
            "the segment arrives on {sender}, whose kernel counts the RST in Tcp OutRsts",
        ),
        LookAlike::identical(
            "half-open-listener",
            "the segment arrives on {sender}, whose kernel counts the RST in Tcp OutRsts",
        ),
        LookAlike::identical(
            "injected-rst",
            "the segment passes: it arrives on {sender} all the same, and often both ends are reset",
        ),
        LookAlike::identical(
            "asymmetric-route",
            "no rule forbids the traffic: the firewall saw only one direction of the handshake",
        ),
        LookAlike::identical(
            "policy-reset",
            "a device resets by what it reads: other content passes, and often both ends are reset",
        ),
        LookAlike::special_case("ecn-rejected", "a SYN without ECN to the same port is accepted at the same time"),
    ],
    advice: &[
        "capture on {sender}: when neither the segment arrives nor the RST leaves, it was made in between",
        "the RST's TTL says how many hops away its maker is (64, 128 or 255 less the TTL): compare with `traceroute` from {receiver}",
        "ask whoever runs that hop for the rule (security groups, network policies, a corporate firewall)",
        "the other end is not told: keepalives there find the dead connection",
    ],
    zh: Words {
        title: "两端之间的防火墙以{sender}的名义用 RST 拒绝了报文",
        explanation: "路径上的路由器或透明防火墙禁止这种流量，并用 TCP reset 回应。报文根本没有到达{sender}，它本来\
            很可能会接收。如果连接已经建立，只有发出被拒报文的那一端会知道；另一端成为半开连接。",
        effect: "{receiver}：SYN 阶段是 ECONNREFUSED，之后是 ECONNRESET。{sender}毫不知情。",
        variants: &[],
        told_apart_by: &[
            ("closed-port", "SYN 到达{server}，RST 也从那里发出；那里 `ss -ltn` 没有这个端口"),
            ("fw-reject-syn", "SYN 到达{server}，那里自己的规则计数器增长"),
            ("listening-elsewhere", "SYN 到达{server}；那里 `ss -ltn` 显示端口监听在别的地址"),
            ("fw-state-lost", "没有规则禁止这种流量：新连接能通过；是防火墙忘了这一条"),
            ("fw-reject-established", "报文到达{sender}，那里自己的规则计数器增长，RST 也从那里发出"),
            ("nat-mapping-lost", "是 NAT 丢失了这条连接：在它两侧抓包，端口或地址不同"),
            ("half-open-no-listener", "报文到达{sender}，其内核把 RST 计入 Tcp OutRsts"),
            ("half-open-listener", "报文到达{sender}，其内核把 RST 计入 Tcp OutRsts"),
            ("injected-rst", "报文能通过：它照样到达{sender}，且往往两端都被重置"),
            ("asymmetric-route", "没有规则禁止这种流量：防火墙只看到了握手的一个方向"),
            ("policy-reset", "设备根据读到的内容重置：换别的内容就能通过，且往往两端都被重置"),
            ("ecn-rejected", "同一时刻，不带 ECN 的 SYN 连同一端口会被接受"),
        ],
        advice: &[
            "在{sender}上抓包：如果报文没有到达、RST 也没有从那里发出，就是中间设备生成的",
            "从 RST 的 TTL 可算出生成者在几跳之外（64、128 或 255 减去 TTL）：与从{receiver}出发的 `traceroute` 对照",
            "向那一跳的负责人询问规则（安全组、网络策略、企业防火墙）",
            "另一端不会收到通知：在那一端开保活，才能发现死连接",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::testing::{conversation, judged, judged_unsent};
    use crate::verdict::Confidence::Possible;
    use crate::verdict::{Judgement, judge};

    const REFUSED: &str = "
        0.000 C > S S 0:0(0)
        +0.0001 C < S RA 0:0(0) ack 1";

    /// The service had accepted a connection before, from three hops away.
    fn after_an_accepted_one(ttl: &str) -> Judgement {
        let text = std::format!(
            "
            0.000 C:1 > S S 0:0(0)
            +0.01 C:1 < S SA 0:0(0) ack 1 ttl 61
            +0.01 C:1 > S A 1:1(0) ack 1
            1.000 C:2 > S S 0:0(0)
            +0.001 C:2 < S RA 0:0(0) ack 1 ttl {ttl}"
        );
        judge(&conversation(&text).ending())
    }

    #[test]
    fn a_refusal_from_nearer_by_than_the_service_points_at_the_path() {
        after_an_accepted_one("63").is("fw-reject-transit", Possible).beside(&["closed-port", "fw-reject-syn"]);
    }

    #[test]
    fn a_refusal_from_as_far_as_the_service_does_not() {
        after_an_accepted_one("61").is("closed-port", Possible).beside(&["fw-reject-syn", "fw-reject-transit"]);
    }

    #[test]
    fn without_anything_to_compare_it_is_only_named() {
        judged(REFUSED).is("closed-port", Possible).beside(&["fw-reject-transit"]);
        judged_unsent(REFUSED).is("fw-reject-syn", Possible).beside(&["fw-reject-transit"]);
    }

    #[test]
    fn what_the_tcp_stack_alone_does_excludes_it() {
        let text = REFUSED.replace("S 0:0(0)", "S 0:0(0) tos 72").replace("ack 1", "ack 1 tos 72");
        judged(&text).without(&["fw-reject-transit"]);
    }
}
