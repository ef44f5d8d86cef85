//! The server closed without an answer.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "curl",
    topic: Topic::Tools,
    patterns: &[says("curl: (52)"), says("Empty reply from server")],
    examples: &["curl: (52) Empty reply from server"],
    also: &[],
    printed: &[code("curl", "lib/http.c", "Curl_http_done")],
    socket: Socket { call: Some("recv"), errno: None, came: Came::Fin },
    decide: Decide {
        on: Host::Server,
        whyrst: "sudo whyrst watch --port PORT",
        without: "sudo strace -f -e trace=network,close,exit_group -p PID",
    },
};
