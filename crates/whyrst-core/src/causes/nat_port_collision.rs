//! A NAT gave the port of a connection that the server still holds to another client.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Words, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::form::{RST_IS_BARE, RST_IS_PASSIVE};
use crate::evidence::handshake::SYN_MET_CONNECTION;
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::evidence::refusal::{EARLIER_CLOSED, SYN_ANSWERED_BY_OLD_ACK};
use crate::kernel::RstReason;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "nat-port-collision",
    title: "a NAT gave the port of a connection that the server still holds to another client",
    explanation: "The NAT had forgotten an idle client and gave its outer port to another one. The newcomer's SYN meets the \
        first client's connection at the server, which answers with that connection's numbers (a challenge ACK). The \
        newcomer's kernel resets it: that ends the old connection on the server, and the SYN that is sent again succeeds.",
    effect: "the newcomer connects, some milliseconds late. The server's program gets ECONNRESET on the first client's \
        connection; the first client learns of it when it speaks next.",
    sources: &[
        rfc(5961, "4"),
        rfc(5382, "5"),
        kernel("net/ipv4/tcp_input.c", "tcp_rcv_synsent_state_process"),
        kernel("net/netfilter/nf_nat_core.c", "get_unique_tuple"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[KernelSign::reason(RstReason::TcpInvalidAckSequence), KernelSign::SILENCE],
    rule: Rule {
        needs: &[&SYN_ANSWERED_BY_OLD_ACK, &RST_IS_PASSIVE],
        refuted_by: &[&EARLIER_CLOSED, &RST_CONTRADICTS_SENDER],
        supported_by: &[&RST_IS_BARE, &SYN_MET_CONNECTION],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::identical(
            "syn-meets-old-connection",
            "no NAT: the client itself had rebooted and used the port again",
        ),
        LookAlike::identical(
            "syn-meets-time-wait",
            "the old connection of these ports would have been closed, by FINs that the capture shows or missed",
        ),
        LookAlike::identical("half-open-no-listener", "no SYN would have come before"),
        LookAlike::identical("half-open-listener", "no SYN would have come before"),
    ],
    advice: &[
        "capture inside the NAT: do two inner addresses use the same outer port, one after the other?",
        "raise the NAT's timeout for established connections (RFC 5382: at least 2 h 4 min), or give it more ports and addresses",
        "keepalives below the NAT's timeout keep its entries, and let the server drop dead connections earlier",
    ],
    zh: Words {
        title: "NAT 把服务端仍然保有的一条连接的端口分给了另一个客户端",
        explanation: "NAT 已经忘掉一个空闲的客户端，把它的外侧端口分给了另一个。新来者的 SYN 在服务端碰到第一个客户\
            端的连接，服务端便用那条连接的序列号应答（挑战 ACK）。新来者的内核对它回 RST：这断掉了服务端的旧连接，随\
            后重发的 SYN 便成功了。",
        effect: "新来者连接成功，只是晚了几毫秒。服务端的程序在第一个客户端的连接上得到 ECONNRESET；第一个客户端下次\
            发送时才知道。",
        variants: &[],
        told_apart_by: &[
            ("syn-meets-old-connection", "没有 NAT：是客户端自己重启后重用了端口"),
            ("syn-meets-time-wait", "这个端口对的旧连接应已关闭，FIN 在抓包里，或者被漏掉了"),
            ("half-open-no-listener", "在它之前不会有 SYN"),
            ("half-open-listener", "在它之前不会有 SYN"),
        ],
        advice: &[
            "在 NAT 内侧抓包：是否有两个内网地址先后使用了同一个外侧端口？",
            "调大 NAT 对已建立连接的超时（RFC 5382：至少 2 小时 4 分钟），或者给它更多端口和地址",
            "保活间隔小于 NAT 的超时，就能保住表项；并让服务端更早清理死连接",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::kernel::RstReason;
    use crate::testing::{conversation, judged_with};
    use crate::verdict::judge;

    const MET: &str = "
        0.000 C > S S 0:0(0)
        +0.001 C < S SA 0:0(0) ack 1
        +0.0001 C > S A 1:1(0) ack 1
        0.010 C > S PA 1:101(100) ack 1
        +0.001 C < S A 1:1(0) ack 101
        90.00 C > S S 70000:70000(0)
        +0.001 C < S A 1:1(0) ack 101
        +0.0001 C > S R 101:101(0)
        +0.010 C > S S 70000:70000(0)
        +0.001 C < S SA 900000:900000(0) ack 70001
        +0.0001 C > S A 70001:70001(0) ack 900001";

    #[test]
    fn seen_from_the_server_a_new_syn_met_the_old_connection() {
        judged_with(MET, RstReason::TcpInvalidAckSequence, &[])
            .is("syn-meets-old-connection", crate::verdict::Confidence::Possible)
            .beside(&["nat-port-collision"]);
        judge(&conversation(MET).ending()).beside(&["nat-port-collision"]);
    }

    #[test]
    fn seen_from_the_newcomer_a_stranger_answers_its_syn() {
        let text = "
            0.000 C > S S 0:0(0)
            +0.001 C < S A 5001:5001(0) ack 7001
            +0.0001 C > S R 7001:7001(0)
            +0.010 C > S S 0:0(0)
            +0.001 C < S SA 900:900(0) ack 1
            +0.0001 C > S A 1:1(0) ack 901";
        let judgement = judge(&conversation(text).endings().remove(0));
        assert!(judgement.allows("nat-port-collision"), "{}", judgement.explained());
    }

    #[test]
    fn without_a_new_syn_it_is_no_collision() {
        let text: alloc::vec::Vec<&str> = MET.lines().filter(|line| !line.contains("70000")).collect();
        judge(&conversation(&text.join("\n")).endings().remove(0)).without(&["nat-port-collision"]);
    }
}
