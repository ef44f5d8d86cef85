//! A Python program got an end of file in place of an answer.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "Python",
    topic: Topic::Languages,
    patterns: &[
        says("Remote end closed connection without response"),
        says("RemoteDisconnected"),
        says("http.client.IncompleteRead"),
        says("Connection broken: IncompleteRead"),
        says("InvalidChunkLength(got length b''"),
    ],
    examples: &[
        "http.client.RemoteDisconnected: Remote end closed connection without response",
        "requests.exceptions.ConnectionError: ('Connection aborted.', \
         RemoteDisconnected('Remote end closed connection without response'))",
        "urllib3.exceptions.ProtocolError: ('Connection broken: IncompleteRead(512 bytes read, \
         488 more expected)', IncompleteRead(512 bytes read, 488 more expected))",
    ],
    also: &[],
    printed: &[
        code("CPython", "Lib/http/client.py", "HTTPResponse._read_status"),
        code("urllib3", "src/urllib3/connectionpool.py", "urlopen"),
        code("urllib3", "src/urllib3/response.py", "_error_catcher"),
    ],
    socket: Socket { call: Some("recv"), errno: None, came: Came::Fin },
    decide: Decide {
        on: Host::Server,
        whyrst: "sudo whyrst watch --port PORT",
        without: "sudo strace -f -e trace=network,close,exit_group -p PID",
    },
};
