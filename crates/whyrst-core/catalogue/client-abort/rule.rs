//! The client left in the middle of a download.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 310,
    step: Step::Reason { explains: &["close-unread", "exit-unread", "linger-zero", "data-after-close"] },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&DOWNLOAD_UNDER_WAY, &RST_IS_ACTIVE, &SENDER_IS_CLIENT, &SENDER_RECEIVED_DATA],
    refuted_by: &[&HANDSHAKE_INCOMPLETE, &RST_CONTRADICTS_SENDER, &RST_IS_FASTCLOSE],
    supported_by: &[&LAST_DATA_WAS_FOR_SENDER, &RST_ACKS_LESS_THAN_SENT, &SENDER_SENT_DATA],
    likely_when: &[],
    variants: &[],
    sources: &[rfc(1122, "4.2.2.13"), kernel("net/ipv4/tcp.c", "__tcp_close (data_was_unread)")],
};
