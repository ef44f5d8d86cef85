//! Apache `HttpClient` got an end of file in place of an answer.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "Java",
    topic: Topic::Languages,
    patterns: &[
        says("NoHttpResponseException"),
        says("The target server failed to respond"),
        says("NoHttpResponseException: * failed to respond"),
        says("java.io.EOFException: *unexpected end of stream"),
        says("unexpected end of stream on http"),
        says("HTTP/1.1 header parser received no bytes"),
    ],
    examples: &[
        "org.apache.http.NoHttpResponseException: 10.0.0.2:8080 failed to respond",
        "java.io.IOException: unexpected end of stream on http://10.0.0.2:8080/...",
        "java.io.IOException: HTTP/1.1 header parser received no bytes",
    ],
    also: &[],
    printed: &[
        code(
            "Apache HttpCore 5",
            "httpcore5/src/main/java/org/apache/hc/core5/http/impl/io/DefaultBHttpClientConnection.java",
            "receiveResponseHeader",
        ),
        code("OkHttp", "okhttp/src/main/kotlin/okhttp3/internal/http1/Http1ExchangeCodec.kt", "readResponseHeaders"),
        code("OpenJDK", "src/java.net.http/share/classes/jdk/internal/net/http/Http1Response.java", "onReadError"),
    ],
    socket: Socket { call: Some("read"), errno: None, came: Came::Fin },
    decide: Decide {
        on: Host::Server,
        whyrst: "sudo whyrst watch --port PORT",
        without: "sudo strace -f -e trace=network,close,exit_group -p PID",
    },
};
