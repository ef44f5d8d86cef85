//! The words of ECONNRESET.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "Linux, macOS",
    topic: Topic::System,
    patterns: &[
        says("Connection reset by peer"),
        says("Connection reset"),
        says("ECONNRESET"),
        says("errno 104"),
        says("errno=104"),
        says("连接被对方重设"),
        says("连接被对端重置"),
        says("连接被重置"),
        says("ERR_CONNECTION_RESET"),
        says("PR_CONNECT_RESET_ERROR"),
    ],
    examples: &[
        "read: Connection reset by peer",
        "ECONNRESET",
        "net::ERR_CONNECTION_RESET",
        "连接被对方重设",
        "errno 104",
    ],
    also: &[],
    printed: &[
        code("glibc", "sysdeps/gnu/errlist.h", "strerror (ECONNRESET)"),
        code("Linux", "net/ipv4/tcp_input.c", "tcp_reset"),
    ],
    socket: Socket { call: Some("recv"), errno: Some(Errno::Reset), came: Came::Rst },
    decide: Decide {
        on: Host::Server,
        whyrst: "sudo whyrst watch --port PORT",
        without: "nstat -az TcpOutRsts TcpExtTCPAbortOnClose TcpExtTCPAbortOnData TcpExtTCPAbortOnTimeout",
    },
};
