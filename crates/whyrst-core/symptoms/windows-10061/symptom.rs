//! Winsock: the SYN was refused.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "Windows",
    topic: Topic::System,
    patterns: &[
        says("WSAECONNREFUSED"),
        alone("10061"),
        says("(10061)"),
        says("error 10061"),
        says("No connection could be made because the target machine actively refused it"),
        says("由于目标计算机积极拒绝，无法连接"),
        says("[WinError 10061]"),
        says("(os error 10061)"),
    ],
    examples: &[
        "No connection could be made because the target machine actively refused it. \
         (127.0.0.1:8080)",
        "ConnectionRefusedError: [WinError 10061] No connection could be made because the \
         target machine actively refused it",
        "System.Net.Sockets.SocketException (10061): 由于目标计算机积极拒绝，无法连接。",
    ],
    also: &[],
    printed: &[documented("Windows", "Windows Sockets error codes: WSAECONNREFUSED")],
    socket: Socket { call: Some("connect"), errno: Some(Errno::WindowsRefused), came: Came::Refusal },
    decide: Decide { on: Host::Server, whyrst: "sudo whyrst watch --port PORT", without: "ss -ltnp 'sport = :PORT'" },
};
