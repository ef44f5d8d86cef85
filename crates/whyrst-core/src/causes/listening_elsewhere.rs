//! The service listens, but not where the SYN arrived: another address, device, VRF or address family.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Words, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::form::{DSCP_MIRRORED, FLOW_LABEL_SET, REFUSAL_HAS_NUMBER, RST_ANSWERS_SYN, RST_IS_BARE};
use crate::evidence::handshake::SYN_ACK_AFTER_RST;
use crate::evidence::multipath::RST_ENDS_SUBFLOW;
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::evidence::sockets::LISTENS_ELSEWHERE;
use crate::kernel::RstReason;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "listening-elsewhere",
    title: "{server}'s service listens on another address or device than the one the SYN came to",
    explanation: "The service is up, but bound to 127.0.0.1, to another address, to a device (SO_BINDTODEVICE) or a VRF. For \
        the SYN there is no socket, so the answer is that of a closed port: nothing in the packets and nothing that the \
        kernel says tells the two apart. In a container it is the program that listens on the container's own loopback.",
    effect: "connect() fails at once with ECONNREFUSED, while the same connect on {server} itself succeeds.",
    sources: &[
        rfc(9293, "3.5.2, group 1"),
        kernel("net/ipv4/inet_hashtables.c", "__inet_lookup_listener"),
        kernel("net/ipv4/inet_hashtables.c", "compute_score"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[KernelSign::reason(RstReason::NoSocket)],
    rule: Rule {
        needs: &[&RST_ANSWERS_SYN, &LISTENS_ELSEWHERE],
        refuted_by: &[&REFUSAL_HAS_NUMBER, &SYN_ACK_AFTER_RST, &RST_CONTRADICTS_SENDER, &RST_ENDS_SUBFLOW],
        supported_by: &[&RST_IS_BARE, &DSCP_MIRRORED, &FLOW_LABEL_SET],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::broader("closed-port", "`ss -ltn` on {server} shows the port nowhere, on no address"),
        LookAlike::identical(
            "fw-reject-syn",
            "a rule's counter on {server} rises with each connect; Tcp OutRsts there does not count the reset",
        ),
        LookAlike::identical("fw-reject-transit", "a capture on {server} shows neither the SYN nor the RST"),
        LookAlike::similar("ecn-rejected", "a SYN without ECN to the same port is accepted at the same time"),
    ],
    advice: &[
        "on {server}: `ss -ltnp 'sport = :PORT'` shows the address: 127.0.0.1 and [::1] are for {server} itself only",
        "let the service listen on 0.0.0.0 or [::] or on the address that clients use (in a container: not on localhost)",
        "if the address is right: SO_BINDTODEVICE (`ss -ltn` shows `%device`), `ip vrf`, and IPV6_V6ONLY",
    ],
    zh: Words {
        title: "{server}的服务监听在别的地址或网卡上，不是 SYN 所到的那个",
        explanation: "服务在运行，但绑定在 127.0.0.1、另一个地址、某块网卡（SO_BINDTODEVICE）或某个 VRF 上。对这个 \
            SYN 来说没有对应的套接字，所以应答与端口没监听时一样：报文和内核的说法都无法区分两者。在容器里，多半是程\
            序只监听了容器自己的回环地址。",
        effect: "connect() 立即返回 ECONNREFUSED，而在{server}本机上做同样的 connect() 却成功。",
        variants: &[],
        told_apart_by: &[
            ("closed-port", "在{server}上 `ss -ltn` 的任何地址上都没有这个端口"),
            ("fw-reject-syn", "每次建连{server}上某条规则的计数器都增长；那里的 Tcp OutRsts 不计这个 RST"),
            ("fw-reject-transit", "在{server}上抓包既看不到 SYN 也看不到 RST"),
            ("ecn-rejected", "同一时刻，不带 ECN 的 SYN 连同一端口会被接受"),
        ],
        advice: &[
            "在{server}上：`ss -ltnp 'sport = :PORT'` 能看到监听地址：127.0.0.1 和 [::1] 只供{server}本机访问",
            "让服务监听 0.0.0.0 或 [::]，或客户端所用的地址（在容器里不要监听 localhost）",
            "如果地址没错：查 SO_BINDTODEVICE（`ss -ltn` 会显示 `%device`）、`ip vrf` 和 IPV6_V6ONLY",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::kernel::RstReason;
    use crate::testing::{judged, judged_unsent, judged_with};
    use crate::verdict::Confidence::{Certain, Possible};

    const REFUSED: &str = "
        0.000 C > S S 0:0(0)
        +0.0001 C < S RA 0:0(0) ack 1";

    #[test]
    fn it_is_named_beside_the_closed_port_and_takes_nothing_from_its_certainty() {
        let judgement = judged_with(REFUSED, RstReason::NoSocket, &[]);
        judgement.is("closed-port", Certain).beside(&["listening-elsewhere"]);
        assert!(judgement.allows("listening-elsewhere") && !judgement.allows("fw-reject-syn"));
        judged(REFUSED).is("closed-port", Possible).beside(&["listening-elsewhere"]);
    }

    #[test]
    fn a_firewall_excludes_it_and_so_does_a_syn_ack() {
        judged_unsent(REFUSED).without(&["listening-elsewhere"]);
        judged(&std::format!("{REFUSED}\n+0.02 C < S SA 0:0(0) ack 1")).without(&["listening-elsewhere"]);
    }
}
