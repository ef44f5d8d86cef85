//! The client's own firewall rejects the server's SYN-ACK.

use crate::cause::{Breadth, Cause, LookAlike, Rule, Severity, Words, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::form::{DSCP_MIRRORED, FLOW_LABEL_SET, RST_ANSWERS_SYN_ACK, RST_IS_BARE};
use crate::evidence::handshake::SYN_RETRIED_BY_TIMER;
use crate::evidence::refusal::{SYN_ACK_ACKS_WRONG, SYN_ACK_ECHOES_WRONG};

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "fw-reject-synack",
    title: "the client's own firewall rejected the SYN-ACK with a reset",
    explanation: "A stateless or too strict rule for input on the client (or just before it) rejects the answer to its own \
        SYN. The reset kills the half-open connection on the server; the client's kernel knows nothing of it, goes on \
        waiting and sends its SYN again, round after round.",
    effect: "client: connect() hangs and fails with ETIMEDOUT in the end. Server: accept() never returns this connection.",
    sources: &[kernel("net/ipv4/netfilter/nf_reject_ipv4.c", "nf_send_reset"), rfc(9293, "3.10.7.3"), rfc(6298, "2")],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Policy,
    kernel_reasons: &[],
    rule: Rule {
        needs: &[&RST_ANSWERS_SYN_ACK, &SYN_RETRIED_BY_TIMER],
        refuted_by: &[&DSCP_MIRRORED, &FLOW_LABEL_SET, &SYN_ACK_ACKS_WRONG, &SYN_ACK_ECHOES_WRONG],
        supported_by: &[&RST_IS_BARE],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::identical("connect-abandoned", "a client that had given up sends its SYN no more"),
        LookAlike::identical("raw-syn-scanner", "its SYN would be bare, and it would not be sent again"),
        LookAlike::similar(
            "syn-sent-bad-tsecr",
            "the SYN-ACK would echo a timestamp that is not the SYN's; PAWSActive counts it on the client",
        ),
    ],
    advice: &[
        "on {client}: `nft list ruleset` or `iptables -vnL INPUT`: which rule's counter rises while connecting?",
        "accept `ct state established,related` before anything is rejected",
        "stateless rules (cloud network ACLs) need one for the answers: source port of the service, to ephemeral ports",
    ],
    zh: Words {
        title: "客户端自己的防火墙用 RST 拒绝了 SYN-ACK",
        explanation: "客户端（或它前面一跳）上无状态的或过严的入方向规则，拒绝了对它自己 SYN 的应答。RST 断掉了服务\
            端的半连接；客户端的内核毫不知情，继续等待并一轮一轮地重发 SYN。",
        effect: "客户端：connect() 一直卡住，最后得到 ETIMEDOUT。服务端：accept() 永远不会返回这条连接。",
        variants: &[],
        told_apart_by: &[
            ("connect-abandoned", "已放弃的客户端不会再发 SYN"),
            ("raw-syn-scanner", "它的 SYN 会没有选项，也不会重发"),
            ("syn-sent-bad-tsecr", "SYN-ACK 回显的不是 SYN 的时间戳；客户端上的 PAWSActive 会计数"),
        ],
        advice: &[
            "在{client}上：`nft list ruleset` 或 `iptables -vnL INPUT`：建连时哪条规则的计数器在增长？",
            "在任何拒绝规则之前先放行 `ct state established,related`",
            "无状态规则（云上的网络 ACL）要为回包单独放行：源端口为服务端口，目的端口为临时端口范围",
        ],
    },
};

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use crate::kernel::RstReason;
    use crate::testing::{judged, judged_unsent, judged_with};
    use crate::verdict::Confidence::Likely;

    const ROUNDS: &str = "
        0.000 C > S S 0:0(0)
        +0.010 C < S SA 0:0(0) ack 1
        +0.0001 C > S R 1:1(0)
        1.000 C > S S 0:0(0)
        +0.010 C < S SA 0:0(0) ack 1
        +0.0001 C > S R 1:1(0)";

    #[test]
    fn a_client_that_resets_and_asks_again_does_not_know_of_its_reset() {
        let judgement = judged(ROUNDS);
        judgement.is("fw-reject-synack", Likely).without(&["connect-abandoned", "raw-syn-scanner"]);
        assert!(judged_unsent(ROUNDS).allows("fw-reject-synack"));
    }

    #[test]
    fn without_the_second_syn_it_is_only_named() {
        let text: Vec<&str> = ROUNDS.lines().take(4).collect();
        judged(&text.join("\n")).beside(&["fw-reject-synack"]);
    }

    #[test]
    fn the_clients_kernel_excludes_it() {
        judged_with(ROUNDS, RstReason::TcpRfc7323Paws, &[]).without(&["fw-reject-synack"]);
    }
}
