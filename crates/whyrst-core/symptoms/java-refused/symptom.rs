//! A Java program was refused.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "Java",
    topic: Topic::Languages,
    patterns: &[
        says("java.net.ConnectException: Connection refused"),
        says("ConnectException: Connection refused"),
        says("Connection refused (Connection refused)"),
        says("Connection refused: connect"),
        says("Connection refused: no further information"),
        says("finishConnect(..) failed: Connection refused"),
        says("AnnotatedConnectException: *refused"),
    ],
    examples: &[
        "java.net.ConnectException: Connection refused",
        "java.net.ConnectException: Connection refused: connect",
        "io.netty.channel.AbstractChannel$AnnotatedConnectException: finishConnect(..) failed: \
         Connection refused: /10.0.0.2:8080",
    ],
    also: &[],
    printed: &[
        code("OpenJDK", "src/java.base/unix/native/libnio/ch/Net.c", "Java_sun_nio_ch_Net_pollConnect"),
        code("Netty", "transport-native-unix-common/src/main/c/netty_unix_socket.c", "netty_unix_socket_finishConnect"),
    ],
    socket: Socket { call: Some("connect"), errno: Some(Errno::Refused), came: Came::Refusal },
    decide: Decide { on: Host::Server, whyrst: "sudo whyrst watch --port PORT", without: "ss -ltnp 'sport = :PORT'" },
};
