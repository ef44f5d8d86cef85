//! Termination state sQ in `HAProxy`'s log.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "HAProxy",
    topic: Topic::Proxies,
    patterns: &[
        exactly("sQ--"),
        exactly("sQ?? #/#/#"),
        exactly(" sQ #/#/#"),
        exactly("haproxy sQ"),
        exactly("HAProxy sQ"),
    ],
    examples: &[
        "sQ--",
        "haproxy[812]: 10.0.0.9:51514 [30/Nov/2026:03:12:07.100] web app/s1 0/5001/-1/-1/5001 \
         503 120331 - - sQ-- 1/1/0/0/0 0/0 \"GET / HTTP/1.1\"",
    ],
    also: &[],
    printed: &[documented("HAProxy", "Configuration Manual, section 8.5, Stream state at disconnection")],
    socket: Socket { call: None, errno: None, came: Came::Nothing },
    decide: Decide {
        on: Host::Proxy,
        whyrst: "sudo whyrst watch --comm haproxy",
        without: "echo 'show stat' | sudo socat stdio /run/haproxy/admin.sock",
    },
};
