//! A device refuses SYNs that carry data.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 47,
    step: Step::Reason { explains: &["fw-reject-transit", "fw-reject-syn", "closed-port"] },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&RST_ANSWERS_SYN, &ONLY_SYN_DATA_REFUSED],
    refuted_by: &[&SYN_ACK_AFTER_RST],
    supported_by: &[&ONLY_SYN_DATA_REFUSED, &REFUSAL_TTL_DIFFERS],
    likely_when: &[&[&ONLY_SYN_DATA_REFUSED, &REFUSAL_TTL_DIFFERS]],
    variants: &[],
    sources: &[rfc(7413, "7.1"), kernel("net/ipv4/tcp_fastopen.c", "tcp_fastopen_active_detect_blackhole")],
};
