//! A SYN-ACK that echoes a timestamp which the client had not sent.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Words, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::form::{RST_ANSWERS_SYN_ACK, RST_IS_BARE};
use crate::evidence::handshake::SYN_RETRIED_AFTER_RST;
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::evidence::refusal::{SYN_ACK_ACKS_WRONG, SYN_ACK_ECHOES_WRONG};
use crate::kernel::RstReason;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "syn-sent-bad-tsecr",
    title: "the SYN-ACK echoed a timestamp that {client} had not sent",
    explanation: "A SYN-ACK echoes the timestamp of the SYN. This one echoes another: a middlebox or balancer that \
        rewrites timestamps in one direction only, or an answer to another host's SYN. {client} takes it for an old \
        segment, resets it and waits on.",
    effect: "{client}: connect() is delayed until the SYN is sent again (1 s) and rightly answered, else ETIMEDOUT. \
        Server: its half-open request is gone with the RST.",
    sources: &[
        rfc(7323, "3.2"),
        rfc(7323, "5.3"),
        kernel("net/ipv4/tcp_input.c", "tcp_rcv_synsent_state_process (PAWSACTIVEREJECTED)"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[KernelSign::reason(RstReason::TcpRfc7323Paws)],
    rule: Rule {
        needs: &[&SYN_ACK_ECHOES_WRONG, &RST_ANSWERS_SYN_ACK],
        refuted_by: &[&SYN_ACK_ACKS_WRONG, &RST_CONTRADICTS_SENDER],
        supported_by: &[&RST_IS_BARE, &SYN_RETRIED_AFTER_RST],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::identical(
            "connect-abandoned",
            "the SYN-ACK would echo the SYN's timestamp and come late, and the SYN would not be sent again",
        ),
        LookAlike::similar("fw-reject-synack", "the echoed timestamp would be right"),
        LookAlike::similar("syn-sent-bad-ack", "the acknowledged number would be wrong"),
    ],
    advice: &[
        "on {client}: `nstat -az TcpExtPAWSActive` rises with each such SYN-ACK",
        "capture on both sides of every middlebox: compare TSval of the SYN with TSecr of the SYN-ACK",
        "switch timestamp rewriting off in that device; until then `sysctl net.ipv4.tcp_timestamps=0` on {client} avoids it",
    ],
    zh: Words {
        title: "SYN-ACK 回显了{client}没有发过的时间戳",
        explanation: "SYN-ACK 会回显 SYN 的时间戳。这一个回显的却是别的值：中间设备或负载均衡只在一个方向上改写时间\
            戳，或者它应答的是另一台主机的 SYN。{client}把它当作旧报文，回 RST 并继续等待。",
        effect: "{client}：connect() 要等 SYN 重发（1 s）并得到正确应答才成功，因而变慢，否则是 ETIMEDOUT。服务端：\
            它的半连接随 RST 消失。",
        variants: &[],
        told_apart_by: &[
            ("connect-abandoned", "SYN-ACK 会回显 SYN 的时间戳但来得晚，且 SYN 不会重发"),
            ("fw-reject-synack", "回显的时间戳会是对的"),
            ("syn-sent-bad-ack", "所确认的序列号会是错的"),
        ],
        advice: &[
            "在{client}上：每来一个这样的 SYN-ACK，`nstat -az TcpExtPAWSActive` 就加一",
            "在每台中间设备的两侧抓包：比较 SYN 的 TSval 与 SYN-ACK 的 TSecr",
            "在那台设备上关掉时间戳改写；在此之前，{client}上设 `sysctl net.ipv4.tcp_timestamps=0` 可以规避",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::kernel::RstReason;
    use crate::testing::{judged, judged_with};
    use crate::verdict::Confidence::{Certain, Likely};

    const WRONG: &str = "
        0.000 C > S S 0:0(0) ts 1000
        +0.001 C < S SA 0:0(0) ack 1 ts 500 echo 77
        +0.0001 C > S R 1:1(0)
        1.000 C > S S 0:0(0) ts 2000";

    #[test]
    fn a_foreign_echo_is_refused_and_the_syn_sent_again() {
        judged(WRONG).is("syn-sent-bad-tsecr", Likely);
    }

    #[test]
    fn the_kernel_makes_it_certain() {
        judged_with(WRONG, RstReason::TcpRfc7323Paws, &[]).is("syn-sent-bad-tsecr", Certain);
        judged_with(WRONG, RstReason::NoSocket, &[]).without(&["syn-sent-bad-tsecr"]);
    }

    #[test]
    fn the_right_echo_excludes_it() {
        judged(&WRONG.replace("echo 77", "echo 1000")).without(&["syn-sent-bad-tsecr"]);
    }

    #[test]
    fn with_two_syns_either_may_be_echoed() {
        let text = WRONG.replace("+0.001 C < S SA", "0.900 C > S S 0:0(0) ts 1900\n+0.001 C < S SA");
        judged(&text).without(&["syn-sent-bad-tsecr"]);
    }
}
