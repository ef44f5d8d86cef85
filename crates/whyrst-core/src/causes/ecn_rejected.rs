//! A device refuses SYNs that offer Explicit Congestion Notification.

use crate::cause::{Breadth, Cause, LookAlike, Rule, Severity, Words, rfc};
use crate::ending::EndingKind;
use crate::evidence::firewall::{PLAIN_SYN_ACCEPTED, REFUSAL_TTL_DIFFERS, RST_FROM_NEARER, SYN_ASKED_ECN};
use crate::evidence::form::{RST_ANSWERS_SYN, RST_IS_BARE};
use crate::evidence::handshake::SYN_ACK_AFTER_RST;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "ecn-rejected",
    title: "a device refuses SYNs that offer ECN; without ECN the service accepts",
    explanation: "An ECN-setup SYN carries the bits ECE and CWR, which were reserved before 2001. Some firewalls, balancers \
        and old stacks answer unknown bits with a reset. RFC 3360 calls that harmful; RFC 3168 lets a client try again \
        without ECN, which Linux does after loss, not after a reset.",
    effect: "connect() fails with ECONNREFUSED for clients that offer ECN, and succeeds for all others.",
    sources: &[rfc(3360, "2.1"), rfc(3168, "6.1.1.1"), rfc(9293, "3.1")],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[],
    rule: Rule {
        needs: &[&RST_ANSWERS_SYN, &SYN_ASKED_ECN, &PLAIN_SYN_ACCEPTED],
        refuted_by: &[&SYN_ACK_AFTER_RST],
        supported_by: &[&RST_IS_BARE, &REFUSAL_TTL_DIFFERS, &RST_FROM_NEARER],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::identical("closed-port", "a SYN without ECN at the same moment is refused too"),
        LookAlike::special_case("fw-reject-syn", "a SYN without ECN at the same moment is refused too"),
        LookAlike::special_case("fw-reject-transit", "a SYN without ECN at the same moment is refused too"),
        LookAlike::similar("listening-elsewhere", "a SYN without ECN at the same moment is refused too"),
    ],
    advice: &[
        "try both at the same moment: `sysctl net.ipv4.tcp_ecn=1`, then `=0`, and connect each time",
        "find the device: the refusal's TTL against that of a SYN-ACK, a capture on {server} (the SYN does not arrive)",
        "let its operator update or correct it; until then `tcp_ecn=2` (the default: accept, do not ask), or `ip route ... features` per route",
    ],
    zh: Words {
        title: "某台设备拒绝请求 ECN 的 SYN；不带 ECN 时服务可以连上",
        explanation: "请求 ECN 的 SYN 带有 ECE 和 CWR 标志，它们在 2001 年之前是保留位。有些防火墙、负载均衡和老协议\
            栈遇到不认识的位就回 RST。RFC 3360 认为这有害；RFC 3168 允许客户端去掉 ECN 再试，Linux 在丢包后会这样做，\
            收到 RST 后不会。",
        effect: "请求 ECN 的客户端 connect() 得到 ECONNREFUSED，其他客户端都正常。",
        variants: &[],
        told_apart_by: &[
            ("closed-port", "同一时刻，不带 ECN 的 SYN 也会被拒绝"),
            ("fw-reject-syn", "同一时刻，不带 ECN 的 SYN 也会被拒绝"),
            ("fw-reject-transit", "同一时刻，不带 ECN 的 SYN 也会被拒绝"),
            ("listening-elsewhere", "同一时刻，不带 ECN 的 SYN 也会被拒绝"),
        ],
        advice: &[
            "同一时刻两种都试：先 `sysctl net.ipv4.tcp_ecn=1`，再 `=0`，各连接一次",
            "找到那台设备：把拒绝报文的 TTL 与 SYN-ACK 的比较，并在{server}上抓包（SYN 没有到达）",
            "让它的运维方升级或修正；在此之前用 `tcp_ecn=2`（默认值：接受但不主动请求），或用 \
                `ip route ... features` 按路由设置",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::testing::conversation;
    use crate::verdict::Confidence::Possible;
    use crate::verdict::{Judgement, judge};

    const REFUSED: &str = "
        0.000 C:1 > S SEC 0:0(0)
        +0.001 C:1 < S RA 0:0(0) ack 1 ttl 63
        0.100 C:2 > S S 0:0(0)
        +0.010 C:2 < S SA 0:0(0) ack 1 ttl 61
        +0.001 C:2 > S A 1:1(0) ack 1";

    fn judged(text: &str) -> Judgement {
        judge(&conversation(text).endings().remove(0))
    }

    #[test]
    fn a_service_that_takes_plain_syns_and_refuses_those_with_ecn() {
        judged(REFUSED).is("ecn-rejected", Possible).beside(&["closed-port", "fw-reject-transit"]);
    }

    #[test]
    fn without_a_plain_syn_that_is_accepted_nobody_knows() {
        let text: alloc::vec::Vec<&str> = REFUSED.lines().take(3).collect();
        judged(&text.join("\n")).is("closed-port", Possible).beside(&["ecn-rejected"]);
    }

    #[test]
    fn a_service_that_accepts_ecn_elsewhere_or_a_plain_syn_that_is_refused_exclude_it() {
        judged(&REFUSED.replace("C:2 > S S ", "C:2 > S SEC ")).without(&["ecn-rejected"]);
        judged(&REFUSED.replace("SEC", "S")).without(&["ecn-rejected"]);
    }
}
