//! A proxy passed on a reset of its other side.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 390,
    step: Step::Reason { explains: &["linger-zero"] },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&RST_IS_ACTIVE],
    refuted_by: &[&HANDSHAKE_INCOMPLETE, &RST_CONTRADICTS_SENDER, &RST_IS_FASTCLOSE],
    // In the packets it is a deliberate abort like any other: nothing there speaks for it.
    supported_by: &[],
    likely_when: &[],
    variants: &[],
    sources: &[
        rfc(9293, "3.10.5"),
        kernel("net/ipv4/tcp.c", "tcp_disconnect"),
        Source::Other("HAProxy configuration manual, `option nolinger`; Envoy, delayed close and detected reset"),
    ],
};
