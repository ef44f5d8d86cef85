//! A reply that connection tracking does not recognise keeps the backend's real address.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Source, Words, kernel};
use crate::ending::EndingKind;
use crate::evidence::closing::{RST_ANSWERS_DATA, SENDER_HAD_CLOSED};
use crate::evidence::firewall::CLIENT_STILL_THERE;
use crate::evidence::form::{RST_IS_BARE, RST_IS_PASSIVE};
use crate::kernel::RstReason;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "conntrack-invalid-dnat",
    title: "a reply passed the address translation untranslated, and {sender}, which knows no such connection, reset it",
    explanation: "A service address is translated to a backend (kube-proxy, a balancer on Linux). A reply that connection \
        tracking judges INVALID, out of window after a loss or under memory pressure, skips the translation and reaches the \
        client from the backend's real address. The client has no connection with that address and resets; its reset \
        travels to the backend with the right numbers and ends the healthy connection there.",
    effect: "backend: ECONNRESET. Client: ECONNRESET when it speaks next, on the connection with the service address.",
    sources: &[
        kernel("net/netfilter/nf_conntrack_proto_tcp.c", "nf_conntrack_tcp_packet"),
        kernel("net/netfilter/nf_nat_core.c", "nf_nat_inet_fn"),
        Source::Other("kubernetes/kubernetes issue 74839"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[KernelSign::reason(RstReason::NoSocket)],
    rule: Rule {
        needs: &[&RST_IS_PASSIVE, &RST_ANSWERS_DATA, &RST_IS_BARE, &CLIENT_STILL_THERE],
        refuted_by: &[&SENDER_HAD_CLOSED],
        supported_by: &[],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::identical(
            "injected-rst",
            "the reset never left {sender}; here it did, in answer to data from an address that it had not asked",
        ),
        LookAlike::special_case(
            "stray-segment",
            "{sender} has no connection with the same two ports and another address (the service's)",
        ),
    ],
    advice: &[
        "on {sender}: a data segment from an address that it never contacted, then a RST to it: the backend's real address",
        "on the translating host: `conntrack -S` counts `invalid`; `sysctl net.netfilter.nf_conntrack_log_invalid=6` logs why",
        "drop INVALID in the forward chain (`ct state invalid drop`; newer kube-proxy does), or nf_conntrack_tcp_be_liberal=1",
    ],
    zh: Words {
        title: "一个回包没有经过地址转换就漏了过来，而{sender}没有这样的连接，于是回了 RST",
        explanation: "服务地址被转换到后端（kube-proxy、Linux 上的负载均衡）。连接跟踪把某个回包判为 INVALID（丢包后\
            落在窗口之外，或内存紧张），它就跳过地址转换，以后端的真实地址到达客户端。客户端与那个地址没有连接，便回 \
            RST；这个 RST 带着正确的序列号到达后端，把那边好端端的连接断掉了。",
        effect: "后端：ECONNRESET。客户端：下一次在与服务地址的连接上收发时得到 ECONNRESET。",
        variants: &[],
        told_apart_by: &[
            (
                "injected-rst",
                "那样的话 RST 从未离开{sender}；而这里它确实从那里发出，应答的是一个它没有连过的地址发\
                来的数据",
            ),
            ("stray-segment", "{sender}没有一条端口对相同、地址不同（服务地址）的连接"),
        ],
        advice: &[
            "在{sender}上：先有来自一个从未连接过的地址的数据报文，随后向它发了 RST：那就是后端的真实地址",
            "在做转换的主机上：`conntrack -S` 的 `invalid` 计数；`sysctl net.netfilter.nf_conntrack_log_invalid=6` \
                会记录原因",
            "在 forward 链丢弃 INVALID（`ct state invalid drop`；较新的 kube-proxy 已经这样做），或设 \
                nf_conntrack_tcp_be_liberal=1",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::kernel::RstReason;
    use crate::testing::{judged, judged_unsent, judged_with};

    const AT_BACKEND: &str = "
        0.000 C > S S 0:0(0)
        +0.001 C < S SA 0:0(0) ack 1
        +0.0001 C > S A 1:1(0) ack 1
        0.010 C > S PA 1:101(100) ack 1
        +0.001 C < S PA 1:51(50) ack 101
        +0.001 C > S R 101:101(0)
        0.500 C > S PA 101:201(100) ack 1
        +0.0001 C < S R 1:1(0)";

    #[test]
    fn a_client_whose_kernel_resets_and_that_goes_on_has_another_view_of_the_connection() {
        let judgement = judged_with(AT_BACKEND, RstReason::NoSocket, &[]);
        assert!(judgement.allows("conntrack-invalid-dnat"), "{}", judgement.explained());
        judged(AT_BACKEND).beside(&["conntrack-invalid-dnat"]);
    }

    #[test]
    fn a_kernel_that_sent_none_excludes_it() {
        judged_unsent(AT_BACKEND).without(&["conntrack-invalid-dnat"]);
    }

    #[test]
    fn a_client_that_says_no_more_had_lost_the_connection() {
        let text: alloc::vec::Vec<&str> = AT_BACKEND.lines().take(7).collect();
        let text = std::format!("{}\n5.0 X > Y A 1:1(0) ack 1", text.join("\n"));
        judged(&text).without(&["conntrack-invalid-dnat"]);
    }
}
