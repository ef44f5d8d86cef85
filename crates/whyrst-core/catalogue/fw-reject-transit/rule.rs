//! A firewall between the two ends rejects a segment with a reset in the other end's name.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 720,
    step: Step::Mechanism {
        shows: &[
            Family::Refused,
            Family::SynCollision,
            Family::BrokenHandshake,
            Family::UnknownConnection,
            Family::Unseen,
        ],
        kernel: &[],
        signs: Signs { still: &["TcpOutRsts"], receiver_errno: Some("ECONNREFUSED"), ..Signs::NONE },
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Policy,
    needs: &[&RST_IS_PASSIVE, &RST_IS_BARE, &BEGINNING_WHOLE, &MADE_OUTSIDE_STACK],
    refuted_by: &[
        &RST_LEFT_ITS_SENDER,
        &TRIGGER_REACHED_SENDER,
        &ALL_REACHED_SENDER,
        &SENDER_HAD_CLOSED,
        &RST_ANSWERS_SYN_ACK,
        &SYN_ACK_AFTER_RST,
        &DSCP_MIRRORED,
        &FLOW_LABEL_SET,
    ],
    supported_by: &[
        &RST_MADE_BETWEEN,
        &RST_MADE_IN_TRANSIT,
        &RST_MADE_AT_CAPTURE,
        &TRIGGER_DROPPED,
        &RST_TTL_DIFFERS,
        &REFUSAL_TTL_DIFFERS,
        &REFUSED_NEARER_THAN_HOST,
        &RST_FROM_NEARER,
        &RST_ANSWERS_SYN,
        &FLOW_LABEL_UNSET,
        &DSCP_NOT_MIRRORED,
    ],
    likely_when: &[&[&RST_MADE_IN_TRANSIT]],
    variants: &[],
    sources: &[
        kernel("net/ipv4/netfilter/nf_reject_ipv4.c", "nf_send_reset"),
        kernel("net/ipv6/netfilter/nf_reject_ipv6.c", "nf_send_reset6"),
        kernel("net/ipv4/ip_forward.c", "ip_forward"),
    ],
};
