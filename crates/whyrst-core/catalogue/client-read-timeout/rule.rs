//! The client gave up waiting for the answer and closed; the answer came late.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 460,
    step: Step::Reason { explains: &["data-after-close", "shutdown-rdwr-data", "close-unread", "linger-zero"] },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&SENDER_HAD_CLOSED, &RST_ANSWERS_DATA, &SENDER_IS_CLIENT, &REQUEST_UNANSWERED, &WAITED_FOR_ANSWER],
    refuted_by: &[&RST_CONTRADICTS_SENDER],
    supported_by: &[&RST_IS_BARE],
    likely_when: &[],
    variants: &[],
    sources: &[
        rfc(9293, "3.10.7.4"),
        rfc(1122, "4.2.2.13"),
        kernel("net/ipv4/tcp_minisocks.c", "tcp_timewait_state_process"),
        kernel("net/ipv4/tcp_input.c", "tcp_rcv_state_process"),
    ],
};
