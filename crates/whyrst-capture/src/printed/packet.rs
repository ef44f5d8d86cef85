//! What was printed of one packet, and the packet that shows just that.
//!
//! A line of text has what its program chose to print. It is made into an IP packet with all that, and beside it the set of
//! what it did not say ([`crate::unsaid`]): so everything behind, filters and fragments and tunnels and the look of a first pass,
//! reads text as it reads frames, and the fields that were filled up for want of anything better are taken back where
//! the observation is made.

use std::net::IpAddr;

use whyrst_core::segment::Endpoint;

use crate::link::{LinkType, ethertype};
use crate::protocol;
use crate::unsaid::Unsaid;

/// How flags are printed by name; `ECN` is the older one for `ECE`.
pub(super) const FLAGS: [(&str, u8); 9] = [
    ("FIN", 0x01),
    ("SYN", 0x02),
    ("RST", 0x04),
    ("PSH", 0x08),
    ("ACK", 0x10),
    ("URG", 0x20),
    ("ECE", 0x40),
    ("ECN", 0x40),
    ("CWR", 0x80),
];

/// One packet, as far as it was printed.
#[derive(Clone, Debug)]
pub(crate) struct Printed {
    /// By the program that printed it, where it numbers packets.
    pub(crate) number: Option<u64>,
    /// Nanoseconds since 1970, or since whatever the text counts from.
    pub(crate) time: Option<i64>,
    pub(crate) what: What,
    pub(crate) links: Option<Links>,
    pub(crate) ip: IpHeader,
    /// Bytes of the packet from its first header on, where a dump of them was printed.
    pub(crate) dump: Vec<u8>,
}

/// What it carries.
#[derive(Clone, Debug)]
pub(crate) enum What {
    Segment(Tcp),
    Icmp(Icmp),
    /// A packet of another kind.
    NotTcp,
}

/// Destination and source address on the link.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Links {
    pub(crate) to: [u8; 6],
    pub(crate) from: [u8; 6],
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct IpHeader {
    pub(crate) ttl: Option<u8>,
    pub(crate) class: Option<u8>,
    /// Identification or flow label.
    pub(crate) id: Option<u32>,
    pub(crate) dont_fragment: Option<bool>,
}

/// A number as it was printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Number {
    /// As in the header.
    Absolute(u32),
    /// From where its sender's numbers begin, as tshark prints it.
    Relative(u32),
    /// One of the two, by the rules of tcpdump.
    AsTcpdump(u32),
    /// Not at all.
    Unsaid,
}

#[derive(Clone, Debug)]
pub(crate) struct Tcp {
    pub(crate) src: Endpoint,
    pub(crate) dst: Endpoint,
    pub(crate) seq: Number,
    /// Of a segment with ACK.
    pub(crate) ack: Number,
    pub(crate) flags: u8,
    pub(crate) window: Window,
    pub(crate) options: Options,
    /// The highest SACK block, counted as `ack` is.
    pub(crate) sack: Option<(u32, u32)>,
    pub(crate) checksum: Option<u16>,
    pub(crate) checksum_right: Option<bool>,
    pub(crate) len: Length,
    /// How long its frame is.
    pub(crate) frame: Option<u32>,
    pub(crate) payload: Vec<u8>,
}

/// A window as it was printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Window {
    /// As in the header.
    Field(u16),
    /// In bytes, as tshark prints it where it knows the scale.
    Scaled(u32),
    Unsaid,
}

/// How long the payload is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Length {
    /// So long.
    Payload(u32),
    /// The frame is so long.
    Frame(u32),
}

/// Options as they stand in a header, at most forty bytes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    bytes: Vec<u8>,
    /// There are others that were not printed, or could not be read.
    pub(crate) more: bool,
}

impl Options {
    const MOST: usize = 40;

    /// Nothing is known of them.
    pub(crate) const fn unknown() -> Self {
        Self { bytes: Vec::new(), more: true }
    }

    /// The options of a header.
    pub(crate) fn whole(bytes: &[u8]) -> Self {
        Self { bytes: bytes.iter().take(Self::MOST).copied().collect(), more: bytes.len() > Self::MOST }
    }

    /// Adds one that fits.
    pub(crate) fn add(&mut self, kind: u8, content: &[u8]) {
        let size = content.len() + 2;
        match u8::try_from(size) {
            Ok(length) if self.bytes.len() + size <= Self::MOST => {
                self.bytes.extend([kind, length]);
                self.bytes.extend(content);
            }
            _ => self.more = true,
        }
    }

    /// Their bytes, rounded up as a header has them.
    pub(crate) const fn size(&self) -> usize {
        self.bytes.len().next_multiple_of(4)
    }

    /// Shift count of the window scale.
    pub(crate) fn window_scale(&self) -> Option<u8> {
        let mut rest = self.bytes.as_slice();
        while let [kind, after @ ..] = rest {
            match (kind, after) {
                (0, _) => return None,
                (1, _) => rest = after,
                (3, [3, shift, ..]) => return Some((*shift).min(14)),
                (_, [length, ..]) if *length >= 2 => rest = rest.get(usize::from(*length)..)?,
                _ => return None,
            }
        }
        None
    }
}

/// An ICMP error, with what it quotes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Icmp {
    pub(crate) from: IpAddr,
    pub(crate) to: IpAddr,
    pub(crate) kind: u8,
    pub(crate) code: u8,
    /// Of the quoted segment.
    pub(crate) src: Endpoint,
    pub(crate) dst: Endpoint,
    pub(crate) seq: Option<u32>,
}

/// A segment whose numbers have found their place.
#[derive(Debug)]
pub(crate) struct Placed {
    pub(crate) seq: u32,
    pub(crate) ack: u32,
    pub(crate) window: u16,
    pub(crate) sack: Option<(u32, u32)>,
    pub(crate) len: u32,
    pub(crate) unsaid: Unsaid,
}

/// A frame made of what was printed.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) bytes: Vec<u8>,
    pub(crate) original: u32,
    pub(crate) link: LinkType,
    pub(crate) unsaid: Unsaid,
}

const IPV4: usize = 20;
const IPV6: usize = 40;
const TCP: usize = 20;
const ETHERNET: usize = 14;

impl Made {
    /// Of a segment.
    pub(crate) fn segment(ip: &IpHeader, links: Option<Links>, tcp: &Tcp, placed: &Placed) -> Option<Self> {
        let mut unsaid = placed.unsaid;
        let mut options = tcp.options.clone();
        if let Some((from, to)) = placed.sack {
            options.add(5, &[from.to_be_bytes(), to.to_be_bytes()].concat());
        }
        let more = options.more;
        let mut options = options.bytes;
        options.resize(options.len().next_multiple_of(4), 1);
        let header = TCP + options.len();
        let payload = &tcp.payload[..tcp.payload.len().min(placed.len as usize)];
        let wire = header.saturating_add(placed.len as usize);
        let mut bytes = begin(ip, links, (tcp.src.ip, tcp.dst.ip), protocol::TCP, wire, &mut unsaid)?;
        bytes.extend(tcp.src.port.to_be_bytes());
        bytes.extend(tcp.dst.port.to_be_bytes());
        bytes.extend(placed.seq.to_be_bytes());
        bytes.extend(placed.ack.to_be_bytes());
        bytes.extend([u8::try_from(header / 4).ok()? << 4, tcp.flags]);
        bytes.extend(placed.window.to_be_bytes());
        bytes.extend(tcp.checksum.unwrap_or(0).to_be_bytes());
        bytes.extend([0, 0]);
        bytes.extend(options);
        bytes.extend(payload);
        if tcp.checksum.is_none() {
            unsaid.insert(Unsaid::CHECKSUM);
        }
        match tcp.checksum_right {
            Some(true) => unsaid.insert(Unsaid::CHECKSUM_RIGHT),
            Some(false) => unsaid.insert(Unsaid::CHECKSUM_WRONG),
            None => {}
        }
        if more {
            unsaid.insert(Unsaid::OPTIONS);
        }
        if payload.len() < placed.len as usize {
            unsaid.insert(Unsaid::PAYLOAD);
        }
        let missing = placed.len - u32::try_from(payload.len()).ok()?;
        let original = u32::try_from(bytes.len()).ok()?.saturating_add(missing);
        // A header that is whole and was not captured: its checksum is not to be looked at.
        unsaid.insert(Unsaid::PRINTED);
        Some(Self { bytes, original, link: link(links), unsaid })
    }

    /// Of an ICMP error.
    pub(crate) fn icmp(ip: &IpHeader, links: Option<Links>, icmp: &Icmp) -> Option<Self> {
        let mut unsaid = Unsaid::PRINTED;
        let number = if icmp.from.is_ipv6() { protocol::ICMP6 } else { protocol::ICMP };
        let mut quoted =
            begin(&IpHeader::default(), None, (icmp.src.ip, icmp.dst.ip), protocol::TCP, TCP, &mut unsaid)?;
        quoted.extend(icmp.src.port.to_be_bytes());
        quoted.extend(icmp.dst.port.to_be_bytes());
        quoted.extend(icmp.seq.map(u32::to_be_bytes).into_iter().flatten());
        let wire = 8 + quoted.len();
        let mut bytes = begin(ip, links, (icmp.from, icmp.to), number, wire, &mut unsaid)?;
        bytes.extend([icmp.kind, icmp.code, 0, 0, 0, 0, 0, 0]);
        bytes.extend(quoted);
        let original = u32::try_from(bytes.len()).ok()?;
        Some(Self { bytes, original, link: link(links), unsaid })
    }

    /// Of the bytes themselves, where the addresses stand in them that were printed beside them.
    pub(crate) fn dump(dump: &[u8], src: IpAddr, dst: IpAddr) -> Option<Self> {
        /// IP itself, BSD loopback, Ethernet, Linux cooked, Ethernet with a VLAN, Linux cooked of version 2.
        const BEFORE_IP: [usize; 6] = [0, 4, ETHERNET, 16, 18, 20];
        let at = BEFORE_IP.into_iter().find(|at| begins_packet(dump.get(*at..).unwrap_or(&[]), src, dst))?;
        let (bytes, link) = if at == ETHERNET { (dump, LinkType::ETHERNET) } else { (&dump[at..], LinkType::RAW) };
        let whole = packet_length(&dump[at..])?;
        let original =
            u32::try_from(whole.saturating_add(if at == ETHERNET { at } else { 0 }).max(bytes.len())).ok()?;
        Some(Self { bytes: bytes.to_vec(), original, link, unsaid: Unsaid::NOTHING })
    }
}

const fn link(links: Option<Links>) -> LinkType {
    if links.is_some() { LinkType::ETHERNET } else { LinkType::RAW }
}

/// Whether `bytes` are an IP packet between these, with a header that is whole.
fn begins_packet(bytes: &[u8], src: IpAddr, dst: IpAddr) -> bool {
    match (src, dst) {
        (IpAddr::V4(src), IpAddr::V4(dst)) => {
            bytes.len() > IPV4 && bytes[0] >> 4 == 4 && bytes[12..16] == src.octets() && bytes[16..20] == dst.octets()
        }
        (IpAddr::V6(src), IpAddr::V6(dst)) => {
            bytes.len() > IPV6 && bytes[0] >> 4 == 6 && bytes[8..24] == src.octets() && bytes[24..40] == dst.octets()
        }
        _ => false,
    }
}

/// What the IP header says of the length of its packet.
fn packet_length(bytes: &[u8]) -> Option<usize> {
    let half = |at: usize| Some(usize::from(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?])));
    if bytes.first()? >> 4 == 4 { half(2) } else { half(4).map(|payload| payload + IPV6) }
}

/// Link and IP header of a packet that carries `wire` bytes.
fn begin(
    ip: &IpHeader,
    links: Option<Links>,
    ends: (IpAddr, IpAddr),
    number: u8,
    wire: usize,
    unsaid: &mut Unsaid,
) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(ETHERNET + IPV6 + TCP + Options::MOST);
    if let Some(links) = links {
        let kind = if ends.0.is_ipv6() { ethertype::IPV6 } else { ethertype::IPV4 };
        bytes.extend(links.to.into_iter().chain(links.from).chain(kind.to_be_bytes()));
    }
    for (known, field) in [
        (ip.ttl.is_some(), Unsaid::TTL),
        (ip.class.is_some(), Unsaid::CLASS),
        (ip.id.is_some(), Unsaid::ID),
        (ip.dont_fragment.is_some(), Unsaid::DONT_FRAGMENT),
    ] {
        if !known {
            unsaid.insert(field);
        }
    }
    let (ttl, class, id) = (ip.ttl.unwrap_or(64), ip.class.unwrap_or(0), ip.id.unwrap_or(0));
    // 0 where the field is too small: then the record's length holds.
    match ends {
        (IpAddr::V4(src), IpAddr::V4(dst)) => {
            let total = u16::try_from(wire.saturating_add(IPV4)).unwrap_or(0);
            bytes.extend([0x45, class]);
            bytes.extend(total.to_be_bytes());
            bytes.extend(u16::try_from(id & 0xffff).ok()?.to_be_bytes());
            bytes.extend([if ip.dont_fragment == Some(true) { 0x40 } else { 0 }, 0, ttl, number, 0, 0]);
            bytes.extend(src.octets().into_iter().chain(dst.octets()));
        }
        (IpAddr::V6(src), IpAddr::V6(dst)) => {
            let first = 6 << 28 | u32::from(class) << 20 | id & 0x000f_ffff;
            bytes.extend(first.to_be_bytes());
            bytes.extend(u16::try_from(wire).unwrap_or(0).to_be_bytes());
            bytes.extend([number, ttl]);
            bytes.extend(src.octets().into_iter().chain(dst.octets()));
        }
        _ => return None,
    }
    Some(bytes)
}
