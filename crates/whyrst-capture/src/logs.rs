//! Logs of programs and what other systems' kernels wrote down, read as claims about connections
//! ([`whyrst_core::claim`]).
//!
//! A log is anybody's text: of any size, order and encoding. It is read line by line within bounds; a line of a form that
//! is not known is counted and the first of them kept for the report. Only lines that say how a connection ended, and
//! name an end of it, are kept, as many as their share of the memory holds.

mod ends;
mod envoy;
mod foreign;
mod go;
mod haproxy;
mod index;
mod journal;
mod lines;
mod nginx;
mod owners;
mod said;
mod sieve;
mod sshd;
mod stamp;
mod syslog;

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use jiff::tz::TimeZone;
use whyrst_core::claim::{About, Claim, Claimant, Leg, MOST_CLAIMS, Tied, TiedBy};
use whyrst_core::outcome::Outcome;
use whyrst_core::symptom::Symptom;
use whyrst_core::symptoms;
use whyrst_core::time::{Span, Timestamp};
use whyrst_core::verdict::claims::reason_named;

pub use foreign::{Events, Foreign, SentRst, events};
pub use lines::Lines;
pub use owners::packet_owners;
pub use said::{LogError, Tally};
pub use sieve::Sieve;

use index::{Dated, Index, Zone};
use said::{CLAIM_OCTETS, Heard, Said, begin};

use crate::source::Waiting;
use crate::window::Window;

/// Lines of JSON in lines of JSON, as log collectors wrap them.
const DEEPEST: u8 = 3;
/// Resets for which it is asked whether a line names them at another time.
const MOST_ELSEWHEN: u64 = 1 << 12;

/// A line that says something of a connection.
#[derive(Debug)]
struct Entry {
    said: Said,
    source: Arc<str>,
    line: u64,
    text: Box<str>,
}

/// The claims of all logs.
#[derive(Debug)]
pub struct Logs {
    zone: TimeZone,
    /// How many claims are kept.
    most: usize,
    /// When the captures begin, where that is known before.
    near: Option<Timestamp>,
    sieve: Sieve,
    entries: Vec<Entry>,
    tallies: Vec<Tally>,
    beyond: u64,
    opened: HashSet<PathBuf>,
    index: OnceLock<Index>,
    tied: AtomicU64,
    asked: AtomicU64,
    elsewhen: Mutex<Times>,
}

/// Lines that name an end of a reset at another time.
#[derive(Debug, Default)]
struct Times {
    lines: HashSet<usize>,
    /// By the quarters of an hour that they are away.
    shifted: HashMap<i32, HashSet<usize>>,
}

/// Lines that name an address and port that was reset, but at another time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OtherTimes {
    /// How many lines.
    pub lines: usize,
    /// How far they are away, where that is the difference of two time zones and the lines name none.
    pub away: Option<Span>,
}

impl Logs {
    /// None yet; times without a zone are those of `zone`.
    pub fn new(zone: TimeZone) -> Self {
        Self {
            zone,
            most: said::MOST,
            near: None,
            sieve: Sieve::new(),
            entries: Vec::new(),
            tallies: Vec::new(),
            beyond: 0,
            opened: HashSet::new(),
            index: OnceLock::new(),
            tied: AtomicU64::new(0),
            asked: AtomicU64::new(0),
            elsewhen: Mutex::default(),
        }
    }

    /// Keeps no more claims than this many octets hold, and of too many those nearest to `near`.
    #[must_use]
    pub fn within(self, octets: u64, near: Option<Timestamp>) -> Self {
        let most = usize::try_from(octets / CLAIM_OCTETS).unwrap_or(usize::MAX).clamp(MOST_CLAIMS, said::MOST);
        Self { most, near, ..self }
    }

    /// How many claims are kept.
    pub const fn most(&self) -> usize {
        self.most
    }

    /// Reads the log at `path`, unless it was read already; `-` is standard input.
    pub fn open(&mut self, path: &Path) -> Result<(), LogError> {
        let name = path.display().to_string();
        if !self.opened.insert(path.canonicalize().unwrap_or_else(|_| path.to_owned())) {
            return Ok(());
        }
        let file: io::Result<Box<dyn Read>> = match path.to_str() {
            Some("-") => Ok(Box::new(io::stdin())),
            _ => std::fs::File::open(path).map(|file| Box::new(file) as Box<dyn Read>),
        };
        file.and_then(|file| self.read(file, &name)).map_err(|cause| LogError { name, cause })
    }

    /// Reads the log called `name`.
    pub fn read(&mut self, input: impl Read, name: &str) -> io::Result<()> {
        let mut lines = Lines::of(input)?;
        let source: Arc<str> = name.into();
        let mut tally = Tally { name: name.to_owned(), ..Tally::default() };
        let mut entry = journal::Entry::default();
        while let Some((number, text)) = lines.next_line()? {
            if entry.is_binary(text) {
                let field = text.to_owned();
                if let Some(value) = lines.binary_field(journal::LONGEST_FIELD)? {
                    entry.take(&field, &value);
                }
                continue;
            }
            if let Some(whole) = entry.take_line(number, text) {
                self.hear_journal(&whole, &source, &mut tally);
            }
            if entry.is_open() || text.trim().is_empty() {
                continue;
            }
            tally.lines += 1;
            let heard = self.hear(text, 0);
            self.take(heard, text, number, &source, &mut tally);
        }
        if let Some(whole) = entry.finish() {
            self.hear_journal(&whole, &source, &mut tally);
        }
        self.tallies.push(tally);
        Ok(())
    }

    fn hear_journal(&mut self, entry: &journal::Entry, source: &Arc<str>, tally: &mut Tally) {
        tally.lines += 1;
        let heard = journal::hear(entry, |text| self.hear(text, 0));
        self.take(heard, entry.message(), entry.line(), source, tally);
    }

    fn take(&mut self, heard: Heard, text: &str, line: u64, source: &Arc<str>, tally: &mut Tally) {
        match heard {
            Heard::Said(said) => {
                tally.claims += 1;
                self.keep(Entry { said: *said, source: source.clone(), line, text: begin(text) });
            }
            Heard::Nothing => {}
            Heard::Unknown => {
                tally.unread += 1;
                tally.first_unread.get_or_insert_with(|| (line, begin(text).into()));
            }
        }
    }

    /// Where there are too many, the half that is farther from the captures goes.
    fn keep(&mut self, entry: Entry) {
        if self.entries.len() >= self.most {
            let Some(near) = self.near else {
                self.beyond += 1;
                return;
            };
            let zone = &self.zone;
            let distance = |entry: &Entry| {
                let time = entry.said.stamp.and_then(|stamp| stamp.resolve(near, zone));
                time.map_or(Span::ZERO, |time| time.plus(entry.said.lasted).since(near).abs())
            };
            let half = self.most / 2;
            self.entries.select_nth_unstable_by_key(half, distance);
            self.beyond += (self.entries.len() - half) as u64;
            self.entries.truncate(half);
        }
        self.entries.push(entry);
    }

    /// What one line says, which stands in as many others.
    fn hear(&self, line: &str, depth: u8) -> Heard {
        if line.trim_start().starts_with('{')
            && let Some(heard) = self.hear_object(line, depth)
        {
            return heard;
        }
        if let Some((stamp, rest)) = syslog::container(line, &self.zone) {
            return self.hear_wrapped(rest, Some(stamp), depth);
        }
        let prefixed = syslog::prefix(line, &self.zone);
        let rest = prefixed.rest;
        let heard = [nginx::hear, haproxy::hear, envoy::hear, sshd::hear, go::hear]
            .into_iter()
            .find_map(|hear| hear(rest, &prefixed, &self.sieve, &self.zone));
        match heard {
            Some(Heard::Said(mut said)) => {
                said.stamp = said.stamp.or(prefixed.stamp);
                said.process = said.process.or(prefixed.process);
                said.pid = said.pid.or(prefixed.pid);
                Heard::Said(said)
            }
            Some(other) => other,
            None if prefixed.stamp.is_some() => Heard::Nothing,
            None => Heard::Unknown,
        }
    }

    /// A line that somebody else hands on, with the time of that.
    fn hear_wrapped(&self, line: &str, stamp: Option<stamp::Stamp>, depth: u8) -> Heard {
        let heard = if depth < DEEPEST { self.hear(line, depth + 1) } else { Heard::Nothing };
        match heard {
            Heard::Said(mut said) => {
                said.stamp = said.stamp.or(stamp);
                Heard::Said(said)
            }
            Heard::Nothing | Heard::Unknown => Heard::Nothing,
        }
    }

    /// An object of JSON: of the journal, Envoy's access log, or a message with its time in any program's.
    fn hear_object(&self, line: &str, depth: u8) -> Option<Heard> {
        let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line).ok()?;
        if let Some(entry) = journal::Entry::of_object(&object) {
            return Some(journal::hear(&entry, |text| self.hear(text, DEEPEST)));
        }
        if let Some(heard) = envoy::hear_object(&object, &self.zone) {
            return Some(heard);
        }
        let message = ["msg", "message", "log", "MESSAGE"].into_iter().find_map(|name| object.get(name));
        let Some(message) = message.and_then(journal::text_of) else { return Some(Heard::Unknown) };
        let time = ["time", "ts", "@timestamp"].into_iter().find_map(|name| object.get(name));
        let stamp = time.and_then(|time| stamp::of_value(time, &self.zone));
        // zap writes what went wrong beside the message.
        let error = object.get("error").and_then(journal::text_of).unwrap_or(Cow::Borrowed(""));
        let words = [message, error].map(|text| text.lines().next().unwrap_or_default().to_owned());
        Some(self.hear_wrapped(words.join(" ").trim_end(), stamp, depth))
    }

    /// Adds what a foreign kernel said ([`Foreign`]), and hands out the RSTs that it says it sent.
    pub fn add_foreign(&mut self, foreign: Foreign) -> Vec<SentRst> {
        let Foreign { claims, resets, tally, beyond } = foreign;
        self.beyond += beyond;
        let source: Arc<str> = tally.name.as_str().into();
        for (line, text, said) in claims {
            self.keep(Entry { said, source: source.clone(), line, text: begin(&text) });
        }
        self.tallies.push(tally);
        resets
    }

    /// What is in each log.
    pub fn tallies(&self) -> &[Tally] {
        &self.tallies
    }

    /// Claims that were too many to be kept.
    pub const fn beyond(&self) -> u64 {
        self.beyond
    }

    /// How many lines were about connections that were asked for.
    pub fn tied(&self) -> u64 {
        self.tied.load(Ordering::Relaxed)
    }

    /// What names an end of such a connection and another time; `None` where nothing does.
    pub fn at_other_times(&self) -> Option<OtherTimes> {
        let times = self.elsewhen.lock().unwrap_or_else(PoisonError::into_inner);
        let most = times.shifted.iter().max_by_key(|(quarters, lines)| (lines.len(), Reverse(quarters.abs())));
        match most {
            Some((quarters, lines)) => {
                let away = Span::from_secs(900 * i64::from(*quarters));
                Some(OtherTimes { lines: lines.len(), away: Some(away) })
            }
            None => Some(OtherTimes { lines: times.lines.len(), away: None }).filter(|other| other.lines > 0),
        }
    }

    /// Notes at `outcome` what is claimed of it.
    pub fn tie(&self, outcome: &mut Outcome) {
        if self.entries.is_empty() {
            return;
        }
        let index = self.index.get_or_init(|| {
            let dated = self.entries.iter().enumerate();
            let dated = dated.flat_map(|(at, entry)| entry.dated(at, outcome.time(), &self.zone));
            Index::of(dated.collect(), self.entries.len())
        });
        let (mut tied, fresh) = index.about(outcome);
        // While nothing fits, the zone may be wrong.
        if self.tied.fetch_add(fresh, Ordering::Relaxed) + fresh == 0
            && self.asked.fetch_add(1, Ordering::Relaxed) < MOST_ELSEWHEN
        {
            let found = index.elsewhen(outcome);
            let mut times = self.elsewhen.lock().unwrap_or_else(PoisonError::into_inner);
            times.lines.extend(found.lines);
            for (quarters, line) in found.shifts {
                times.shifted.entry(quarters).or_default().insert(line);
            }
        }
        // The surest first, and of those the nearest.
        let reset = outcome.time();
        let distance = |one: &Tied| one.claim.time.map_or(Span::ZERO, |time| time.since(reset).abs());
        tied.sort_by_key(|one| (by_rank(one.by), distance(one)));
        tied.truncate(MOST_CLAIMS);
        tied.sort_by_key(|one| (one.claim.time, one.claim.line));
        outcome.incarnation_mut().claims.extend(tied);
    }
}

const fn by_rank(by: TiedBy) -> u8 {
    match by {
        TiedBy::BothEnds => 0,
        TiedBy::OneEnd => 1,
        TiedBy::Address => 2,
    }
}

impl Entry {
    /// Its claims, where it is the line at `at`; `near` is a time that those without a year are about.
    fn dated(&self, at: usize, near: Timestamp, zone: &TimeZone) -> Vec<Dated> {
        let said = &self.said;
        let is_zoneless = said.stamp.is_some_and(stamp::Stamp::is_zoneless);
        let when = said.stamp.and_then(|stamp| {
            let from = stamp.resolve(near, zone)?;
            Some((from, from.plus(said.lasted).plus(stamp.resolution())))
        });
        // Of a program that nobody knows it is not known whose words its line repeats.
        let names_reason = |leg| match said.by {
            Claimant::Program => false,
            // A status says that the upstream failed, not how.
            Claimant::AccessLog => leg == Leg::This,
            _ => true,
        };
        let claim = |&(about, leg): &(About, Leg)| Dated {
            about,
            when,
            zone: if is_zoneless { Zone::Assumed } else { Zone::Written },
            ends: said.ends,
            entry: at,
            claim: Arc::new(Claim {
                source: self.source.clone(),
                line: self.line,
                by: said.by,
                time: when.map(|(from, _)| from.plus(said.lasted)),
                text: self.text.clone(),
                process: said.process.as_deref().map(Into::into),
                pid: said.pid,
                symptom: said.symptom,
                cause: reason_named(said.symptom, said.came, leg).filter(|_| names_reason(leg)),
                came: said.came,
                leg,
                about,
            }),
        };
        said.about.iter().map(claim).collect()
    }
}

/// Whether the file is a log: text with a line of a form that is known, and no capture, recording or printed packets.
pub fn looks_like_log(path: &Path) -> bool {
    const LOOKED_AT: u64 = 1 << 16;
    let mut octets = Vec::new();
    let read = |path: &Path| std::fs::File::open(path).and_then(|file| file.take(LOOKED_AT).read_to_end(&mut octets));
    // A pipe would lose what is read here.
    if !path.is_file() || { read }(path).is_err() || crate::recording::begins(&octets) {
        return false;
    }
    let mut window = Window::new(Box::new(Waiting(io::Cursor::new(octets.clone()))));
    if crate::printed::recognise(&mut window).map_or(true, |text| text.is_some()) {
        return false;
    }
    let (Ok(mut lines), logs) = (Lines::of(octets.as_slice()), Logs::new(TimeZone::UTC)) else { return false };
    while let Ok(Some((_, line))) = lines.next_line() {
        if line.contains('\0') {
            return false;
        }
        let is_entry = line.starts_with("__CURSOR=");
        if is_entry || !matches!(logs.hear(line, 0), Heard::Unknown) && !line.trim().is_empty() {
            return true;
        }
    }
    false
}

/// The symptoms that lines of `input` hold, each with its first line: what `whyrst why` answers about.
pub fn read_symptoms(input: impl Read) -> io::Result<OwnedReading> {
    let (mut lines, sieve) = (Lines::of(input)?, Sieve::new());
    let mut reading = OwnedReading::default();
    while let Some((number, text)) = lines.next_line()? {
        if text.trim().is_empty() {
            continue;
        }
        reading.lines += 1;
        let found = sieve.symptoms(text);
        reading.unknown += usize::from(found.is_empty());
        if reading.first.is_empty() {
            reading.first = begin(text).into();
        }
        for symptom in found {
            match reading.found.iter_mut().find(|(known, ..)| *known == symptom) {
                Some((.., times)) => *times += 1,
                None => reading.found.push((symptom, text.to_owned(), usize::try_from(number).unwrap_or(0), 1)),
            }
        }
    }
    reading.found.sort_by_key(|(.., times)| Reverse(*times));
    Ok(reading)
}

/// As [`symptoms::Reading`], with lines of its own.
#[derive(Debug, Default)]
pub struct OwnedReading {
    /// Each symptom with its first line, the number of that and how many lines hold it.
    pub found: Vec<(&'static Symptom, String, usize, usize)>,
    /// How many lines there are, blank ones aside.
    pub lines: usize,
    /// How many of them hold no symptom.
    pub unknown: usize,
    /// The first line.
    pub first: String,
}

impl OwnedReading {
    /// For the words that are made of it.
    pub fn reading(&self) -> symptoms::Reading<'_> {
        let found = self.found.iter().map(|(symptom, text, line, times)| symptoms::Sighting {
            symptom,
            text,
            line: *line,
            times: *times,
        });
        symptoms::Reading { found: found.collect(), lines: self.lines, unknown: self.unknown }
    }
}
