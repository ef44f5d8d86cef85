//! A TCP proxy accepted the client first and could not reach its upstream then.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 520,
    step: Step::Reason { explains: &["close-unread", "linger-zero", "data-after-close"] },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&PROXY_GAVE_UP, &SENDER_IS_SERVER, &NOTHING_SERVED],
    refuted_by: &[&HANDSHAKE_INCOMPLETE, &RST_CONTRADICTS_SENDER, &RST_IS_FASTCLOSE],
    supported_by: &[&SERVER_LEFT_AT_ONCE, &RST_SAYS_NO_BACKEND, &UPSTREAM_REFUSED],
    likely_when: &[&[&UPSTREAM_REFUSED]],
    variants: &[],
    sources: &[rfc(1122, "4.2.2.13"), kernel("net/ipv4/tcp.c", "__tcp_close (data_was_unread)")],
};
