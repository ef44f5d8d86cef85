//! One reset as the list shows it: what can be searched, counted and sorted, and where the whole line is.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use serde::Serialize;
use whyrst_core::filter::{Key, Subject};
use whyrst_model::listed::ListedReport;
use whyrst_model::report::ReportSchema;
use whyrst_model::segment::Endpoint;
use whyrst_model::time::Timestamp;
use whyrst_model::vocabulary::{Confidence, End, Family, Origin, Phase, ResetKind, Severity};

/// Number of a source, in the order in which they came.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct SourceId(usize);

impl SourceId {
    /// The one that came after so many others.
    pub const fn of(place: usize) -> Self {
        Self(place)
    }

    /// How many came before it.
    pub const fn place(self) -> usize {
        self.0
    }
}

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
    /// Of the first RST.
    pub(crate) time: Timestamp,
    pub(crate) client: SocketAddr,
    pub(crate) server: SocketAddr,
    pub(crate) source: Name,
    pub(crate) cause: Name,
    /// The verdict in words.
    pub(crate) title: Name,
    /// The end in whose name the RST came.
    pub(crate) by: Option<End>,
    /// The shape of the reset. A failed connect has none, nor has a line of an older version.
    pub(crate) family: Option<Family>,
    pub(crate) mechanism: Option<Name>,
    /// The first reason.
    pub(crate) reason: Option<Name>,
    pub(crate) phase: Phase,
    pub(crate) origin: Origin,
    pub(crate) kind: ResetKind,
    pub(crate) ending: &'static str,
    pub(crate) process: Option<Name>,
    /// The host that the client asked for.
    pub(crate) asked: Option<Name>,
    pub(crate) severity: Severity,
    pub(crate) confidence: Confidence,
    pub(crate) accepted: Option<bool>,
    /// Octets of both sides.
    pub(crate) lost: Option<u64>,
    /// Equal ones that this one stands for, itself included.
    pub(crate) count: u64,
    /// Which source has its packets.
    pub(crate) told_by: SourceId,
    pub(crate) place: Place,
}

/// A row with its words, for a filter to look at.
pub(crate) struct Named<'a> {
    pub(crate) row: &'a Row,
    pub(crate) names: &'a Names,
}

impl Subject for Named<'_> {
    fn client(&self) -> SocketAddr {
        self.row.client
    }

    fn server(&self) -> SocketAddr {
        self.row.server
    }

    fn time(&self) -> Timestamp {
        self.row.time
    }

    fn word(&self, key: Key) -> Option<&str> {
        let Self { row, names } = self;
        let name = match key {
            Key::Cause => row.cause,
            Key::Mechanism => row.mechanism?,
            Key::Reason => row.reason?,
            Key::Family => return row.family.map(Family::name),
            Key::Process => row.process?,
            Key::Name => row.asked?,
            Key::Source => row.source,
            Key::Origin => return Some(row.origin.name()),
            Key::Ending => return Some(row.ending),
            Key::By => return row.by.map(End::name),
            Key::Phase => return Some(row.phase.name()),
            Key::Kind => return Some(row.kind.name()),
            Key::Severity => return Some(row.severity.name()),
            Key::Confidence => return Some(row.confidence.name()),
            Key::Service | Key::Peer | Key::Host | Key::Port | Key::Time => return None,
        };
        Some(names.word(name))
    }
}

/// What a row is when it leaves for the page.
#[derive(Serialize)]
pub(crate) struct RowObject<'a> {
    id: String,
    time: Timestamp,
    client: String,
    server: String,
    cause: &'a str,
    confidence: &'static str,
    family: Option<&'static str>,
    mechanism: Option<&'a str>,
    reason: Option<&'a str>,
    severity: &'static str,
    ending: &'static str,
    origin: &'static str,
    process: Option<&'a str>,
    name: Option<&'a str>,
    source: &'a str,
    lost: Option<u64>,
    accepted: Option<bool>,
    count: u64,
}

impl Row {
    /// Reads a line of the contract; `None` when it is something else.
    pub(crate) fn parse(line: &str, names: &mut Names, place: Place, told_by: SourceId) -> Option<Self> {
        let read: ListedReport<'_> = serde_json::from_str(line).ok()?;
        let (client, server) = (address(read.client), address(read.server));
        let lost = [read.effect.lost_client_bytes, read.effect.lost_server_bytes];
        let process = read.process.or(read.peer_process).map(|process| names.name(&process.comm));
        Some(Self {
            id: name_of(&format!("{}|{}|{client}|{server}", read.source, read.time.nanos())),
            time: read.time,
            client,
            server,
            source: names.name(&read.source),
            cause: names.name(&read.verdict.cause),
            title: names.name(&read.verdict.title),
            by: read.family.as_ref().map(|family| family.by),
            family: read.family.map(|family| family.id),
            mechanism: read.mechanism.map(|mechanism| names.name(&mechanism.cause)),
            reason: read.reasons.first().map(|reason| names.name(&reason.cause)),
            phase: read.phase,
            origin: read.origin,
            kind: read.kind,
            ending: match read.schema {
                ReportSchema::Reset => "reset",
                ReportSchema::FailedConnect => "failed-connect",
            },
            process,
            asked: read.asked_for.map(|asked| names.name(&asked.name)),
            severity: read.severity,
            confidence: read.verdict.confidence,
            accepted: read.effect.accepted,
            lost: lost.iter().flatten().copied().reduce(u64::saturating_add),
            count: read.count.max(1),
            told_by,
            place,
        })
    }

    /// Smaller does more harm: severity, whether it was taken, what was lost, how sure, how often.
    pub(crate) fn harm(&self) -> impl Ord + use<> {
        let ignored = self.accepted == Some(false);
        (
            self.severity,
            ignored,
            Reverse(self.lost.unwrap_or(0)),
            Reverse(self.confidence),
            Reverse(self.count),
            self.time,
        )
    }

    pub(crate) fn object<'a>(&self, names: &'a Names) -> RowObject<'a> {
        RowObject {
            id: format!("{:016x}", self.id),
            time: self.time,
            client: self.client.to_string(),
            server: self.server.to_string(),
            cause: names.word(self.cause),
            confidence: self.confidence.name(),
            family: self.family.map(Family::name),
            mechanism: self.mechanism.map(|mechanism| names.word(mechanism)),
            reason: self.reason.map(|reason| names.word(reason)),
            severity: self.severity.name(),
            ending: self.ending,
            origin: self.origin.name(),
            process: self.process.map(|process| names.word(process)),
            name: self.asked.map(|name| names.word(name)),
            source: names.word(self.source),
            lost: self.lost,
            accepted: self.accepted,
            count: self.count,
        }
    }
}

fn address(end: Endpoint) -> SocketAddr {
    SocketAddr::new(end.ip, end.port)
}

/// The name of a reset as the page writes it.
pub fn identity(text: &str) -> Option<u64> {
    (text.len() == 16).then(|| u64::from_str_radix(text, 16).ok()).flatten()
}

/// FNV-1a, 64 bits; the page computes the same for a report without a server.
fn name_of(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, octet| (hash ^ u64::from(octet)).wrapping_mul(0x0100_0000_01b3))
}
