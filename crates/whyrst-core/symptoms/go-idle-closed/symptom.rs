//! http.Transport found that the server had closed an idle connection.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "Go",
    topic: Topic::Languages,
    patterns: &[
        says("http: server closed idle connection"),
        says("Unsolicited response received on idle HTTP channel"),
        says("http2: server sent GOAWAY and closed the connection"),
        says("http: server closed connection"),
        says("HTTP/1.x transport connection broken"),
    ],
    examples: &[
        "Post \"http://10.0.0.2:8080/orders\": http: server closed idle connection",
        "http2: server sent GOAWAY and closed the connection; LastStreamID=1999, \
         ErrCode=NO_ERROR, debug=\"max_age\"",
    ],
    also: &[],
    printed: &[
        code("Go", "net/http/transport.go", "errServerClosedIdle"),
        code("Go", "golang.org/x/net/http2/transport.go", "GoAwayError.Error"),
    ],
    socket: Socket { call: Some("read"), errno: None, came: Came::Fin },
    decide: Decide {
        on: Host::Server,
        whyrst: "sudo whyrst watch --port PORT",
        without: "sudo ss -tnoi 'sport = :PORT'",
    },
};
