//! A device refuses SYNs that offer Explicit Congestion Notification.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 70,
    step: Step::Reason { explains: &["fw-reject-transit", "fw-reject-syn"] },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&RST_ANSWERS_SYN, &SYN_ASKED_ECN, &PLAIN_SYN_ACCEPTED],
    refuted_by: &[&SYN_ACK_AFTER_RST],
    supported_by: &[&RST_IS_BARE, &REFUSAL_TTL_DIFFERS, &RST_FROM_NEARER],
    likely_when: &[&[&PLAIN_SYN_ACCEPTED, &REFUSAL_TTL_DIFFERS]],
    variants: &[],
    sources: &[rfc(3360, "2.1"), rfc(3168, "6.1.1.1"), rfc(9293, "3.1")],
};
