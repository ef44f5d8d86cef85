//! A fleet's volume: counts of each window, and some full events beside them.
//!
//! A window has one row for each cause, confidence, severity, family, reason, side, service and peer. It has a bounded number of
//! rows: beyond that a reset is counted under the peer `other`, then under the service `other`, so that the sum of
//! a window is always the number of resets in it.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime};

use whyrst_model::Report;

use crate::conventions::{Observed, observed};
use crate::metrics::locked;
use crate::moment::Moment;
use crate::record::Record;

/// Rows of one window that name a peer, and rows that name a service and no peer.
const ROWS: usize = 10_000;
const OTHER: &str = "other";

/// What resets of one row have in common.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Key {
    pub(crate) cause: String,
    pub(crate) confidence: &'static str,
    pub(crate) severity: &'static str,
    pub(crate) family: &'static str,
    pub(crate) reason: String,
    pub(crate) side: &'static str,
    pub(crate) service: String,
    pub(crate) peer: String,
}

impl Key {
    pub(crate) fn labels(&self) -> [(&'static str, String); 8] {
        [
            ("cause", self.cause.clone()),
            ("confidence", self.confidence.to_owned()),
            ("severity", self.severity.to_owned()),
            ("family", self.family.to_owned()),
            ("reason", self.reason.clone()),
            ("side", self.side.to_owned()),
            ("service", self.service.clone()),
            ("peer", self.peer.clone()),
        ]
    }
}

/// The counts of one stretch of time.
#[derive(Clone, Debug)]
pub(crate) struct Window {
    pub(crate) from: SystemTime,
    pub(crate) to: SystemTime,
    rows: BTreeMap<Key, u64>,
    conventional: BTreeMap<Observed, u64>,
    /// Resets that are in the counts and were not reported one by one.
    pub(crate) unsampled: u64,
    /// Resets that this host sent and of which it does not know what the other host calls the connection.
    pub(crate) unplaced: u64,
}

impl Window {
    pub(crate) fn rows(&self) -> impl Iterator<Item = (&Key, u64)> {
        self.rows.iter().map(|(key, count)| (key, *count))
    }

    /// The same resets by OpenTelemetry's names.
    pub(crate) fn conventional(&self) -> impl Iterator<Item = (Observed, u64)> {
        self.conventional.iter().map(|(point, count)| (*point, *count))
    }

    pub(crate) fn total(&self) -> u64 {
        self.rows.values().sum()
    }

    fn add(&mut self, record: &Record) {
        let Report { verdict, severity, server, count, .. } = &record.report;
        if record.is_unplaced() {
            self.unplaced += count;
        }
        for point in observed(record) {
            *self.conventional.entry(point).or_default() += count;
        }
        let mut key = Key {
            cause: verdict.cause.to_string(),
            confidence: verdict.confidence.name(),
            severity: severity.name(),
            family: record.family(),
            reason: record.reason_id().to_owned(),
            side: record.direction.name(),
            service: server.to_string(),
            peer: record.peer.ip.to_string(),
        };
        if self.rows.len() >= ROWS && !self.rows.contains_key(&key) {
            OTHER.clone_into(&mut key.peer);
        }
        if self.rows.len() >= 2 * ROWS && !self.rows.contains_key(&key) {
            OTHER.clone_into(&mut key.service);
        }
        *self.rows.entry(key).or_default() += count;
    }
}

/// The window that is now. The thread that reads the kernel's events adds to it, a worker closes it.
#[derive(Debug)]
pub(crate) struct Aggregates {
    every: Duration,
    now: Mutex<(Instant, Window)>,
}

impl Aggregates {
    pub(crate) fn new(every: Duration, now: Moment) -> Self {
        Self { every, now: Mutex::new((now.steady, fresh(now.wall))) }
    }

    pub(crate) const fn every(&self) -> Duration {
        self.every
    }

    pub(crate) fn add(&self, record: &Record) {
        locked(&self.now).1.add(record);
    }

    /// Notes that so many are reported in counts alone.
    pub(crate) fn leave_out(&self, count: u64) {
        locked(&self.now).1.unsampled += count;
    }

    /// The window, when it is as old as `every`.
    pub(crate) fn closed(&self, now: Moment, every: Duration) -> Option<Window> {
        let mut current = locked(&self.now);
        if now.steady.saturating_duration_since(current.0) < every {
            return None;
        }
        let mut window = std::mem::replace(&mut *current, (now.steady, fresh(now.wall))).1;
        window.to = now.wall;
        Some(window)
    }
}

const fn fresh(from: SystemTime) -> Window {
    Window { from, to: from, rows: BTreeMap::new(), conventional: BTreeMap::new(), unsampled: 0, unplaced: 0 }
}

/// So many full events a second, and a burst of ten seconds' worth.
#[derive(Debug)]
pub(crate) struct Bucket {
    per_second: f64,
    tokens: f64,
    filled: Instant,
}

impl Bucket {
    pub(crate) fn new(per_second: u32, now: Instant) -> Self {
        let per_second = f64::from(per_second);
        Self { per_second, tokens: per_second * BURST, filled: now }
    }

    /// Whether one more may go.
    pub(crate) fn take(&mut self, now: Instant) -> bool {
        let gained = now.saturating_duration_since(self.filled).as_secs_f64() * self.per_second;
        self.tokens = (self.tokens + gained).min(self.per_second * BURST);
        self.filled = now;
        let may = self.tokens >= 1.0;
        if may {
            self.tokens -= 1.0;
        }
        may
    }
}

/// Seconds' worth of tokens that a quiet time saves up.
const BURST: f64 = 10.0;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::tests::record;

    #[test]
    fn a_window_adds_up_however_many_peers_there_are() {
        let now = Moment::now();
        let every = Duration::from_secs(10);
        let aggregates = Aggregates::new(every, now);
        for peer in 0..u32::try_from(3 * ROWS).unwrap() {
            let mut one = record("closed-port");
            one.peer.ip = std::net::Ipv4Addr::from(0x0a00_0000 + peer).into();
            aggregates.add(&one);
        }
        assert!(aggregates.closed(now, every).is_none());
        let window = aggregates.closed(now.after(every), every).unwrap();
        assert_eq!(window.total(), 3 * ROWS as u64);
        assert_eq!(window.rows().count(), ROWS + 1);
        let other = window.rows().find(|(key, _)| key.peer == OTHER).unwrap();
        assert_eq!(other.1, 2 * ROWS as u64);
        assert_eq!(window.to.duration_since(window.from).unwrap(), every);
        let next = aggregates.closed(now.after(3 * every), every).unwrap();
        assert_eq!((next.total(), next.from), (0, window.to), "windows leave no gap");
    }

    #[test]
    fn a_bucket_gives_its_burst_and_then_its_rate() {
        let begin = Instant::now();
        let mut bucket = Bucket::new(5, begin);
        let taken = (0..1_000).filter(|_| bucket.take(begin)).count();
        assert_eq!(taken, 50);
        let later = begin + Duration::from_secs(2);
        assert_eq!((0..1_000).filter(|_| bucket.take(later)).count(), 10);
        assert_eq!((0..10).filter(|_| Bucket::new(0, begin).take(later)).count(), 0);
    }
}
