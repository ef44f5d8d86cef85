//! A wrong acknowledgment during a simultaneous open.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Words, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::form::{RST_IS_BARE, RST_IS_PASSIVE};
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::evidence::refusal::{HANDSHAKE_ACK_WRONG, SYNS_CROSSED};
use crate::kernel::RstReason;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "syn-recv-bad-ack-crossed",
    title: "both ends had sent a SYN, and {receiver} acknowledged a number that {sender} had not sent",
    explanation: "The SYNs of both ends crossed, so {sender} is in SYN-RECEIVED with a socket of its own (TCP Fast Open \
        makes such sockets too). The acknowledgment that completes the handshake has a wrong number: a middlebox that \
        rewrites sequence numbers, or an old segment. It is reset; the socket survives and waits on.",
    effect: "{sender}: connect() goes on waiting. {receiver}: it ignores the RST, whose number is wrong for it too, or \
        sees ECONNREFUSED.",
    sources: &[
        rfc(9293, "3.10.7.4"),
        rfc(9293, "3.5, figure 7"),
        kernel("net/ipv4/tcp_input.c", "tcp_rcv_state_process (TCP_SYN_RECV)"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[KernelSign::reason(RstReason::TcpAckUnsentData), KernelSign::reason(RstReason::TcpTooOldAck)],
    rule: Rule {
        needs: &[&HANDSHAKE_ACK_WRONG, &SYNS_CROSSED, &RST_IS_PASSIVE],
        refuted_by: &[&RST_CONTRADICTS_SENDER],
        supported_by: &[&RST_IS_BARE],
    },
    variants: &[],
    look_alikes: &[LookAlike::similar("syn-recv-bad-ack", "only one end would have sent a SYN")],
    advice: &[
        "capture on both sides of every middlebox: compare the SYN's sequence number with what the ACK acknowledges",
        "peer-to-peer programs: let only one end connect, or try again",
    ],
    zh: Words {
        title: "两端都发了 SYN，而{receiver}确认了{sender}没有发过的序列号",
        explanation: "两端的 SYN 在路上交叉，所以{sender}处于 SYN-RECEIVED 并且已有自己的套接字（TCP Fast Open 也会\
            产生这样的套接字）。完成握手的那个确认里序列号不对：有中间设备改写序列号，或者是旧报文。它得到 RST；套接\
            字仍保留并继续等待。",
        effect: "{sender}：connect() 继续等待。{receiver}：会忽略这个 RST，因为对它来说序列号也不对；或者看到 \
            ECONNREFUSED。",
        variants: &[],
        told_apart_by: &[("syn-recv-bad-ack", "只有一端应发过 SYN")],
        advice: &[
            "在每台中间设备的两侧抓包：比较 SYN 的序列号与 ACK 所确认的值",
            "P2P 程序：只让一端发起连接，或者再试",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::kernel::RstReason;
    use crate::testing::{judged, judged_with};
    use crate::verdict::Confidence::Certain;

    const CROSSED: &str = "
        0.000 C > S S 0:0(0)
        +0.001 C < S S 0:0(0)
        +0.0001 C > S SA 0:0(0) ack 1
        +0.001 C < S A 1:1(0) ack 5000001
        +0.0001 C > S R 5000001:5000001(0)";

    #[test]
    fn a_wrong_acknowledgment_after_crossed_syns() {
        let judgement = judged(CROSSED);
        assert!(
            judgement.cause.is_some_and(|cause| cause.id == "syn-recv-bad-ack-crossed"),
            "{}",
            judgement.explained()
        );
    }

    #[test]
    fn the_kernel_makes_it_certain() {
        judged_with(CROSSED, RstReason::TcpAckUnsentData, &[]).is("syn-recv-bad-ack-crossed", Certain);
        judged_with(CROSSED, RstReason::TcpFlags, &[]).without(&["syn-recv-bad-ack-crossed"]);
    }

    #[test]
    fn one_syn_is_another_cause() {
        let text = CROSSED
            .replace("C < S S 0:0(0)", "C < S SA 0:0(0) ack 1")
            .replace("C > S SA 0:0(0) ack 1", "C > S A 1:1(0) ack 1");
        judged(&text).without(&["syn-recv-bad-ack-crossed"]);
    }
}
