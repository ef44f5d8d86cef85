//! `TCP_DEFER_ACCEPT`: the server waited for data, and forgot the request.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 640,
    step: Step::Mechanism {
        shows: &[Family::BrokenHandshake, Family::UnknownConnection],
        kernel: &[KernelSign::reason(RstReason::TcpFlags)],
        signs: Signs {
            counters: &["TcpExtTCPDeferAcceptDrop", "TcpOutRsts"],
            still: &["TcpExtListenOverflows", "TcpExtSyncookiesFailed"],
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
    supported_by: &[&RST_IS_BARE, &SERVER_NEVER_TOOK_IT, &CLIENT_SILENT_AT_FIRST, &RST_TTL_SAME],
    likely_when: &[],
    variants: &[],
    sources: &[
        kernel("net/ipv4/tcp_minisocks.c", "tcp_check_req (rskq_defer_accept)"),
        kernel("net/ipv4/inet_connection_sock.c", "syn_ack_recalc"),
        Source::Other("tcp(7): TCP_DEFER_ACCEPT"),
    ],
};
