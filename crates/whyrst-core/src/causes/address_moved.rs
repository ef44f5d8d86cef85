//! The address belongs to another host now, which knows nothing of the connection.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Source, Words, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::closing::SENDER_HAD_CLOSED;
use crate::evidence::forgery::RSTS_BOTH_WAYS;
use crate::evidence::form::{RST_ANSWERS_SYN_ACK, RST_IS_BARE, RST_IS_PASSIVE};
use crate::evidence::handshake::HANDSHAKE_COMPLETED;
use crate::evidence::path::{RST_TTL_DIFFERS, SENDER_TALKED_ON};
use crate::evidence::vantage::{ALL_REACHED_SENDER, TRIGGER_REACHED_SENDER};
use crate::kernel::RstReason;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "address-moved",
    title: "{sender}'s address belongs to another host now, which does not know the connection",
    explanation: "A failover (VRRP, keepalived, a cloud's floating address), an anycast or ECMP route that changed, or a pod \
        whose address was given to another: the segments of an old connection reach a host that never had it. The host \
        that had it still believes in it.",
    effect: "{receiver}: ECONNRESET at its next call. The program on the old host notices nothing until its keepalive.",
    sources: &[
        rfc(9293, "3.5.1"),
        rfc(5798, "1.2"),
        kernel("net/ipv4/tcp_ipv4.c", "tcp_v4_rcv"),
        Source::Other("RFC 7690 (ECMP and anycast rehash)"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[KernelSign::reason(RstReason::NoSocket), KernelSign::reason(RstReason::TcpFlags)],
    rule: Rule {
        needs: &[&RST_IS_PASSIVE, &HANDSHAKE_COMPLETED],
        refuted_by: &[
            &TRIGGER_REACHED_SENDER,
            &ALL_REACHED_SENDER,
            &SENDER_HAD_CLOSED,
            &RST_ANSWERS_SYN_ACK,
            &SENDER_TALKED_ON,
            &RSTS_BOTH_WAYS,
        ],
        supported_by: &[&RST_IS_BARE, &RST_TTL_DIFFERS],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::broader("half-open-no-listener", "the same host lost it: same MAC, same TTL, its uptime is short"),
        LookAlike::broader("half-open-listener", "the same host lost it: same MAC, same TTL, its service restarted"),
        LookAlike::identical(
            "nat-mapping-lost",
            "a NAT at that address had forgotten the connection: new connections come from there as before",
        ),
        LookAlike::identical(
            "injected-rst",
            "{sender} would go on as before, from where it was; only single RSTs come from elsewhere",
        ),
        LookAlike::similar("stray-segment", "the capture does not show how the connection began"),
    ],
    advice: &[
        "compare MAC (`tcpdump -e`), TTL and IP IDs of the RST with {sender}'s packets before: another host has other ones",
        "look for a failover at that time: `journalctl -u keepalived`, cloud events, BGP or ECMP changes, pod restarts",
        "drain connections before moving an address, or synchronise their state; consistent hashing for ECMP",
        "on the old host end the leftovers: `ss -K`, so that its programs learn of it",
    ],
    zh: Words {
        title: "{sender}的地址已经漂移到另一台主机上，而那台主机不认识这条连接",
        explanation: "故障切换（VRRP、keepalived、云上的浮动 IP）、anycast 或 ECMP 路径变化、Pod 的 IP 被分配给了别\
            的 Pod：老连接的报文到了一台从未有过这条连接的主机上。原来那台主机却还认为连接存在。",
        effect: "{receiver}：下一次调用得到 ECONNRESET。旧主机上的程序要等到保活超时才会发现。",
        variants: &[],
        told_apart_by: &[
            ("half-open-no-listener", "是同一台主机丢失了它：MAC 相同、TTL 相同、uptime 很短"),
            ("half-open-listener", "是同一台主机丢失了它：MAC 相同、TTL 相同、服务重启过"),
            ("nat-mapping-lost", "那个地址上的 NAT 丢失了这条连接：新连接仍像以前一样从那里来"),
            ("injected-rst", "{sender}会从原来的位置继续发送；只有个别 RST 来自别处"),
            ("stray-segment", "抓包没有显示连接如何开始"),
        ],
        advice: &[
            "把 RST 的 MAC（`tcpdump -e`）、TTL 和 IP ID 与{sender}之前的报文比较：换了主机，这些就会不同",
            "查那个时间点有没有切换：`journalctl -u keepalived`、云平台事件、BGP 或 ECMP 变更、Pod 重启",
            "迁移地址之前先排空连接，或者同步连接状态；ECMP 用一致性哈希",
            "在旧主机上清掉残留连接：`ss -K`，让上面的程序及时感知",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::kernel::RstReason;
    use crate::testing::{judged, judged_unsent, judged_with};
    use crate::verdict::Confidence::Possible;

    const MOVED: &str = "
        0.000 C > S S 0:0(0)
        +0.001 C < S SA 0:0(0) ack 1
        +0.0001 C > S A 1:1(0) ack 1
        0.010 C > S PA 1:101(100) ack 1
        +0.001 C < S A 1:1(0) ack 101
        1.000 C > S PA 101:201(100) ack 1
        +0.0001 C < S R 1:1(0) ttl 128";

    #[test]
    fn a_reset_with_another_ttl_may_come_from_another_host() {
        judged(MOVED).is("address-moved", Possible).beside(&["fw-state-lost", "half-open-no-listener"]);
        judged_with(MOVED, RstReason::NoSocket, &[]).is("address-moved", Possible).beside(&["half-open-no-listener"]);
    }

    #[test]
    fn with_the_same_ttl_the_broader_statement_stands() {
        let same = MOVED.replace("ttl 128", "ttl 64");
        let judgement = judged_with(&same, RstReason::NoSocket, &[]);
        judgement.is("half-open-no-listener", Possible).beside(&["address-moved"]);
        assert!(judgement.allows("address-moved"));
    }

    #[test]
    fn a_host_that_sent_no_reset_did_not_take_it_over() {
        judged_unsent(MOVED).without(&["address-moved"]);
    }
}
