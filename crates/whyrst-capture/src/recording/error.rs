//! Why a recording could not be read or written.

use std::io;

/// Why a recording could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// The system said no.
    #[error("cannot read {name}: {cause}")]
    Read {
        /// The recording.
        name: String,
        /// What the system said.
        cause: io::Error,
    },
    /// Not one line.
    #[error("cannot read {name}: it is empty")]
    Empty {
        /// The recording.
        name: String,
    },
    /// The first line belongs to something else.
    #[error("cannot read {name}: not a recording of kernel events, its first line {cause}")]
    NotARecording {
        /// The file.
        name: String,
        /// What is wrong with the line.
        cause: String,
    },
    /// The system would not take it.
    #[error("cannot write the recording: {cause}")]
    Write {
        /// What the system said.
        cause: io::Error,
    },
}
