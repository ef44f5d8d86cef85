//! The bounds of a tracker, and what went through it.
//!
//! The facts behind it: docs/internals/bounds.md#the-tracker.

use crate::time::Span;

/// The bounds of a tracker.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections remembered at once; beyond it the quietest are forgotten and counted.
    pub connections: usize,
    /// Services remembered at once.
    pub services: usize,
    /// A reset is settled when its connection was quiet for so long.
    pub settle_after: Span,
    /// A reset whose connection does not fall quiet is settled so long after its first RST; looked at
    /// every `settle_after`.
    pub settle_at_most: Span,
    /// Resets that wait to be settled; beyond it the oldest is settled early.
    pub unsettled: usize,
    /// Settled resets that wait for what their siblings do later, until more are settled or the capture ends: who
    /// reads files has the time.
    pub held: usize,
    /// An orderly closed connection is remembered so long, for its late segments.
    pub remember_closed: Span,
    /// Orderly closed connections remembered at once; beyond it the one closed longest ago is forgotten.
    pub closed: usize,
    /// A connection whose reset was handed out is remembered so long: the peer's retransmissions are
    /// answered by RST for a while, and those are no resets of their own.
    pub remember_reset: Span,
    /// A SYN that nobody answered is given up after so long (Linux: 127 s with six retries).
    pub give_up_connect: Span,
    /// Keys the hash tables: addresses and ports are chosen by strangers.
    pub hash_seed: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4_000_000,
            services: 65_536,
            settle_after: Span::from_secs(20),
            settle_at_most: Span::from_secs(120),
            unsettled: 65_536,
            held: 0,
            remember_closed: Span::from_secs(10),
            closed: 16_384,
            remember_reset: Span::from_secs(130),
            give_up_connect: Span::from_secs(130),
            hash_seed: 0,
        }
    }
}

/// What went through a tracker.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// TCP segments, copies not counted.
    pub segments: u64,
    /// Copies of packets already seen (SPAN, several interfaces), in the connections that were reset
    /// and handed out.
    pub copies: u64,
    /// RST segments, copies not counted.
    pub rst_segments: u64,
    /// Copies of RST segments.
    pub rst_copies: u64,
    /// RST segments of connections whose reset had been handed out already.
    pub late_resets: u64,
    /// Connections, each incarnation counted.
    pub connections: u64,
    /// Connections in which a RST was seen.
    pub reset_connections: u64,
    /// Connects that failed without any RST.
    pub failed_connects: u64,
    /// Connections forgotten because the bound was reached.
    pub forgotten: u64,
    /// ICMP errors that belong to a connection seen.
    pub icmp_errors: u64,
}
