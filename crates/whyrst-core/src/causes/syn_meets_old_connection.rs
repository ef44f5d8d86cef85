//! A client begins anew on two ports on which the server still holds its previous connection.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Words, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::form::{RST_IS_BARE, RST_IS_PASSIVE};
use crate::evidence::handshake::SYN_MET_CONNECTION;
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::evidence::refusal::{EARLIER_CLOSED, SYN_ANSWERED_BY_OLD_ACK};
use crate::kernel::RstReason;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "syn-meets-old-connection",
    title: "{sender} opened a new connection on ports on which {receiver} still held the old one",
    explanation: "{sender} had lost the old connection (a reboot, a crash, a NAT entry) and came back with the same port. \
        {receiver} still held that connection, so it did not take the new SYN but answered with the old numbers (a \
        challenge ACK). {sender} knows nothing of those and refuses them: that RST clears the old connection away, the \
        SYN is sent again at once and now succeeds. This is how TCP recovers from half-open connections.",
    effect: "{sender}: connect() succeeds, some milliseconds late. {receiver}: the old session reports ECONNRESET, \
        which is good news; it had been dead before.",
    sources: &[
        rfc(9293, "3.5.1"),
        rfc(5961, "4"),
        kernel("net/ipv4/tcp_input.c", "tcp_validate_incoming (syn_challenge)"),
        kernel("net/ipv4/tcp_input.c", "tcp_rcv_synsent_state_process"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[KernelSign::reason(RstReason::TcpInvalidAckSequence)],
    rule: Rule {
        needs: &[&SYN_ANSWERED_BY_OLD_ACK, &RST_IS_PASSIVE],
        refuted_by: &[&EARLIER_CLOSED, &RST_CONTRADICTS_SENDER],
        supported_by: &[&RST_IS_BARE, &SYN_MET_CONNECTION],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::identical(
            "nat-port-collision",
            "the new SYN would come from another host behind the same NAT, and the old connection's owner is reset afterwards",
        ),
        LookAlike::identical(
            "syn-meets-time-wait",
            "a longer capture would show that both ends had closed the old connection shortly before",
        ),
        LookAlike::identical(
            "half-open-no-listener",
            "no new SYN of {sender} would have come before: data or a probe would have met the loss",
        ),
        LookAlike::identical(
            "half-open-listener",
            "no new SYN of {sender} would have come before: data or a probe would have met the loss",
        ),
    ],
    advice: &[
        "nothing to do for the new connection: it succeeds with the next SYN",
        "on {receiver}: `nstat -az TcpExtTCPSYNChallenge TcpExtTCPChallengeACK` rise with each such case",
        "find out how {sender} lost the old connection: `uptime`, restarts, a NAT in between with a short timeout",
        "keepalive on {receiver} removes such leftovers earlier",
    ],
    zh: Words {
        title: "{sender}用来新建连接的端口，在{receiver}上还留着旧连接",
        explanation: "{sender}丢失了旧连接（重启、崩溃、NAT 表项过期），又用同一个端口回来。{receiver}还保有那条连接，\
            所以没有接受新的 SYN，而是用旧的序列号应答（挑战 ACK）。{sender}不认识这些序列号，便拒绝：这个 RST 清掉\
            了旧连接，SYN 随即重发并成功。TCP 就是这样从半开连接中恢复的。",
        effect: "{sender}：connect() 成功，只是晚了几毫秒。{receiver}：旧会话报 ECONNRESET，这是好事：它早就死了。",
        variants: &[],
        told_apart_by: &[
            ("nat-port-collision", "新 SYN 应来自同一 NAT 后面的另一台主机，旧连接的主人随后被重置"),
            ("syn-meets-time-wait", "更长的抓包会显示，两端不久前都已关闭旧连接"),
            ("half-open-no-listener", "在它之前不会有{sender}的新 SYN：碰到丢失连接的是数据或探测"),
            ("half-open-listener", "在它之前不会有{sender}的新 SYN：碰到丢失连接的是数据或探测"),
        ],
        advice: &[
            "新连接无需处理：下一个 SYN 就会成功",
            "在{receiver}上：每发生一次，`nstat -az TcpExtTCPSYNChallenge TcpExtTCPChallengeACK` 就增长",
            "查清{sender}如何丢了旧连接：`uptime`、重启记录、中间超时很短的 NAT",
            "在{receiver}上开保活，可以更早清掉这种残留",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::kernel::RstReason;
    use crate::testing::{judged, judged_with};
    use crate::verdict::Confidence::Possible;

    const RECOVERED: &str = "
        0.000 C > S S 0:0(0)
        +0.001 C < S SA 0:0(0) ack 1
        +0.0001 C > S A 1:1(0) ack 1
        0.010 C > S PA 1:101(100) ack 1
        +0.001 C < S A 1:1(0) ack 101
        90.00 C > S S 900000:900000(0)
        +0.001 C < S A 1:1(0) ack 101
        +0.0001 C > S R 101:101(0)
        +0.010 C > S S 900000:900000(0)
        +0.001 C < S SA 700000:700000(0) ack 900001
        +0.0001 C > S A 900001:900001(0) ack 700001";

    #[test]
    fn a_challenge_ack_that_the_new_syn_drew_is_refused() {
        judged(RECOVERED).is("syn-meets-old-connection", Possible).beside(&["nat-port-collision"]);
    }

    #[test]
    fn the_kernel_names_the_wrong_numbers_but_not_whose_connection_it_was() {
        judged_with(RECOVERED, RstReason::TcpInvalidAckSequence, &[])
            .is("syn-meets-old-connection", Possible)
            .beside(&["nat-port-collision"])
            .without(&["half-open-no-listener"]);
    }

    #[test]
    fn without_the_old_connection_in_the_capture_a_time_wait_fits_as_well() {
        let late: alloc::string::String = RECOVERED.lines().skip(6).flat_map(|line| [line, "\n"]).collect();
        judged(&late).is("syn-meets-old-connection", Possible).beside(&["syn-meets-time-wait"]);
    }

    #[test]
    fn without_a_new_syn_it_is_a_loss() {
        let text = RECOVERED.replace("90.00 C > S S 900000:900000(0)", "");
        let text: alloc::string::String = text.lines().take(9).flat_map(|line| [line, "\n"]).collect();
        judged(&text).without(&["syn-meets-old-connection"]);
    }
}
