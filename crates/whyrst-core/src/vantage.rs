//! Several captures of the same traffic, taken at different points of its path.
//!
//! One capture cannot know what happened to a segment before or after it passed. Two can: a RST
//! that one point recorded and the other, nearer to its sender, did not was made in between; a
//! segment that never reached the far point was dropped on the way; an address that differs was
//! rewritten (docs/internals/capture-points.md).
//!
//! The way there: every point is read with a tracker of its own ([`Outcome`]s), then once more for
//! all segments of the connections that matter anywhere ([`collect`]). [`join`] pairs the segments
//! (`pairing`), learns how the clocks differ (`offset`), decides where each point lies on the path
//! (`order`) and whether "not recorded" means "never passed" (`coverage`). What comes out are the
//! outcomes of each connection with what all points know of it in [`Outcome::joined`]; which of them is
//! reported, `verdict::points` decides.
//!
//! [`Outcome`]: crate::outcome::Outcome
//! [`Outcome::joined`]: crate::outcome::Outcome::joined
//!
//! Absence is never taken from a capture that lost packets, began late or ended early.

pub mod collect;
mod coverage;
mod joining;
mod offset;
mod order;
mod pairing;
mod print;
mod taken;
#[cfg(test)]
mod tests;

pub use self::joining::{Joint, Version, join};
pub use self::taken::Taken;
