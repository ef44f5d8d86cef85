//! A stack gave up repeating its data and said so by RST.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 300,
    step: Step::Mechanism {
        shows: &[Family::Aborted],
        kernel: &[KernelSign::reason(RstReason::NotSpecified)],
        signs: Signs { sender_errno: Some("ETIMEDOUT"), receiver_errno: Some("ECONNRESET"), ..Signs::NONE },
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    // Linux gives up silently: there the kernel's word names another cause.
    needs: &[&SENDER_REPEATED_IN_VAIN, &RST_IS_ACTIVE],
    refuted_by: &[&PROBES_WERE_ANSWERED, &RST_CONTRADICTS_SENDER, &RST_IS_FASTCLOSE],
    supported_by: &[&REPEATS_BACK_OFF, &GIVES_UP_AS_STACK],
    likely_when: &[&[&SENDER_REPEATED_IN_VAIN, &GIVES_UP_AS_STACK]],
    variants: &[],
    sources: &[
        rfc(9293, "3.8.3"),
        rfc(1122, "4.2.3.5"),
        Source::Other("FreeBSD sys/netinet/tcp_timer.c: tcp_timer_rexmt and tcp_timer_persist, tcp_drop sends RST"),
        Source::Other("Microsoft KB 170359: TcpMaxDataRetransmissions"),
        kernel("net/ipv4/tcp_timer.c", "tcp_write_err (no reset is sent)"),
    ],
};
