//! What the page asks: which rows fit a filter, in which order, and what they have in common. The page's `local.ts`
//! does the same for a report without a server; the browser tests hold the two against each other.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};
use whyrst_core::filter::{Filter, Fit, Key};
use whyrst_model::vocabulary::{Confidence, Family, Origin, Severity};

use crate::issues::{Issue, Issues};
use crate::row::{Name, Named, Names, Row};

/// Values that a facet shows.
const SHOWN: usize = 12;
/// Causes with a colour of their own in the time series.
const SERIES: usize = 7;
/// Columns of the time series, at most.
const COLUMNS: i64 = 120;

/// In which order rows are listed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Order {
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
    let fit = rows.filter(|(_, row)| filter.fits(&Named { row, names }));
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
pub struct View {
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
        match filter.verdict(&Named { row, names }) {
            Fit::No => {}
            Fit::But(key) => tally.count(row, key),
            Fit::Yes => {
                total += row.count;
                issues.add(row);
                moments.push((row.time.nanos(), row.cause, row.count));
                for key in Key::ALL {
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
