//! A Python program wrote to a connection that was over.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "Python",
    topic: Topic::Languages,
    patterns: &[
        says("BrokenPipeError: [Errno 32]"),
        says("BrokenPipeError(32"),
        alone("BrokenPipeError"),
        says("[Errno 32] Broken pipe"),
    ],
    examples: &[
        "BrokenPipeError: [Errno 32] Broken pipe",
        "requests.exceptions.ConnectionError: ('Connection aborted.', BrokenPipeError(32, \
         'Broken pipe'))",
    ],
    also: &[],
    printed: &[code("CPython", "Objects/exceptions.c", "errnomap (BrokenPipeError)")],
    socket: Socket { call: Some("send"), errno: Some(Errno::Pipe), came: Came::Rst },
    decide: Decide {
        on: Host::Here,
        whyrst: "sudo whyrst watch --port PORT",
        without: "nstat -az TcpOutRsts TcpExtTCPAbortOnClose TcpExtTCPAbortOnData TcpExtTCPAbortOnTimeout",
    },
};
