//! `HAProxy`'s traffic logs (Configuration Manual, sections 8.2.2 and 8.2.3) and their termination state (section 8.5): its
//! first character says who ended the session first, its second in which phase.
//!
//! A line also holds what clients send: cookies, captured headers, the request. Only the state is `HAProxy`'s own word.

use jiff::tz::TimeZone;
use whyrst_core::claim::{About, Claimant, ClaimantRole, Leg, PartialEnd};
use whyrst_core::symptom::Came;
use whyrst_core::time::Span;

use super::ends;
use super::said::{Heard, Said};
use super::sieve::Sieve;
use super::stamp;
use super::syslog::Prefixed;

/// `10.0.0.9:51514 [30/Nov/2026:03:12:07.100] web app/s1 0/0/0/14/514 200 120331 - - SD-- 1/1/0/0/0 0/0 "GET / HTTP/1.1"`.
pub(super) fn hear(text: &str, prefixed: &Prefixed<'_>, messages: &Sieve, zone: &TimeZone) -> Option<Heard> {
    let (client, rest) = text.split_once(" [")?;
    let far = ends::colon_port(client)?;
    let (stamp, rest) = stamp::at_beginning(rest, zone)?;
    let words: Vec<&str> = rest.strip_prefix("] ")?.split(' ').collect();
    // Without a backend it is no traffic log, but an error of the frontend's connection.
    let Some(backend) = words.get(1).filter(|word| word.contains('/')) else { return Some(Heard::Nothing) };
    let lasted = words.get(2).and_then(|timers| total(timers)).unwrap_or(Span::ZERO);
    let Some((state, connections)) = state(&words) else { return Some(Heard::Nothing) };
    let (leg, came) = match state.as_bytes() {
        [b'C', ..] => (Leg::This, Came::RstOrFin),
        [b'c', ..] => (Leg::This, Came::Silence),
        // No server was free, so none was asked.
        [b'S' | b's', ..] if backend.ends_with("/<NOSRV>") => (Leg::Upstream, Came::Nothing),
        [b'S' | b's', b'C', ..] => (Leg::Upstream, Came::RefusalOrSilence),
        // The request waited in the queue: no connection was tried.
        [b's', b'Q', ..] => (Leg::Upstream, Came::Nothing),
        [b'S', ..] => (Leg::Upstream, Came::RstOrFin),
        [b's', ..] => (Leg::Upstream, Came::Silence),
        // Denied or at a limit, out of resources, an internal error, or killed: by HAProxy itself.
        [b'P' | b'R' | b'I' | b'D' | b'U' | b'K', ..] => (Leg::This, Came::Own),
        // A normal end, or answered by HAProxy itself (`L`).
        _ => return Some(Heard::Nothing),
    };
    let about = vec![(About { near: PartialEnd::default(), far, role: ClaimantRole::Server }, leg)];
    Some(Heard::Said(Box::new(Said {
        stamp: Some(stamp),
        lasted,
        pid: prefixed.pid,
        symptom: messages.of_program(&format!(" {state} {connections}"), "HAProxy"),
        came,
        about,
        ..Said::new(Claimant::Haproxy)
    })))
}

/// The termination state and the numbers of connections behind it.
///
/// In HTTP mode two captured cookies stand before it, which a client may have filled with blanks: then nothing but one
/// such pair in the line is believed.
fn state<'a>(words: &[&'a str]) -> Option<(&'a str, &'a str)> {
    let pair = |at: usize| {
        let (state, connections) = (*words.get(at)?, *words.get(at + 1)?);
        (connections.split('/').count() >= 4 && is_state(state)).then_some((state, connections))
    };
    match words.get(2)?.split('/').count() {
        3 => return pair(4),
        5 if words.get(5..7) == Some(&["-", "-"]) => return pair(7),
        _ => {}
    }
    let mut pairs = (3..words.len()).filter_map(pair);
    pairs.next().filter(|_| pairs.next().is_none())
}

/// The last of the timers is how long the session lasted, in ms; a plus marks one that was logged before its end.
fn total(timers: &str) -> Option<Span> {
    let millis: i64 = timers.rsplit('/').next()?.trim_start_matches('+').parse().ok()?;
    (0..=86_400_000).contains(&millis).then(|| Span::from_millis(millis))
}

/// Two characters, or four in HTTP mode.
fn is_state(word: &str) -> bool {
    matches!(word.len(), 2 | 4) && word.bytes().all(|octet| octet.is_ascii_alphabetic() || octet == b'-')
}
