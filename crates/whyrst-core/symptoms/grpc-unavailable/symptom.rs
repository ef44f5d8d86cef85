//! A gRPC call failed since its connection did.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "gRPC",
    topic: Topic::Languages,
    patterns: &[
        says("code = Unavailable desc = *reset by peer"),
        says("code = Unavailable desc = *connection refused"),
        says("code = Unavailable desc = *EOF"),
        says("code = Unavailable desc = *broken pipe"),
        says("code = Unavailable desc = *i/o timeout"),
        says("code = Unavailable desc = *closed"),
        says("code = Unavailable desc"),
        says("14 UNAVAILABLE: *ECONNRESET"),
        says("14 UNAVAILABLE: *ECONNREFUSED"),
        says("StatusCode.UNAVAILABLE"),
        says("io.grpc.StatusRuntimeException: UNAVAILABLE"),
        says("14 UNAVAILABLE"),
        says("grpc*UNAVAILABLE"),
        says("error reading from server: EOF"),
        says("error reading from server: read tcp *: connection reset by peer"),
        says("closing transport due to: connection error"),
        says("Status{code=UNAVAILABLE"),
        says("failed to connect to all addresses"),
        says("INTERNAL: received RST_STREAM with error code #"),
        says("RST_STREAM with error code #"),
    ],
    examples: &[
        "14 UNAVAILABLE: read ECONNRESET",
        "rpc error: code = Unavailable desc = connection closed",
        "rpc error: code = Unavailable desc = error reading from server: read tcp \
         10.0.0.9:51514->10.0.0.2:50051: read: connection reset by peer",
        "rpc error: code = Unavailable desc = connection error: desc = \"transport: Error while \
         dialing: dial tcp 10.0.0.2:50051: connect: connection refused\"",
        "io.grpc.StatusRuntimeException: UNAVAILABLE: io exception",
        "grpc._channel._InactiveRpcError: <_InactiveRpcError of RPC that terminated with: \
         status = StatusCode.UNAVAILABLE details = \"failed to connect to all addresses\"",
        "Error: 14 UNAVAILABLE: read ECONNRESET",
    ],
    also: &[],
    printed: &[
        code("grpc-go", "internal/transport/http2_client.go", "http2Client.reader"),
        documented("gRPC", "doc/statuscodes.md: UNAVAILABLE"),
    ],
    socket: Socket { call: Some("read"), errno: None, came: Came::RstOrFin },
    decide: Decide {
        on: Host::Server,
        whyrst: "sudo whyrst watch --port PORT",
        without: "GRPC_GO_LOG_SEVERITY_LEVEL=info GRPC_GO_LOG_VERBOSITY_LEVEL=99 PROGRAM",
    },
};
