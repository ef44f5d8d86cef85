//! The own host gave the connection up.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "Java",
    topic: Topic::Languages,
    patterns: &[
        says("Software caused connection abort"),
        says(
            "java.io.IOException: An established connection was aborted by the software in your \
         host machine",
        ),
    ],
    examples: &[
        "java.net.SocketException: Software caused connection abort: socket write error",
        "java.net.SocketException: Software caused connection abort: recv failed",
        "java.io.IOException: An established connection was aborted by the software in your \
         host machine",
    ],
    also: &[],
    printed: &[
        code(
            "OpenJDK on Windows",
            "src/java.base/windows/native/libnet/net_util_md.c",
            "NET_ThrowNew (WSAECONNABORTED)",
        ),
        code(
            "OpenJDK on Windows",
            "src/java.base/windows/native/libnio/ch/SocketDispatcher.c",
            "Java_sun_nio_ch_SocketDispatcher_write0",
        ),
    ],
    socket: Socket { call: Some("write"), errno: Some(Errno::Aborted), came: Came::Own },
    decide: Decide {
        on: Host::Client,
        whyrst: "sudo tcpdump -i any -U -w - 'tcp port PORT or icmp' | whyrst explain --all -",
        without: "netsh trace start capture=yes tracefile=reset.etl",
    },
};
