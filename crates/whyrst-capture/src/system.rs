//! What each system has of its own: how a file is opened, read at a place, and waited for.

#[cfg(not(unix))]
mod other;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
pub(crate) use other::{open, read_at, standard_input};
#[cfg(unix)]
pub(crate) use unix::{open, read_at, standard_input};
