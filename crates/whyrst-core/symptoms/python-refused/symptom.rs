//! A Python program was refused.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "Python",
    topic: Topic::Languages,
    patterns: &[
        says("ConnectionRefusedError: [Errno 111]"),
        alone("ConnectionRefusedError"),
        says("[Errno 111] Connection refused"),
        says("NewConnectionError*refused"),
        says("Max retries exceeded with url*Connection refused"),
    ],
    examples: &[
        "ConnectionRefusedError: [Errno 111] Connection refused",
        "requests.exceptions.ConnectionError: HTTPConnectionPool(host='localhost', port=8080): \
         Max retries exceeded with url: / (Caused by \
         NewConnectionError('<urllib3.connection.HTTPConnection object at 0x7f>: Failed to \
         establish a new connection: [Errno 111] Connection refused'))",
    ],
    also: &[],
    printed: &[
        code("CPython", "Objects/exceptions.c", "errnomap (ConnectionRefusedError)"),
        code("urllib3", "src/urllib3/connection.py", "HTTPConnection._new_conn"),
    ],
    socket: Socket { call: Some("connect"), errno: Some(Errno::Refused), came: Came::Refusal },
    decide: Decide { on: Host::Server, whyrst: "sudo whyrst watch --port PORT", without: "ss -ltnp 'sport = :PORT'" },
};
