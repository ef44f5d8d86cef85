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
    /// Not one octet.
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
        /// Octets of the header.
        needed: usize,
        /// Octets there were.
        present: usize,
    },
    /// The first octets are those of no capture.
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
