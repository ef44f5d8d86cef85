//! What each system has of its own: how a file is opened, read at a place, and waited for.

#[cfg(not(unix))]
mod other;
#[cfg(unix)]
mod unix;

use std::fs::File;

#[cfg(not(unix))]
pub(crate) use other::{Live, open, read_at, standard_input};
#[cfg(unix)]
pub(crate) use unix::{Live, open, read_at, standard_input};

/// A file that was opened.
pub(crate) enum Opened {
    /// One with an end.
    File(File),
    /// A pipe, socket or device, which may fall silent.
    #[cfg_attr(not(unix), expect(dead_code, reason = "no file is live there"))]
    Live(Live),
}
