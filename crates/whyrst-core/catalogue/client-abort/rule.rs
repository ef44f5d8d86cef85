//! The client left in the middle of a download.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 310,
    step: Step::Reason {
        explains: &["close-unread", "exit-unread", "linger-zero", "data-after-close", "shutdown-rdwr-data"],
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    // With data unread its kernel aborts; with an empty queue it sends a FIN, and a RST for what still comes.
    needs: &[&STOPPED_MIDWAY, &SENDER_IS_CLIENT, &SENDER_RECEIVED_DATA],
    refuted_by: &[&HANDSHAKE_INCOMPLETE, &RST_CONTRADICTS_SENDER, &RST_IS_FASTCLOSE],
    supported_by: &[
        &RECEIVER_WAS_SENDING,
        &LEFT_IN_MIDDLE,
        &ANSWER_WAS_UNDER_WAY,
        &WINDOW_HELD_ANSWER,
        &LAST_DATA_WAS_FOR_SENDER,
        &RST_ACKS_LESS_THAN_SENT,
        &SENDER_SENT_DATA,
    ],
    likely_when: &[&[&LEFT_IN_MIDDLE], &[&ANSWER_WAS_UNDER_WAY], &[&RECEIVER_WAS_SENDING], &[&WINDOW_HELD_ANSWER]],
    variants: &[],
    sources: &[
        rfc(9293, "3.8.6.1"),
        rfc(1122, "4.2.2.13"),
        kernel("net/ipv4/tcp.c", "__tcp_close (data_was_unread)"),
        kernel("net/ipv4/tcp_input.c", "tcp_rcv_state_process (TCP_FIN_WAIT2)"),
    ],
};
