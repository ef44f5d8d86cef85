//! The history of a connection in letters, as Zeek writes it: which kinds of segments came, in the
//! order of their first appearance.

use core::fmt;

use crate::history::{Notes, Record};
use crate::segment::Flags;

const CAPACITY: usize = 14;

/// Which kinds of segments came, in the order of their first appearance: upper case from the
/// client, lower case from the server.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Letters {
    letters: [u8; CAPACITY],
    len: u8,
}

/// Who sent it, for the case of the letter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Originator {
    /// The client.
    Client,
    /// The server.
    Server,
}

impl Letters {
    /// Adds the letters of a segment that have not appeared yet in its direction.
    pub fn add(&mut self, record: &Record, by: Originator) {
        // As most are.
        if record.is_pure_ack() {
            return self.add_letter(b'A', by);
        }
        for (letter, _) in letters_of(record).into_iter().filter(|(_, present)| *present) {
            self.add_letter(letter, by);
        }
    }

    fn add_letter(&mut self, letter: u8, by: Originator) {
        let letter = if by == Originator::Client { letter } else { letter.to_ascii_lowercase() };
        let len = usize::from(self.len);
        if len < CAPACITY && !self.letters[..len].contains(&letter) {
            self.letters[len] = letter;
            self.len += 1;
        }
    }

    /// The letters as text.
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.letters[..usize::from(self.len)]).unwrap_or_default()
    }
}

impl fmt::Display for Letters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

fn letters_of(record: &Record) -> [(u8, bool); 9] {
    let flags = record.flags;
    let (syn, fin, rst, ack) =
        (flags.has(Flags::SYN), flags.has(Flags::FIN), flags.has(Flags::RST), flags.has(Flags::ACK));
    let odd = syn && (fin || rst);
    [
        (b'I', rst && (syn || fin)),
        (b'Q', syn && fin),
        (b'S', syn && !ack && !odd),
        (b'H', syn && ack && !odd),
        (b'A', record.is_pure_ack()),
        (b'D', record.len > 0 && !record.notes.has(Notes::RETRANSMISSION) && !rst),
        (b'T', record.len > 0 && record.notes.has(Notes::RETRANSMISSION)),
        (b'F', fin && !rst && !syn),
        (b'R', rst && !syn),
    ]
}
