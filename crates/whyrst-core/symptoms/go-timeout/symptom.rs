//! A deadline of a Go program ran out.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "Go",
    topic: Topic::Languages,
    patterns: &[
        says("i/o timeout"),
        says("context deadline exceeded (Client.Timeout exceeded"),
        says("net/http: TLS handshake timeout"),
        says("net/http: request canceled *Client.Timeout exceeded"),
        says("net/http: timeout awaiting response headers"),
    ],
    examples: &[
        "dial tcp 192.0.2.1:443: i/o timeout",
        "read tcp 10.0.0.9:51514->10.0.0.2:8080: i/o timeout",
        "Get \"https://example.com/\": net/http: TLS handshake timeout",
        "Get \"http://10.0.0.2:8080/\": context deadline exceeded (Client.Timeout exceeded while \
         awaiting headers)",
        "net/http: timeout awaiting response headers",
    ],
    also: &[],
    printed: &[
        code("Go", "internal/poll/fd.go", "ErrDeadlineExceeded"),
        code("Go", "net/http/client.go", "setRequestCancel"),
    ],
    socket: Socket { call: Some("connect"), errno: None, came: Came::Silence },
    decide: Decide {
        on: Host::Client,
        whyrst: "sudo tcpdump -i any -U -w - 'tcp port PORT or icmp' | whyrst explain --all -",
        without: "curl -so /dev/null -w '%{time_connect} %{time_appconnect} %{time_starttransfer}' URL",
    },
};
