//! A write of a Go program found the connection over.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "Go",
    topic: Topic::Languages,
    patterns: &[
        exactly("write: broken pipe"),
        exactly("writev: broken pipe"),
        exactly("write tcp *: broken pipe"),
        exactly("sendfile: broken pipe"),
    ],
    examples: &[
        "write tcp 10.0.0.2:8080->10.0.0.9:51514: write: broken pipe",
        "http: panic serving: write tcp 10.0.0.2:8080->10.0.0.9:51514: writev: broken pipe",
    ],
    also: &[],
    printed: &[code("Go", "net/net.go", "OpError.Error"), code("Go", "internal/poll/fd_unix.go", "FD.Write")],
    socket: Socket { call: Some("write"), errno: Some(Errno::Pipe), came: Came::Rst },
    decide: Decide {
        on: Host::Here,
        whyrst: "sudo whyrst watch --port PORT",
        without: "nstat -az TcpOutRsts TcpExtTCPAbortOnClose TcpExtTCPAbortOnData TcpExtTCPAbortOnTimeout",
    },
};
