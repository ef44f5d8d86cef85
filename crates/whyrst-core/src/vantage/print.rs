//! What a segment is recognised by at another point: its numbers, which nothing on the path but a
//! proxy changes. Addresses, ports, TTL and options may be rewritten on the way, and PSH and ECN
//! bits change when a network card cuts or joins segments.

use crate::flow::Side;
use crate::history::Record;
use crate::segment::{Flags, Segment};

/// Bits that stay the same from one end to the other.
const LASTING: u8 = Flags::SYN.bits() | Flags::FIN.bits() | Flags::RST.bits() | Flags::ACK.bits();

/// One segment of a connection that is known to be the same at two points.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Print {
    from: Side,
    flags: u8,
    seq: u32,
    ack: u32,
    len: u32,
}

impl Print {
    pub(super) fn of(record: &Record) -> Self {
        let ack = if record.flags.has(Flags::ACK) { record.ack.raw() } else { 0 };
        Self { from: record.from, flags: record.flags.bits() & LASTING, seq: record.seq.raw(), ack, len: record.len }
    }
}

/// A segment that hardly any other connection has: two numbers of 32 bits that both ends chose.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Rare {
    flags: u8,
    seq: u32,
    other: u32,
    len: u32,
}

impl Rare {
    pub(super) fn of(record: &Record) -> Option<Self> {
        Self::new(record.flags, record.seq.raw(), record.ack.raw(), record.ts_value, record.len)
    }

    pub(super) fn of_segment(segment: &Segment<'_>) -> Option<Self> {
        let ts_value = segment.options.timestamps.map_or(0, |stamps| stamps.value);
        Self::new(segment.flags, segment.seq.raw(), segment.ack.raw(), ts_value, segment.len)
    }

    /// A SYN has one number of its own and its timestamp; a RST may have none.
    fn new(flags: Flags, seq: u32, ack: u32, ts_value: u32, len: u32) -> Option<Self> {
        let other = if flags.is_syn() { ts_value } else { ack };
        let tells = seq != 0 && other != 0 && !flags.has(Flags::RST) && (flags.is_syn() || flags.has(Flags::ACK));
        tells.then_some(Self { flags: flags.bits() & LASTING, seq, other, len })
    }
}
