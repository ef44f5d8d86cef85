//! The answer to a joining SYN lacks `MP_JOIN`: the client aborts that subflow.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Words, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::data::SENDER_RECEIVED_NOTHING;
use crate::evidence::handshake::SENDER_IS_CLIENT;
use crate::evidence::multipath::{SAYS_MPTCP_ERROR, SYN_ACK_LACKS_JOIN, SYN_JOINS};
use crate::kernel::RstReason;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "mptcp-join-stripped",
    title: "the SYN-ACK of a joining Multipath TCP subflow came back without MP_JOIN",
    explanation: "A middlebox on the new path removed the option that it does not know (or the server at that address does not \
        speak Multipath TCP), so {client} cannot prove that the subflow belongs to its connection and aborts it at once.",
    effect: "{client}: the subflow fails; the connection goes on over its other subflows. {server}: a half-open or short \
        connection.",
    sources: &[rfc(8684, "3.2"), rfc(8684, "3.7"), kernel("net/mptcp/subflow.c", "subflow_finish_connect")],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[KernelSign::reason(RstReason::MptcpEmptcp)],
    rule: Rule {
        needs: &[&SYN_JOINS, &SYN_ACK_LACKS_JOIN, &SENDER_IS_CLIENT],
        refuted_by: &[],
        supported_by: &[&SENDER_RECEIVED_NOTHING, &SAYS_MPTCP_ERROR],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::similar("linger-zero", "the connection would be no MPTCP subflow"),
        LookAlike::similar(
            "connect-abandoned",
            "{client}'s program would have given up: the RST would be bare and come from a kernel without socket",
        ),
    ],
    advice: &[
        "capture at {server}: does its SYN-ACK leave with MP_JOIN? then something on the path removes it",
        "on {client}: `nstat -az | grep MPTcpExtMPJoin`: JoinSynTx rises and JoinSynAckRx does not",
        "exclude that path (`ip mptcp endpoint`), or let the middlebox pass TCP option 30",
    ],
    zh: Words {
        title: "加入 Multipath TCP 的子流，收到的 SYN-ACK 里没有 MP_JOIN",
        explanation: "新路径上的中间设备删掉了它不认识的选项（或者那个地址上的服务器不支持 Multipath TCP），{client}\
            无法证明这条子流属于它的连接，于是立即中止。",
        effect: "{client}：这条子流建立失败；连接靠其他子流继续。{server}：留下一个半连接或很短的连接。",
        variants: &[],
        told_apart_by: &[
            ("linger-zero", "这条连接不是 MPTCP 子流"),
            ("connect-abandoned", "{client}上的程序应已放弃：应是裸 RST，来自没有套接字的内核"),
        ],
        advice: &[
            "在{server}上抓包：它的 SYN-ACK 发出时带 MP_JOIN 吗？如果带，就是路径上有设备删掉了",
            "在{client}上：`nstat -az | grep MPTcpExtMPJoin`：JoinSynTx 增长而 JoinSynAckRx 不增长",
            "不使用那条路径（`ip mptcp endpoint`），或者让中间设备放行 TCP 选项 30",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::kernel::RstReason;
    use crate::testing::{judged, judged_with};
    use crate::verdict::Confidence::{Certain, Possible};

    const STRIPPED: &str = "
        0.000 C > S S 0:0(0) mp join
        +0.020 C < S SA 0:0(0) ack 1
        +0.0001 C > S RA 1:1(0) ack 1 mp rst reason 1";

    #[test]
    fn a_join_without_its_answer_is_aborted() {
        let judgement = judged(STRIPPED);
        judgement.is("mptcp-join-stripped", judgement.confidence);
        judged_with(STRIPPED, RstReason::MptcpEmptcp, &["subflow_finish_connect"]).is("mptcp-join-stripped", Certain);
    }

    #[test]
    fn an_answered_join_is_not_stripped() {
        let answered = STRIPPED.replace("SA 0:0(0) ack 1", "SA 0:0(0) ack 1 mp join");
        judged(&answered.replace("reason 1", "reason 0")).without(&["mptcp-join-stripped"]);
        judged(&answered).is("mptcp-join-stripped", Possible);
    }

    #[test]
    fn the_option_may_be_gone_from_the_reset_too() {
        judged(&STRIPPED.replace(" mp rst reason 1", "")).is("mptcp-join-stripped", judged(STRIPPED).confidence);
    }
}
