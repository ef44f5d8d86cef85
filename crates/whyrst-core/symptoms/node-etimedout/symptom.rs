//! Node.js waited for a connection in vain.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "Node.js",
    topic: Topic::Languages,
    patterns: &[
        says("connect ETIMEDOUT"),
        says("read ETIMEDOUT"),
        says("write ETIMEDOUT"),
        says("code: 'ETIMEDOUT'"),
        says("ESOCKETTIMEDOUT"),
        says("UND_ERR_CONNECT_TIMEOUT"),
        says("ConnectTimeoutError: Connect Timeout Error"),
    ],
    examples: &[
        "Error: connect ETIMEDOUT 192.0.2.1:443",
        "Error: read ETIMEDOUT",
        "ConnectTimeoutError: Connect Timeout Error (attempted address: 192.0.2.1:443, \
         timeout: 10000ms)",
    ],
    also: &[],
    printed: &[
        code("Node.js", "lib/net.js", "afterConnect"),
        code("undici", "lib/core/connect.js", "onConnectTimeout"),
    ],
    socket: Socket { call: Some("connect"), errno: Some(Errno::TimedOut), came: Came::Silence },
    decide: Decide {
        on: Host::Client,
        whyrst: "sudo tcpdump -i any -U -w - 'tcp port PORT or icmp' | whyrst explain --all -",
        without: "sudo tcpdump -ni any 'tcp port PORT or icmp'",
    },
};
