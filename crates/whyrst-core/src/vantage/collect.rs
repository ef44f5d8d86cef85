//! The second reading of a point: all segments of the connections that ended badly anywhere.
//!
//! A connection is recognised by its addresses and ports or, when a NAT has rewritten those, by
//! segments whose numbers hardly any other connection can have. Memory is bounded: a long
//! connection keeps its beginning and its latest segments, and what was left out is counted.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::ops::Range;

use foldhash::fast::FixedState;
use hashbrown::{HashMap, HashSet};

use super::print::{Print, Rare};
use crate::flow::{FlowKey, Side};
use crate::history::Record;
use crate::observation::{Observation, Seen};
use crate::outcome::Outcome;
use crate::segment::Segment;
use crate::time::{Span, Timestamp};

/// Segments kept of the beginning of one connection.
const HEAD: usize = 1_024;
/// The latest segments kept of one connection.
const TAIL: usize = 65_536;
/// Copies of one packet at one point come within this time of each other (docs/internals/captures.md#copies).
const COPY_WITHIN: Span = Span::from_millis(50);
/// Other connections between the same hosts that are kept to learn the clocks from.
const NEIGHBOURS: usize = 32;
/// Segments kept of each of those.
const NEIGHBOUR_RECORDS: usize = 64;

/// What to look for at every point.
#[derive(Debug, Default)]
pub struct Wanted {
    keys: HashSet<FlowKey, FixedState>,
    hosts: HashSet<(IpAddr, IpAddr), FixedState>,
    rare: HashSet<Rare, FixedState>,
}

impl Wanted {
    /// The connections of these outcomes, which may come from several points.
    pub fn of<'a>(outcomes: impl Iterator<Item = &'a Outcome>) -> Self {
        let mut wanted = Self::default();
        for outcome in outcomes {
            let connection = outcome.connection();
            wanted.keys.insert(connection.key);
            wanted.hosts.insert(hosts(&connection.key));
            let resets = outcome.rsts().iter().map(|rst| &rst.record);
            let records = outcome.before().iter().chain(resets).chain(outcome.after());
            wanted.rare.extend(records.filter_map(Rare::of));
        }
        wanted
    }

    /// Whether there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

/// The addresses of a connection, in the order of its sides.
pub(super) fn hosts(key: &FlowKey) -> (IpAddr, IpAddr) {
    (key.endpoint(Side::Low).ip, key.endpoint(Side::High).ip)
}

/// All segments between one pair of endpoints at one point, in the order of arrival.
#[derive(Debug)]
pub struct Trace {
    pub(super) key: FlowKey,
    head: Vec<Record>,
    tail: VecDeque<Record>,
    /// Segments between the two that were not kept.
    left_out: u64,
    /// Whether the memory bound cut it short.
    pub(super) cut_short: bool,
}

impl Trace {
    fn new(key: FlowKey) -> Self {
        Self { key, head: Vec::new(), tail: VecDeque::new(), left_out: 0, cut_short: false }
    }

    /// Says whether the trace grew.
    fn push(&mut self, record: Record) -> bool {
        if self.is_copy(&record) {
            return false;
        }
        if self.head.len() < HEAD {
            self.head.push(record);
            return true;
        }
        self.tail.push_back(record);
        if self.tail.len() > TAIL {
            self.tail.pop_front();
            self.left_out += 1;
            return false;
        }
        true
    }

    /// The same IPv4 identification and the same numbers, at once: one packet at two interfaces.
    fn is_copy(&self, record: &Record) -> bool {
        let named = record.own_id().is_some();
        let latest = self.tail.iter().rev().chain(self.head.iter().rev());
        named
            && latest.take_while(|seen| record.time.since(seen.time).abs() <= COPY_WITHIN).take(64).any(|seen| {
                seen.ip_id() == record.ip_id() && seen.window == record.window && Print::of(seen) == Print::of(record)
            })
    }

    fn len(&self) -> usize {
        self.head.len() + self.tail.len()
    }

    pub(super) fn records(&self) -> Vec<Record> {
        self.head.iter().chain(&self.tail).copied().collect()
    }

    /// Where the records begin that nothing was left out of.
    pub(super) fn unbroken_from(&self) -> usize {
        if self.left_out > 0 { self.head.len() } else { 0 }
    }
}

/// What was collected at one point.
#[derive(Debug, Default)]
pub struct Traces {
    pub(super) of: HashMap<FlowKey, Trace, FixedState>,
    /// Under which addresses and ports a wanted segment passed here.
    pub(super) found: HashMap<Rare, FlowKey, FixedState>,
    /// Seconds in which the first host sent TCP to the second, in order.
    pub(super) busy: HashMap<(IpAddr, IpAddr), Vec<i64>, FixedState>,
    /// Segments that the memory bound left no room for.
    pub left_out: u64,
}

/// Other packets this many seconds away from a moment show that a point was recording.
const NEAR: i64 = 60;

impl Traces {
    /// Whether `from` sent to `to` both in the minute before and in the minute after `time`.
    pub(super) fn covers(&self, from: IpAddr, to: IpAddr, time: Timestamp, doubt: Span) -> bool {
        let before = second(time.plus(Span::from_nanos(doubt.nanos().saturating_neg())));
        self.sent(from, to, before - NEAR..before) && self.goes_on(from, to, time.plus(doubt))
    }

    /// Whether `from` sent to `to` in the minute after `time`.
    pub(super) fn goes_on(&self, from: IpAddr, to: IpAddr, time: Timestamp) -> bool {
        let after = second(time) + 1;
        self.sent(from, to, after..after + NEAR)
    }

    fn sent(&self, from: IpAddr, to: IpAddr, seconds: Range<i64>) -> bool {
        self.busy.get(&(from, to)).is_some_and(|busy| busy.iter().any(|second| seconds.contains(second)))
    }
}

fn second(time: Timestamp) -> i64 {
    time.nanos().div_euclid(1_000_000_000)
}

/// Collects at one point.
#[derive(Debug)]
pub struct Collector<'a> {
    wanted: &'a Wanted,
    traces: Traces,
    /// Connections that are wanted ones under other addresses or ports.
    adopted: HashSet<FlowKey, FixedState>,
    neighbours: HashMap<(IpAddr, IpAddr), usize, FixedState>,
    kept: usize,
    limit: usize,
}

impl<'a> Collector<'a> {
    /// Keeps at most `limit` segments of 48 octets.
    pub fn new(wanted: &'a Wanted, limit: usize) -> Self {
        Self {
            wanted,
            traces: Traces::default(),
            adopted: HashSet::default(),
            neighbours: HashMap::default(),
            kept: 0,
            limit,
        }
    }

    /// Takes in one observation.
    pub fn observe(&mut self, observation: &Observation<'_>) {
        let Seen::Segment(segment) = &observation.what else { return };
        let (key, from) = FlowKey::of(segment.src, segment.dst);
        let wanted = self.recognises(key, segment) || self.wanted.keys.contains(&key);
        let neighbour = self.note_hosts(&key, segment, observation.time);
        if wanted || (neighbour && self.has_room_for_neighbour(key)) {
            self.keep(key, Record::new(observation, segment, from));
        }
    }

    /// What was collected.
    pub fn finish(self) -> Traces {
        self.traces
    }

    /// Whether this pair of endpoints has shown a wanted segment, now or before.
    fn recognises(&mut self, key: FlowKey, segment: &Segment<'_>) -> bool {
        if let Some(rare) = Rare::of_segment(segment).filter(|rare| self.wanted.rare.contains(rare)) {
            self.traces.found.entry(rare).or_insert(key);
            self.adopted.insert(key);
        }
        self.adopted.contains(&key)
    }

    /// Whether the two hosts have a wanted connection.
    fn note_hosts(&mut self, key: &FlowKey, segment: &Segment<'_>, time: Timestamp) -> bool {
        let wanted = self.wanted.hosts.contains(&hosts(key));
        if wanted {
            let seconds = self.traces.busy.entry((segment.src.ip, segment.dst.ip)).or_default();
            let now = second(time);
            if seconds.last() != Some(&now) && self.kept < self.limit {
                self.kept += 1;
                seconds.push(now);
            }
        }
        wanted
    }

    fn has_room_for_neighbour(&mut self, key: FlowKey) -> bool {
        if let Some(trace) = self.traces.of.get(&key) {
            return trace.len() < NEIGHBOUR_RECORDS;
        }
        let count = self.neighbours.entry(hosts(&key)).or_default();
        *count += 1;
        *count <= NEIGHBOURS
    }

    fn keep(&mut self, key: FlowKey, record: Record) {
        let trace = self.traces.of.entry(key).or_insert_with(|| Trace::new(key));
        if self.kept >= self.limit {
            trace.cut_short = true;
            self.traces.left_out += 1;
        } else if trace.push(record) {
            self.kept += 1;
        }
    }
}
