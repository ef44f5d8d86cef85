//! The server ended the connection before it said its version.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "OpenSSH",
    topic: Topic::Tools,
    patterns: &[
        says("kex_exchange_identification: read: Connection reset by peer"),
        says("kex_exchange_identification: Connection closed by remote host"),
        says("ssh_exchange_identification: read: Connection reset by peer"),
        says("ssh_exchange_identification: Connection closed by remote host"),
        says("banner exchange: *Connection reset by peer"),
        says("kex_exchange_identification"),
    ],
    examples: &[
        "kex_exchange_identification: read: Connection reset by peer",
        "kex_exchange_identification: Connection closed by remote host",
        "ssh_exchange_identification: read: Connection reset by peer",
    ],
    also: &[],
    printed: &[
        code("OpenSSH 8.0 and newer", "kex.c", "kex_exchange_identification"),
        code("OpenSSH before 8.0", "sshconnect.c", "ssh_exchange_identification"),
    ],
    socket: Socket { call: Some("read"), errno: Some(Errno::Reset), came: Came::RstOrFin },
    decide: Decide {
        on: Host::Server,
        whyrst: "sudo whyrst watch --port 22",
        without: "sudo journalctl -u ssh -u sshd --since -10min",
    },
};
