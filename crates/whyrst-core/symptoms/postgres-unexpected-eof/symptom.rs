//! A client left `PostgreSQL` without saying goodbye.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "PostgreSQL",
    topic: Topic::Stores,
    patterns: &[
        says("unexpected EOF on client connection with an open transaction"),
        says("unexpected EOF on client connection"),
        says("unexpected EOF within message length word"),
        says("incomplete message from client"),
        says("connection to client lost"),
    ],
    examples: &[
        "LOG:  unexpected EOF on client connection with an open transaction",
        "LOG:  unexpected EOF on client connection",
        "FATAL:  connection to client lost",
    ],
    also: &[],
    printed: &[
        code("PostgreSQL", "src/backend/tcop/postgres.c", "SocketBackend"),
        code("PostgreSQL", "src/backend/commands/copyfromparse.c", "CopyGetData"),
        code("PostgreSQL", "src/backend/tcop/postgres.c", "ProcessInterrupts"),
    ],
    socket: Socket { call: Some("recv"), errno: None, came: Came::Fin },
    decide: Decide {
        on: Host::Server,
        whyrst: "sudo whyrst watch --port 5432",
        without: "psql -c \"select pid, client_addr, application_name, state, state_change from \
         pg_stat_activity\"",
    },
};
