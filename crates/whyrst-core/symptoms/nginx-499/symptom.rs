//! The client left before nginx had answered.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "nginx",
    topic: Topic::Proxies,
    patterns: &[
        says("HTTP/?.?\" 499 #"),
        says("nginx 499"),
        says("HTTP 499"),
        says("client prematurely closed connection, so upstream connection is closed too"),
        says("client prematurely closed connection"),
        says("status 499"),
        says("499 Client Closed Request"),
    ],
    examples: &[
        "\"GET /report HTTP/1.1\" 499 0",
        "10.0.0.9 - - [30/Nov/2026:03:12:07 +0000] \"GET /report HTTP/1.1\" 499 0 \"-\" \"okhttp/4.12.0\"",
        "[info] 7#7: *15 epoll_wait() reported that client prematurely closed connection, so \
         upstream connection is closed too while sending request to upstream, client: 10.0.0.9",
    ],
    also: &[],
    printed: &[
        code("nginx", "src/http/ngx_http_upstream.c", "ngx_http_upstream_check_broken_connection"),
        code("nginx", "src/http/ngx_http_request.c", "ngx_http_test_reading"),
    ],
    socket: Socket { call: Some("recv"), errno: None, came: Came::RstOrFin },
    decide: Decide {
        on: Host::Proxy,
        whyrst: "sudo whyrst watch --comm nginx",
        without: "awk '$9 == 499' /var/log/nginx/access.log | tail",
    },
};
