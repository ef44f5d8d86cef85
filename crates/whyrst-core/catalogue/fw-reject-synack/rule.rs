//! The client's own firewall rejects the server's SYN-ACK.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 130,
    step: Step::Mechanism {
        shows: &[Family::UnwantedAnswer],
        kernel: &[],
        signs: Signs { still: &["TcpOutRsts"], sender_errno: Some("ETIMEDOUT"), ..Signs::NONE },
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Policy,
    needs: &[&RST_ANSWERS_SYN_ACK, &SYN_RETRIED_BY_TIMER],
    refuted_by: &[
        &DSCP_MIRRORED,
        &FLOW_LABEL_SET,
        &SYN_ACK_ACKS_WRONG,
        &SYN_ACK_ECHOES_WRONG,
        &ANSWERED_ELSEWHERE,
        &RST_SKIPPED_HOPS,
    ],
    supported_by: &[&RST_IS_BARE, &FLOW_LABEL_UNSET, &DSCP_NOT_MIRRORED],
    // Behind a router the SYN-ACK may as well have lost its translation.
    likely_when: &[&[&SYN_RETRIED_BY_TIMER, &SYN_UNROUTED]],
    variants: &[],
    sources: &[kernel("net/ipv4/netfilter/nf_reject_ipv4.c", "nf_send_reset"), rfc(9293, "3.10.7.3"), rfc(6298, "2")],
};
