//! A Kafka client lost its connection to a broker.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "Kafka",
    topic: Topic::Stores,
    patterns: &[
        says("Node # disconnected."),
        says("Bootstrap broker * disconnected"),
        says("org.apache.kafka.common.errors.DisconnectException"),
        says("due to node # being disconnected"),
        says("Connection to node # (*) could not be established"),
        says("Connection to node -# (*) could not be established"),
        says("Connection to node # * terminated during authentication"),
        says("Broker transport failure"),
        says("%#|*FAIL|*Disconnected"),
        says("Connection with * disconnected"),
        says("Connection to node -# (*) terminated during authentication"),
    ],
    examples: &[
        "[Producer clientId=producer-1] Node 1 disconnected.",
        "[Consumer clientId=c1, groupId=g1] Bootstrap broker localhost:9092 (id: -1 rack: \
         null) disconnected",
        "[Producer clientId=producer-1] Cancelled in-flight PRODUCE request with correlation \
         id 17 due to node 2 being disconnected (elapsed time since creation: 30000ms)",
        "[AdminClient clientId=a1] Connection to node -1 (localhost/127.0.0.1:9092) could not \
         be established. Node may not be available.",
        "org.apache.kafka.common.errors.DisconnectException",
        "%3|1732936327.100|FAIL|rdkafka#producer-1| [thrd:10.0.0.2:9092/1]: 10.0.0.2:9092/1: \
         Disconnected (after 600000ms in state UP)",
    ],
    also: &[],
    printed: &[
        code("Kafka", "clients/src/main/java/org/apache/kafka/clients/NetworkClient.java", "processDisconnection"),
        code("Kafka", "clients/src/main/java/org/apache/kafka/common/network/Selector.java", "pollSelectionKeys"),
    ],
    socket: Socket { call: Some("read"), errno: None, came: Came::RstOrFin },
    decide: Decide {
        on: Host::Server,
        whyrst: "sudo whyrst watch --port 9092",
        without: "kafka-configs.sh --bootstrap-server HOST:9092 --entity-type brokers --describe --all \
         | grep connections.max.idle",
    },
};
