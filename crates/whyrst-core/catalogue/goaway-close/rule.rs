//! HTTP/2 GOAWAY, or a like word: the connection ends in order, and what comes late is reset.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 256,
    step: Step::Reason {
        explains: &["data-after-close", "shutdown-rdwr-data", "close-unread", "exit-unread", "linger-zero"],
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&WORDS_SAY_GO_AWAY],
    refuted_by: &[&HANDSHAKE_INCOMPLETE, &RST_CONTRADICTS_SENDER, &RST_IS_FASTCLOSE],
    supported_by: &[&ENDED_AFTER_WORDS],
    likely_when: &[&[&WORDS_SAY_GO_AWAY]],
    variants: &[],
    sources: &[
        rfc(9113, "6.8"),
        rfc(6455, "7.4.1"),
        Source::Other("gRPC documentation, Keepalive and Server-side Connection Management (A9)"),
        Source::Other("MQTT 5.0, 2.4 Reason Code"),
    ],
};
