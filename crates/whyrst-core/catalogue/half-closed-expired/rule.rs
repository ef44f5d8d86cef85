//! A NAT, a firewall or a balancer forgot a half-closed connection and reset the late answer.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 705,
    step: Step::Reason { explains: &["data-after-close", "fw-state-lost", "nat-mapping-lost", "fin-wait2-expired"] },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&SENDER_HAD_CLOSED, &RST_ANSWERS_DATA, &SILENCE_WAS_LONG],
    refuted_by: &[&RECEIVER_HAD_CLOSED, &RST_LEFT_ITS_SENDER, &TRIGGER_REACHED_SENDER],
    supported_by: &[&RST_MADE_BETWEEN, &RST_TTL_DIFFERS, &RST_FROM_NEARER, &RST_LINK_DIFFERS],
    // The host that had closed answers with its own TTL.
    likely_when: &[&[&RST_MADE_BETWEEN], &[&RST_TTL_DIFFERS]],
    variants: &[],
    sources: &[
        rfc(5382, "5 (REQ-5)"),
        kernel("net/netfilter/nf_conntrack_proto_tcp.c", "tcp_timeouts (TCP_CONNTRACK_CLOSE_WAIT, 60 s)"),
        kernel("net/netfilter/ipvs/ip_vs_proto_tcp.c", "tcp_timeouts (IP_VS_TCP_S_FIN_WAIT, 2 min)"),
    ],
};
