//! The first octets are not what the service speaks.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 260,
    step: Step::Reason {
        explains: &["close-unread", "linger-zero", "exit-unread", "data-after-close", "shutdown-rdwr-data"],
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&PROTOCOLS_DIFFER],
    refuted_by: &[&HANDSHAKE_INCOMPLETE, &RST_CONTRADICTS_SENDER, &RST_IS_FASTCLOSE],
    supported_by: &[
        &SERVER_ANSWERED_OTHERWISE,
        &WORDS_MISUNDERSTAND,
        &SERVICE_SPEAKS_OTHERWISE,
        &FIRST_BYTES_ENDED_IT,
        &HELLO_WENT_UNANSWERED,
    ],
    likely_when: &[
        &[&SERVER_ANSWERED_OTHERWISE],
        &[&WORDS_MISUNDERSTAND],
        // A listener has one protocol, and this one closed upon the first words of another.
        &[&SERVICE_SPEAKS_OTHERWISE, &FIRST_BYTES_ENDED_IT],
    ],
    variants: &[],
    sources: &[
        rfc(8446, "5.1"),
        rfc(9112, "3"),
        rfc(4253, "4.2"),
        Source::Other("HAProxy, The PROXY protocol, versions 1 and 2"),
        kernel("net/ipv4/tcp.c", "__tcp_close (data_was_unread)"),
    ],
};
