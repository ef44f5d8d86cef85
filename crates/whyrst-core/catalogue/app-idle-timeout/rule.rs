//! One end closes connections that were silent for its own timeout, by RST.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 330,
    step: Step::Reason { explains: &["close-unread", "linger-zero", "exit-unread", "data-after-close"] },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&WAS_IDLE, &RST_IS_ACTIVE],
    // Whose data waits for an answer is not idle.
    refuted_by: &[&HANDSHAKE_INCOMPLETE, &RST_CONTRADICTS_SENDER, &RST_IS_FASTCLOSE, &SENDER_REPEATED_IN_VAIN],
    supported_by: &[&PROGRAM_TIMEOUT_FITS, &SENDER_HAD_REPLIED, &SILENCES_AT_DEATH_ALIKE, &LONGER_SILENCE_DIED],
    likely_when: &[],
    variants: &[],
    sources: &[
        rfc(9112, "9.5"),
        kernel("net/ipv4/tcp.c", "__tcp_close (sock_flag(sk, SOCK_LINGER) && !sk->sk_lingertime)"),
        Source::Other("nginx, ngx_http_core_module: reset_timedout_connection"),
    ],
};
