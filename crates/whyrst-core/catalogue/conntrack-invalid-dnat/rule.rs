//! A reply that connection tracking does not recognise keeps the backend's real address.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 170,
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[KernelSign::reason(RstReason::NoSocket)],
    needs: &[&RST_IS_PASSIVE, &RST_ANSWERS_DATA, &RST_IS_BARE, &CLIENT_STILL_THERE],
    refuted_by: &[&SENDER_HAD_CLOSED],
    supported_by: &[],
    variants: &[],
    sources: &[
        kernel("net/netfilter/nf_conntrack_proto_tcp.c", "nf_conntrack_tcp_packet"),
        kernel("net/netfilter/nf_nat_core.c", "nf_nat_inet_fn"),
        Source::Other("kubernetes/kubernetes issue 74839"),
    ],
};
