//! Claims by the ends that they name and in the order of time, to be tied to connections.
//!
//! A log may hold a million lines of one client or one upstream, and a capture as many resets: each is looked up, never
//! compared with all.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use whyrst_core::claim::{About, Claim, ClaimantRole, PartialEnd, Tied, TiedBy, unmapped};
use whyrst_core::connection::Roles;
use whyrst_core::flow::Side;
use whyrst_core::outcome::Outcome;
use whyrst_core::segment::Endpoint;
use whyrst_core::time::{Span, Timestamp};

use super::said::Ends;

/// Clocks of two hosts, and the time from an event to its line.
pub(super) const SLACK: Span = Span::from_secs(2);
/// Of claims about one end at one time, how many are looked at: a report holds far fewer.
const MOST_LOOKED_AT: usize = 4_096;
/// Claims at another time that are looked at.
const MOST_ELSEWHEN: usize = 16;
/// Zones of two hosts differ by whole quarters of an hour, and by 26 hours at most (from -12:00 to +14:00).
const QUARTERS: std::ops::RangeInclusive<i32> = -104..=104;
const QUARTER: Span = Span::from_secs(900);

/// A claim with the time that it is about.
#[derive(Debug)]
pub(super) struct Dated {
    pub(super) claim: Arc<Claim>,
    pub(super) about: About,
    /// From when to when; `None` where the line says no time.
    pub(super) when: Option<(Timestamp, Timestamp)>,
    pub(super) zone: Zone,
    pub(super) ends: Ends,
    /// The place of its line among all.
    pub(super) entry: usize,
}

/// In which zone a time is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Zone {
    /// In the one that the line names.
    Written,
    /// In the one that a user has to name.
    Assumed,
}

/// What a claim is looked up by: as much as it says.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Key {
    Ends(Endpoint, Endpoint),
    End(Endpoint),
    Address(IpAddr),
}

impl Key {
    fn of(about: About) -> Option<Self> {
        match (endpoint(about.near), endpoint(about.far)) {
            (Some(near), Some(far)) => Some(Self::ends(near, far)),
            (Some(end), None) | (None, Some(end)) => Some(Self::End(end)),
            (None, None) => about.far.ip.or(about.near.ip).map(|ip| Self::Address(unmapped(ip))),
        }
    }

    fn ends(one: Endpoint, other: Endpoint) -> Self {
        Self::Ends(one.min(other), one.max(other))
    }
}

fn endpoint(end: PartialEnd) -> Option<Endpoint> {
    Some(Endpoint::new(unmapped(end.ip?), end.port?))
}

fn unmapped_end(end: Endpoint) -> Endpoint {
    Endpoint::new(unmapped(end.ip), end.port)
}

/// The claims of all logs.
#[derive(Debug, Default)]
pub(super) struct Index {
    claims: Vec<Dated>,
    /// In the order of the times until which they are about.
    timed: HashMap<Key, Vec<u32>>,
    timeless: HashMap<Key, Vec<u32>>,
    /// How long the longest of them lasted.
    longest: Span,
    /// By their lines: which was about a connection that was asked for.
    matched: Vec<AtomicBool>,
}

/// Claims that name an end of a reset, at another time.
#[derive(Debug, Default)]
pub(super) struct Elsewhen {
    /// Lines.
    pub(super) lines: Vec<usize>,
    /// The quarters of an hour that would bring a line to the reset.
    pub(super) shifts: Vec<(i32, usize)>,
}

impl Index {
    pub(super) fn of(mut claims: Vec<Dated>, lines: usize) -> Self {
        claims.sort_by_key(|dated| dated.when.map(|(_, until)| until));
        let longest = claims.iter().filter_map(|dated| dated.when).map(|(from, until)| until.since(from)).max();
        let mut index = Self { longest: longest.unwrap_or(Span::ZERO), ..Self::default() };
        for (at, dated) in claims.iter().enumerate() {
            let Some(key) = Key::of(dated.about) else { continue };
            let places = if dated.when.is_some() { &mut index.timed } else { &mut index.timeless };
            places.entry(key).or_default().push(u32::try_from(at).unwrap_or(u32::MAX));
        }
        index.matched.resize_with(lines, AtomicBool::default);
        Self { claims, ..index }
    }

    /// What is claimed of `outcome`, and how many lines were tied for the first time.
    pub(super) fn about(&self, outcome: &Outcome) -> (Vec<Tied>, u64) {
        let (mut tied, mut fresh) = (Vec::new(), 0);
        for key in keys(outcome) {
            let timeless = if matches!(key, Key::Ends(..)) { self.timeless.get(&key) } else { None };
            let timeless = timeless.into_iter().flatten().take(MOST_LOOKED_AT);
            for dated in timeless.chain(self.near(key, outcome)).filter_map(|at| self.claims.get(*at as usize)) {
                let Some((side, by)) = ends_of(dated.about, outcome) else { continue };
                let side = side.filter(|_| dated.ends == Ends::Named);
                tied.push(Tied { claim: dated.claim.clone(), side, by });
                let first = self.matched.get(dated.entry).is_some_and(|matched| !matched.swap(true, Ordering::Relaxed));
                fresh += u64::from(first);
            }
        }
        (tied, fresh)
    }

    /// Those of `key` that are about the time of `outcome`, the nearest where there are too many. With both ends a
    /// claim may be about any time of the connection, and with the client's the reset may be at any time of the
    /// claim: a proxy may notice long after that its client left. Whatever else has had other connections meanwhile:
    /// only its end counts.
    fn near(&self, key: Key, outcome: &Outcome) -> impl Iterator<Item = &u32> {
        let all = self.timed.get(&key).map_or(&[][..], Vec::as_slice);
        let reset = outcome.time();
        let connection = outcome.connection();
        let client = Key::End(unmapped_end(connection.endpoint(connection.client)));
        let (first, last) = match key {
            Key::Ends(..) => (connection.first.min(reset), reset.plus(self.longest)),
            Key::End(_) if key == client => (reset, reset.plus(self.longest)),
            Key::End(_) | Key::Address(_) => (reset, reset),
        };
        let within = within(all, |at| self.until(at), first.plus(negative(SLACK)), last.plus(SLACK), reset);
        let has_begun = move |at: &&u32| self.from(**at) <= reset.plus(SLACK);
        within.iter().filter(has_begun)
    }

    fn until(&self, at: u32) -> Timestamp {
        self.claims.get(at as usize).and_then(|dated| dated.when).map_or_else(Timestamp::default, |(_, until)| until)
    }

    fn from(&self, at: u32) -> Timestamp {
        self.claims.get(at as usize).and_then(|dated| dated.when).map_or_else(Timestamp::default, |(from, _)| from)
    }

    /// The lines that name an end of `outcome` with its port, at another time.
    pub(super) fn elsewhen(&self, outcome: &Outcome) -> Elsewhen {
        let mut elsewhen = Elsewhen::default();
        let of_ends = keys(outcome).filter(|key| !matches!(key, Key::Address(_)));
        for all in of_ends.filter_map(|key| self.timed.get(&key)) {
            let fits =
                |at: &&u32| self.claims.get(**at as usize).filter(|dated| ends_of(dated.about, outcome).is_some());
            elsewhen.lines.extend(all.iter().take(MOST_ELSEWHEN).filter_map(|at| fits(&at)).map(|dated| dated.entry));
            for quarters in QUARTERS.filter(|quarters| *quarters != 0) {
                let time = outcome.time().plus(Span::from_nanos(QUARTER.nanos() * i64::from(quarters)));
                let within = within(all, |at| self.until(at), time.plus(negative(SLACK)), time.plus(SLACK), time);
                let there = within.iter().take(MOST_ELSEWHEN).filter_map(|at| fits(&at));
                let shifted = there.filter(|dated| dated.zone == Zone::Assumed).map(|dated| (quarters, dated.entry));
                elsewhen.shifts.extend(shifted);
            }
        }
        elsewhen
    }
}

/// Of what is sorted by `time`, what lies between two times, and of too much the nearest to a third.
fn within(all: &[u32], time: impl Fn(u32) -> Timestamp, first: Timestamp, last: Timestamp, near: Timestamp) -> &[u32] {
    let before = |limit: Timestamp| all.partition_point(|at| time(*at) < limit);
    let (begin, end) = (before(first), all.partition_point(|at| time(*at) <= last));
    let middle = before(near).clamp(begin, end.max(begin));
    let begin = begin.max(middle.saturating_sub(MOST_LOOKED_AT / 2));
    let end = end.min(middle + MOST_LOOKED_AT / 2);
    all.get(begin..end).unwrap_or_default()
}

const fn negative(span: Span) -> Span {
    Span::from_nanos(-span.nanos())
}

/// By what claims about `outcome` may be found.
fn keys(outcome: &Outcome) -> impl Iterator<Item = Key> {
    let [one, other] = Side::BOTH.map(|side| unmapped_end(outcome.connection().endpoint(side)));
    let mut keys =
        vec![Key::ends(one, other), Key::End(one), Key::End(other), Key::Address(one.ip), Key::Address(other.ip)];
    keys.dedup();
    keys.into_iter()
}

/// Which end of `outcome` the claimant is, and how that is known; `None` where it is none of both.
fn ends_of(about: About, outcome: &Outcome) -> Option<(Option<Side>, TiedBy)> {
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
    let side = sides.next().is_none().then_some(first);
    // The end that listens is the same in every connection of the service.
    let names_client = about.near.is_whole() && first == client || about.far.is_whole() && first != client;
    let by = match about.tied_by()? {
        TiedBy::OneEnd if !names_client || side.is_none() => TiedBy::Address,
        by => by,
    };
    Some((side, by))
}
