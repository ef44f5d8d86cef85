//! One TCP segment as it was seen, with the parts of its IP header that betray who made it.
//!
//! A segment borrows its payload from the capture buffer; nothing is copied on the way to the
//! tracker. Fields that a cut-off packet did not show are `None`, never a default that could be
//! mistaken for an observation.

use core::fmt::{self, Write};
use core::hash::{Hash, Hasher};
use core::net::{IpAddr, SocketAddr};

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::seq::Seq;

/// One end of a connection.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Endpoint {
    /// Network address, as it stood in the innermost IP header.
    pub ip: IpAddr,
    /// TCP port.
    pub port: u16,
}

borrows_nothing!(Endpoint, Flags);

impl Endpoint {
    /// An address and a port.
    #[inline]
    pub const fn new(ip: IpAddr, port: u16) -> Self {
        Self { ip, port }
    }
}

/// In one word where it fits: services are looked up for every handshake of a capture.
impl Hash for Endpoint {
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the two halves of 128 bits")]
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self.ip {
            IpAddr::V4(ip) => state.write_u64(u64::from(ip.to_bits()) << 16 | u64::from(self.port)),
            IpAddr::V6(ip) => {
                state.write_u64((ip.to_bits() >> 64) as u64);
                state.write_u64(ip.to_bits() as u64);
                state.write_u64(self.port.into());
            }
        }
    }
}

/// `10.0.0.1:80`, `[2001:db8::1]:80`.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        SocketAddr::new(self.ip, self.port).fmt(f)
    }
}

/// The control bits (RFC 9293 section 3.1; CWR and ECE from RFC 3168).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Flags(u8);

impl Flags {
    /// No more data from the sender.
    pub const FIN: Self = Self(0x01);
    /// Synchronise sequence numbers.
    pub const SYN: Self = Self(0x02);
    /// Reset the connection.
    pub const RST: Self = Self(0x04);
    /// Push.
    pub const PSH: Self = Self(0x08);
    /// The acknowledgment number is significant.
    pub const ACK: Self = Self(0x10);
    /// The urgent pointer is significant.
    pub const URG: Self = Self(0x20);
    /// ECN echo.
    pub const ECE: Self = Self(0x40);
    /// Congestion window reduced.
    pub const CWR: Self = Self(0x80);

    /// From the header's low eight flag bits.
    #[inline]
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits)
    }

    /// The eight bits.
    #[inline]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Whether every bit of `other` is set here.
    #[inline]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both sets together.
    #[must_use]
    #[inline]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// A connection request: SYN without ACK (RFC 9293 section 3.5).
    #[inline]
    pub const fn is_syn(self) -> bool {
        self.has(Self::SYN) && !self.has(Self::ACK) && !self.has(Self::RST)
    }

    /// The answer to a connection request: SYN and ACK.
    #[inline]
    pub const fn is_syn_ack(self) -> bool {
        self.has(Self::SYN) && self.has(Self::ACK) && !self.has(Self::RST)
    }
}

/// The letters of tcpdump and Zeek, in their order.
const LETTERS: [(Flags, char); 8] = [
    (Flags::SYN, 'S'),
    (Flags::FIN, 'F'),
    (Flags::RST, 'R'),
    (Flags::PSH, 'P'),
    (Flags::ACK, 'A'),
    (Flags::URG, 'U'),
    (Flags::ECE, 'E'),
    (Flags::CWR, 'C'),
];

/// The letters of tcpdump and Zeek: `S`, `SA`, `R`, `RA`, `FA`, `PA`, `-` for none.
impl fmt::Display for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_char('-');
        }
        LETTERS.iter().filter(|(flag, _)| self.has(*flag)).try_for_each(|(_, letter)| f.write_char(*letter))
    }
}

impl Flags {
    /// The flags that these letters stand for, in any order; `None` where one is not known.
    pub fn from_letters(letters: &str) -> Option<Self> {
        let flag = |letter| LETTERS.iter().find(|(_, known)| *known == letter).map(|(flag, _)| *flag);
        match letters {
            "-" => Some(Self::default()),
            _ => letters.chars().try_fold(Self::default(), |all, letter| Some(all.with(flag(letter)?))),
        }
    }
}

/// As letters.
impl Serialize for Flags {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Flags {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Letters;

        impl Visitor<'_> for Letters {
            type Value = Flags;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("TCP flags as letters out of SFRPAUEC, or `-`")
            }

            fn visit_str<E: Error>(self, letters: &str) -> Result<Flags, E> {
                Flags::from_letters(letters).ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(letters), &self))
            }
        }

        deserializer.deserialize_str(Letters)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Flags {
    fn schema_name() -> alloc::borrow::Cow<'static, str> {
        "Flags".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": "^(-|[SFRPAUEC]+)$",
            "description": "TCP flags as letters: SYN, FIN, RST, PSH, ACK, URG, ECE, CWR; `-` for none.",
        })
    }
}

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Flags({self})")
    }
}

/// What differs between the two IP versions and helps to tell who made a packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IpKind {
    /// IPv4 (RFC 791).
    V4 {
        /// Identification field; `None` where the source does not say it.
        id: Option<u16>,
        /// The "don't fragment" bit; `None` where the source does not say it.
        dont_fragment: Option<bool>,
    },
    /// IPv6 (RFC 8200).
    V6 {
        /// Flow label, 20 bits; `None` where the source does not say it.
        flow_label: Option<u32>,
    },
}

/// The parts of the IP header that tell hosts apart. A packet shows them all; what was printed of it may not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IpFacts {
    /// Time to live, or hop limit: hops left, 0 to 255. `None` where the source does not say it.
    pub ttl: Option<u8>,
    /// Type of service or traffic class: DSCP in the upper six bits, ECN in the lower two. `None` where the source does
    /// not say it.
    pub traffic_class: Option<u8>,
    /// Identification or flow label.
    pub kind: IpKind,
}

/// Fields of a segment that its source did not say, as a set: what stands in them was assumed. Empty for a packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Assumed(u8);

impl Assumed {
    /// Nothing was assumed.
    pub const NOTHING: Self = Self(0);
    /// The sequence number: tcpdump prints none for a segment that only acknowledges.
    pub const SEQ: Self = Self(1);
    /// Where the numbers begin: they are right from each other, and were printed relative to a number that was not.
    pub const BASE: Self = Self(1 << 1);
    /// The window.
    pub const WINDOW: Self = Self(1 << 2);

    /// From the raw set.
    #[inline]
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits)
    }

    /// The raw set.
    #[inline]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Whether all of `other` was assumed.
    #[inline]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Adds `other`.
    #[inline]
    pub const fn insert(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

/// Which TCP options were present, as a set.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct OptionSet(u16);

impl OptionSet {
    /// Maximum segment size (kind 2).
    pub const MSS: Self = Self(1);
    /// Window scale (kind 3, RFC 7323).
    pub const WINDOW_SCALE: Self = Self(1 << 1);
    /// SACK permitted (kind 4, RFC 2018).
    pub const SACK_PERMITTED: Self = Self(1 << 2);
    /// SACK blocks (kind 5).
    pub const SACK: Self = Self(1 << 3);
    /// Timestamps (kind 8, RFC 7323).
    pub const TIMESTAMPS: Self = Self(1 << 4);
    /// MD5 signature (kind 19, RFC 2385).
    pub const MD5: Self = Self(1 << 5);
    /// TCP-AO (kind 29, RFC 5925).
    pub const AO: Self = Self(1 << 6);
    /// Multipath TCP (kind 30, RFC 8684).
    pub const MPTCP: Self = Self(1 << 7);
    /// Fast open cookie (kind 34, RFC 7413).
    pub const FAST_OPEN: Self = Self(1 << 8);
    /// Any other kind than those named here.
    pub const OTHER: Self = Self(1 << 9);
    /// MPTCP: `MP_CAPABLE` (subtype 0, RFC 8684 section 3.1).
    pub const MP_CAPABLE: Self = Self(1 << 10);
    /// MPTCP: `MP_JOIN` (subtype 1, section 3.2).
    pub const MP_JOIN: Self = Self(1 << 11);
    /// MPTCP: `MP_FASTCLOSE` (subtype 7, section 3.5).
    pub const MP_FASTCLOSE: Self = Self(1 << 12);
    /// MPTCP: `MP_TCPRST` (subtype 8, section 3.6).
    pub const MP_TCPRST: Self = Self(1 << 13);
    /// The option area was cut off by the snap length or malformed: absence means nothing.
    pub const CUT: Self = Self(1 << 15);

    /// From the raw set.
    #[inline]
    pub const fn from_bits(bits: u16) -> Self {
        Self(bits)
    }

    /// The raw set.
    #[inline]
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// Whether all of `other` is present.
    #[inline]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Adds `other`.
    #[inline]
    pub const fn insert(&mut self, other: Self) {
        self.0 |= other.0;
    }

    /// Whether no option was present and the whole option area was seen.
    #[inline]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// The timestamps option (RFC 7323 section 3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Timestamps {
    /// `TSval`: the sender's clock.
    pub value: u32,
    /// `TSecr`: the peer's clock, echoed.
    pub echo: u32,
}

/// The options of one segment, as far as the tracker needs their contents.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Options {
    /// Which kinds were present.
    pub set: OptionSet,
    /// Maximum segment size in bytes.
    pub mss: Option<u16>,
    /// Shift count of the window scale, 0 to 14.
    pub window_scale: Option<u8>,
    /// Timestamps.
    pub timestamps: Option<Timestamps>,
    /// Reason code of `MP_TCPRST` (RFC 8684 section 3.6).
    pub mptcp_reason: Option<u8>,
    /// Right edge of the highest SACK block: a RST there is acceptable to Linux (RFC 5961 section 3).
    pub sack_edge: Option<Seq>,
}

/// One TCP segment. Sizes in bytes, numbers as in the header (not relative).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Segment<'a> {
    /// Who sent it, by its own claim.
    pub src: Endpoint,
    /// Whom it was sent to.
    pub dst: Endpoint,
    /// SEG.SEQ.
    pub seq: Seq,
    /// The acknowledgment field, whether or not the ACK flag makes it significant.
    pub ack: Seq,
    /// Control bits.
    pub flags: Flags,
    /// Window field, not scaled.
    pub window: u16,
    /// Checksum field, as sent; recognises copies of one packet.
    pub checksum: u16,
    /// Whether the checksum is right. `None` where nobody looked: only segments with SYN, FIN or RST are looked at, and
    /// only where the packet is whole and no network card was to complete the checksum.
    pub checksum_right: Option<bool>,
    /// IP header facts.
    pub ip: IpFacts,
    /// TCP options.
    pub options: Options,
    /// What of all this was assumed.
    pub assumed: Assumed,
    /// Payload bytes that the IP header says the segment has.
    pub len: u32,
    /// The part of the payload that the capture holds; shorter than `len` when cut off.
    pub payload: &'a [u8],
    /// What the frame holds behind the IP packet: padding, or what a device added.
    pub trailer: &'a [u8],
}

impl Segment<'_> {
    /// SEG.LEN: payload plus one each for SYN and FIN (RFC 9293 section 3.4).
    #[inline]
    pub const fn seq_len(&self) -> u32 {
        let syn = self.flags.has(Flags::SYN) as u32;
        let fin = self.flags.has(Flags::FIN) as u32;
        self.len.wrapping_add(syn).wrapping_add(fin)
    }

    /// The sequence number after this segment.
    #[inline]
    pub const fn end(&self) -> Seq {
        self.seq.add(self.seq_len())
    }

    /// The acknowledgment number, when the ACK flag makes it significant.
    #[inline]
    pub const fn acknowledges(&self) -> Option<Seq> {
        if self.flags.has(Flags::ACK) { Some(self.ack) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn flags_read_as_tcpdump_and_zeek_write_them() {
        assert_eq!(Flags::RST.with(Flags::ACK).to_string(), "RA");
        assert_eq!(Flags::SYN.with(Flags::ACK).to_string(), "SA");
        assert_eq!(Flags::default().to_string(), "-");
        assert_eq!(Flags::from_bits(0xff).to_string(), "SFRPAUEC");
        for bits in 0..=u8::MAX {
            let flags = Flags::from_bits(bits);
            assert_eq!(Flags::from_letters(&flags.to_string()), Some(flags));
        }
        assert_eq!(Flags::from_letters("SX"), None);
    }

    #[test]
    fn a_syn_with_rst_is_no_connection_request() {
        assert!(Flags::SYN.is_syn());
        assert!(!Flags::SYN.with(Flags::RST).is_syn());
        assert!(!Flags::SYN.with(Flags::ACK).is_syn());
    }
}
