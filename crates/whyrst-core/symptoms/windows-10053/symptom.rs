//! Winsock: the own host gave the connection up.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "Windows",
    topic: Topic::System,
    patterns: &[
        says("WSAECONNABORTED"),
        alone("10053"),
        says("(10053)"),
        says("error 10053"),
        says("您的主机中的软件中止了一个已建立的连接"),
        says("你的主机中的软件中止了一个已建立的连接"),
        says("[WinError 10053]"),
        says("An established connection was aborted by the software in your host machine"),
        says("(os error 10053)"),
        says("ECONNABORTED"),
    ],
    examples: &[
        "System.Net.Sockets.SocketException (10053): An established connection was aborted by \
         the software in your host machine.",
        "ConnectionAbortedError: [WinError 10053] An established connection was aborted by the \
         software in your host machine",
        "您的主机中的软件中止了一个已建立的连接。",
    ],
    also: &[],
    printed: &[documented("Windows", "Windows Sockets error codes: WSAECONNABORTED")],
    socket: Socket { call: Some("send"), errno: Some(Errno::WindowsAborted), came: Came::Own },
    decide: Decide {
        on: Host::Client,
        whyrst: "sudo tcpdump -i any -U -w - 'tcp port PORT or icmp' | whyrst explain --all -",
        without: "pktmon start --capture -p PORT",
    },
};
