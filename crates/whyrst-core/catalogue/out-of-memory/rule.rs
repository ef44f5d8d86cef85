//! TCP has used up its memory: a closed socket's queue is thrown away.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 450,
    step: Step::Mechanism {
        shows: &[Family::Aborted],
        kernel: &[KernelSign::reason(RstReason::TcpAbortOnMemory)],
        signs: Signs {
            counters: &["TcpExtTCPAbortOnMemory", "TcpOutRsts"],
            still: &["TcpExtTCPAbortOnClose", "TcpExtTCPAbortOnData"],
            syscall: Some("close"),
            receiver_errno: Some("ECONNRESET"),
            ..Signs::NONE
        },
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&RST_IS_ACTIVE, &SENDER_HAD_UNACKNOWLEDGED],
    refuted_by: &[&SENDER_IS_NOT_LINUX, &HANDSHAKE_INCOMPLETE, &RST_CONTRADICTS_SENDER],
    supported_by: &[&RECEIVER_WINDOW_FULL],
    likely_when: &[],
    variants: &[],
    sources: &[
        kernel("net/ipv4/tcp.c", "tcp_check_oom"),
        kernel("include/net/tcp.h", "tcp_out_of_memory"),
        kernel("net/ipv4/tcp_timer.c", "tcp_out_of_resources"),
        Source::Other("Documentation/networking/ip-sysctl.rst, tcp_mem"),
    ],
};
