//! An answer came back outside of the address translation that its SYN went through.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 172,
    step: Step::Reason { explains: &["backscatter-synack", "closed-port", "fw-reject-syn"] },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&SYN_ACK_IS_NO_ANSWER],
    refuted_by: &[&REDIRECTED_TO_LOOPBACK, &SYN_ACK_ACKS_WRONG, &SYN_ACK_ECHOES_WRONG],
    supported_by: &[&ANSWERED_ELSEWHERE, &RST_SKIPPED_HOPS, &SYN_WAS_ROUTED],
    likely_when: &[&[&ANSWERED_ELSEWHERE]],
    variants: &[],
    sources: &[
        rfc(5382, "4.1"),
        rfc(9293, "3.10.7.1"),
        kernel("net/bridge/br_netfilter_hooks.c", "br_nf_pre_routing"),
        kernel("net/netfilter/nf_nat_core.c", "nf_nat_packet"),
        Source::Other("Kubernetes, Debug Services: hairpin mode, and net.bridge.bridge-nf-call-iptables"),
    ],
};
