//! Too many closed sockets that the kernel still has to serve.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 430,
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[KernelSign::reason(RstReason::TcpAbortOnMemory)],
    needs: &[&RST_IS_ACTIVE, &SENDER_HAD_CLOSED, &FIN_UNACKNOWLEDGED],
    refuted_by: &[&RST_CONTRADICTS_SENDER],
    // That FIN and RST come in one go says the same of every program that shuts down and then aborts.
    supported_by: &[],
    variants: &[],
    sources: &[
        kernel("net/ipv4/tcp.c", "__tcp_close (tcp_check_oom)"),
        kernel("net/ipv4/tcp_timer.c", "tcp_out_of_resources"),
        Source::Other("Documentation/networking/ip-sysctl.rst, tcp_max_orphans"),
    ],
};
