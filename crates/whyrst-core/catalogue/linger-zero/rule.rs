//! `SO_LINGER {on, 0}`: a deliberate abort at `close()`.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 340,
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[KernelSign::through_without(RstReason::TcpState, "__tcp_close", "inet_child_forget")],
    needs: &[&RST_IS_ACTIVE],
    refuted_by: &[&HANDSHAKE_INCOMPLETE, &RST_CONTRADICTS_SENDER, &RST_IS_FASTCLOSE],
    supported_by: &[&SENDER_RECEIVED_NOTHING, &SENDER_HAD_REPLIED, &RST_SAYS_ABORTED],
    variants: &[],
    sources: &[
        rfc(9293, "3.10.5"),
        kernel("net/ipv4/tcp.c", "__tcp_close (sock_flag(sk, SOCK_LINGER) && !sk->sk_lingertime)"),
        kernel("net/ipv4/tcp.c", "tcp_disconnect"),
    ],
};
