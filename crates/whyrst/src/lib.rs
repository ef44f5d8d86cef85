// The library that programs depend on. It has nothing of its own: it gives the parts of `whyrst-explain` that are a
// promise, and the records of `whyrst-model`, under one name. Its front page is the README, whose example is a test.
#![doc = include_str!("../README.md")]
//!
//! # Where to look
//!
//! | you want | take |
//! | --- | --- |
//! | the resets of a file, of bytes, of what reads | [`explain`], [`explain_bytes`], [`explain_reader`] |
//! | several files, another language, a filter, less memory | [`Options`] |
//! | failed connects as well | [`Told::FailedConnectsToo`] |
//! | the kernel's word about each RST | [`Options::events`] |
//! | what several resets have in common | [`Explained::incidents`] |
//! | what was passed over, cut or forgotten | [`Explained::notes`], and by reason [`SummaryReport::passed_over`] |
//! | the numbers | [`Explained::summary`] |
//! | the types of a record's fields, and reading records again | [`model`] |
//!
//! # With options
//!
//! ```
//! use whyrst::{Language, Options, Told};
//!
//! let options = Options::default()
//!     .told(Told::FailedConnectsToo)
//!     .language(Language::Chinese)
//!     .filter("port 8888".parse()?)
//!     .memory(64 << 20);
//! let mut reports = options.explain("examples/close-unread.pcapng")?;
//! let report = reports.next().expect("the capture has a reset")?;
//! assert_eq!((&*report.verdict.cause, report.server.port), ("close-unread", 8888));
//! assert!(reports.next().is_none());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What cannot be read
//!
//! ```
//! let capture = std::fs::read("examples/close-unread.pcapng")?;
//! let mut reports = whyrst::explain_bytes(capture[..capture.len() - 5].to_vec())?;
//! assert!(reports.all(|report| report.is_ok()), "a capture that was cut is told as far as it goes");
//! assert!(reports.notes().iter().any(|note| note.contains("cut in the middle of frame")));
//!
//! let error = whyrst::explain_bytes(*b"GIF89a: no capture").unwrap_err();
//! assert_eq!((error.file.as_str(), error.frame), ("bytes", None));
//! assert!(error.reason.starts_with("not a capture"), "{error}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[doc(inline)]
pub use whyrst_explain::{
    Detail, Explained, Filter, FilterError, Language, Options, ReadError, Told, explain, explain_bytes, explain_reader,
};
pub use whyrst_model as model;
#[doc(inline)]
pub use whyrst_model::Report;
#[doc(inline)]
pub use whyrst_model::incident::IncidentReport;
#[doc(inline)]
pub use whyrst_model::summary::SummaryReport;
