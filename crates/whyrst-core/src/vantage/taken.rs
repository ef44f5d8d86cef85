//! What was read at one point, before it is joined with what others have.

use alloc::vec::Vec;

use super::collect::Traces;
use crate::joined::{Loss, PointName};
use crate::outcome::Outcome;

/// Everything that was read at one point.
#[derive(Debug)]
pub struct Taken {
    /// What the point is called, and its files.
    pub name: PointName,
    /// The resets and failed connects that this capture alone shows.
    pub outcomes: Vec<Outcome>,
    /// The segments of all connections that matter at any point.
    pub traces: Traces,
    /// Why packets may be missing from this capture, when it says so itself.
    pub loss: Option<Loss>,
}
