//! A firewall's idea of the window refuses a segment, and it keeps its state of the connection.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 715,
    step: Step::Mechanism {
        shows: &[Family::UnknownConnection, Family::BrokenHandshake],
        kernel: &[],
        signs: Signs { still: &["TcpOutRsts"], receiver_errno: Some("ECONNRESET"), ..Signs::NONE },
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&WINDOW_TRACKER_REFUSES, &RST_IS_PASSIVE, &HANDSHAKE_COMPLETED, &RST_IS_BARE],
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
        &TRIGGER_DROPPED,
        &SENDER_TALKED_ON,
        &RST_TTL_DIFFERS,
        &RST_FROM_NEARER,
        &FLOW_LABEL_UNSET,
        &DSCP_NOT_MIRRORED,
    ],
    likely_when: &[
        &[&TRIGGER_BEYOND_WINDOW, &SENDER_TALKED_ON],
        &[&TRIGGER_BEYOND_WINDOW, &RST_FROM_NEARER],
        &[&TRIGGER_BEYOND_WINDOW, &RST_MADE_BETWEEN],
    ],
    variants: &[],
    sources: &[
        rfc(7323, "2.3"),
        kernel("net/netfilter/nf_conntrack_proto_tcp.c", "tcp_in_window"),
        kernel("net/ipv4/netfilter/nf_reject_ipv4.c", "nf_send_reset"),
        Source::Other("LWN, 2004-07-07: TCP window scaling and broken routers"),
    ],
};
