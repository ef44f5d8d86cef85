//! The peer lost the connection, and its service is listening again.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 630,
    step: Step::Mechanism {
        shows: &[Family::UnknownConnection, Family::BrokenHandshake, Family::Unseen],
        kernel: &[KernelSign::reason(RstReason::TcpFlags)],
        signs: Signs {
            counters: &["TcpOutRsts"],
            still: &["TcpExtListenOverflows", "TcpExtTCPDeferAcceptDrop", "TcpExtSyncookiesFailed"],
            receiver_errno: Some("ECONNRESET"),
            ..Signs::NONE
        },
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&RST_IS_PASSIVE, &HANDSHAKE_COMPLETED],
    refuted_by: &[
        &SENDER_HAD_CLOSED,
        &RST_ANSWERS_SYN_ACK,
        &HANDSHAKE_ACK_WRONG,
        &SENDER_IS_CLIENT,
        &SENDER_STILL_PROBED,
        &RST_CONTRADICTS_SENDER,
        &SIBLINGS_OUTLIVED_SILENCE,
    ],
    supported_by: &[
        &RST_IS_BARE,
        &DSCP_MIRRORED,
        &FLOW_LABEL_SET,
        &PORT_ACCEPTED_AFTER,
        &ACCEPTED_MEANWHILE,
        &RST_SAYS_NOT_KNOWN,
        &RST_TTL_SAME,
    ],
    likely_when: &[],
    variants: &[],
    sources: &[
        rfc(9293, "3.5.1"),
        kernel("net/ipv4/tcp_ipv4.c", "tcp_v4_rcv"),
        kernel("net/ipv4/tcp_ipv4.c", "tcp_v4_send_reset"),
    ],
};
