//! nginx waited for its upstream in vain.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "nginx",
    topic: Topic::Proxies,
    patterns: &[
        says("upstream timed out (110: Connection timed out)"),
        says("upstream timed out (110: *)"),
        says("upstream timed out"),
        says("nginx 110"),
    ],
    examples: &[
        "upstream timed out (110: Connection timed out) while reading response header from upstream",
        "[error] 7#7: *9 upstream timed out (110: Connection timed out) while reading response \
         header from upstream, client: 10.0.0.9, server: _, request: \"GET /slow HTTP/1.1\", \
         upstream: \"http://10.0.0.2:8080/slow\"",
        "[error] 7#7: *9 upstream timed out (110: Connection timed out) while connecting to \
         upstream, client: 10.0.0.9",
    ],
    also: &[],
    printed: &[
        code("nginx", "src/http/ngx_http_upstream.c", "ngx_http_upstream_process_upstream"),
        code("nginx", "src/http/ngx_http_upstream.c", "ngx_http_upstream_next"),
    ],
    socket: Socket { call: Some("connect"), errno: Some(Errno::TimedOut), came: Came::Silence },
    decide: Decide {
        on: Host::Proxy,
        whyrst: "sudo tcpdump -i any -U -w - 'tcp port PORT or icmp' | whyrst explain --all -",
        without: "curl -so /dev/null -w '%{time_connect} %{time_starttransfer}' http://HOST:PORT/",
    },
};
