//! A SYN-ACK that acknowledges another number than the SYN's.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Words, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::form::{RST_ANSWERS_SYN_ACK, RST_IS_BARE};
use crate::evidence::handshake::SYN_RETRIED_AFTER_RST;
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::evidence::refusal::SYN_ACK_ACKS_WRONG;
use crate::kernel::RstReason;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "syn-sent-bad-ack",
    title: "the SYN-ACK acknowledges another number than that of {client}'s SYN",
    explanation: "{client} waits for an answer to its SYN; this one acknowledges something that it had not sent. It \
        resets the wrong answer and goes on waiting, with the SYN sent again at once. A middlebox that rewrites sequence \
        numbers in one direction, a SYN proxy that failed, a SYN-ACK that was meant for an earlier SYN, or a forged one.",
    effect: "{client}: connect() succeeds as soon as a right answer comes, else it ends in ETIMEDOUT. Server: its \
        half-open request answers the RST with a challenge ACK.",
    sources: &[rfc(9293, "3.10.7.3"), kernel("net/ipv4/tcp_input.c", "tcp_rcv_synsent_state_process")],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[KernelSign::reason(RstReason::TcpInvalidAckSequence)],
    rule: Rule {
        needs: &[&SYN_ACK_ACKS_WRONG, &RST_ANSWERS_SYN_ACK],
        refuted_by: &[&RST_CONTRADICTS_SENDER],
        supported_by: &[&RST_IS_BARE, &SYN_RETRIED_AFTER_RST],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::similar("syn-sent-bad-tsecr", "the number would be right and the echoed timestamp wrong"),
        LookAlike::similar(
            "connect-abandoned",
            "the SYN-ACK would acknowledge the SYN, and the SYN would not be sent again",
        ),
    ],
    advice: &[
        "capture on both sides of every middlebox: compare the SYN's sequence number with what the SYN-ACK acknowledges",
        "firewalls with sequence randomisation and SYN proxies: do both directions pass the same one?",
        "does {client} use the same source port again within seconds? then a late SYN-ACK may belong to its earlier SYN",
    ],
    zh: Words {
        title: "SYN-ACK 确认的不是{client}的 SYN 的序列号",
        explanation: "{client}在等待对 SYN 的应答；而这个应答确认的是它没有发过的东西。它对错误的应答回 RST，继续等\
            待，并立即重发 SYN。可能是中间设备只在一个方向上改写序列号、SYN 代理出了错、SYN-ACK 是对更早的 SYN 的应\
            答，或者是伪造的。",
        effect: "{client}：一旦正确的应答到来，connect() 就成功，否则以 ETIMEDOUT 结束。服务端：它的半连接用挑战 ACK \
            应答这个 RST。",
        variants: &[],
        told_apart_by: &[
            ("syn-sent-bad-tsecr", "序列号会是对的，回显的时间戳是错的"),
            ("connect-abandoned", "SYN-ACK 会确认 SYN，且 SYN 不会重发"),
        ],
        advice: &[
            "在每台中间设备的两侧抓包：比较 SYN 的序列号与 SYN-ACK 所确认的值",
            "做序列号随机化的防火墙和 SYN 代理：两个方向经过的是同一台吗？",
            "{client}是否在几秒之内重用了同一个源端口？那么迟到的 SYN-ACK 可能属于它更早的 SYN",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::kernel::RstReason;
    use crate::testing::{judged, judged_with};
    use crate::verdict::Confidence::{Certain, Likely};

    const WRONG: &str = "
        0.000 C > S S 0:0(0)
        +0.001 C < S SA 0:0(0) ack 5000001
        +0.0001 C > S R 5000001:5000001(0)
        +0.010 C > S S 0:0(0)
        +0.001 C < S SA 0:0(0) ack 1
        +0.0001 C > S A 1:1(0) ack 1";

    #[test]
    fn a_syn_ack_of_another_number_is_refused_and_the_syn_sent_again() {
        judged(WRONG).is("syn-sent-bad-ack", Likely).without(&["connect-abandoned", "raw-syn-scanner"]);
    }

    #[test]
    fn the_kernel_makes_it_certain() {
        judged_with(WRONG, RstReason::TcpInvalidAckSequence, &[]).is("syn-sent-bad-ack", Certain);
        judged_with(WRONG, RstReason::TcpRfc7323Paws, &[]).without(&["syn-sent-bad-ack"]);
    }

    #[test]
    fn the_right_number_excludes_it() {
        judged(&WRONG.replace("5000001", "1")).without(&["syn-sent-bad-ack"]);
    }

    #[test]
    fn without_the_syn_nobody_knows_what_is_right() {
        judged(&WRONG.replace("0.000 C > S S 0:0(0)", "").replace("+0.010 C > S S 0:0(0)", ""))
            .without(&["syn-sent-bad-ack"]);
    }
}
