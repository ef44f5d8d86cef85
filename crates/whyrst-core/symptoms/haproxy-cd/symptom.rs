//! Termination state CD in `HAProxy`'s log.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "HAProxy",
    topic: Topic::Proxies,
    patterns: &[
        exactly("CD--"),
        exactly("CD?? #/#/#"),
        exactly(" CD #/#/#"),
        exactly("haproxy CD"),
        exactly("HAProxy CD"),
    ],
    examples: &[
        "CD--",
        "haproxy[812]: 10.0.0.9:51514 [30/Nov/2026:03:12:07.100] web app/s1 0/0/0/14/514 200 \
         120331 - - CD-- 1/1/0/0/0 0/0 \"GET / HTTP/1.1\"",
    ],
    also: &[],
    printed: &[documented("HAProxy", "Configuration Manual, section 8.5, Stream state at disconnection")],
    socket: Socket { call: Some("recv"), errno: Some(Errno::Reset), came: Came::RstOrFin },
    decide: Decide {
        on: Host::Proxy,
        whyrst: "sudo whyrst watch --comm haproxy",
        without: "grep -E \" (SD|SH|SC|CD|CC|sQ)[-A-Z]* \" /var/log/haproxy.log | tail",
    },
};
