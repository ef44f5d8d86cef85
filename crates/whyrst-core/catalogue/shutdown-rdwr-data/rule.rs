//! Data for a socket that its program has shut down in both directions and still holds.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 490,
    step: Step::Mechanism {
        shows: &[Family::LateData, Family::UnknownConnection],
        kernel: &[KernelSign::reason(RstReason::TcpAbortOnData)],
        signs: Signs {
            counters: &["TcpExtTCPAbortOnData", "TcpOutRsts"],
            still: &["TcpExtTCPAbortOnClose"],
            sender_errno: Some("ECONNRESET"),
            receiver_errno: Some("EPIPE"),
            ..Signs::NONE
        },
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&SENDER_CLOSE_SHOWN, &RST_ANSWERS_DATA, &SENDER_HELD_SOCKET],
    refuted_by: &[&RST_CONTRADICTS_SENDER],
    supported_by: &[&RST_IS_BARE, &SOCKET_STILL_WHOLE],
    likely_when: &[],
    variants: &[],
    sources: &[
        rfc(9293, "3.10.7.4"),
        rfc(1122, "4.2.2.13"),
        kernel("net/ipv4/tcp_input.c", "tcp_rcv_state_process (sk_shutdown & RCV_SHUTDOWN)"),
        kernel("net/ipv4/af_inet.c", "inet_shutdown"),
    ],
};
