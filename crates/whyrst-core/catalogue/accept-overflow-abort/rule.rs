//! The accept queue was full when the handshake's last ACK came, and the system is told to abort then.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 580,
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[KernelSign::reason(RstReason::InvalidSyn)],
    needs: &[&RST_ANSWERS_THIRD_PACKET],
    refuted_by: &[&HANDSHAKE_ACK_WRONG, &RST_CONTRADICTS_SENDER],
    supported_by: &[&RST_IS_BARE, &RST_SAYS_EXHAUSTED],
    variants: &[],
    sources: &[
        kernel("net/ipv4/tcp_minisocks.c", "tcp_check_req (listen_overflow, embryonic_reset)"),
        kernel("net/ipv4/tcp_ipv4.c", "tcp_v4_syn_recv_sock"),
        Source::Other("Documentation/networking/ip-sysctl.rst, tcp_abort_on_overflow"),
    ],
};
