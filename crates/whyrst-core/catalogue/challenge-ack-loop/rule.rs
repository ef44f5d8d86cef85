//! Two ends answer each other's segments without end: neither takes the other's numbers.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 657,
    step: Step::Mechanism {
        shows: &[
            // A RST with a wrong number answers nothing that is seen, and is no abort.
            Family::Unseen,
            Family::Aborted,
            Family::UnknownConnection,
            Family::LateData,
            Family::LastSegment,
            Family::BrokenHandshake,
        ],
        kernel: &[],
        signs: Signs::NONE,
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&ANSWERS_WITHOUT_END],
    refuted_by: &[&RST_CONTRADICTS_SENDER],
    supported_by: &[],
    likely_when: &[&[&ANSWERS_WITHOUT_END]],
    variants: &[],
    sources: &[
        rfc(5961, "3.2"),
        rfc(5961, "5.2"),
        kernel("net/ipv4/tcp_input.c", "tcp_validate_incoming"),
        kernel("net/ipv4/tcp_input.c", "tcp_send_challenge_ack"),
        Source::Other("Linux Documentation/networking/ip-sysctl.rst: tcp_invalid_ratelimit (ACK loops)"),
    ],
};
