//! The server accepted the connection and closed it at once, with the request already in its queue.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 510,
    step: Step::Reason { explains: &["close-unread", "linger-zero", "data-after-close", "shutdown-rdwr-data"] },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&SENDER_SENT_NOTHING, &SENDER_IS_SERVER, &CLOSED_BY_ITSELF],
    refuted_by: &[
        &HANDSHAKE_INCOMPLETE,
        &RST_CONTRADICTS_SENDER,
        &RST_IS_FASTCLOSE,
        &SENDER_HELD_SOCKET,
        &LINGER2_WAS_NEGATIVE,
    ],
    supported_by: &[&SERVER_LEFT_AT_ONCE],
    likely_when: &[],
    variants: &[],
    sources: &[
        rfc(1122, "4.2.2.13"),
        kernel("net/ipv4/tcp.c", "__tcp_close (data_was_unread)"),
        kernel("net/ipv4/tcp_minisocks.c", "tcp_timewait_state_process"),
    ],
};
