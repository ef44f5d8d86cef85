//! A RST and nothing else: the capture has no other segment of its connection.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 760,
    step: Step::Mechanism { shows: &[Family::Unseen, Family::Refused], kernel: &[], signs: Signs::NONE },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Umbrella,
    severity: Severity::Fault,
    needs: &[&RST_IS_ALONE],
    refuted_by: &[],
    supported_by: &[],
    likely_when: &[],
    variants: &[],
    sources: &[rfc(9293, "3.5.3")],
};
