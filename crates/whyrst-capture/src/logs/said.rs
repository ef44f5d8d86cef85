//! What a line of a log says, before it is tied to anything, and what a log holds in all.

use std::io;

use whyrst_core::claim::{About, Claimant, LONGEST_CLAIM, Leg};
use whyrst_core::symptom::{Came, Symptom};
use whyrst_core::time::Span;

use super::stamp::Stamp;

/// Claims beyond this number are only counted, whatever memory there is.
pub(super) const MOST: usize = 1 << 20;
/// Octets that a claim takes at most, with its line and its places in the index.
pub(super) const CLAIM_OCTETS: u64 = 2 << 10;

/// Why a log could not be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the log {name}: {cause}")]
pub struct LogError {
    pub(super) name: String,
    pub(super) cause: io::Error,
}

/// What a line says, before anything is known of its file.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(super) by: Claimant,
    pub(super) stamp: Option<Stamp>,
    /// How long after its stamp the line's story ended.
    pub(super) lasted: Span,
    pub(super) process: Option<String>,
    pub(super) pid: Option<u32>,
    pub(super) symptom: Option<&'static Symptom>,
    pub(super) came: Came,
    pub(super) about: Vec<(About, Leg)>,
    /// How the ends are known.
    pub(super) ends: Ends,
}

/// How a line says which end is whose.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ends {
    /// By a form that is known.
    Named,
    /// Not at all: an address stands somewhere in it.
    Guessed,
}

impl Said {
    pub(super) fn new(by: Claimant) -> Self {
        Self {
            by,
            stamp: None,
            lasted: Span::ZERO,
            process: None,
            pid: None,
            symptom: None,
            came: Came::Nothing,
            about: Vec::new(),
            ends: Ends::Named,
        }
    }
}

/// What became of a line.
pub(crate) enum Heard {
    /// It says something of a connection.
    Said(Box<Said>),
    /// Its form is known, and it says nothing of a connection's end.
    Nothing,
    /// Its form is not known.
    Unknown,
}

/// What is in a log.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// The log, as a user named it.
    pub name: String,
    /// How many lines it has, blank ones aside.
    pub lines: u64,
    /// How many of them say how a connection ended.
    pub claims: u64,
    /// How many are of a form that is not known.
    pub unread: u64,
    /// The first of those, with its number.
    pub first_unread: Option<(u64, String)>,
}

/// The beginning of a line.
pub(super) fn begin(text: &str) -> Box<str> {
    let text = text.trim();
    text.char_indices().nth(LONGEST_CLAIM).map_or(text, |(end, _)| &text[..end]).into()
}
