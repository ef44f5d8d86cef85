//! A Go program got an end of file too early.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "Go",
    topic: Topic::Languages,
    patterns: &[
        says("Get \"*\": EOF"),
        says("Post \"*\": EOF"),
        says("Put \"*\": EOF"),
        says("Delete \"*\": EOF"),
        says("Patch \"*\": EOF"),
        says("Head \"*\": EOF"),
        says("Get http*: EOF"),
        says("Post http*: EOF"),
        alone("unexpected EOF"),
        says("http*: unexpected EOF"),
        says("copy*: unexpected EOF"),
        says("read: unexpected EOF"),
        says("body*: unexpected EOF"),
        says("error reading server preface: EOF"),
        says("transport: *EOF"),
    ],
    examples: &[
        "Get \"http://10.0.0.2:8080/\": EOF",
        "Post \"http://10.0.0.2:8080/orders\": EOF",
        "unexpected EOF",
        "http: ContentLength=100 with Body length 0: unexpected EOF",
    ],
    also: &[],
    printed: &[code("Go", "net/http/transport.go", "persistConn.readLoop"), code("Go", "io/io.go", "ErrUnexpectedEOF")],
    socket: Socket { call: Some("read"), errno: None, came: Came::Fin },
    decide: Decide {
        on: Host::Server,
        whyrst: "sudo whyrst watch --port PORT",
        without: "sudo strace -f -e trace=network,close,exit_group -p PID",
    },
};
