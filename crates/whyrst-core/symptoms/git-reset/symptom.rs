//! git lost its connection in the middle of a fetch or push.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "git",
    topic: Topic::Tools,
    patterns: &[
        says("fatal: unable to access '*': *reset by peer"),
        says("fatal: unable to access '*': Recv failure"),
        says("RPC failed; curl #"),
        says("RPC failed; curl *reset by peer"),
        says("fatal: the remote end hung up unexpectedly"),
        says("fetch-pack: unexpected disconnect while reading sideband packet"),
        says("fatal: early EOF"),
        says("fatal: unable to access '*': Failed to connect to"),
        says("fatal: unable to access '*': GnuTLS recv error"),
        says("fatal: unable to access '*': OpenSSL SSL_"),
    ],
    examples: &[
        "fatal: unable to access 'https://github.com/o/r.git/': Recv failure: Connection reset \
         by peer",
        "error: RPC failed; curl 56 Recv failure: Connection reset by peer",
        "fatal: the remote end hung up unexpectedly",
        "fetch-pack: unexpected disconnect while reading sideband packet",
        "fatal: early EOF",
        "fatal: unable to access 'https://github.com/o/r.git/': GnuTLS recv error (-110): The \
         TLS connection was non-properly terminated.",
    ],
    also: &[],
    printed: &[
        code("git", "remote-curl.c", "discover_refs"),
        code("git", "remote-curl.c", "run_slot"),
        code("git", "pkt-line.c", "get_packet_data"),
    ],
    socket: Socket { call: Some("recv"), errno: Some(Errno::Reset), came: Came::RstOrFin },
    decide: Decide {
        on: Host::Client,
        whyrst: "sudo whyrst run -- git fetch -v",
        without: "GIT_CURL_VERBOSE=1 GIT_TRACE_PACKET=1 git fetch",
    },
};
