//! What the tracker is told: one thing seen, at one time, at one place.

use core::fmt;
use core::net::IpAddr;

use crate::segment::{Endpoint, Segment};
use crate::seq::Seq;
use crate::time::Timestamp;

/// Which frame of which file: the numbers that Wireshark shows for that file, counted from 1.
///
/// Ordered by file, then by number. 20 bits name the file of a set and 44 bits the frame in it,
/// so that a frame costs eight octets wherever it is remembered.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Frame(u64);

impl Frame {
    const NUMBER_BITS: u32 = 44;

    /// Frame `number` (from 1) of file number `file` (from 0).
    pub const fn new(file: u32, number: u64) -> Self {
        Self(((file as u64) << Self::NUMBER_BITS) | (number & ((1 << Self::NUMBER_BITS) - 1)))
    }

    /// Number within the file, from 1; 0 stands for "no frame" (a kernel event).
    pub const fn number(self) -> u64 {
        self.0 & ((1 << Self::NUMBER_BITS) - 1)
    }

    /// Index of the file in the set that was read, from 0.
    pub const fn file(self) -> u32 {
        (self.0 >> Self::NUMBER_BITS) as u32
    }
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.number().fmt(f)
    }
}

/// Where it was seen: the interface's index within the whole set of files.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Interface(pub u16);

/// One thing that was seen.
#[derive(Clone, Copy, Debug)]
pub struct Observation<'a> {
    /// When, by the clock of the capturing host.
    pub time: Timestamp,
    /// In which frame.
    pub frame: Frame,
    /// On which interface.
    pub interface: Interface,
    /// From which address on the link, where the link layer has one.
    pub link: Option<LinkAddress>,
    /// What it was.
    pub what: Seen<'a>,
}

/// The address of a host or router on its link (Ethernet: MAC address).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct LinkAddress([u8; 6]);

impl LinkAddress {
    /// Of what the capturing host sent itself, where the capture says so: all of its interfaces are one sender. No frame
    /// comes from the broadcast address.
    pub const OWN: Self = Self([0xff; 6]);

    /// From the bytes on the wire.
    pub const fn new(bytes: [u8; 6]) -> Self {
        Self(bytes)
    }

    /// Whether it is that of a device without addresses, as the loopback device is.
    #[inline]
    pub const fn is_null(self) -> bool {
        matches!(self.0, [0, 0, 0, 0, 0, 0])
    }
}

impl core::fmt::Display for LinkAddress {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let [first, rest @ ..] = self.0;
        write!(out, "{first:02x}")?;
        rest.iter().try_for_each(|byte| write!(out, ":{byte:02x}"))
    }
}

/// The kinds of things that packets can show.
#[derive(Clone, Copy, Debug)]
pub enum Seen<'a> {
    /// A TCP segment.
    Segment(Segment<'a>),
    /// An ICMP error about a TCP segment.
    Icmp(IcmpError),
}

/// An ICMP error that quotes a TCP segment (RFC 792, RFC 4443).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IcmpError {
    /// The router or host that sent the error.
    pub from: IpAddr,
    /// What it says.
    pub kind: IcmpKind,
    /// Source of the quoted segment: the end that is told.
    pub src: Endpoint,
    /// Destination of the quoted segment.
    pub dst: Endpoint,
    /// Sequence number of the quoted segment, when the quote reaches that far.
    pub seq: Option<Seq>,
}

/// What an ICMP error says, over both IP versions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IcmpKind {
    /// No route to the network or host.
    HostUnreachable,
    /// The host does not speak the protocol.
    ProtocolUnreachable,
    /// The port is unreachable.
    PortUnreachable,
    /// A filter forbids it (codes 9, 10, 13; `ICMPv6` code 1, 5, 6).
    Prohibited,
    /// The packet was too big for the next link.
    TooBig,
    /// The hop limit ran out.
    TimeExceeded,
    /// Another type and code.
    Other {
        /// ICMP type.
        kind: u8,
        /// ICMP code.
        code: u8,
    },
}
