//! Winsock: a RST came.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "Windows",
    topic: Topic::System,
    patterns: &[
        says("WSAECONNRESET"),
        alone("10054"),
        says("(10054)"),
        says("error 10054"),
        says("An existing connection was forcibly closed by the remote host"),
        says("远程主机强迫关闭了一个现有的连接"),
        says("[WinError 10054]"),
        says("(os error 10054)"),
    ],
    examples: &[
        "An existing connection was forcibly closed by the remote host.",
        "System.Net.Sockets.SocketException (10054): An existing connection was forcibly \
         closed by the remote host.",
        "ConnectionResetError: [WinError 10054] An existing connection was forcibly closed by \
         the remote host",
        "远程主机强迫关闭了一个现有的连接。",
    ],
    also: &[],
    printed: &[documented("Windows", "Windows Sockets error codes: WSAECONNRESET")],
    socket: Socket { call: Some("recv"), errno: Some(Errno::WindowsReset), came: Came::Rst },
    decide: Decide {
        on: Host::Server,
        whyrst: "sudo whyrst watch --port PORT",
        without: "pktmon start --capture -p PORT",
    },
};
