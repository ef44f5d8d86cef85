//! One RST of a connection, with what was kept of its frame, the segment that it answers, and
//! whether its receiver would have taken it.

use alloc::vec::Vec;

pub use whyrst_model::vocabulary::ResetKind;

use crate::acceptance::Acceptance;
use crate::history::Record;
use crate::observation::LinkAddress;

/// Payload octets kept of a RST: enough for any diagnostic text in use.
pub const RST_PAYLOAD_LIMIT: usize = 128;
/// Octets kept of what follows a RST in its frame: F5's trailers have 100 to 200.
pub const RST_TRAILER_LIMIT: usize = 256;

/// One RST.
#[derive(Clone, Debug)]
pub struct Rst {
    /// The segment.
    pub record: Record,
    /// What it carried, at most [`RST_PAYLOAD_LIMIT`] octets.
    pub payload: Vec<u8>,
    /// Reason code of its `MP_TCPRST` option (RFC 8684 section 3.6).
    pub mptcp_reason: Option<u8>,
    /// What stood behind it in its frame, when that is no padding; at most [`RST_TRAILER_LIMIT`] octets.
    pub trailer: Vec<u8>,
    /// The segment of the other end that it answers, when one fits (RFC 9293 section 3.5.2).
    pub trigger: Option<Record>,
    /// From which address on the link it came.
    pub link: Option<LinkAddress>,
    /// Whether its receiver would have taken it.
    pub acceptance: Acceptance,
}

/// The RSTs of one connection, oldest first: at least one.
#[derive(Clone, Debug)]
pub struct Rsts(Vec<Rst>);

impl Rsts {
    /// Begins with the first one.
    pub fn new(first: Rst) -> Self {
        Self(alloc::vec![first])
    }

    /// Adds one that came later.
    pub fn push(&mut self, later: Rst) {
        self.0.push(later);
    }

    /// The first one.
    pub fn first(&self) -> &Rst {
        // `new` takes it and nothing takes it away.
        &self.0[0]
    }

    /// All of them.
    pub fn as_slice(&self) -> &[Rst] {
        &self.0
    }

    /// All of them, to be completed.
    pub fn as_mut_slice(&mut self) -> &mut [Rst] {
        &mut self.0
    }
}
