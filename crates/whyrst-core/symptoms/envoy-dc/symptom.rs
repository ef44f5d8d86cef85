//! Response flag DC in Envoy's access log.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "Envoy",
    topic: Topic::Proxies,
    patterns: &[
        exactly("HTTP/?.?\" # DC "),
        exactly("HTTP/?\" # DC "),
        exactly("response_flags*DC"),
        exactly("envoy DC"),
        exactly("Envoy DC"),
        exactly("istio DC"),
        exactly("Istio DC"),
        exactly("\" # DC "),
        says("downstream_remote_disconnect"),
        says("codec_error:the_client"),
    ],
    examples: &["[2026-11-30T03:12:07.100Z] \"GET /api HTTP/1.1\" 0 DC downstream_remote_disconnect - \
         \"-\" 0 95 3 - \"-\" \"curl/8.5.0\" \"a1\" \"svc\" \"10.0.0.2:8080\""],
    also: &[],
    printed: &[
        documented("Envoy", "Access logging, response flags"),
        code("Envoy", "source/common/router/router.cc", "Filter::onUpstreamReset"),
    ],
    socket: Socket { call: Some("recv"), errno: None, came: Came::RstOrFin },
    decide: Decide {
        on: Host::Proxy,
        whyrst: "sudo whyrst watch --comm envoy",
        without: "kubectl logs POD -c istio-proxy --tail=200 | grep ' DC '",
    },
};
