//! An end aborts a whole Multipath TCP connection.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Words, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::multipath::RST_IS_FASTCLOSE;
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::kernel::RstReason;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "mptcp-fastclose",
    title: "{sender} aborted the whole Multipath TCP connection",
    explanation: "On a Multipath TCP socket close() with unread data and SO_LINGER 0 both abort: {sender} sends MP_FASTCLOSE on \
        one subflow and resets all of them. The option names no reason; what applies to close-unread and linger-zero \
        applies here.",
    effect: "{receiver}: ECONNRESET, after what had arrived was read.",
    sources: &[rfc(8684, "3.5"), kernel("net/mptcp/protocol.c", "mptcp_do_fastclose")],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[KernelSign::reason(RstReason::TcpAbortOnClose)],
    rule: Rule { needs: &[&RST_IS_FASTCLOSE], refuted_by: &[&RST_CONTRADICTS_SENDER], supported_by: &[] },
    variants: &[],
    look_alikes: &[
        LookAlike::similar("close-unread", "the RST would carry no MP_FASTCLOSE"),
        LookAlike::similar("exit-unread", "the RST would carry no MP_FASTCLOSE"),
        LookAlike::similar("linger-zero", "the RST would carry no MP_FASTCLOSE"),
    ],
    advice: &[
        "on {sender}: `nstat -az MPTcpExtMPFastcloseTx` rises with each such close",
        "let {sender} read until end of file before close(); do not use SO_LINGER 0",
        "`strace -f -e trace=setsockopt,close -p PID` on {sender} tells the two apart",
    ],
    zh: Words {
        title: "{sender}中止了整个 Multipath TCP 连接",
        explanation: "在 Multipath TCP 套接字上，有未读数据时 close() 和 SO_LINGER 0 都会中止连接：{sender}在一条子\
            流上发 MP_FASTCLOSE，并重置所有子流。这个选项不带原因；close-unread 和 linger-zero 的说明同样适用。",
        effect: "{receiver}：读完已到达的数据后得到 ECONNRESET。",
        variants: &[],
        told_apart_by: &[
            ("close-unread", "RST 不会带有 MP_FASTCLOSE"),
            ("exit-unread", "RST 不会带有 MP_FASTCLOSE"),
            ("linger-zero", "RST 不会带有 MP_FASTCLOSE"),
        ],
        advice: &[
            "在{sender}上：每发生一次这样的关闭，`nstat -az MPTcpExtMPFastcloseTx` 就加一",
            "让{sender}读到 EOF 再 close()；不要用 SO_LINGER 0",
            "在{sender}上 `strace -f -e trace=setsockopt,close -p PID` 可以区分这两种情况",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::kernel::RstReason;
    use crate::testing::{judged, judged_with};
    use crate::verdict::Confidence::{Certain, Likely};

    const FASTCLOSE: &str = "
        0.000 C > S S 0:0(0) mp capable
        +0.020 C < S SA 0:0(0) ack 1 mp capable
        +0.0001 C > S A 1:1(0) ack 1 mp capable
        0.030 C > S PA 1:101(100) ack 1 opts mptcp
        +0.021 C < S PA 1:51(50) ack 101 opts mptcp
        1.000 C > S RA 101:101(0) ack 51 mp fastclose";

    #[test]
    fn the_option_says_it() {
        judged(FASTCLOSE).is("mptcp-fastclose", Likely).without(&["close-unread", "linger-zero", "exit-unread"]);
        judged_with(FASTCLOSE, RstReason::TcpAbortOnClose, &["mptcp_do_fastclose"]).is("mptcp-fastclose", Certain);
    }

    #[test]
    fn without_the_option_it_is_an_ordinary_abort() {
        judged(&FASTCLOSE.replace("ack 51 mp fastclose", "ack 51")).without(&["mptcp-fastclose"]);
    }
}
