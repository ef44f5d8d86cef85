//! An abort while the own FIN waits behind data that could not be sent.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 410,
    step: Step::Mechanism {
        shows: &[Family::Aborted],
        kernel: &[KernelSign::reason(RstReason::TcpDisconnectWithData)],
        signs: Signs {
            counters: &["TcpOutRsts"],
            still: &["TcpExtTCPAbortOnClose", "TcpEstabResets"],
            syscall: Some("connect"),
            sender_errno: Some("ECONNRESET"),
            receiver_errno: Some("ECONNRESET"),
        },
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&RST_IS_ACTIVE, &RECEIVER_HAD_CLOSED, &SENDER_SENT_DATA, &RECEIVER_WINDOW_FULL],
    refuted_by: &[&SENDER_HAD_CLOSED, &RST_CONTRADICTS_SENDER],
    supported_by: &[],
    likely_when: &[],
    variants: &[],
    sources: &[rfc(9293, "3.10.5"), kernel("net/ipv4/tcp.c", "tcp_disconnect (snd_nxt != write_seq)")],
};
