//! A stateful firewall on the path has forgotten the connection and rejects what it does not know.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 710,
    step: Step::Mechanism {
        shows: &[Family::UnknownConnection, Family::BrokenHandshake, Family::Unseen],
        kernel: &[],
        signs: Signs { still: &["TcpOutRsts"], receiver_errno: Some("ECONNRESET"), ..Signs::NONE },
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&RST_IS_PASSIVE, &HANDSHAKE_COMPLETED, &RST_IS_BARE],
    refuted_by: &[
        &RST_LEFT_ITS_SENDER,
        &TRIGGER_REACHED_SENDER,
        &ALL_REACHED_SENDER,
        &SENDER_HAD_CLOSED,
        &RST_ANSWERS_SYN_ACK,
        &DSCP_MIRRORED,
        &FLOW_LABEL_SET,
    ],
    supported_by: &[
        &RST_MADE_BETWEEN,
        &RST_MADE_AT_CAPTURE,
        &TRIGGER_DROPPED,
        &RST_TTL_DIFFERS,
        &RST_FROM_NEARER,
        &WAS_IDLE,
        &FLOW_LABEL_UNSET,
        &DSCP_NOT_MIRRORED,
    ],
    likely_when: &[],
    variants: &[],
    sources: &[
        rfc(2979, "3"),
        kernel("net/netfilter/nf_conntrack_proto_tcp.c", "nf_conntrack_tcp_packet"),
        kernel("net/ipv4/netfilter/nf_reject_ipv4.c", "nf_send_reset"),
    ],
};
