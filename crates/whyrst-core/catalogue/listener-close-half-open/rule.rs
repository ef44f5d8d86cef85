//! The listener was closed while the handshake was under way.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 590,
    step: Step::Mechanism {
        shows: &[Family::BrokenHandshake],
        kernel: &[KernelSign::reason(RstReason::NoSocket), KernelSign::reason(RstReason::TcpFlags)],
        signs: Signs {
            counters: &["TcpOutRsts"],
            still: &["TcpExtListenOverflows", "TcpExtListenDrops", "TcpExtTCPAbortOnClose"],
            receiver_errno: Some("ECONNRESET"),
            ..Signs::NONE
        },
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&RST_ANSWERS_THIRD_PACKET],
    refuted_by: &[&HANDSHAKE_ACK_WRONG, &RST_CONTRADICTS_SENDER],
    supported_by: &[&RST_IS_BARE, &PORT_REFUSED_AFTER, &RST_TTL_SAME],
    likely_when: &[],
    variants: &[],
    sources: &[
        rfc(9293, "3.5.2, group 1"),
        kernel("net/ipv4/tcp_ipv4.c", "tcp_v4_rcv (TCP_NEW_SYN_RECV, sk_state != TCP_LISTEN)"),
        kernel("net/ipv4/inet_connection_sock.c", "inet_csk_listen_stop"),
    ],
};
