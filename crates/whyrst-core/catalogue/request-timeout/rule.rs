//! The server has a limit on how long a request may take, to come or to be served, and ends the connection by it.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 332,
    step: Step::Reason { explains: &["close-unread", "linger-zero", "exit-unread", "data-after-close"] },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&SENDER_IS_SERVER, &REQUEST_CUT_ON_TIME],
    refuted_by: &[
        &HANDSHAKE_INCOMPLETE,
        &RST_CONTRADICTS_SENDER,
        &RST_IS_FASTCLOSE,
        &SENDER_REPEATED_IN_VAIN,
        &PROBES_UNANSWERED,
        &ANSWERED_BEFORE_BODY,
    ],
    supported_by: &[&SILENCES_AT_DEATH_ALIKE, &RST_SHOWS_SOCKET, &REQUEST_STAYED_INCOMPLETE],
    // Whether a complete request was to be answered is known only where several end so.
    likely_when: &[&[&SILENCES_AT_DEATH_ALIKE, &RST_SHOWS_SOCKET], &[&REQUEST_STAYED_INCOMPLETE, &REQUEST_CUT_ON_TIME]],
    variants: &[],
    sources: &[
        rfc(9110, "15.5.9"),
        Source::Other("nginx, ngx_http_core_module: client_header_timeout, client_body_timeout"),
        Source::Other("uWSGI: harakiri; gunicorn: timeout; HAProxy: timeout http-request, timeout client"),
        kernel("net/ipv4/tcp.c", "__tcp_close"),
    ],
};
