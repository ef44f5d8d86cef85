//! A client's pool used a connection that the server had closed long before.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 505,
    step: Step::Reason { explains: &["data-after-close", "shutdown-rdwr-data", "fin-wait2-expired"] },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&CLOSE_WAS_KNOWN, &CLOSED_WHEN_IDLE, &SENDER_IS_SERVER],
    refuted_by: &[&SENDER_SENT_NOTHING, &RST_CONTRADICTS_SENDER, &GOODBYE_REFUSED, &GOODBYE_BY_SIZE],
    supported_by: &[&NEW_REQUEST_REFUSED, &SENDER_SENT_DATA, &SIBLINGS_CLOSED_WHEN_IDLE],
    // The session of a broker or a shell may have ended for another reason.
    likely_when: &[&[&NEW_REQUEST_REFUSED, &CLOSE_WAS_KNOWN, &CLOSED_WHEN_IDLE]],
    variants: &[],
    sources: &[
        rfc(9112, "9.5"),
        rfc(9293, "3.10.7.4"),
        kernel("net/ipv4/tcp_input.c", "tcp_fin"),
        kernel("net/ipv4/tcp_minisocks.c", "tcp_timewait_state_process"),
    ],
};
