//! Response flag UC in Envoy's access log.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "Envoy",
    topic: Topic::Proxies,
    patterns: &[
        exactly("HTTP/?.?\" # UC "),
        exactly("HTTP/?\" # UC "),
        exactly("response_flags*UC"),
        exactly("envoy UC"),
        exactly("Envoy UC"),
        exactly("istio UC"),
        exactly("Istio UC"),
        exactly("\" # UC "),
        says("reset reason: connection termination"),
        says("upstream_reset_before_response_started{connection_termination"),
        says("upstream_reset_after_response_started{connection_termination"),
    ],
    examples: &[
        "upstream connect error or disconnect/reset before headers. reset reason: connection \
         termination",
        "[2026-11-30T03:12:07.100Z] \"GET /api HTTP/1.1\" 503 UC \
         upstream_reset_before_response_started{connection_termination} - \"-\" 0 95 3 - \"-\" \
         \"curl/8.5.0\" \"a1\" \"svc\" \"10.0.0.2:8080\"",
    ],
    also: &[],
    printed: &[
        documented("Envoy", "Access logging, response flags"),
        code("Envoy", "source/common/router/router.cc", "Filter::onUpstreamReset"),
    ],
    socket: Socket { call: Some("recv"), errno: Some(Errno::Reset), came: Came::RstOrFin },
    decide: Decide {
        on: Host::Server,
        whyrst: "sudo whyrst watch --port PORT",
        without: "nstat -az TcpOutRsts TcpExtTCPAbortOnClose TcpExtTCPAbortOnData TcpExtTCPAbortOnTimeout",
    },
};
