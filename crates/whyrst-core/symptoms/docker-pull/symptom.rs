//! docker pull lost its connection to the registry.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "Docker",
    topic: Topic::Tools,
    patterns: &[
        says("Error response from daemon: *reset by peer"),
        says("Error response from daemon: *EOF"),
        says("Error response from daemon: *TLS handshake timeout"),
        says("Error response from daemon: *i/o timeout"),
        says("Error response from daemon: *Client.Timeout exceeded"),
        says("Error response from daemon: *connection refused"),
        says("failed to copy: *reset by peer"),
        says("failed to copy: *unexpected EOF"),
        says("Failed to pull image*reset by peer"),
        says("Failed to pull image*i/o timeout"),
        says("Failed to pull image*EOF"),
        says("ErrImagePull"),
    ],
    examples: &[
        "Error response from daemon: Get \"https://registry-1.docker.io/v2/\": EOF",
        "Error response from daemon: Get \"https://registry-1.docker.io/v2/\": read tcp \
         10.0.0.5:51514->192.0.2.10:443: read: connection reset by peer",
        "Error response from daemon: Get \"https://registry-1.docker.io/v2/\": net/http: TLS \
         handshake timeout",
        "failed to copy: httpReadSeeker: failed open: failed to do request: Get \
         \"https://example.com/blob\": read tcp 10.0.0.5:51514->192.0.2.10:443: read: connection \
         reset by peer",
        "Failed to pull image \"nginx:1.27\": rpc error: code = Unknown desc = failed to pull \
         and unpack image: read tcp 10.0.0.5:51514->192.0.2.10:443: read: connection reset by \
         peer",
    ],
    also: &[],
    printed: &[
        code("Docker (moby)", "client/request.go", "checkResponseErr"),
        code("containerd", "core/remotes/docker/httpreadseeker.go", "httpReadSeeker.reader"),
        code("Go", "net/net.go", "OpError.Error"),
    ],
    socket: Socket { call: Some("read"), errno: Some(Errno::Reset), came: Came::RstOrFin },
    decide: Decide {
        on: Host::Client,
        whyrst: "sudo tcpdump -i any -U -w - 'tcp port 443 or icmp' | whyrst explain --all -",
        without: "curl -sv https://registry-1.docker.io/v2/ -o /dev/null",
    },
};
