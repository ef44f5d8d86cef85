//! A monitor that opens a connection, asks at most one question, and aborts it on purpose.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 305,
    step: Step::Reason {
        explains: &["linger-zero", "close-unread", "exit-unread", "data-after-close", "connect-abandoned"],
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Benign,
    needs: &[&PROBED_REGULARLY, &SENDER_IS_CLIENT],
    refuted_by: &[&RST_CONTRADICTS_SENDER],
    supported_by: &[],
    likely_when: &[&[&PROBED_REGULARLY]],
    variants: &[],
    sources: &[
        rfc(1122, "4.2.2.13"),
        Source::Other("HAProxy, configuration manual: check, and tcp-check, end a probe by RST"),
        kernel("net/ipv4/tcp.c", "__tcp_close (sock_flag(sk, SOCK_LINGER) && !sk->sk_lingertime)"),
    ],
};
