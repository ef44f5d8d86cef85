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
    supported_by: &[&BODY_NEVER_COMPLETE, &REQUEST_WENT_ON, &SENDER_WINDOW_CLOSED, &ENDED_AFTER_WORDS],
    // Who reads the rest of the body after an early answer may go on with the connection.
    likely_when: &[&[&ANSWERED_BEFORE_BODY, &ENDED_AFTER_WORDS], &[&ANSWERED_BEFORE_BODY, &BODY_NEVER_COMPLETE]],
    variants: &[],
    sources: &[
        rfc(9112, "9.6"),
        rfc(9110, "15.5.14"),
        rfc(1122, "4.2.2.13"),
        kernel("net/ipv4/tcp.c", "__tcp_close (data_was_unread)"),
        Source::Other("nginx documentation, lingering_close and client_max_body_size"),
    ],
};
