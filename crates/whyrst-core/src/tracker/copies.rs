//! Which segments are copies of packets that were captured before (docs/internals/captures.md#copies): a SPAN port
//! that mirrors both directions, or several interfaces of one router, show each packet twice.
//! Copies are recognised before anything is judged; a train of resets is no train of copies.

use crate::connection::Copied;
use crate::history::{History, HistoryPool, Record};
use crate::observation::Frame;
use crate::segment::Flags;
use crate::time::Span;
use crate::trigger::{latest_trigger, trigger};

/// Copies reach a capture within this time of each other.
const COPY_WITHIN: Span = Span::from_millis(50);
/// Without an identification only what comes this quickly, or on another interface, is taken for a copy.
const COPY_WITHIN_NO_ID: Span = Span::from_millis(1);
/// Routers between two places of one capture.
const FEW_HOPS: u8 = 4;
/// A record further away in time than this has a broken timestamp and says nothing about its neighbours.
const BROKEN_TIME: Span = Span::from_secs(3_600);

/// The frame of the packet that `history` remembers and `record` is a copy of. `copied` says what
/// of its connection had copies before.
pub(super) fn original(pool: &HistoryPool, history: &History, copied: Copied, record: &Record) -> Option<Frame> {
    let found = pool
        .records(history)
        .rev()
        .take_while(|earlier| {
            let apart = record.time.since(earlier.time).abs();
            apart <= COPY_WITHIN || apart >= BROKEN_TIME
        })
        .find(|earlier| {
            same_packet(earlier, record)
                && record.time.since(earlier.time).abs() <= COPY_WITHIN
                && (names_its_packet(earlier) || comes_like_a_copy(pool, history, copied, earlier, record))
        });
    found.map(|earlier| earlier.frame)
}

fn same_packet(a: &Record, b: &Record) -> bool {
    a.seq == b.seq
        && a.ack == b.ack
        && a.from == b.from
        && a.flags == b.flags
        && a.len == b.len
        && a.window == b.window
        && a.ip_id() == b.ip_id()
        && a.ts_value == b.ts_value
}

/// An IPv4 identification other than 0 names one packet (RFC 6864); a flow label names a flow.
fn names_its_packet(record: &Record) -> bool {
    record.own_id().is_some()
}

/// For packets without an identification: equal in every bit, so only time and place are left,
/// and for a RST whether there is a segment of its own that it answers: Linux answers two segments with RSTs that are
/// equal in every bit (`tcp_v4_send_reset`).
fn comes_like_a_copy(pool: &HistoryPool, history: &History, copied: Copied, earlier: &Record, record: &Record) -> bool {
    if earlier.checksum != record.checksum {
        return false;
    }
    let elsewhere = !seen_at(pool, history, record);
    let at_once = record.time.since(earlier.time).abs() <= COPY_WITHIN_NO_ID;
    if record.flags.has(Flags::RST) {
        let doubled = hops_apart(earlier, record) || trigger_was_copied(pool, history, copied, record);
        elsewhere || (at_once && doubled) || !has_own_trigger(pool, history, record)
    } else {
        elsewhere || at_once
    }
}

/// Seen on both sides of some routers: the RSTs of one host come the same way.
fn hops_apart(earlier: &Record, record: &Record) -> bool {
    let hops = earlier.ttl().zip(record.ttl());
    hops.is_some_and(|(earlier, later)| (1..=FEW_HOPS).contains(&earlier.abs_diff(later)))
}

/// Where the segment that it answers was seen twice, so is the answer.
fn trigger_was_copied(pool: &HistoryPool, history: &History, copied: Copied, record: &Record) -> bool {
    latest_trigger(pool.records(history), record).is_some_and(|trigger| copied.reaches(trigger.frame))
}

/// Whether this interface has just shown such a packet: then this is another one, or a second copy
/// at the same place.
fn seen_at(pool: &HistoryPool, history: &History, record: &Record) -> bool {
    pool.records(history).any(|seen| {
        seen.interface == record.interface
            && same_packet(seen, record)
            && record.time.since(seen.time).abs() <= COPY_WITHIN
    })
}

/// Two equal RSTs are two resets when at least two segments were there for them to answer, which
/// came as close to each other as the resets did.
fn has_own_trigger(pool: &HistoryPool, history: &History, record: &Record) -> bool {
    let Some(latest) = latest_trigger(pool.records(history), record) else {
        return false;
    };
    let triggers = pool.records(history).filter(|seen| {
        latest.time.since(seen.time).abs() <= COPY_WITHIN && trigger([*seen].into_iter(), record).is_some()
    });
    let equal = pool.records(history).filter(|seen| same_packet(seen, record));
    triggers.count() > equal.count()
}
