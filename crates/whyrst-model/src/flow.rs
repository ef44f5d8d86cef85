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
    #[inline]
    pub const fn other(self) -> Self {
        match self {
            Self::Low => Self::High,
            Self::High => Self::Low,
        }
    }

    /// 0 or 1, for a two-element array.
    #[inline]
    pub const fn index(self) -> usize {
        self as usize
    }
}

/// A pair of endpoints in a fixed order, packed for hashing: 40 bytes.
///
/// IPv4 addresses are kept in the mapped form of RFC 4291 section 2.5.5.2; `family` keeps them
/// apart from the same sixteen bytes on an IPv6 wire.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FlowKey {
    low: [u64; 2],
    high: [u64; 2],
    ports: [u16; 2],
    family: u8,
}

impl FlowKey {
    /// The key of a segment from `src` to `dst`, and the side that `src` is.
    #[inline]
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
    #[inline]
    pub fn endpoint(&self, side: Side) -> Endpoint {
        let packed = if side == Side::Low { self.low } else { self.high };
        let bytes = (u128::from(packed[0]) << 64) | u128::from(packed[1]);
        let v6 = Ipv6Addr::from_bits(bytes);
        let ip = match v6.to_ipv4_mapped() {
            Some(v4) if self.family == 0 => IpAddr::V4(v4),
            _ => IpAddr::V6(v6),
        };
        Endpoint::new(ip, self.ports[side.index()])
    }
}

impl Hash for FlowKey {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        let ports = (u64::from(self.ports[0]) << 24) | (u64::from(self.ports[1]) << 8) | u64::from(self.family);
        state.write_u64(self.low[0] ^ self.high[0].rotate_left(32));
        state.write_u64(self.low[1]);
        state.write_u64(self.high[1]);
        state.write_u64(ports);
    }
}

/// Names flows by 64 bits: the same for both directions, and keyed, since addresses and ports are
/// chosen by strangers. Two flows of one capture share a name about once in 2^64 pairs.
#[derive(Clone, Copy, Debug)]
pub struct FlowHasher {
    keys: [u64; 4],
}

impl FlowHasher {
    /// Keyed by `seed`, which nobody who sends packets must know.
    pub const fn new(seed: u64) -> Self {
        /// Digits of pi: nothing up the sleeve.
        const DIGITS: [u64; 4] =
            [0x243f_6a88_85a3_08d3, 0x1319_8a2e_0370_7344, 0xa409_3822_299f_31d0, 0x082e_fa98_ec4e_6c89];
        let mut keys = DIGITS;
        let mut at = 0;
        let mut state = seed;
        while at < keys.len() {
            state = fold(state ^ DIGITS[at], DIGITS[(at + 1) % DIGITS.len()] ^ seed.rotate_left(32));
            keys[at] = state ^ DIGITS[at];
            at += 1;
        }
        Self { keys }
    }

    /// The name of the flow between two endpoints; never 0.
    #[inline]
    pub fn name(&self, one: Endpoint, other: Endpoint) -> u64 {
        match (one.ip, other.ip) {
            (IpAddr::V4(a), IpAddr::V4(b)) => self.name_v4([a.to_bits(), b.to_bits()], [one.port, other.port]),
            (a, b) => self.name_v6([v6_bits(a), v6_bits(b)], [one.port, other.port]),
        }
    }

    /// The same from the bytes of an IPv4 packet.
    #[inline]
    pub fn name_v4(&self, ips: [u32; 2], ports: [u16; 2]) -> u64 {
        let [one, other] = ends_v4(ips, ports);
        self.name_ends(one, other)
    }

    /// The same, and which end the first address and port are.
    #[inline]
    pub fn name_and_side_v4(&self, ips: [u32; 2], ports: [u16; 2]) -> (u64, Side) {
        let [one, other] = ends_v4(ips, ports);
        (self.name_ends(one, other), if one <= other { Side::Low } else { Side::High })
    }

    /// The same from the bytes of an IPv6 packet.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the two halves of 128 bits")]
    pub fn name_v6(&self, ips: [u128; 2], ports: [u16; 2]) -> u64 {
        let end = |at: usize| {
            let address = fold((ips[at] >> 64) as u64 ^ self.keys[2], ips[at] as u64 ^ self.keys[3]);
            fold(address ^ self.keys[0], u64::from(ports[at]) ^ self.keys[2])
        };
        self.name_ends(end(0), end(1))
    }

    #[inline]
    fn name_ends(&self, one: u64, other: u64) -> u64 {
        let mixed = fold(one.min(other) ^ self.keys[0], one.max(other) ^ self.keys[1]);
        fold(mixed ^ self.keys[2], self.keys[3]).max(1)
    }
}

/// Each address with its port: they sort as the endpoints do.
#[inline]
fn ends_v4(ips: [u32; 2], ports: [u16; 2]) -> [u64; 2] {
    [0, 1].map(|at| u64::from(ips[at]) << 16 | u64::from(ports[at]))
}

/// Both halves of the product: every bit of the result depends on every bit of both.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the two halves of 128 bits")]
const fn fold(a: u64, b: u64) -> u64 {
    let product = a as u128 * b as u128;
    product as u64 ^ (product >> 64) as u64
}

fn v6_bits(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

#[inline]
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

    #[test]
    fn a_name_depends_on_the_flow_and_the_key_but_not_on_the_direction() {
        let hasher = FlowHasher::new(7);
        let ends = [end("10.0.0.1", 1), end("10.0.0.1", 2), end("10.0.0.2", 1), end("2001:db8::1", 1), end("::1", 1)];
        let mut names = alloc::collections::BTreeSet::new();
        for (at, one) in ends.iter().enumerate() {
            for other in &ends[at..] {
                assert_eq!(hasher.name(*one, *other), hasher.name(*other, *one));
                assert!(names.insert(hasher.name(*one, *other)), "{one} {other}");
                assert_ne!(hasher.name(*one, *other), FlowHasher::new(8).name(*one, *other));
            }
        }
    }
}
