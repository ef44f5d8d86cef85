//! A SYN fell into the window of a live connection, and a stack of RFC 793 reset that connection.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 655,
    step: Step::Mechanism {
        shows: &[Family::SynCollision],
        // Linux answers such a SYN with a challenge ACK.
        kernel: &[],
        signs: Signs { receiver_errno: Some("ECONNRESET"), ..Signs::NONE },
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&RST_ANSWERS_SYN_ON_LIVE],
    refuted_by: &[&RST_CONTRADICTS_SENDER],
    supported_by: &[&SENDER_IS_NOT_LINUX],
    likely_when: &[&[&RST_ANSWERS_SYN_ON_LIVE]],
    variants: &[],
    sources: &[
        rfc(793, "3.9, fourth, check the SYN bit"),
        rfc(5961, "4"),
        kernel("net/ipv4/tcp_input.c", "tcp_validate_incoming (syn_challenge)"),
        Source::Other("FreeBSD tcp(4): net.inet.tcp.insecure_syn"),
    ],
};
