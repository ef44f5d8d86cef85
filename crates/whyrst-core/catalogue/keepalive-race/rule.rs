//! An idle close and the next request crossed on the way.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 500,
    step: Step::Reason { explains: &["data-after-close", "shutdown-rdwr-data", "close-unread"] },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&REQUEST_MET_CLOSE, &CLOSED_WHEN_IDLE, &SENDER_IS_SERVER],
    refuted_by: &[&RST_CONTRADICTS_SENDER, &SOCKET_WAS_MINI],
    supported_by: &[&IDLE_CLOSE_MET_REQUEST, &RST_IS_BARE, &SENDER_SENT_DATA, &SIBLINGS_CLOSED_WHEN_IDLE],
    likely_when: &[&[&SIBLINGS_CLOSED_WHEN_IDLE, &REQUEST_MET_CLOSE], &[&IDLE_CLOSE_MET_REQUEST]],
    variants: &[],
    sources: &[
        rfc(9112, "9.5"),
        rfc(9293, "3.10.7.4"),
        kernel("net/ipv4/tcp_input.c", "tcp_rcv_state_process (TCP_FIN_WAIT1)"),
    ],
};
