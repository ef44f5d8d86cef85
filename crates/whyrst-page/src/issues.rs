//! Issues: rows that are alike for whoever has to mend them. Thirty thousand resets are some dozens of them.
//!
//! Alike are resets of one shape with one leading cause that matter as much, in the name of the same side, of the same
//! port; `whyrst explain --summary` groups them by the same. The page's `local.ts` does this for a report without a
//! server.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::{IpAddr, SocketAddr};

use serde::Serialize;
use whyrst_model::time::Timestamp;
use whyrst_model::vocabulary::{Confidence, End, Family, Severity};

use crate::row::{Name, Names, Row};

/// Issues that are listed; the rest is found by facets.
const LISTED: usize = 200;
/// Columns of the small chart of an issue.
const COLUMNS: u64 = 24;

/// What is alike.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Key {
    family: Option<Family>,
    cause: Name,
    by: Option<End>,
    port: u16,
    severity: Severity,
    ending: &'static str,
}

#[derive(Debug)]
struct Tally {
    title: Name,
    count: u64,
    rows: u64,
    lost: Option<u64>,
    servers: HashSet<SocketAddr>,
    clients: HashSet<IpAddr>,
    confidences: BTreeMap<Confidence, u64>,
    moments: Vec<(Timestamp, u64)>,
}

/// All issues, as they are counted.
#[derive(Debug, Default)]
pub(crate) struct Issues {
    tallies: HashMap<Key, Tally>,
}

/// One of them.
#[derive(Debug, Serialize)]
pub(crate) struct Issue {
    family: Option<&'static str>,
    cause: String,
    /// The verdict in words.
    title: String,
    by: Option<&'static str>,
    port: u16,
    severity: &'static str,
    ending: &'static str,
    /// How sure most of them are.
    confidence: &'static str,
    /// Resets or failed connects.
    count: u64,
    /// Lines of the list.
    rows: u64,
    servers: u64,
    clients: u64,
    /// Its server, where it has one.
    service: Option<String>,
    /// Octets, at most, where something is known of them.
    lost: Option<u64>,
    first: Timestamp,
    last: Timestamp,
    /// How many in each part of the time that all issues take.
    counts: Vec<u64>,
}

impl Issues {
    pub(crate) fn add(&mut self, row: &Row) {
        let key = Key {
            family: row.family,
            cause: row.cause,
            by: row.by,
            port: row.server.port(),
            severity: row.severity,
            ending: row.ending,
        };
        self.tallies.entry(key).or_insert_with(|| Tally::named(row.title)).add(row);
    }

    /// What is benign last, then the commonest first.
    pub(crate) fn ranked(self, names: &Names) -> Vec<Issue> {
        let times = || self.tallies.values().flat_map(|tally| tally.moments.iter().map(|(time, _)| time.nanos()));
        let (Some(first), Some(last)) = (times().min(), times().max()) else { return Vec::new() };
        let issue = |(key, tally): (&Key, &Tally)| tally.issue(key, (first, last), names);
        let mut issues: Vec<Issue> = self.tallies.iter().filter_map(issue).collect();
        issues.sort_by(|one, other| one.rank().cmp(&other.rank()));
        issues.truncate(LISTED);
        issues
    }
}

impl Tally {
    fn named(title: Name) -> Self {
        Self {
            title,
            count: 0,
            rows: 0,
            lost: None,
            servers: HashSet::new(),
            clients: HashSet::new(),
            confidences: BTreeMap::new(),
            moments: Vec::new(),
        }
    }

    fn add(&mut self, row: &Row) {
        self.count += row.count;
        self.rows += 1;
        self.lost = [self.lost, row.lost].into_iter().flatten().reduce(u64::saturating_add);
        self.servers.insert(row.server);
        self.clients.insert(row.client.ip());
        *self.confidences.entry(row.confidence).or_default() += row.count;
        self.moments.push((row.time, row.count));
    }

    fn issue(&self, key: &Key, span: (i64, i64), names: &Names) -> Option<Issue> {
        let times = || self.moments.iter().map(|(time, _)| *time);
        let (first, last) = (times().min()?, times().max()?);
        // Of two that are as common, the less sure.
        let (confidence, _) = self.confidences.iter().rev().max_by_key(|(_, count)| **count)?;
        let only = self.servers.iter().next().filter(|_| self.servers.len() == 1);
        Some(Issue {
            family: key.family.map(Family::name),
            cause: names.word(key.cause).to_owned(),
            title: names.word(self.title).to_owned(),
            by: key.by.map(End::name),
            port: key.port,
            severity: key.severity.name(),
            ending: key.ending,
            confidence: confidence.name(),
            count: self.count,
            rows: self.rows,
            servers: self.servers.len() as u64,
            clients: self.clients.len() as u64,
            service: only.map(SocketAddr::to_string),
            lost: self.lost,
            first,
            last,
            counts: columns(&self.moments, span),
        })
    }
}

impl Issue {
    fn rank(&self) -> impl Ord + use<'_> {
        let benign = self.severity == Severity::Benign.name();
        (benign, Reverse(self.count), &self.cause, self.port, self.by, self.severity)
    }
}

/// How many in each of [`COLUMNS`] parts of the time from first to last.
fn columns(moments: &[(Timestamp, u64)], (first, last): (i64, i64)) -> Vec<u64> {
    let width = last.abs_diff(first) / COLUMNS + 1;
    let mut counts = vec![0; usize::try_from(COLUMNS).unwrap_or_default()];
    for (time, count) in moments {
        let at = usize::try_from(time.nanos().abs_diff(first) / width).unwrap_or_default();
        if let Some(column) = counts.get_mut(at) {
            *column += count;
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_moment_has_a_column_and_none_is_lost() {
        let moments: Vec<_> = (0..1_000).map(|n| (Timestamp::from_nanos(n * 7_919), 1)).collect();
        let counts = columns(&moments, (0, 999 * 7_919));
        assert_eq!(counts.len(), 24);
        assert_eq!(counts.iter().sum::<u64>(), 1_000);
        assert!(counts.iter().all(|count| (41..=42).contains(count)), "{counts:?}");
    }

    #[test]
    fn one_moment_is_one_column_at_either_end_of_time() {
        for at in [i64::MIN, 0, i64::MAX] {
            let counts = columns(&[(Timestamp::from_nanos(at), 5)], (at, at));
            assert_eq!(counts[0], 5);
        }
        let ends = [(Timestamp::from_nanos(i64::MIN), 1), (Timestamp::from_nanos(i64::MAX), 1)];
        let counts = columns(&ends, (i64::MIN, i64::MAX));
        assert_eq!((counts[0], counts[23]), (1, 1));
    }
}
