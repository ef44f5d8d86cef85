//! Too many closed sockets that the kernel still has to serve.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 430,
    step: Step::Mechanism {
        shows: &[Family::Aborted],
        kernel: &[KernelSign::reason(RstReason::TcpAbortOnMemory)],
        signs: Signs {
            counters: &["TcpExtTCPAbortOnMemory", "TcpOutRsts"],
            still: &["TcpExtTCPAbortOnClose", "TcpExtTCPAbortOnData"],
            syscall: Some("close"),
            receiver_errno: Some("EPIPE"),
            ..Signs::NONE
        },
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&RST_IS_ACTIVE, &SENDER_HAD_CLOSED, &FIN_UNACKNOWLEDGED],
    refuted_by: &[&SENDER_IS_NOT_LINUX, &RST_CONTRADICTS_SENDER],
    // That FIN and RST come in one go says the same of every program that shuts down and then aborts.
    supported_by: &[],
    likely_when: &[],
    variants: &[],
    sources: &[
        kernel("net/ipv4/tcp.c", "__tcp_close (tcp_check_oom)"),
        kernel("net/ipv4/tcp_timer.c", "tcp_out_of_resources"),
        Source::Other("Documentation/networking/ip-sysctl.rst, tcp_max_orphans"),
    ],
};
