//! The accept queue is full, and the stack says so by RST.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 35,
    step: Step::Mechanism {
        shows: &[Family::Refused],
        kernel: &[],
        signs: Signs { receiver_errno: Some("ECONNREFUSED"), ..Signs::NONE },
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&RST_ANSWERS_SYN, &REFUSED_AMID_ACCEPTANCES, &STACK_REFUSES_WHEN_FULL],
    refuted_by: &[
        &REFUSAL_HAS_NUMBER,
        &SYN_ACK_AFTER_RST,
        &RST_CONTRADICTS_SENDER,
        &RST_ENDS_SUBFLOW,
        &REFUSAL_TTL_DIFFERS,
    ],
    supported_by: &[&RST_IS_BARE, &REFUSAL_TTL_SAME, &LISTENER_LIVED],
    // A program that is started anew refuses too, and then accepts again.
    likely_when: &[&[&LISTENER_LIVED, &STACK_REFUSES_WHEN_FULL, &REFUSAL_TTL_SAME]],
    variants: &[],
    sources: &[
        rfc(9293, "3.10.7.2"),
        kernel("net/ipv4/tcp_input.c", "tcp_conn_request (Linux drops the SYN)"),
        Source::Other(
            "Microsoft, listen function (winsock2.h): a connect to a full backlog fails with WSAECONNREFUSED",
        ),
    ],
};
