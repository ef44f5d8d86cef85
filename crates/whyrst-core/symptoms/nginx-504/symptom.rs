//! nginx answered 504: its upstream was too slow or silent.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "nginx",
    topic: Topic::Proxies,
    patterns: &[says("HTTP/?.?\" 504 #"), says("nginx 504"), says("504 Gateway Time-out"), says("504 Gateway Timeout")],
    examples: &[
        "504 Gateway Time-out",
        "10.0.0.9 - - [30/Nov/2026:03:13:07 +0000] \"GET /slow HTTP/1.1\" 504 167 \"-\" \"curl/8.5.0\"",
        "<center><h1>504 Gateway Time-out</h1></center>",
        "HTTP/1.1 504 Gateway Timeout",
    ],
    also: &[],
    printed: &[code("nginx", "src/http/ngx_http_upstream.c", "ngx_http_upstream_next")],
    socket: Socket { call: Some("recv"), errno: Some(Errno::TimedOut), came: Came::Silence },
    decide: Decide {
        on: Host::Proxy,
        whyrst: "sudo tcpdump -i any -U -w - 'tcp port PORT or icmp' | whyrst explain --all -",
        without: "sudo grep -F 'timed out' /var/log/nginx/error.log | tail -3",
    },
};
