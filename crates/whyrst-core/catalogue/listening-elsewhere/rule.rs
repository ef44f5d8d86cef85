//! The service listens, but not where the SYN arrived: another address, device, VRF or address family.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 50,
    step: Step::Reason { explains: &["closed-port"] },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&RST_ANSWERS_SYN, &LISTENS_ELSEWHERE],
    refuted_by: &[&REFUSAL_HAS_NUMBER, &SYN_ACK_AFTER_RST, &RST_CONTRADICTS_SENDER, &RST_ENDS_SUBFLOW],
    supported_by: &[&RST_IS_BARE, &DSCP_MIRRORED, &FLOW_LABEL_SET],
    // The kernel lists its listeners.
    likely_when: &[&[&LISTENS_ELSEWHERE]],
    variants: &[],
    sources: &[
        rfc(9293, "3.5.2, group 1"),
        kernel("net/ipv4/inet_hashtables.c", "__inet_lookup_listener"),
        kernel("net/ipv4/inet_hashtables.c", "compute_score"),
    ],
};
