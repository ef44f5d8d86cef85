//! The frames of a text, as the bytes of a container: made by who reads the text, found by who reads containers.
//!
//! Never written to any file. A record is a kind, then numbers of fixed size (little-endian), then bytes.

use std::io;

use whyrst_core::time::Timestamp;

use super::names::Names;
use super::packet::{Made, Unsaid};
use super::{excerpt, names_of};
use crate::container::{Found, InterfaceInfo, Ledger, RawRecord};
use crate::counts::Reason;
use crate::link::LinkType;
use crate::note::Note;
use crate::window::{Have, Window};

const FRAME: u8 = b'F';
const OTHER: u8 = b'O';
const END: u8 = b'E';
/// Kind, number, time, what is unsaid, length on the wire, link layer, whether it has no time, length.
const HEADER: usize = 1 + 8 + 8 + 2 + 4 + 2 + 1 + 4;

/// The bytes that were made and not yet read.
#[derive(Debug, Default)]
pub(super) struct Out {
    bytes: Vec<u8>,
    from: usize,
    unread: u64,
    first_unread: Option<(u64, String)>,
    /// What no packet has said.
    never: Option<Unsaid>,
    dated: bool,
    times: Vec<i64>,
}

impl Out {
    pub(super) const fn is_empty(&self) -> bool {
        self.from == self.bytes.len()
    }

    pub(super) fn move_into(&mut self, into: &mut [u8]) -> usize {
        let ahead = &self.bytes[self.from..];
        let count = ahead.len().min(into.len());
        into[..count].copy_from_slice(&ahead[..count]);
        self.from += count;
        if self.is_empty() {
            self.bytes.clear();
            self.from = 0;
        }
        count
    }

    /// The times that were printed of the frames so far, which are forgotten with all else.
    pub(super) fn take_times(&mut self) -> Vec<i64> {
        self.bytes.clear();
        self.from = 0;
        std::mem::take(&mut self.times)
    }

    /// A line that could not be read.
    pub(super) fn unread(&mut self, line: u64, text: &str) {
        self.unread += 1;
        self.first_unread.get_or_insert_with(|| (line, excerpt(text)));
    }

    /// A frame; `None` for a packet that shows nothing about TCP.
    pub(super) fn frame(&mut self, number: u64, said: Option<i64>, time: i64, untimed: bool, made: Option<&Made>) {
        /// Years after this are no clock of a day.
        const YEAR: i64 = 365 * 86_400_000_000_000;
        const KEPT: usize = 64;
        self.dated |= time > YEAR;
        if let Some(said) = said
            && self.times.len() < KEPT
        {
            self.times.push(said);
        }
        let (kind, bytes) = made.map_or((OTHER, [].as_slice()), |made| (FRAME, made.bytes.as_slice()));
        let unsaid = made.map_or(Unsaid::NOTHING, |made| made.unsaid);
        if made.is_some() {
            let never = self.never.map_or(unsaid.bits(), |never| never.bits() & unsaid.bits());
            self.never = Some(Unsaid::from_bits(never));
        }
        let link = made.map_or(LinkType::RAW, |made| made.link);
        self.bytes.push(kind);
        self.bytes.extend(number.to_le_bytes());
        self.bytes.extend(time.to_le_bytes());
        self.bytes.extend(unsaid.bits().to_le_bytes());
        self.bytes.extend(made.map_or(0, |made| made.original).to_le_bytes());
        self.bytes.extend(link.0.to_le_bytes());
        self.bytes.push(untimed.into());
        self.bytes.extend(u32::try_from(bytes.len()).unwrap_or(0).to_le_bytes());
        self.bytes.extend(bytes);
    }

    /// What must be said of the whole text.
    pub(super) fn end(&mut self, names: &Names) {
        let (line, text) = self.first_unread.take().unwrap_or_default();
        let never = listed(&names_of(self.never.unwrap_or_default()));
        let stand_in = names.first().map_or(String::new(), |(name, address, more)| {
            let more = if more > 0 { format!(" (and {more} more)") } else { String::new() };
            format!("{}{more} is shown as {address}", excerpt(name))
        });
        self.bytes.push(END);
        self.bytes.extend(self.unread.to_le_bytes());
        self.bytes.extend(line.to_le_bytes());
        self.bytes.push(self.dated.into());
        for text in [text, never, stand_in] {
            let bytes = &text.as_bytes()[..text.len().min(1_024)];
            self.bytes.extend(u16::try_from(bytes.len()).unwrap_or(0).to_le_bytes());
            self.bytes.extend(bytes);
        }
    }
}

/// `TTL, IP ID and checksums`.
fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [others @ .., last] => format!("{} and {last}", others.join(", ")),
    }
}

/// Reads the frames of a text.
#[derive(Debug)]
pub(crate) struct Frames {
    last: Option<Timestamp>,
}

impl Frames {
    pub(crate) fn open(ledger: &mut Ledger) -> Self {
        ledger.interfaces.push(InterfaceInfo { name: String::new(), link: LinkType::RAW });
        Self { last: None }
    }

    pub(crate) fn find(&mut self, window: &mut Window, ledger: &mut Ledger) -> io::Result<Found> {
        match window.have(1)? {
            Have::All => {}
            Have::Idle => return Ok(Found::Idle),
            Have::Only(_) => return Ok(Found::End),
        }
        if window.ahead()[0] == END {
            return end(window, ledger);
        }
        match window.have(HEADER)? {
            Have::All => {}
            Have::Idle => return Ok(Found::Idle),
            Have::Only(_) => return Ok(Found::End),
        }
        let header = Header::read(window.ahead());
        match window.have(HEADER + header.length)? {
            Have::All => {}
            Have::Idle => return Ok(Found::Idle),
            Have::Only(_) => return Ok(Found::End),
        }
        window.advance(HEADER);
        let frame = window.advance(header.length);
        ledger.counts.frames += 1;
        ledger.number = header.number;
        ledger.counts.untimed += u64::from(header.untimed);
        let before = self.last.replace(header.time).unwrap_or(header.time);
        ledger.note_time(before, header.time);
        if header.kind == OTHER {
            return Ok(Found::PassedOver(Reason::NotTcp));
        }
        Ok(Found::Record(RawRecord {
            time: header.time,
            interface: 0,
            link: header.link,
            original: header.original,
            frame,
            unsaid: header.unsaid,
        }))
    }
}

struct Header {
    kind: u8,
    number: u64,
    time: Timestamp,
    unsaid: Unsaid,
    original: u32,
    link: LinkType,
    untimed: bool,
    length: usize,
}

impl Header {
    /// From the beginning of `bytes`, which are long enough.
    fn read(bytes: &[u8]) -> Self {
        let mut at = Numbers(bytes);
        Self {
            kind: at.take::<1>()[0],
            number: u64::from_le_bytes(at.take()),
            time: Timestamp::from_nanos(i64::from_le_bytes(at.take())),
            unsaid: Unsaid::from_bits(u16::from_le_bytes(at.take())),
            original: u32::from_le_bytes(at.take()),
            link: LinkType(u16::from_le_bytes(at.take())),
            untimed: at.take::<1>()[0] != 0,
            length: u32::from_le_bytes(at.take()) as usize,
        }
    }
}

/// Numbers one after another; 0 beyond the end.
struct Numbers<'a>(&'a [u8]);

impl Numbers<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let taken = self.0.first_chunk().copied().unwrap_or([0; N]);
        self.0 = self.0.get(N..).unwrap_or(&[]);
        taken
    }
}

/// The last record, with what is to be noted.
fn end(window: &mut Window, ledger: &mut Ledger) -> io::Result<Found> {
    /// Its numbers, and three texts of 1024 bytes.
    const MOST: usize = 1 + 8 + 8 + 1 + 3 * (2 + 1_024);
    match window.have(MOST)? {
        Have::Idle => return Ok(Found::Idle),
        Have::All | Have::Only(_) => {}
    }
    let mut numbers = Numbers(window.ahead());
    numbers.take::<1>();
    let (unread, line) = (u64::from_le_bytes(numbers.take()), u64::from_le_bytes(numbers.take()));
    let dated = numbers.take::<1>()[0] != 0;
    let texts = [(); 3].map(|()| {
        let length = usize::from(u16::from_le_bytes(numbers.take()));
        let text = String::from_utf8_lossy(numbers.0.get(..length).unwrap_or(&[])).into_owned();
        numbers.0 = numbers.0.get(length..).unwrap_or(&[]);
        text
    });
    let [text, never, named] = texts;
    let size = window.ahead().len() - numbers.0.len();
    window.advance(size);
    ledger.notes.add_single(Note::FromText { unknown: never, dated });
    if !named.is_empty() {
        ledger.notes.add_single(Note::Names { named });
    }
    if unread > 0 {
        ledger.notes.add_single(Note::UnreadLines { count: unread, line, text });
    }
    Ok(Found::End)
}
