//! nginx's upstream reset the connection.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "nginx",
    topic: Topic::Proxies,
    patterns: &[
        says("recv() failed (104: Connection reset by peer) while reading response header from upstream"),
        says("recv() failed (104: Connection reset by peer) while reading upstream"),
        says("readv() failed (104: Connection reset by peer) while reading upstream"),
        says("recv() failed (104: *) while reading response header from upstream"),
        says("(104: Connection reset by peer) while sending request to upstream"),
        says("(104: Connection reset by peer) while SSL handshaking to upstream"),
        says("(104: Connection reset by peer) while proxying"),
        says("nginx 104"),
        says("(104: Connection reset by peer) while * upstream"),
        says("(32: Broken pipe) while sending request to upstream"),
    ],
    examples: &[
        "recv() failed (104: Connection reset by peer) while reading response header from upstream",
        "2026/11/30 03:12:07 [error] 812#812: *41 recv() failed (104: Connection reset by \
         peer) while reading response header from upstream, client: 10.0.0.9, server: _, \
         request: \"GET /report HTTP/1.1\", upstream: \"http://10.0.0.2:8080/report\", host: \
         \"example.com\"",
        "[error] 7#7: *3 readv() failed (104: Connection reset by peer) while reading \
         upstream, client: 10.0.0.9",
        "[error] 7#7: *3 writev() failed (32: Broken pipe) while sending request to upstream, \
         client: 10.0.0.9",
    ],
    also: &[],
    printed: &[
        code("nginx", "src/os/unix/ngx_recv.c", "ngx_unix_recv"),
        code("nginx", "src/http/ngx_http_upstream.c", "ngx_http_upstream_process_header"),
    ],
    socket: Socket { call: Some("recv"), errno: Some(Errno::Reset), came: Came::Rst },
    decide: Decide {
        on: Host::Server,
        whyrst: "sudo whyrst watch --port PORT",
        without: "nstat -az TcpOutRsts TcpExtTCPAbortOnClose TcpExtTCPAbortOnData TcpExtTCPAbortOnTimeout",
    },
};
