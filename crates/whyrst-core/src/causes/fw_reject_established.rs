//! A rule on the host itself rejects segments of a connection that exists.

use crate::cause::{Breadth, Cause, LookAlike, Rule, Severity, Words, kernel};
use crate::ending::EndingKind;
use crate::evidence::closing::SENDER_HAD_CLOSED;
use crate::evidence::firewall::RST_TTL_SAME;
use crate::evidence::form::{DSCP_MIRRORED, FLOW_LABEL_SET, RST_ANSWERS_SYN_ACK, RST_IS_BARE, RST_IS_PASSIVE};
use crate::evidence::handshake::HANDSHAKE_COMPLETED;
use crate::evidence::vantage::RST_MADE_BETWEEN;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "fw-reject-established",
    title: "a firewall rule on {sender} rejects the established connection",
    explanation: "A rule was added on {sender}, or an allowance ran out, while the connection was in use: REJECT with \
        tcp-reset in its INPUT chain answers the next segment. {sender}'s own socket is not told and stays ESTABLISHED. \
        The same comes of a rule that rejects what connection tracking calls INVALID.",
    effect: "{receiver}: ECONNRESET. {sender}: its program notices nothing; recv() goes on waiting.",
    sources: &[
        kernel("net/ipv4/netfilter/nf_reject_ipv4.c", "nf_send_reset"),
        kernel("net/ipv6/netfilter/nf_reject_ipv6.c", "nf_send_reset6"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Policy,
    kernel_reasons: &[],
    rule: Rule {
        needs: &[&RST_IS_PASSIVE, &HANDSHAKE_COMPLETED, &RST_IS_BARE],
        refuted_by: &[&RST_MADE_BETWEEN, &SENDER_HAD_CLOSED, &RST_ANSWERS_SYN_ACK, &DSCP_MIRRORED, &FLOW_LABEL_SET],
        supported_by: &[&RST_TTL_SAME],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::identical(
            "half-open-no-listener",
            "`ss -tn` on {sender} shows no such connection; its kernel counts the RST in Tcp OutRsts",
        ),
        LookAlike::identical(
            "half-open-listener",
            "`ss -tn` on {sender} shows no such connection; its kernel counts the RST in Tcp OutRsts",
        ),
        LookAlike::identical(
            "fw-state-lost",
            "no rule changed: a firewall had forgotten the connection, after a reload or a long silence",
        ),
        LookAlike::identical(
            "fw-reject-transit",
            "a capture on {sender} shows neither the segment nor the RST, whose TTL is that of another hop",
        ),
        LookAlike::identical(
            "nat-mapping-lost",
            "captures on both sides of the NAT show different ports or addresses; {sender}'s socket is there",
        ),
        LookAlike::identical("injected-rst", "a capture on {sender} shows that the RST never left it"),
        LookAlike::identical(
            "accept-overflow-abort",
            "ListenOverflows rises on {server}; `ss -ltn` there shows Recv-Q above Send-Q",
        ),
        LookAlike::identical(
            "accept-overflow-ghost",
            "{server} would repeat its SYN-ACK after the handshake; ListenOverflows rises there",
        ),
        LookAlike::identical(
            "asymmetric-route",
            "a firewall on the path saw only one direction: only the last ACK of the handshake is rejected",
        ),
        LookAlike::identical(
            "policy-reset",
            "a device resets by what it reads: other content passes, and often both ends are reset",
        ),
        LookAlike::identical(
            "listener-close-half-open",
            "{server}'s listener was closed between SYN-ACK and ACK: a restart, a deployment",
        ),
        LookAlike::identical(
            "syncookie-invalid",
            "{server} used SYN cookies and could not verify this one: SyncookiesSent rises there",
        ),
    ],
    advice: &[
        "on {sender}: `nft list ruleset` or `iptables -vnL`: which counter rises while the peer sends? who changed a rule then?",
        "on {sender}: `ss -tn` still shows the connection; after adding rules end such sockets too (`ss -K`)",
        "let rules for established connections come first (`ct state established,related accept`); drop INVALID, do not reject it",
    ],
    zh: Words {
        title: "{sender}上的防火墙规则拒绝了这条已建立的连接",
        explanation: "连接正在使用时，{sender}上新加了规则，或者某个限额用完了：INPUT 链里 REJECT --reject-with \
            tcp-reset 的规则对下一个报文回 RST。{sender}自己的套接字并不知情，仍是 ESTABLISHED。拒绝 INVALID 报文（\
            连接跟踪判定）的规则也会造成同样的现象。",
        effect: "{receiver}：ECONNRESET。{sender}：上面的程序毫无察觉，recv() 继续等待。",
        variants: &[],
        told_apart_by: &[
            ("half-open-no-listener", "在{sender}上 `ss -tn` 没有这条连接；其内核把 RST 计入 Tcp OutRsts"),
            ("half-open-listener", "在{sender}上 `ss -tn` 没有这条连接；其内核把 RST 计入 Tcp OutRsts"),
            ("fw-state-lost", "规则没有变：是防火墙在重载或长时间空闲后忘了这条连接"),
            ("fw-reject-transit", "在{sender}上抓包既看不到该报文也看不到 RST，而 RST 的 TTL 属于另一跳"),
            ("nat-mapping-lost", "在 NAT 两侧抓包，端口或地址不同；{sender}上的套接字还在"),
            ("injected-rst", "在{sender}上抓包可以看出，RST 不是从那里发出的"),
            ("accept-overflow-abort", "{server}上的 ListenOverflows 增长；那里 `ss -ltn` 的 Recv-Q 大于 Send-Q"),
            ("accept-overflow-ghost", "{server}会在握手之后重发 SYN-ACK；那里的 ListenOverflows 增长"),
            ("asymmetric-route", "路径上的防火墙只看到一个方向：只有三次握手的最后一个 ACK 被拒绝"),
            ("policy-reset", "设备根据读到的内容重置：换别的内容就能通过，且往往两端都被重置"),
            ("listener-close-half-open", "{server}的监听套接字在 SYN-ACK 与 ACK 之间被关闭：重启、发布"),
            ("syncookie-invalid", "{server}使用了 SYN cookie 但无法验证这一个：那里的 SyncookiesSent 增长"),
        ],
        advice: &[
            "在{sender}上：`nft list ruleset` 或 `iptables -vnL`：对端发送时哪条规则的计数器在增长？当时谁改过规则？",
            "在{sender}上：`ss -tn` 仍能看到这条连接；新加规则之后应同时清掉这类套接字（`ss -K`）",
            "把放行已建立连接的规则放在最前面（`ct state established,related accept`）；INVALID 应丢弃，不要拒绝",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::kernel::RstReason;
    use crate::testing::{judged, judged_unsent, judged_with};
    use crate::verdict::Confidence::Possible;

    const REJECTED: &str = "
        0.000 C > S S 0:0(0)
        +0.001 C < S SA 0:0(0) ack 1
        +0.0001 C > S A 1:1(0) ack 1
        0.010 C > S PA 1:101(100) ack 1
        +0.001 C < S A 1:1(0) ack 101
        1.000 C > S PA 101:201(100) ack 1
        +0.0001 C < S R 1:1(0)";

    #[test]
    fn the_silence_of_the_kernel_leaves_firewalls_and_nat() {
        judged_unsent(REJECTED)
            .is("fw-reject-established", Possible)
            .beside(&["fw-state-lost", "fw-reject-transit", "nat-mapping-lost"])
            .without(&["half-open-no-listener", "half-open-listener"]);
    }

    #[test]
    fn packets_alone_leave_a_rebooted_host_too() {
        judged(REJECTED).is("half-open-no-listener", Possible).beside(&["fw-reject-established"]);
    }

    #[test]
    fn a_mirrored_dscp_is_not_netfilters() {
        let text = REJECTED.replace("201(100) ack 1", "201(100) ack 1 tos 72").replace("R 1:1(0)", "R 1:1(0) tos 72");
        judged(&text).without(&["fw-reject-established", "fw-state-lost", "fw-reject-transit"]);
    }

    #[test]
    fn the_kernel_of_the_host_excludes_it() {
        judged_with(REJECTED, RstReason::NoSocket, &[]).without(&["fw-reject-established", "fw-state-lost"]);
    }

    #[test]
    fn who_had_closed_resets_by_itself() {
        let text = REJECTED.replace("1.000 C > S PA", "0.500 C < S FA 1:1(0) ack 101\n1.000 C > S PA");
        judged(&text).without(&["fw-reject-established"]);
    }
}
