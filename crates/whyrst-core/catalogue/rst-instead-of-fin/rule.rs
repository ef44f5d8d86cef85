//! The exchange was over and the peer had closed: this end answers with an abort instead of FIN.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 550,
    step: Step::Mechanism {
        shows: &[Family::Aborted, Family::LastSegment],
        kernel: &[KernelSign::reason(RstReason::NotSpecified)],
        signs: Signs::NONE,
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Benign,
    // Linux has no such habit of its own: there the kernel's word names linger-zero or close-unread.
    needs: &[&RST_IS_ACTIVE, &RECEIVER_HAD_CLOSED, &EVERYTHING_ACKNOWLEDGED],
    refuted_by: &[&SENDER_HAD_CLOSED, &RST_ACKS_LESS_THAN_SENT, &RST_CONTRADICTS_SENDER, &RST_IS_FASTCLOSE],
    supported_by: &[&RST_IS_BARE],
    likely_when: &[],
    variants: &[],
    sources: &[
        rfc(9293, "3.10.5"),
        kernel("net/ipv4/tcp.c", "tcp_need_reset (CLOSE_WAIT)"),
        Source::Other("Arlitt, Williamson: An Analysis of TCP Reset Behaviour on the Internet, CCR 35(1), 2005"),
    ],
};
