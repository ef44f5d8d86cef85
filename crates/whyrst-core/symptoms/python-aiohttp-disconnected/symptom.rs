//! aiohttp lost its connection before the answer.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "aiohttp",
    topic: Topic::Languages,
    patterns: &[
        says("ServerDisconnectedError"),
        says("aiohttp*Server disconnected"),
        alone("Server disconnected"),
        says("httpx.RemoteProtocolError: Server disconnected without sending a response"),
        says("ClientConnectorError: Cannot connect to host"),
        says("httpx.ReadError"),
        says("httpcore.ReadError"),
        says("Server disconnected without sending a response"),
    ],
    examples: &[
        "aiohttp.client_exceptions.ServerDisconnectedError: Server disconnected",
        "httpx.RemoteProtocolError: Server disconnected without sending a response.",
        "aiohttp.client_exceptions.ClientConnectorError: Cannot connect to host 127.0.0.1:8080 \
         ssl:default [Connect call failed ('127.0.0.1', 8080)]",
    ],
    also: &[],
    printed: &[
        code("aiohttp", "aiohttp/client_proto.py", "ResponseHandler.connection_lost"),
        code("aiohttp", "aiohttp/client_exceptions.py", "ClientConnectorError.__str__"),
        code("httpcore", "httpcore/_async/http11.py", "_receive_event"),
    ],
    socket: Socket { call: Some("recv"), errno: None, came: Came::RstOrFin },
    decide: Decide {
        on: Host::Server,
        whyrst: "sudo whyrst watch --port PORT",
        without: "sudo strace -f -e trace=network,close,exit_group -p PID",
    },
};
