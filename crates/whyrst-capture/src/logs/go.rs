//! What a Go program prints of a connection (`net.OpError` in Go's `net/net.go`): `read tcp 10.0.0.1:51514->10.0.0.7:8080:
//! read: connection reset by peer`. The kubelet is such a program, and the events of its probes hold such a line. Other
//! programs are heard where their line holds a message that is known and an end.

use jiff::tz::TimeZone;
use whyrst_core::claim::{About, Claimant, ClaimantRole, Leg, PartialEnd};
use whyrst_core::symptom::{Came, Symptom};

use super::ends;
use super::said::{Heard, Said};
use super::syslog::Prefixed;

pub(super) fn hear(
    text: &str,
    prefixed: &Prefixed<'_>,
    symptom: Option<&'static Symptom>,
    _: &TimeZone,
) -> Option<Heard> {
    let symptom = symptom?;
    let is_probe = text.contains("probe failed");
    let is_kubelet = is_probe || prefixed.process.as_deref() == Some("kubelet");
    let role = if is_probe { ClaimantRole::Client } else { ClaimantRole::Either };
    let about = arrow(text, role).or_else(|| dialled(text)).or_else(|| first_end(text, role));
    let Some(about) = about else { return Some(Heard::Nothing) };
    let by = if is_kubelet { Claimant::Kubelet } else { Claimant::Program };
    let came = came(text).unwrap_or(symptom.facts.socket.came);
    Some(Heard::Said(Box::new(Said { symptom: Some(symptom), came, about: vec![(about, Leg::This)], ..Said::new(by) })))
}

/// What the system said, where the line has its words: they say more than the message of a program around them.
fn came(text: &str) -> Option<Came> {
    let text = text.to_ascii_lowercase();
    let words = [
        ("connection reset by peer", Came::Rst),
        ("connection refused", Came::Refusal),
        ("i/o timeout", Came::Silence),
        ("connection timed out", Came::Silence),
    ];
    words.into_iter().find_map(|(words, came)| text.contains(words).then_some(came))
}

/// `10.244.1.1:51514->10.244.1.7:8080`: the own end first.
fn arrow(text: &str, role: ClaimantRole) -> Option<About> {
    let (before, after) = text.split_once("->")?;
    let near = ends::whole(before.split([' ', '"', '(']).next_back()?)?;
    let far = after.split([' ', '"', ')', ',']).next()?;
    Some(About { near, far: ends::whole(far.trim_end_matches(':'))?, role })
}

/// `dial tcp 10.244.1.7:8080: connect: connection refused`.
fn dialled(text: &str) -> Option<About> {
    let (_, after) = text.split_once("dial tcp ")?;
    let far = ends::whole(after.split(' ').next()?.trim_end_matches(':'))?;
    Some(About { near: PartialEnd::default(), far, role: ClaimantRole::Client })
}

/// The first address with its port.
fn first_end(text: &str, role: ClaimantRole) -> Option<About> {
    let mut words = text.split([' ', ',', '"', '\'', '(', ')', '<', '>', ';', '=']);
    let far = words.find_map(|word| ends::whole(word.trim_end_matches([':', '.'])))?;
    Some(About { near: PartialEnd::default(), far, role })
}
