//! The server's program stood still for a while, and what it answers afterwards nobody waits for any more.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 455,
    step: Step::Reason {
        explains: &[
            "data-after-close",
            "shutdown-rdwr-data",
            "close-unread",
            "exit-unread",
            "linger-zero",
            "fin-wait2-expired",
        ],
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&STOOD_STILL],
    refuted_by: &[&HANDSHAKE_INCOMPLETE, &RST_CONTRADICTS_SENDER, &RST_IS_FASTCLOSE],
    supported_by: &[&STOOD_STILL],
    // One answer to many that wait (a chat, a long poll) looks the same.
    likely_when: &[],
    variants: &[],
    sources: &[
        rfc(9293, "3.10.7.1"),
        Source::Other("signal(7): SIGSTOP and SIGCONT"),
        kernel("net/ipv4/tcp_input.c", "tcp_rcv_state_process"),
    ],
};
