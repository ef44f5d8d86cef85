//! Which segment a RST answers (RFC 9293 section 3.5.2).

use crate::flow::Side;
use crate::history::{Notes, Record};
use crate::rst::Rst;
use crate::segment::Flags;
use crate::seq::Seq;
use crate::stack::Stack;
use crate::time::Span;

/// A reset in answer leaves within the same interrupt, so it is seen at the latest one round trip
/// after what it answers. Anything later is the sender's own decision or answers something unseen. Where the
/// round trip is not known, no path in use is longer than this.
const ANSWERED_WITHIN: Span = Span::from_secs(3);
/// A path may be twice as slow as it was, and queues add so much.
const QUEUES: Span = Span::from_millis(250);
/// By so much a path and two hosts stretch or squeeze a burst.
const JITTER: Span = Span::from_millis(5);

/// The segment that a reset in answer must have answered (RFC 9293 section 3.5.2): a bare RST
/// takes its sequence number from that segment's ACK field; a RST with ACK and sequence 0
/// acknowledges a segment that had no ACK. What the sender of the RST has acknowledged since, it
/// did not answer with RST.
///
/// Of several that it can answer, the last one; but data that its sender neither acknowledged nor
/// can have had before what it sent last comes first: segments are answered in their order, and a
/// receiver that joins a burst into one (GRO) answers the whole of it once.
pub fn trigger<'a>(records: impl DoubleEndedIterator<Item = &'a Record> + Clone, rst: &Record) -> Option<Record> {
    let mut found: Option<Record> = None;
    for record in answerable(records, rst) {
        let repeated = found.is_some_and(|later| later.notes.has(Notes::RETRANSMISSION));
        if found.is_none() || (is_data(record) && !repeated) {
            found = Some(*record);
        }
    }
    found
}

/// The SYN that a RST without ACK refuses. No host accepts such a RST (RFC 9293 section 3.10.7.3), but user-mode networking
/// (passt) and injectors send it. That the SYN comes again shows that its sender had received nothing before.
fn refused_syn(rst: &Record, before: &[Record], after: &[Record]) -> Option<Record> {
    let last = before.last().filter(|last| last.flags.is_syn() && last.from != rst.from)?;
    let only_syns = before.iter().all(|record| record.flags.has(Flags::RST) || record.flags.is_syn());
    let again = |record: &&Record| record.flags.is_syn() && record.from == last.from && record.seq == last.seq;
    let soon = rst.time.since(last.time) <= ANSWERED_WITHIN;
    let refused = only_syns && soon && !rst.flags.has(Flags::ACK);
    after.iter().find(again).filter(|_| refused).map(|_| *last)
}

/// A stack that sets ACK in every RST answers a segment with the numbers that an abort has as well. What it answers is
/// known where it had closed before, or where its identifications begin anew because it had been restarted.
fn acknowledged_trigger(rst: &Record, before: &[Record]) -> Option<Record> {
    let stack = Stack::of(before, rst.from).filter(|stack| stack.always_acknowledges());
    let last = before.last().filter(|last| last.from != rst.from && last.flags.has(Flags::ACK))?;
    let numbers = rst.flags.has(Flags::ACK) && rst.seq == last.ack && rst.ack == last.end();
    let own = || before.iter().filter(|record| record.from == rst.from);
    let closed = own().any(|record| record.flags.has(Flags::FIN));
    let ids = own().next_back().and_then(Record::ip_id).zip(rst.ip_id());
    let restarted = ids.is_some_and(|(known, anew)| anew.wrapping_sub(known) > u16::MAX / 2);
    let soon = || is_prompt(&before.iter(), rst, last);
    (stack.is_some() && numbers && (closed || restarted) && soon()).then_some(*last)
}

/// The last segment that the RST can answer.
pub fn latest_trigger<'a>(
    records: impl DoubleEndedIterator<Item = &'a Record> + Clone,
    rst: &Record,
) -> Option<Record> {
    answerable(records, rst).next().copied()
}

/// The segments that the RST can answer, the last one first. A host takes segments in their order: what came before
/// one that it acknowledged, it had answered before that.
fn answerable<'a>(
    records: impl DoubleEndedIterator<Item = &'a Record> + Clone,
    rst: &Record,
) -> impl Iterator<Item = &'a Record> {
    let all = records.clone();
    let mut acknowledged: Option<Seq> = None;
    let mut was_taken = false;
    records.rev().filter(move |record| {
        if record.from == rst.from {
            if record.flags.has(Flags::ACK) && !record.flags.has(Flags::RST) {
                acknowledged = Some(acknowledged.map_or(record.ack, |known| known.max(record.ack)));
            }
            return false;
        }
        was_taken |= record.seq_len() > 0 && acknowledged.is_some_and(|ack| !ack.before(record.end()));
        !was_taken && answers(rst, record) && is_prompt(&all, rst, record)
    })
}

/// Whether `rst` came early enough to answer `segment`.
pub fn is_prompt<'a>(records: &(impl Iterator<Item = &'a Record> + Clone), rst: &Record, segment: &Record) -> bool {
    let elapsed = rst.time.since(segment.time);
    // No path is so fast that this were too late.
    elapsed <= QUEUES || elapsed <= answered_within(records, rst.from)
}

/// For how long an answer of `side` may still be on its way, by how long its acknowledgments took before. They wait
/// for nothing but the path, and a delayed one for half a second more (RFC 9293 section 3.8.6.3).
fn answered_within<'a>(records: &(impl Iterator<Item = &'a Record> + Clone), side: Side) -> Span {
    let asked = records.clone().enumerate().filter(|(_, record)| record.from != side && record.seq_len() > 0);
    let took = asked.filter_map(|(at, record)| {
        let mut replies =
            records.clone().skip(at + 1).filter(|reply| reply.from == side && reply.flags.has(Flags::ACK));
        replies.find(|reply| reply.ack == record.end()).map(|reply| reply.time.since(record.time).nanos())
    });
    let slow = |took: i64| Span::from_nanos(took.max(0).saturating_mul(2).saturating_add(QUEUES.nanos()));
    took.max().map_or(ANSWERED_WITHIN, slow).min(ANSWERED_WITHIN)
}

/// Where several equal RSTs came, each answers a segment of its own (docs/internals/resets.md#trains-of-resets):
/// the first one then answers the first of as many segments as there were resets, less those that came only later.
pub fn settle_trigger(resets: &mut [Rst], before: &[Record], after: &[Record]) {
    let Some((first, others)) = resets.split_first_mut() else { return };
    let rst = first.record;
    if first.trigger.is_none() {
        first.trigger = acknowledged_trigger(&rst, before).or_else(|| refused_syn(&rst, before, after));
    }
    if rst.flags.has(Flags::ACK) || first.trigger.is_none() {
        return;
    }
    let equal = |other: &Record| other.from == rst.from && other.flags == rst.flags && other.seq == rst.seq;
    let soon = |other: &Record| other.time.since(rst.time) <= ANSWERED_WITHIN;
    let train = || others.iter().filter(|other| equal(&other.record) && soon(&other.record));
    let more = train().count();
    let took = train().next_back().map_or(Span::ZERO, |last| last.record.time.since(rst.time));
    let later = after.iter().filter(|one| one.from != rst.from && answers(&rst, one)).count();
    // What came before its sender spoke last was heard by a socket, unless it was data.
    let spoke = before.iter().rposition(|record| record.from == rst.from).map_or(0, |at| at + 1);
    let candidates = answerable(before.iter(), &rst)
        .enumerate()
        .filter(|(_, record)| is_data(record) || before[spoke..].iter().any(|late| late.frame == record.frame));
    let nth = candidates.take(1 + more.saturating_sub(later)).last().map(|(_, record)| *record);
    // The answers follow each other as the segments did; copies of one answer come at once.
    let within = took.nanos().saturating_add(JITTER.nanos());
    if let (Some(nth), Some(known)) = (nth, first.trigger)
        && nth.frame < known.frame
        && known.time.since(nth.time).nanos() <= within
    {
        first.trigger = Some(nth);
    }
}

/// Whether more equal resets came than there are segments that the first of them can answer: each answers one of its own
/// (docs/internals/resets.md#trains-of-resets), so the capture missed some.
pub fn answers_unseen(resets: &[Rst], before: &[Record], after: &[Record]) -> bool {
    let Some(Rst { record: rst, .. }) = resets.first().filter(|first| !first.record.flags.has(Flags::ACK)) else {
        return false;
    };
    let equal = |other: &&Rst| {
        let other = &other.record;
        let same = other.from == rst.from && other.flags == rst.flags && other.seq == rst.seq;
        same && other.time.since(rst.time) <= ANSWERED_WITHIN
    };
    let answered = before.iter().chain(after).filter(|one| one.from != rst.from && answers(rst, one));
    resets.iter().filter(equal).count() > answered.count()
}

fn is_data(record: &Record) -> bool {
    record.len > 0 && !record.notes.has(Notes::PROBE) && !record.flags.has(Flags::SYN)
}

fn answers(rst: &Record, segment: &Record) -> bool {
    // A RST whose number is not known is not known to take it from any segment.
    let unnumbered = rst.notes.has(Notes::SEQ_ASSUMED) && !rst.flags.has(Flags::ACK);
    if segment.flags.has(Flags::RST) || unnumbered {
        return false;
    }
    if rst.flags.has(Flags::ACK) {
        !segment.flags.has(Flags::ACK) && rst.ack == segment.end()
    } else {
        segment.flags.has(Flags::ACK) && rst.seq == segment.ack
    }
}
