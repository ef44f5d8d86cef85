//! Capture files and pipes to observations, and back.
//!
//! The way of one frame: a `source` fills the one buffer of a `window`, a `container` (pcap or
//! pcapng) finds the record in it, `link`, `ip` and `tcp` or `icmp` take it apart where it lies, and [`Capture::next`] lends the [`Observation`] to the caller. Nothing is allocated and
//! no payload is copied on that way.
//!
//! Bad input is data. Whatever the bytes are, a frame becomes an observation or is passed over for
//! a [`Reason`] that is counted; what hangs on no single frame is a [`Note`]. Errors are for what
//! cannot be read at all.
//!
//! ```no_run
//! use whyrst_capture::{Capture, Step};
//!
//! let mut capture = Capture::open("a.pcapng".as_ref(), 0)?;
//! loop {
//!     match capture.next()? {
//!         Step::Observation(seen) => println!("{} {:?}", seen.frame, seen.what),
//!         Step::PassedOver(frame, reason) => println!("{frame} passed over: {reason}"),
//!         Step::Idle => {}
//!         Step::End => break,
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`Observation`]: whyrst_core::observation::Observation

mod ahead;
mod annotate;
mod archive;
mod bytes;
mod capture;
mod checksum;
mod chunk;
mod compression;
mod container;
mod cooked;
mod counts;
mod dissect;
mod error;
mod filter;
mod fragments;
mod icmp;
mod ip;
mod link;
pub mod logs;
mod note;
mod printed;
mod protocol;
mod record;
pub mod recording;
mod set;
mod source;
mod system;
mod tcp;
mod tunnel;
mod unpack;
mod unsaid;
mod window;
pub mod writer;

pub use annotate::{AnnotateError, Annotated, Comments, annotate};
pub use capture::{Capture, Pulled, Step};
pub use chunk::{Assembly, Chunk, Look, Sighting, Taken, sighting};
pub use compression::Compression;
pub use container::{InterfaceInfo, Looks};
pub use counts::{Counts, Reason};
pub use error::{OpenError, ReadError};
pub use filter::{Filter, FilterError};
pub use link::LinkType;
pub use note::{Note, Notes};
pub use record::Record;
pub use set::{CaptureSet, Reading};
pub use source::Stop;
pub use unsaid::Unsaid;
