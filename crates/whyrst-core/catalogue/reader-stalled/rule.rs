//! One end does not read: its window stays closed until the other gives it up, or has closed behind it.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 287,
    step: Step::Reason {
        explains: &[
            "linger-zero",
            "close-unread",
            "exit-unread",
            "data-after-close",
            "out-of-orphans",
            "retransmit-giveup",
        ],
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&RECEIVER_READ_NOTHING],
    refuted_by: &[&HANDSHAKE_INCOMPLETE, &RST_CONTRADICTS_SENDER],
    supported_by: &[&PROBES_WERE_ANSWERED, &SENDER_STILL_PROBED, &SENDER_HAD_UNSENT],
    likely_when: &[&[&RECEIVER_READ_NOTHING, &SENDER_STILL_PROBED]],
    variants: &[],
    sources: &[
        rfc(9293, "3.8.6.1"),
        rfc(1122, "4.2.2.17"),
        kernel("net/ipv4/tcp_timer.c", "tcp_probe_timer"),
        kernel("net/ipv4/tcp_input.c", "tcp_oow_rate_limited"),
        Source::Other("MySQL, server system variables: net_write_timeout; Redis: client-output-buffer-limit"),
    ],
};
