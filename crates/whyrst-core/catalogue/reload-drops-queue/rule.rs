//! A reload or a scale-down closed a listener with connections waiting in its queue, and the service went on.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 264,
    step: Step::Reason { explains: &["listener-close-pending", "close-unread", "linger-zero"] },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&DIED_WAITING_TOGETHER, &SENDER_SENT_NOTHING],
    refuted_by: &[&HANDSHAKE_INCOMPLETE, &RST_CONTRADICTS_SENDER, &RST_IS_FASTCLOSE, &PORT_REFUSED_AFTER],
    supported_by: &[&DIED_WAITING_TOGETHER, &ACCEPTED_AT_ONCE],
    // A proxy whose backend fails aborts those that wait for it at one moment too.
    likely_when: &[],
    variants: &[],
    sources: &[
        kernel("net/ipv4/inet_connection_sock.c", "inet_csk_listen_stop"),
        kernel("net/core/sock_reuseport.c", "reuseport_migrate_sock"),
        Source::Other("Linux Documentation/networking/ip-sysctl.rst: tcp_migrate_req"),
    ],
};
