//! What a filter says, once it is read: tests joined by `and`, `or` and `not`.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::ops::RangeInclusive;

use super::key::Key;

/// A filter, or a part of one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Expression {
    /// One thing that something is or is not.
    Test(Test),
    /// What is not so.
    Not(Box<Self>),
    /// All of these hold.
    All(Vec<Self>),
    /// One of these holds.
    Any(Vec<Self>),
}

/// One thing that a connection, a report or a packet is or is not.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Test {
    /// The value of a key.
    Term(Key, Value),
    /// Text anywhere in the line that is shown, in lower case.
    Text(String),
    /// A word of pcap-filter(7) for a protocol.
    Protocol(Protocol),
    /// An end that must be the source or the destination, or both.
    Directed(Direction, EndTest),
    /// Bytes on the wire.
    Length(RangeInclusive<u32>),
}

/// What a value must be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Value {
    /// This word.
    Word(String),
    /// The parts between stars.
    Pattern(Vec<String>),
    /// One of these ends.
    End(EndTest),
    /// Nanoseconds since 1970, both included.
    Between(i64, i64),
}

/// Which ends are meant: an address or several, a port or several, or both of one end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EndTest {
    /// Any address where there is none.
    pub net: Option<Net>,
    /// Any port where there is none.
    pub ports: Option<RangeInclusive<u16>>,
}

/// Addresses that begin with the same bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Net {
    /// One of them.
    pub ip: IpAddr,
    /// How many bits are the same.
    pub bits: u32,
}

/// A protocol as pcap-filter(7) names it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the names are those of the protocols")]
pub enum Protocol {
    Ip4,
    Ip6,
    Tcp,
    Icmp4,
    Icmp6,
    /// One that is never read here: `not udp` is still a sentence.
    Other,
}

/// Which end of a packet is meant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// Where it comes from.
    Source,
    /// Where it goes.
    Destination,
    /// Both of them.
    Both,
}

/// What can say whether a test holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Knower {
    Packets,
    Reports,
}

impl Expression {
    /// The first test, in the order of the text, that `knower` cannot answer.
    pub(super) fn beyond(&self, knower: Knower) -> Option<&Test> {
        match self {
            Self::Test(test) => Some(test).filter(|test| !test.is_known_by(knower)),
            Self::Not(one) => one.beyond(knower),
            Self::All(all) | Self::Any(all) => all.iter().find_map(|one| one.beyond(knower)),
        }
    }
}

impl Test {
    fn is_known_by(&self, knower: Knower) -> bool {
        let (packets, reports) = match self {
            Self::Term(Key::Host | Key::Port, _)
            | Self::Protocol(Protocol::Ip4 | Protocol::Ip6 | Protocol::Tcp | Protocol::Other)
            | Self::Directed(Direction::Both, _) => (true, true),
            Self::Term(..) | Self::Text(_) => (false, true),
            Self::Protocol(_) | Self::Directed(..) | Self::Length(_) => (true, false),
        };
        if knower == Knower::Packets { packets } else { reports }
    }

    /// How it is written, as far as an error needs it.
    pub(super) fn word(&self) -> String {
        String::from(match self {
            Self::Term(key, _) => key.name(),
            Self::Text(text) => text,
            Self::Protocol(Protocol::Icmp6) => "icmp6",
            Self::Protocol(_) => "icmp",
            Self::Directed(Direction::Destination, _) => "dst",
            Self::Directed(..) => "src",
            Self::Length(range) if *range.start() == 0 => "less",
            Self::Length(_) => "greater",
        })
    }
}

impl EndTest {
    /// Whether this is such an end.
    pub fn has(&self, ip: IpAddr, port: u16) -> bool {
        self.net.is_none_or(|net| net.has(ip)) && self.ports.as_ref().is_none_or(|ports| ports.contains(&port))
    }
}

impl Net {
    /// This address alone.
    pub const fn of(ip: IpAddr) -> Self {
        let bits = if ip.is_ipv4() { 32 } else { 128 };
        Self { ip, bits }
    }

    /// `10.0.0.0/8`, or an address alone.
    pub(super) fn read(text: &str) -> Option<Self> {
        let Some((ip, bits)) = text.split_once('/') else { return text.parse().ok().map(Self::of) };
        let all = Self::of(ip.parse().ok()?);
        let bits = bits.parse().ok().filter(|bits| *bits <= all.bits)?;
        Some(Self { bits, ..all })
    }

    /// Whether this is one of them.
    pub fn has(self, other: IpAddr) -> bool {
        let (one, other) = match (self.ip, other) {
            (IpAddr::V4(one), IpAddr::V4(other)) => {
                (u128::from(one.to_bits()) << 96, u128::from(other.to_bits()) << 96)
            }
            (IpAddr::V6(one), IpAddr::V6(other)) => (one.to_bits(), other.to_bits()),
            _ => return false,
        };
        (one ^ other).leading_zeros() >= self.bits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nets_have_what_begins_with_their_bits() {
        let net = |text: &str| Net::read(text).expect(text);
        let ip = |text: &str| text.parse::<IpAddr>().expect(text);
        assert!(net("10.0.0.0/8").has(ip("10.255.0.1")) && !net("10.0.0.0/8").has(ip("11.0.0.1")));
        assert!(net("0.0.0.0/0").has(ip("1.2.3.4")) && !net("0.0.0.0/0").has(ip("::1")));
        assert!(net("fd00::/8").has(ip("fd77::1")) && net("::1").has(ip("::1")) && !net("::1").has(ip("::2")));
        assert_eq!(Net::read("10.0.0.0/33"), None);
    }
}
