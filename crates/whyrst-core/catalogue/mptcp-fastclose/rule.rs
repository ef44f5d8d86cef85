//! An end aborts a whole Multipath TCP connection.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 240,
    step: Step::Mechanism {
        shows: &[Family::Aborted],
        kernel: &[KernelSign::reason(RstReason::TcpAbortOnClose)],
        signs: Signs {
            counters: &["MPTcpExtMPFastcloseTx", "MPTcpExtMPRstTx", "TcpOutRsts"],
            still: &["TcpExtTCPAbortOnClose"],
            syscall: Some("close"),
            receiver_errno: Some("ECONNRESET"),
            ..Signs::NONE
        },
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&RST_IS_FASTCLOSE],
    refuted_by: &[&RST_CONTRADICTS_SENDER],
    supported_by: &[],
    likely_when: &[&[&RST_IS_FASTCLOSE]],
    variants: &[&FASTCLOSE_CONFIRMED],
    sources: &[rfc(8684, "3.5"), kernel("net/mptcp/protocol.c", "mptcp_do_fastclose")],
};
