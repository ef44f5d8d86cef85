//! Both ends connect to each other, and one was too early.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Words, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::form::{DSCP_MIRRORED, FLOW_LABEL_SET, REFUSAL_HAS_NUMBER, RST_ANSWERS_SYN, RST_IS_BARE};
use crate::evidence::handshake::SYN_ACK_AFTER_RST;
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::evidence::refusal::SYN_CAME_BACK;
use crate::kernel::RstReason;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "simultaneous-open-missed",
    title: "both ends connect to each other on the same two ports, and {receiver} was too early",
    explanation: "Peer-to-peer programs open a way through their NATs by connecting to each other at the same time. \
        When the SYNs cross, TCP makes one connection of them. Here {receiver}'s SYN arrived before {sender} had called \
        connect(): a port without a socket refuses.",
    effect: "{receiver}: connect() fails with ECONNREFUSED; the other end's attempt then fails in the same way.",
    sources: &[
        rfc(9293, "3.5, figure 7"),
        rfc(5382, "4.3"),
        kernel("net/ipv4/tcp_ipv4.c", "tcp_v4_rcv (no_tcp_socket)"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[KernelSign::reason(RstReason::NoSocket)],
    rule: Rule {
        needs: &[&SYN_CAME_BACK, &RST_ANSWERS_SYN],
        refuted_by: &[&REFUSAL_HAS_NUMBER, &SYN_ACK_AFTER_RST, &RST_CONTRADICTS_SENDER],
        supported_by: &[&RST_IS_BARE, &DSCP_MIRRORED, &FLOW_LABEL_SET],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::similar("closed-port", "{sender} would send no SYN of its own on the same two ports"),
        LookAlike::similar(
            "fw-reject-syn",
            "a firewall's reset has DSCP 0 even when the SYN has not; OutRsts does not count it",
        ),
    ],
    advice: &[
        "start both ends within one round trip: let them agree on a moment through their rendezvous server",
        "try again several times on both ends",
        "a NAT or firewall in front of either end should drop unsolicited SYNs, not refuse them (RFC 5382 section 4.3)",
    ],
    zh: Words {
        title: "两端在同一端口对上互相连接，{receiver}的 SYN 来得太早",
        explanation: "P2P 程序通过同时互相连接来打通各自的 NAT。两个 SYN 在路上交叉时，TCP 会把它们合成一条连接。这\
            里{receiver}的 SYN 在{sender}调用 connect() 之前就到了：没有套接字的端口会拒绝它。",
        effect: "{receiver}：connect() 失败，返回 ECONNREFUSED；另一端的尝试随后也会同样失败。",
        variants: &[],
        told_apart_by: &[
            ("closed-port", "{sender}自己不会在同一端口对上发 SYN"),
            ("fw-reject-syn", "即使 SYN 的 DSCP 不是 0，防火墙的 RST 也是 DSCP 0；OutRsts 不计数"),
        ],
        advice: &[
            "让两端在一个 RTT 之内开始：通过会合服务器约定时刻",
            "两端都多试几次",
            "任何一端前面的 NAT 或防火墙都应当丢弃未经请求的 SYN，而不是拒绝（RFC 5382 section 4.3）",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::testing::{conversation, judged};
    use crate::verdict::Confidence::Possible;
    use crate::verdict::judge;

    const MISSED: &str = "
        0.000 C > S S 0:0(0)
        +0.001 C < S RA 0:0(0) ack 1
        0.100 C < S S 0:0(0)
        +0.001 C > S RA 0:0(0) ack 1";

    #[test]
    fn both_attempts_are_told_as_what_they_are() {
        let endings = conversation(MISSED).endings();
        assert_eq!(endings.len(), 2);
        for ending in &endings {
            judge(ending).is("simultaneous-open-missed", Possible).beside(&["closed-port"]);
        }
    }

    #[test]
    fn without_a_syn_of_the_other_end_it_is_a_closed_port() {
        let refused: alloc::string::String = MISSED.lines().take(3).flat_map(|line| [line, "\n"]).collect();
        judged(&refused).is("closed-port", Possible).without(&["simultaneous-open-missed"]);
    }

    #[test]
    fn another_try_of_the_same_end_is_no_simultaneous_open() {
        let text = MISSED
            .replace("0.100 C < S S 0:0(0)", "0.100 C > S S 9:9(0)")
            .replace("+0.001 C > S RA 0:0(0) ack 1", "+0.001 C < S RA 0:0(0) ack 10");
        for ending in conversation(&text).endings() {
            judge(&ending).is("closed-port", Possible);
        }
    }
}
