//! A client's connection to `PostgreSQL` was reset.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "PostgreSQL",
    topic: Topic::Stores,
    patterns: &[
        says("could not receive data from client: Connection reset by peer"),
        says("could not send data to client: Broken pipe"),
        says("could not send data to client: Connection reset by peer"),
        says("could not receive data from client: *"),
        says("could not send data to client"),
    ],
    examples: &[
        "LOG:  could not receive data from client: Connection reset by peer",
        "LOG:  could not send data to client: Broken pipe",
        "LOG:  could not send data to client: Connection reset by peer",
    ],
    also: &[],
    printed: &[
        code("PostgreSQL", "src/backend/libpq/pqcomm.c", "pq_recvbuf"),
        code("PostgreSQL", "src/backend/libpq/pqcomm.c", "internal_flush_buffer"),
    ],
    socket: Socket { call: Some("recv"), errno: Some(Errno::Reset), came: Came::Rst },
    decide: Decide {
        on: Host::Client,
        whyrst: "sudo whyrst watch --port 5432",
        without: "nstat -az TcpOutRsts TcpExtTCPAbortOnClose TcpExtTCPAbortOnData TcpExtTCPAbortOnTimeout",
    },
};
