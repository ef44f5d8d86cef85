//! `HAProxy`'s traffic logs (Configuration Manual, sections 8.2.2 and 8.2.3) and their termination state (section 8.5): its
//! first character says who ended the session first, its second in which phase.

use jiff::tz::TimeZone;
use whyrst_core::claim::{About, Claimant, ClaimantRole, Leg, PartialEnd};
use whyrst_core::symptom::{Came, Symptom};
use whyrst_core::time::Span;

use super::ends;
use super::said::{Heard, Said};
use super::stamp;
use super::syslog::Prefixed;

/// `10.0.0.9:51514 [30/Nov/2026:03:12:07.100] web app/s1 0/0/0/14/514 200 120331 - - SD-- 1/1/0/0/0 0/0 "GET / HTTP/1.1"`.
pub(super) fn hear(
    text: &str,
    prefixed: &Prefixed<'_>,
    symptom: Option<&'static Symptom>,
    zone: &TimeZone,
) -> Option<Heard> {
    let (client, rest) = text.split_once(" [")?;
    let far = ends::whole(client)?;
    let (stamp, rest) = stamp::at_beginning(rest, zone)?;
    let mut words = rest.strip_prefix("] ")?.split(' ').skip(1).peekable();
    // Without a backend it is no traffic log, but an error of the frontend's connection.
    if words.peek().is_none_or(|word| !word.contains('/')) {
        return Some(Heard::Nothing);
    }
    let lasted = words.nth(1).and_then(total).unwrap_or(Span::ZERO);
    let mut state = None;
    let mut before = "";
    for word in words {
        // The state is followed by the numbers of connections.
        if word.split('/').count() >= 4 && is_state(before) {
            state = Some(before);
            break;
        }
        before = word;
    }
    let Some(state) = state.map(str::as_bytes) else { return Some(Heard::Nothing) };
    let (leg, came) = match (state[0], state[1]) {
        (b'-', _) => return Some(Heard::Nothing),
        (b'C', _) => (Leg::This, Came::RstOrFin),
        (b'c', _) => (Leg::This, Came::Silence),
        (b'S', b'C') => (Leg::Upstream, Came::RefusalOrSilence),
        (b'S', _) => (Leg::Upstream, Came::RstOrFin),
        (b's', _) => (Leg::Upstream, Came::Silence),
        _ => (Leg::This, Came::Own),
    };
    let pid = prefixed.pid;
    let about = vec![(About { near: PartialEnd::default(), far, role: ClaimantRole::Server }, leg)];
    Some(Heard::Said(Box::new(Said {
        stamp: Some(stamp),
        lasted,
        pid,
        symptom,
        came,
        about,
        ..Said::new(Claimant::Haproxy)
    })))
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
