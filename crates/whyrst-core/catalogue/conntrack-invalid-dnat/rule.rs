//! A reply that connection tracking does not recognise keeps the backend's real address.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 170,
    step: Step::Reason {
        explains: &["half-open-no-listener", "stray-segment", "nat-mapping-lost", "reset-not-captured"],
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&RST_IS_PASSIVE, &RST_ANSWERS_DATA, &RST_IS_BARE, &CLIENT_STILL_THERE],
    refuted_by: &[&SENDER_HAD_CLOSED, &MADE_OUTSIDE_STACK],
    supported_by: &[&MADE_BY_STACK],
    // From another distance it may as well be the host that translates the client's address (conntrack-invalid-snat).
    likely_when: &[&[&CLIENT_STILL_THERE, &MADE_BY_STACK, &RST_TTL_SAME]],
    variants: &[],
    sources: &[
        kernel("net/netfilter/nf_conntrack_proto_tcp.c", "nf_conntrack_tcp_packet"),
        kernel("net/netfilter/nf_nat_core.c", "nf_nat_inet_fn"),
        Source::Other("kubernetes/kubernetes issue 74839"),
    ],
};
