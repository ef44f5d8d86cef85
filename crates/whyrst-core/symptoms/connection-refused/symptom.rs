//! The words of ECONNREFUSED.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "Linux, macOS",
    topic: Topic::System,
    patterns: &[
        says("Connection refused"),
        says("ECONNREFUSED"),
        says("拒绝连接"),
        says("连接被拒绝"),
        says("errno 111"),
        says("errno=111"),
        says("ERR_CONNECTION_REFUSED"),
    ],
    examples: &["connect: Connection refused", "ECONNREFUSED", "net::ERR_CONNECTION_REFUSED", "拒绝连接"],
    also: &[],
    printed: &[
        code("glibc", "sysdeps/gnu/errlist.h", "strerror (ECONNREFUSED)"),
        code("Linux", "net/ipv4/tcp_input.c", "tcp_rcv_synsent_state_process"),
    ],
    socket: Socket { call: Some("connect"), errno: Some(Errno::Refused), came: Came::Refusal },
    decide: Decide { on: Host::Server, whyrst: "sudo whyrst watch --port PORT", without: "ss -ltnp 'sport = :PORT'" },
};
