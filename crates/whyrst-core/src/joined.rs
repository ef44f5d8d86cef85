//! What several capture points know of one connection: where each of them lies on the path, and which of
//! them recorded which segment. `vantage` finds it out; the questions in
//! `evidence/vantage.rs` read it.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Range;

pub use whyrst_model::vocabulary::{Loss, OrderBy, Relation};

use crate::flow::Side;
use crate::history::Record;
use crate::observation::Frame;
use crate::rst::Rst;
use crate::segment::Endpoint;
use crate::time::{Span, Timestamp};

/// A capture point, by its place in the order of naming.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Point(pub u16);

impl Point {
    /// For arrays with one element for each point.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Whether a segment was at a point.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Presence {
    /// Recorded.
    Seen,
    /// It never passed: the capture covers the moment and shows no loss.
    Absent,
    /// Not recorded, which may be the capture's fault.
    Unknown,
}

/// What one point knows of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct View {
    /// How its connection was found.
    pub relation: Relation,
    /// The client's address and port as seen there.
    pub client: Option<Endpoint>,
    /// The server's address and port as seen there.
    pub server: Option<Endpoint>,
    /// Segments recorded there.
    pub frames: u64,
    /// How its clock differs from that of the first-named point; `None` where traffic does not bound it.
    pub clock: Option<Offset>,
    /// Whether the RST in question was there.
    pub rst: Presence,
    /// Whether the segment that the RST answers was there; without a RST, the SYN that nobody answered.
    pub trigger: Presence,
    /// Whether everything was there that the RST's receiver had sent in the seconds before it.
    pub arrivals: Presence,
    /// Why an absence there means nothing, when it does.
    pub loss: Option<Loss>,
}

/// One segment, with everywhere it was recorded.
#[derive(Clone, Debug)]
pub struct Crossing {
    /// As the first of its points in the order of reading recorded it; `from` is a side of the
    /// outcome's connection and `time` is that of its first sight, by the clock of the outcome's point.
    pub record: Record,
    /// One element for each point.
    pub seen: Vec<Option<Sight>>,
}

/// One segment at one point.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sight {
    /// In which frame.
    pub frame: Frame,
    /// When, by the clock of that point.
    pub time: Timestamp,
    /// Hops left.
    pub ttl: Option<u8>,
}

/// A difference between two clocks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Offset {
    /// Most likely difference: the middle of what is possible.
    pub by: Span,
    /// It is no further from the truth than this.
    pub uncertainty: Span,
}

impl Offset {
    /// A clock and itself.
    pub const NONE: Self = Self { by: Span::ZERO, uncertainty: Span::ZERO };

    /// The largest difference possible.
    pub(crate) const fn most(self) -> Span {
        Span::from_nanos(self.by.nanos().saturating_add(self.uncertainty.nanos()))
    }

    /// The same seen from the other clock.
    pub(crate) const fn reversed(self) -> Self {
        Self { by: Span::from_nanos(self.by.nanos().saturating_neg()), uncertainty: self.uncertainty }
    }
}

/// What several points know of one connection.
#[derive(Clone, Debug)]
pub struct Joined {
    /// Where the outcome's own frames are from.
    pub at: Point,
    /// One for each point, in the order of naming.
    pub views: Vec<View>,
    /// The points that recorded the connection, from the client's side to the server's.
    pub path: Vec<Point>,
    /// How that order is known, by the weakest of its pairs.
    pub known: OrderBy,
    /// Pairs of points whose order is only that of naming.
    pub unordered: Vec<(Point, Point)>,
    /// All segments, in the order of time.
    pub crossings: Vec<Crossing>,
    /// RSTs of this connection that the outcome's own point did not record.
    pub elsewhere: Vec<Rst>,
    /// Causes that the capture of another point would call at least likely: one of the two is wrong.
    pub rivals: Vec<&'static str>,
    /// What the points are called, in the order of naming.
    pub names: Arc<[PointName]>,
}

/// A capture point as its user calls it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PointName {
    /// Its name, safe to be printed.
    pub name: String,
    /// Which files are from there.
    pub files: Range<u32>,
}

impl Joined {
    /// What a point knows.
    pub fn view(&self, point: Point) -> &View {
        &self.views[point.index()]
    }

    /// The points from `side` of the connection towards the other end.
    pub fn path_from(&self, side: Side, client: Side) -> Vec<Point> {
        let mut path = self.path.clone();
        if side != client {
            path.reverse();
        }
        path
    }

    /// Between which two points the RST was made: the first that recorded it, seen from its sender,
    /// and the last before that which it never passed. Where their order is not known, the same would
    /// be seen of a RST that was sent and lost.
    pub fn made_between(&self, sender: Side, client: Side) -> Option<(Point, Point)> {
        let path = self.path_from(sender, client);
        let is = |point: &Point, presence| self.view(*point).rst == presence;
        let first = path.iter().position(|point| is(point, Presence::Seen))?;
        let before = path[..first].iter().rev().find(|point| is(point, Presence::Absent))?;
        let mut seen = path.iter().filter(|point| is(point, Presence::Seen));
        seen.all(|point| self.is_ordered(*before, *point)).then_some((*before, path[first]))
    }

    /// Between which two points something was dropped on its way from `side`: the last that recorded
    /// it and the first after that which it never reached.
    pub fn lost_between(&self, side: Side, client: Side, what: fn(&View) -> Presence) -> Option<(Point, Point)> {
        let path = self.path_from(side, client);
        let is = |point: &Point, presence| what(self.view(*point)) == presence;
        let last = path.iter().rposition(|point| is(point, Presence::Seen))?;
        let after = path[last + 1..].iter().find(|point| is(point, Presence::Absent))?;
        let mut seen = path.iter().filter(|point| is(point, Presence::Seen));
        seen.all(|point| self.is_ordered(*after, *point)).then_some((path[last], *after))
    }

    /// Whether it is known which of two points comes first.
    pub fn is_ordered(&self, one: Point, other: Point) -> bool {
        !self.unordered.contains(&(one, other)) && !self.unordered.contains(&(other, one))
    }

    /// Where the segment in `frame` of the outcome's point was recorded, one element for each point.
    pub fn sights(&self, frame: Frame) -> Option<&[Option<Sight>]> {
        let same = |crossing: &&Crossing| crossing.seen.iter().flatten().any(|sight| sight.frame == frame);
        self.crossings.iter().find(same).map(|crossing| crossing.seen.as_slice())
    }

    /// Whether the outcome's times can be compared with those of outcomes from other points: they are by
    /// the first-named point's clock, or by one that hardly differs from it.
    pub fn has_the_common_clock(&self) -> bool {
        const HARDLY: i64 = 100_000_000;
        self.at == Point(0) || self.view(self.at).clock.is_some_and(|clock| clock.by.abs().nanos() < HARDLY)
    }

    /// The two ends as a point saw them, when that is not how the first-named point saw them.
    pub fn rewritten(&self) -> Option<(Point, Point)> {
        let known = |at: &usize| self.views[*at].client.is_some();
        let first = (0..self.views.len()).find(known)?;
        let ends = |at: usize| (self.views[at].client, self.views[at].server);
        let other = (first + 1..self.views.len()).filter(known).find(|at| ends(*at) != ends(first))?;
        Some((point(first), point(other)))
    }
}

/// The point of this index.
pub(crate) fn point(at: usize) -> Point {
    // More points than 65 536 were refused when they were named.
    Point(u16::try_from(at).unwrap_or(u16::MAX))
}
