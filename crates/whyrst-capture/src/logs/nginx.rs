//! nginx: its error log (`src/core/ngx_log.c`, `ngx_http_log_error` in `src/http/ngx_http_request.c`) and the
//! `combined` access log (module `ngx_http_log_module`), which Apache and others write as well.
//!
//! The error log names the client without its port and the upstream with it. A line about the upstream is about two
//! connections: the one to the upstream, and the client's, which ends of it.
//!
//! Both hold what clients send. nginx's own words come first: what a stranger chose stands in quotes behind them (the
//! request, the upstream's URI, host, referrer; in messages about files their path). Of an access log only the status
//! is the server's word.

use jiff::tz::TimeZone;
use whyrst_core::claim::{About, Claimant, ClaimantRole, Leg, PartialEnd};
use whyrst_core::symptom::Came;

use super::ends;
use super::said::{Heard, Said};
use super::sieve::Sieve;
use super::stamp;
use super::syslog::Prefixed;

/// As of a server that `far` is a client of.
fn of_client(far: PartialEnd, near: PartialEnd, leg: Leg) -> (About, Leg) {
    (About { near, far, role: ClaimantRole::Server }, leg)
}

pub(super) fn hear(text: &str, _: &Prefixed<'_>, messages: &Sieve, zone: &TimeZone) -> Option<Heard> {
    error(text, messages).or_else(|| access(text, messages, zone))
}

/// `[error] 812#812: *41 recv() failed (104: ...) while ..., client: 10.0.0.9, server: _, ..., upstream: "http://..."`.
fn error(text: &str, messages: &Sieve) -> Option<Heard> {
    let (level, rest) = text.strip_prefix('[')?.split_once("] ")?;
    if !["emerg", "alert", "crit", "error", "warn", "notice", "info", "debug"].contains(&level) {
        return None;
    }
    let (process, rest) = rest.split_once(": ")?;
    let pid = process.split_once('#').and_then(|(pid, _)| pid.parse().ok())?;
    let own = rest.split('"').next().unwrap_or_default();
    let (message, context) = own.split_once(", client: ").unwrap_or((own, ""));
    // A module's script logs whatever it likes, behind its name in brackets.
    let is_script = message.split_once(' ').is_some_and(|(_, words)| words.starts_with('['));
    let symptom = messages.of_program(message, "nginx").filter(|_| !is_script);
    let Some(symptom) = symptom else { return Some(Heard::Nothing) };
    let client = context.split(", ").next().and_then(ends::end);
    // The stream module names the address that it listens on, the others a name.
    let server = context.split_once(", server: ").and_then(|(_, rest)| rest.split(',').next());
    let near = server.and_then(ends::whole).unwrap_or_default();
    let is_upstreams = message.contains("upstream") && !message.contains("client prematurely closed");
    let mut said = Said { pid: Some(pid), symptom: Some(symptom), ..Said::new(Claimant::Nginx) };
    said.came = match symptom.facts.socket.came {
        Came::Silence if message.contains("while connecting to upstream") => Came::RefusalOrSilence,
        came => came,
    };
    if let Some(far) = upstream(rest).filter(|_| is_upstreams) {
        said.about.push((About { near: PartialEnd::default(), far, role: ClaimantRole::Client }, Leg::This));
    }
    let leg = if is_upstreams { Leg::Upstream } else { Leg::This };
    said.about.extend(client.map(|far| of_client(far, near, leg)));
    Some(if said.about.is_empty() { Heard::Nothing } else { Heard::Said(Box::new(said)) })
}

/// The upstream's end. A request or a referrer may hold another in the same words: then none is believed.
fn upstream(text: &str) -> Option<PartialEnd> {
    let mut all = text.split(", upstream: \"").skip(1).map(|rest| rest.split('"').next().and_then(ends::whole));
    let first = all.next()?;
    all.all(|other| other == first).then_some(first)?
}

/// `10.0.0.9 - - [30/Nov/2026:03:12:07 +0000] "GET /report HTTP/1.1" 499 0 "-" "okhttp"`.
fn access(text: &str, messages: &Sieve, zone: &TimeZone) -> Option<Heard> {
    let (client, rest) = text.split_once(' ')?;
    let client = ends::end(client)?;
    let (_, rest) = rest.split_once(" [").or_else(|| rest.split_once('['))?;
    let (stamp, rest) = stamp::at_beginning(rest, zone)?;
    let status: u16 = behind_quoted(rest.strip_prefix("] \"")?)?.split(' ').next()?.parse().ok()?;
    let symptom = messages.of_program(&format!("HTTP/1.1\" {status} 0"), "nginx").filter(|_| status >= 400);
    let Some(symptom) = symptom else { return Some(Heard::Nothing) };
    let mut said = Said { stamp: Some(stamp), symptom: Some(symptom), ..Said::new(Claimant::AccessLog) };
    said.came = symptom.facts.socket.came;
    // 502 and 504 are what a proxy answers when its upstream failed (RFC 9110 sections 15.6.3, 15.6.5).
    let leg = if matches!(status, 502 | 504) { Leg::Upstream } else { Leg::This };
    if leg == Leg::Upstream && said.came == Came::Nothing {
        return Some(Heard::Nothing);
    }
    said.about.push(of_client(client, PartialEnd::default(), leg));
    Some(Heard::Said(Box::new(said)))
}

/// What follows the quote that ends a text and one blank. Apache escapes a quote within with a backslash, nginx as
/// `\x22`.
fn behind_quoted(text: &str) -> Option<&str> {
    let mut before = b' ';
    let end = text.bytes().position(|octet| {
        let ends = octet == b'"' && before != b'\\';
        // Two backslashes are one that is escaped.
        before = if octet == b'\\' && before == b'\\' { b' ' } else { octet };
        ends
    })?;
    text[end + 1..].strip_prefix(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hears(line: &str) -> Option<(Option<&'static str>, Vec<PartialEnd>)> {
        match error(line, &Sieve::new()) {
            Some(Heard::Said(said)) => {
                Some((said.symptom.map(|symptom| symptom.id), said.about.iter().map(|(about, _)| about.far).collect()))
            }
            _ => None,
        }
    }

    #[test]
    fn what_a_stranger_writes_is_not_the_word_of_nginx() {
        let big = "[error] 8#8: *1 client intended to send too large body: 9 bytes, client: 10.0.0.9, server: _, request: \
                   \"GET /, client: 10.6.6.6, server: x HTTP/1.1\"";
        assert_eq!(hears(big), Some((Some("nginx-413"), vec![PartialEnd::address([10, 0, 0, 9].into())])));
        let lines = [
            "[error] 8#8: *1 open() \"/srv/client intended to send too large body, client: 10.6.6.6\" failed (2: No such \
             file or directory), client: 10.0.0.9, server: _, request: \"GET / HTTP/1.1\"",
            "[error] 8#8: *1 [lua] a.lua:1: client intended to send too large body: 9 bytes, client: 10.0.0.9, server: _",
        ];
        for line in lines {
            assert_eq!(hears(line), None, "{line}");
        }
    }
}
