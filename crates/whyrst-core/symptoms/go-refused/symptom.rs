//! A Go program was refused.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "Go",
    topic: Topic::Languages,
    patterns: &[exactly("connect: connection refused"), exactly("dial tcp *: connection refused")],
    examples: &[
        "dial tcp 127.0.0.1:6443: connect: connection refused",
        "Get \"http://localhost:8080/\": dial tcp [::1]:8080: connect: connection refused",
    ],
    also: &[],
    printed: &[code("Go", "net/net.go", "OpError.Error")],
    socket: Socket { call: Some("connect"), errno: Some(Errno::Refused), came: Came::Refusal },
    decide: Decide { on: Host::Server, whyrst: "sudo whyrst watch --port PORT", without: "ss -ltnp 'sport = :PORT'" },
};
