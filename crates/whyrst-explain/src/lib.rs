//! Why were the TCP connections in a capture reset? What the program `whyrst` answers, for programs.
//!
//! [`explain`] gives one [`Report`] for each connection that was reset: the record that
//! `whyrst explain --format json` prints, in the same order, with the same words. Captures are pcap, pcapng and snoop,
//! plain, compressed, in directories and archives; memory does not depend on their size.
//!
//! ```
//! use whyrst_explain::explain;
//!
//! # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/close-unread/client.pcapng");
//! let mut reports = explain(path)?;
//! for report in &mut reports {
//!     let report = report?; // what could not be read comes last
//!     println!("{} > {}: {}", report.client, report.server, report.headline);
//!     println!("  {} [{:?}]", report.verdict.cause, report.verdict.confidence);
//!     for evidence in &report.evidence {
//!         println!("  frames {:?}: {}", evidence.frames, evidence.text);
//!     }
//!     for advice in &report.advice {
//!         println!("  to do: {advice}");
//!     }
//! }
//! for incident in reports.incidents() {
//!     println!("{} connections: {}", incident.connections, incident.title);
//! }
//! # Ok::<(), whyrst_explain::ReadError>(())
//! ```
//!
//! Texts that come from packets, such as the last words of an end, are escaped: they print as one line. They stay the
//! words of a stranger.
//!
//! The library starts no thread, reads no environment variable and prints nothing; it works when it is asked for the
//! next record. It is built for `wasm32-unknown-unknown` without its default features.

pub mod budget;
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

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
