//! The listener ended while a finished handshake still waited to be accepted.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 360,
    step: Step::Mechanism {
        shows: &[Family::Aborted],
        kernel: &[KernelSign::through(RstReason::TcpState, "inet_child_forget")],
        signs: Signs {
            counters: &["TcpOutRsts", "TcpEstabResets"],
            still: &["TcpExtTCPAbortOnClose", "TcpExtTCPAbortOnData"],
            syscall: Some("close"),
            receiver_errno: Some("ECONNRESET"),
            ..Signs::NONE
        },
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&RST_IS_ACTIVE, &SENDER_IS_SERVER, &SENDER_SENT_NOTHING],
    refuted_by: &[&HANDSHAKE_INCOMPLETE, &RST_CONTRADICTS_SENDER, &RST_IS_FASTCLOSE],
    supported_by: &[&PORT_REFUSED_AFTER],
    likely_when: &[],
    variants: &[],
    sources: &[
        rfc(9293, "3.10.4"),
        kernel("net/ipv4/inet_connection_sock.c", "inet_csk_listen_stop"),
        kernel("net/ipv4/inet_connection_sock.c", "inet_child_forget"),
    ],
};
