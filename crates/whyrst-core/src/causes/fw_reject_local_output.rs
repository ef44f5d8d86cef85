//! The client's own rule for output rejects the SYN before it leaves.

use crate::cause::{Breadth, Cause, LookAlike, Rule, Severity, Words, kernel};
use crate::ending::EndingKind;
use crate::evidence::firewall::{REFUSES_UNSEEN_SYN, RST_NEVER_ROUTED};
use crate::evidence::form::{RST_IS_ALONE, RST_IS_BARE};

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "fw-reject-local-output",
    title: "a rule for output on {receiver} itself rejected the SYN: it never left, and the reset came back over loopback",
    explanation: "REJECT with tcp-reset in the OUTPUT chain of the client itself, a cgroup or eBPF hook on connect(), or a \
        local security agent. The SYN (or the data of a connection) is answered inside the host; the reset goes to the \
        program over the loopback device. A capture on the network interface shows nothing at all; one on every device \
        (`tcpdump -i any`) shows the reset alone.",
    effect: "connect() fails at once with ECONNREFUSED (an existing connection: ECONNRESET), while no packet is on the wire.",
    sources: &[
        kernel("net/ipv4/netfilter/nf_reject_ipv4.c", "nf_send_reset"),
        kernel("net/ipv4/ip_output.c", "__ip_local_out"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Policy,
    kernel_reasons: &[],
    rule: Rule {
        needs: &[&RST_IS_ALONE, &REFUSES_UNSEEN_SYN, &RST_NEVER_ROUTED],
        refuted_by: &[],
        supported_by: &[&RST_IS_BARE],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::special_case(
            "orphan-rst",
            "the capture leaves the rest out: it began too late, or its filter lets only resets pass",
        ),
        LookAlike::identical("closed-port", "the SYN would have left {receiver}, and the capture would have missed it"),
    ],
    advice: &[
        "on {receiver}: `nft list ruleset` and `iptables -vnL OUTPUT`: which rule's counter rises while connecting?",
        "`tcpdump -i any` on {receiver}: a reset on `lo` with {sender}'s address and no SYN anywhere is made on the spot",
        "other local judges: `bpftool cgroup tree` (connect hooks), security agents, a service mesh's redirection",
    ],
    zh: Words {
        title: "{receiver}自己的出方向规则拒绝了 SYN：它根本没有发出去，RST 是从本机回环口回来的",
        explanation: "客户端自己 OUTPUT 链里的 REJECT --reject-with tcp-reset、connect() 上的 cgroup 或 eBPF 钩子、\
            本机的安全 agent。SYN（或已有连接的数据）在主机内部就被应答了；RST 经回环口送到程序。在网卡上抓包什么都\
            看不到；在所有设备上抓包（`tcpdump -i any`）只能看到 RST。",
        effect: "connect() 立即返回 ECONNREFUSED（已有连接则是 ECONNRESET），而线路上没有任何报文。",
        variants: &[],
        told_apart_by: &[
            ("orphan-rst", "是抓包漏掉了其余报文：开始得太晚，或者过滤条件只放过 RST"),
            ("closed-port", "SYN 其实已经离开{receiver}，只是抓包漏掉了它"),
        ],
        advice: &[
            "在{receiver}上：`nft list ruleset` 和 `iptables -vnL OUTPUT`：建连时哪条规则的计数器在增长？",
            "在{receiver}上 `tcpdump -i any`：`lo` 上有源地址为{sender}的 RST，到处都没有 SYN，就说明是本机生成的",
            "其他会拦截的本机机制：`bpftool cgroup tree`（connect 钩子）、安全 agent、服务网格的流量重定向",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::testing::judged;
    use crate::verdict::Confidence::Possible;

    #[test]
    fn a_lone_refusal_may_have_been_made_on_the_spot() {
        judged("0.000 C < S RA 0:0(0) ack 1").is("closed-port", Possible).beside(&["fw-reject-local-output"]);
    }

    #[test]
    fn what_has_come_over_routers_has_not() {
        judged("0.000 C < S RA 0:0(0) ack 1 ttl 57").is("closed-port", Possible).without(&["fw-reject-local-output"]);
    }

    #[test]
    fn a_syn_in_the_capture_had_left() {
        judged("0 C > S S 0:0(0)\n+0.0001 C < S RA 0:0(0) ack 1").without(&["fw-reject-local-output"]);
    }

    #[test]
    fn a_reset_with_a_number_refuses_no_syn() {
        judged("0.000 C < S R 7:7(0)").without(&["fw-reject-local-output"]);
    }
}
