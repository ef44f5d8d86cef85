//! One reset as the list shows it: what can be searched, counted and sorted, and where the whole line is.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A word that many rows have in common.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Name(u32);

/// All such words, each once.
#[derive(Debug, Default)]
pub(crate) struct Names {
    all: Vec<Arc<str>>,
    places: HashMap<Arc<str>, Name>,
}

impl Names {
    pub(crate) fn name(&mut self, word: &str) -> Name {
        if let Some(name) = self.places.get(word) {
            return *name;
        }
        // There are no more words than rows, which are bounded.
        let name = Name(u32::try_from(self.all.len()).unwrap_or(u32::MAX));
        let word: Arc<str> = word.into();
        self.all.push(Arc::clone(&word));
        self.places.insert(word, name);
        name
    }

    pub(crate) fn word(&self, name: Name) -> &str {
        self.all.get(name.0 as usize).map_or("", |word| word)
    }
}

/// How much a reset matters, worst first, as the core ranks them.
pub(crate) const SEVERITIES: [&str; 5] = ["fault", "attack", "policy", "scan", "benign"];
/// How sure, surest first.
pub(crate) const CONFIDENCES: [&str; 4] = ["certain", "likely", "possible", "unexplained"];

/// The fields of `whyrst.reset/1` and `whyrst.failed-connect/1` that rows are made of.
#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    schema: Cow<'a, str>,
    #[serde(borrow)]
    source: Cow<'a, str>,
    #[serde(borrow)]
    time: Cow<'a, str>,
    client: End,
    server: End,
    #[serde(borrow)]
    phase: Cow<'a, str>,
    #[serde(borrow)]
    origin: Cow<'a, str>,
    #[serde(borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    verdict: Verdict<'a>,
    #[serde(borrow)]
    severity: Cow<'a, str>,
    #[serde(borrow)]
    process: Option<Process<'a>>,
    #[serde(borrow)]
    peer_process: Option<Process<'a>>,
    #[serde(borrow)]
    asked_for: Option<AskedFor<'a>>,
    effect: Effect,
    count: u64,
}

#[derive(Deserialize)]
struct End {
    ip: IpAddr,
    port: u16,
}

#[derive(Deserialize)]
struct Verdict<'a> {
    #[serde(borrow)]
    cause: Cow<'a, str>,
    #[serde(borrow)]
    confidence: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Process<'a> {
    #[serde(borrow)]
    comm: Cow<'a, str>,
}

#[derive(Deserialize)]
struct AskedFor<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Effect {
    accepted: Option<bool>,
    lost_client_bytes: Option<u64>,
    lost_server_bytes: Option<u64>,
}

/// Where a line lies in its spool.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) offset: u64,
    pub(crate) octets: u32,
}

/// One reset, or one connect that failed.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// The same for the same reset, whoever reads the captures again: deep links name it.
    pub(crate) id: u64,
    /// Nanoseconds since 1970, of the first RST.
    pub(crate) time: i64,
    pub(crate) client: SocketAddr,
    pub(crate) server: SocketAddr,
    pub(crate) source: Name,
    pub(crate) cause: Name,
    pub(crate) phase: Name,
    pub(crate) origin: Name,
    pub(crate) kind: Name,
    pub(crate) ending: Name,
    pub(crate) process: Option<Name>,
    /// The host that the client asked for.
    pub(crate) asked: Option<Name>,
    /// Index into [`SEVERITIES`]; beyond it for a word that is not there.
    pub(crate) severity: u8,
    /// Index into [`CONFIDENCES`].
    pub(crate) confidence: u8,
    pub(crate) accepted: Option<bool>,
    /// Octets of both sides.
    pub(crate) lost: Option<u64>,
    /// Equal ones that this one stands for, itself included.
    pub(crate) count: u64,
    pub(crate) place: Place,
}

/// What a row is when it leaves for the page.
#[derive(Serialize)]
pub(crate) struct RowObject<'a> {
    id: String,
    time: String,
    client: String,
    server: String,
    cause: &'a str,
    confidence: &'static str,
    severity: &'static str,
    ending: &'a str,
    origin: &'a str,
    process: Option<&'a str>,
    name: Option<&'a str>,
    source: &'a str,
    lost: Option<u64>,
    accepted: Option<bool>,
    count: u64,
}

impl Row {
    /// Reads a line of the contract; `None` when it is something else.
    pub(crate) fn parse(line: &str, names: &mut Names, place: Place) -> Option<Self> {
        let read: Line<'_> = serde_json::from_str(line).ok()?;
        let ending = match read.schema.as_ref() {
            "whyrst.reset/1" => "reset",
            "whyrst.failed-connect/1" => "failed-connect",
            _ => return None,
        };
        let time = i64::try_from(read.time.parse::<Timestamp>().ok()?.as_nanosecond()).ok()?;
        let client = SocketAddr::new(read.client.ip, read.client.port);
        let server = SocketAddr::new(read.server.ip, read.server.port);
        let lost = [read.effect.lost_client_bytes, read.effect.lost_server_bytes];
        let process = read.process.or(read.peer_process).map(|process| names.name(&process.comm));
        Some(Self {
            id: identity(&format!("{}|{time}|{client}|{server}", read.source)),
            time,
            client,
            server,
            source: names.name(&read.source),
            cause: names.name(&read.verdict.cause),
            phase: names.name(&read.phase),
            origin: names.name(&read.origin),
            kind: names.name(&read.kind),
            ending: names.name(ending),
            process,
            asked: read.asked_for.map(|asked| names.name(&asked.name)),
            severity: rank(&SEVERITIES, &read.severity),
            confidence: rank(&CONFIDENCES, &read.verdict.confidence),
            accepted: read.effect.accepted,
            lost: lost.iter().flatten().copied().reduce(u64::saturating_add),
            count: read.count.max(1),
            place,
        })
    }

    /// Smaller does more harm: severity, whether it was taken, what was lost, how sure, how often.
    pub(crate) fn harm(&self) -> impl Ord + use<> {
        let ignored = self.accepted == Some(false);
        (self.severity, ignored, Reverse(self.lost.unwrap_or(0)), self.confidence, Reverse(self.count), self.time)
    }

    pub(crate) fn object<'a>(&self, names: &'a Names) -> RowObject<'a> {
        RowObject {
            id: format!("{:016x}", self.id),
            time: Timestamp::from_nanosecond(i128::from(self.time))
                .map_or_else(|_| String::new(), |at| format!("{at:.9}")),
            client: self.client.to_string(),
            server: self.server.to_string(),
            cause: names.word(self.cause),
            confidence: CONFIDENCES.get(usize::from(self.confidence)).copied().unwrap_or("unexplained"),
            severity: SEVERITIES.get(usize::from(self.severity)).copied().unwrap_or("fault"),
            ending: names.word(self.ending),
            origin: names.word(self.origin),
            process: self.process.map(|process| names.word(process)),
            name: self.asked.map(|name| names.word(name)),
            source: names.word(self.source),
            lost: self.lost,
            accepted: self.accepted,
            count: self.count,
        }
    }
}

fn rank(words: &[&str], word: &str) -> u8 {
    let at = words.iter().position(|other| *other == word).unwrap_or(words.len());
    u8::try_from(at).unwrap_or(u8::MAX)
}

/// FNV-1a, 64 bits; the page computes the same for a report without a server.
fn identity(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, octet| (hash ^ u64::from(octet)).wrapping_mul(0x0100_0000_01b3))
}
