//! The frames of a text, found in bytes that `printed/frames.rs` writes: so that whoever reads captures need not know that
//! they were text.
//!
//! Never written to any file. A record is a kind, then numbers of fixed size (little-endian), then bytes.

use std::io;

use whyrst_core::time::Timestamp;

use super::ledger::{InterfaceInfo, Ledger};
use super::record::{Found, RawRecord};
use crate::counts::Reason;
use crate::link::LinkType;
use crate::note::Note;
use crate::unsaid::Unsaid;
use crate::window::{Have, Window};

pub(crate) const FRAME: u8 = b'F';
pub(crate) const OTHER: u8 = b'O';
pub(crate) const END: u8 = b'E';
/// Kind, number, time, what is unsaid, length on the wire, link layer, whether it has no time, length.
const HEADER: usize = 1 + 8 + 8 + 2 + 4 + 2 + 1 + 4;

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
