//! What the page asks: a filter in words, an order, and what the rows that fit have in common.
//!
//! A filter is a list of terms. `key:value` must hold; several of one key are alternatives, and
//! `-key:value` must not hold; any other word must appear in the row. `web/src/local.ts` does the same
//! for a report without a server; the browser tests hold the two against each other.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, SocketAddr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use whyrst_core::language::Language;
use whyrst_model::vocabulary::{Confidence, End, Family, Origin, Severity};

use crate::issues::{Issue, Issues};
use crate::row::{Name, Names, Row};

/// Longest filter that is read.
const LONGEST: usize = 2_000;
/// Values that a facet shows.
const SHOWN: usize = 12;
/// Causes with a colour of their own in the time series.
const SERIES: usize = 7;
/// Columns of the time series, at most.
const COLUMNS: i64 = 120;

/// What a term is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Key {
    Family,
    Cause,
    Mechanism,
    Reason,
    Service,
    Peer,
    Process,
    Name,
    Severity,
    Confidence,
    Source,
    Origin,
    Ending,
    By,
    Phase,
    Kind,
    Host,
    Port,
    Time,
}

const KEYS: [(Key, &str); 19] = [
    (Key::Family, "family"),
    (Key::Cause, "cause"),
    (Key::Mechanism, "mechanism"),
    (Key::Reason, "reason"),
    (Key::Service, "service"),
    (Key::Peer, "peer"),
    (Key::Process, "process"),
    (Key::Name, "name"),
    (Key::Severity, "severity"),
    (Key::Confidence, "confidence"),
    (Key::Source, "source"),
    (Key::Origin, "origin"),
    (Key::Ending, "ending"),
    (Key::By, "by"),
    (Key::Phase, "phase"),
    (Key::Kind, "kind"),
    (Key::Host, "host"),
    (Key::Port, "port"),
    (Key::Time, "time"),
];

/// What a value must be.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Test {
    Word(String),
    End {
        ip: Option<IpAddr>,
        port: Option<u16>,
    },
    /// Nanoseconds since 1970, both included.
    Between(i64, i64),
}

/// Why a filter cannot be read.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub(crate) enum FilterError {
    #[error("the filter has more than {LONGEST} characters")]
    Long,
    #[error("{0}: expected an address, address:port, or :port")]
    End(String),
    #[error("{0}: expected two times such as 2026-01-31T12:00:00Z..2026-01-31T12:05:00Z")]
    Time(String),
}

impl FilterError {
    /// For whoever typed the filter.
    pub(crate) fn words(&self, language: Language) -> String {
        match (language, self) {
            (Language::English, _) => self.to_string(),
            (Language::Chinese, Self::Long) => format!("过滤条件超过了 {LONGEST} 个字符"),
            (Language::Chinese, Self::End(value)) => format!("{value}：应为地址、地址:端口或 :端口"),
            (Language::Chinese, Self::Time(value)) => {
                format!("{value}：应为两个时间，例如 2026-01-31T12:00:00Z..2026-01-31T12:05:00Z")
            }
        }
    }
}

/// Terms of one key.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Group {
    key: Key,
    any: Vec<Test>,
    none: Vec<Test>,
}

/// Which rows are wanted.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Filter {
    groups: Vec<Group>,
    /// In lower case.
    words: Vec<String>,
    without: Vec<String>,
}

impl Filter {
    pub(crate) fn parse(text: &str) -> Result<Self, FilterError> {
        if text.len() > LONGEST {
            return Err(FilterError::Long);
        }
        let mut filter = Self::default();
        for term in terms(text) {
            filter.add(&term)?;
        }
        Ok(filter)
    }

    fn add(&mut self, term: &str) -> Result<(), FilterError> {
        let (negative, body) = match term.strip_prefix('-') {
            Some(rest) if !rest.is_empty() => (true, rest),
            _ => (false, term),
        };
        let key = body.split_once(':').and_then(|(name, value)| Some((Key::named(name)?, value)));
        let Some((key, value)) = key.filter(|(_, value)| !value.is_empty()) else {
            let words = if negative { &mut self.without } else { &mut self.words };
            words.push(body.to_lowercase());
            return Ok(());
        };
        let test = test(key, value, body)?;
        let at = self.groups.iter().position(|group| group.key == key).unwrap_or_else(|| {
            self.groups.push(Group { key, any: Vec::new(), none: Vec::new() });
            self.groups.len() - 1
        });
        let group = &mut self.groups[at];
        let tests = if negative { &mut group.none } else { &mut group.any };
        tests.push(test);
        Ok(())
    }

    /// The key that alone keeps the row out, or whether it fits.
    fn verdict(&self, row: &Row, names: &Names) -> Fit {
        if !self.words_fit(row, names) {
            return Fit::No;
        }
        let mut failing = self.groups.iter().filter(|group| !group.holds(row, names));
        match (failing.next(), failing.next()) {
            (None, _) => Fit::Yes,
            (Some(group), None) => Fit::But(group.key),
            _ => Fit::No,
        }
    }

    pub(crate) fn fits(&self, row: &Row, names: &Names) -> bool {
        self.groups.iter().all(|group| group.holds(row, names)) && self.words_fit(row, names)
    }

    fn words_fit(&self, row: &Row, names: &Names) -> bool {
        if self.words.is_empty() && self.without.is_empty() {
            return true;
        }
        let word = |name: Option<Name>| name.map_or("", |name| names.word(name));
        let (process, asked) = (word(row.process), word(row.asked));
        let (cause, source) = (names.word(row.cause), names.word(row.source));
        let (mechanism, reason) = (word(row.mechanism), word(row.reason));
        let (steps, ends) = (format!("{cause} {mechanism} {reason}"), format!("{} {}", row.client, row.server));
        let text = format!("{ends} {steps} {process} {asked} {source}").to_lowercase();
        self.words.iter().all(|word| text.contains(word)) && !self.without.iter().any(|word| text.contains(word))
    }
}

/// Whether a row is wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fit {
    Yes,
    /// It would be, without the terms of this key: that facet counts it.
    But(Key),
    No,
}

impl Key {
    fn named(name: &str) -> Option<Self> {
        KEYS.iter().find(|(_, other)| *other == name).map(|(key, _)| *key)
    }
}

impl Group {
    fn holds(&self, row: &Row, names: &Names) -> bool {
        let is = |test: &Test| test.holds(self.key, row, names);
        (self.any.is_empty() || self.any.iter().any(is)) && !self.none.iter().any(is)
    }
}

impl Test {
    fn holds(&self, key: Key, row: &Row, names: &Names) -> bool {
        match self {
            Self::Word(word) => key.word_of(row, names).is_some_and(|own| own == word),
            Self::Between(from, to) => (*from..=*to).contains(&row.time.nanos()),
            Self::End { ip, port } => {
                let is =
                    |end: &SocketAddr| ip.is_none_or(|ip| ip == end.ip()) && port.is_none_or(|port| port == end.port());
                match key {
                    Key::Service => is(&row.server),
                    Key::Peer => is(&row.client),
                    _ => is(&row.server) || is(&row.client),
                }
            }
        }
    }
}

impl Key {
    fn word_of<'a>(self, row: &Row, names: &'a Names) -> Option<&'a str> {
        let name = match self {
            Self::Cause => row.cause,
            Self::Mechanism => row.mechanism?,
            Self::Reason => row.reason?,
            Self::Family => return row.family.map(Family::name),
            Self::Process => row.process?,
            Self::Name => row.asked?,
            Self::Source => row.source,
            Self::Origin => return Some(row.origin.name()),
            Self::Ending => return Some(row.ending),
            Self::By => return row.by.map(End::name),
            Self::Phase => return Some(row.phase.name()),
            Self::Kind => return Some(row.kind.name()),
            Self::Severity => return Some(row.severity.name()),
            Self::Confidence => return Some(row.confidence.name()),
            Self::Service | Self::Peer | Self::Host | Self::Port | Self::Time => return None,
        };
        Some(names.word(name))
    }
}

fn test(key: Key, value: &str, term: &str) -> Result<Test, FilterError> {
    match key {
        Key::Service | Key::Peer | Key::Host => end(value).ok_or_else(|| FilterError::End(term.to_owned())),
        Key::Port => {
            let port = value.parse().map_err(|_| FilterError::End(term.to_owned()))?;
            Ok(Test::End { ip: None, port: Some(port) })
        }
        Key::Time => between(value).ok_or_else(|| FilterError::Time(term.to_owned())),
        _ => Ok(Test::Word(value.to_owned())),
    }
}

fn end(value: &str) -> Option<Test> {
    if let Some(port) = value.strip_prefix(':').and_then(|port| port.parse().ok()) {
        return Some(Test::End { ip: None, port: Some(port) });
    }
    if let Ok(end) = value.parse::<SocketAddr>() {
        return Some(Test::End { ip: Some(end.ip()), port: Some(end.port()) });
    }
    Some(Test::End { ip: Some(value.parse().ok()?), port: None })
}

fn between(value: &str) -> Option<Test> {
    let (from, to) = value.split_once("..")?;
    let moment = |text: &str| i64::try_from(text.parse::<Timestamp>().ok()?.as_nanosecond()).ok();
    Some(Test::Between(moment(from)?, moment(to)?))
}

/// Words apart by blanks; what stands in double quotes is one, or belongs to one.
fn terms(text: &str) -> Vec<String> {
    let (mut all, mut term, mut quoted) = (Vec::new(), String::new(), false);
    for character in text.chars() {
        match character {
            '"' => quoted = !quoted,
            _ if character.is_whitespace() && !quoted => all.push(std::mem::take(&mut term)),
            _ => term.push(character),
        }
    }
    all.push(term);
    all.retain(|term| !term.is_empty());
    all
}

/// In which order rows are listed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Order {
    /// The most harmful first.
    #[default]
    Harm,
    /// The latest first.
    Newest,
    /// The earliest first.
    Oldest,
}

/// The numbers of the rows that fit, in their order.
pub(crate) fn sorted<'a>(
    rows: impl Iterator<Item = (u64, &'a Row)>,
    filter: &Filter,
    order: Order,
    names: &Names,
) -> Vec<u64> {
    let fit = rows.filter(|(_, row)| filter.fits(row, names));
    let mut fit: Vec<(u64, &Row)> = fit.collect();
    match order {
        Order::Harm => fit.sort_by_cached_key(|(number, row)| (row.harm(), *number)),
        Order::Newest => fit.sort_by_key(|(number, row)| std::cmp::Reverse((row.time, *number))),
        Order::Oldest => fit.sort_by_key(|(number, row)| (row.time, *number)),
    }
    fit.into_iter().map(|(number, _)| number).collect()
}

/// What the rows that fit have in common.
#[derive(Debug, Serialize)]
pub(crate) struct View {
    /// Rows.
    rows: u64,
    /// Resets and failed connects: each row as often as it counts.
    total: u64,
    /// What is alike among them, the commonest first.
    issues: Vec<Issue>,
    facets: Vec<Facet>,
    series: Series,
}

/// The commonest values of one key, counted as if the filter had no terms of that key.
#[derive(Debug, Serialize)]
struct Facet {
    key: &'static str,
    values: Vec<Value>,
    /// Values that are not shown.
    more: usize,
}

#[derive(Debug, Serialize)]
struct Value {
    value: String,
    count: u64,
}

/// Resets over time, by cause.
#[derive(Debug, Default, Serialize)]
struct Series {
    /// Milliseconds since 1970 of the first column.
    start: i64,
    /// Milliseconds of one column.
    step: i64,
    columns: usize,
    /// The commonest causes, and all others as `null`.
    causes: Vec<CauseSeries>,
}

#[derive(Debug, Serialize)]
struct CauseSeries {
    cause: Option<String>,
    counts: Vec<u64>,
}

#[derive(Default)]
struct Tally {
    families: HashMap<Family, u64>,
    causes: HashMap<Name, u64>,
    reasons: HashMap<Name, u64>,
    services: HashMap<SocketAddr, u64>,
    peers: HashMap<IpAddr, u64>,
    processes: HashMap<Name, u64>,
    asked: HashMap<Name, u64>,
    severities: HashMap<Severity, u64>,
    confidences: HashMap<Confidence, u64>,
    sources: HashMap<Name, u64>,
    origins: HashMap<Origin, u64>,
    endings: HashMap<&'static str, u64>,
}

/// Counts the rows that fit.
pub(crate) fn view<'a>(rows: impl Iterator<Item = &'a Row>, filter: &Filter, names: &Names) -> View {
    let (mut tally, mut issues) = (Tally::default(), Issues::default());
    let (mut moments, mut total) = (Vec::new(), 0);
    for row in rows {
        match filter.verdict(row, names) {
            Fit::No => {}
            Fit::But(key) => tally.count(row, key),
            Fit::Yes => {
                total += row.count;
                issues.add(row);
                moments.push((row.time.nanos(), row.cause, row.count));
                for (key, _) in KEYS {
                    tally.count(row, key);
                }
            }
        }
    }
    let (rows, issues) = (moments.len() as u64, issues.ranked(names));
    View { rows, total, issues, facets: tally.facets(names), series: series(&moments, names) }
}

impl Tally {
    fn count(&mut self, row: &Row, key: Key) {
        let slot = match key {
            Key::Cause => self.causes.entry(row.cause).or_default(),
            Key::Family => match row.family {
                Some(family) => self.families.entry(family).or_default(),
                None => return,
            },
            Key::Reason => match row.reason {
                Some(reason) => self.reasons.entry(reason).or_default(),
                None => return,
            },
            Key::Service => self.services.entry(row.server).or_default(),
            Key::Peer => self.peers.entry(row.client.ip()).or_default(),
            Key::Severity => self.severities.entry(row.severity).or_default(),
            Key::Confidence => self.confidences.entry(row.confidence).or_default(),
            Key::Source => self.sources.entry(row.source).or_default(),
            Key::Origin => self.origins.entry(row.origin).or_default(),
            Key::Ending => self.endings.entry(row.ending).or_default(),
            Key::Process => match row.process {
                Some(process) => self.processes.entry(process).or_default(),
                None => return,
            },
            Key::Name => match row.asked {
                Some(name) => self.asked.entry(name).or_default(),
                None => return,
            },
            Key::Mechanism | Key::By | Key::Phase | Key::Kind | Key::Host | Key::Port | Key::Time => return,
        };
        *slot += row.count;
    }

    fn facets(self, names: &Names) -> Vec<Facet> {
        let word = |name: Name| names.word(name).to_owned();
        vec![
            Facet::new("severity", self.severities, |severity| severity.to_string()),
            Facet::new("cause", self.causes, word),
            Facet::new("family", self.families, |family| family.to_string()),
            Facet::new("reason", self.reasons, word),
            Facet::new("service", self.services, |end| end.to_string()),
            Facet::new("peer", self.peers, |ip| ip.to_string()),
            Facet::new("process", self.processes, word),
            Facet::new("name", self.asked, word),
            Facet::new("confidence", self.confidences, |confidence| confidence.to_string()),
            Facet::new("origin", self.origins, |origin| origin.to_string()),
            Facet::new("ending", self.endings, str::to_owned),
            Facet::new("source", self.sources, word),
        ]
    }
}

impl Facet {
    fn new<T: Hash + Eq>(key: &'static str, counts: HashMap<T, u64>, word: impl Fn(T) -> String) -> Self {
        let mut values: Vec<Value> =
            counts.into_iter().map(|(value, count)| Value { value: word(value), count }).collect();
        values.sort_by(|one, other| other.count.cmp(&one.count).then_with(|| one.value.cmp(&other.value)));
        let more = values.len().saturating_sub(SHOWN);
        values.truncate(SHOWN);
        Self { key, values, more }
    }
}

/// Columns of a width that people count in.
fn series(moments: &[(i64, Name, u64)], names: &Names) -> Series {
    let millis = |time: i64| time.div_euclid(1_000_000);
    let times = || moments.iter().map(|(time, ..)| millis(*time));
    let (Some(first), Some(last)) = (times().min(), times().max()) else { return Series::default() };
    let step = step(last.saturating_sub(first));
    let start = first.div_euclid(step) * step;
    let column = |time: i64| usize::try_from((millis(time) - start) / step).unwrap_or(0);
    let columns = usize::try_from((last - start) / step).unwrap_or(0) + 1;
    let mut totals: HashMap<Name, u64> = HashMap::new();
    for (_, cause, count) in moments {
        *totals.entry(*cause).or_default() += count;
    }
    let mut commonest: Vec<(Name, u64)> = totals.into_iter().collect();
    commonest.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| names.word(one.0).cmp(names.word(other.0))));
    let others = commonest.len() > SERIES;
    commonest.truncate(SERIES);
    let empty = |cause: Option<String>| CauseSeries { cause, counts: vec![0; columns] };
    let mut causes: Vec<CauseSeries> =
        commonest.iter().map(|(cause, _)| empty(Some(names.word(*cause).to_owned()))).collect();
    causes.extend(others.then(|| empty(None)));
    let places: HashMap<Name, usize> = commonest.iter().enumerate().map(|(at, (cause, _))| (*cause, at)).collect();
    for (time, cause, count) in moments {
        let at = places.get(cause).copied().unwrap_or(SERIES);
        causes[at].counts[column(*time)] += count;
    }
    Series { start, step, columns, causes }
}

/// Milliseconds of a column, so that `span` milliseconds need no more than [`COLUMNS`].
fn step(span: i64) -> i64 {
    const STEPS: [i64; 24] = [
        1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000,
        600_000, 1_800_000, 3_600_000, 10_800_000, 21_600_000, 43_200_000,
    ];
    const DAY: i64 = 86_400_000;
    let days = (span / DAY / (COLUMNS - 1) + 1) * DAY;
    STEPS.into_iter().find(|step| span / step < COLUMNS - 1).unwrap_or(days)
}
