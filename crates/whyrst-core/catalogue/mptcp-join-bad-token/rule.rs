//! A subflow wants to join a Multipath TCP connection that the server does not know.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 200,
    step: Step::Mechanism {
        shows: &[Family::Refused],
        kernel: &[KernelSign::reason(RstReason::MptcpEmptcp)],
        signs: Signs { counters: &["MPTcpExtMPJoinNoTokenFound", "TcpOutRsts"], ..Signs::NONE },
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&SYN_JOINS, &RST_ANSWERS_SYN, &RST_ENDS_SUBFLOW],
    refuted_by: &[],
    supported_by: &[&SAYS_MPTCP_ERROR],
    likely_when: &[&[&SYN_JOINS, &RST_ENDS_SUBFLOW]],
    variants: &[],
    sources: &[rfc(8684, "3.2"), rfc(8684, "3.6"), kernel("net/mptcp/subflow.c", "subflow_v4_route_req")],
};
