//! curl could not connect in time: nothing answered its SYNs.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "curl",
    topic: Topic::Tools,
    patterns: &[
        says("Failed to connect to * port # after # ms: *imed out"),
        says("Failed to connect to * port # after # ms: Timeout was reached"),
        says("curl: (28) Connection timed out after # milliseconds"),
        says("curl: (28) SSL connection timeout"),
        says("Failed to connect to *after # ms: Timeout was reached"),
    ],
    examples: &[
        "curl: (28) Failed to connect to 192.0.2.1 port 443 after 129433 ms: Connection timed out",
        "curl: (28) Connection timed out after 5001 milliseconds",
        "curl: (28) Failed to connect to 192.0.2.1 port 80 after 2002 ms: Timeout was reached",
        "curl: (28) SSL connection timeout",
    ],
    also: &[],
    printed: &[
        code("curl", "lib/multi.c", "multi_handle_timeout"),
        code("curl 7.86 and newer", "lib/cf-ip-happy.c (before 8.16 lib/connect.c)", "is_connected"),
    ],
    socket: Socket { call: Some("connect"), errno: Some(Errno::TimedOut), came: Came::Silence },
    decide: Decide {
        on: Host::Client,
        whyrst: "sudo tcpdump -i any -U -w - 'tcp port PORT or icmp' | whyrst explain --all -",
        without: "sudo tcpdump -ni any 'tcp port PORT or icmp'",
    },
};
