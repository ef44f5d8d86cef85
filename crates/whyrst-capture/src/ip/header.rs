//! The headers of IPv4 and IPv6, extension headers included.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use whyrst_core::segment::{IpFacts, IpKind};

use crate::bytes::be16_at;
use crate::counts::Reason;
use crate::protocol;

/// Which part of a packet this is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fragment {
    Whole,
    First,
    Later,
}

/// What both versions have in common, extension headers included.
#[derive(Debug)]
pub(crate) struct Header {
    pub(crate) src: IpAddr,
    pub(crate) dst: IpAddr,
    pub(crate) facts: IpFacts,
    /// What the payload is.
    pub(crate) protocol: u8,
    pub(crate) fragment: Fragment,
    /// Bytes up to the payload.
    pub(super) size: usize,
    /// Bytes of the whole packet as the header has it; `None` when it says zero.
    pub(crate) total: Option<usize>,
}

/// The payload of an IP packet: `len` bytes by its header, of which `captured` are there.
#[derive(Clone, Copy)]
pub(crate) struct Payload<'a> {
    pub(crate) len: usize,
    pub(crate) captured: &'a [u8],
    /// What stands behind the packet in its frame.
    pub(crate) trailer: &'a [u8],
}

/// An IP packet where a frame holds it; `wire` bytes of it were on the wire by the capture's word.
#[derive(Clone, Copy)]
pub(crate) struct Packet<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) wire: usize,
}

/// Whether the outermost packet says that it is a fragment.
#[inline]
pub(crate) fn is_fragment(bytes: &[u8]) -> bool {
    match bytes {
        [0x40..=0x4f, _, _, _, _, _, high, low, ..] => high & 0x3f | low != 0,
        [0x60..=0x6f, _, _, _, _, _, next, ..] => *next != protocol::TCP && fragment_header(bytes).is_some(),
        _ => false,
    }
}

impl Header {
    /// Reads the header at the start of `bytes`.
    #[inline]
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Reason> {
        match bytes.first().ok_or(Reason::IpHeaderCut)? >> 4 {
            4 => Self::read_v4(bytes),
            6 => Self::read_v6(bytes),
            _ => Err(Reason::MalformedIp),
        }
    }

    #[inline]
    fn read_v4(bytes: &[u8]) -> Result<Self, Reason> {
        const DONT_FRAGMENT: u16 = 0x4000;
        const MORE_FRAGMENTS: u16 = 0x2000;
        const OFFSET: u16 = 0x1fff;
        let fixed: &[u8; 20] = bytes.first_chunk().ok_or(Reason::IpHeaderCut)?;
        let word = |at: usize| u16::from_be_bytes([fixed[at], fixed[at + 1]]);
        let size = usize::from(fixed[0] & 0x0f) * 4;
        if size < fixed.len() {
            return Err(Reason::MalformedIp);
        }
        let fragmentation = word(6);
        let fragment = fragment(fragmentation & OFFSET != 0, fragmentation & MORE_FRAGMENTS != 0);
        let chain = match fixed[9] {
            protocol::AUTHENTICATION => Chain { protocol: fixed[9], size, fragment }.walk(bytes)?,
            protocol => Chain { protocol, size, fragment },
        };
        Ok(Self {
            src: IpAddr::V4(Ipv4Addr::new(fixed[12], fixed[13], fixed[14], fixed[15])),
            dst: IpAddr::V4(Ipv4Addr::new(fixed[16], fixed[17], fixed[18], fixed[19])),
            facts: IpFacts {
                ttl: Some(fixed[8]),
                traffic_class: Some(fixed[1]),
                kind: IpKind::V4 { id: Some(word(4)), dont_fragment: Some(fragmentation & DONT_FRAGMENT != 0) },
            },
            protocol: chain.protocol,
            fragment,
            size: chain.size,
            total: Some(usize::from(word(2))).filter(|&total| total > 0),
        })
    }

    #[inline]
    fn read_v6(bytes: &[u8]) -> Result<Self, Reason> {
        const SIZE: usize = 40;
        let fixed: &[u8; SIZE] = bytes.first_chunk().ok_or(Reason::IpHeaderCut)?;
        let first = u32::from_be_bytes([fixed[0], fixed[1], fixed[2], fixed[3]]);
        let payload = usize::from(u16::from_be_bytes([fixed[4], fixed[5]]));
        let chain = Chain { protocol: fixed[6], size: SIZE, fragment: Fragment::Whole }.walk(bytes)?;
        Ok(Self {
            src: IpAddr::V6(address_v6(fixed, 8)),
            dst: IpAddr::V6(address_v6(fixed, 24)),
            facts: IpFacts {
                ttl: Some(fixed[7]),
                traffic_class: Some((first >> 20 & 0xff) as u8),
                kind: IpKind::V6 { flow_label: Some(first & 0x000f_ffff) },
            },
            protocol: chain.protocol,
            fragment: chain.fragment,
            size: chain.size,
            total: Some(SIZE + payload).filter(|_| payload > 0),
        })
    }

    /// Whether the packet is whole and its addresses are those that TCP's checksum covers: options and extension
    /// headers may route it to another destination.
    pub(crate) fn is_plain(&self) -> bool {
        let fixed = if self.src.is_ipv4() { 20 } else { 40 };
        self.fragment == Fragment::Whole && self.size == fixed && self.total.is_some()
    }

    #[inline]
    pub(crate) fn payload<'a>(&self, bytes: &'a [u8], wire: usize) -> Result<Payload<'a>, Reason> {
        let len = self.total.unwrap_or(wire).checked_sub(self.size).ok_or(Reason::MalformedIp)?;
        let rest = bytes.get(self.size..).ok_or(Reason::IpHeaderCut)?;
        let (captured, trailer) = rest.split_at(rest.len().min(len));
        Ok(Payload { len, captured, trailer })
    }
}

/// The header of a TCP packet that an ICMP error quotes, and what follows it. Its lengths are left
/// alone: a quote is shortened, and some senders garble them.
pub(crate) fn quoted(bytes: &[u8]) -> Result<(Header, &[u8]), Reason> {
    let header = Header::read(bytes).map_err(|reason| match reason {
        Reason::IpHeaderCut => Reason::IcmpCut,
        _ => Reason::IcmpNotAboutTcp,
    })?;
    if header.protocol != protocol::TCP || header.fragment == Fragment::Later {
        return Err(Reason::IcmpNotAboutTcp);
    }
    let rest = bytes.get(header.size..).ok_or(Reason::IcmpCut)?;
    Ok((header, rest))
}

#[inline]
fn fragment(later: bool, more: bool) -> Fragment {
    match (later, more) {
        (true, _) => Fragment::Later,
        (false, true) => Fragment::First,
        (false, false) => Fragment::Whole,
    }
}

#[inline]
fn address_v6(header: &[u8; 40], at: usize) -> Ipv6Addr {
    let mut octets = [0; 16];
    octets.copy_from_slice(&header[at..at + 16]);
    Ipv6Addr::from(octets)
}

/// Where the fragment header of an IPv6 packet stands.
#[cold]
pub(super) fn fragment_header(bytes: &[u8]) -> Option<usize> {
    let mut chain = Chain { protocol: *bytes.get(6)?, size: 40, fragment: Fragment::Whole };
    for _ in 0..=Chain::MAX {
        if chain.protocol == protocol::FRAGMENT {
            return Some(chain.size);
        }
        if !chain.goes_on() {
            return None;
        }
        chain.pass_one(bytes).ok()?;
    }
    None
}

/// The end of a chain of IPv6 extension headers.
struct Chain {
    protocol: u8,
    size: usize,
    fragment: Fragment,
}

impl Chain {
    /// More extension headers than this are taken for an attack on the reader.
    const MAX: usize = 16;

    #[inline]
    fn walk(mut self, bytes: &[u8]) -> Result<Self, Reason> {
        for _ in 0..=Self::MAX {
            if !self.goes_on() {
                return Ok(self);
            }
            self.pass_one(bytes)?;
        }
        Err(Reason::MalformedIp)
    }

    /// Behind the header of a later fragment come bytes from the middle of something.
    #[inline]
    fn goes_on(&self) -> bool {
        use protocol::{AUTHENTICATION, DESTINATION, FRAGMENT, HIP, HOP_BY_HOP, MOBILITY, ROUTING, SHIM6};
        self.fragment != Fragment::Later
            && matches!(
                self.protocol,
                HOP_BY_HOP | ROUTING | FRAGMENT | AUTHENTICATION | DESTINATION | MOBILITY | HIP | SHIM6
            )
    }

    #[cold]
    fn pass_one(&mut self, bytes: &[u8]) -> Result<(), Reason> {
        let words = be16_at(bytes, self.size).ok_or(Reason::IpHeaderCut)?;
        let [next, length] = words.to_be_bytes();
        self.size += match self.protocol {
            protocol::FRAGMENT => {
                let field = be16_at(bytes, self.size + 2).ok_or(Reason::IpHeaderCut)?;
                self.fragment = fragment(field & 0xfff8 != 0, field & 1 != 0);
                8
            }
            protocol::AUTHENTICATION => (usize::from(length) + 2) * 4,
            _ => (usize::from(length) + 1) * 8,
        };
        self.protocol = next;
        Ok(())
    }
}
