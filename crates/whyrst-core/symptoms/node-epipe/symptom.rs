//! Node.js wrote to a connection that was over.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "Node.js",
    topic: Topic::Languages,
    patterns: &[
        says("Error: write EPIPE"),
        says("write EPIPE"),
        says("code: 'EPIPE'"),
        says("This socket has been ended by the other party"),
    ],
    examples: &[
        "Error: write EPIPE",
        "at WriteWrap.onWriteComplete [as oncomplete] \
         (node:internal/stream_base_commons:94:16) { errno: -32, code: 'EPIPE', syscall: \
         'write' }",
        "Error [ERR_STREAM_WRITE_AFTER_END]: This socket has been ended by the other party",
    ],
    also: &[],
    printed: &[
        code("Node.js", "lib/internal/stream_base_commons.js", "onWriteComplete"),
        code("Node.js", "lib/net.js", "writeAfterFIN"),
    ],
    socket: Socket { call: Some("write"), errno: Some(Errno::Pipe), came: Came::Rst },
    decide: Decide {
        on: Host::Server,
        whyrst: "sudo whyrst watch --port PORT",
        without: "nstat -az TcpOutRsts TcpExtTCPAbortOnClose TcpExtTCPAbortOnData TcpExtTCPAbortOnTimeout",
    },
};
