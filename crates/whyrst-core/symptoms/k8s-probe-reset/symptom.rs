//! A probe of the kubelet was reset or refused.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "Kubernetes",
    topic: Topic::Platforms,
    patterns: &[
        says("Readiness probe failed: *reset by peer"),
        says("Liveness probe failed: *reset by peer"),
        says("Startup probe failed: *reset by peer"),
        says("Readiness probe failed: *connection refused"),
        says("Liveness probe failed: *connection refused"),
        says("Startup probe failed: *connection refused"),
        says("Readiness probe failed: *EOF"),
        says("Liveness probe failed: *EOF"),
        says("probe failed: *Client.Timeout exceeded"),
        says("probe failed: *context deadline exceeded"),
        says("Readiness probe failed: *i/o timeout"),
    ],
    examples: &[
        "Readiness probe failed: read tcp 10.244.1.1:51514->10.244.1.7:8080: read: connection \
         reset by peer",
        "Readiness probe failed: Get \"http://10.244.1.7:8080/healthz\": read tcp \
         10.244.1.1:51514->10.244.1.7:8080: read: connection reset by peer",
        "Liveness probe failed: Get \"http://10.244.1.7:8080/healthz\": dial tcp \
         10.244.1.7:8080: connect: connection refused",
        "Readiness probe failed: Get \"http://10.244.1.7:8080/healthz\": EOF",
        "Liveness probe failed: Get \"http://10.244.1.7:8080/healthz\": context deadline \
         exceeded (Client.Timeout exceeded while awaiting headers)",
    ],
    also: &[],
    printed: &[
        code("Kubernetes", "pkg/kubelet/prober/prober.go", "prober.runProbeWithRetries"),
        code("Kubernetes", "pkg/probe/http/http.go", "DoHTTPProbe"),
    ],
    socket: Socket { call: Some("read"), errno: Some(Errno::Reset), came: Came::RstOrFin },
    decide: Decide {
        on: Host::Here,
        whyrst: "sudo whyrst watch --port PORT",
        without: "kubectl describe pod POD; kubectl logs POD --previous",
    },
};
