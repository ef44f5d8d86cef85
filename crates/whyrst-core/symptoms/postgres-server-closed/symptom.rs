//! A client of `PostgreSQL` lost its server.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "PostgreSQL",
    topic: Topic::Stores,
    patterns: &[
        says("server closed the connection unexpectedly"),
        says("This probably means the server terminated abnormally"),
        says("SSL connection has been closed unexpectedly"),
        says("could not receive data from server: Connection reset by peer"),
        says("terminating connection due to administrator command"),
        says("terminating connection because of crash of another server process"),
        says("PSQLException: An I/O error occurred while sending to the backend"),
        says("terminating connection due to idle-session timeout"),
        says("terminating connection due to idle-in-transaction timeout"),
        says("SSL SYSCALL error: EOF detected"),
    ],
    examples: &[
        "server closed the connection unexpectedly",
        "\tThis probably means the server terminated abnormally",
        "psycopg2.OperationalError: SSL connection has been closed unexpectedly",
        "could not receive data from server: Connection reset by peer",
        "FATAL:  terminating connection due to administrator command",
        "org.postgresql.util.PSQLException: An I/O error occurred while sending to the backend.",
    ],
    also: &[],
    printed: &[
        code("PostgreSQL libpq", "src/interfaces/libpq/fe-misc.c", "pqReadData"),
        code("PostgreSQL libpq", "src/interfaces/libpq/fe-secure.c", "pqsecure_raw_read"),
        code("PostgreSQL", "src/backend/tcop/postgres.c", "ProcessInterrupts"),
    ],
    socket: Socket { call: Some("recv"), errno: None, came: Came::RstOrFin },
    decide: Decide {
        on: Host::Server,
        whyrst: "sudo whyrst watch --port 5432",
        without: "sudo journalctl -u postgresql --since -10min; dmesg -T | grep -i oom",
    },
};
