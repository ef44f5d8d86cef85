//! curl could not connect: each address refused the SYN.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "curl",
    topic: Topic::Tools,
    patterns: &[
        says("curl: (7)"),
        says("curl error 7"),
        says("Failed to connect to * port #*: Connection refused"),
        says("Failed to connect to * port # after # ms: Could*n't connect to server"),
        says("Failed to connect to *after # ms: Could not connect to server"),
    ],
    examples: &[
        "curl: (7) Failed to connect to 127.0.0.1 port 8080 after 0 ms: Couldn't connect to server",
        "curl: (7) Failed to connect to 127.0.0.1 port 8080: Connection refused",
        "curl: (7) Failed to connect to example.com:443 after 12 ms: Could not connect to server",
    ],
    also: &[],
    printed: &[code("curl 7.86 and newer", "lib/cf-ip-happy.c (before 8.16 lib/connect.c)", "is_connected")],
    socket: Socket { call: Some("connect"), errno: Some(Errno::Refused), came: Came::Refusal },
    decide: Decide { on: Host::Server, whyrst: "sudo whyrst watch --port PORT", without: "ss -ltnp 'sport = :PORT'" },
};
