//! Another login with the same identity ended this one: the server said so, or the other login was captured.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 258,
    step: Step::Reason {
        explains: &["data-after-close", "shutdown-rdwr-data", "close-unread", "exit-unread", "linger-zero"],
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&SESSION_TAKEN_OVER],
    refuted_by: &[&HANDSHAKE_INCOMPLETE, &RST_CONTRADICTS_SENDER, &RST_IS_FASTCLOSE],
    supported_by: &[&WORDS_SAY_TAKEN_OVER, &SAME_LOGIN_ELSEWHERE, &ENDED_AFTER_WORDS],
    likely_when: &[&[&WORDS_SAY_TAKEN_OVER], &[&SAME_LOGIN_ELSEWHERE]],
    variants: &[],
    sources: &[
        Source::Other("MQTT 3.1.1, 3.1.4-2: the server must disconnect the existing client of the same identifier"),
        Source::Other("MQTT 5.0, 3.1.4 CONNECT Actions, and 2.4 Reason Code 0x8E"),
        rfc(6120, "4.9.3.3"),
        kernel("net/ipv4/tcp_minisocks.c", "tcp_timewait_state_process"),
    ],
};
