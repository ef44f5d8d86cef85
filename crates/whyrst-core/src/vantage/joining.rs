//! From the outcomes of several points to what all of them know of each connection.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::IpAddr;

use foldhash::fast::FixedState;
use hashbrown::{HashMap, HashSet};

use super::collect::{Traces, hosts};
use super::coverage::Coverage;
use super::offset::{Clocks, Way};
use super::order::{Path, order};
use super::pairing::{self, Paired, Part};
use super::taken::Taken;
use crate::connection::Connection;
use crate::flow::{FlowKey, Side};
use crate::history::Record;
use crate::joined::{Crossing, Joined, Offset, Point, PointName, Presence, Relation, View, point};
use crate::observation::Frame;
use crate::outcome::{Outcome, OutcomeKind};
use crate::rst::Rst;
use crate::segment::Flags;
use crate::time::{Span, Timestamp};

/// The connections that ended badly at any of several points, each with what all points know of it.
pub struct Joint<'a> {
    joining: Joining<'a>,
    groups: Vec<Group>,
}

/// One connection as one point recorded it, with what all points know of it.
#[derive(Clone, Debug)]
pub struct Version {
    /// How it ended there.
    pub outcome: Outcome,
    /// When, by the clock of the first-named point where that is known.
    pub time: Timestamp,
}

/// Joins what was taken at several points; their order is that of naming.
pub fn join(taken: &[Taken]) -> Joint<'_> {
    let mut joining = Joining::new(taken);
    let groups = joining.groups();
    joining.learn_from_neighbours();
    Joint { joining, groups }
}

impl Joint<'_> {
    /// For each connection its versions, at least one: those of the points that recorded its first RST.
    pub fn connections(&self) -> impl Iterator<Item = Vec<Version>> {
        self.groups.iter().map(|group| self.joining.versions(group))
    }

    /// For each point, how many connections it has in common with another one: those that ended badly,
    /// and some of the others between the same hosts.
    pub fn shared(&self) -> &[u64] {
        &self.joining.shared
    }
}

/// Whatever rejects a segment does so at once; a round trip later the RST is seen at the latest.
const REJECTED_WITHIN: Span = Span::from_secs(3);
/// So many segments before the RST are looked for elsewhere.
const SENT_BEFORE: usize = 16;

/// An outcome by its point and its place among that point's outcomes.
type Place = (usize, usize);

/// Endings of one connection.
struct Group {
    members: Vec<Place>,
}

struct Joining<'a> {
    taken: &'a [Taken],
    names: Arc<[PointName]>,
    /// Of every point to every other.
    clocks: HashMap<(usize, usize), Clocks, FixedState>,
    shared: Vec<u64>,
    /// Pairs of endpoints that have an outcome at some point.
    ended: HashSet<FlowKey, FixedState>,
    /// For two hosts, the points from the lower address to the higher, and how that is known.
    lanes: HashMap<(IpAddr, IpAddr), Path, FixedState>,
}

/// One connection at all points, seen from one of them.
struct Aligned {
    parts: Vec<Part>,
    paired: Paired,
    path: Path,
}

impl<'a> Joining<'a> {
    fn new(taken: &'a [Taken]) -> Self {
        let ended = taken.iter().flat_map(|taken| &taken.outcomes).map(|outcome| outcome.connection().key).collect();
        Self {
            taken,
            names: taken.iter().map(|taken| taken.name.clone()).collect(),
            clocks: HashMap::default(),
            shared: alloc::vec![0; taken.len()],
            ended,
            lanes: HashMap::default(),
        }
    }

    fn outcome(&self, place: Place) -> &'a Outcome {
        &self.taken[place.0].outcomes[place.1]
    }

    /// Puts the outcomes of one connection together, resets before connects that merely failed, and
    /// learns the clocks on the way.
    fn groups(&mut self) -> Vec<Group> {
        let places: Vec<Place> =
            (0..self.taken.len()).flat_map(|at| (0..self.taken[at].outcomes.len()).map(move |nth| (at, nth))).collect();
        let (resets, failed): (Vec<Place>, Vec<Place>) =
            places.into_iter().partition(|place| self.outcome(*place).kind() == OutcomeKind::Reset);
        let by_key = self.by_key();
        let mut claimed: HashSet<Place, FixedState> = HashSet::default();
        let mut groups = Vec::new();
        for place in resets.into_iter().chain(failed) {
            if claimed.insert(place) {
                let aligned = self.align(self.outcome(place), place.0);
                let mut members = alloc::vec![place];
                members.extend(self.same_elsewhere(place, &aligned, &by_key, &claimed));
                claimed.extend(&members);
                self.learn(&aligned, self.outcome(place).connection().client);
                self.count(&aligned);
                groups.push(Group { members });
            }
        }
        groups
    }

    fn by_key(&self) -> HashMap<(usize, FlowKey), Vec<usize>, FixedState> {
        let mut by_key: HashMap<_, Vec<usize>, FixedState> = HashMap::default();
        for (at, taken) in self.taken.iter().enumerate() {
            for (nth, outcome) in taken.outcomes.iter().enumerate() {
                by_key.entry((at, outcome.connection().key)).or_default().push(nth);
            }
        }
        by_key
    }

    /// The outcome that each other point has of the same connection; of several the one with the same RST.
    fn same_elsewhere(
        &self,
        place: Place,
        aligned: &Aligned,
        by_key: &HashMap<(usize, FlowKey), Vec<usize>, FixedState>,
        claimed: &HashSet<Place, FixedState>,
    ) -> Vec<Place> {
        let rst = self.outcome(place).rst().map(|rst| rst.record.frame);
        let own = rst.and_then(|frame| aligned.crossing_of(frame));
        let mut found = Vec::new();
        for (at, part) in aligned.parts.iter().enumerate().filter(|(at, part)| *at != place.0 && part.is_found()) {
            let Some(key) = part.key else { continue };
            let frames: HashSet<Frame, FixedState> = part.records.iter().map(|record| record.frame).collect();
            let ended = |nth: &&usize| {
                let outcome = self.outcome((at, **nth));
                let frame = outcome.rst().map_or(outcome.connection().first_frame, |rst| rst.record.frame);
                frames.contains(&frame) && !claimed.contains(&(at, **nth))
            };
            let mut here: Vec<usize> = by_key.get(&(at, key)).into_iter().flatten().filter(ended).copied().collect();
            let same = |nth: &usize| {
                let frame = self.outcome((at, *nth)).rst().map(|rst| rst.record.frame);
                own.is_some() && frame.and_then(|frame| aligned.crossing_of(frame)) == own
            };
            here.sort_by_key(|nth| !same(nth));
            found.extend(here.first().map(|nth| (at, *nth)));
        }
        found
    }

    fn align(&self, outcome: &Outcome, at: usize) -> Aligned {
        let own = pairing::own(outcome, &self.taken[at].traces);
        let others: Vec<Option<Part>> = self
            .taken
            .iter()
            .enumerate()
            .map(|(other, taken)| (other != at).then(|| pairing::other(&own, &taken.traces)))
            .collect();
        let mut own = Some(own);
        let parts = others.into_iter().filter_map(|part| part.or_else(|| own.take())).collect();
        Aligned::new(parts, at, outcome.connection().client)
    }

    fn count(&mut self, aligned: &Aligned) {
        let found: Vec<usize> = aligned.found().collect();
        for at in &found {
            self.shared[*at] += u64::from(found.len() > 1);
        }
    }

    /// Where the order of two points is known, their common segments bound the difference of their clocks.
    fn learn(&mut self, aligned: &Aligned, client: Side) {
        for (near, first) in aligned.path.points.iter().enumerate() {
            for second in &aligned.path.points[near + 1..] {
                if !aligned.path.unordered.contains(&(*first.min(second), *first.max(second))) {
                    feed(&mut self.clocks, aligned, client, first.index(), second.index());
                }
            }
        }
    }

    /// Other connections between the same hosts, that ended well, know the clocks too.
    fn learn_from_neighbours(&mut self) {
        let Some((first, rest)) = self.taken.split_first() else { return };
        for (key, trace) in &first.traces.of {
            if self.ended.contains(key) || !rest.iter().any(|taken| taken.traces.of.contains_key(key)) {
                continue;
            }
            let whole = |traces: &Traces| {
                let trace = traces.of.get(key)?;
                Some(Part::whole(trace))
            };
            let own = Part::whole(trace);
            let parts: Vec<Part> = core::iter::once(own)
                .chain(
                    rest.iter().map(|taken| whole(&taken.traces).unwrap_or_else(|| Part::without(Relation::Nothing))),
                )
                .collect();
            let aligned = Aligned::new(parts, 0, Side::Low);
            let common = |at: usize| {
                let mut crossings = aligned.paired.crossings.iter();
                crossings.any(|crossing| crossing.seen[at].is_some() && crossing.seen.iter().flatten().count() > 1)
            };
            // The same endpoints with other numbers are another connection.
            if !common(0) {
                continue;
            }
            for (at, shared) in self.shared.iter_mut().enumerate() {
                *shared += u64::from(common(at));
            }
            self.learn(&aligned, Side::Low);
            let better = |known: &Path| {
                let rank = |path: &Path| (path.points.len(), core::cmp::Reverse(path.known));
                rank(&aligned.path) > rank(known)
            };
            let lane = hosts(key);
            if self.lanes.get(&lane).is_none_or(better) {
                self.lanes.insert(lane, aligned.path);
            }
        }
    }

    /// The offset of `other`'s clock, when that of `at` shows `time`.
    fn offset(&self, at: usize, other: usize, time: Timestamp) -> Option<Offset> {
        if at == other { Some(Offset::NONE) } else { self.clocks.get(&(at, other))?.at(time) }
    }

    /// The outcomes of a group at the points that recorded its first RST.
    fn versions(&self, group: &Group) -> Vec<Version> {
        let version = |place: &Place| {
            let mut outcome = self.outcome(*place).clone();
            outcome.incarnation_mut().joined = Some(Box::new(self.joined(&outcome, place.0, group)));
            let time = outcome.time();
            Version { time: self.offset(place.0, 0, time).map_or(time, |offset| time.plus(offset.by)), outcome }
        };
        self.decisive(group).iter().map(version).collect()
    }

    /// The members whose first RST is the connection's first RST.
    fn decisive(&self, group: &Group) -> Vec<Place> {
        let Some((first, rest)) = group.members.split_first().filter(|(_, rest)| !rest.is_empty()) else {
            return group.members.clone();
        };
        let aligned = self.align(self.outcome(*first), first.0);
        let crossing = |place: &Place| {
            let frame = self.outcome(*place).rst()?.record.frame;
            aligned.crossing_of(frame)
        };
        let mut earliest = *first;
        for place in rest {
            if let (Some(one), Some(other)) = (crossing(&earliest), crossing(place))
                && one != other
                && self.is_earlier(&aligned, *place, other, earliest, one)
            {
                earliest = *place;
            }
        }
        let same = |place: &&Place| crossing(place) == crossing(&earliest);
        group.members.iter().filter(same).copied().collect()
    }

    /// Whether the first of two RSTs was earlier: at a point that saw both, or by the clocks.
    fn is_earlier(&self, aligned: &Aligned, one: Place, first: usize, other: Place, second: usize) -> bool {
        let (first, second) = (&aligned.paired.crossings[first], &aligned.paired.crossings[second]);
        let together = first.seen.iter().zip(&second.seen).find_map(|(a, b)| Some(((*a)?, (*b)?)));
        if let Some((a, b)) = together {
            return (a.time, a.frame) < (b.time, b.frame);
        }
        let (Some(a), Some(b)) = (first.seen[one.0], second.seen[other.0]) else { return false };
        self.offset(one.0, other.0, a.time).is_some_and(|offset| a.time.plus(offset.by) < b.time)
    }

    fn joined(&self, outcome: &Outcome, at: usize, group: &Group) -> Joined {
        let mut aligned = self.align(outcome, at);
        let offsets = self.offsets(&aligned, outcome, at);
        let views = self.views(&aligned, outcome, at, &offsets);
        self.place_silent(&mut aligned, &views, outcome.connection());
        let shift = |other: usize| offsets[other].map_or_else(|| aligned.apart(at, other), |offset| offset.by);
        let shifts: Vec<Span> = (0..self.taken.len()).map(shift).collect();
        let elsewhere = self.elsewhere(&aligned, at, group, &shifts);
        aligned.sort(at, &shifts);
        Joined {
            at: point(at),
            views,
            path: aligned.path.points,
            known: aligned.path.known,
            unordered: aligned.path.unordered,
            crossings: aligned.paired.crossings,
            elsewhere,
            rivals: Vec::new(),
            names: Arc::clone(&self.names),
        }
    }

    /// Points that recorded nothing of the connection and demonstrably should have lie where they lie
    /// for the other connections of the same two hosts.
    fn place_silent(&self, aligned: &mut Aligned, views: &[View], connection: &Connection) {
        let silent = |at: &usize| {
            let view = &views[*at];
            view.relation == Relation::Nothing && [view.rst, view.trigger].contains(&Presence::Absent)
        };
        if !(0..views.len()).any(|at| silent(&at)) {
            return;
        }
        let Some(lane) = self.lanes.get(&hosts(&connection.key)) else { return };
        let here = |point: &&Point| aligned.parts[point.index()].is_found() || silent(&point.index());
        let mut points: Vec<Point> = lane.points.iter().filter(here).copied().collect();
        if connection.client == Side::High {
            points.reverse();
        }
        if aligned.path.points.iter().all(|point| points.contains(point)) {
            aligned.path = Path { points, ..lane.clone() };
        }
    }

    /// Of every point's clock, less that of the outcome's point.
    fn offsets(&self, aligned: &Aligned, outcome: &Outcome, at: usize) -> Vec<Option<Offset>> {
        let mut own: HashMap<(usize, usize), Clocks, FixedState> = HashMap::default();
        for (near, first) in aligned.path.points.iter().enumerate() {
            for second in &aligned.path.points[near + 1..] {
                feed(&mut own, aligned, outcome.connection().client, first.index(), second.index());
            }
        }
        let time = outcome.time();
        let of = |other: usize| {
            self.offset(at, other, time).or_else(|| own.get(&(at, other)).and_then(|clocks| clocks.at(time)))
        };
        (0..self.taken.len()).map(of).collect()
    }

    fn views(&self, aligned: &Aligned, outcome: &Outcome, at: usize, offsets: &[Option<Offset>]) -> Vec<View> {
        let said = self.taken.iter().map(|taken| taken.loss);
        let (parts, paired) = (&aligned.parts, &aligned.paired);
        // The hosts as that point knows them: behind a NAT they have other addresses.
        let goes_on = |other: usize, from: Side, time: Timestamp| {
            let ends = parts[other].endpoint(from).zip(parts[other].endpoint(from.other()));
            ends.is_some_and(|(from, to)| self.taken[other].traces.goes_on(from.ip, to.ip, time))
        };
        let coverage = Coverage::new(parts, paired, &aligned.path.points, outcome.connection().client, said, &goes_on);
        let of = |frame: Option<Frame>| frame.and_then(|frame| aligned.crossing_of(frame));
        let rst = of(outcome.rst().map(|rst| rst.record.frame));
        let answered = outcome.rst().and_then(|rst| rst.trigger);
        let unanswered = outcome.syn().filter(|_| outcome.kind() == OutcomeKind::FailedConnect);
        let trigger = of(answered.as_ref().or(unanswered).map(|trigger| trigger.frame));
        let presence = |crossing: Option<usize>, other: usize| {
            crossing.map_or(Presence::Unknown, |crossing| {
                self.presence(&coverage, &paired.crossings[crossing], other, (outcome, at), offsets)
            })
        };
        let before: Vec<usize> = rst.map_or_else(Vec::new, |rst| aligned.sent_before(rst, at, outcome));
        let arrivals = |other: usize| {
            let all = before.iter().map(|crossing| presence(Some(*crossing), other));
            all.reduce(worse).unwrap_or(Presence::Unknown)
        };
        let base = offsets.first().copied().flatten();
        (0..parts.len())
            .map(|other| View {
                relation: parts[other].relation,
                client: parts[other].endpoint(outcome.connection().client),
                server: parts[other].endpoint(outcome.connection().server()),
                frames: parts[other].records.len() as u64,
                clock: relative(base, offsets[other]),
                rst: presence(rst, other),
                trigger: presence(trigger, other),
                arrivals: arrivals(other),
                loss: coverage.losses[other],
            })
            .collect()
    }

    fn presence(
        &self,
        coverage: &Coverage<'_>,
        crossing: &Crossing,
        other: usize,
        (outcome, at): (&Outcome, usize),
        offsets: &[Option<Offset>],
    ) -> Presence {
        if crossing.seen[other].is_some() && other == at {
            return Presence::Seen;
        }
        if coverage.parts[other].relation == Relation::Nothing {
            return self.presence_nearby(crossing, other, (outcome, at), offsets);
        }
        coverage.presence(crossing, other, |from| relative(offsets[from], offsets[other]))
    }

    /// At a point that recorded nothing of the connection: it never came there when other packets of
    /// the same two hosts did, just before and just after.
    fn presence_nearby(
        &self,
        crossing: &Crossing,
        other: usize,
        (outcome, at): (&Outcome, usize),
        offsets: &[Option<Offset>],
    ) -> Presence {
        let (Some(sight), Some(offset), None) = (crossing.seen[at], offsets[other], self.taken[other].loss) else {
            return Presence::Unknown;
        };
        let from = outcome.connection().endpoint(crossing.record.from).ip;
        let to = outcome.connection().endpoint(crossing.record.from.other()).ip;
        let traces = &self.taken[other].traces;
        let doubt = Span::from_nanos(offset.uncertainty.nanos().saturating_mul(2));
        let lane = hosts(&outcome.connection().key);
        let covered = traces.left_out == 0
            && self.shares_all(at, other, lane)
            && traces.covers(from, to, sight.time.plus(offset.by), doubt);
        if covered { Presence::Absent } else { Presence::Unknown }
    }

    /// Whether every connection between the two hosts that `at` recorded and that ended well passed
    /// `other` too, so that there is no second path.
    fn shares_all(&self, at: usize, other: usize, lane: (IpAddr, IpAddr)) -> bool {
        let well = |key: &&FlowKey| hosts(key) == lane && !self.ended.contains(*key);
        let mut neighbours = self.taken[at].traces.of.keys().filter(well).peekable();
        neighbours.peek().is_some() && neighbours.all(|key| self.taken[other].traces.of.contains_key(key))
    }

    /// The RSTs of the other members that the outcome's point did not record, as if it had.
    fn elsewhere(&self, aligned: &Aligned, at: usize, group: &Group, shifts: &[Span]) -> Vec<Rst> {
        let mut found: Vec<Rst> = Vec::new();
        let mut known: HashSet<usize, FixedState> = HashSet::default();
        for place in group.members.iter().filter(|place| place.0 != at) {
            let sides = aligned.parts[place.0].sides;
            for rst in self.outcome(*place).rsts() {
                let crossing = aligned.crossing_of(rst.record.frame);
                let new = crossing.is_some_and(|crossing| {
                    aligned.paired.crossings[crossing].seen[at].is_none() && known.insert(crossing)
                });
                if new {
                    let here = |record: &Record| {
                        let mut here = *record;
                        here.from = sides.apply(record.from);
                        here.time = record.time.plus(negative(shifts[place.0]));
                        here
                    };
                    let trigger = rst.trigger.as_ref().map(here);
                    found.push(Rst { record: here(&rst.record), trigger, ..rst.clone() });
                }
            }
        }
        found.sort_by_key(|rst| rst.record.time);
        found
    }
}

impl Aligned {
    fn new(parts: Vec<Part>, at: usize, client: Side) -> Self {
        let paired = Paired::of(&parts, at);
        let found: Vec<usize> = (0..parts.len()).filter(|at| parts[*at].is_found()).collect();
        let path = order(&paired, client, &found);
        Self { parts, paired, path }
    }

    fn found(&self) -> impl Iterator<Item = usize> {
        (0..self.parts.len()).filter(|at| self.parts[*at].is_found())
    }

    /// What the receiver of the RST sent shortly before it, as the outcome's point shows it.
    fn sent_before(&self, rst: usize, at: usize, outcome: &Outcome) -> Vec<usize> {
        let Some(moment) = self.paired.crossings[rst].seen[at] else { return Vec::new() };
        let sent = |place: &usize| {
            let Crossing { record, seen } = &self.paired.crossings[*place];
            let before = seen[at].is_some_and(|sight| {
                let earlier = moment.time.since(sight.time);
                (sight.time, sight.frame) < (moment.time, moment.frame) && earlier <= REJECTED_WITHIN
            });
            before && record.from == outcome.receiver() && !record.flags.has(Flags::RST)
        };
        (0..self.paired.crossings.len()).rev().filter(sent).take(SENT_BEFORE).collect()
    }

    fn crossing_of(&self, frame: Frame) -> Option<usize> {
        let here = |crossing: &Crossing| crossing.seen.iter().flatten().any(|sight| sight.frame == frame);
        self.paired.crossings.iter().position(here)
    }

    /// A rough difference of the clocks, where nothing bounds it: that of the first common segment.
    fn apart(&self, at: usize, other: usize) -> Span {
        let difference = |crossing: &Crossing| Some(crossing.seen[other]?.time.since(crossing.seen[at]?.time));
        self.paired.crossings.iter().find_map(difference).unwrap_or(Span::ZERO)
    }

    /// Gives every segment the time at which it was first seen anywhere, by the clock of the outcome's
    /// point, and sorts by it.
    fn sort(&mut self, at: usize, shifts: &[Span]) {
        for crossing in &mut self.paired.crossings {
            let times =
                crossing.seen.iter().zip(shifts).filter_map(|(sight, by)| Some((*sight)?.time.plus(negative(*by))));
            crossing.record.time = times.min().unwrap_or(crossing.record.time);
        }
        self.paired
            .crossings
            .sort_by_key(|crossing| (crossing.record.time, crossing.seen[at].map(|sight| sight.frame)));
    }
}

impl Part {
    /// The end that is `side` at the outcome's point, as this point has it.
    fn endpoint(&self, side: Side) -> Option<crate::segment::Endpoint> {
        Some(self.key?.endpoint(self.sides.apply(side)))
    }
}

fn feed(
    clocks: &mut HashMap<(usize, usize), Clocks, FixedState>,
    aligned: &Aligned,
    client: Side,
    first: usize,
    second: usize,
) {
    for (crossing, exact) in aligned.paired.crossings.iter().zip(&aligned.paired.exact) {
        let (Some(near), Some(far), true) = (crossing.seen[first], crossing.seen[second], *exact) else { continue };
        let from_client = crossing.record.from == client;
        let (there, back) = if from_client { (Way::There, Way::Back) } else { (Way::Back, Way::There) };
        clocks.entry((first, second)).or_default().saw(there, near.time, far.time);
        clocks.entry((second, first)).or_default().saw(back, far.time, near.time);
    }
}

/// The offset of one clock from another, both known from a third.
fn relative(from: Option<Offset>, to: Option<Offset>) -> Option<Offset> {
    let (from, to) = (from?, to?);
    let back = from.reversed();
    Some(Offset {
        by: Span::from_nanos(to.by.nanos().saturating_add(back.by.nanos())),
        uncertainty: Span::from_nanos(to.uncertainty.nanos().saturating_add(back.uncertainty.nanos())),
    })
}

/// Of several segments: one that never came decides, then one of which it is not known.
fn worse(one: Presence, other: Presence) -> Presence {
    match (one, other) {
        (Presence::Absent, _) | (_, Presence::Absent) => Presence::Absent,
        (Presence::Unknown, _) | (_, Presence::Unknown) => Presence::Unknown,
        (Presence::Seen, Presence::Seen) => Presence::Seen,
    }
}

fn negative(span: Span) -> Span {
    Span::from_nanos(span.nanos().saturating_neg())
}
