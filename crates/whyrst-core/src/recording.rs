//! What the kernel of one host said during one stretch of time, as `whyrst watch --record` and the lab
//! keep it beside a capture.

use alloc::vec::Vec;
use core::net::IpAddr;

use crate::kernel::KernelReset;
use crate::socket::SocketReset;
use crate::time::Timestamp;

/// What the kernel of one host said during one stretch of time.
///
/// The coverage is what makes silence mean something: a RST from a covered address at a covered
/// time without an event was not sent by that host's TCP (docs/internals/reasons.md).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Recording {
    /// Addresses whose kernel was asked.
    pub addresses: Vec<IpAddr>,
    /// Start of the recording.
    pub from: Timestamp,
    /// End of the recording.
    pub to: Timestamp,
    /// Events that the ring buffer lost; above zero, silence means nothing.
    pub lost: u64,
    /// What it means that there is no event of a RST.
    pub silence: Silence,
    /// The events, in order of time.
    pub resets: Vec<KernelReset>,
    /// What was told live, with the sockets and processes of both ends: `whyrst watch --record` keeps it.
    pub told: Vec<Told>,
}

/// What it means that a recording has no event of a RST that its host would have sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Silence {
    /// The host's TCP did not send it.
    #[default]
    Means,
    /// Nothing: nobody knows which events were recorded, as of another system's trace.
    MeansNothing,
}

/// A reset that was told live, and how many there were of its kind.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Told {
    /// The one that was told.
    pub reset: SocketReset,
    /// 0 for itself; otherwise it stands for so many more that were only counted.
    pub more: u64,
}
