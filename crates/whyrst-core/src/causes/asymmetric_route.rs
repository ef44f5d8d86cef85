//! A stateful firewall sees only one direction of the handshake, and rejects its end.

use crate::cause::{Breadth, Cause, LookAlike, Rule, Severity, Words, kernel};
use crate::ending::EndingKind;
use crate::evidence::firewall::RST_FROM_NEARER;
use crate::evidence::form::{DSCP_MIRRORED, FLOW_LABEL_SET, RST_IS_BARE};
use crate::evidence::handshake::RST_ANSWERS_THIRD_PACKET;
use crate::evidence::path::RST_TTL_DIFFERS;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "asymmetric-route",
    title: "a stateful firewall on the path saw only one direction of the handshake and rejected its last ACK",
    explanation: "The SYN passed a firewall, the SYN-ACK came back by another path. To the firewall the ACK that follows \
        makes no sense (connection tracking calls it INVALID), and a rule rejects such segments with a reset. Client and \
        server are both innocent; the server keeps a half-open request and repeats its SYN-ACK.",
    effect: "client: connect() succeeds, then ECONNRESET. Server: accept() never returns this connection.",
    sources: &[
        kernel("net/netfilter/nf_conntrack_proto_tcp.c", "tcp_conntracks"),
        kernel("net/ipv4/netfilter/nf_reject_ipv4.c", "nf_send_reset"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[],
    rule: Rule {
        needs: &[&RST_ANSWERS_THIRD_PACKET],
        refuted_by: &[&DSCP_MIRRORED, &FLOW_LABEL_SET],
        supported_by: &[&RST_IS_BARE, &RST_TTL_DIFFERS, &RST_FROM_NEARER],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::identical("accept-overflow-abort", "ListenOverflows rises on {server}; the RST leaves {server}"),
        LookAlike::identical(
            "accept-overflow-ghost",
            "the ACK arrives on {server}, where ListenOverflows rises; its RST comes late",
        ),
        LookAlike::identical(
            "half-open-no-listener",
            "the ACK arrives on {server}, whose kernel counts the RST in Tcp OutRsts",
        ),
        LookAlike::identical(
            "half-open-listener",
            "the ACK arrives on {server}, whose kernel counts the RST in Tcp OutRsts",
        ),
        LookAlike::identical("fw-reject-transit", "a rule forbids the traffic as such, but lets SYN and SYN-ACK pass"),
        LookAlike::identical("fw-state-lost", "the firewall was reloaded just between the SYN and the ACK"),
        LookAlike::identical("fw-reject-established", "the rule is on {server} itself: its counter rises there"),
        LookAlike::similar("injected-rst", "both ends would be reset, or the real {server} would go on"),
        LookAlike::identical(
            "defer-accept-expired",
            "{server} would repeat its SYN-ACK and reset only later; TCPDeferAcceptDrop rises there",
        ),
        LookAlike::identical(
            "listener-close-half-open",
            "{server}'s listener was closed between SYN-ACK and ACK: the RST leaves {server}",
        ),
    ],
    advice: &[
        "`traceroute -T -p PORT` from both ends: do the two directions pass the same firewall?",
        "on that firewall: `conntrack -L` shows the connection as SYN_SENT [UNREPLIED] although the server answered",
        "make the paths symmetric, synchronise the state of both firewalls, or exempt the traffic (notrack)",
        "drop what is INVALID, do not reject it",
    ],
    zh: Words {
        title: "路径上的有状态防火墙只看到了握手的一个方向，拒绝了最后一个 ACK",
        explanation: "SYN 经过了防火墙，SYN-ACK 却从另一条路返回。对防火墙来说，随后的 ACK 毫无来由（连接跟踪判为 \
            INVALID），于是某条规则用 reset 拒绝了它。客户端和服务端都没有问题；服务端留下一个半连接，并重发 SYN-ACK。",
        effect: "客户端：connect() 成功，随后 ECONNRESET。服务端：accept() 永远不会返回这条连接。",
        variants: &[],
        told_apart_by: &[
            ("accept-overflow-abort", "{server}上的 ListenOverflows 增长；RST 是从{server}发出的"),
            ("accept-overflow-ghost", "ACK 到达了{server}，那里的 ListenOverflows 增长；它的 RST 来得晚"),
            ("half-open-no-listener", "ACK 到达了{server}，其内核把 RST 计入 Tcp OutRsts"),
            ("half-open-listener", "ACK 到达了{server}，其内核把 RST 计入 Tcp OutRsts"),
            ("fw-reject-transit", "有规则禁止这种流量，但放过了 SYN 和 SYN-ACK"),
            ("fw-state-lost", "防火墙恰好在 SYN 与 ACK 之间被重载"),
            ("fw-reject-established", "规则就在{server}本机上：那里的计数器增长"),
            ("injected-rst", "两端都会被重置，或者真正的{server}会继续发送"),
            ("defer-accept-expired", "{server}会重发 SYN-ACK，很晚才重置；那里的 TCPDeferAcceptDrop 增长"),
            ("listener-close-half-open", "{server}的监听套接字在 SYN-ACK 与 ACK 之间被关闭：RST 是从{server}发出的"),
        ],
        advice: &[
            "从两端分别执行 `traceroute -T -p PORT`：来回两个方向经过的是同一台防火墙吗？",
            "在那台防火墙上：服务端明明已经应答，`conntrack -L` 却显示该连接为 SYN_SENT [UNREPLIED]",
            "让来回路径对称，或在两台防火墙之间同步会话状态，或对这部分流量不做跟踪（notrack）",
            "对 INVALID 报文应当丢弃（drop），而不是拒绝（reject）",
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
        +0.010 C < S SA 0:0(0) ack 1 ttl 61
        +0.0001 C > S A 1:1(0) ack 1
        +0.001 C < S R 1:1(0) ttl 63";

    #[test]
    fn a_third_packet_reset_from_nearer_by_points_at_a_firewall_on_the_path() {
        judged(REJECTED).is("asymmetric-route", Possible).beside(&["fw-reject-transit", "accept-overflow-abort"]);
        judged_unsent(REJECTED).is("asymmetric-route", Possible).without(&["accept-overflow-abort"]);
    }

    #[test]
    fn from_the_servers_own_distance_it_is_only_named() {
        judged(&REJECTED.replace("ttl 63", "ttl 61"))
            .is("accept-overflow-abort", Possible)
            .beside(&["asymmetric-route"]);
    }

    #[test]
    fn the_kernel_of_the_server_excludes_it() {
        judged_with(REJECTED, RstReason::InvalidSyn, &[]).without(&["asymmetric-route"]);
    }
}
