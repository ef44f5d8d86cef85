//! The TLS layer refused: a fatal alert, in clear text or told by its size and place, then the reset.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 250,
    step: Step::Reason {
        explains: &["close-unread", "linger-zero", "exit-unread", "data-after-close", "shutdown-rdwr-data"],
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&REFUSED_BY_ALERT],
    refuted_by: &[&HANDSHAKE_INCOMPLETE, &RST_CONTRADICTS_SENDER, &RST_IS_FASTCLOSE, &ALERT_ANSWERS_CLOSE],
    supported_by: &[
        &TLS_ALERT_SENT,
        &SEALED_ALERT_WAS_FIRST,
        &SEALED_ALERT_FOR_FINISHED,
        &CLIENT_SENT_NO_CERTIFICATE,
        &CLIENT_CERTIFICATE_ASKED,
        &CLIENT_SPEAKS_TLS,
        &ALERT_WAS_LAST_WORD,
        &RST_FOLLOWS_ALERT,
    ],
    likely_when: &[
        &[&CLIENT_SPEAKS_TLS, &ALERT_WAS_LAST_WORD, &RST_FOLLOWS_ALERT],
        // The server that had asked for a certificate checks it next.
        &[&SEALED_ALERT_WAS_FIRST, &CLIENT_CERTIFICATE_ASKED],
        &[&SEALED_ALERT_FOR_FINISHED],
    ],
    variants: &[],
    sources: &[
        rfc(8446, "4.4.2"),
        rfc(8446, "6.2"),
        rfc(5246, "7.2.2"),
        kernel("net/ipv4/tcp.c", "__tcp_close (data_was_unread)"),
    ],
};
