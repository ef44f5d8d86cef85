//! Envoy's access log: its default format and that of Istio as text, or an object of JSON with their usual names
//! (Envoy, "Access logging": format strings, response flags).

use jiff::tz::TimeZone;
use serde_json::{Map, Value};
use whyrst_core::claim::{About, Claimant, ClaimantRole, Leg, PartialEnd};
use whyrst_core::symptom::Came;
use whyrst_core::symptoms;
use whyrst_core::time::Span;

use super::ends;
use super::said::{Heard, Said};
use super::sieve::Sieve;
use super::stamp;
use super::syslog::Prefixed;

/// What a line names.
#[derive(Default)]
struct Named {
    upstream: Option<PartialEnd>,
    upstream_local: Option<PartialEnd>,
    local: Option<PartialEnd>,
    remote: Option<PartialEnd>,
    /// It was TLS that failed on a connection that stood, not TCP.
    is_transports: bool,
}

/// `[2026-11-30T03:12:07.100Z] "GET /api HTTP/1.1" 503 UC upstream_reset... - "-" 0 95 3 - "-" "curl" "a1" "svc" "10.0.0.2:80"`.
pub(super) fn hear(text: &str, _: &Prefixed<'_>, _: &Sieve, zone: &TimeZone) -> Option<Heard> {
    let (stamp, rest) = stamp::at_beginning(text.strip_prefix('[')?, zone)?;
    // A path with a quote in it would end the request too early: it has no blank, so a word would be missing.
    let (request, rest) = rest.strip_prefix("] \"")?.split_once("\" ")?;
    if request.split(' ').count() != 3 {
        return None;
    }
    let mut words = rest.split(' ');
    let _code: u16 = words.next()?.parse().ok()?;
    let flags = words.next()?;
    // Istio's format has details here, how the connection ended, and in quotes why its transport failed.
    let details = words.clone().next().filter(|word| word.parse::<i64>().is_err()).unwrap_or_default();
    let failed_by = rest.split('"').nth(1).filter(|_| !details.is_empty()).unwrap_or_default();
    // Received, sent, duration: the first three numbers in a row.
    let numbers: Vec<Option<i64>> = words.map(|word| word.parse().ok()).collect();
    let duration = numbers.windows(3).find_map(|three| three.iter().all(Option::is_some).then(|| three[2])?);
    // The upstream's host is the last that stands in quotes; Istio has more behind it.
    let quoted_end = rest.rfind('"')?;
    let upstream = rest[..quoted_end].rsplit('"').next();
    let mut behind = rest[quoted_end + 1..].split(' ').filter(|word| !word.is_empty()).skip(1);
    let named = Named {
        upstream: upstream.and_then(ends::whole),
        upstream_local: behind.next().and_then(ends::whole),
        local: behind.next().and_then(ends::whole),
        remote: behind.next().and_then(ends::whole),
        is_transports: is_transports(details) || is_transports(failed_by),
    };
    let lasted = duration.filter(|millis| (0..=86_400_000).contains(millis)).map_or(Span::ZERO, Span::from_millis);
    let said = Said { stamp: Some(stamp), lasted, ..Said::new(Claimant::Envoy) };
    Some(with_flags(said, flags, &named))
}

/// The same as an object; the names are those of Envoy's and Istio's examples.
pub(super) fn hear_object(object: &Map<String, Value>, zone: &TimeZone) -> Option<Heard> {
    let text = |name: &str| object.get(name).and_then(Value::as_str);
    let flags = text("response_flags")?;
    let stamp = text("start_time").and_then(|time| stamp::at_beginning(time, zone)).map(|(stamp, _)| stamp);
    let duration = object.get("duration").and_then(|value| value.as_i64().or_else(|| value.as_str()?.parse().ok()));
    let lasted = duration.filter(|millis| (0..=86_400_000).contains(millis)).map_or(Span::ZERO, Span::from_millis);
    let end = |name| text(name).and_then(ends::whole);
    let named = Named {
        upstream: end("upstream_host"),
        upstream_local: end("upstream_local_address"),
        local: end("downstream_local_address"),
        remote: end("downstream_remote_address"),
        is_transports: ["response_code_details", "upstream_transport_failure_reason"]
            .into_iter()
            .any(|name| text(name).is_some_and(is_transports)),
    };
    Some(with_flags(Said { stamp, lasted, ..Said::new(Claimant::Envoy) }, flags, &named))
}

/// Whether words say that a transport socket failed (`TLS_error: ...`). That a connect fails is told there as well, as
/// `delayed connect error: 111`.
fn is_transports(words: &str) -> bool {
    ["tls_error", "tls error", "certificate", "ssl_routines", "ssl routines"]
        .into_iter()
        .any(|sign| words.to_ascii_lowercase().contains(sign))
}

/// What flags say, each with its page. A flag that is about streams or limits says nothing of packets: `UR` may be an
/// HTTP/2 `RST_STREAM` on a connection that lives on, and with `UO` no connection was tried.
const FLAGS: [(&str, &str, &str, Leg, Came); 8] = [
    ("DC", "DownstreamConnectionTermination", "envoy-dc", Leg::This, Came::RstOrFin),
    ("UC", "UpstreamConnectionTermination", "envoy-uc", Leg::Upstream, Came::RstOrFin),
    ("UF", "UpstreamConnectionFailure", "envoy-uf", Leg::Upstream, Came::RefusalOrSilence),
    ("UR", "UpstreamRemoteReset", "envoy-ur", Leg::Upstream, Came::Nothing),
    ("UT", "UpstreamRequestTimeout", "envoy-ut", Leg::Upstream, Came::Silence),
    ("UO", "UpstreamOverflow", "envoy-uo", Leg::This, Came::Nothing),
    ("LR", "LocalReset", "", Leg::Upstream, Came::Own),
    ("DPE", "DownstreamProtocolError", "", Leg::This, Came::Own),
];

fn with_flags(mut said: Said, flags: &str, named: &Named) -> Heard {
    let known = |flag: &str| FLAGS.iter().find(|(short, long, ..)| *short == flag || *long == flag);
    let Some((.., page, leg, came)) = flags.split(',').find_map(known) else { return Heard::Nothing };
    let (leg, came) = (*leg, *came);
    said.symptom = symptoms::find(page);
    let came = if came == Came::RefusalOrSilence && named.is_transports { Came::Nothing } else { came };
    said.came = came;
    if leg == Leg::Upstream
        && let Some(far) = named.upstream
    {
        let near = named.upstream_local.unwrap_or_default();
        said.about.push((About { near, far, role: ClaimantRole::Client }, Leg::This));
    }
    if let Some(far) = named.remote {
        let near = named.local.unwrap_or_default();
        said.about.push((About { near, far, role: ClaimantRole::Server }, leg));
    }
    if said.about.is_empty() { Heard::Nothing } else { Heard::Said(Box::new(said)) }
}
