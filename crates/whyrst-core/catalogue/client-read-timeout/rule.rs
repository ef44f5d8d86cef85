//! The client gave up waiting for the answer and closed; the answer came late.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 460,
    step: Step::Reason { explains: &["data-after-close", "shutdown-rdwr-data", "close-unread", "linger-zero"] },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    // It closes and resets the late answer, or aborts at once.
    needs: &[&REQUEST_UNANSWERED, &SENDER_IS_CLIENT, &WAITED_FOR_ANSWER],
    refuted_by: &[&HANDSHAKE_INCOMPLETE, &RST_CONTRADICTS_SENDER, &RST_IS_FASTCLOSE],
    supported_by: &[&WAIT_ON_TIME, &RST_IS_BARE],
    likely_when: &[&[&WAIT_ON_TIME, &HANDSHAKE_COMPLETED]],
    variants: &[],
    sources: &[
        rfc(9293, "3.10.7.4"),
        rfc(1122, "4.2.2.13"),
        kernel("net/ipv4/tcp_minisocks.c", "tcp_timewait_state_process"),
        kernel("net/ipv4/tcp_input.c", "tcp_rcv_state_process"),
    ],
};
