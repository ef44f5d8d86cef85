//! Where on the path the points lie: from the client's side to the server's.
//!
//! A router lowers the hop count by one, so the smaller one is further along. Where no router lies
//! between, time tells: a segment is seen first where it passes first. Clocks differ, but not the
//! sum of a there and a back: seen from the point nearer to the client the way there and back takes
//! time, seen from the other it would end before it began.

use alloc::vec::Vec;

use super::pairing::Paired;
use crate::flow::Side;
use crate::joined::{Crossing, OrderBy, Point, Sight, point};
use crate::time::Span;

/// Pairs within this time of each other are compared, in short windows where the long ones do not
/// decide: no clock drifts much meanwhile.
const WINDOWS: [Span; 2] = [Span::from_secs(1), Span::from_millis(20)];
/// Two quartzes within the 100 parts per million of IEEE 802.3 drift apart by twice that.
const DRIFT_PPM: i64 = 200;
/// Capture files round to microseconds, twice.
const ROUNDING: i64 = 2_000;

/// Which of two points is nearer to the client.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Nearer {
    First,
    Second,
}

/// One segment at two points.
#[derive(Clone, Copy, Debug)]
struct Pair {
    from_client: bool,
    first: Sight,
    second: Sight,
}

/// Where the points of one connection lie.
#[derive(Clone, Debug)]
pub(super) struct Path {
    /// From the client's side to the server's.
    pub(super) points: Vec<Point>,
    /// How the order is known, by the weakest of its pairs.
    pub(super) known: OrderBy,
    /// Pairs whose order is only given.
    pub(super) unordered: Vec<(Point, Point)>,
}

/// The way of the points `among` from the client to the server.
pub(super) fn order(paired: &Paired, client: Side, among: &[usize]) -> Path {
    let mut path = Path { points: Vec::new(), known: OrderBy::Hops, unordered: Vec::new() };
    let mut wins = alloc::vec![0_usize; among.len()];
    for (one, first) in among.iter().enumerate() {
        for (other, second) in among.iter().enumerate().skip(one + 1) {
            let (nearer, known) = compare(paired, client, *first, *second);
            path.known = path.known.max(known);
            if known == OrderBy::Given {
                path.unordered.push((point(*first), point(*second)));
            }
            wins[if nearer == Nearer::First { one } else { other }] += 1;
        }
    }
    let mut places: Vec<usize> = (0..among.len()).collect();
    places.sort_by_key(|place| (core::cmp::Reverse(wins[*place]), *place));
    path.points = places.into_iter().map(|place| point(among[place])).collect();
    path
}

fn compare(paired: &Paired, client: Side, first: usize, second: usize) -> (Nearer, OrderBy) {
    let mut pairs: Vec<Pair> = pairs(paired, client, first, second).collect();
    pairs.sort_by_key(|pair| pair.first.time);
    let by_time = || WINDOWS.into_iter().find_map(|window| by_clocks(&pairs, window));
    by_hops(&pairs)
        .map(|nearer| (nearer, OrderBy::Hops))
        .or_else(|| Some((by_time()?, OrderBy::Clocks)))
        .unwrap_or((Nearer::First, OrderBy::Given))
}

fn pairs(paired: &Paired, client: Side, first: usize, second: usize) -> impl Iterator<Item = Pair> {
    let certain = paired.crossings.iter().zip(&paired.exact).filter(|(_, exact)| **exact);
    certain.filter_map(move |(Crossing { record, seen }, _)| {
        Some(Pair { from_client: record.from == client, first: seen[first]?, second: seen[second]? })
    })
}

/// All segments must agree: a load balancer or NAT may set hop counts anew.
fn by_hops(pairs: &[Pair]) -> Option<Nearer> {
    let mut nearer = None;
    for pair in pairs {
        let Some((first, second)) = pair.first.ttl.zip(pair.second.ttl).filter(|(first, second)| first != second)
        else {
            continue;
        };
        let falls = first > second;
        let says = if falls == pair.from_client { Nearer::First } else { Nearer::Second };
        if *nearer.get_or_insert(says) != says {
            return None;
        }
    }
    nearer
}

/// In each window the way there and back is compared; the majority of windows decides.
fn by_clocks(pairs: &[Pair], window: Span) -> Option<Nearer> {
    let (mut first, mut second) = (0_u32, 0_u32);
    let mut rest = pairs;
    while let Some(begin) = rest.first() {
        let within = |pair: &&Pair| pair.first.time.since(begin.first.time).abs() <= window;
        let size = rest.iter().take_while(within).count();
        match in_window(&rest[..size]) {
            Some(Nearer::First) => first += 1,
            Some(Nearer::Second) => second += 1,
            None => {}
        }
        rest = &rest[size..];
    }
    match first.cmp(&second) {
        core::cmp::Ordering::Greater => Some(Nearer::First),
        core::cmp::Ordering::Less => Some(Nearer::Second),
        core::cmp::Ordering::Equal => None,
    }
}

fn in_window(pairs: &[Pair]) -> Option<Nearer> {
    let difference = |pair: &Pair| pair.second.time.since(pair.first.time).nanos();
    let there = || pairs.iter().filter(|pair| pair.from_client).map(difference);
    let back = || pairs.iter().filter(|pair| !pair.from_client).map(difference);
    // Seen from the first point the way there and back takes this long; from the second, that.
    let from_first = there().min()?.saturating_sub(back().max()?);
    let from_second = back().min()?.saturating_sub(there().max()?);
    let lasts = pairs.last()?.first.time.since(pairs.first()?.first.time).nanos();
    let tolerance = lasts / 1_000_000 * DRIFT_PPM + ROUNDING;
    if from_first > tolerance {
        Some(Nearer::First)
    } else if from_second > tolerance {
        Some(Nearer::Second)
    } else {
        None
    }
}
