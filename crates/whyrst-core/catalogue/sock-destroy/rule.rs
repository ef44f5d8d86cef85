//! Somebody with the right to do so destroyed the socket: `ss -K`, an agent, the system itself.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 370,
    step: Step::Mechanism {
        shows: &[Family::Aborted],
        kernel: &[KernelSign::through_without(RstReason::TcpState, "tcp_abort", "inet_child_forget")],
        signs: Signs {
            counters: &["TcpOutRsts", "TcpEstabResets"],
            still: &["TcpExtTCPAbortOnClose", "TcpExtTCPAbortOnData"],
            sender_errno: Some("ECONNABORTED"),
            receiver_errno: Some("ECONNRESET"),
            ..Signs::NONE
        },
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Policy,
    // `ss -K` of a listener aborts what waits there: that is listener-close-pending.
    needs: &[&RST_IS_ACTIVE],
    refuted_by: &[&SENDER_IS_NOT_LINUX, &HANDSHAKE_INCOMPLETE, &RST_CONTRADICTS_SENDER, &RST_IS_FASTCLOSE],
    // What speaks against unread data speaks for every deliberate abort.
    supported_by: &[&SENDER_RECEIVED_NOTHING, &SENDER_HAD_REPLIED],
    likely_when: &[],
    variants: &[],
    sources: &[
        rfc(9293, "3.10.5"),
        kernel("net/ipv4/tcp.c", "tcp_abort"),
        kernel("net/ipv4/tcp_diag.c", "tcp_diag_destroy"),
        Source::Other("ss(8), option -K"),
    ],
};
