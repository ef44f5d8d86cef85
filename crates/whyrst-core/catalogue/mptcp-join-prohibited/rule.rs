//! A server refuses a further subflow of a Multipath TCP connection by its limits.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 220,
    step: Step::Mechanism {
        // A RST of which nothing else was captured still gives its reason.
        shows: &[Family::BrokenHandshake, Family::Unseen],
        kernel: &[KernelSign::reason(RstReason::MptcpEprohibit)],
        signs: Signs {
            counters: &["MPTcpExtMPJoinRejected", "TcpOutRsts"],
            still: &["TcpExtListenOverflows", "TcpExtListenDrops"],
            ..Signs::NONE
        },
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Policy,
    needs: &[&SAYS_PROHIBITED, &RST_ENDS_SUBFLOW, &SENDER_IS_SERVER],
    refuted_by: &[&RST_CONTRADICTS_SENDER],
    supported_by: &[&SYN_JOINS],
    likely_when: &[],
    variants: &[],
    sources: &[rfc(8684, "3.6"), kernel("net/mptcp/subflow.c", "subflow_syn_recv_sock")],
};
