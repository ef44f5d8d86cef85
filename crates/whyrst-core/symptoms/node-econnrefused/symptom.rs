//! Node.js was refused.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "Node.js",
    topic: Topic::Languages,
    patterns: &[says("connect ECONNREFUSED"), says("code: 'ECONNREFUSED'"), says("errno: -111")],
    examples: &[
        "Error: connect ECONNREFUSED ::1:5432",
        "Error: connect ECONNREFUSED 127.0.0.1:6379",
        "at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1607:16) { errno: -111, \
         code: 'ECONNREFUSED', syscall: 'connect' }",
    ],
    also: &[],
    printed: &[code("Node.js", "lib/net.js", "afterConnect")],
    socket: Socket { call: Some("connect"), errno: Some(Errno::Refused), came: Came::Refusal },
    decide: Decide { on: Host::Server, whyrst: "sudo whyrst watch --port PORT", without: "ss -ltnp 'sport = :PORT'" },
};
