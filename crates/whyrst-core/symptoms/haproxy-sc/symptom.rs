//! Termination state SC in `HAProxy`'s log.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "HAProxy",
    topic: Topic::Proxies,
    patterns: &[
        exactly("SC--"),
        exactly("SC?? #/#/#"),
        exactly(" SC #/#/#"),
        exactly("haproxy SC"),
        exactly("HAProxy SC"),
    ],
    examples: &[
        "SC--",
        "haproxy[812]: 10.0.0.9:51514 [30/Nov/2026:03:12:07.100] web app/s1 0/0/0/14/514 503 \
         120331 - - SC-- 1/1/0/0/0 0/0 \"GET / HTTP/1.1\"",
    ],
    also: &[],
    printed: &[documented("HAProxy", "Configuration Manual, section 8.5, Stream state at disconnection")],
    socket: Socket { call: Some("connect"), errno: Some(Errno::Refused), came: Came::Refusal },
    decide: Decide { on: Host::Server, whyrst: "sudo whyrst watch --port PORT", without: "ss -ltnp 'sport = :PORT'" },
};
