//! curl gave the transfer up itself.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "curl",
    topic: Topic::Tools,
    patterns: &[
        says("Operation timed out after # milliseconds with"),
        says("Operation too slow. Less than # bytes/sec transferred"),
        says("Operation timeout. The specified time-out period was reached"),
    ],
    examples: &[
        "curl: (28) Operation timed out after 1000 milliseconds with 1310720 out of 50000000 \
         bytes received",
        "curl: (28) Operation timed out after 10001 milliseconds with 0 bytes received",
        "curl: (28) Operation too slow. Less than 1000 bytes/sec transferred the last 30 seconds",
    ],
    also: &[],
    printed: &[code("curl", "lib/multi.c", "multi_handle_timeout"), code("curl", "lib/progress.c", "pgrs_speedcheck")],
    socket: Socket { call: Some("poll"), errno: None, came: Came::Own },
    decide: Decide {
        on: Host::Client,
        whyrst: "sudo whyrst run -- curl -v URL",
        without: "curl -v -w '%{time_connect} %{time_starttransfer} %{time_total} %{size_download}' -o \
         /dev/null URL",
    },
};
