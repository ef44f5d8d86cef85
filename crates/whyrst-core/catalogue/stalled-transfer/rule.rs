//! Data in the middle was lost again and again; the receiver gave up waiting.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 290,
    step: Step::Reason { explains: &["close-unread", "linger-zero", "exit-unread"] },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&HOLE_UNFILLED, &RST_IS_ACTIVE],
    refuted_by: &[&TRANSFER_IN_MOTION, &HANDSHAKE_INCOMPLETE, &RST_CONTRADICTS_SENDER, &RST_IS_FASTCLOSE],
    supported_by: &[&TRANSFER_STALLED, &LAST_DATA_WAS_FOR_SENDER, &RST_ACKS_LESS_THAN_SENT, &RECEIVER_REPEATED_IN_VAIN],
    likely_when: &[&[&TRANSFER_STALLED, &RECEIVER_REPEATED_IN_VAIN]],
    variants: &[],
    sources: &[
        rfc(2018, "4"),
        rfc(6298, "5"),
        rfc(2923, "2.1"),
        kernel("net/ipv4/tcp.c", "__tcp_close (only what is in order counts as unread)"),
    ],
};
