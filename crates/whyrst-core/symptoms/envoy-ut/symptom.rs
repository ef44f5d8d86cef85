//! Response flag UT in Envoy's access log.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "Envoy",
    topic: Topic::Proxies,
    patterns: &[
        exactly("HTTP/?.?\" # UT "),
        exactly("HTTP/?\" # UT "),
        exactly("response_flags*UT"),
        exactly("envoy UT"),
        exactly("Envoy UT"),
        exactly("istio UT"),
        exactly("Istio UT"),
        exactly("\" # UT "),
        says("upstream request timeout"),
        says("response_timeout"),
    ],
    examples: &[
        "upstream request timeout",
        "[2026-11-30T03:12:07.100Z] \"GET /api HTTP/1.1\" 504 UT response_timeout - \"-\" 0 95 3 - \
         \"-\" \"curl/8.5.0\" \"a1\" \"svc\" \"10.0.0.2:8080\"",
    ],
    also: &[],
    printed: &[
        documented("Envoy", "Access logging, response flags"),
        code("Envoy", "source/common/router/router.cc", "Filter::onUpstreamReset"),
    ],
    socket: Socket { call: Some("recv"), errno: None, came: Came::Own },
    decide: Decide {
        on: Host::Proxy,
        whyrst: "sudo tcpdump -i any -U -w - 'tcp port PORT or icmp' | whyrst explain --all -",
        without: "kubectl logs POD -c istio-proxy --tail=200 | grep ' UT '",
    },
};
