//! nginx's upstream closed without an answer.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "nginx",
    topic: Topic::Proxies,
    patterns: &[
        says("upstream prematurely closed connection while reading response header from upstream"),
        says("upstream prematurely closed connection while reading upstream"),
        says("upstream prematurely closed"),
        says("upstream sent no valid HTTP/1.0 header"),
        says("upstream prematurely closed FastCGI stdout"),
    ],
    examples: &[
        "upstream prematurely closed connection while reading response header from upstream",
        "[error] 7#7: *5 upstream prematurely closed connection while reading response header \
         from upstream, client: 10.0.0.9, server: _, request: \"POST /a HTTP/1.1\", upstream: \
         \"http://10.0.0.2:8080/a\"",
        "[error] 7#7: *5 upstream prematurely closed FastCGI stdout while reading response \
         header from upstream, client: 10.0.0.9",
    ],
    also: &[],
    printed: &[
        code("nginx", "src/http/ngx_http_upstream.c", "ngx_http_upstream_process_header"),
        code("nginx", "src/http/modules/ngx_http_fastcgi_module.c", "ngx_http_fastcgi_process_header"),
    ],
    socket: Socket { call: Some("recv"), errno: None, came: Came::Fin },
    decide: Decide {
        on: Host::Server,
        whyrst: "sudo whyrst watch --port PORT",
        without: "sudo strace -f -e trace=network,close,exit_group -p PID",
    },
};
