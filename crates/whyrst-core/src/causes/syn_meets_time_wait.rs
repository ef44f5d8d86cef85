//! A new SYN that the server's TIME-WAIT does not accept.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Words, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::form::{RST_IS_BARE, RST_IS_PASSIVE};
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::evidence::refusal::{EARLIER_CLOSED, SYN_ANSWERED_BY_OLD_ACK};
use crate::kernel::RstReason;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "syn-meets-time-wait",
    title: "{sender}'s new SYN met the TIME-WAIT of an older connection, which did not take it",
    explanation: "{receiver} had closed an earlier connection of the same two ports first and keeps it in TIME-WAIT. A \
        new SYN opens it again when its sequence number is higher or its timestamp newer. This one was older in both: \
        several hosts behind one NAT with clocks of their own, or a device that changes sequence numbers. {receiver} \
        repeated the old connection's last ACK, {sender} refused it, the TIME-WAIT is gone and the next SYN succeeds.",
    effect: "connect() succeeds, some milliseconds late; when nothing listens any more, ECONNREFUSED.",
    sources: &[
        rfc(1122, "4.2.2.13"),
        rfc(6191, "2"),
        rfc(1337, "2"),
        kernel("net/ipv4/tcp_minisocks.c", "tcp_timewait_state_process"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[KernelSign::reason(RstReason::TcpInvalidAckSequence)],
    rule: Rule {
        needs: &[&SYN_ANSWERED_BY_OLD_ACK, &RST_IS_PASSIVE, &EARLIER_CLOSED],
        refuted_by: &[&RST_CONTRADICTS_SENDER],
        supported_by: &[&RST_IS_BARE],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::identical(
            "syn-meets-old-connection",
            "the old connection would not have been closed by both ends: {receiver} still held it",
        ),
        LookAlike::identical(
            "nat-port-collision",
            "the old connection would not have been closed, and would belong to another host behind the same NAT",
        ),
    ],
    advice: &[
        "on {receiver}: `nstat -az TcpExtPAWSTimewait` rises; `ss -tan state time-wait` shows the old connection",
        "is there a NAT in front of {sender}? hosts behind it have different timestamp clocks: more ports or addresses help",
        "let {sender} close first: then the TIME-WAIT is on its own side",
        "leave `net.ipv4.tcp_rfc1337` at 0: with 1 the TIME-WAIT survives the RST and the port stays blocked",
    ],
    zh: Words {
        title: "{sender}的新 SYN 碰到了旧连接的 TIME-WAIT，而它没有接受",
        explanation: "{receiver}先关闭了同一端口对上较早的一条连接，让它留在 TIME-WAIT。新 SYN 只有在序列号更大或时\
            间戳更新时才能重新打开它。而这个 SYN 两样都更旧：同一 NAT 后面有多台时钟各异的主机，或者有设备改写序列号。\
            {receiver}重发旧连接的最后一个 ACK，{sender}拒绝了它，TIME-WAIT 随之消失，下一个 SYN 便成功。",
        effect: "connect() 成功，只是晚了几毫秒；如果已经没有程序监听，则是 ECONNREFUSED。",
        variants: &[],
        told_apart_by: &[
            ("syn-meets-old-connection", "旧连接不应已被两端关闭：{receiver}还保有它"),
            ("nat-port-collision", "旧连接不应已关闭，且属于同一 NAT 后面的另一台主机"),
        ],
        advice: &[
            "在{receiver}上：`nstat -az TcpExtPAWSTimewait` 增长；`ss -tan state time-wait` 能看到旧连接",
            "{sender}前面有 NAT 吗？它后面的主机各有各的时间戳时钟：增加端口或地址会有帮助",
            "让{sender}先关闭：这样 TIME-WAIT 就留在它自己那一侧",
            "`net.ipv4.tcp_rfc1337` 保持为 0：设为 1 时 TIME-WAIT 会顶住 RST，端口就一直被占着",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::kernel::RstReason;
    use crate::testing::{judged, judged_with};
    use crate::verdict::Confidence::{Certain, Likely};

    const REFUSED: &str = "
        0.000 C > S S 0:0(0)
        +0.001 C < S SA 0:0(0) ack 1
        +0.0001 C > S A 1:1(0) ack 1
        0.010 C < S FA 1:1(0) ack 1
        +0.001 C > S FA 1:1(0) ack 2
        +0.001 C < S A 2:2(0) ack 2
        3.000 C > S S 4000000000:4000000000(0)
        +0.001 C < S A 2:2(0) ack 2
        +0.0001 C > S R 2:2(0)
        +0.010 C > S S 4000000000:4000000000(0)
        +0.001 C < S SA 700000:700000(0) ack 4000000001
        +0.0001 C > S A 4000000001:4000000001(0) ack 700001";

    #[test]
    fn the_last_ack_of_a_closed_connection_is_refused() {
        judged(REFUSED).is("syn-meets-time-wait", Likely).without(&["syn-meets-old-connection"]);
    }

    #[test]
    fn the_kernel_confirms_it() {
        judged_with(REFUSED, RstReason::TcpInvalidAckSequence, &[]).is("syn-meets-time-wait", Certain);
        judged_with(REFUSED, RstReason::NoSocket, &[]).without(&["syn-meets-time-wait"]);
    }

    #[test]
    fn a_connection_that_was_not_closed_is_something_else() {
        let text = REFUSED.replace("+0.001 C > S FA 1:1(0) ack 2", "+0.001 C > S A 1:1(0) ack 2");
        judged(&text).without(&["syn-meets-time-wait"]);
    }
}
