//! Snoop (RFC 1761), the format of Solaris: one interface, all numbers in network byte order, and
//! records that say how long they are and how many packets were dropped so far.

use std::io;

use whyrst_core::time::Timestamp;

use super::ledger::{InterfaceInfo, Ledger};
use super::record::{Found, MAX_RECORD, RawRecord, cut_or_end};
use super::resync::{Candidate, Resync};
use crate::bytes::be32_at;
use crate::link::LinkType;
use crate::note::Note;
use crate::unsaid::Unsaid;
use crate::window::{Have, Window};

pub(super) const FILE_HEADER: usize = 16;
const RECORD_HEADER: usize = 24;

/// Whether `first` begins a snoop file.
pub(super) fn begins(first: &[u8]) -> bool {
    first.starts_with(b"snoop\0\0\0")
}

pub(crate) struct Snoop {
    link: LinkType,
    /// Seconds of the last record that was believed.
    last_second: Option<u32>,
    resync: Resync,
}

impl Snoop {
    /// Takes the file header, which must be there.
    pub(super) fn open(window: &mut Window, ledger: &mut Ledger) -> Self {
        let place = window.advance(FILE_HEADER);
        let header = window.taken(place);
        let version = be32_at(header, 8).unwrap_or_default();
        if version != 2 {
            let major = u16::try_from(version).unwrap_or(u16::MAX);
            ledger.notes.add(Note::Version { major, minor: 0 });
        }
        let link = link(be32_at(header, 12).unwrap_or_default());
        ledger.interfaces.push(InterfaceInfo { name: String::new(), link });
        Self { link, last_second: None, resync: Resync::new(1, RECORD_HEADER) }
    }

    #[inline]
    pub(super) fn find(&mut self, window: &mut Window, ledger: &mut Ledger) -> io::Result<Found> {
        if self.resync.is_lost() && !self.resynchronise(window, ledger)? {
            return Ok(Found::Idle);
        }
        match window.have(RECORD_HEADER)? {
            Have::All => {}
            Have::Idle => return Ok(Found::Idle),
            Have::Only(present) => return Ok(cut_or_end(window, RECORD_HEADER, present, ledger)),
        }
        let Some(record) = SnoopRecord::read(window.ahead()) else { return Ok(Found::End) };
        if !record.is_possible() {
            return Ok(self.resync.lose(record.whole.into(), window, ledger));
        }
        // The last record may lack its padding.
        let needed = RECORD_HEADER + record.captured as usize;
        match window.have(record.whole as usize)? {
            Have::Only(present) if present < needed => return Ok(cut_or_end(window, needed, present, ledger)),
            Have::Idle => return Ok(Found::Idle),
            Have::All | Have::Only(_) => {}
        }
        Ok(self.take(window, record, ledger))
    }

    fn take(&mut self, window: &mut Window, record: SnoopRecord, ledger: &mut Ledger) -> Found {
        let rest = window.ahead().len().min(record.whole as usize);
        let place = window.advance(rest);
        let from = place.start + RECORD_HEADER;
        self.last_second = Some(record.second);
        ledger.counts.frames += 1;
        ledger.counts.bad_lengths += u64::from(record.original < record.captured);
        ledger.counts.dropped = ledger.counts.dropped.max(record.dropped.into());
        Found::Record(RawRecord {
            time: record.time(),
            interface: 0,
            link: self.link,
            original: record.original.max(record.captured),
            frame: from..from + record.captured as usize,
            unsaid: Unsaid::NOTHING,
        })
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
        let Some(record) = self.plausible(window.ahead()) else { return Ok(Candidate::Nothing) };
        let whole = record.whole as usize;
        let stands = match window.have(whole + RECORD_HEADER)? {
            Have::All => self.plausible(&window.ahead()[whole..]).is_some(),
            Have::Idle => return Ok(Candidate::NotYetKnown),
            Have::Only(present) => present == whole,
        };
        Ok(if stands { Candidate::Record } else { Candidate::Nothing })
    }

    fn plausible(&self, bytes: &[u8]) -> Option<SnoopRecord> {
        const DAY: u32 = 86_400;
        let near = |second: u32| self.last_second.is_none_or(|last| last.abs_diff(second) <= DAY);
        SnoopRecord::read(bytes).filter(|record| {
            record.is_possible()
                && record.captured > 0
                && (record.captured..=MAX_RECORD).contains(&record.original)
                && record.fraction < 1_000_000
                && near(record.second)
        })
    }
}

/// A record header.
#[derive(Clone, Copy)]
struct SnoopRecord {
    original: u32,
    captured: u32,
    /// Bytes from this record to the next one.
    whole: u32,
    dropped: u32,
    second: u32,
    fraction: u32,
}

impl SnoopRecord {
    fn read(bytes: &[u8]) -> Option<Self> {
        let word = |at| be32_at(bytes, at);
        Some(Self {
            original: word(0)?,
            captured: word(4)?,
            whole: word(8)?,
            dropped: word(12)?,
            second: word(16)?,
            fraction: word(20)?,
        })
    }

    /// Whether what was captured fits the record, and the record the reader.
    const fn is_possible(self) -> bool {
        self.whole <= MAX_RECORD && self.captured as usize + RECORD_HEADER <= self.whole as usize
    }

    fn time(self) -> Timestamp {
        Timestamp::from_nanos(i64::from(self.second) * 1_000_000_000 + i64::from(self.fraction) * 1_000)
    }
}

/// The datalink types of RFC 1761 section 3; those of no LINKTYPE become one that is not assigned.
fn link(datalink: u32) -> LinkType {
    match datalink {
        0 | 4 => LinkType::ETHERNET,
        2 => LinkType::TOKEN_RING,
        8 => LinkType::FDDI,
        other => LinkType(0xff00 | (other & 0xff) as u16),
    }
}
