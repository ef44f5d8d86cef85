//! `close()` while received data waits unread: the kernel aborts instead of sending FIN.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 270,
    step: Step::Mechanism {
        shows: &[Family::Aborted],
        kernel: &[KernelSign::not_through(RstReason::TcpAbortOnClose, "do_exit")],
        signs: Signs {
            counters: &["TcpExtTCPAbortOnClose", "TcpOutRsts", "TcpEstabResets"],
            still: &[
                "TcpExtTCPAbortOnData",
                "TcpExtTCPAbortOnLinger",
                "TcpExtTCPAbortOnMemory",
                "TcpExtTCPAbortOnTimeout",
            ],
            syscall: Some("close"),
            receiver_errno: Some("ECONNRESET"),
            ..Signs::NONE
        },
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&RST_IS_ACTIVE, &SENDER_RECEIVED_DATA],
    refuted_by: &[&HANDSHAKE_INCOMPLETE, &RST_CONTRADICTS_SENDER, &RST_IS_FASTCLOSE, &NOTHING_WAS_UNREAD],
    // Who shuts down its sending first and closes then (as many servers do) has often not read all.
    supported_by: &[&DATA_MAY_BE_UNREAD, &RST_ACKS_LESS_THAN_SENT, &RST_AFTER_SHUTDOWN],
    likely_when: &[],
    variants: &[],
    sources: &[rfc(1122, "4.2.2.13"), rfc(2525, "2.17"), kernel("net/ipv4/tcp.c", "__tcp_close (data_was_unread)")],
};
