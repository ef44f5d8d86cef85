//! A timer of `HAProxy` ran out: states with a small first letter.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "HAProxy",
    topic: Topic::Proxies,
    patterns: &[
        exactly("sH--"),
        exactly("sH?? #/#/#"),
        exactly("sD--"),
        exactly("sD?? #/#/#"),
        exactly(" sD #/#/#"),
        exactly("cD--"),
        exactly("cD?? #/#/#"),
        exactly(" cD #/#/#"),
        exactly("sC--"),
        exactly("sC?? #/#/#"),
        exactly(" sC #/#/#"),
        exactly("cR--"),
        exactly("cR?? #/#/#"),
        exactly("cH--"),
    ],
    examples: &[
        "sH--",
        "cD--",
        "haproxy[812]: 10.0.0.9:51514 [30/Nov/2026:03:12:07.100] web app/s1 0/0/0/14/514 504 \
         120331 - - sH-- 1/1/0/0/0 0/0 \"GET / HTTP/1.1\"",
        "haproxy[812]: 10.0.0.9:51514 [30/Nov/2026:03:12:07.100] web app/s1 0/0/0/14/514 200 \
         120331 - - sD-- 1/1/0/0/0 0/0 \"GET / HTTP/1.1\"",
        "px-tcp/srv1 0/0/5007 0 cD 0/0/0/0/0 0/0",
    ],
    also: &[],
    printed: &[documented("HAProxy", "Configuration Manual, section 8.5, Stream state at disconnection")],
    socket: Socket { call: Some("recv"), errno: None, came: Came::Own },
    decide: Decide {
        on: Host::Proxy,
        whyrst: "sudo whyrst watch --comm haproxy",
        without: "grep -E ' timeout (client|server|connect|http-request|tunnel)' /etc/haproxy/haproxy.cfg",
    },
};
