//! curl could not send: the connection was already over.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "curl",
    topic: Topic::Tools,
    patterns: &[
        says("curl: (55)"),
        says("Send failure: Broken pipe"),
        says("Send failure: Connection reset by peer"),
        says("OpenSSL SSL_write: Broken pipe"),
    ],
    examples: &[
        "curl: (55) Send failure: Broken pipe",
        "curl: (55) Send failure: Connection reset by peer",
        "curl: (55) OpenSSL SSL_write: Broken pipe, errno 32",
    ],
    also: &[],
    printed: &[
        code("curl 7.87 and newer", "lib/cf-socket.c", "cf_socket_send"),
        code("curl with OpenSSL", "lib/vtls/openssl.c", "ossl_send"),
    ],
    socket: Socket { call: Some("send"), errno: Some(Errno::Pipe), came: Came::Rst },
    decide: Decide {
        on: Host::Server,
        whyrst: "sudo whyrst watch --port PORT",
        without: "nstat -az TcpOutRsts TcpExtTCPAbortOnClose TcpExtTCPAbortOnData TcpExtTCPAbortOnTimeout",
    },
};
