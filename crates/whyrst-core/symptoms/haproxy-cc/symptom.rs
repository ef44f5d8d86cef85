//! Termination state CC in `HAProxy`'s log.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "HAProxy",
    topic: Topic::Proxies,
    patterns: &[
        exactly("CC--"),
        exactly("CC?? #/#/#"),
        exactly(" CC #/#/#"),
        exactly("haproxy CC"),
        exactly("HAProxy CC"),
    ],
    examples: &[
        "CC--",
        "haproxy[812]: 10.0.0.9:51514 [30/Nov/2026:03:12:07.100] web app/s1 0/0/-1/-1/3002 503 \
         120331 - - CC-- 1/1/0/0/0 0/0 \"GET / HTTP/1.1\"",
    ],
    also: &[],
    printed: &[documented("HAProxy", "Configuration Manual, section 8.5, Stream state at disconnection")],
    socket: Socket { call: Some("recv"), errno: None, came: Came::RstOrFin },
    decide: Decide {
        on: Host::Proxy,
        whyrst: "sudo tcpdump -i any -U -w - 'tcp port PORT or icmp' | whyrst explain --all -",
        without: "ss -tn state syn-sent 'dport = :PORT'",
    },
};
