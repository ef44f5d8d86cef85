//! Connections end at a certain age, whatever they do.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 335,
    step: Step::Reason {
        explains: &["close-unread", "linger-zero", "exit-unread", "data-after-close", "fw-state-lost"],
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&AGES_AT_DEATH_ALIKE],
    refuted_by: &[&HANDSHAKE_INCOMPLETE, &RST_IS_FASTCLOSE],
    supported_by: &[&SENDER_HAD_REPLIED],
    likely_when: &[&[&AGES_AT_DEATH_ALIKE]],
    variants: &[],
    sources: &[
        rfc(9112, "9.3"),
        Source::Other("Envoy, HttpProtocolOptions: max_connection_duration"),
        Source::Other("gRPC, keepalive: MAX_CONNECTION_AGE and MAX_CONNECTION_AGE_GRACE"),
        Source::Other("docs/internals/timers.md"),
    ],
};
