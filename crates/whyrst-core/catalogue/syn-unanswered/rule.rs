//! The silent host: nobody answers the SYN, not even with a RST.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 780,
    outcome: OutcomeKind::FailedConnect,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[],
    needs: &[&SYN_UNANSWERED, &SYN_RETRIED],
    refuted_by: &[&ICMP_UNREACHABLE],
    supported_by: &[],
    variants: &[],
    sources: &[
        rfc(6298, "2.1"),
        kernel("net/ipv4/tcp_timer.c", "tcp_retransmit_timer"),
        Source::Other("Microsoft KB 2586744 (stealth mode)"),
    ],
};
