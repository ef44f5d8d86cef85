//! One end went on with its heartbeats, none came back, and it ended the connection.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 259,
    step: Step::Reason {
        explains: &["linger-zero", "data-after-close", "shutdown-rdwr-data", "close-unread", "exit-unread"],
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    // Who merely streams to a silent reader sends messages of many sizes.
    needs: &[&HEARTBEAT_WAS_DUE],
    refuted_by: &[&HANDSHAKE_INCOMPLETE, &RECEIVER_READ_NOTHING, &RST_CONTRADICTS_SENDER, &RST_IS_FASTCLOSE],
    supported_by: &[&HEARTBEATS_ONE_SIDED, &SENDER_KEPT_RHYTHM, &KEEP_ALIVE_EXPIRED],
    likely_when: &[&[&HEARTBEATS_ONE_SIDED], &[&KEEP_ALIVE_EXPIRED]],
    variants: &[],
    sources: &[
        Source::Other("AMQP 0-9-1 specification, 4.2.7 Heartbeat Frames"),
        Source::Other("RabbitMQ documentation, Detecting Dead TCP Connections with Heartbeats and TCP Keepalives"),
        Source::Other("MQTT 5.0, 3.1.2.10 Keep Alive"),
        rfc(6455, "5.5.2"),
        Source::Other("Apache Kafka, session.timeout.ms and heartbeat.interval.ms; Apache Dubbo, heartbeat"),
    ],
};
