//! The accept queue stayed full: the client believes in a connection that the server never took.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 600,
    step: Step::Mechanism {
        shows: &[Family::BrokenHandshake, Family::UnknownConnection],
        kernel: &[KernelSign::reason(RstReason::TcpFlags)],
        signs: Signs {
            counters: &["TcpExtListenOverflows", "TcpExtListenDrops", "TcpOutRsts"],
            still: &["TcpExtTCPDeferAcceptDrop", "TcpExtSyncookiesFailed", "TcpExtTCPAbortOnClose"],
            receiver_errno: Some("ECONNRESET"),
            ..Signs::NONE
        },
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&RST_IS_PASSIVE, &SYN_ACK_REPEATED, &SENDER_IS_SERVER, &SENDER_SENT_NOTHING],
    refuted_by: &[
        &SENDER_IS_NOT_LINUX,
        &SENDER_HAD_CLOSED,
        &SENDER_RECEIVED_DATA,
        &TRIGGER_LACKS_ACK,
        &RST_CONTRADICTS_SENDER,
    ],
    supported_by: &[&RST_IS_BARE, &RST_ANSWERS_DATA, &RST_TTL_SAME],
    likely_when: &[],
    variants: &[],
    sources: &[
        kernel("net/ipv4/tcp_minisocks.c", "tcp_check_req (listen_overflow)"),
        kernel("net/ipv4/inet_connection_sock.c", "reqsk_timer_handler"),
        Source::Other("listen(2), tcp(7): tcp_synack_retries"),
    ],
};
