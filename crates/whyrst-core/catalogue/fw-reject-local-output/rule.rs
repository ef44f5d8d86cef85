//! The client's own rule for output rejects the SYN before it leaves.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 770,
    step: Step::Mechanism {
        shows: &[Family::Refused, Family::Unseen],
        kernel: &[],
        signs: Signs { still: &["TcpOutRsts"], receiver_errno: Some("ECONNREFUSED"), ..Signs::NONE },
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Policy,
    needs: &[&RST_IS_ALONE, &REFUSES_UNSEEN_SYN, &RST_NEVER_ROUTED],
    refuted_by: &[],
    supported_by: &[&RST_IS_BARE],
    likely_when: &[],
    variants: &[],
    sources: &[
        kernel("net/ipv4/netfilter/nf_reject_ipv4.c", "nf_send_reset"),
        kernel("net/ipv4/ip_output.c", "__ip_local_out"),
    ],
};
