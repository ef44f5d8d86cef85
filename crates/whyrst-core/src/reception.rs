//! Whether a RST was taken by its receiver: what its numbers say ([`crate::acceptance`]), and what the receiver did
//! afterwards.
//!
//! A host that takes a RST has no connection any more: it sends nothing on it but resets (RFC 9293 section 3.5.3). One that
//! sends anything else, later than what can have been on its way, did not take it, whatever the numbers are: the RST was
//! lost or dropped behind the capture point, or the receiver's stack compares it with another number (FreeBSD up to 15.1 and
//! macOS with the last ACK that they sent, docs/internals/acceptance.md#what-the-capture-shows). And one that never repeats
//! what was not acknowledged has no connection that could.

use crate::acceptance::Acceptance;
use crate::flow::Side;
use crate::half::Marks;
use crate::history::{Notes, Record};
use crate::outcome::{Basis, Outcome};
use crate::rst::Rst;
use crate::segment::Flags;
use crate::time::Span;

/// What is sent within this time of a RST may have been on its way: a retransmission timer is not shorter than that before
/// it knows the path (RFC 6298 section 2.1), and it is many times the round trip where that is known.
const ON_ITS_WAY: Span = Span::from_secs(1);
/// The same where the round trip is not known (RFC 1122 section 4.2.3.1).
const ON_ITS_WAY_UNKNOWN: Span = Span::from_secs(3);
/// So many round trips: queues grow.
const ROUND_TRIPS: i64 = 3;
/// A stack that has something outstanding repeats it within this time (RFC 1122 section 4.2.3.1: 3 s without a sample).
const REPEATED_WITHIN: Span = Span::from_secs(6);

/// Whether one RST was taken, and how that is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reception {
    /// What its numbers say.
    pub by_number: Acceptance,
    /// What its receiver did afterwards.
    pub afterwards: Afterwards,
    /// The ACK that its receiver sent at once, when that is what a RST draws which is not taken (RFC 5961 section 3.2).
    pub challenge: Option<Record>,
}

/// What the receiver of a RST did later than what can have been on its way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Afterwards {
    /// It cannot be seen.
    Unknown,
    /// It sent something new.
    WentOn(Record),
    /// It repeated what it had sent before.
    Repeated(Record),
    /// It never repeated what was not acknowledged.
    FellSilent,
}

impl Reception {
    /// `Some` where the packets decide it.
    pub const fn accepted(&self) -> Option<bool> {
        match (self.by_number.accepted(), self.afterwards) {
            (_, Afterwards::WentOn(_) | Afterwards::Repeated(_)) => Some(false),
            // Something is missing from the capture.
            (Some(false), Afterwards::FellSilent) => None,
            (None, Afterwards::FellSilent) if matches!(self.by_number, Acceptance::IfNothingLost) => Some(true),
            (by_number, _) => by_number,
        }
    }

    /// The segment that shows that the connection lived on.
    pub const fn lived_on(&self) -> Option<Record> {
        match self.afterwards {
            Afterwards::WentOn(record) | Afterwards::Repeated(record) => Some(record),
            Afterwards::Unknown | Afterwards::FellSilent => None,
        }
    }
}

impl Outcome {
    /// Whether `rst`, one of this connection, was taken.
    pub fn reception(&self, rst: &Rst) -> Reception {
        Reception {
            by_number: rst.acceptance,
            afterwards: afterwards(self, &rst.record),
            challenge: challenge(self, rst),
        }
    }

    /// No RST was taken, and each end sent something else after the first.
    pub fn rsts_never_taken(&self) -> bool {
        let all_known = self.rsts_total() as usize == self.rsts().len() && !self.rsts().is_empty();
        let talks = |side| self.after().iter().any(|record| record.from == side);
        all_known
            && Side::BOTH.into_iter().all(talks)
            && self.rsts().iter().all(|rst| self.reception(rst).accepted() == Some(false))
    }

    /// The first RST, when it had no effect: it was not taken, nor was another that came with it. A RST that draws a
    /// challenge ACK, and whose sender answers that with a second one, has ended the connection all the same.
    pub fn without_effect(&self) -> Option<Reception> {
        let first = self.rst()?;
        let reception = self.reception(first);
        let together = |rst: &&Rst| rst.record.time.since(first.record.time) <= on_its_way(self);
        let all_known = self.rsts_total() as usize == self.rsts().len();
        let refused = self.rsts().iter().filter(together).all(|rst| self.reception(rst).accepted() == Some(false));
        (all_known && refused && (shows_itself(&reception) || reception.lived_on().is_some())).then_some(reception)
    }
}

/// Whether the RST alone shows that nobody takes it: what a capture misses can make a right number look wrong, and never
/// makes one look old.
fn shows_itself(reception: &Reception) -> bool {
    match reception.by_number {
        Acceptance::Damaged | Acceptance::WrongAck | Acceptance::Unsigned => true,
        Acceptance::Challenged => reception.challenge.is_some(),
        Acceptance::Exact | Acceptance::IfNothingLost | Acceptance::Ignored | Acceptance::Unknown => false,
    }
}

fn afterwards(outcome: &Outcome, rst: &Record) -> Afterwards {
    if outcome.basis() != Basis::Packets {
        return Afterwards::Unknown;
    }
    let receiver = rst.from.other();
    let waits = on_its_way(outcome);
    let later = |record: &&Record| record.from == receiver && record.time.since(rst.time) > waits && is_of_it(record);
    let mut own = outcome.after().iter().take_while(|record| !begins_another(outcome, record));
    match own.find(later) {
        Some(record) if record.notes.has(Notes::RETRANSMISSION) || record.notes.has(Notes::PROBE) => {
            Afterwards::Repeated(*record)
        }
        Some(record) => Afterwards::WentOn(*record),
        None if fell_silent(outcome, rst) => Afterwards::FellSilent,
        None => Afterwards::Unknown,
    }
}

/// Neither a RST nor what no receiver would take.
fn is_of_it(record: &Record) -> bool {
    !record.flags.has(Flags::RST) && !record.notes.has(Notes::OUT_OF_WINDOW)
}

/// A SYN that does not repeat the one of a connection that is still being opened: some stacks choose the same numbers again.
fn begins_another(outcome: &Outcome, record: &Record) -> bool {
    let opening = !outcome.connection().handshake_complete() && record.notes.has(Notes::RETRANSMISSION);
    record.flags.has(Flags::SYN) && !opening
}

/// It had sent what was never acknowledged, and did not repeat it though there was time.
fn fell_silent(outcome: &Outcome, rst: &Record) -> bool {
    let receiver = rst.from.other();
    let (own, peer) = (outcome.connection().half(receiver), outcome.connection().half(rst.from));
    let acknowledged = if rst.flags.has(Flags::ACK) { peer.ack.max(rst.ack) } else { peer.ack };
    let outstanding = own.marks.has(Marks::SPOKE) && peer.marks.has(Marks::ACKED) && own.nxt.after(acknowledged);
    // A timer that has backed off may be longer than the capture.
    let backed_off = own.unanswered > 0;
    let all_seen = outcome.after_total() as usize == outcome.after().len();
    let watched = outcome.seen_until().since(rst.time) > REPEATED_WITHIN.max(on_its_way(outcome));
    let repeated = outcome.after().iter().any(|record| record.from == receiver);
    outstanding && !backed_off && all_seen && watched && !repeated && !outcome.one_sided()
}

/// A pure ACK that says again what its sender expects, or that it has everything up to the RST (RFC 5961 section 3.2).
fn challenge(outcome: &Outcome, rst: &Rst) -> Option<Record> {
    let (from, receiver) = (rst.record.from, rst.record.from.other());
    let known = outcome.connection().half(receiver);
    let at_once = |record: &&Record| {
        let waited = record.time.since(rst.record.time);
        record.from == receiver && waited.nanos() >= 0 && waited <= on_its_way(outcome)
    };
    let challenges =
        |record: &&Record| record.is_pure_ack() && (record.ack == known.ack || record.ack == rst.record.seq);
    let record = outcome.after().iter().filter(at_once).find(challenges).copied()?;
    (known.marks.has(Marks::ACKED) && outcome.connection().half(from).marks.has(Marks::SPOKE)).then_some(record)
}

/// How long after a RST its receiver may still send what it had sent before the RST reached it.
fn on_its_way(outcome: &Outcome) -> Span {
    let trip = round_trip(outcome).map(|trip| Span::from_nanos(trip.nanos().saturating_mul(ROUND_TRIPS)));
    trip.map_or(ON_ITS_WAY_UNKNOWN, |trip| trip.max(ON_ITS_WAY))
}

/// From the SYN to the ACK of the SYN-ACK: the whole way there and back, wherever it was captured.
fn round_trip(outcome: &Outcome) -> Option<Span> {
    let (syn, syn_ack) = (outcome.syn()?, outcome.syn_ack()?);
    let third =
        |record: &Record| record.from == syn.from && !record.flags.has(Flags::SYN) && record.time >= syn_ack.time;
    let trip = outcome.earlier(third)?.time.since(syn.time);
    (trip.nanos() >= 0).then_some(trip)
}
