//! A SYN falls into the receive window of a connection that the server has closed on its side.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Words, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::firewall::REFUSAL_TTL_SAME;
use crate::evidence::form::{DSCP_MIRRORED, FLOW_LABEL_SET, RST_ANSWERS_SYN, RST_IS_BARE};
use crate::evidence::handshake::{EARLIER_HALF_CLOSED, SYN_ACK_AFTER_RST};
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::evidence::service::PORT_HAD_ACCEPTED;
use crate::kernel::RstReason;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "syn-meets-fin-wait2",
    title: "the SYN fell into the window of an older connection that {server} had closed and {client} had forgotten",
    explanation: "{server} had closed an earlier connection of the same two ports and waits for {client}'s FIN \
        (FIN-WAIT-2). {client} lost that connection and came back with the same port; its SYN happens to lie in the old \
        receive window, so it is taken for data after the close and refused, although the port listens.",
    effect: "connect() fails with ECONNREFUSED; an immediate second try succeeds, because the old connection is gone.",
    sources: &[rfc(9293, "3.10.7.4"), kernel("net/ipv4/tcp_minisocks.c", "tcp_timewait_state_process (TCP_FIN_WAIT2)")],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[KernelSign::reason(RstReason::TcpTimewaitSocket)],
    rule: Rule {
        needs: &[&RST_ANSWERS_SYN, &EARLIER_HALF_CLOSED],
        refuted_by: &[&SYN_ACK_AFTER_RST, &RST_CONTRADICTS_SENDER],
        // As for a closed port, and what a closed port does not need.
        supported_by: &[
            &EARLIER_HALF_CLOSED,
            &RST_IS_BARE,
            &DSCP_MIRRORED,
            &FLOW_LABEL_SET,
            &PORT_HAD_ACCEPTED,
            &REFUSAL_TTL_SAME,
        ],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::identical("closed-port", "the listener would have gone in the meantime: `ss -ltn` on {server}"),
        LookAlike::identical(
            "fw-reject-syn",
            "a firewall rule would have been added in the meantime; OutRsts on {server} does not count its reset",
        ),
    ],
    advice: &[
        "try again: the old connection is gone, the next SYN succeeds",
        "on {server}: `ss -tan state fin-wait-2` lists what still waits; a shorter tcp_fin_timeout makes it rarer",
        "find out how {client} lost the old connection without a FIN: a reboot, a crash, a NAT entry that expired",
    ],
    zh: Words {
        title: "SYN 落入了一条旧连接的窗口：{server}已关闭那条连接，{client}已忘掉它",
        explanation: "{server}关闭了同一端口对上较早的一条连接，正在等{client}的 FIN（FIN-WAIT-2）。{client}丢失了那\
            条连接，又用同一个端口回来；它的 SYN 恰好落在旧的接收窗口里，被当作关闭之后的数据而拒绝，尽管端口在监听。",
        effect: "connect() 得到 ECONNREFUSED；立即再试一次就成功，因为旧连接已经没了。",
        variants: &[],
        told_apart_by: &[
            ("closed-port", "监听套接字应在此期间消失：看{server}上的 `ss -ltn`"),
            ("fw-reject-syn", "防火墙规则应在此期间新加；{server}上的 OutRsts 不计它的 RST"),
        ],
        advice: &[
            "再试一次：旧连接已经没了，下一个 SYN 会成功",
            "在{server}上：`ss -tan state fin-wait-2` 列出还在等待的连接；缩短 tcp_fin_timeout 可以减少这种情况",
            "查清{client}为什么没发 FIN 就丢了旧连接：重启、崩溃、NAT 表项过期",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::kernel::RstReason;
    use crate::testing::{judged, judged_with};
    use crate::verdict::Confidence::{Certain, Possible};

    const IN_WINDOW: &str = "
        0.000 C > S S 0:0(0)
        +0.001 C < S SA 0:0(0) ack 1
        +0.0001 C > S A 1:1(0) ack 1
        0.100 C < S FA 1:1(0) ack 1
        +0.001 C > S A 1:1(0) ack 2
        5.000 C > S S 1001:1001(0)
        +0.001 C < S RA 0:0(0) ack 1002 ts none win 0 opts none";

    #[test]
    fn a_refused_syn_after_a_half_closed_connection() {
        judged(IN_WINDOW).is("syn-meets-fin-wait2", Possible).beside(&["closed-port"]);
    }

    #[test]
    fn the_kernel_makes_it_certain() {
        judged_with(IN_WINDOW, RstReason::TcpTimewaitSocket, &["tcp_v4_rcv"]).is("syn-meets-fin-wait2", Certain);
        judged_with(IN_WINDOW, RstReason::NoSocket, &[]).is("closed-port", Certain).without(&["syn-meets-fin-wait2"]);
    }

    #[test]
    fn after_a_close_of_both_there_is_no_fin_wait() {
        let text = IN_WINDOW.replace("A 1:1(0) ack 2", "FA 1:1(0) ack 2\n+0.001 C < S A 2:2(0) ack 2");
        judged(&text).without(&["syn-meets-fin-wait2"]);
    }
}
