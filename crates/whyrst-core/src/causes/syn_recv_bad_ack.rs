//! The handshake's last ACK acknowledges a number that the server never sent.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Words, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::form::RST_IS_BARE;
use crate::evidence::handshake::RST_ANSWERS_THIRD_PACKET;
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::evidence::refusal::{HANDSHAKE_ACK_WRONG, SYNS_CROSSED};
use crate::kernel::RstReason;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "syn-recv-bad-ack",
    title: "the handshake's last ACK acknowledges a number that {server} had not sent",
    explanation: "{server} had answered the SYN and waited for the acknowledgment of its SYN-ACK. What came acknowledges \
        another number: a middlebox that rewrites sequence numbers in one direction only, a balancer that sent SYN and ACK \
        to different servers, or somebody who guesses. The ACK is reset; the half-open request stays and waits on.",
    effect: "{client}: a real one ignores the RST, because it has the wrong number too, and the handshake hangs. \
        {server}'s program sees nothing.",
    sources: &[
        rfc(9293, "3.10.7.4"),
        rfc(9293, "3.5.2, group 2"),
        kernel("net/ipv4/tcp_minisocks.c", "tcp_check_req"),
        kernel("net/ipv4/tcp_input.c", "tcp_rcv_state_process (TCP_LISTEN)"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[KernelSign::reason(RstReason::TcpFlags)],
    rule: Rule {
        needs: &[&HANDSHAKE_ACK_WRONG, &RST_ANSWERS_THIRD_PACKET],
        refuted_by: &[&SYNS_CROSSED, &RST_CONTRADICTS_SENDER],
        supported_by: &[&RST_IS_BARE],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::identical(
            "syncookie-invalid",
            "{server} keeps no request (SyncookiesSent rises) and does not repeat its SYN-ACK",
        ),
        LookAlike::similar("syn-recv-bad-ack-crossed", "both ends would have sent a SYN"),
    ],
    advice: &[
        "capture on both sides of every middlebox: compare the SYN-ACK's sequence number with what the ACK acknowledges",
        "behind a balancer: do SYN and ACK of one connection reach the same server? (ECMP, anycast, session tables)",
        "firewalls with sequence randomisation: switch it off, or make both directions pass the same one",
    ],
    zh: Words {
        title: "三次握手的最后一个 ACK 确认了{server}没有发过的序列号",
        explanation: "{server}应答了 SYN，等待对它 SYN-ACK 的确认。到来的 ACK 确认的却是另一个序列号：有中间设备只在\
            一个方向上改写序列号、负载均衡把 SYN 和 ACK 送到了不同的服务器，或者有人在猜。这个 ACK 得到 RST；半连接\
            仍保留并继续等待。",
        effect: "{client}：如果是真的客户端，会忽略这个 RST，因为它的序列号也不对，于是握手卡住。{server}上的程序什\
            么都看不到。",
        variants: &[],
        told_apart_by: &[
            ("syncookie-invalid", "{server}不保留半连接（SyncookiesSent 增长），也不重发 SYN-ACK"),
            ("syn-recv-bad-ack-crossed", "两端都应发过 SYN"),
        ],
        advice: &[
            "在每台中间设备的两侧抓包：比较 SYN-ACK 的序列号与 ACK 所确认的值",
            "在负载均衡后面：同一连接的 SYN 和 ACK 到达的是同一台服务器吗？（ECMP、anycast、会话表）",
            "做序列号随机化的防火墙：关掉它，或者让两个方向都经过同一台",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::kernel::RstReason;
    use crate::testing::{judged, judged_with};
    use crate::verdict::Confidence::Possible;

    const WRONG: &str = "
        0.000 C > S S 0:0(0)
        +0.001 C < S SA 0:0(0) ack 1
        +0.0001 C > S A 1:1(0) ack 5000001
        +0.0001 C < S R 5000001:5000001(0)";

    #[test]
    fn a_wrong_number_in_the_last_ack_is_seen() {
        judged(WRONG)
            .is("syn-recv-bad-ack", Possible)
            .beside(&["syncookie-invalid"])
            .without(&["accept-overflow-abort"]);
    }

    #[test]
    fn the_kernel_does_not_tell_it_from_a_cookie() {
        judged_with(WRONG, RstReason::TcpFlags, &[]).is("syn-recv-bad-ack", Possible).beside(&["syncookie-invalid"]);
        judged_with(WRONG, RstReason::InvalidSyn, &[]).without(&["syn-recv-bad-ack"]);
    }

    #[test]
    fn the_right_number_excludes_it() {
        judged(&WRONG.replace("5000001", "1")).without(&["syn-recv-bad-ack"]);
    }

    #[test]
    fn a_number_that_unseen_data_would_explain_is_not_called_wrong() {
        judged(&WRONG.replace("5000001", "1461")).without(&["syn-recv-bad-ack"]);
    }
}
