//! The options of Multipath TCP vanished or were damaged in the middle of a connection.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 230,
    step: Step::Mechanism {
        // A RST of which nothing else was captured still gives its reason.
        shows: &[Family::Aborted, Family::Unseen],
        kernel: &[KernelSign::reason(RstReason::MptcpEmiddlebox)],
        signs: Signs {
            counters: &["MPTcpExtMPRstTx", "TcpOutRsts"],
            still: &["TcpExtTCPAbortOnClose", "TcpExtTCPAbortOnData"],
            ..Signs::NONE
        },
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&SAYS_MIDDLEBOX],
    refuted_by: &[&RST_CONTRADICTS_SENDER],
    supported_by: &[&MPTCP_VANISHED, &RST_ENDS_SUBFLOW],
    likely_when: &[&[&SAYS_MIDDLEBOX]],
    variants: &[],
    sources: &[
        rfc(8684, "3.6"),
        rfc(8684, "3.7"),
        kernel("net/mptcp/subflow.c", "subflow_check_data_avail, mptcp_subflow_data_available"),
    ],
};
