//! Classic pcap (draft-ietf-opsawg-pcap): one file header, one interface, and records one behind
//! the other. Nothing marks where a record begins, so a damaged length loses all that follows;
//! then the reader looks for a place where two plausible records stand in a row.

use std::io;
use std::ops::Range;

use whyrst_core::time::Timestamp;

use super::ledger::{InterfaceInfo, Ledger};
use super::record::{Found, MAX_RECORD, RawRecord, cut_or_end};
use super::resync::{Candidate, Resync};
use crate::bytes::Order;
use crate::link::LinkType;
use crate::note::Note;
use crate::unsaid::Unsaid;
use crate::window::{Have, Window};

const FILE_HEADER: usize = 24;
const RECORD_HEADER: usize = 16;
/// Frames up to this size are believed whatever the header's snap length says.
const USUAL_SNAPLEN: u32 = 256 * 1024;

/// What the magic number says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Variant {
    order: Order,
    /// Nanoseconds in one unit of a record's fraction.
    unit: u32,
    /// Bytes of a record header.
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

impl Variant {
    /// By the first four bytes.
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
    variant: Variant,
    link: LinkType,
    /// Captured lengths beyond this are taken for damage.
    longest: u32,
    /// Seconds of the last record that was believed.
    last_second: Option<u32>,
    resync: Resync,
}

impl Pcap {
    /// Takes the file header, which must be there.
    pub(super) fn open(mut variant: Variant, window: &mut Window, ledger: &mut Ledger) -> Self {
        let place = window.advance(FILE_HEADER);
        let header = window.taken(place);
        let half = |at| variant.order.u16_at(header, at).unwrap_or_default();
        let (major, minor) = (half(4), half(6));
        variant.lengths = Lengths::of(major, minor);
        if !matches!((major, minor), (2, ..=4) | (543, 0)) {
            ledger.notes.add(Note::Version { major, minor });
        }
        let word = |at| variant.order.u32_at(header, at).unwrap_or_default();
        // The upper half of the last word announces checksums behind each frame.
        let link = LinkType((word(20) & 0xffff) as u16);
        ledger.interfaces.push(InterfaceInfo { name: String::new(), link });
        let longest = word(16).clamp(USUAL_SNAPLEN, MAX_RECORD);
        Self { variant, link, longest, last_second: None, resync: Resync::new(1, variant.record_header) }
    }

    #[inline]
    pub(super) fn find(&mut self, window: &mut Window, ledger: &mut Ledger) -> io::Result<Found> {
        if self.resync.is_lost() && !self.resynchronise(window, ledger)? {
            return Ok(Found::Idle);
        }
        let size = self.variant.record_header;
        match window.have(size)? {
            Have::All => {}
            Have::Idle => return Ok(Found::Idle),
            Have::Only(present) => return Ok(cut_or_end(window, size, present, ledger)),
        }
        let Some(record) = PcapRecord::read(self.variant, window.ahead()) else {
            return Ok(Found::End);
        };
        if record.captured > self.longest {
            return Ok(self.resync.lose(record.captured.into(), window, ledger));
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
    pub(crate) fn find_whole(&mut self, window: &mut Window, ledger: &mut Ledger, take: impl FnMut(RawRecord, u64)) {
        let variant = self.variant;
        if self.resync.is_lost() {
            return;
        }
        // What nearly every file is gets a loop of its own, which decides nothing for each record.
        if variant.order == Order::Little && variant.lengths == Lengths::AsNow {
            let usual = Variant { order: Order::Little, lengths: Lengths::AsNow, ..variant };
            self.walk(window, ledger, move |header| PcapRecord::of(usual, header), take);
        } else {
            self.walk(window, ledger, move |header| PcapRecord::of(variant, header), take);
        }
    }

    /// From one record to the next, with everything that changes at hand.
    #[inline]
    fn walk(
        &mut self,
        window: &mut Window,
        ledger: &mut Ledger,
        read: impl Fn(&[u8; RECORD_HEADER]) -> PcapRecord,
        mut take: impl FnMut(RawRecord, u64),
    ) {
        let (size, unit, link, longest) = (self.variant.record_header, self.variant.unit, self.link, self.longest);
        let (start, ahead) = (window.start(), window.ahead());
        let (mut rest, mut frames, mut last) = (ahead, ledger.counts.frames, self.last_second);
        let (mut turned_back, mut bad_lengths) = (0, 0);
        while let Some(header) = rest.first_chunk() {
            let record = read(header);
            let whole = size + record.captured as usize;
            if record.captured > longest || rest.len() < whole {
                break;
            }
            turned_back += record.is_before(last);
            bad_lengths += u64::from(record.original < record.captured);
            last = Some(record.second);
            frames += 1;
            let at = start + (ahead.len() - rest.len());
            take(record.place(at + size..at + whole, link, unit), frames);
            rest = &rest[whole..];
        }
        let taken = ahead.len() - rest.len();
        window.advance(taken);
        self.last_second = last;
        ledger.counts.frames = frames;
        ledger.counts.turned_back += turned_back;
        ledger.counts.bad_lengths += bad_lengths;
    }

    #[inline]
    fn take(&mut self, window: &mut Window, record: PcapRecord, ledger: &mut Ledger) -> Found {
        window.advance(self.variant.record_header);
        let frame = window.advance(record.captured as usize);
        let before = self.last_second.replace(record.second);
        ledger.counts.turned_back += record.is_before(before);
        ledger.counts.frames += 1;
        ledger.counts.bad_lengths += u64::from(record.original < record.captured);
        Found::Record(record.place(frame, self.link, self.variant.unit))
    }

    #[cold]
    fn resynchronise(&mut self, window: &mut Window, ledger: &mut Ledger) -> io::Result<bool> {
        let mut resync = self.resync;
        let found = resync.find(window, ledger, |window| self.candidate(window));
        self.resync = resync;
        found
    }

    /// Whether two plausible records, or one and the end, are here.
    fn candidate(&self, window: &mut Window) -> io::Result<Candidate> {
        let size = self.variant.record_header;
        let Some(record) = self.plausible(window.ahead()) else { return Ok(Candidate::Nothing) };
        let whole = size + record.captured as usize;
        let stands = match window.have(whole + size)? {
            Have::All => self.plausible(&window.ahead()[whole..]).is_some(),
            Have::Idle => return Ok(Candidate::NotYetKnown),
            Have::Only(present) => present == whole,
        };
        Ok(if stands { Candidate::Record } else { Candidate::Nothing })
    }

    /// A record header that contradicts nothing, within a day of the last one that was believed.
    fn plausible(&self, bytes: &[u8]) -> Option<PcapRecord> {
        const DAY: u32 = 86_400;
        let near = |second: u32| self.last_second.is_none_or(|last| last.abs_diff(second) <= DAY);
        PcapRecord::read(self.variant, bytes).filter(|record| {
            (1..=self.longest).contains(&record.captured)
                && (record.captured..=MAX_RECORD).contains(&record.original)
                && u64::from(record.fraction) * u64::from(self.variant.unit) < 1_000_000_000
                && near(record.second)
        })
    }
}

/// A record header.
#[derive(Clone, Copy)]
struct PcapRecord {
    second: u32,
    fraction: u32,
    captured: u32,
    original: u32,
}

impl PcapRecord {
    #[inline]
    fn read(variant: Variant, bytes: &[u8]) -> Option<Self> {
        bytes.first_chunk().map(|header| Self::of(variant, header))
    }

    #[inline]
    fn of(variant: Variant, header: &[u8; RECORD_HEADER]) -> Self {
        let word = |at: usize| variant.order.u32([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        let (captured, original) = match (variant.lengths, word(8), word(12)) {
            (Lengths::AsNow, first, second) => (first, second),
            (Lengths::Swapped, first, second) => (second, first),
            (Lengths::Either, first, second) => (first.min(second), first.max(second)),
        };
        Self { second: word(0), fraction: word(4), captured, original }
    }

    /// 1 when it was captured before `last`. Seconds alone are compared: less than two may be less than one.
    #[inline]
    fn is_before(self, last: Option<u32>) -> u64 {
        u64::from(last.is_some_and(|last| self.second.saturating_add(1) < last))
    }

    #[inline]
    fn place(self, frame: Range<usize>, link: LinkType, unit: u32) -> RawRecord {
        RawRecord {
            time: self.time(unit),
            interface: 0,
            link,
            original: self.original.max(self.captured),
            frame,
            unsaid: Unsaid::NOTHING,
        }
    }

    #[inline]
    fn time(self, unit: u32) -> Timestamp {
        // 2^32 seconds and as many fractions of 1000 ns are less than 2^63 ns.
        let fraction = i64::from(self.fraction) * i64::from(unit);
        Timestamp::from_nanos(i64::from(self.second) * 1_000_000_000 + fraction)
    }
}
