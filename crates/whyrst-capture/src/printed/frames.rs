//! The frames of a text, written as the bytes of a container that `container/text.rs` reads.

use super::names::Names;
use super::packet::Made;
use crate::container::text::{END, FRAME, OTHER};
use crate::link::LinkType;
use crate::unsaid::Unsaid;

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
        let never = listed(&self.never.unwrap_or_default().names());
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

/// What is shown of a line that could not be read.
const SHOWN: usize = 100;

/// What is shown of a line, escaped.
fn excerpt(line: &str) -> String {
    let mut shown: String = line.trim().chars().take(SHOWN).map(escaped).collect();
    if line.trim().chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

/// A letter that no terminal obeys; quotes stay as people wrote them.
fn escaped(letter: char) -> String {
    match letter {
        '"' | '\'' => letter.into(),
        _ => letter.escape_debug().collect(),
    }
}
