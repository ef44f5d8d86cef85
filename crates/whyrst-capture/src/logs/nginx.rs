//! nginx: its error log (`src/core/ngx_log.c`, `ngx_http_log_error` in `src/http/ngx_http_request.c`) and the `combined`
//! access log (module `ngx_http_log_module`), which other servers write as well.
//!
//! The error log names the client without its port and the upstream with it. A line about the upstream is about two
//! connections: the one to the upstream, and the client's, which ends of it.

use jiff::tz::TimeZone;
use whyrst_core::claim::{About, Claimant, ClaimantRole, Leg, PartialEnd};
use whyrst_core::symptom::{Came, Symptom};

use super::ends;
use super::said::{Heard, Said};
use super::stamp;
use super::syslog::Prefixed;

/// As of a server that `far` is a client of.
fn of_client(far: PartialEnd, near: PartialEnd, leg: Leg) -> (About, Leg) {
    (About { near, far, role: ClaimantRole::Server }, leg)
}

pub(super) fn hear(text: &str, _: &Prefixed<'_>, symptom: Option<&'static Symptom>, zone: &TimeZone) -> Option<Heard> {
    error(text, symptom).or_else(|| access(text, symptom, zone))
}

/// `[error] 812#812: *41 recv() failed (104: ...) while ..., client: 10.0.0.9, server: _, ..., upstream: "http://..."`.
fn error(text: &str, symptom: Option<&'static Symptom>) -> Option<Heard> {
    let (level, rest) = text.strip_prefix('[')?.split_once("] ")?;
    if !["emerg", "alert", "crit", "error", "warn", "notice", "info", "debug"].contains(&level) {
        return None;
    }
    let (process, rest) = rest.split_once(": ")?;
    let pid = process.split_once('#').and_then(|(pid, _)| pid.parse().ok())?;
    let Some(symptom) = symptom else { return Some(Heard::Nothing) };
    let (message, context) = rest.split_once(", client: ").unwrap_or((rest, ""));
    let client = context.split(", ").next().and_then(ends::end);
    // The stream module names the address that it listens on, the others a name.
    let near = field(context, ", server: ").and_then(ends::whole).unwrap_or_default();
    let upstream = field(context, ", upstream: \"").and_then(ends::whole);
    let is_upstreams = message.contains("upstream") && !message.contains("client prematurely closed");
    let mut said = Said { pid: Some(pid), symptom: Some(symptom), ..Said::new(Claimant::Nginx) };
    said.came = symptom.facts.socket.came;
    if let Some(far) = upstream.filter(|_| is_upstreams) {
        said.about.push((About { near: PartialEnd::default(), far, role: ClaimantRole::Client }, Leg::This));
    }
    let leg = if is_upstreams { Leg::Upstream } else { Leg::This };
    said.about.extend(client.map(|far| of_client(far, near, leg)));
    Some(if said.about.is_empty() { Heard::Nothing } else { Heard::Said(Box::new(said)) })
}

/// What follows `name` in the context, up to the next quote or comma.
fn field<'a>(context: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = context.split_once(name)?;
    rest.split(['"', ',']).next()
}

/// `10.0.0.9 - - [30/Nov/2026:03:12:07 +0000] "GET /report HTTP/1.1" 499 0 "-" "okhttp"`.
fn access(text: &str, symptom: Option<&'static Symptom>, zone: &TimeZone) -> Option<Heard> {
    let (client, rest) = text.split_once(' ')?;
    let client = ends::end(client)?;
    let (_, rest) = rest.split_once(" [").or_else(|| rest.split_once('['))?;
    let (stamp, rest) = stamp::at_beginning(rest, zone)?;
    let rest = rest.strip_prefix("] \"")?;
    let (_, after) = rest.split_once("\" ")?;
    let status: u16 = after.split(' ').next()?.parse().ok()?;
    let Some(symptom) = symptom.filter(|_| status >= 400) else { return Some(Heard::Nothing) };
    let mut said = Said { stamp: Some(stamp), symptom: Some(symptom), ..Said::new(Claimant::Nginx) };
    said.came = symptom.facts.socket.came;
    // 502 and 504 are what a proxy answers when its upstream failed (RFC 9110 sections 15.6.3, 15.6.5).
    let leg = if matches!(status, 502 | 504) { Leg::Upstream } else { Leg::This };
    if leg == Leg::Upstream && said.came == Came::Nothing {
        return Some(Heard::Nothing);
    }
    said.about.push(of_client(client, PartialEnd::default(), leg));
    Some(Heard::Said(Box::new(said)))
}
