//! The options of Multipath TCP vanished or were damaged in the middle of a connection.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Words, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::multipath::{MPTCP_VANISHED, RST_ENDS_SUBFLOW, SAYS_MIDDLEBOX};
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::kernel::RstReason;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "mptcp-middlebox",
    title: "something on the path interfered with Multipath TCP in the middle of the connection",
    explanation: "Data arrived without its Multipath TCP option, or with a wrong checksum, on a connection of several subflows: \
        a middlebox removes options, splits segments or changes payload. {sender} cannot place the data any more and \
        resets the subflow with the reason \"middlebox interference\". With one subflow alone both ends fall back to TCP.",
    effect: "The subflow ends. When all subflows end, both programs only wait: the socket survives for \
        net.mptcp.close_timeout (60 s) and then gives ENOTCONN.",
    sources: &[
        rfc(8684, "3.6"),
        rfc(8684, "3.7"),
        kernel("net/mptcp/subflow.c", "subflow_check_data_avail, mptcp_subflow_data_available"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[KernelSign::reason(RstReason::MptcpEmiddlebox)],
    rule: Rule {
        needs: &[&SAYS_MIDDLEBOX],
        refuted_by: &[&RST_CONTRADICTS_SENDER],
        supported_by: &[&MPTCP_VANISHED, &RST_ENDS_SUBFLOW],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::similar("close-unread", "the connection would not have used MPTCP before"),
        LookAlike::similar("linger-zero", "the connection would not have used MPTCP before"),
    ],
    advice: &[
        "capture at both ends: a segment that leaves with option 30 and arrives without was changed on the path",
        "on both ends: `nstat -az | grep -i mptcp`: MPTcpExtDSSNoMatchTCP, MPTcpExtDSSFallback, MPTcpExtMPRstTx",
        "exclude that path (`ip mptcp endpoint`), fall back to TCP (`mptcpize disable`, net.mptcp.enabled=0), or repair the middlebox",
    ],
    zh: Words {
        title: "路径上有设备在 Multipath TCP 连接的中途做了干扰",
        explanation: "在有多条子流的连接上，数据到达时没有带 Multipath TCP 选项，或者校验和不对：有中间设备删除选项、\
            拆分报文或改动载荷。{sender}无法再确定数据的位置，于是以 \"middlebox interference\" 为原因重置这条子流。\
            如果只有一条子流，两端会回退到普通 TCP。",
        effect: "这条子流结束。如果所有子流都结束，两端的程序只会一直等待：套接字再保留 net.mptcp.close_timeout（60 \
            s），之后返回 ENOTCONN。",
        variants: &[],
        told_apart_by: &[("close-unread", "这条连接之前不会用过 MPTCP"), ("linger-zero", "这条连接之前不会用过 MPTCP")],
        advice: &[
            "在两端抓包：发出时带选项 30、到达时没有的报文，就是在路径上被改动的",
            "在两端：`nstat -az | grep -i mptcp`：MPTcpExtDSSNoMatchTCP、MPTcpExtDSSFallback、MPTcpExtMPRstTx",
            "不使用那条路径（`ip mptcp endpoint`），退回普通 TCP（`mptcpize disable`、net.mptcp.enabled=0），或者修\
                好中间设备",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::kernel::RstReason;
    use crate::testing::{judged, judged_with};
    use crate::verdict::Confidence::Certain;

    const INTERFERED: &str = "
        0.000 C > S S 0:0(0) mp join
        +0.020 C < S SA 0:0(0) ack 1 mp join
        +0.0001 C > S A 1:1(0) ack 1 mp join
        0.030 C > S PA 1:101(100) ack 1 opts mptcp
        0.060 C < S A 1:1(0) ack 101 opts mptcp
        0.070 C > S PA 101:201(100) ack 1
        +0.020 C < S RA 1:1(0) ack 101 mp rst reason 6";

    #[test]
    fn the_reason_of_the_option_says_it() {
        let judgement = judged(INTERFERED);
        judgement.is("mptcp-middlebox", judgement.confidence);
        judged_with(INTERFERED, RstReason::MptcpEmiddlebox, &[]).is("mptcp-middlebox", Certain);
    }

    #[test]
    fn another_reason_is_another_cause() {
        judged(&INTERFERED.replace("reason 6", "reason 0")).without(&["mptcp-middlebox"]);
    }

    #[test]
    fn a_connection_without_multipath_has_no_such_trouble() {
        judged(&INTERFERED.replace(" mp rst reason 6", "").replace(" mp join", "").replace(" opts mptcp", ""))
            .without(&["mptcp-middlebox"]);
    }
}
