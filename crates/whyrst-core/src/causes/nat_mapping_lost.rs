//! A NAT on the path has forgotten the connection.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Words, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::closing::SENDER_HAD_CLOSED;
use crate::evidence::firewall::{RST_FROM_NEARER, SENDER_ANSWERED_ITSELF};
use crate::evidence::form::{RST_ANSWERS_SYN_ACK, RST_IS_PASSIVE};
use crate::evidence::handshake::HANDSHAKE_COMPLETED;
use crate::evidence::timing::WAS_IDLE;
use crate::evidence::vantage::{
    ALL_REACHED_SENDER, RST_LEFT_ITS_SENDER, RST_MADE_BETWEEN, TRIGGER_DROPPED, TRIGGER_REACHED_SENDER,
};
use crate::kernel::RstReason;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "nat-mapping-lost",
    title: "a NAT on the path forgot the connection",
    explanation: "A NAT (or connection tracking) keeps an entry for each connection and drops it after a silence, a restart or \
        when its table is full. When the outer host speaks next, the segment is for the NAT's own address, and its kernel, \
        which has no such socket, resets it. When the inner host speaks, a new entry with another port is made, and the \
        outer host resets what comes from a port that it does not know. With the same port again nothing would break.",
    effect: "whoever spoke: ECONNRESET. The other end keeps a connection that is gone, until it sends something itself.",
    sources: &[
        rfc(5382, "5"),
        kernel("net/netfilter/nf_nat_core.c", "get_unique_tuple"),
        kernel("net/ipv4/tcp_ipv4.c", "tcp_v4_rcv (no_tcp_socket)"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[
        KernelSign::reason(RstReason::NoSocket),
        KernelSign::reason(RstReason::TcpFlags),
        KernelSign::SILENCE,
    ],
    rule: Rule {
        needs: &[&RST_IS_PASSIVE, &HANDSHAKE_COMPLETED],
        refuted_by: &[
            &RST_LEFT_ITS_SENDER,
            &TRIGGER_REACHED_SENDER,
            &ALL_REACHED_SENDER,
            &SENDER_HAD_CLOSED,
            &RST_ANSWERS_SYN_ACK,
            &SENDER_ANSWERED_ITSELF,
        ],
        supported_by: &[&RST_MADE_BETWEEN, &TRIGGER_DROPPED, &WAS_IDLE, &RST_FROM_NEARER],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::identical(
            "half-open-no-listener",
            "no NAT stands between: {sender}'s own `ss -tn` shows no such connection",
        ),
        LookAlike::identical(
            "half-open-listener",
            "no NAT stands between: {sender}'s own `ss -tn` shows no such connection",
        ),
        LookAlike::identical(
            "fw-state-lost",
            "a firewall forgot it: addresses and ports are the same on both of its sides",
        ),
        LookAlike::identical("fw-reject-established", "a rule on {sender} itself: its counter rises there"),
        LookAlike::identical(
            "fw-reject-transit",
            "a rule on the path: its counter rises, and new connections are reset too",
        ),
        LookAlike::identical("injected-rst", "something resets on purpose: not after a silence, and often both ends"),
        LookAlike::similar(
            "stray-segment",
            "seen from beyond the NAT it is a segment from a port that never opened a connection",
        ),
        LookAlike::identical(
            "address-moved",
            "another host has the address from then on: it answers new connections too",
        ),
        LookAlike::identical(
            "idle-timeout-reset",
            "a load balancer or firewall on the path, not a NAT, had forgotten the silent connection",
        ),
        LookAlike::identical(
            "sender-gave-up",
            "{sender}'s retransmissions or probes went unanswered before, until its stack gave up without a word",
        ),
        LookAlike::identical(
            "syncookie-invalid",
            "{server} used SYN cookies and could not verify this one: SyncookiesSent rises there",
        ),
    ],
    advice: &[
        "capture on both sides of the NAT: do port or address outside change in mid-connection?",
        "compare the silence before with the NAT's timeout (cloud NAT gateways about 350 s, home routers often minutes)",
        "on a Linux NAT: `sysctl net.netfilter.nf_conntrack_tcp_timeout_established`, `conntrack -S`, `dmesg | grep conntrack` (table full?)",
        "keepalives or heartbeats below the smallest timeout; RFC 5382 asks NATs for at least 2 h 4 min",
    ],
    zh: Words {
        title: "路径上的 NAT 丢失了这条连接的映射",
        explanation: "NAT（或连接跟踪）为每条连接保留一个表项，空闲过久、重启或表满时会删除。外侧主机再发送时，报文\
            是发给 NAT 自己的地址的，而它的内核没有这样的套接字，便回 RST。内侧主机再发送时，会建立一个端口不同的新\
            表项，外侧主机不认识这个端口来的报文，便回 RST。如果新表项恰好还是原来的端口，什么都不会断。",
        effect: "谁发送谁得到 ECONNRESET。另一端还留着已经不存在的连接，直到它自己发送。",
        variants: &[],
        told_apart_by: &[
            ("half-open-no-listener", "中间没有 NAT：{sender}自己的 `ss -tn` 里没有这条连接"),
            ("half-open-listener", "中间没有 NAT：{sender}自己的 `ss -tn` 里没有这条连接"),
            ("fw-state-lost", "是防火墙忘了它：它两侧的地址和端口相同"),
            ("fw-reject-established", "规则就在{sender}本机上：那里的计数器增长"),
            ("fw-reject-transit", "规则在路径上：它的计数器增长，新连接也会被重置"),
            ("injected-rst", "有设备在有意重置：与空闲无关，且往往是两端"),
            ("stray-segment", "从 NAT 的另一侧看，这是一个从未建立过连接的端口发来的报文"),
            ("address-moved", "此后该地址归另一台主机：它也应答新连接"),
            ("idle-timeout-reset", "忘掉空闲连接的是路径上的负载均衡或防火墙，不是 NAT"),
            ("sender-gave-up", "此前{sender}的重传或探测一直没有应答，直到协议栈悄无声息地放弃"),
            ("syncookie-invalid", "{server}使用了 SYN cookie 但无法验证这一个：那里的 SyncookiesSent 增长"),
        ],
        advice: &[
            "在 NAT 两侧抓包：外侧的端口或地址在连接中途变了吗？",
            "把之前的空闲时长与 NAT 的超时对照（云 NAT 网关约 350 s，家用路由器常为几分钟）",
            "在 Linux NAT 上：`sysctl net.netfilter.nf_conntrack_tcp_timeout_established`、`conntrack -S`、\
                `dmesg | grep conntrack`（表满了吗？）",
            "让保活或心跳间隔小于路径上最短的超时；RFC 5382 要求 NAT 至少保留 2 小时 4 分钟",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::kernel::RstReason;
    use crate::testing::{judged, judged_unsent, judged_with};
    use crate::verdict::Confidence::Possible;

    const FORGOTTEN: &str = "
        0.000 C > S S 0:0(0)
        +0.001 C < S SA 0:0(0) ack 1 ttl 63
        +0.0001 C > S A 1:1(0) ack 1
        0.010 C > S PA 1:101(100) ack 1
        +0.001 C < S A 1:1(0) ack 101 ttl 63
        400.0 C > S PA 101:201(100) ack 1
        +0.0001 C < S R 1:1(0) ttl 63";

    #[test]
    fn the_silence_of_the_kernel_does_not_exclude_it() {
        judged(FORGOTTEN).is("half-open-no-listener", Possible).beside(&["nat-mapping-lost", "fw-state-lost"]);
        assert!(judged_unsent(FORGOTTEN).without(&["half-open-no-listener"]).allows("nat-mapping-lost"));
    }

    #[test]
    fn a_kernel_behind_a_router_may_be_beyond_a_nat() {
        judged_with(FORGOTTEN, RstReason::TcpFlags, &[])
            .is("half-open-listener", Possible)
            .beside(&["nat-mapping-lost"]);
    }

    #[test]
    fn a_capture_on_the_host_itself_excludes_it() {
        let here = FORGOTTEN.replace("ttl 63", "ttl 64");
        judged_with(&here, RstReason::TcpFlags, &[]).is("half-open-listener", Possible).without(&["nat-mapping-lost"]);
    }

    #[test]
    fn a_nat_that_answers_for_a_host_behind_it_is_nearer() {
        let nat = FORGOTTEN.replace("R 1:1(0) ttl 63", "R 1:1(0) ttl 64");
        let judgement = judged_with(&nat, RstReason::NoSocket, &[]);
        assert!(judgement.allows("nat-mapping-lost"), "{}", judgement.explained());
    }

    #[test]
    fn after_a_fin_the_end_itself_forgets() {
        let text = FORGOTTEN.replace("400.0 C > S PA", "0.500 C < S FA 1:1(0) ack 101 ttl 63\n400.0 C > S PA");
        judged(&text).without(&["nat-mapping-lost"]);
    }
}
