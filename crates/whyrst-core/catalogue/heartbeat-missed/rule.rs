//! One end sends heartbeats and receives none, until it ends the connection.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 325,
    step: Step::Reason {
        explains: &["linger-zero", "close-unread", "exit-unread", "data-after-close", "shutdown-rdwr-data"],
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    // Who merely streams to a silent reader sends messages of many sizes.
    needs: &[&RECEIVER_FELL_SILENT],
    refuted_by: &[&HANDSHAKE_INCOMPLETE, &RECEIVER_READ_NOTHING, &RST_CONTRADICTS_SENDER, &RST_IS_FASTCLOSE],
    supported_by: &[&SENDER_KEPT_RHYTHM],
    likely_when: &[],
    variants: &[],
    sources: &[
        Source::Other("AMQP 0-9-1 section 4.2.7: heartbeat frames; a peer that misses two should be disconnected"),
        Source::Other("RFC 6455 section 5.5.2 (WebSocket ping and pong); RFC 9113 section 6.7 (HTTP/2 PING)"),
        Source::Other("Apache Kafka, session.timeout.ms and heartbeat.interval.ms; Apache Dubbo, heartbeat"),
    ],
};
