//! Node.js got an end of file in place of an answer.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "Node.js",
    topic: Topic::Languages,
    patterns: &[says("socket hang up")],
    examples: &[
        "Error: socket hang up",
        "Error: socket hang up",
        "FetchError: request to http://10.0.0.2:8080/ failed, reason: socket hang up",
    ],
    also: &[],
    printed: &[code("Node.js", "lib/_http_client.js", "socketOnEnd")],
    socket: Socket { call: Some("read"), errno: Some(Errno::Reset), came: Came::Fin },
    decide: Decide {
        on: Host::Server,
        whyrst: "sudo whyrst watch --port PORT",
        without: "sudo strace -f -e trace=network,close,exit_group -p PID",
    },
};
