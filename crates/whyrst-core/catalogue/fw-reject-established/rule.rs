//! A rule on the host itself rejects segments of a connection that exists.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 730,
    step: Step::Mechanism {
        shows: &[Family::UnknownConnection, Family::BrokenHandshake],
        kernel: &[],
        signs: Signs { still: &["TcpOutRsts"], receiver_errno: Some("ECONNRESET"), ..Signs::NONE },
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Policy,
    needs: &[&RST_IS_PASSIVE, &HANDSHAKE_COMPLETED, &RST_IS_BARE],
    refuted_by: &[
        &RST_MADE_BETWEEN,
        &RST_MADE_AT_CAPTURE,
        &SENDER_HAD_CLOSED,
        &RST_ANSWERS_SYN_ACK,
        &DSCP_MIRRORED,
        &FLOW_LABEL_SET,
    ],
    supported_by: &[&RST_TTL_SAME, &FLOW_LABEL_UNSET, &DSCP_NOT_MIRRORED],
    likely_when: &[],
    variants: &[],
    sources: &[
        kernel("net/ipv4/netfilter/nf_reject_ipv4.c", "nf_send_reset"),
        kernel("net/ipv6/netfilter/nf_reject_ipv6.c", "nf_send_reset6"),
    ],
};
