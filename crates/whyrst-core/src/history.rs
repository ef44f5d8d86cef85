//! The segments a connection is remembered by: its first four and its last twelve.
//!
//! A RST is explained by what came before it, and nobody knows beforehand which connection will
//! end in one. So every connection keeps a few records, in blocks of four that are taken from a
//! pool and given back to it: no allocation per packet, and a connection of three segments costs
//! one block.

use alloc::vec::Vec;

use crate::flow::Side;
use crate::observation::{Frame, Interface, Observation};
use crate::segment::{Assumed, Flags, IpKind, OptionSet, Segment};
use crate::seq::Seq;
use crate::time::Timestamp;

/// What the tracker noticed about a segment when it came.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Notes(u16);

impl Notes {
    /// Carries octets that had been sent before (a TCP retransmission), and behind them at most some that had waited.
    pub const RETRANSMISSION: Self = Self(1);
    /// At most one octet just below SND.NXT: a keep-alive (RFC 9293 section 3.8.4) or window probe.
    pub const PROBE: Self = Self(1 << 1);
    /// Starts beyond what had been seen: segments are missing from the capture or out of order.
    pub const AFTER_GAP: Self = Self(1 << 2);
    /// Acknowledges octets that the capture never showed.
    pub const ACKS_UNSEEN: Self = Self(1 << 3);
    /// IPv6: `ip_id` holds the low 16 bits of the flow label, not an identification.
    pub const IPV6: Self = Self(1 << 4);
    /// The packet was cut off: the capture has less of it than the wire had.
    pub const CUT: Self = Self(1 << 5);
    /// Far outside what its receiver can take: damaged, forged, or of another incarnation.
    pub const OUT_OF_WINDOW: Self = Self(1 << 6);
    /// A SYN in the middle of a connection that lives (RFC 5961 section 4).
    pub const SYN_ON_LIVE: Self = Self(1 << 7);
    /// Its source did not say the hops left.
    pub const TTL_UNKNOWN: Self = Self(1 << 8);
    /// Its source did not say the identification or flow label.
    pub const ID_UNKNOWN: Self = Self(1 << 9);
    /// Its source did not say DSCP and ECN.
    pub const CLASS_UNKNOWN: Self = Self(1 << 10);
    /// Its source did not say its sequence number.
    pub const SEQ_ASSUMED: Self = Self(1 << 11);
    /// Its source said where its numbers stand from each other, not where they begin.
    pub const BASE_ASSUMED: Self = Self(1 << 12);
    /// Its source did not say the window.
    pub const WINDOW_ASSUMED: Self = Self(1 << 13);

    /// Whether all of `other` is noted.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Adds `other`.
    pub const fn insert(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

/// One remembered segment: 48 octets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Record {
    /// When it was seen.
    pub time: Timestamp,
    /// In which frame.
    pub frame: Frame,
    /// SEG.SEQ.
    pub seq: Seq,
    /// Acknowledgment field, significant or not.
    pub ack: Seq,
    /// Payload octets by the IP header.
    pub len: u32,
    /// `TSval` when `options` has timestamps, else 0.
    pub ts_value: u32,
    /// Window field, not scaled.
    pub window: u16,
    /// TCP checksum field.
    pub checksum: u16,
    /// As [`Self::ip_id`]; 0 where that is not known.
    ip_id: u16,
    /// Where it was seen.
    pub interface: Interface,
    /// Which options it carried.
    pub options: OptionSet,
    /// Control bits.
    pub flags: Flags,
    /// As [`Self::ttl`]; 0 where that is not known.
    ttl: u8,
    /// As [`Self::traffic_class`]; 0 where that is not known.
    traffic_class: u8,
    /// Who sent it.
    pub from: Side,
    /// What was noticed about it.
    pub notes: Notes,
}

impl Record {
    /// Remembers `segment` of `observation`, sent by `from`.
    pub fn new(observation: &Observation<'_>, segment: &Segment<'_>, from: Side) -> Self {
        let mut notes = Notes::default();
        let ip_id = match segment.ip.kind {
            IpKind::V4 { id, .. } => id,
            IpKind::V6 { flow_label } => {
                notes.insert(Notes::IPV6);
                flow_label.map(low_bits_or_one)
            }
        };
        notes.insert(unsaid(segment, ip_id));
        if (segment.payload.len() as u64) < u64::from(segment.len) {
            notes.insert(Notes::CUT);
        }
        Self {
            time: observation.time,
            frame: observation.frame,
            seq: segment.seq,
            ack: segment.ack,
            len: segment.len,
            ts_value: segment.options.timestamps.map_or(0, |ts| ts.value),
            window: segment.window,
            checksum: segment.checksum,
            ip_id: ip_id.unwrap_or(0),
            interface: observation.interface,
            options: segment.options.set,
            flags: segment.flags,
            ttl: segment.ip.ttl.unwrap_or(0),
            traffic_class: segment.ip.traffic_class.unwrap_or(0),
            from,
            notes,
        }
    }

    /// SEG.LEN: payload plus one each for SYN and FIN.
    pub const fn seq_len(&self) -> u32 {
        self.len.wrapping_add(self.flags.has(Flags::SYN) as u32).wrapping_add(self.flags.has(Flags::FIN) as u32)
    }

    /// The sequence number after it.
    pub const fn end(&self) -> Seq {
        self.seq.add(self.seq_len())
    }

    /// Whether it carries neither payload nor SYN, FIN or RST.
    pub const fn is_pure_ack(&self) -> bool {
        self.len == 0
            && self.flags.has(Flags::ACK)
            && !self.flags.has(Flags::SYN)
            && !self.flags.has(Flags::FIN)
            && !self.flags.has(Flags::RST)
    }

    /// Hops left.
    pub const fn ttl(&self) -> Option<u8> {
        if self.notes.has(Notes::TTL_UNKNOWN) { None } else { Some(self.ttl) }
    }

    /// IPv4 identification, or for IPv6 the low 16 bits of the flow label (see [`Notes::IPV6`]).
    pub const fn ip_id(&self) -> Option<u16> {
        if self.notes.has(Notes::ID_UNKNOWN) { None } else { Some(self.ip_id) }
    }

    /// The IPv4 identification where it names this packet: 0 names none (RFC 6864), and a flow label names a flow.
    pub const fn own_id(&self) -> Option<u16> {
        if self.ip_id == 0 || self.notes.has(Notes::IPV6) { None } else { self.ip_id() }
    }

    /// DSCP and ECN.
    pub const fn traffic_class(&self) -> Option<u8> {
        if self.notes.has(Notes::CLASS_UNKNOWN) { None } else { Some(self.traffic_class) }
    }

    /// DSCP, six bits (RFC 2474).
    pub const fn dscp(&self) -> Option<u8> {
        match self.traffic_class() {
            Some(class) => Some(class >> 2),
            None => None,
        }
    }

    /// SEG.SEQ as it stood in the header, where that is known: not where numbers were printed from where they began.
    pub const fn absolute_seq(&self) -> Option<Seq> {
        let assumed = self.notes.has(Notes::SEQ_ASSUMED) || self.notes.has(Notes::BASE_ASSUMED);
        if assumed { None } else { Some(self.seq) }
    }

    /// The acknowledgment number as it stood in the header, where that is known and the ACK flag makes it significant.
    pub const fn absolute_ack(&self) -> Option<Seq> {
        if self.flags.has(Flags::ACK) && !self.notes.has(Notes::BASE_ASSUMED) { Some(self.ack) } else { None }
    }

    /// The window field, where it is known.
    pub const fn known_window(&self) -> Option<u16> {
        if self.notes.has(Notes::WINDOW_ASSUMED) { None } else { Some(self.window) }
    }
}

/// What the source of `segment` did not say.
#[inline]
fn unsaid(segment: &Segment<'_>, ip_id: Option<u16>) -> Notes {
    let ip = &segment.ip;
    let said = ip.ttl.is_some() && ip_id.is_some() && ip.traffic_class.is_some();
    if said && segment.assumed == Assumed::NOTHING { Notes::default() } else { all_unsaid(segment, ip_id) }
}

#[cold]
fn all_unsaid(segment: &Segment<'_>, ip_id: Option<u16>) -> Notes {
    let mut notes = Notes::default();
    let all = [
        (segment.ip.ttl.is_none(), Notes::TTL_UNKNOWN),
        (ip_id.is_none(), Notes::ID_UNKNOWN),
        (segment.ip.traffic_class.is_none(), Notes::CLASS_UNKNOWN),
        (segment.assumed.has(Assumed::SEQ), Notes::SEQ_ASSUMED),
        (segment.assumed.has(Assumed::BASE), Notes::BASE_ASSUMED),
        (segment.assumed.has(Assumed::WINDOW), Notes::WINDOW_ASSUMED),
    ];
    all.into_iter().filter(|(unsaid, _)| *unsaid).for_each(|(_, note)| notes.insert(note));
    notes
}

/// A flow label that is not zero must not look like zero when only 16 bits of it are kept.
#[expect(clippy::cast_possible_truncation, reason = "only whether it is zero, and equality, are used")]
const fn low_bits_or_one(flow_label: u32) -> u16 {
    let low = flow_label as u16;
    if low == 0 && flow_label != 0 { 1 } else { low }
}

const BLOCK: usize = 4;
/// So many of the first records are kept.
pub(crate) const HEAD: usize = BLOCK;
const TAIL_BLOCKS: usize = 3;
const TAIL: usize = BLOCK * TAIL_BLOCKS;
/// Records in a full history, and in one lap of its ring.
const FULL: u32 = 16;
const LAP: u32 = 12;
const _: () = assert!(FULL as usize == HEAD + TAIL && LAP as usize == TAIL);
const NO_BLOCK: u32 = u32::MAX;

/// A connection's handle on its records: 20 octets.
#[derive(Clone, Copy, Debug)]
pub struct History {
    blocks: [u32; 1 + TAIL_BLOCKS],
    len: u32,
}

impl Default for History {
    fn default() -> Self {
        Self { blocks: [NO_BLOCK; 1 + TAIL_BLOCKS], len: 0 }
    }
}

/// The blocks of all connections.
#[derive(Debug, Default)]
pub struct HistoryPool {
    blocks: Vec<[Option<Record>; BLOCK]>,
    free: Vec<u32>,
}

impl HistoryPool {
    /// Remembers `record`, forgetting the oldest of the last twelve when they are full.
    pub fn push(&mut self, history: &mut History, record: Record) {
        let (block, offset) = place(history.len as usize);
        if history.blocks[block] == NO_BLOCK {
            history.blocks[block] = self.take();
        }
        self.blocks[history.blocks[block] as usize][offset] = Some(record);
        // Beyond the first lap only the position within the ring matters: keep the counter small
        // enough never to wrap while `len >= HEAD + TAIL` still says that the ring is full.
        history.len = if history.len + 1 == FULL + LAP { FULL } else { history.len + 1 };
    }

    /// The records in order of arrival; a gap lies after the first four when more than sixteen came.
    pub fn records(&self, history: &History) -> impl DoubleEndedIterator<Item = &Record> + Clone {
        let len = history.len as usize;
        let tail_start = len.saturating_sub(TAIL).max(HEAD);
        (0..HEAD.min(len)).chain(tail_start..len).filter_map(|at| {
            let (block, offset) = place(at);
            self.blocks.get(history.blocks[block] as usize)?[offset].as_ref()
        })
    }

    /// The same, kept: without room for more, since there are thousands of them.
    pub fn kept(&self, history: &History) -> Vec<Record> {
        let mut kept = Vec::with_capacity((history.len as usize).min(HEAD + TAIL));
        kept.extend(self.records(history).copied());
        kept
    }

    /// Prefetches the latest record and the place of the next one.
    pub(crate) fn prefetch(&self, history: &History) -> u32 {
        let at = |len: usize| {
            let (block, offset) = place(len);
            let record = self.blocks.get(history.blocks[block] as usize).and_then(|block| block[offset].as_ref());
            record.map_or(0, |record| record.len)
        };
        let len = history.len as usize;
        at(len.saturating_sub(1)) ^ at(len)
    }

    /// Gives the blocks back.
    pub fn release(&mut self, history: &mut History) {
        self.free.extend(history.blocks.iter().filter(|block| **block != NO_BLOCK));
        *history = History::default();
    }

    /// Octets that the pool occupies.
    pub fn bytes(&self) -> usize {
        self.blocks.capacity() * size_of::<[Option<Record>; BLOCK]>() + self.free.capacity() * size_of::<u32>()
    }

    #[expect(clippy::cast_possible_truncation, reason = "2^32 blocks of 192 octets do not fit into any memory")]
    fn take(&mut self) -> u32 {
        self.free.pop().unwrap_or_else(|| {
            self.blocks.push([None; BLOCK]);
            (self.blocks.len() - 1) as u32
        })
    }
}

/// Block and offset of the record number `at`: four in the head, then a ring of twelve.
const fn place(at: usize) -> (usize, usize) {
    if at < HEAD {
        return (0, at);
    }
    let at = (at - HEAD) % TAIL;
    (1 + at / BLOCK, at % BLOCK)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(number: u64) -> Record {
        Record {
            time: Timestamp::default(),
            frame: Frame::new(0, number),
            seq: Seq::default(),
            ack: Seq::default(),
            len: 0,
            ts_value: 0,
            window: 0,
            checksum: 0,
            ip_id: 0,
            interface: Interface::default(),
            options: OptionSet::default(),
            flags: Flags::default(),
            ttl: 64,
            traffic_class: 0,
            from: Side::Low,
            notes: Notes::default(),
        }
    }

    fn numbers(pool: &HistoryPool, history: &History) -> Vec<u64> {
        pool.records(history).map(|record| record.frame.number()).collect()
    }

    #[test]
    fn the_first_four_and_the_last_twelve_are_kept_in_order() {
        let (mut pool, mut history) = (HistoryPool::default(), History::default());
        for number in 1..=200 {
            pool.push(&mut history, record(number));
            let kept = numbers(&pool, &history);
            let head = 1..=number.min(4);
            let tail = number.saturating_sub(11).max(5)..=number;
            assert_eq!(kept, head.chain(tail).collect::<Vec<_>>(), "after {number}");
        }
    }

    #[test]
    fn blocks_are_used_again() {
        let mut pool = HistoryPool::default();
        for _ in 0..100 {
            let mut history = History::default();
            for number in 1..=30 {
                pool.push(&mut history, record(number));
            }
            pool.release(&mut history);
        }
        assert_eq!(pool.blocks.len(), 4);
    }

    #[test]
    fn a_record_stays_small() {
        assert!(size_of::<Record>() <= 48, "{}", size_of::<Record>());
        assert_eq!(size_of::<Option<Record>>(), size_of::<Record>());
    }
}
