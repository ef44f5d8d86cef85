//! Which segments of two points are the same: first the connection is found at each point, then its
//! segments are paired.
//!
//! The numbers of a segment name it; where one was sent twice, the IPv4 identification names the
//! packet, and else the order of arrival. A RST must not be paired on its numbers alone: a forger
//! copies those. Where identifications pass the path unchanged, a RST with another one is another.

use alloc::vec::Vec;

use foldhash::fast::FixedState;
use hashbrown::{HashMap, HashSet};

use super::collect::{Trace, Traces};
use super::print::{Print, Rare};
use crate::flow::{FlowKey, Side};
use crate::history::{Notes, Record};
use crate::joined::{Crossing, Relation, Sight};
use crate::outcome::Outcome;
use crate::segment::Flags;
use crate::seq::Seq;

/// A connection at one point: its segments there, with the sides that it has at the outcome's point.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) relation: Relation,
    /// The endpoints there.
    pub(super) key: Option<FlowKey>,
    /// Whether that key's sides are those of the outcome's key.
    pub(super) sides: Sides,
    pub(super) records: Vec<Record>,
    /// Records before this one may lack others that were left out.
    pub(super) unbroken_from: usize,
    /// Whether the memory bound cut it short.
    pub(super) cut_short: bool,
}

/// How the sides of one key stand to those of another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Sides {
    Same,
    Swapped,
}

impl Sides {
    pub(super) const fn apply(self, side: Side) -> Side {
        match self {
            Self::Same => side,
            Self::Swapped => side.other(),
        }
    }
}

impl Part {
    pub(super) const fn without(relation: Relation) -> Self {
        Self { relation, key: None, sides: Sides::Same, records: Vec::new(), unbroken_from: 0, cut_short: false }
    }

    /// Everything between one pair of endpoints.
    pub(super) fn whole(trace: &Trace) -> Self {
        Self::cut(trace, Relation::Same, Sides::Same, 0..usize::MAX)
    }

    fn cut(trace: &Trace, relation: Relation, sides: Sides, within: core::ops::Range<usize>) -> Self {
        let mut records = trace.records();
        records.truncate(within.end);
        records.drain(..within.start);
        for record in &mut records {
            record.from = sides.apply(record.from);
        }
        let unbroken_from = trace.unbroken_from().saturating_sub(within.start);
        Self { relation, key: Some(trace.key), sides, records, unbroken_from, cut_short: trace.cut_short }
    }

    /// Whether the connection was found there.
    pub(super) const fn is_found(&self) -> bool {
        matches!(self.relation, Relation::Same | Relation::Rewritten)
    }
}

/// The outcome's connection at the point where the outcome was seen.
pub(super) fn own(outcome: &Outcome, traces: &Traces) -> Part {
    let Some(trace) = traces.of.get(&outcome.connection().key) else { return Part::without(Relation::Nothing) };
    let records = trace.records();
    let at = |frame| records.iter().position(|record| record.frame == frame);
    let end = outcome.rst().map_or(outcome.connection().first_frame, |rst| rst.record.frame);
    let Some(last) = at(end) else { return Part::without(Relation::Nothing) };
    let first = at(outcome.connection().first_frame).unwrap_or_else(|| incarnation_start(&records, last));
    let end = incarnation_end(&records, last);
    Part::cut(trace, Relation::Same, Sides::Same, first..end)
}

/// The same connection at another point.
pub(super) fn other(own: &Part, traces: &Traces) -> Part {
    let Some(key) = own.key else { return Part::without(Relation::Nothing) };
    if let Some(trace) = traces.of.get(&key) {
        let records = trace.records();
        let prints: HashSet<Print, FixedState> = own.records.iter().map(Print::of).collect();
        if let Some(within) = span(&records, |record| prints.contains(&Print::of(record))) {
            return Part::cut(trace, Relation::Same, Sides::Same, within);
        }
    }
    rewritten(own, traces).unwrap_or_else(|| {
        let there = traces.of.contains_key(&key);
        Part::without(if there { Relation::OtherNumbers } else { Relation::Nothing })
    })
}

/// Under other addresses or ports: a SYN with its timestamp, a SYN-ACK, or two other segments must agree.
fn rewritten(own: &Part, traces: &Traces) -> Option<Part> {
    let key = own.records.iter().filter_map(Rare::of).find_map(|rare| traces.found.get(&rare))?;
    let trace = traces.of.get(key)?;
    let records = trace.records();
    let rare: HashMap<Rare, Side, FixedState> =
        own.records.iter().filter_map(|record| Some((Rare::of(record)?, record.from))).collect();
    let common: Vec<(&Record, Side)> =
        records.iter().filter_map(|record| Some((record, *rare.get(&Rare::of(record)?)?))).collect();
    let sides = |(record, side): &(&Record, Side)| if record.from == *side { Sides::Same } else { Sides::Swapped };
    let first = sides(common.first()?);
    let proves = common.len() >= 2 || common[0].0.flags.has(Flags::SYN);
    if !proves || common.iter().any(|pair| sides(pair) != first) {
        return None;
    }
    let within = span(&records, |record| Rare::of(record).is_some_and(|of| rare.contains_key(&of)))?;
    Some(Part::cut(trace, Relation::Rewritten, first, within))
}

/// The incarnation in which records that `ours` recognises lie.
fn span(records: &[Record], ours: impl Fn(&Record) -> bool) -> Option<core::ops::Range<usize>> {
    let first = records.iter().position(&ours)?;
    let last = records.iter().rposition(&ours)?;
    Some(incarnation_start(records, first)..incarnation_end(records, last))
}

/// Back to the SYN that opens the connection in which the record at `within` is.
fn incarnation_start(records: &[Record], within: usize) -> usize {
    let mut isn: Option<Seq> = None;
    let mut start = within;
    for at in (0..=within).rev() {
        let record = &records[at];
        match isn {
            None if record.flags.is_syn() => isn = Some(record.seq),
            Some(isn) if record.flags.is_syn() && record.seq != isn => break,
            _ => {}
        }
        if isn.is_none() || record.flags.is_syn() {
            start = at;
        }
    }
    start
}

/// Up to the next SYN that opens another one.
fn incarnation_end(records: &[Record], within: usize) -> usize {
    let isn = records[..=within].iter().rev().find(|record| record.flags.is_syn()).map(|syn| syn.seq);
    let opens = |record: &Record| record.flags.is_syn() && Some(record.seq) != isn;
    records[within + 1..].iter().position(opens).map_or(records.len(), |more| within + 1 + more)
}

/// Every segment of the connection once, in the order in which the points were read; and which
/// pairs are certain enough to learn the clocks from.
#[derive(Debug)]
pub(super) struct Paired {
    pub(super) crossings: Vec<Crossing>,
    /// Parallel to `crossings`: no other segment could have been meant.
    pub(super) exact: Vec<bool>,
    /// Segments whose number of copies differs between points: which of them is which is not known.
    unclear: HashSet<Print, FixedState>,
}

impl Paired {
    /// Pairs the segments of all parts; `first` is the point of the outcome.
    pub(super) fn of(parts: &[Part], first: usize) -> Self {
        let counts: Vec<HashMap<Print, u32, FixedState>> = parts.iter().map(count).collect();
        let mut paired = Self { crossings: Vec::new(), exact: Vec::new(), unclear: unclear(&counts) };
        let order = core::iter::once(first).chain((0..parts.len()).filter(|at| *at != first));
        let mut known: HashMap<Print, Vec<usize>, FixedState> = HashMap::default();
        for at in order {
            let ids = keeps_ids(&parts[first], &parts[at], &counts[first], &counts[at]);
            for record in &parts[at].records {
                let print = Print::of(record);
                let places = known.entry(print).or_default();
                let once = counts.iter().all(|count| count.get(&print).copied().unwrap_or(0) <= 1);
                let place = if let Some((place, exact)) = paired.partner(places, record, at, ids) {
                    paired.exact[place] &= exact || once;
                    place
                } else {
                    places.push(paired.add(record, parts.len()));
                    paired.crossings.len() - 1
                };
                let sight = Sight { frame: record.frame, time: record.time, ttl: record.ttl() };
                paired.crossings[place].seen[at] = Some(sight);
            }
        }
        paired
    }

    /// A segment that no point read before has recorded.
    fn add(&mut self, record: &Record, points: usize) -> usize {
        self.crossings.push(Crossing { record: *record, seen: alloc::vec![None; points] });
        self.exact.push(true);
        self.crossings.len() - 1
    }

    /// The crossing that `record` of point `at` belongs to, and whether it can be no other.
    fn partner(&self, places: &[usize], record: &Record, at: usize, ids: Ids) -> Option<(usize, bool)> {
        let free = || places.iter().copied().filter(|place| self.crossings[*place].seen[at].is_none());
        let same_id = |place: &usize| has_id(record) && self.crossings[*place].record.ip_id() == record.ip_id();
        let is_rst = record.flags.has(Flags::RST);
        let another = |place: &usize| {
            let there = &self.crossings[*place].record;
            ids == Ids::Kept && is_rst && is_v4(record) && there.ip_id() != record.ip_id()
        };
        free().find(same_id).map(|place| (place, true)).or_else(|| Some((free().find(|place| !another(place))?, false)))
    }

    /// Whether it is not known which of several equal segments this one is.
    pub(super) fn is_unclear(&self, record: &Record) -> bool {
        self.unclear.contains(&Print::of(record))
    }
}

/// Whether identifications pass from one point to the other unchanged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Ids {
    Kept,
    Unknown,
}

fn is_v4(record: &Record) -> bool {
    !record.notes.has(Notes::IPV6)
}

fn has_id(record: &Record) -> bool {
    record.own_id().is_some()
}

fn count(part: &Part) -> HashMap<Print, u32, FixedState> {
    let mut counts = HashMap::default();
    for record in &part.records {
        *counts.entry(Print::of(record)).or_insert(0) += 1;
    }
    counts
}

/// Every segment that both recorded once, in both directions, has the same identification in both.
fn keeps_ids(
    one: &Part,
    other: &Part,
    ones: &HashMap<Print, u32, FixedState>,
    others: &HashMap<Print, u32, FixedState>,
) -> Ids {
    let single = |record: &&Record| {
        let print = Print::of(record);
        let plain = !record.flags.has(Flags::RST) && is_v4(record) && record.ip_id().is_some();
        plain && ones.get(&print) == Some(&1) && others.get(&print) == Some(&1)
    };
    let there: HashMap<Print, Option<u16>, FixedState> =
        other.records.iter().filter(single).map(|record| (Print::of(record), record.ip_id())).collect();
    let mut kept = false;
    for record in one.records.iter().filter(single) {
        match there.get(&Print::of(record)) {
            Some(id) if *id != record.ip_id() => return Ids::Unknown,
            Some(id) => kept |= *id != Some(0),
            None => {}
        }
    }
    if kept { Ids::Kept } else { Ids::Unknown }
}

/// Prints of RSTs that two points recorded, but not equally often.
fn unclear(counts: &[HashMap<Print, u32, FixedState>]) -> HashSet<Print, FixedState> {
    let mut unclear = HashSet::default();
    for (print, times) in counts.iter().flatten() {
        let differs = counts.iter().filter_map(|count| count.get(print)).any(|other| other != times);
        if differs {
            unclear.insert(*print);
        }
    }
    unclear
}
