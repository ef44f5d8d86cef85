//! A SYN-ACK that nobody asked for.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Words, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::firewall::NO_SYN_CAME;
use crate::evidence::form::{RST_ANSWERS_SYN_ACK, RST_IS_BARE};
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::evidence::sockets::SENDER_HAD_SOCKET;
use crate::kernel::RstReason;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "backscatter-synack",
    title: "the SYN-ACK answers a SYN that {client} never sent, or that took another path",
    explanation: "Somebody sent SYNs with {client}'s address as their source, and the answers come here (backscatter of a \
        SYN flood, or a reflection attack against {client}). Or {client}'s own SYN left by another path, host or NAT \
        gateway than the one where the answer arrives. {client}'s kernel has no such socket and resets.",
    effect: "no program sees an error, unless the SYN was a real one: then its connect() fails.",
    sources: &[rfc(9293, "3.10.7.1"), rfc(4987, "3"), kernel("net/ipv4/tcp_ipv4.c", "tcp_v4_rcv (no_tcp_socket)")],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Attack,
    kernel_reasons: &[KernelSign::reason(RstReason::NoSocket), KernelSign::reason(RstReason::TcpFlags)],
    rule: Rule {
        needs: &[&RST_ANSWERS_SYN_ACK, &NO_SYN_CAME],
        refuted_by: &[&RST_CONTRADICTS_SENDER, &SENDER_HAD_SOCKET],
        supported_by: &[&RST_IS_BARE],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::identical(
            "connect-abandoned",
            "{client} would have sent the SYN, and closed before its answer came",
        ),
        LookAlike::identical("raw-syn-scanner", "{client} itself would have sent the SYN, from a raw socket"),
    ],
    advice: &[
        "did {client} ask? capture all its interfaces from before: `tcpdump -i any 'tcp[13] & 2 != 0 and host SERVER'`",
        "if not: many servers or ports make it backscatter; it does no harm beyond its volume, tell the servers' operators",
        "if it did: the SYN took another path; compare routes, NAT gateways and failovers of both directions",
    ],
    zh: Words {
        title: "这个 SYN-ACK 应答的 SYN 并不是{client}发的，或者那个 SYN 走了另一条路",
        explanation: "有人用{client}的地址作源地址发 SYN，应答就到了这里（SYN flood 的反向散射，或者针对{client}的反\
            射攻击）。也可能{client}自己的 SYN 是从另一条路径、另一台主机或另一个 NAT 网关出去的，与应答到达之处不同。\
            {client}的内核没有对应的套接字，于是回 RST。",
        effect: "没有程序会看到错误；除非那个 SYN 是真的，那么它的 connect() 会失败。",
        variants: &[],
        told_apart_by: &[
            ("connect-abandoned", "SYN 是{client}发的，但它在应答到来之前就关闭了"),
            ("raw-syn-scanner", "SYN 是{client}自己从原始套接字发的"),
        ],
        advice: &[
            "{client}到底发过 SYN 吗？提前在它的所有网卡上抓包：`tcpdump -i any 'tcp[13] & 2 != 0 and host SERVER'`",
            "如果没发过：来自许多服务器或端口就是反向散射；除了占点带宽没有危害，可以通知那些服务器的运维方",
            "如果发过：SYN 走了另一条路；比较来回两个方向的路由、NAT 网关和故障切换",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::kernel::RstReason;
    use crate::testing::{conversation, judged, judged_unsent, judged_with};
    use crate::verdict::Confidence::{Likely, Possible};
    use crate::verdict::judge;

    const UNASKED: &str = "
        70.0 C < S SA 0:0(0) ack 1
        +0.0001 C > S R 1:1(0)";

    #[test]
    fn a_capture_that_had_been_running_shows_that_nobody_asked() {
        let text = std::format!("0.0 X > Y A 1:1(0) ack 1\n{UNASKED}");
        judge(&conversation(&text).ending()).is("backscatter-synack", Likely);
    }

    #[test]
    fn a_capture_that_had_just_begun_may_have_missed_the_syn() {
        judged(UNASKED).is("connect-abandoned", Possible).beside(&["backscatter-synack"]);
        assert!(judged_with(UNASKED, RstReason::NoSocket, &[]).allows("backscatter-synack"));
    }

    #[test]
    fn a_syn_excludes_it_and_so_does_the_silence_of_the_kernel() {
        judged(&std::format!("69.9 C > S S 0:0(0)\n{UNASKED}")).without(&["backscatter-synack"]);
        judged_unsent(UNASKED).without(&["backscatter-synack"]);
    }
}
