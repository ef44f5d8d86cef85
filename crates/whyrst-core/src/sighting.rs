//! What a first look at a capture sees of one segment, and how many connections it remembers beside those that were
//! reset: the census and what is kept of siblings must agree on both.

use crate::flow::Side;
use crate::segment::Flags;
use crate::seq::Seq;
use crate::time::Timestamp;

/// Connections of all services together that are known as siblings.
pub const FLOWS: usize = 4_096;
/// Connections of one service that are looked at from their beginning to their end.
pub const FIRST: usize = 64;

/// What the census needs to know of one segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sighting {
    /// The flow, by its [`FlowHasher`](crate::flow::FlowHasher).
    pub flow: u64,
    /// When it was seen.
    pub time: Timestamp,
    /// SEG.SEQ.
    pub seq: Seq,
    /// Control bits.
    pub flags: Flags,
    /// Who sent it: which side is which does not matter, as long as it stays so within a flow.
    pub from: Side,
}
