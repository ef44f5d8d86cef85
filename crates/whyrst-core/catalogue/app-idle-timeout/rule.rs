//! One end closes connections that were silent for its own timeout, by RST.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 330,
    step: Step::Reason {
        explains: &["close-unread", "linger-zero", "exit-unread", "data-after-close", "shutdown-rdwr-data"],
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&IDLE_FOR_A_TIMEOUT],
    // Whose data waits for an answer is not idle.
    refuted_by: &[
        &HANDSHAKE_INCOMPLETE,
        &RST_CONTRADICTS_SENDER,
        &RST_IS_FASTCLOSE,
        &SENDER_REPEATED_IN_VAIN,
        &PROBES_UNANSWERED,
        &SENDER_HAD_UNSENT,
        &SURVIVED_AS_LONG,
        &CLIENT_WENT_UNANSWERED,
        &CLOSED_WITH_OTHERS,
    ],
    supported_by: &[
        &PROGRAM_TIMEOUT_FITS,
        &OWED_NOTHING_WHEN_LEFT,
        &IDLE_TIMER_FITS,
        &LAST_DATA_WAS_HELD,
        &CLOSED_BY_IDLE_TIMER,
        &REQUEST_MET_TIMER,
        &SILENCES_AT_DEATH_ALIKE,
        &LONGER_SILENCE_DIED,
    ],
    // Its FIN, or what only a socket puts into a RST, shows that the end itself did it.
    likely_when: &[
        &[&CLOSED_BY_IDLE_TIMER],
        &[&IDLE_TIMER_FITS, &SENDER_HAD_CLOSED, &HANDSHAKE_COMPLETED],
        &[&IDLE_TIMER_FITS, &RST_SHOWS_SOCKET, &HANDSHAKE_COMPLETED],
    ],
    variants: &[],
    sources: &[
        rfc(9112, "9.5"),
        kernel("net/ipv4/tcp.c", "__tcp_close (sock_flag(sk, SOCK_LINGER) && !sk->sk_lingertime)"),
        Source::Other("nginx, ngx_http_core_module: reset_timedout_connection"),
    ],
};
