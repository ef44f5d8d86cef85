//! Response flag UO in Envoy's access log.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "Envoy",
    topic: Topic::Proxies,
    patterns: &[
        exactly("HTTP/?.?\" # UO "),
        exactly("HTTP/?\" # UO "),
        exactly("response_flags*UO"),
        exactly("envoy UO"),
        exactly("Envoy UO"),
        exactly("istio UO"),
        exactly("Istio UO"),
        exactly("\" # UO "),
        says("reset reason: overflow"),
        says("upstream_reset_before_response_started{overflow"),
    ],
    examples: &[
        "upstream connect error or disconnect/reset before headers. reset reason: overflow",
        "[2026-11-30T03:12:07.100Z] \"GET /api HTTP/1.1\" 503 UO \
         upstream_reset_before_response_started{overflow} - \"-\" 0 95 3 - \"-\" \"curl/8.5.0\" \
         \"a1\" \"svc\" \"10.0.0.2:8080\"",
    ],
    also: &[],
    printed: &[
        documented("Envoy", "Access logging, response flags"),
        code("Envoy", "source/common/router/router.cc", "Filter::onUpstreamReset"),
    ],
    socket: Socket { call: None, errno: None, came: Came::Nothing },
    decide: Decide {
        on: Host::Proxy,
        whyrst: "sudo whyrst watch --comm envoy",
        without: "curl -s localhost:15000/stats | grep -E 'overflow|remaining_'",
    },
};
