//! A firewall on the target host rejects the SYN with a reset, without asking TCP.

use crate::cause::{Breadth, Cause, LookAlike, Rule, Severity, Words, kernel};
use crate::ending::EndingKind;
use crate::evidence::firewall::REFUSAL_TTL_SAME;
use crate::evidence::form::{DSCP_MIRRORED, FLOW_LABEL_SET, REFUSAL_HAS_NUMBER, RST_ANSWERS_SYN, RST_IS_BARE};
use crate::evidence::handshake::SYN_ACK_AFTER_RST;
use crate::evidence::multipath::RST_ENDS_SUBFLOW;
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::evidence::said::RST_SAYS_FORBIDDEN;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "fw-reject-syn",
    title: "a firewall on {server} rejects the connection",
    explanation: "A rule in {server}'s own firewall (iptables `REJECT --reject-with tcp-reset`, nftables \
        `reject with tcp reset`) answered the SYN. The service may well be listening: it never saw the SYN.",
    effect: "connect() fails at once with ECONNREFUSED; {server} and its service know nothing of it.",
    sources: &[
        kernel("net/ipv4/netfilter/nf_reject_ipv4.c", "nf_send_reset"),
        kernel("net/ipv6/netfilter/nf_reject_ipv6.c", "nf_send_reset6"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Policy,
    kernel_reasons: &[],
    rule: Rule {
        needs: &[&RST_ANSWERS_SYN],
        refuted_by: &[
            &REFUSAL_HAS_NUMBER,
            &SYN_ACK_AFTER_RST,
            &RST_CONTRADICTS_SENDER,
            &RST_ENDS_SUBFLOW,
            &DSCP_MIRRORED,
            &FLOW_LABEL_SET,
        ],
        supported_by: &[&RST_IS_BARE, &REFUSAL_TTL_SAME, &RST_SAYS_FORBIDDEN],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::identical(
            "closed-port",
            "`ss -ltn` on {server} shows nothing on the port; its kernel counts the reset in Tcp OutRsts and gives it the DSCP of the SYN",
        ),
        LookAlike::identical(
            "fw-reject-transit",
            "its reset has the TTL of another hop than {server}'s SYN-ACKs, and a capture on {server} shows neither SYN nor RST",
        ),
        LookAlike::similar(
            "mptcp-join-bad-token",
            "the SYN carries MP_JOIN with a token that {server} does not know; an ordinary SYN is accepted",
        ),
        LookAlike::identical(
            "syn-meets-fin-wait2",
            "an older connection of the same two ports would have been closed by {server} only; a second try succeeds",
        ),
        LookAlike::identical(
            "syn-recv-new-syn",
            "another handshake of the same two ports would have been going on; a second try succeeds",
        ),
        LookAlike::similar(
            "simultaneous-open-missed",
            "{server} would send a SYN of its own to the same port, a moment later",
        ),
        LookAlike::identical(
            "listening-elsewhere",
            "`ss -ltn` on {server} shows the port on another address; its kernel counts the reset in Tcp OutRsts",
        ),
        LookAlike::special_case("ecn-rejected", "a SYN without ECN to the same port is accepted at the same time"),
    ],
    advice: &[
        "on {server}: `nft list ruleset` or `iptables -vnL`, and see which rule's counter rises while connecting",
        "on {server}: `ss -ltn` shows whether the service would have taken the connection",
        "look for agents that write rules: fail2ban, firewalld, ufw, container runtimes, Kubernetes network policies",
    ],
    zh: Words {
        title: "{server}上的防火墙拒绝了连接",
        explanation: "{server}自己的防火墙规则（iptables `REJECT --reject-with tcp-reset`、nftables \
            `reject with tcp reset`）应答了 SYN。服务很可能正在监听：它根本没看到这个 SYN。",
        effect: "connect() 立即返回 ECONNREFUSED；{server}和上面的服务都不知情。",
        variants: &[],
        told_apart_by: &[
            ("closed-port", "在{server}上 `ss -ltn` 没有这个端口；其内核把 RST 计入 Tcp OutRsts，并沿用 SYN 的 DSCP"),
            (
                "fw-reject-transit",
                "它的 RST 的 TTL 与{server}的 SYN-ACK 不是同一跳，且在{server}上抓包既看不到 SYN \
                也看不到 RST",
            ),
            ("mptcp-join-bad-token", "SYN 带有 MP_JOIN，而{server}不认识其中的 token；普通 SYN 会被接受"),
            ("syn-meets-fin-wait2", "同一端口对上会有一条只被{server}关闭过的旧连接；再试一次就成功"),
            ("syn-recv-new-syn", "同一端口对上会有另一次握手正在进行；再试一次就成功"),
            ("simultaneous-open-missed", "稍后{server}自己也会向同一端口发 SYN"),
            ("listening-elsewhere", "在{server}上 `ss -ltn` 显示端口监听在别的地址；其内核把 RST 计入 Tcp OutRsts"),
            ("ecn-rejected", "同一时刻，不带 ECN 的 SYN 连同一端口会被接受"),
        ],
        advice: &[
            "在{server}上：`nft list ruleset` 或 `iptables -vnL`，看建连时哪条规则的计数器在增长",
            "在{server}上：`ss -ltn` 可看出服务本来能不能接受这条连接",
            "找会自动写规则的程序：fail2ban、firewalld、ufw、容器运行时、Kubernetes NetworkPolicy",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::testing::{judged, judged_unsent};
    use crate::verdict::Confidence::Possible;

    #[test]
    fn a_lost_dscp_speaks_for_the_firewall_but_other_stacks_do_not_mirror_either() {
        let text = "
            0.000 C > S S 0:0(0) tos 72
            +0.0001 C < S RA 0:0(0) ack 1 tos 0";
        judged(text).is("fw-reject-syn", Possible).beside(&["closed-port", "fw-reject-transit"]);
    }

    #[test]
    fn a_missing_flow_label_speaks_for_the_firewall() {
        let text = "
            0.000 C6 > S6 S 0:0(0)
            +0.0001 C6 < S6 RA 0:0(0) ack 1 label 0";
        judged(text).is("fw-reject-syn", Possible).beside(&["closed-port"]);
    }

    #[test]
    fn the_silence_of_the_kernel_leaves_the_firewalls() {
        let text = "
            0.000 C > S S 0:0(0)
            +0.0001 C < S RA 0:0(0) ack 1";
        judged_unsent(text).is("fw-reject-syn", Possible).beside(&["fw-reject-transit"]).without(&["closed-port"]);
    }
}
