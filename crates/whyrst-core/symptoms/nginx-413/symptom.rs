//! nginx refuses a body above its limit.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "nginx",
    topic: Topic::Proxies,
    patterns: &[
        says("client intended to send too large body"),
        says("client intended to send too large chunked body"),
        says("HTTP/?.?\" 413 #"),
        says("nginx 413"),
        says("413 Request Entity Too Large"),
    ],
    examples: &[
        "client intended to send too large body: 5000000 bytes",
        "2026/11/30 03:12:07 [error] 812#812: *41 client intended to send too large body: 5000000 bytes, \
         client: 10.0.0.9, server: _, request: \"POST /upload HTTP/1.1\", host: \"example.com\"",
        "10.0.0.9 - - [30/Nov/2026:03:12:07 +0000] \"POST /upload HTTP/1.1\" 413 585 \"-\" \"curl/8.5.0\"",
    ],
    also: &[],
    printed: &[
        code("nginx", "src/http/ngx_http_core_module.c", "ngx_http_core_find_config_phase"),
        documented("nginx", "Module ngx_http_core_module, client_max_body_size"),
    ],
    socket: Socket { call: None, errno: None, came: Came::Own },
    decide: Decide {
        on: Host::Proxy,
        whyrst: "sudo whyrst watch --comm nginx",
        without: "nginx -T | grep -n client_max_body_size; grep 'too large body' /var/log/nginx/error.log | tail",
    },
};
