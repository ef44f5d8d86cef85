//! curl could not receive: a RST came.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "curl",
    topic: Topic::Tools,
    patterns: &[
        says("curl: (56)*reset by peer"),
        says("curl: (56) OpenSSL SSL_read"),
        says("Recv failure: Connection reset by peer"),
        says("Recv failure: 连接被对方重设"),
        says("OpenSSL SSL_read: Connection reset by peer"),
        says("OpenSSL SSL_read: SSL_ERROR_SYSCALL"),
        says("curl: (56)"),
    ],
    examples: &[
        "curl: (56) Recv failure: Connection reset by peer",
        "curl: (56) OpenSSL SSL_read: Connection reset by peer, errno 104",
        "curl: (56) Recv failure: 连接被对方重设",
        "curl: (56) OpenSSL SSL_read: OpenSSL/3.0.17: error:0A000126:SSL routines::unexpected \
         eof while reading, errno 0",
    ],
    also: &[],
    printed: &[
        code("curl 7.87 and newer", "lib/cf-socket.c", "cf_socket_recv"),
        code("curl with OpenSSL", "lib/vtls/openssl.c", "ossl_recv"),
    ],
    socket: Socket { call: Some("recv"), errno: Some(Errno::Reset), came: Came::Rst },
    decide: Decide {
        on: Host::Server,
        whyrst: "sudo whyrst watch --port PORT",
        without: "nstat -az TcpOutRsts TcpExtTCPAbortOnClose TcpExtTCPAbortOnData TcpExtTCPAbortOnTimeout",
    },
};
