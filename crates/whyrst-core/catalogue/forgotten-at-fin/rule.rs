//! A stack without FIN-WAIT-2.
//!
//! An umbrella: it is named beside what fits more closely, and never more than possible.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 840,
    step: Step::Mechanism { shows: &[Family::LateData], kernel: &[], signs: Signs { ..Signs::NONE } },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Umbrella,
    severity: Severity::Fault,
    needs: &[&RST_IS_PASSIVE, &FIN_WAIT2_SKIPPED],
    refuted_by: &[&RECEIVER_HAD_CLOSED],
    supported_by: &[],
    likely_when: &[],
    variants: &[],
    sources: &[rfc(9293, "3.10.7.4")],
};
