//! A Rust program printed an error of the system.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "Rust",
    topic: Topic::Languages,
    patterns: &[
        says("Connection reset by peer (os error 104)"),
        says("connection error: Connection reset"),
        says("Os { code: 104"),
        says("(os error 104)"),
        says("error trying to connect: *reset by peer"),
        says("connection closed before message completed"),
        says("IncompleteMessage"),
        says("Broken pipe (os error 32)"),
        says("Os { code: 32,"),
    ],
    examples: &[
        "Connection reset by peer (os error 104)",
        "Os { code: 104, kind: ConnectionReset, message: \"Connection reset by peer\" }",
        "hyper::Error(IncompleteMessage)",
        "connection closed before message completed",
        "Broken pipe (os error 32)",
    ],
    also: &[],
    printed: &[
        code("Rust", "library/std/src/io/error.rs", "fmt::Display for Error"),
        code("hyper", "src/error.rs", "Error::description"),
    ],
    socket: Socket { call: Some("read"), errno: Some(Errno::Reset), came: Came::Rst },
    decide: Decide {
        on: Host::Server,
        whyrst: "sudo whyrst watch --port PORT",
        without: "nstat -az TcpOutRsts TcpExtTCPAbortOnClose TcpExtTCPAbortOnData TcpExtTCPAbortOnTimeout",
    },
};
