//! A stateful firewall sees only one direction of the handshake, and rejects its end.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 610,
    step: Step::Reason { explains: &["fw-state-lost", "fw-reject-transit"] },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&RST_ANSWERS_THIRD_PACKET],
    refuted_by: &[&DSCP_MIRRORED, &FLOW_LABEL_SET],
    supported_by: &[&RST_IS_BARE, &RST_TTL_DIFFERS, &RST_FROM_NEARER, &RST_LINK_DIFFERS],
    likely_when: &[],
    variants: &[],
    sources: &[
        kernel("net/netfilter/nf_conntrack_proto_tcp.c", "tcp_conntracks"),
        kernel("net/ipv4/netfilter/nf_reject_ipv4.c", "nf_send_reset"),
    ],
};
