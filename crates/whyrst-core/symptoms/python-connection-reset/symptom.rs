//! A Python program used a connection that was reset.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "Python",
    topic: Topic::Languages,
    patterns: &[
        says("ConnectionResetError: [Errno 104]"),
        says("ConnectionResetError(104"),
        says("ConnectionResetError: [Errno 54]"),
        alone("ConnectionResetError"),
        says("ConnectionResetError: Cannot write to closing transport"),
        says("[Errno 104] Connection reset by peer"),
        says("Cannot write to closing transport"),
    ],
    examples: &[
        "ConnectionResetError: [Errno 104] Connection reset by peer",
        "urllib3.exceptions.ProtocolError: ('Connection aborted.', ConnectionResetError(104, \
         'Connection reset by peer'))",
        "requests.exceptions.ConnectionError: ('Connection aborted.', \
         ConnectionResetError(104, 'Connection reset by peer'))",
        "aiohttp.client_exceptions.ClientOSError: [Errno 104] Connection reset by peer",
    ],
    also: &[],
    printed: &[
        code("CPython", "Objects/exceptions.c", "errnomap (ConnectionResetError)"),
        code("urllib3", "src/urllib3/connectionpool.py", "urlopen"),
        code("requests", "src/requests/adapters.py", "HTTPAdapter.send"),
    ],
    socket: Socket { call: Some("recv"), errno: Some(Errno::Reset), came: Came::Rst },
    decide: Decide {
        on: Host::Server,
        whyrst: "sudo whyrst watch --port PORT",
        without: "nstat -az TcpOutRsts TcpExtTCPAbortOnClose TcpExtTCPAbortOnData TcpExtTCPAbortOnTimeout",
    },
};
