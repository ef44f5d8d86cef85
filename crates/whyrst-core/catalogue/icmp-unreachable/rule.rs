//! A router or the host itself said by ICMP that the SYN cannot be delivered.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 790,
    step: Step::Mechanism {
        shows: &[],
        kernel: &[],
        signs: Signs { still: &["TcpOutRsts"], receiver_errno: Some("ECONNREFUSED"), ..Signs::NONE },
    },
    outcome: OutcomeKind::FailedConnect,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&ICMP_UNREACHABLE],
    refuted_by: &[],
    supported_by: &[&SYN_UNANSWERED],
    likely_when: &[],
    variants: &[],
    sources: &[rfc(1122, "4.2.3.9"), rfc(792, "Destination Unreachable"), kernel("net/ipv4/tcp_ipv4.c", "tcp_v4_err")],
};
