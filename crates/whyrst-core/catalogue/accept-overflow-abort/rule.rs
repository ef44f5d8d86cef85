//! The accept queue was full when the handshake's last ACK came, and the system is told to abort then.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 580,
    step: Step::Mechanism {
        shows: &[Family::BrokenHandshake],
        kernel: &[KernelSign::reason(RstReason::InvalidSyn)],
        signs: Signs {
            counters: &["TcpExtListenOverflows", "TcpExtListenDrops", "TcpExtEmbryonicRsts", "TcpOutRsts"],
            still: &["TcpExtSyncookiesFailed", "MPTcpExtMPJoinRejected"],
            receiver_errno: Some("ECONNRESET"),
            ..Signs::NONE
        },
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&RST_ANSWERS_THIRD_PACKET],
    refuted_by: &[&SENDER_IS_NOT_LINUX, &HANDSHAKE_ACK_WRONG, &RST_CONTRADICTS_SENDER],
    supported_by: &[&RST_IS_BARE, &RST_SAYS_EXHAUSTED, &RST_TTL_SAME],
    likely_when: &[],
    variants: &[],
    sources: &[
        kernel("net/ipv4/tcp_minisocks.c", "tcp_check_req (listen_overflow, embryonic_reset)"),
        kernel("net/ipv4/tcp_ipv4.c", "tcp_v4_syn_recv_sock"),
        Source::Other("Documentation/networking/ip-sysctl.rst, tcp_abort_on_overflow"),
    ],
};
