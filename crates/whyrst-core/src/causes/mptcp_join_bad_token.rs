//! A subflow wants to join a Multipath TCP connection that the server does not know.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Words, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::form::RST_ANSWERS_SYN;
use crate::evidence::multipath::{RST_ENDS_SUBFLOW, SAYS_MPTCP_ERROR, SYN_JOINS};
use crate::kernel::RstReason;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "mptcp-join-bad-token",
    title: "{server} does not know the Multipath TCP connection that the SYN wants to join",
    explanation: "A further subflow begins with a SYN that names the connection by a token. {server} has no connection of that \
        token: it was restarted, the connection is over, or a balancer sent this subflow to another server than the \
        first one.",
    effect: "{client}: the subflow fails; the connection goes on over its other subflows, and its program notices nothing.",
    sources: &[rfc(8684, "3.2"), rfc(8684, "3.6"), kernel("net/mptcp/subflow.c", "subflow_v4_route_req")],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[KernelSign::reason(RstReason::MptcpEmptcp)],
    rule: Rule {
        needs: &[&SYN_JOINS, &RST_ANSWERS_SYN, &RST_ENDS_SUBFLOW],
        refuted_by: &[],
        supported_by: &[&SAYS_MPTCP_ERROR],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::similar(
            "closed-port",
            "nothing listens on the port: the RST carries no MP_TCPRST, and an ordinary SYN is refused too",
        ),
        LookAlike::similar("fw-reject-syn", "a firewall rule rejects the SYN: no MP_TCPRST, and its counter rises"),
    ],
    advice: &[
        "on {server}: `nstat -az MPTcpExtMPJoinNoTokenFound` rises with each such SYN",
        "behind a balancer: all subflows of a connection must reach the same server (balance by token, or use the server's own address)",
        "after a restart of {server} it is harmless: the client's connections of before are gone anyway",
    ],
    zh: Words {
        title: "{server}不认识这个 SYN 想要加入的 Multipath TCP 连接",
        explanation: "新增子流的 SYN 用 token 指明要加入的连接。{server}没有这个 token 对应的连接：它重启过、连接已\
            经结束，或者负载均衡把这条子流分到了与第一条不同的服务器上。",
        effect: "{client}：这条子流建立失败；连接靠其他子流继续，程序毫无察觉。",
        variants: &[],
        told_apart_by: &[
            ("closed-port", "端口没有监听：RST 不带 MP_TCPRST，普通 SYN 也会被拒绝"),
            ("fw-reject-syn", "防火墙规则拒绝了 SYN：没有 MP_TCPRST，规则的计数器增长"),
        ],
        advice: &[
            "在{server}上：每来一个这样的 SYN，`nstat -az MPTcpExtMPJoinNoTokenFound` 就加一",
            "在负载均衡后面：同一连接的所有子流必须到达同一台服务器（按 token 调度，或使用服务器自己的地址）",
            "如果是{server}重启之后，则没有害处：客户端之前的连接本来也没了",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::kernel::RstReason;
    use crate::testing::{judged, judged_with};
    use crate::verdict::Confidence::{Certain, Likely};

    const UNKNOWN: &str = "
        0.000 C > S S 0:0(0) mp join
        +0.020 C < S RA 0:0(0) ack 1 mp rst reason 1";

    #[test]
    fn the_option_of_the_reset_tells_it_from_a_closed_port() {
        judged(UNKNOWN).is("mptcp-join-bad-token", Likely).without(&["closed-port", "fw-reject-syn"]);
        judged_with(UNKNOWN, RstReason::MptcpEmptcp, &[]).is("mptcp-join-bad-token", Certain);
    }

    #[test]
    fn without_the_option_the_port_may_be_closed() {
        judged(&UNKNOWN.replace(" mp rst reason 1", "")).without(&["mptcp-join-bad-token"]).beside(&["fw-reject-syn"]);
    }

    #[test]
    fn an_ordinary_syn_joins_nothing() {
        judged(&UNKNOWN.replace(" mp join", "")).without(&["mptcp-join-bad-token"]);
    }
}
