//! Which connection a segment belongs to: an unordered pair of endpoints, and the side it came from.

use core::hash::{Hash, Hasher};
use core::net::{IpAddr, Ipv6Addr};

use crate::segment::Endpoint;

/// One of the two ends, in the order of a [`FlowKey`]: says nothing about who opened.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum Side {
    /// The end whose address and port sort first.
    Low = 0,
    /// The other one.
    High = 1,
}

impl Side {
    /// Both sides.
    pub const BOTH: [Self; 2] = [Self::Low, Self::High];

    /// The opposite end.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Low => Self::High,
            Self::High => Self::Low,
        }
    }

    /// 0 or 1, for a two-element array.
    pub const fn index(self) -> usize {
        self as usize
    }
}

/// A pair of endpoints in a fixed order, packed for hashing: 40 octets.
///
/// IPv4 addresses are kept in the mapped form of RFC 4291 section 2.5.5.2; `family` keeps them
/// apart from the same sixteen octets on an IPv6 wire.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FlowKey {
    low: [u64; 2],
    high: [u64; 2],
    ports: [u16; 2],
    family: u8,
}

impl FlowKey {
    /// The key of a segment from `src` to `dst`, and the side that `src` is.
    pub fn of(src: Endpoint, dst: Endpoint) -> (Self, Side) {
        let (from, to) = (pack(src.ip), pack(dst.ip));
        let family = u8::from(src.ip.is_ipv6());
        if (from, src.port) <= (to, dst.port) {
            (Self { low: from, high: to, ports: [src.port, dst.port], family }, Side::Low)
        } else {
            (Self { low: to, high: from, ports: [dst.port, src.port], family }, Side::High)
        }
    }

    /// Address and port of one side.
    pub fn endpoint(&self, side: Side) -> Endpoint {
        let packed = if side == Side::Low { self.low } else { self.high };
        let octets = (u128::from(packed[0]) << 64) | u128::from(packed[1]);
        let v6 = Ipv6Addr::from_bits(octets);
        let ip = match v6.to_ipv4_mapped() {
            Some(v4) if self.family == 0 => IpAddr::V4(v4),
            _ => IpAddr::V6(v6),
        };
        Endpoint::new(ip, self.ports[side.index()])
    }
}

impl Hash for FlowKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let ports = (u64::from(self.ports[0]) << 24) | (u64::from(self.ports[1]) << 8) | u64::from(self.family);
        state.write_u64(self.low[0] ^ self.high[0].rotate_left(32));
        state.write_u64(self.low[1]);
        state.write_u64(self.high[1]);
        state.write_u64(ports);
    }
}

fn pack(ip: IpAddr) -> [u64; 2] {
    match ip {
        IpAddr::V4(v4) => [0, 0xffff_0000_0000 | u64::from(v4.to_bits())],
        #[expect(clippy::cast_possible_truncation, reason = "the two halves of 128 bits")]
        IpAddr::V6(v6) => [(v6.to_bits() >> 64) as u64, v6.to_bits() as u64],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(ip: &str, port: u16) -> Endpoint {
        Endpoint::new(ip.parse().unwrap(), port)
    }

    #[test]
    fn both_directions_have_one_key_and_opposite_sides() {
        for (a, b) in [
            (end("10.0.0.1", 40000), end("10.0.0.2", 80)),
            (end("2001:db8::1", 1), end("2001:db8::1", 2)),
            (end("::ffff:10.0.0.1", 1), end("::2", 2)),
        ] {
            let (there, from) = FlowKey::of(a, b);
            let (back, to) = FlowKey::of(b, a);
            assert_eq!(there, back);
            assert_eq!(from.other(), to);
            assert_eq!(there.endpoint(from), a);
            assert_eq!(there.endpoint(to), b);
        }
    }

    #[test]
    fn a_mapped_address_on_the_wire_is_not_the_ipv4_address() {
        let (v4, _) = FlowKey::of(end("10.0.0.1", 1), end("10.0.0.2", 2));
        let (v6, _) = FlowKey::of(end("::ffff:10.0.0.1", 1), end("::ffff:10.0.0.2", 2));
        assert_ne!(v4, v6);
    }
}
