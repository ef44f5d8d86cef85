//! apt lost its connection to the mirror.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "apt",
    topic: Topic::Tools,
    patterns: &[
        says("Err:#*reset by peer"),
        says("Error reading from server*Connection reset by peer"),
        says("Error reading from server. Remote end closed connection"),
        says("Connection failed [IP: "),
        says("Could not connect to * - connect (111"),
        says("Could not connect to *, connection timed out"),
        says("Failed to fetch *reset by peer"),
        says("Failed to fetch *Connection failed"),
    ],
    examples: &[
        "Error reading from server - read (104: Connection reset by peer)",
        "E: Failed to fetch http://deb.debian.org/debian/pool/main/n/nginx/nginx.deb  Error \
         reading from server - read (104: Connection reset by peer) [IP: 192.0.2.8 80]",
        "Error reading from server. Remote end closed connection [IP: 192.0.2.8 80]",
        "Could not connect to mirror.example:80 (192.0.2.8). - connect (111: Connection refused)",
        "Could not connect to mirror.example:80 (192.0.2.8), connection timed out",
    ],
    also: &[],
    printed: &[code("apt", "methods/http.cc", "HttpServerState::Die"), code("apt", "methods/connect.cc", "DoConnect")],
    socket: Socket { call: Some("recv"), errno: Some(Errno::Reset), came: Came::RstOrFin },
    decide: Decide {
        on: Host::Client,
        whyrst: "sudo whyrst run -- apt-get update",
        without: "sudo apt-get -o Debug::Acquire::http=true update",
    },
};
