//! What a reader must know about a capture that hangs on no single frame's content.

use std::fmt;

use crate::compression::Compression;
use crate::link::LinkType;

/// One thing to be said. Its text goes on after the name of the capture and a colon.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Note {
    /// The input ended in the middle of a record; what stood before was delivered.
    Cut {
        /// Number of the frame, or of the next frame when the block is no frame.
        frame: u64,
        /// Bytes that the record needs.
        needed: u64,
        /// Bytes that were there.
        present: u64,
    },
    /// A record length that cannot be true.
    AbsurdLength {
        /// Number of the frame.
        frame: u64,
        /// The length in bytes.
        length: u64,
    },
    /// After an absurd length a place was found where records go on. Later frame numbers are ours
    /// alone: other programs stop there.
    Resumed {
        /// Number of the damaged frame.
        frame: u64,
        /// Bytes passed over.
        skipped: u64,
    },
    /// After an absurd length nothing that looks like a record followed.
    NeverResumed {
        /// Number of the damaged frame.
        frame: u64,
        /// Bytes passed over.
        skipped: u64,
    },
    /// An interface with a link layer that is not read.
    UnsupportedLink {
        /// First frame that was passed over for it.
        frame: u64,
        /// The link layer.
        link: LinkType,
    },
    /// The compressed stream is damaged or cut; what was decompressed before was delivered.
    Compression {
        /// How it was compressed.
        kind: Compression,
        /// Bytes that came out before.
        after: u64,
        /// What the decompressor said.
        cause: String,
    },
    /// The file became shorter while it was read.
    Shrank {
        /// Bytes when it was opened.
        opened: u64,
        /// Bytes that could be read.
        read: u64,
    },
    /// A format version that did not exist when this was written; read as the last known.
    Version {
        /// Major version.
        major: u16,
        /// Minor version.
        minor: u16,
    },
    /// More interfaces than can be numbered.
    ManyInterfaces,
    /// The capture is printed text.
    FromText {
        /// What no packet's text has, by names.
        unknown: String,
        /// Whether times have a date.
        dated: bool,
    },
    /// Hosts were printed by name only, and have addresses that stand for the names.
    Names {
        /// The first, with what stands for it.
        named: String,
    },
    /// Lines of a text that could not be read.
    UnreadLines {
        /// How many.
        count: u64,
        /// The first, counted from 1.
        line: u64,
        /// What it says, escaped and cut.
        text: String,
    },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cut { frame, needed, present } => {
                write!(f, "cut in the middle of frame {frame}: {needed} bytes needed, {present} present")
            }
            Self::AbsurdLength { frame, length } => {
                write!(f, "frame {frame}: a length of {length} bytes cannot be true")
            }
            Self::Resumed { frame, skipped } => {
                write!(f, "frame {frame}: {skipped} bytes passed over up to what looks like the next record")
            }
            Self::NeverResumed { frame, skipped } => {
                write!(f, "frame {frame}: nothing in the {skipped} bytes that follow looks like a record")
            }
            Self::UnsupportedLink { frame, link } => {
                write!(f, "frame {frame}: link layer {link} is not read")
            }
            Self::Compression { kind, after, cause } => {
                write!(f, "cannot decompress {kind} beyond {after} bytes: {cause}")
            }
            Self::Shrank { opened, read } => {
                write!(f, "had {opened} bytes when it was opened, only {read} could be read")
            }
            Self::Version { major, minor } => {
                write!(f, "format version {major}.{minor} is unknown and was read as the last known")
            }
            Self::ManyInterfaces => {
                write!(f, "more than 65536 interfaces: the later ones are treated as one")
            }
            Self::FromText { unknown, dated } => {
                f.write_str("read from text")?;
                if !unknown.is_empty() {
                    write!(f, ": {unknown} unknown")?;
                }
                f.write_str(if *dated { "" } else { "; its times have no date" })
            }
            Self::Names { named } => {
                write!(f, "hosts are printed by name: {named} (print with -n for addresses)")
            }
            Self::UnreadLines { count: 1, line, text } => {
                write!(f, "line {line} could not be read as a packet: {text}")
            }
            Self::UnreadLines { count, line, text } => {
                write!(f, "{count} lines could not be read as packets, the first is line {line}: {text}")
            }
        }
    }
}

/// The notes of one capture, in order. Bounded: a file can be damaged in every frame.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Notes {
    kept: Vec<Note>,
    more: u64,
}

impl Notes {
    /// Notes beyond this number are only counted.
    pub const KEPT: usize = 64;

    /// The first [`Self::KEPT`] notes, and those about the end of the input.
    pub fn iter(&self) -> std::slice::Iter<'_, Note> {
        self.kept.iter()
    }

    /// How many more there were.
    pub const fn more(&self) -> u64 {
        self.more
    }

    /// Adds a note of a kind that can be there once: kept however many others there are.
    pub(crate) fn add_single(&mut self, note: Note) {
        self.kept.push(note);
    }

    pub(crate) fn add(&mut self, note: Note) {
        if self.kept.len() < Self::KEPT {
            self.kept.push(note);
        } else {
            self.more += 1;
        }
    }
}

impl<'a> IntoIterator for &'a Notes {
    type Item = &'a Note;
    type IntoIter = std::slice::Iter<'a, Note>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_bounded_and_the_rest_counted() {
        let mut notes = Notes::default();
        for frame in 0..100 {
            notes.add(Note::AbsurdLength { frame, length: 1 << 32 });
        }
        assert_eq!((notes.iter().count(), notes.more()), (64, 36));
        notes.add_single(Note::Shrank { opened: 2, read: 1 });
        assert_eq!(notes.iter().last(), Some(&Note::Shrank { opened: 2, read: 1 }));
    }

    #[test]
    fn a_cut_says_what_was_needed_and_what_was_there() {
        let note = Note::Cut { frame: 17, needed: 40, present: 12 };
        assert_eq!(note.to_string(), "cut in the middle of frame 17: 40 bytes needed, 12 present");
    }
}
