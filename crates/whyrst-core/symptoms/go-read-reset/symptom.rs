//! A read of a Go program found the connection reset.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "Go",
    topic: Topic::Languages,
    patterns: &[
        exactly("read: connection reset by peer"),
        exactly("write: connection reset by peer"),
        exactly("readfrom tcp *: connection reset by peer"),
        exactly("connect: connection reset by peer"),
    ],
    examples: &[
        "Get \"http://10.0.0.2:8080/\": read tcp 10.0.0.9:51514->10.0.0.2:8080: read: connection \
         reset by peer",
        "write tcp 10.0.0.9:51514->10.0.0.2:8080: write: connection reset by peer",
    ],
    also: &[],
    printed: &[code("Go", "net/net.go", "OpError.Error"), code("Go", "syscall/zerrors_linux_amd64.go", "errors")],
    socket: Socket { call: Some("read"), errno: Some(Errno::Reset), came: Came::Rst },
    decide: Decide {
        on: Host::Server,
        whyrst: "sudo whyrst watch --port PORT",
        without: "nstat -az TcpOutRsts TcpExtTCPAbortOnClose TcpExtTCPAbortOnData TcpExtTCPAbortOnTimeout",
    },
};
