//! What ends a reading: the input cannot be opened, is no capture, or the system fails to read it.
//! Each text is whole, with its cause: who prints the chain of sources does not print it twice.

use std::io;

use crate::container::Looks;

/// Why a capture could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file is missing, forbidden, or the like.
    #[error("cannot open {name}: {cause}")]
    Io {
        /// The file as it was named.
        name: String,
        /// What the system said.
        cause: io::Error,
    },
    /// The name is that of a directory.
    #[error("cannot read {name}: it is a directory")]
    Directory {
        /// The directory as it was named.
        name: String,
    },
    /// An archive whose members cannot be found, or no further ones.
    #[error("cannot read the archive {name}{}: {cause}", place(*.after))]
    Archive {
        /// The archive as it was named.
        name: String,
        /// How many members were found before.
        after: usize,
        /// What is wrong with it.
        cause: io::Error,
    },
    /// More files than can be numbered.
    #[error("cannot read more than {limit} captures at once: {name} and what follows is left out")]
    TooMany {
        /// The first that was left out.
        name: String,
        /// How many there can be.
        limit: usize,
    },
    /// Not one byte.
    #[error("cannot read {name}: it is empty")]
    Empty {
        /// The capture.
        name: String,
    },
    /// It begins as a capture does but ends inside the file header.
    #[error("cannot read the file header of {name}: {needed} bytes needed, {present} present")]
    HeaderCut {
        /// The capture.
        name: String,
        /// Bytes of the header.
        needed: usize,
        /// Bytes there were.
        present: usize,
    },
    /// The first bytes are those of no capture.
    #[error("cannot read {name}: not a capture, it looks like {looks}")]
    NotACapture {
        /// The file.
        name: String,
        /// What it seems to be.
        looks: Looks,
    },
    /// The compressed stream is damaged before the file header.
    #[error("cannot decompress {name}: {cause}")]
    Compression {
        /// The file.
        name: String,
        /// What the decompressor said.
        cause: String,
    },
}

impl OpenError {
    /// Whether the file is there and can be read, but is no capture, as many beside captures are.
    pub const fn is_no_capture(&self) -> bool {
        matches!(self, Self::NotACapture { .. } | Self::Empty { .. })
    }
}

fn place(after: usize) -> String {
    if after == 0 { String::new() } else { format!(" beyond member {after}") }
}

/// The system failed to deliver what is there.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {name} after frame {frame}: {cause}")]
pub struct ReadError {
    /// The capture.
    pub name: String,
    /// Number of the last frame that was read.
    pub frame: u64,
    /// What the system said.
    pub cause: io::Error,
}
