//! Requests above a size are dropped without a word.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 262,
    step: Step::Reason { explains: &["close-unread", "exit-unread", "linger-zero", "data-after-close"] },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&LARGER_REQUESTS_DIED],
    refuted_by: &[&HANDSHAKE_INCOMPLETE, &RST_CONTRADICTS_SENDER, &RST_IS_FASTCLOSE, &SERVER_ANSWERED_OTHERWISE],
    supported_by: &[&LARGER_REQUESTS_DIED, &SIZES_SORT_THE_DEAD],
    // One large request that is sent again and again may die of what it asks for.
    likely_when: &[&[&SIZES_SORT_THE_DEAD]],
    variants: &[],
    sources: &[
        rfc(9110, "15.5.14"),
        rfc(6585, "5"),
        Source::Other("uWSGI options: buffer-size 4096, a larger header block ends the request without an answer"),
        Source::Other("nginx, ngx_http_core_module: client_max_body_size, large_client_header_buffers"),
        kernel("net/ipv4/tcp.c", "__tcp_close (data_was_unread)"),
    ],
};
