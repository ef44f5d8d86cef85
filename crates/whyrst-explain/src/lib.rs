//! Captures to records, on the thread of whoever asks for the next one. Programs depend on the library `whyrst`, which
//! gives this under its own name: its front page has the examples.
//!
//! [`explain`] gives one [`Report`] for each connection that was reset: the record that
//! `whyrst explain --format json` prints, in the same order, with the same words. Captures are pcap, pcapng and snoop,
//! plain, compressed, in directories and archives; memory does not depend on their size.
//!
//! Texts that come from packets, such as the last words of an end, are escaped: they print as one line. They stay the
//! words of a stranger.
//!
//! The library starts no thread, reads no environment variable and prints nothing; it works when it is asked for the
//! next record. It is built for `wasm32-unknown-unknown` without its default features.
//!
//! The modules are for whyrst's own programs, which share memory ([`budget`]), words ([`reading`]), whole connections
//! ([`whole`]) and the lab's runs ([`played`]) with it.

pub mod budget;
mod error;
mod explained;
mod opening;
mod options;
pub mod played;
pub mod reading;
pub mod whole;

use std::io::Read;
use std::path::Path;

pub use whyrst_capture::{Filter, FilterError};
pub use whyrst_core::language::Language;
pub use whyrst_model::Report;
pub use whyrst_model::incident::IncidentReport;
pub use whyrst_model::summary::SummaryReport;

pub use self::error::ReadError;
pub use self::explained::Explained;
pub use self::options::{Detail, Options, Told};

/// Why were the connections in the capture at `path` reset? It is a file, or a directory or archive of captures that
/// are read as one.
pub fn explain(path: impl AsRef<Path>) -> Result<Explained, ReadError> {
    Options::default().explain(path)
}

/// The same of a capture in memory.
pub fn explain_bytes(bytes: impl AsRef<[u8]> + Send + 'static) -> Result<Explained, ReadError> {
    Options::default().explain_bytes(bytes)
}

/// The same of what `reader` reads, once and to its end.
pub fn explain_reader(reader: impl Read + Send + 'static) -> Result<Explained, ReadError> {
    Options::default().explain_reader(reader)
}
