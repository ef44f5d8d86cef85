//! What a line of another system's record is.

use whyrst_core::claim::{Claimant, PartialEnd};
use whyrst_core::symptom::Came;

use super::super::stamp::Stamp;

/// One event, as each of the systems tells it.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) by: Claimant,
    pub(super) stamp: Option<Stamp>,
    pub(super) near: PartialEnd,
    pub(super) far: PartialEnd,
    pub(super) came: Came,
    pub(super) process: Option<String>,
    pub(super) pid: Option<u32>,
    /// By what other events name the connection.
    pub(super) handle: Option<String>,
    /// What it is in the kernel's words, where it sent a RST.
    pub(super) sent: Option<&'static str>,
}

/// What a line is.
pub(super) enum Line {
    Event(Box<Event>),
    /// One that its next line explains.
    Held(Box<Event>),
    /// Who owns a connection.
    Owner(String, u32),
    /// Nothing about the end of a connection.
    Other,
    Unknown,
}
