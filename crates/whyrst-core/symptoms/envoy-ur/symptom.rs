//! Response flag UR in Envoy's access log.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "Envoy",
    topic: Topic::Proxies,
    patterns: &[
        exactly("HTTP/?.?\" # UR "),
        exactly("HTTP/?\" # UR "),
        exactly("response_flags*UR"),
        exactly("envoy UR"),
        exactly("Envoy UR"),
        exactly("istio UR"),
        exactly("Istio UR"),
        exactly("\" # UR "),
        says("reset reason: remote reset"),
        says("upstream_reset_before_response_started{remote_reset"),
        says("reset reason: remote refused stream reset"),
    ],
    examples: &[
        "upstream connect error or disconnect/reset before headers. reset reason: remote reset",
        "[2026-11-30T03:12:07.100Z] \"GET /api HTTP/1.1\" 503 UR \
         upstream_reset_before_response_started{remote_reset} - \"-\" 0 95 3 - \"-\" \
         \"curl/8.5.0\" \"a1\" \"svc\" \"10.0.0.2:8080\"",
    ],
    also: &[],
    printed: &[
        documented("Envoy", "Access logging, response flags"),
        code("Envoy", "source/common/router/router.cc", "Filter::onUpstreamReset"),
    ],
    socket: Socket { call: Some("recv"), errno: None, came: Came::Nothing },
    decide: Decide {
        on: Host::Proxy,
        whyrst: "sudo tcpdump -i any -U -w - 'tcp port PORT or icmp' | whyrst explain --all -",
        without: "kubectl logs POD -c istio-proxy --tail=50",
    },
};
