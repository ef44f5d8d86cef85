//! What a filter asks of a segment.

use std::net::IpAddr;
use std::ops::RangeInclusive;

use whyrst_core::observation::{IcmpError, Seen};
use whyrst_core::segment::Endpoint;

/// Parentheses within parentheses: the results that wait are bits of one number.
pub(super) const MAX_DEPTH: usize = 100;

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Instruction {
    Test(Test),
    Not,
    And,
    Or,
}

/// One thing that a segment is or is not.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Test {
    Protocol(Protocol),
    Address(Direction, Network),
    Port(Direction, RangeInclusive<u16>),
    /// Bytes on the wire.
    Length(RangeInclusive<u32>),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Protocol {
    Ip4,
    Ip6,
    Tcp,
    Icmp4,
    Icmp6,
    /// One that is never read here: `not udp` is still a sentence.
    Other,
}

/// Which end is meant.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Direction {
    #[default]
    Either,
    Source,
    Destination,
    Both,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Network {
    pub(super) address: IpAddr,
    pub(super) bits: u32,
}

impl Test {
    pub(super) fn holds(&self, seen: &Seen<'_>, length: u32) -> bool {
        match self {
            Self::Protocol(protocol) => protocol.is_of(seen),
            Self::Length(range) => range.contains(&length),
            Self::Address(direction, network) => ends(seen).any(|pair| {
                let [source, destination] = pair.map(|end| network.has(end.ip));
                direction.of(source, destination)
            }),
            Self::Port(direction, range) => {
                let (source, destination) = conversation(seen);
                direction.of(range.contains(&source.port), range.contains(&destination.port))
            }
        }
    }
}

/// The segment's ends, or those of the segment that an ICMP error quotes.
const fn conversation(seen: &Seen<'_>) -> (Endpoint, Endpoint) {
    match seen {
        Seen::Segment(segment) => (segment.src, segment.dst),
        Seen::Icmp(error) => (error.src, error.dst),
    }
}

/// The same, and for an ICMP error also who sent it to whom.
fn ends(seen: &Seen<'_>) -> impl Iterator<Item = [Endpoint; 2]> {
    let (source, destination) = conversation(seen);
    let around = match seen {
        Seen::Icmp(IcmpError { from, .. }) => Some([Endpoint { ip: *from, port: 0 }, source]),
        Seen::Segment(_) => None,
    };
    [[source, destination]].into_iter().chain(around)
}

impl Protocol {
    fn is_of(self, seen: &Seen<'_>) -> bool {
        let six = conversation(seen).0.ip.is_ipv6();
        let icmp = matches!(seen, Seen::Icmp(_));
        match self {
            Self::Ip4 => !six,
            Self::Ip6 => six,
            // An error about a segment goes with the segment.
            Self::Tcp => true,
            Self::Icmp4 => icmp && !six,
            Self::Icmp6 => icmp && six,
            Self::Other => false,
        }
    }
}

impl Direction {
    const fn of(self, source: bool, destination: bool) -> bool {
        match self {
            Self::Either => source || destination,
            Self::Source => source,
            Self::Destination => destination,
            Self::Both => source && destination,
        }
    }
}

impl Network {
    fn has(&self, ip: IpAddr) -> bool {
        match (self.address, ip) {
            (IpAddr::V4(own), IpAddr::V4(ip)) => (own.to_bits() ^ ip.to_bits()).leading_zeros() >= self.bits,
            (IpAddr::V6(own), IpAddr::V6(ip)) => (own.to_bits() ^ ip.to_bits()).leading_zeros() >= self.bits,
            _ => false,
        }
    }
}
