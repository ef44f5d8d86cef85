//! The answer to a joining SYN lacks `MP_JOIN`: the client aborts that subflow.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 210,
    step: Step::Mechanism {
        shows: &[Family::UnwantedAnswer, Family::BrokenHandshake, Family::Aborted],
        kernel: &[KernelSign::reason(RstReason::MptcpEmptcp)],
        signs: Signs {
            counters: &["MPTcpExtMPRstTx", "TcpOutRsts"],
            still: &["MPTcpExtMPJoinSynAckRx"],
            ..Signs::NONE
        },
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&SYN_JOINS, &SYN_ACK_LACKS_JOIN, &SENDER_IS_CLIENT],
    refuted_by: &[],
    supported_by: &[&SENDER_RECEIVED_NOTHING, &SAYS_MPTCP_ERROR],
    likely_when: &[&[&SYN_JOINS, &SYN_ACK_LACKS_JOIN]],
    variants: &[],
    sources: &[rfc(8684, "3.2"), rfc(8684, "3.7"), kernel("net/mptcp/subflow.c", "subflow_finish_connect")],
};
