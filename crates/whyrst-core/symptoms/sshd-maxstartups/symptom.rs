//! sshd drops a connection because too many have not logged in.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "OpenSSH",
    topic: Topic::Tools,
    patterns: &[
        says("drop connection #* past MaxStartups"),
        says("beginning MaxStartups throttling"),
        says("exited MaxStartups throttling"),
        says("Exceeded MaxStartups"),
        says("past MaxStartups"),
    ],
    examples: &[
        "drop connection #10 from [10.0.0.9]:46482 on [10.0.0.2]:22 past MaxStartups",
        "Nov 30 03:12:07 host sshd[812]: error: beginning MaxStartups throttling",
        "Exceeded MaxStartups",
    ],
    also: &[],
    printed: &[
        code("OpenSSH", "sshd.c", "should_drop_connection, server_accept_loop"),
        documented("OpenSSH", "sshd_config(5), MaxStartups"),
    ],
    socket: Socket { call: Some("close"), errno: None, came: Came::Own },
    decide: Decide {
        on: Host::Server,
        whyrst: "sudo whyrst watch --port 22",
        without: "sudo journalctl -u ssh -u sshd --since -10min | grep MaxStartups; sshd -T | grep -i maxstartups",
    },
};
