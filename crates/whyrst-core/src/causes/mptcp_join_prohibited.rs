//! A server refuses a further subflow of a Multipath TCP connection by its limits.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Words, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::handshake::SENDER_IS_SERVER;
use crate::evidence::multipath::{RST_ENDS_SUBFLOW, SAYS_PROHIBITED, SYN_JOINS};
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::kernel::RstReason;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "mptcp-join-prohibited",
    title: "{server} allows no further subflow of this Multipath TCP connection",
    explanation: "{server} takes part in Multipath TCP but limits the number of subflows (or its policy forbids this one). The \
        handshake of the subflow goes on to its third packet, which is answered by RST with the reason \"administratively \
        prohibited\".",
    effect: "{client}: the subflow fails; the connection goes on over its other subflows. Linux answers this RST by one of its own.",
    sources: &[rfc(8684, "3.6"), kernel("net/mptcp/subflow.c", "subflow_syn_recv_sock")],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Policy,
    kernel_reasons: &[KernelSign::reason(RstReason::MptcpEprohibit)],
    rule: Rule {
        needs: &[&SAYS_PROHIBITED, &RST_ENDS_SUBFLOW, &SENDER_IS_SERVER],
        refuted_by: &[&RST_CONTRADICTS_SENDER],
        supported_by: &[&SYN_JOINS],
    },
    variants: &[],
    look_alikes: &[LookAlike::similar("accept-overflow-abort", "the accept queue was full: ListenOverflows counts it")],
    advice: &[
        "on {server}: `ip mptcp limits` shows how many subflows it allows; `nstat -az MPTcpExtMPJoinRejected` counts refusals",
        "raise it: `ip mptcp limits set subflows N`, or let {client} open fewer (`ip mptcp endpoint`)",
    ],
    zh: Words {
        title: "{server}不允许这个 Multipath TCP 连接再增加子流",
        explanation: "{server}支持 Multipath TCP，但限制了子流数量（或其策略禁止这一条）。子流的握手进行到第三个报文，\
            得到的应答是原因为 \"administratively prohibited\" 的 RST。",
        effect: "{client}：这条子流建立失败；连接靠其他子流继续。Linux 会对这个 RST 再回一个自己的 RST。",
        variants: &[],
        told_apart_by: &[("accept-overflow-abort", "全连接队列已满：ListenOverflows 会计数")],
        advice: &[
            "在{server}上：`ip mptcp limits` 显示允许多少条子流；`nstat -az MPTcpExtMPJoinRejected` 统计拒绝次数",
            "调大限制：`ip mptcp limits set subflows N`，或者让{client}少开几条（`ip mptcp endpoint`）",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::kernel::RstReason;
    use crate::testing::{judged, judged_with};
    use crate::verdict::Confidence::Certain;

    const REFUSED: &str = "
        0.000 C > S S 0:0(0) mp join
        +0.020 C < S SA 0:0(0) ack 1 mp join
        +0.0001 C > S A 1:1(0) ack 1 mp join
        +0.020 C < S R 1:1(0) mp rst reason 3";

    #[test]
    fn the_reason_of_the_option_says_it() {
        let judgement = judged(REFUSED);
        judgement.is("mptcp-join-prohibited", judgement.confidence);
        judged_with(REFUSED, RstReason::MptcpEprohibit, &[]).is("mptcp-join-prohibited", Certain);
    }

    #[test]
    fn another_reason_is_another_cause() {
        judged(&REFUSED.replace("reason 3", "reason 1")).without(&["mptcp-join-prohibited"]);
        judged(&REFUSED.replace(" mp rst reason 3", "")).without(&["mptcp-join-prohibited"]);
    }
}
