//! Nobody listens on the port: the answer to a SYN for which the host finds no socket.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Variant, Words, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::firewall::REFUSAL_TTL_SAME;
use crate::evidence::form::{DSCP_MIRRORED, FLOW_LABEL_SET, REFUSAL_HAS_NUMBER, RST_ANSWERS_SYN, RST_IS_BARE};
use crate::evidence::handshake::SYN_ACK_AFTER_RST;
use crate::evidence::multipath::RST_ENDS_SUBFLOW;
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::evidence::service::{PORT_ACCEPTS_LATER, PORT_HAD_ACCEPTED};
use crate::evidence::sockets::LISTENS_ELSEWHERE;
use crate::kernel::RstReason;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "closed-port",
    title: "nothing listens on {server}'s address and port",
    explanation: "The SYN reached a host that has no listening socket for its address and port, so the \
        host's TCP refused it. The service was never started, has crashed and is not back yet, is \
        bound but does not listen, or listens elsewhere: on another address, device or address family.",
    effect: "connect() fails at once with ECONNREFUSED (Windows clients try three more times first). \
        No data is involved.",
    sources: &[
        rfc(9293, "3.5.2, group 1"),
        rfc(9293, "3.10.7.1"),
        kernel("net/ipv4/tcp_ipv4.c", "tcp_v4_rcv (no_tcp_socket)"),
        kernel("net/ipv4/tcp_ipv4.c", "tcp_v4_send_reset"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[KernelSign::reason(RstReason::NoSocket)],
    rule: Rule {
        needs: &[&RST_ANSWERS_SYN],
        refuted_by: &[
            &REFUSAL_HAS_NUMBER,
            &SYN_ACK_AFTER_RST,
            &RST_CONTRADICTS_SENDER,
            &RST_ENDS_SUBFLOW,
            &LISTENS_ELSEWHERE,
        ],
        supported_by: &[&RST_IS_BARE, &DSCP_MIRRORED, &FLOW_LABEL_SET, &PORT_HAD_ACCEPTED, &REFUSAL_TTL_SAME],
    },
    variants: &[
        Variant {
            when: &PORT_ACCEPTS_LATER,
            title: "nothing listened on {server}'s port at that moment: the service was down and came back later",
        },
        Variant {
            when: &PORT_HAD_ACCEPTED,
            title: "nothing listens on {server}'s port any more: the service had been there and stopped",
        },
    ],
    look_alikes: &[
        LookAlike::identical(
            "fw-reject-syn",
            "`ss -ltn` on {server} shows the port open; a firewall's reset has DSCP 0 even when the SYN has not, and IPv6 flow label 0; Tcp OutRsts on {server} does not count it",
        ),
        LookAlike::identical(
            "fw-reject-transit",
            "its reset has the TTL of another hop than {server}'s SYN-ACKs, and a capture on {server} shows neither SYN nor RST",
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
            "mptcp-join-bad-token",
            "the SYN carries MP_JOIN with a token that {server} does not know; an ordinary SYN is accepted",
        ),
        LookAlike::special_case(
            "listening-elsewhere",
            "`ss -ltn` on {server} shows the port on another address (127.0.0.1, one interface, a VRF)",
        ),
        LookAlike::similar(
            "simultaneous-open-missed",
            "{server} would send a SYN of its own to the same port, a moment later",
        ),
        LookAlike::identical(
            "fw-reject-local-output",
            "a rule on {receiver} itself would refuse the SYN before it left: the RST is alone, on `lo`",
        ),
        LookAlike::identical("ecn-rejected", "a SYN without ECN to the same port is accepted at the same time"),
    ],
    advice: &[
        "on {server}: `ss -ltnp` - does anything listen on that address and port? (127.0.0.1 is not the outside)",
        "if not: is the service running? `systemctl status`, its log, `journalctl -k | grep -i oom`",
        "if it does: read the firewall's rules and counters (`nft list ruleset`, `iptables -vnL`) while connecting",
        "check the port and the address family that the client uses",
        "let clients retry with a pause; socket activation keeps the port open while a service restarts",
    ],
    zh: Words {
        title: "{server}的这个地址和端口上没有程序在监听",
        explanation: "SYN 到达的主机上，该地址和端口没有监听套接字，于是主机的 TCP 协议栈拒绝了它。服务没启动、崩溃\
            后还没恢复、只 bind() 没 listen()，或者监听在别处：别的地址、网卡或地址族。",
        effect: "connect() 立即返回 ECONNREFUSED（Windows 客户端会先再试三次）。不涉及数据。",
        variants: &[
            "当时{server}的端口上没有程序监听：服务停了，后来又恢复",
            "{server}的端口上已经没有程序监听：服务原先在，后来停了",
        ],
        told_apart_by: &[
            ("fw-reject-local-output", "{receiver}自己的规则在 SYN 离开之前就拒绝了它：RST 单独出现，并且在 `lo` 上"),
            (
                "fw-reject-syn",
                "在{server}上 `ss -ltn` 显示端口已打开；即使 SYN 的 DSCP 不是 0，防火墙的 RST 也是 \
                DSCP 0，IPv6 流标签为 0；{server}上的 Tcp OutRsts 不计数",
            ),
            (
                "fw-reject-transit",
                "它的 RST 的 TTL 与{server}的 SYN-ACK 不是同一跳，且在{server}上抓包既看不到 SYN \
                也看不到 RST",
            ),
            ("syn-meets-fin-wait2", "同一端口对上会有一条只被{server}关闭过的旧连接；再试一次就成功"),
            ("syn-recv-new-syn", "同一端口对上会有另一次握手正在进行；再试一次就成功"),
            ("mptcp-join-bad-token", "SYN 带有 MP_JOIN，而{server}不认识其中的 token；普通 SYN 会被接受"),
            ("listening-elsewhere", "在{server}上 `ss -ltn` 显示端口监听在别的地址（127.0.0.1、某块网卡、某个 VRF）"),
            ("simultaneous-open-missed", "稍后{server}自己也会向同一端口发 SYN"),
            ("ecn-rejected", "同一时刻，不带 ECN 的 SYN 连同一端口会被接受"),
        ],
        advice: &[
            "在{server}上：`ss -ltnp`，有没有程序监听这个地址和端口？（监听 127.0.0.1 从外面连不上）",
            "如果没有：服务在运行吗？看 `systemctl status`、它的日志、`journalctl -k | grep -i oom`",
            "如果有：连接的同时看防火墙规则和计数器（`nft list ruleset`、`iptables -vnL`）",
            "核对客户端使用的端口和地址族",
            "让客户端间隔重试；用 socket activation，服务重启期间端口也保持打开",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::kernel::RstReason;
    use crate::testing::{conversation, judged, judged_unsent, judged_with};
    use crate::verdict::Confidence::{Certain, Likely, Possible};

    const REFUSED: &str = "
        0.000 C > S S 0:0(0)
        +0.0001 C < S RA 0:0(0) ack 1";

    #[test]
    fn a_refused_syn_alone_may_be_a_closed_port_or_a_firewall() {
        judged(REFUSED).is("closed-port", Possible).beside(&["fw-reject-syn", "listening-elsewhere"]);
    }

    #[test]
    fn a_mirrored_dscp_excludes_the_firewall() {
        let text = "
            0.000 C > S S 0:0(0) tos 72
            +0.0001 C < S RA 0:0(0) ack 1 tos 72";
        judged(text).is("closed-port", Likely).without(&["fw-reject-syn", "fw-reject-transit"]);
    }

    #[test]
    fn an_ipv6_flow_label_excludes_the_firewall() {
        let text = "
            0.000 C6 > S6 S 0:0(0)
            +0.0001 C6 < S6 RA 0:0(0) ack 1 label 77";
        judged(text).is("closed-port", Likely).without(&["fw-reject-syn"]);
    }

    #[test]
    fn the_kernel_makes_it_certain_and_its_silence_excludes_it() {
        judged_with(REFUSED, RstReason::NoSocket, &["tcp_v4_rcv"]).is("closed-port", Certain);
        judged_unsent(REFUSED).is("fw-reject-syn", Possible).without(&["closed-port"]);
    }

    #[test]
    fn a_service_that_stopped_and_came_back_is_told_as_such() {
        let text = "
            0.000 C:1 > S S 0:0(0)
            +0.001 C:1 < S SA 0:0(0) ack 1
            +0.001 C:1 > S A 1:1(0) ack 1
            1.000 C:2 > S S 0:0(0)
            +0.001 C:2 < S RA 0:0(0) ack 1
            1.100 C:3 > S S 0:0(0)
            +0.001 C:3 < S RA 0:0(0) ack 1
            2.000 C:4 > S S 0:0(0)
            +0.001 C:4 < S SA 0:0(0) ack 1";
        let endings = conversation(text).endings();
        assert_eq!(endings.len(), 2);
        for ending in &endings {
            let judgement = crate::verdict::judge(ending);
            judgement.is("closed-port", Possible);
            assert!(judgement.title.contains("came back later"), "{}", judgement.title);
        }
    }

    #[test]
    fn a_genuine_syn_ack_after_the_refusal_makes_it_a_forgery() {
        let text = "
            0.000 C > S S 0:0(0)
            +0.001 C < S RA 0:0(0) ack 1 ttl 60 id 77
            +0.020 C < S SA 0:0(0) ack 1
            +0.001 C > S A 1:1(0) ack 1";
        judged(text).is("injected-rst", Likely).without(&["closed-port"]);
    }

    #[test]
    fn a_repeated_syn_may_have_met_a_service_that_came_up_in_between() {
        let text = "
            0.000 C > S S 0:0(0)
            +0.001 C < S RA 0:0(0) ack 1
            +0.500 C > S S 0:0(0)
            +0.001 C < S SA 0:0(0) ack 1";
        judged(text).is("closed-port", Possible).without(&["injected-rst"]);
    }

    #[test]
    fn an_answer_to_a_syn_that_was_not_captured_is_not_called_a_closed_port_for_sure() {
        let judgement = judged("0.000 C < S RA 0:0(0) ack 1");
        assert_ne!(judgement.confidence, Likely);
    }
}
