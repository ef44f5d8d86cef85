//! What a Go program prints of a connection (`net.OpError` in Go's `net/net.go`): `read tcp
//! 10.0.0.1:51514->10.0.0.7:8080: read: connection reset by peer`. The kubelet is such a program, and the events of
//! its probes hold such a line. Other programs are heard where their line holds a message that is known and an end.
//!
//! Which program it is and whose words its line repeats, nobody knows: so no such line names a reason (`Logs` sees to
//! that), and where an end stands in it in no form that says whose it is, nothing is held against the packets.

use jiff::tz::TimeZone;
use whyrst_core::claim::{About, Claimant, ClaimantRole, Leg, PartialEnd};
use whyrst_core::symptom::{Came, Symptom};

use super::ends;
use super::said::{Ends, Heard, Said};
use super::sieve::Sieve;
use super::syslog::Prefixed;

/// Programs whose lines have readers of their own: where another program's line holds one, it repeats it.
const READ_ELSEWHERE: [&str; 4] = ["nginx", "HAProxy", "Envoy", "OpenSSH"];

pub(super) fn hear(text: &str, prefixed: &Prefixed<'_>, messages: &Sieve, _: &TimeZone) -> Option<Heard> {
    let symptoms = messages.symptoms(text);
    if symptoms.is_empty() {
        return None;
    }
    let is_probe = is_probe(text);
    let is_kubelet = is_probe || prefixed.process.as_deref() == Some("kubelet");
    let may_say = |symptom: &&Symptom| {
        let program = symptom.facts.program;
        !READ_ELSEWHERE.contains(&program) && (is_kubelet || program != "Kubernetes")
    };
    let Some(symptom) = symptoms.into_iter().find(may_say) else { return Some(Heard::Nothing) };
    let role = if is_probe { ClaimantRole::Client } else { ClaimantRole::Either };
    let named = arrow_of_go(text, role).or_else(|| dialled(text));
    let guessed = || Some((arrow(text).or_else(|| first_end(text))?, text));
    let ends = if named.is_some() { Ends::Named } else { Ends::Guessed };
    let Some((about, words)) = named.or_else(guessed) else { return Some(Heard::Nothing) };
    let by = if is_kubelet { Claimant::Kubelet } else { Claimant::Program };
    let came = came(words).unwrap_or(symptom.facts.socket.came);
    let about = vec![(about, Leg::This)];
    Some(Heard::Said(Box::new(Said { symptom: Some(symptom), came, about, ends, ..Said::new(by) })))
}

/// An event of a probe (`Readiness probe failed: ...`), or the kubelet's own line about it (klog: `"Probe failed"
/// ...`), not quoted by somebody.
fn is_probe(text: &str) -> bool {
    let before = ["Readiness", "Liveness", "Startup"]
        .into_iter()
        .find_map(|kind| text.split_once(&format!("{kind} probe failed: ")).map(|(before, _)| before));
    before.is_some_and(|before| !before.contains('"')) || text.contains("] \"Probe failed\" ")
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

/// `read tcp 10.244.1.1:51514->10.244.1.7:8080: `, the own end first, and what Go says behind it.
fn arrow_of_go(text: &str, role: ClaimantRole) -> Option<(About, &str)> {
    let (before, after) = text.split_once("->")?;
    let (before, near) = before.rsplit_once(' ')?;
    let is_go = ["tcp", "tcp4", "tcp6"].contains(&before.rsplit([' ', '"', '(']).next()?);
    let (far, words) = after.split_once(": ")?;
    let (near, far) = (ends::whole(near)?, ends::whole(far)?);
    is_go.then_some((About { near, far, role }, words))
}

/// Two ends with an arrow between them, whosever they are.
fn arrow(text: &str) -> Option<About> {
    let (before, after) = text.split_once("->")?;
    let near = ends::whole(before.split([' ', '"', '(']).next_back()?)?;
    let far = after.split([' ', '"', ')', ',']).next()?;
    Some(About { near, far: ends::whole(far.trim_end_matches(':'))?, role: ClaimantRole::Either })
}

/// `dial tcp 10.244.1.7:8080: connect: connection refused`.
fn dialled(text: &str) -> Option<(About, &str)> {
    let (_, after) = text.split_once("dial tcp ")?;
    let (far, words) = after.split_once(": ")?;
    let far = ends::whole(far.split(' ').next()?)?;
    Some((About { near: PartialEnd::default(), far, role: ClaimantRole::Client }, words))
}

/// The first address with its port.
fn first_end(text: &str) -> Option<About> {
    let mut words = text.split([' ', ',', '"', '\'', '(', ')', '<', '>', ';', '=']);
    let far = words.find_map(|word| ends::whole(word.trim_end_matches([':', '.'])))?;
    Some(About { near: PartialEnd::default(), far, role: ClaimantRole::Either })
}
