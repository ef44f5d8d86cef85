//! The connection ended inside of the TLS handshake.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "curl",
    topic: Topic::Tools,
    patterns: &[
        says("curl: (35)*reset by peer"),
        says("curl: (35) OpenSSL SSL_connect: SSL_ERROR_SYSCALL"),
        says("curl: (35) TLS connect error"),
        says("OpenSSL SSL_connect: Connection reset by peer"),
        says("OpenSSL SSL_connect: SSL_ERROR_SYSCALL"),
        says("curl: (35)"),
    ],
    examples: &[
        "curl: (35) Recv failure: Connection reset by peer",
        "curl: (35) OpenSSL SSL_connect: Connection reset by peer in connection to example.com:443",
        "curl: (35) OpenSSL SSL_connect: SSL_ERROR_SYSCALL in connection to example.com:443",
        "curl: (35) error:0A00010B:SSL routines::wrong version number",
    ],
    also: &[],
    printed: &[
        code("curl with OpenSSL", "lib/vtls/openssl.c", "ossl_connect_step2"),
        code("curl 7.87 and newer", "lib/cf-socket.c", "cf_socket_recv"),
    ],
    socket: Socket { call: Some("recv"), errno: Some(Errno::Reset), came: Came::Rst },
    decide: Decide {
        on: Host::Client,
        whyrst: "sudo tcpdump -i any -U -w - 'tcp port PORT or icmp' | whyrst explain --all -",
        without: "openssl s_client -connect HOST:PORT -servername HOST",
    },
};
