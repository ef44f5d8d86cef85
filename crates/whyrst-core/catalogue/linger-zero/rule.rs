//! `SO_LINGER {on, 0}`: a deliberate abort at `close()`.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 340,
    step: Step::Mechanism {
        shows: &[Family::Aborted],
        kernel: &[KernelSign::through_without(RstReason::TcpState, "__tcp_close", "inet_child_forget")],
        signs: Signs {
            counters: &["TcpExtTCPAbortOnData", "TcpOutRsts", "TcpEstabResets"],
            still: &["TcpExtTCPAbortOnClose", "TcpExtTCPAbortOnLinger"],
            syscall: Some("close"),
            receiver_errno: Some("ECONNRESET"),
            ..Signs::NONE
        },
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&RST_IS_ACTIVE],
    refuted_by: &[&HANDSHAKE_INCOMPLETE, &RST_CONTRADICTS_SENDER, &RST_IS_FASTCLOSE],
    supported_by: &[&SENDER_RECEIVED_NOTHING, &SENDER_HAD_ANSWERED, &RST_SAYS_ABORTED],
    likely_when: &[],
    variants: &[],
    sources: &[
        rfc(9293, "3.10.5"),
        kernel("net/ipv4/tcp.c", "__tcp_close (sock_flag(sk, SOCK_LINGER) && !sk->sk_lingertime)"),
        kernel("net/ipv4/tcp.c", "tcp_disconnect"),
    ],
};
