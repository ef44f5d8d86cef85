//! A TLS client that only writes leaves the server's session tickets unread.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 320,
    step: Step::Reason { explains: &["close-unread", "exit-unread"] },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&BOTH_SPEAK_TLS, &RST_IS_ACTIVE, &SENDER_IS_CLIENT, &SENDER_RECEIVED_DATA],
    refuted_by: &[&HANDSHAKE_INCOMPLETE, &RST_CONTRADICTS_SENDER, &RST_IS_FASTCLOSE, &MORE_THAN_TICKETS],
    supported_by: &[&ONLY_TICKETS_CAME],
    likely_when: &[],
    variants: &[],
    sources: &[rfc(8446, "4.6.1"), rfc(1122, "4.2.2.13"), kernel("net/ipv4/tcp.c", "__tcp_close (data_was_unread)")],
};
