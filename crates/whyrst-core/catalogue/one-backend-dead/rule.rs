//! One of several backends behind an address does not listen.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 46,
    step: Step::Reason { explains: &["closed-port", "fw-reject-syn"] },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&REFUSED_WHILE_ACCEPTING, &RST_ANSWERS_SYN],
    refuted_by: &[&SYN_ACK_AFTER_RST, &STACK_REFUSES_WHEN_FULL, &ONLY_SYN_DATA_REFUSED, &SIBLINGS_WERE_CUT],
    supported_by: &[&SERVICE_KEPT_ACCEPTING, &ACCEPTS_IN_TURN],
    likely_when: &[&[&REFUSED_WHILE_ACCEPTING, &ACCEPTS_IN_TURN]],
    variants: &[],
    sources: &[
        rfc(9293, "3.10.7.1"),
        kernel("net/netfilter/ipvs/ip_vs_rr.c", "ip_vs_rr_schedule"),
        Source::Other("Kubernetes, Services: virtual IPs spread connects over endpoints"),
    ],
};
