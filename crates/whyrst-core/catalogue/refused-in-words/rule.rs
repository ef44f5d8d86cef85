//! A limit, an access rule or a mode ended the connection, and said so.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 254,
    step: Step::Reason {
        explains: &[
            "close-unread",
            "exit-unread",
            "linger-zero",
            "linger2-negative",
            "data-after-close",
            "shutdown-rdwr-data",
        ],
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&WORDS_REFUSE, &ENDED_AFTER_WORDS],
    // What is refused in the middle of a request is an early answer.
    refuted_by: &[&HANDSHAKE_INCOMPLETE, &RST_CONTRADICTS_SENDER, &RST_IS_FASTCLOSE, &ANSWERED_BEFORE_BODY],
    supported_by: &[],
    likely_when: &[&[&WORDS_REFUSE, &ENDED_AFTER_WORDS]],
    variants: &[],
    sources: &[
        rfc(5321, "3.8"),
        rfc(9110, "15.5"),
        rfc(9051, "7.1.5"),
        rfc(4253, "11.1"),
        Source::Other("sshd_config(5), MaxStartups"),
        Source::Other("PostgreSQL documentation, PostgreSQL Error Codes"),
        Source::Other("MySQL Server Error Message Reference"),
        Source::Other("MQTT 5.0, 2.4 Reason Code"),
        kernel("net/ipv4/tcp.c", "__tcp_close (data_was_unread)"),
    ],
};
