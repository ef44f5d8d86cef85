//! The words of EPIPE.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "Linux, macOS",
    topic: Topic::System,
    patterns: &[
        says("Broken pipe"),
        says("EPIPE"),
        says("断开的管道"),
        says("errno 32"),
        says("errno=32"),
        says("SIGPIPE"),
    ],
    examples: &["write: Broken pipe", "EPIPE", "断开的管道", "SIGPIPE"],
    also: &[],
    printed: &[
        code("glibc", "sysdeps/gnu/errlist.h", "strerror (EPIPE)"),
        code("Linux", "net/core/stream.c", "sk_stream_error"),
    ],
    socket: Socket { call: Some("write"), errno: Some(Errno::Pipe), came: Came::Rst },
    decide: Decide {
        on: Host::Here,
        whyrst: "sudo whyrst watch --port PORT",
        without: "nstat -az TcpOutRsts TcpExtTCPAbortOnClose TcpExtTCPAbortOnData TcpExtTCPAbortOnTimeout",
    },
};
