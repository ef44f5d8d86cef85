//! The silent host: nobody answers the SYN, not even with a RST.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 780,
    step: Step::Mechanism {
        shows: &[],
        kernel: &[],
        signs: Signs { still: &["TcpOutRsts"], receiver_errno: Some("ETIMEDOUT"), ..Signs::NONE },
    },
    outcome: OutcomeKind::FailedConnect,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&SYN_UNANSWERED, &SYN_RETRIED],
    refuted_by: &[&ICMP_UNREACHABLE],
    supported_by: &[],
    likely_when: &[],
    variants: &[],
    sources: &[
        rfc(6298, "2.1"),
        kernel("net/ipv4/tcp_timer.c", "tcp_retransmit_timer"),
        Source::Other("Microsoft KB 2586744 (stealth mode)"),
    ],
};
