//! The words of ETIMEDOUT.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "Linux, macOS",
    topic: Topic::System,
    patterns: &[
        says("Connection timed out"),
        says("ETIMEDOUT"),
        says("连接超时"),
        says("errno 110"),
        says("errno=110"),
        says("ERR_CONNECTION_TIMED_OUT"),
        says("Operation timed out"),
        says("WSAETIMEDOUT"),
        alone("10060"),
        says("(10060)"),
        says("error 10060"),
        says("No route to host"),
        says("EHOSTUNREACH"),
    ],
    examples: &[
        "connect: Connection timed out",
        "ETIMEDOUT",
        "net::ERR_CONNECTION_TIMED_OUT",
        "连接超时",
        "connect: No route to host",
    ],
    also: &[],
    printed: &[
        code("glibc", "sysdeps/gnu/errlist.h", "strerror (ETIMEDOUT)"),
        code("Linux", "net/ipv4/tcp_timer.c", "tcp_write_err"),
    ],
    socket: Socket { call: Some("connect"), errno: Some(Errno::TimedOut), came: Came::Silence },
    decide: Decide {
        on: Host::Client,
        whyrst: "sudo tcpdump -i any -U -w - 'tcp port PORT or icmp' | whyrst explain --all -",
        without: "sudo tcpdump -ni any 'tcp port PORT or icmp'",
    },
};
