//! nginx's upstream refused the connection.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "nginx",
    topic: Topic::Proxies,
    patterns: &[
        says("connect() failed (111: Connection refused) while connecting to upstream"),
        says("connect() failed (111: *) while connecting to upstream"),
        says("nginx 111"),
        says("connect() to unix:* failed (#: *) while connecting to upstream"),
        says("no live upstreams while connecting to upstream"),
    ],
    examples: &[
        "connect() failed (111: Connection refused) while connecting to upstream",
        "[error] 7#7: *11 connect() failed (111: Connection refused) while connecting to \
         upstream, client: 10.0.0.9, server: _, request: \"GET / HTTP/1.1\", upstream: \
         \"http://127.0.0.1:8080/\"",
        "[error] 7#7: *12 no live upstreams while connecting to upstream, client: 10.0.0.9",
    ],
    also: &[],
    printed: &[code("nginx", "src/http/ngx_http_upstream.c", "ngx_http_upstream_test_connect")],
    socket: Socket { call: Some("connect"), errno: Some(Errno::Refused), came: Came::Refusal },
    decide: Decide { on: Host::Server, whyrst: "sudo whyrst watch --port PORT", without: "ss -ltnp 'sport = :PORT'" },
};
