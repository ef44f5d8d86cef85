//! Whether "not recorded" means "never passed".
//!
//! It does only where the point recorded the connection before and after the moment in question and
//! shows no sign of loss: no drop counters, no octets acknowledged that it never showed, nothing
//! missing that a point further along has recorded. Everything else is unknown.

use alloc::vec::Vec;

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::pairing::{Paired, Part};
use crate::flow::Side;
use crate::history::Record;
use crate::joined::Offset;
use crate::joined::{Crossing, Loss, Point, Presence};
use crate::observation::Frame;
use crate::segment::Flags;
use crate::seq::Seq;
use crate::time::{Span, Timestamp};

/// What is known of one connection at all points, to judge absences by.
pub(super) struct Coverage<'a> {
    pub(super) parts: &'a [Part],
    pub(super) paired: &'a Paired,
    /// From the client's side to the server's.
    pub(super) path: &'a [Point],
    pub(super) client: Side,
    /// What each capture says of its own losses.
    pub(super) losses: Vec<Option<Loss>>,
    /// Whether a point recorded anything else from one end to the other in the minute after a moment.
    pub(super) goes_on: &'a dyn Fn(usize, Side, Timestamp) -> bool,
    /// Each point's place of each frame.
    places: Vec<HashMap<Frame, usize, FixedState>>,
}

impl<'a> Coverage<'a> {
    pub(super) fn new(
        parts: &'a [Part],
        paired: &'a Paired,
        path: &'a [Point],
        client: Side,
        said: impl Iterator<Item = Option<Loss>>,
        goes_on: &'a dyn Fn(usize, Side, Timestamp) -> bool,
    ) -> Self {
        let places = parts.iter().map(|part| part.records.iter().map(|record| record.frame).zip(0..).collect());
        let mut coverage =
            Self { parts, paired, path, client, losses: said.collect(), goes_on, places: places.collect() };
        for at in 0..parts.len() {
            let seen = coverage.losses[at].or_else(|| coverage.shows_loss(at));
            coverage.losses[at] = seen;
        }
        coverage
    }

    /// Whether the segment was at the point. `clocks` is the offset from each other point to it.
    pub(super) fn presence(&self, crossing: &Crossing, at: usize, clock: impl Fn(usize) -> Option<Offset>) -> Presence {
        let is_rst = crossing.record.flags.has(Flags::RST);
        if crossing.seen[at].is_some() {
            return if is_rst && self.paired.is_unclear(&crossing.record) { Presence::Unknown } else { Presence::Seen };
        }
        if self.has_octets(at, &crossing.record) {
            return Presence::Seen;
        }
        let counts = self.parts[at].is_found() && self.losses[at].is_none();
        let whole = holes(&self.parts[at], crossing.record.from).is_empty();
        let bracketed = || (0..self.parts.len()).any(|other| self.is_bracketed(crossing, at, other, &clock));
        if counts && whole && bracketed() { Presence::Absent } else { Presence::Unknown }
    }

    /// Recorded before and after the moment at which the segment, recorded at `other`, passed or
    /// would have passed `at`.
    fn is_bracketed(
        &self,
        crossing: &Crossing,
        at: usize,
        other: usize,
        clock: &impl Fn(usize) -> Option<Offset>,
    ) -> bool {
        let Some(sight) = crossing.seen[other].filter(|_| other != at) else { return false };
        let Some(moment) = self.place(other, sight.frame) else { return false };
        // What comes the other way passed the two points in the other order: before `other` it tells
        // of a point beyond, after it of one towards the sender.
        let towards_sender = self.is_before(at, other, crossing.record.from);
        let beyond = self.is_before(other, at, crossing.record.from);
        let mut before = false;
        let mut after = false;
        for (neighbour, exact) in self.paired.crossings.iter().zip(&self.paired.exact) {
            let (Some(here), Some(there)) = (neighbour.seen[at], neighbour.seen[other]) else { continue };
            let (Some(place), Some(kept)) = (self.place(other, there.frame), self.place(at, here.frame)) else {
                continue;
            };
            let same_way = neighbour.record.from == crossing.record.from;
            let unbroken = kept >= self.parts[at].unbroken_from;
            before |= *exact && place < moment && unbroken && (same_way || beyond);
            after |= *exact && place > moment && (same_way || towards_sender);
        }
        let late = || {
            let offset = clock(other)?;
            let slack = offset.most().nanos().saturating_add(offset.uncertainty.nanos().saturating_mul(2));
            let latest = sight.time.plus(Span::from_nanos(slack));
            let more = self.parts[at].records.iter().any(|record| record.time > latest);
            Some(more || (self.goes_on)(at, crossing.record.from, latest))
        };
        let early = || {
            let offset = clock(other)?;
            let slack = offset.by.nanos().saturating_sub(offset.uncertainty.nanos().saturating_mul(3));
            let earliest = sight.time.plus(Span::from_nanos(slack));
            let unbroken = self.parts[at].records.iter().skip(self.parts[at].unbroken_from);
            Some(unbroken.into_iter().any(|record| record.time < earliest))
        };
        (before || early() == Some(true)) && (after || late() == Some(true))
    }

    fn place(&self, at: usize, frame: Frame) -> Option<usize> {
        self.places[at].get(&frame).copied()
    }

    /// Whether `one` lies nearer to `side` than `other`.
    fn is_before(&self, one: usize, other: usize, side: Side) -> bool {
        let place = |at: usize| self.path.iter().position(|point| point.index() == at);
        match (place(one), place(other)) {
            (Some(one), Some(other)) => (one < other) == (side == self.client),
            _ => false,
        }
    }

    /// Whether all octets of `record` passed `at`, in however many segments: network cards cut and
    /// join them.
    fn has_octets(&self, at: usize, record: &Record) -> bool {
        record.len > 0 && !record.flags.has(Flags::RST) && covers(&self.parts[at], record)
    }

    fn shows_loss(&self, at: usize) -> Option<Loss> {
        let part = &self.parts[at];
        if part.cut_short {
            return Some(Loss::Memory);
        }
        let acked = |side: Side| {
            let acked = highest_ack(part, side.other());
            acked.is_some_and(|acked| holes(part, side).iter().any(|hole| hole.0 < acked) || beyond(part, side) < acked)
        };
        let missed = || (0..self.parts.len()).any(|other| self.missed(at, other));
        (Side::BOTH.into_iter().any(acked) || missed()).then_some(Loss::Holes)
    }

    /// Whether `other` recorded a segment that must have passed `at` before, while `at` was recording.
    fn missed(&self, at: usize, other: usize) -> bool {
        let both = |crossing: &&Crossing| crossing.seen[at].is_some() && crossing.seen[other].is_some();
        let place = |crossing: &Crossing| self.place(other, crossing.seen[other]?.frame);
        let common = || self.paired.crossings.iter().filter(both).filter_map(place);
        let (Some(first), Some(last)) = (common().min(), common().max()) else { return false };
        self.paired.crossings.iter().any(|crossing| {
            let record = &crossing.record;
            let passed = crossing.seen[at].is_none() && self.is_before(at, other, record.from);
            let while_recording = place(crossing).is_some_and(|place| first < place && place < last);
            let counts = !record.flags.has(Flags::RST) && !self.paired.is_unclear(record);
            passed && while_recording && counts && !self.has_octets(at, record)
        })
    }
}

/// A stretch of one direction's sequence space, from the first number that the part shows.
type Stretch = (i64, i64);

/// The numbers that `side` used at this point since nothing was left out: unwrapped and merged.
fn stretches(part: &Part, side: Side) -> Vec<Stretch> {
    let own = part.records[part.unbroken_from.min(part.records.len())..].iter();
    let own = own.filter(|record| record.from == side && !record.flags.has(Flags::RST));
    let Some(zero) = origin(part, side) else { return Vec::new() };
    let mut line = Line::new(zero);
    let mut all: Vec<Stretch> = own
        .map(|record| {
            let begin = line.place(record.seq);
            (begin, begin + i64::from(record.seq_len()))
        })
        .collect();
    all.sort_unstable();
    let mut merged: Vec<Stretch> = Vec::new();
    for stretch in all {
        match merged.last_mut() {
            Some(last) if stretch.0 <= last.1 => last.1 = last.1.max(stretch.1),
            _ => merged.push(stretch),
        }
    }
    merged
}

fn origin(part: &Part, side: Side) -> Option<Seq> {
    let records = &part.records[part.unbroken_from.min(part.records.len())..];
    records.iter().find(|record| record.from == side && !record.flags.has(Flags::RST)).map(|record| record.seq)
}

/// What lies between the stretches that were recorded.
fn holes(part: &Part, side: Side) -> Vec<Stretch> {
    stretches(part, side).windows(2).map(|pair| (pair[0].1, pair[1].0)).collect()
}

/// Where the numbers of `side` end.
fn beyond(part: &Part, side: Side) -> i64 {
    stretches(part, side).last().map_or(i64::MAX, |last| last.1)
}

/// The highest number of `side.other()` that `side` acknowledged.
fn highest_ack(part: &Part, side: Side) -> Option<i64> {
    let mut line = Line::new(origin(part, side.other())?);
    let records = &part.records[part.unbroken_from.min(part.records.len())..];
    let acks = records
        .iter()
        .filter(|record| record.from == side && record.flags.has(Flags::ACK) && !record.flags.has(Flags::RST));
    acks.map(|record| line.place(record.ack)).max()
}

fn covers(part: &Part, record: &Record) -> bool {
    let Some(zero) = origin(part, record.from) else { return false };
    let all = stretches(part, record.from);
    // Numbers repeat after 4 GiB: the nearest turn to where the stretches end.
    let end = all.last().map_or(0, |last| last.1);
    let begin = i64::from(record.seq.diff(zero.add(low_bits(end)))) + end;
    let until = begin + i64::from(record.seq_len());
    all.iter().any(|stretch| stretch.0 <= begin && until <= stretch.1)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "sequence numbers are modulo 2^32")]
const fn low_bits(place: i64) -> u32 {
    place as u32
}

/// Sequence numbers laid out on a line that does not wrap.
struct Line {
    last: Seq,
    place: i64,
}

impl Line {
    const fn new(zero: Seq) -> Self {
        Self { last: zero, place: 0 }
    }

    fn place(&mut self, seq: Seq) -> i64 {
        self.place += i64::from(seq.diff(self.last));
        self.last = seq;
        self.place
    }
}
