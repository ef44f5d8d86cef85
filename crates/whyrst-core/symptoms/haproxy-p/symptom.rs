//! Termination states that begin with P in `HAProxy`'s log: the proxy itself ended it.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "HAProxy",
    topic: Topic::Proxies,
    patterns: &[
        exactly("PR--"),
        exactly("PH--"),
        exactly("PD--"),
        exactly("PC--"),
        exactly("PT--"),
        exactly("PR?? #/#/#"),
        exactly("PH?? #/#/#"),
        exactly("PD?? #/#/#"),
        exactly("PC?? #/#/#"),
        exactly("PT?? #/#/#"),
        exactly("haproxy PR"),
        exactly("haproxy PH"),
        exactly("haproxy PD"),
    ],
    examples: &[
        "PR--",
        "haproxy[812]: 10.0.0.9:51514 [30/Nov/2026:03:12:07.100] web web/<NOSRV> -1/-1/-1/-1/5 403 \
         192 - - PR-- 1/1/0/0/0 0/0 \"GET / HTTP/1.1\"",
    ],
    also: &[],
    printed: &[documented("HAProxy", "Configuration Manual, section 8.5, Stream state at disconnection")],
    socket: Socket { call: None, errno: None, came: Came::Own },
    decide: Decide {
        on: Host::Proxy,
        whyrst: "sudo whyrst watch --comm haproxy",
        without: "echo 'show errors' | sudo socat - /run/haproxy/admin.sock",
    },
};
