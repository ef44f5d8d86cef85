//! Response flag UF in Envoy's access log.

use crate::symptom::prelude::*;

pub(super) const FACTS: Facts = Facts {
    program: "Envoy",
    topic: Topic::Proxies,
    patterns: &[
        exactly("HTTP/?.?\" # UF "),
        exactly("HTTP/?\" # UF "),
        exactly("response_flags*UF"),
        exactly("envoy UF"),
        exactly("Envoy UF"),
        exactly("istio UF"),
        exactly("Istio UF"),
        exactly("\" # UF "),
        says("reset reason: connection failure"),
        says("reset reason: remote connection failure"),
        says("delayed connect error: #"),
        says("upstream_reset_before_response_started{connection_failure"),
        says("upstream_reset_before_response_started{remote_connection_failure"),
        says("reset reason: connection timeout"),
        says("upstream_reset_before_response_started{connection_timeout"),
        exactly("UF,URX"),
        exactly("URX,UF"),
    ],
    examples: &[
        "upstream connect error or disconnect/reset before headers. reset reason: remote \
         connection failure, transport failure reason: delayed connect error: 111",
        "[2026-11-30T03:12:07.100Z] \"GET /api HTTP/1.1\" 503 UF,URX - - \"-\" 0 95 3 - \"-\" \
         \"curl/8.5.0\" \"a1\" \"svc\" \"10.0.0.2:8080\"",
        "[2026-11-30T03:12:07.100Z] \"GET /api HTTP/1.1\" 503 UF \
         upstream_reset_before_response_started{remote_connection_failure,delayed_connect_error:_111} \
         - \"-\" 0 95 3 - \"-\" \"curl/8.5.0\" \"a1\" \"svc\" \"10.0.0.2:8080\"",
    ],
    also: &[],
    printed: &[
        documented("Envoy", "Access logging, response flags"),
        code("Envoy", "source/common/router/router.cc", "Filter::onUpstreamReset"),
    ],
    socket: Socket { call: Some("connect"), errno: Some(Errno::Refused), came: Came::RefusalOrSilence },
    decide: Decide { on: Host::Server, whyrst: "sudo whyrst watch --port PORT", without: "ss -ltnp 'sport = :PORT'" },
};
