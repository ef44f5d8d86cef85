//! The peer lost the connection, and its service is listening again.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Words, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::closing::SENDER_HAD_CLOSED;
use crate::evidence::form::{DSCP_MIRRORED, FLOW_LABEL_SET, RST_ANSWERS_SYN_ACK, RST_IS_BARE, RST_IS_PASSIVE};
use crate::evidence::handshake::{HANDSHAKE_COMPLETED, SENDER_IS_CLIENT};
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::evidence::refusal::HANDSHAKE_ACK_WRONG;
use crate::evidence::said::RST_SAYS_NOT_KNOWN;
use crate::evidence::service::PORT_ACCEPTED_AFTER;
use crate::kernel::RstReason;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "half-open-listener",
    title: "{sender} has lost this connection without a word, though its service is listening again",
    explanation: "Power loss, kernel panic, a restored snapshot, an address that moved to another host, or a NAT or \
        firewall entry that expired: one end has forgotten a connection that the other still believes in. Whatever the \
        survivor sends is answered with RST. The segment then \
        meets the listener of the restarted service (the kernel's reason is TCP_FLAGS, though nothing is wrong with the flags).",
    effect: "{receiver}: ECONNRESET at its next call; everything sent since the loss is lost.",
    sources: &[
        rfc(9293, "3.5.1"),
        kernel("net/ipv4/tcp_ipv4.c", "tcp_v4_rcv"),
        kernel("net/ipv4/tcp_ipv4.c", "tcp_v4_send_reset"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[KernelSign::reason(RstReason::TcpFlags)],
    rule: Rule {
        needs: &[&RST_IS_PASSIVE, &HANDSHAKE_COMPLETED],
        refuted_by: &[
            &SENDER_HAD_CLOSED,
            &RST_ANSWERS_SYN_ACK,
            &HANDSHAKE_ACK_WRONG,
            &SENDER_IS_CLIENT,
            &RST_CONTRADICTS_SENDER,
        ],
        supported_by: &[&RST_IS_BARE, &DSCP_MIRRORED, &FLOW_LABEL_SET, &PORT_ACCEPTED_AFTER, &RST_SAYS_NOT_KNOWN],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::similar(
            "half-open-no-listener",
            "a new connect to the port is refused; the kernel's reason on {sender} is NO_SOCKET",
        ),
        LookAlike::identical(
            "nat-mapping-lost",
            "captures on both sides of the NAT show different ports or addresses; compare the silence with its timeout",
        ),
        LookAlike::identical(
            "fw-reject-established",
            "a rule's counter on {sender} rises; `ss -tn` there still shows the connection; OutRsts does not count the RST",
        ),
        LookAlike::identical(
            "fw-state-lost",
            "a firewall on the path was reloaded or its entry expired: the RST never left {sender}",
        ),
        LookAlike::identical(
            "reset-not-captured",
            "{sender} would have received a RST before (tcp:tcp_receive_reset), forged or lost on its way to this capture",
        ),
        LookAlike::identical(
            "sender-gave-up",
            "{sender}'s retransmissions or probes went unanswered before, until its stack gave up without a word",
        ),
        LookAlike::identical(
            "accept-overflow-ghost",
            "{server} would repeat its SYN-ACK after the handshake; ListenOverflows rises there",
        ),
        LookAlike::identical(
            "defer-accept-expired",
            "{server} would repeat its SYN-ACK after the handshake; TCPDeferAcceptDrop rises there",
        ),
        LookAlike::identical(
            "syncookie-invalid",
            "{server} had never made a socket of it: SyncookiesSent rises there, the first data came minutes after the handshake",
        ),
        LookAlike::special_case("address-moved", "the RST has another TTL or MAC than {sender}'s packets before"),
        LookAlike::identical(
            "syn-meets-old-connection",
            "a new SYN from {sender} came before, and it succeeds right after the RST: the old connection's end is good news",
        ),
        LookAlike::identical("nat-port-collision", "a new SYN came before it from another host behind the same NAT"),
        LookAlike::identical(
            "fw-reject-transit",
            "the RST has the TTL of another hop; a capture on {sender} shows neither the segment nor the RST",
        ),
        LookAlike::identical(
            "accept-overflow-abort",
            "ListenOverflows rises on {server}; `ss -ltn` there shows Recv-Q above Send-Q; its kernel's reason is INVALID_SYN",
        ),
        LookAlike::identical(
            "listener-close-half-open",
            "{server}'s listener was closed between SYN-ACK and ACK: a restart, a deployment",
        ),
        LookAlike::identical(
            "asymmetric-route",
            "a firewall on the path saw only one direction: the RST has another TTL, {server} repeats its SYN-ACK",
        ),
        LookAlike::identical(
            "idle-timeout-reset",
            "a device on the path had forgotten the silent connection: the silence is its timeout, and {sender} sent no RST",
        ),
    ],
    advice: &[
        "on {sender}: `uptime`, `last reboot`, container or VM restarts at that time; did the address move (VRRP, cloud)?",
        "compare the RST's TTL and MAC with {sender}'s earlier packets: another maker means NAT, firewall or another host",
        "was the connection idle? compare the silence with idle timeouts of NAT, firewalls and balancers on the path",
        "keepalive or application heartbeats notice such half-open connections early; reconnect on ECONNRESET",
    ],
    zh: Words {
        title: "{sender}悄无声息地丢失了这条连接，不过上面的服务已重新在监听",
        explanation: "断电、内核 panic、快照恢复、地址漂移到别的主机、NAT 或防火墙表项过期：一端已经忘了这条连接，另\
            一端还以为它在（半开连接）。幸存的一端不论发什么，得到的都是 RST。这个报文碰到的是重启后服务的监听套接字\
            （内核给出的原因是 TCP_FLAGS，其实标志位并没有问题）。",
        effect: "{receiver}：下一次调用得到 ECONNRESET；丢失之后发送的一切都没了。",
        variants: &[],
        told_apart_by: &[
            ("half-open-no-listener", "对该端口新建连接会被拒绝；{sender}上的内核原因是 NO_SOCKET"),
            ("nat-mapping-lost", "在 NAT 两侧抓包，端口或地址不同；把空闲时长与它的超时对照"),
            (
                "fw-reject-established",
                "{sender}上某条规则的计数器增长；那里 `ss -tn` 仍有这条连接；OutRsts 不计这个 \
                RST",
            ),
            ("fw-state-lost", "路径上的防火墙重载过或表项已过期：RST 不是从{sender}发出的"),
            (
                "reset-not-captured",
                "{sender}此前会收到过一个 RST（tcp:tcp_receive_reset），可能是伪造的，或者没有经\
                过这个抓包点",
            ),
            ("sender-gave-up", "此前{sender}的重传或探测一直没有应答，直到协议栈悄无声息地放弃"),
            ("accept-overflow-ghost", "{server}会在握手之后重发 SYN-ACK；那里的 ListenOverflows 增长"),
            ("defer-accept-expired", "{server}会在握手之后重发 SYN-ACK；那里的 TCPDeferAcceptDrop 增长"),
            (
                "syncookie-invalid",
                "{server}从未为它建立套接字：那里的 SyncookiesSent 增长，第一个数据在握手几分钟之\
                后才来",
            ),
            ("address-moved", "RST 的 TTL 或 MAC 与{sender}之前的报文不同"),
            ("syn-meets-old-connection", "在它之前有{sender}的新 SYN，RST 之后随即成功：旧连接结束是好事"),
            ("nat-port-collision", "在它之前有同一 NAT 后面另一台主机的新 SYN"),
            ("fw-reject-transit", "RST 的 TTL 属于另一跳；在{sender}上抓包既看不到该报文也看不到 RST"),
            (
                "accept-overflow-abort",
                "{server}上的 ListenOverflows 增长；那里 `ss -ltn` 的 Recv-Q 大于 Send-Q；其内\
                核原因是 INVALID_SYN",
            ),
            ("listener-close-half-open", "{server}的监听套接字在 SYN-ACK 与 ACK 之间被关闭：重启、发布"),
            ("asymmetric-route", "路径上的防火墙只看到一个方向：RST 的 TTL 不同，且{server}会重发 SYN-ACK"),
            ("idle-timeout-reset", "路径上的设备忘了这条空闲的连接：空闲时长就是它的超时，{sender}没有发过 RST"),
        ],
        advice: &[
            "在{sender}上：`uptime`、`last reboot`，当时容器或虚拟机有没有重启；地址有没有漂移（VRRP、云）？",
            "把 RST 的 TTL 和 MAC 与{sender}之前的报文比较：不同则说明是 NAT、防火墙或另一台主机",
            "连接当时空闲吗？把空闲时长与路径上 NAT、防火墙、负载均衡的空闲超时对照",
            "用保活或应用层心跳尽早发现这种半开连接；收到 ECONNRESET 就重连",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::kernel::RstReason;
    use crate::testing::{conversation, judged, judged_with};
    use crate::verdict::Confidence::Possible;
    use crate::verdict::judge;

    const FORGOTTEN: &str = "
        0.000 C:1 > S S 0:0(0)
        +0.001 C:1 < S SA 0:0(0) ack 1
        +0.0001 C:1 > S A 1:1(0) ack 1
        0.010 C:1 < S PA 1:51(50) ack 1
        +0.001 C:1 > S A 1:1(0) ack 51
        90.00 C:1 > S PA 1:101(100) ack 51
        +0.0001 C:1 < S R 51:51(0)";

    #[test]
    fn a_new_connection_that_is_accepted_shows_the_listener() {
        let text = std::format!("{FORGOTTEN}\n91 C:2 > S S 0:0(0)\n+0.001 C:2 < S SA 0:0(0) ack 1");
        judged(&text).is("half-open-listener", Possible).beside(&["half-open-no-listener", "nat-mapping-lost"]);
    }

    #[test]
    fn a_new_connection_that_is_refused_excludes_nothing_but_ranks() {
        let text = std::format!("{FORGOTTEN}\n91 C:2 > S S 0:0(0)\n+0.001 C:2 < S RA 0:0(0) ack 1");
        let ending = conversation(&text).endings().remove(0);
        judge(&ending).is("half-open-no-listener", Possible).beside(&["half-open-listener"]);
    }

    #[test]
    fn the_kernel_cannot_tell_whether_a_reset_or_a_loss_of_its_data_went_before() {
        let judgement = judged_with(FORGOTTEN, RstReason::TcpFlags, &[]);
        judgement.is("half-open-listener", Possible).beside(&["reset-not-captured", "sender-gave-up"]);
    }
}
