//! Envoy's access log: its default format and that of Istio as text, or an object of JSON with their usual names
//! (Envoy, "Access logging": format strings, response flags).

use jiff::tz::TimeZone;
use serde_json::{Map, Value};
use whyrst_core::claim::{About, Claimant, ClaimantRole, Leg, PartialEnd};
use whyrst_core::symptom::{Came, Symptom};
use whyrst_core::time::Span;

use super::ends;
use super::said::{Heard, Said};
use super::stamp;
use super::syslog::Prefixed;

/// What a line names.
#[derive(Default)]
struct Named {
    upstream: Option<PartialEnd>,
    upstream_local: Option<PartialEnd>,
    local: Option<PartialEnd>,
    remote: Option<PartialEnd>,
}

/// `[2026-11-30T03:12:07.100Z] "GET /api HTTP/1.1" 503 UC upstream_reset... - "-" 0 95 3 - "-" "curl" "a1" "svc" "10.0.0.2:80"`.
pub(super) fn hear(text: &str, _: &Prefixed<'_>, symptom: Option<&'static Symptom>, zone: &TimeZone) -> Option<Heard> {
    let (stamp, rest) = stamp::at_beginning(text.strip_prefix('[')?, zone)?;
    let (_, rest) = rest.strip_prefix("] \"")?.split_once("\" ")?;
    let mut words = rest.split(' ');
    let _code: u16 = words.next()?.parse().ok()?;
    let flags = words.next()?;
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
    };
    let lasted = duration.filter(|millis| (0..=86_400_000).contains(millis)).map_or(Span::ZERO, Span::from_millis);
    let said = Said { stamp: Some(stamp), lasted, symptom, ..Said::new(Claimant::Envoy) };
    Some(with_flags(said, flags, &named))
}

/// The same as an object; the names are those of Envoy's and Istio's examples.
pub(super) fn hear_object(object: &Map<String, Value>, symptom: Option<&'static Symptom>, zone: &TimeZone) -> Heard {
    let text = |name: &str| object.get(name).and_then(Value::as_str);
    let Some(flags) = text("response_flags") else { return Heard::Unknown };
    let stamp = text("start_time").and_then(|time| stamp::at_beginning(time, zone)).map(|(stamp, _)| stamp);
    let duration = object.get("duration").and_then(|value| value.as_i64().or_else(|| value.as_str()?.parse().ok()));
    let lasted = duration.filter(|millis| (0..=86_400_000).contains(millis)).map_or(Span::ZERO, Span::from_millis);
    let end = |name| text(name).and_then(ends::whole);
    let named = Named {
        upstream: end("upstream_host"),
        upstream_local: end("upstream_local_address"),
        local: end("downstream_local_address"),
        remote: end("downstream_remote_address"),
    };
    with_flags(Said { stamp, lasted, symptom, ..Said::new(Claimant::Envoy) }, flags, &named)
}

fn with_flags(mut said: Said, flags: &str, named: &Named) -> Heard {
    let came = flags.split(',').find_map(|flag| {
        Some(match flag {
            "DC" | "DownstreamConnectionTermination" => (Leg::This, Came::RstOrFin),
            "UC" | "UpstreamConnectionTermination" => (Leg::Upstream, Came::RstOrFin),
            "UF" | "UpstreamConnectionFailure" => (Leg::Upstream, Came::RefusalOrSilence),
            "UR" | "UpstreamRemoteReset" => (Leg::Upstream, Came::Rst),
            "UT" | "UpstreamRequestTimeout" => (Leg::Upstream, Came::Silence),
            "UO" | "UpstreamOverflow" | "LR" | "LocalReset" | "DPE" | "DownstreamProtocolError" => {
                (Leg::This, Came::Own)
            }
            _ => return None,
        })
    });
    let Some((leg, came)) = came else { return Heard::Nothing };
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
