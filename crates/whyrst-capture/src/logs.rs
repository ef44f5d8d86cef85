//! Logs of programs and what other systems' kernels wrote down, read as claims about connections
//! ([`whyrst_core::claim`]).
//!
//! A log is anybody's text: of any size, order and encoding. It is read line by line within bounds; a line of a form that
//! is not known is counted and the first of them kept for whoever has to be told. Only lines that say how a connection
//! ended, and name an end of it, are kept ([`Logs::MOST`] of them).

mod ends;
mod envoy;
mod foreign;
mod go;
mod haproxy;
mod journal;
mod lines;
mod nginx;
mod owners;
mod said;
mod sieve;
mod sshd;
mod stamp;
mod syslog;

use std::cmp::Reverse;
use std::collections::HashMap;
use std::io::{self, Read};
use std::net::IpAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use jiff::tz::TimeZone;
use whyrst_core::claim::{About, Claim, ClaimantRole, Leg, MOST_CLAIMS, Tied, TiedBy, unmapped};
use whyrst_core::connection::Roles;
use whyrst_core::flow::Side;
use whyrst_core::kernel::KernelReset;
use whyrst_core::outcome::Outcome;
use whyrst_core::symptom::Symptom;
use whyrst_core::symptoms;
use whyrst_core::time::{Span, Timestamp};
use whyrst_core::verdict::claims::reason_named;

pub use foreign::{Foreign, looks_foreign};
pub use lines::Lines;
pub use owners::packet_owners;
pub use said::{LogError, Tally};
pub use sieve::Sieve;

use said::{Heard, Said, begin};

use crate::source::Waiting;
use crate::window::Window;

/// Clocks of two hosts, and the time from an event to its line.
const SLACK: Span = Span::from_secs(2);

/// A line that says something of a connection.
#[derive(Debug)]
struct Entry {
    said: Said,
    source: Arc<str>,
    line: u64,
    text: Box<str>,
}

/// A claim with the time that it is about.
#[derive(Debug)]
struct Dated {
    claim: Arc<Claim>,
    about: About,
    /// From when to when; `None` where the line says no time.
    when: Option<(Timestamp, Timestamp)>,
}

/// The claims of all logs.
#[derive(Debug)]
pub struct Logs {
    zone: TimeZone,
    sieve: Sieve,
    entries: Vec<Entry>,
    tallies: Vec<Tally>,
    beyond: u64,
    index: OnceLock<Index>,
    tied: AtomicU64,
    elsewhen: AtomicU64,
}

/// The claims by the addresses that they name, in the order of time.
#[derive(Debug, Default)]
struct Index {
    claims: Vec<Dated>,
    by_address: HashMap<IpAddr, Vec<u32>>,
}

impl Logs {
    /// Claims beyond this number are only counted.
    pub const MOST: usize = said::MOST;

    /// None yet; times without a zone are those of `zone`.
    pub fn new(zone: TimeZone) -> Self {
        Self {
            zone,
            sieve: Sieve::new(),
            entries: Vec::new(),
            tallies: Vec::new(),
            beyond: 0,
            index: OnceLock::new(),
            tied: AtomicU64::new(0),
            elsewhen: AtomicU64::new(0),
        }
    }

    /// Reads the log at `path`; `-` is standard input.
    pub fn open(&mut self, path: &Path) -> Result<(), LogError> {
        let name = path.display().to_string();
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
            if let Some(whole) = entry.take_line(number, text) {
                self.hear_journal(&whole, &source, &mut tally);
            }
            if entry.is_open() || text.trim().is_empty() {
                continue;
            }
            tally.lines += 1;
            let heard = self.hear(text);
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
        let heard = journal::hear(entry, |text| self.hear(text));
        self.take(heard, entry.message(), entry.line(), source, tally);
    }

    fn take(&mut self, heard: Heard, text: &str, line: u64, source: &Arc<str>, tally: &mut Tally) {
        match heard {
            Heard::Said(said) => {
                tally.claims += 1;
                if self.entries.len() >= Self::MOST {
                    self.beyond += 1;
                    return;
                }
                self.entries.push(Entry { said: *said, source: source.clone(), line, text: begin(text) });
            }
            Heard::Nothing => {}
            Heard::Unknown => {
                tally.unread += 1;
                tally.first_unread.get_or_insert_with(|| (line, begin(text).into()));
            }
        }
    }

    /// What one line says.
    fn hear(&self, line: &str) -> Heard {
        let symptom = self.sieve.symptom(line);
        if line.trim_start().starts_with('{')
            && let Some(heard) = self.hear_object(line, symptom)
        {
            return heard;
        }
        let prefixed = syslog::prefix(line, &self.zone);
        let rest = prefixed.rest;
        let heard = [nginx::hear, haproxy::hear, envoy::hear, sshd::hear, go::hear]
            .into_iter()
            .find_map(|hear| hear(rest, &prefixed, symptom, &self.zone));
        match heard {
            Some(Heard::Said(mut said)) => {
                said.stamp = said.stamp.or(prefixed.stamp);
                said.process = said.process.or(prefixed.process);
                said.pid = said.pid.or(prefixed.pid);
                Heard::Said(said)
            }
            Some(other) => other,
            None if prefixed.stamp.is_some() || symptom.is_some() => Heard::Nothing,
            None => Heard::Unknown,
        }
    }

    /// An object of JSON: of the journal, or Envoy's access log.
    fn hear_object(&self, line: &str, symptom: Option<&'static Symptom>) -> Option<Heard> {
        let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line).ok()?;
        if let Some(entry) = journal::Entry::of_object(&object) {
            return Some(journal::hear(&entry, |text| self.hear(text)));
        }
        Some(envoy::hear_object(&object, symptom, &self.zone))
    }

    /// Adds what a foreign kernel said ([`Foreign`]).
    pub fn add_foreign(&mut self, foreign: Foreign) -> Vec<KernelReset> {
        let Foreign { claims, resets, tally } = foreign;
        for (line, text, said) in claims {
            if self.entries.len() >= Self::MOST {
                self.beyond += 1;
                continue;
            }
            let source = tally.name.as_str().into();
            self.entries.push(Entry { said, source, line, text: begin(&text) });
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

    /// How many claims were about connections that were asked for.
    pub fn tied(&self) -> u64 {
        self.tied.load(Ordering::Relaxed)
    }

    /// How many name both ends of such a connection, and another time: the zone may be wrong.
    pub fn at_other_times(&self) -> u64 {
        self.elsewhen.load(Ordering::Relaxed)
    }

    /// Notes at `outcome` what is claimed of it.
    pub fn tie(&self, outcome: &mut Outcome) {
        if self.entries.is_empty() {
            return;
        }
        let index = self.index.get_or_init(|| Index::of(&self.entries, outcome.time(), &self.zone));
        let mut tied = index.about(outcome, &self.elsewhen);
        self.tied.fetch_add(tied.len() as u64, Ordering::Relaxed);
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

impl Index {
    /// `near` is a time that the claims without a year are about.
    fn of(entries: &[Entry], near: Timestamp, zone: &TimeZone) -> Self {
        let mut claims: Vec<Dated> = entries.iter().flat_map(|entry| entry.dated(near, zone)).collect();
        claims.sort_by_key(|dated| dated.when.map(|(from, _)| from));
        let mut by_address: HashMap<IpAddr, Vec<u32>> = HashMap::new();
        for (at, dated) in claims.iter().enumerate() {
            // Under the end that says more.
            let ends = [dated.about.near, dated.about.far];
            let best = ends.into_iter().filter(|end| end.ip.is_some()).max_by_key(|end| end.is_whole());
            if let Some(ip) = best.and_then(|end| end.ip) {
                by_address.entry(unmapped(ip)).or_default().push(u32::try_from(at).unwrap_or(u32::MAX));
            }
        }
        Self { claims, by_address }
    }

    fn about(&self, outcome: &Outcome, elsewhen: &AtomicU64) -> Vec<Tied> {
        let connection = outcome.connection();
        let mut tied = Vec::new();
        let mut addresses = Side::BOTH.map(|side| unmapped(connection.endpoint(side).ip)).to_vec();
        addresses.dedup();
        for at in addresses.iter().filter_map(|ip| self.by_address.get(ip)).flatten() {
            let Some(dated) = self.claims.get(*at as usize) else { continue };
            let Some((side, by)) = ends_of(dated.about, outcome) else { continue };
            let begin = if by == TiedBy::BothEnds { connection.first } else { outcome.time() };
            let fits = dated.when.map(|(from, until)| {
                from.plus(Span::from_nanos(-SLACK.nanos())) <= outcome.time() && begin <= until.plus(SLACK)
            });
            if fits.unwrap_or(by == TiedBy::BothEnds) {
                tied.push(Tied { claim: dated.claim.clone(), side, by });
            } else {
                elsewhen.fetch_add(u64::from(by == TiedBy::BothEnds), Ordering::Relaxed);
            }
        }
        tied
    }
}

/// Which end of `outcome` the claimant is, and how that is known; `None` where it is none of both.
fn ends_of(about: About, outcome: &Outcome) -> Option<(Option<Side>, TiedBy)> {
    let by = about.tied_by()?;
    let connection = outcome.connection();
    let client = connection.client;
    let may_be = |side: Side| match about.role {
        _ if connection.roles == Roles::Guessed => true,
        ClaimantRole::Client => side == client,
        ClaimantRole::Server => side != client,
        ClaimantRole::Either => true,
    };
    let fits = |side: &Side| {
        may_be(*side)
            && about.near.fits(connection.endpoint(*side))
            && about.far.fits(connection.endpoint(side.other()))
    };
    let mut sides = Side::BOTH.into_iter().filter(fits);
    let first = sides.next()?;
    Some((sides.next().is_none().then_some(first), by))
}

impl Entry {
    fn dated(&self, near: Timestamp, zone: &TimeZone) -> Vec<Dated> {
        let said = &self.said;
        let when = said.stamp.and_then(|stamp| {
            let from = stamp.resolve(near, zone)?;
            Some((from, from.plus(said.lasted).plus(stamp.resolution())))
        });
        let claim = |&(about, leg): &(About, Leg)| Dated {
            about,
            when,
            claim: Arc::new(Claim {
                source: self.source.clone(),
                line: self.line,
                by: said.by,
                time: when.map(|(from, _)| from.plus(said.lasted)),
                text: self.text.clone(),
                process: said.process.as_deref().map(Into::into),
                pid: said.pid,
                symptom: said.symptom,
                cause: reason_named(said.symptom, said.came, leg),
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
        if is_entry || !matches!(logs.hear(line), Heard::Unknown) && !line.trim().is_empty() {
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
        let found = if sieve.lets_through(text) { symptoms::in_line(text) } else { Vec::new() };
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
