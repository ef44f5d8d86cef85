//! What could not be read.

use std::fmt;

use whyrst_capture::{Note, OpenError};
use whyrst_core::report::escape::escape_name;

/// Why a capture could not be read, or not to its end. What came before it was told.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub struct ReadError {
    /// The file as it was named; in an archive with the member's name behind it. Whoever made the file may have
    /// chosen it: what prints the error ([`fmt::Display`]) has it escaped.
    pub file: String,
    /// The last frame that was read; `None` where it could not be opened.
    pub frame: Option<u64>,
    /// What is wrong, as it goes on after the name of the file and a colon.
    pub reason: String,
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, frame, reason } = self;
        let (file, reason) = (escape_name(file), escape_name(reason));
        match frame {
            Some(frame) => write!(f, "cannot read {file} after frame {frame}: {reason}"),
            None => write!(f, "cannot read {file}: {reason}"),
        }
    }
}

impl ReadError {
    /// A file that became shorter while it was read.
    pub(crate) fn shrank(file: &str, frame: u64, note: &Note) -> Self {
        Self { file: file.to_owned(), frame: Some(frame), reason: note.to_string() }
    }
}

impl From<&OpenError> for ReadError {
    fn from(error: &OpenError) -> Self {
        let (name, reason) = match error {
            OpenError::Io { name, cause } => (name, cause.to_string()),
            OpenError::Directory { name } => (name, "it is a directory".to_owned()),
            OpenError::Archive { name, after: 0, cause } => (name, format!("the archive is damaged: {cause}")),
            OpenError::Archive { name, after, cause } => {
                (name, format!("the archive is damaged beyond member {after}: {cause}"))
            }
            OpenError::TooMany { name, limit } => {
                (name, format!("more than {limit} captures at once: it and what follows is left out"))
            }
            OpenError::Empty { name } => (name, "it is empty".to_owned()),
            OpenError::HeaderCut { name, needed, present } => {
                (name, format!("its header is cut: {needed} bytes needed, {present} present"))
            }
            OpenError::NotACapture { name, looks } => (name, format!("not a capture, it looks like {looks}")),
            OpenError::Compression { name, cause } => (name, format!("cannot decompress it: {cause}")),
        };
        Self { file: name.clone(), frame: None, reason }
    }
}

impl From<whyrst_capture::ReadError> for ReadError {
    fn from(error: whyrst_capture::ReadError) -> Self {
        Self { file: error.name, frame: Some(error.frame), reason: error.cause.to_string() }
    }
}
