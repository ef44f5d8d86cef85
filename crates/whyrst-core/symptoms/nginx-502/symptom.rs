//! nginx answered 502: its upstream gave no usable answer.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "nginx",
    topic: Topic::Proxies,
    patterns: &[says("HTTP/?.?\" 502 #"), says("nginx 502"), says("502 Bad Gateway")],
    examples: &[
        "502 Bad Gateway",
        "<center><h1>502 Bad Gateway</h1></center>",
        "10.0.0.9 - - [30/Nov/2026:03:12:07 +0000] \"GET / HTTP/1.1\" 502 157 \"-\" \"curl/8.5.0\"",
    ],
    also: &[],
    printed: &[code("nginx", "src/http/ngx_http_upstream.c", "ngx_http_upstream_next")],
    socket: Socket { call: Some("recv"), errno: None, came: Came::RstOrFin },
    decide: Decide {
        on: Host::Proxy,
        whyrst: "sudo whyrst watch --comm nginx",
        without: "sudo grep -F upstream /var/log/nginx/error.log | tail -3",
    },
};
