//! The request was answered, and the connection closed, before all of its body had been read.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 252,
    step: Step::Reason { explains: &["close-unread", "exit-unread", "data-after-close", "shutdown-rdwr-data"] },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&ANSWERED_BEFORE_BODY],
    refuted_by: &[&HANDSHAKE_INCOMPLETE, &RST_CONTRADICTS_SENDER, &RST_IS_FASTCLOSE],
    supported_by: &[&REQUEST_WENT_ON, &SENDER_WINDOW_CLOSED, &ENDED_AFTER_WORDS],
    // The head of the request announces how much is missing, and the answer is the last that was said.
    likely_when: &[&[&ANSWERED_BEFORE_BODY, &ENDED_AFTER_WORDS], &[&ANSWERED_BEFORE_BODY, &REQUEST_WENT_ON]],
    variants: &[],
    sources: &[
        rfc(9112, "9.6"),
        rfc(9110, "15.5.14"),
        rfc(1122, "4.2.2.13"),
        kernel("net/ipv4/tcp.c", "__tcp_close (data_was_unread)"),
        Source::Other("nginx documentation, lingering_close and client_max_body_size"),
    ],
};
