//! A read or write of Node.js found the connection reset.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "Node.js",
    topic: Topic::Languages,
    patterns: &[
        says("Error: read ECONNRESET"),
        says("read ECONNRESET"),
        says("write ECONNRESET"),
        says("code: 'ECONNRESET'"),
        says("errno: -104"),
        says("Client network socket disconnected before secure TLS connection was established"),
        says("Error: aborted"),
    ],
    examples: &[
        "Error: read ECONNRESET",
        "at TLSWrap.onStreamRead (node:internal/stream_base_commons:216:20) { errno: -104, \
         code: 'ECONNRESET', syscall: 'read' }",
        "Error: write ECONNRESET",
        "Error: Client network socket disconnected before secure TLS connection was established",
    ],
    also: &[],
    printed: &[
        code("Node.js", "lib/internal/stream_base_commons.js", "onStreamRead"),
        code("Node.js", "lib/_tls_wrap.js", "onConnectEnd"),
    ],
    socket: Socket { call: Some("read"), errno: Some(Errno::Reset), came: Came::Rst },
    decide: Decide {
        on: Host::Server,
        whyrst: "sudo whyrst watch --port PORT",
        without: "nstat -az TcpOutRsts TcpExtTCPAbortOnClose TcpExtTCPAbortOnData TcpExtTCPAbortOnTimeout",
    },
};
