//! An SSH connection that was set up, or being set up, was reset.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "OpenSSH",
    topic: Topic::Tools,
    patterns: &[
        says("Connection reset by * port #"),
        says("Connection closed by * port #"),
        says("client_loop: send disconnect: Broken pipe"),
        says("client_loop: send disconnect: Connection reset"),
        says("packet_write_wait: Connection to *: Broken pipe"),
        says("write failed: Broken pipe"),
    ],
    examples: &[
        "Connection reset by 192.0.2.7 port 22",
        "client_loop: send disconnect: Broken pipe",
        "packet_write_wait: Connection to 192.0.2.7 port 22: Broken pipe",
        "Connection closed by 192.0.2.7 port 22",
        "client_loop: send disconnect: Connection reset by peer",
    ],
    also: &[],
    printed: &[code("OpenSSH", "packet.c", "sshpkt_vfatal"), code("OpenSSH", "clientloop.c", "client_loop")],
    socket: Socket { call: Some("read"), errno: Some(Errno::Reset), came: Came::Rst },
    decide: Decide {
        on: Host::Client,
        whyrst: "sudo tcpdump -i any -U -w - 'tcp port 22 or icmp' | whyrst explain --all -",
        without: "ssh -vvv -o ServerAliveInterval=30 HOST",
    },
};
