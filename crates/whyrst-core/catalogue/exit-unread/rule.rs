//! The process ended with unread data: the kernel closes its sockets as `close()` would.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 280,
    step: Step::Mechanism {
        shows: &[Family::Aborted],
        kernel: &[KernelSign::through(RstReason::TcpAbortOnClose, "do_exit")],
        signs: Signs {
            counters: &["TcpExtTCPAbortOnClose", "TcpOutRsts", "TcpEstabResets"],
            still: &[
                "TcpExtTCPAbortOnData",
                "TcpExtTCPAbortOnLinger",
                "TcpExtTCPAbortOnMemory",
                "TcpExtTCPAbortOnTimeout",
            ],
            syscall: Some("exit_group"),
            receiver_errno: Some("ECONNRESET"),
            ..Signs::NONE
        },
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&RST_IS_ACTIVE, &SENDER_RECEIVED_DATA],
    refuted_by: &[&HANDSHAKE_INCOMPLETE, &RST_CONTRADICTS_SENDER, &RST_IS_FASTCLOSE, &NOTHING_WAS_UNREAD],
    supported_by: &[&DATA_MAY_BE_UNREAD, &RST_ACKS_LESS_THAN_SENT, &PORT_REFUSED_AFTER, &PROGRAM_MAY_HAVE_ENDED],
    likely_when: &[],
    variants: &[],
    sources: &[
        rfc(1122, "4.2.2.13"),
        kernel("net/ipv4/tcp.c", "__tcp_close (data_was_unread)"),
        kernel("kernel/exit.c", "do_exit"),
    ],
};
