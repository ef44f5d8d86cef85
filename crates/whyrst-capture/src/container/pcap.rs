//! Classic pcap (draft-ietf-opsawg-pcap): one file header, one interface, and records one behind
//! the other. Nothing marks where a record begins, so a damaged length loses all that follows;
//! then the reader looks for a place where two plausible records stand in a row.

use std::io;

use whyrst_core::time::Timestamp;

use super::ledger::{InterfaceInfo, Ledger};
use super::lost::{Stand, Way};
use super::record::{Found, MAX_RECORD, RawRecord, cut_or_end};
use crate::bytes::{Order, array_at};
use crate::link::LinkType;
use crate::note::Note;
use crate::window::{Have, Window};

const FILE_HEADER: usize = 24;
const RECORD_HEADER: usize = 16;
/// Frames up to this size are believed whatever the header's snap length says.
const USUAL_SNAPLEN: u32 = 256 * 1024;

/// What the magic number tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Kind {
    order: Order,
    /// Nanoseconds in one unit of a record's fraction.
    unit: u32,
    /// Octets of a record header.
    record_header: usize,
    lengths: Lengths,
}

/// In which order a record says its two lengths.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Lengths {
    /// Captured, then original.
    AsNow,
    /// Original, then captured: before version 2.3, and by tcpdump of DG/UX (version 543.0).
    Swapped,
    /// Version 2.3 was written both ways: the smaller one is the captured one.
    Either,
}

impl Lengths {
    const fn of(major: u16, minor: u16) -> Self {
        match (major, minor) {
            (2, ..3) | (543, 0) => Self::Swapped,
            (2, 3) => Self::Either,
            _ => Self::AsNow,
        }
    }
}

impl Kind {
    /// By the first four octets.
    pub(super) fn of(first: &[u8]) -> Option<Self> {
        [Order::Little, Order::Big].into_iter().find_map(|order| {
            let (unit, record_header) = match order.u32_at(first, 0)? {
                0xa1b2_c3d4 => (1_000, RECORD_HEADER),
                0xa1b2_3c4d => (1, RECORD_HEADER),
                // "Modified" by A. Kuznetsov: interface index, protocol and packet type follow.
                0xa1b2_cd34 => (1_000, RECORD_HEADER + 8),
                _ => return None,
            };
            Some(Self { order, unit, record_header, lengths: Lengths::AsNow })
        })
    }

    #[expect(clippy::unused_self, reason = "the same for all kinds, but theirs to say")]
    pub(super) const fn header_size(self) -> usize {
        FILE_HEADER
    }
}

pub(crate) struct Pcap {
    kind: Kind,
    link: LinkType,
    /// Captured lengths beyond this are taken for damage.
    longest: u32,
    /// Seconds of the last record that was believed.
    last_second: Option<u32>,
    way: Way,
}

impl Pcap {
    /// Takes the file header, which must be there.
    pub(super) fn open(mut kind: Kind, window: &mut Window, ledger: &mut Ledger) -> Self {
        let place = window.advance(FILE_HEADER);
        let header = window.taken(place);
        let half = |at| kind.order.u16_at(header, at).unwrap_or_default();
        let (major, minor) = (half(4), half(6));
        kind.lengths = Lengths::of(major, minor);
        if !matches!((major, minor), (2, ..=4) | (543, 0)) {
            ledger.notes.add(Note::Version { major, minor });
        }
        let word = |at| kind.order.u32_at(header, at).unwrap_or_default();
        // The upper half of the last word tells of checksums behind each frame.
        let link = LinkType((word(20) & 0xffff) as u16);
        ledger.interfaces.push(InterfaceInfo { name: String::new(), link });
        let longest = word(16).clamp(USUAL_SNAPLEN, MAX_RECORD);
        Self { kind, link, longest, last_second: None, way: Way::new(1, kind.record_header) }
    }

    #[inline]
    pub(super) fn find(&mut self, window: &mut Window, ledger: &mut Ledger) -> io::Result<Found> {
        if self.way.is_lost() && !self.find_the_way(window, ledger)? {
            return Ok(Found::Idle);
        }
        let size = self.kind.record_header;
        match window.have(size)? {
            Have::All => {}
            Have::Idle => return Ok(Found::Idle),
            Have::Only(present) => return Ok(cut_or_end(window, size, present, ledger)),
        }
        let Some(record) = Record::read(self.kind, window.ahead()) else {
            return Ok(Found::End);
        };
        if record.captured > self.longest {
            return Ok(self.way.lose(record.captured.into(), window, ledger));
        }
        let whole = size + record.captured as usize;
        match window.have(whole)? {
            Have::All => {}
            Have::Idle => return Ok(Found::Idle),
            Have::Only(present) => return Ok(cut_or_end(window, whole, present, ledger)),
        }
        Ok(self.take(window, record, ledger))
    }

    /// Finds records as long as they are whole in the window and nothing is odd about them; the others
    /// are for [`Self::find`].
    #[inline]
    pub(crate) fn find_whole(
        &mut self,
        window: &mut Window,
        ledger: &mut Ledger,
        mut take: impl FnMut(RawRecord, u64),
    ) {
        let size = self.kind.record_header;
        while !self.way.is_lost()
            && window.ahead().len() >= size
            && let Some(record) = Record::read(self.kind, window.ahead())
            && record.captured <= self.longest
            && window.ahead().len() - size >= record.captured as usize
        {
            if let Found::Record(place) = self.take(window, record, ledger) {
                take(place, ledger.counts.frames);
            }
        }
    }

    #[inline]
    fn take(&mut self, window: &mut Window, record: Record, ledger: &mut Ledger) -> Found {
        window.advance(self.kind.record_header);
        let frame = window.advance(record.captured as usize);
        self.last_second = Some(record.second);
        ledger.counts.frames += 1;
        ledger.counts.bad_lengths += u64::from(record.original < record.captured);
        Found::Record(RawRecord {
            time: record.time(self.kind.unit),
            interface: 0,
            link: self.link,
            original: record.original.max(record.captured),
            frame,
        })
    }

    #[cold]
    fn find_the_way(&mut self, window: &mut Window, ledger: &mut Ledger) -> io::Result<bool> {
        let mut way = self.way;
        let found = way.find(window, ledger, |window| self.stand(window));
        self.way = way;
        found
    }

    /// Whether two plausible records, or one and the end, stand here.
    fn stand(&self, window: &mut Window) -> io::Result<Stand> {
        let size = self.kind.record_header;
        let Some(record) = self.plausible(window.ahead()) else { return Ok(Stand::Nothing) };
        let whole = size + record.captured as usize;
        let stands = match window.have(whole + size)? {
            Have::All => self.plausible(&window.ahead()[whole..]).is_some(),
            Have::Idle => return Ok(Stand::NotYetKnown),
            Have::Only(present) => present == whole,
        };
        Ok(if stands { Stand::Record } else { Stand::Nothing })
    }

    /// A record header that contradicts nothing, within a day of the last one that was believed.
    fn plausible(&self, bytes: &[u8]) -> Option<Record> {
        const DAY: u32 = 86_400;
        let near = |second: u32| self.last_second.is_none_or(|last| last.abs_diff(second) <= DAY);
        Record::read(self.kind, bytes).filter(|record| {
            (1..=self.longest).contains(&record.captured)
                && (record.captured..=MAX_RECORD).contains(&record.original)
                && u64::from(record.fraction) * u64::from(self.kind.unit) < 1_000_000_000
                && near(record.second)
        })
    }
}

/// A record header.
#[derive(Clone, Copy)]
struct Record {
    second: u32,
    fraction: u32,
    captured: u32,
    original: u32,
}

impl Record {
    #[inline]
    fn read(kind: Kind, bytes: &[u8]) -> Option<Self> {
        let header: [u8; RECORD_HEADER] = array_at(bytes, 0)?;
        let word = |at: usize| kind.order.u32([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        let (captured, original) = match (kind.lengths, word(8), word(12)) {
            (Lengths::AsNow, first, second) => (first, second),
            (Lengths::Swapped, first, second) => (second, first),
            (Lengths::Either, first, second) => (first.min(second), first.max(second)),
        };
        Some(Self { second: word(0), fraction: word(4), captured, original })
    }

    #[inline]
    fn time(self, unit: u32) -> Timestamp {
        // 2^32 seconds and as many fractions of 1000 ns are less than 2^63 ns.
        let fraction = i64::from(self.fraction) * i64::from(unit);
        Timestamp::from_nanos(i64::from(self.second) * 1_000_000_000 + fraction)
    }
}
