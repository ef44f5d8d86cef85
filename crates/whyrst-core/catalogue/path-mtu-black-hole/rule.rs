//! Segments above a size never arrive, and nobody says so.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 285,
    step: Step::Reason {
        explains: &[
            "close-unread",
            "linger-zero",
            "exit-unread",
            "data-after-close",
            "retransmit-giveup",
            "sender-gave-up",
            "half-open-no-listener",
        ],
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&LARGE_DATA_IS_MISSING],
    refuted_by: &[&HANDSHAKE_INCOMPLETE, &RST_IS_FASTCLOSE],
    supported_by: &[
        &LARGE_SEGMENTS_LOST,
        &ANNOUNCED_BODY_NEVER_BEGAN,
        &SMALLER_SEGMENT_PASSED_LATER,
        &RECEIVER_REPEATED_IN_VAIN,
        &TRANSFER_STALLED,
        &RST_ACKS_LESS_THAN_SENT,
        &LAST_DATA_WAS_FOR_SENDER,
    ],
    likely_when: &[&[&LARGE_SEGMENTS_LOST, &SMALLER_SEGMENT_PASSED_LATER]],
    variants: &[],
    sources: &[rfc(2923, "2.1"), rfc(4821, "1"), rfc(1191, "3"), kernel("net/ipv4/tcp_timer.c", "tcp_mtu_probing")],
};
