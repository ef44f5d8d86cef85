//! IPv4 (RFC 791) and IPv6 (RFC 8200), read laxly: what is cut off or contradictory is named, what
//! merely looks odd is read. The IP header decides how long the payload is, never the frame:
//! Ethernet pads short frames, and snap lengths cut long ones.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use whyrst_core::observation::Seen;
use whyrst_core::segment::{IpFacts, IpKind};

use crate::bytes::be16_at;
use crate::counts::{Counts, Reason};
use crate::{icmp, tcp, tunnel};

/// Protocol numbers, and the IPv6 extension headers among them.
pub(crate) mod protocol {
    pub(crate) const HOP_BY_HOP: u8 = 0;
    pub(crate) const ICMP: u8 = 1;
    pub(crate) const IPV4: u8 = 4;
    pub(crate) const TCP: u8 = 6;
    pub(crate) const UDP: u8 = 17;
    pub(crate) const IPV6: u8 = 41;
    pub(crate) const ROUTING: u8 = 43;
    pub(crate) const FRAGMENT: u8 = 44;
    pub(crate) const GRE: u8 = 47;
    pub(crate) const AUTHENTICATION: u8 = 51;
    pub(crate) const ICMP6: u8 = 58;
    pub(crate) const DESTINATION: u8 = 60;
    pub(crate) const MOBILITY: u8 = 135;
    pub(crate) const HIP: u8 = 139;
    pub(crate) const SHIM6: u8 = 140;
}

/// Which part of a packet this is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fragment {
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
    fragment: Fragment,
    /// Octets up to the payload.
    size: usize,
    /// Octets of the whole packet as the header has it; `None` when it says zero.
    total: Option<usize>,
}

/// The payload of an IP packet: `len` octets by its header, of which `captured` are there.
#[derive(Clone, Copy)]
pub(crate) struct Payload<'a> {
    pub(crate) len: usize,
    pub(crate) captured: &'a [u8],
}

/// Packets within packets beyond this depth are not looked into.
const MAX_DEPTH: usize = 4;

/// What the IP packet in `bytes` shows; `wire` octets of it were on the wire by the capture's word.
#[inline]
pub(crate) fn observe<'a>(mut bytes: &'a [u8], mut wire: usize, counts: &mut Counts) -> Result<Seen<'a>, Reason> {
    for _ in 0..=MAX_DEPTH {
        let header = Header::read(bytes)?;
        let payload = header.payload(bytes, wire)?;
        match header.protocol {
            protocol::TCP => return segment(&header, payload, counts),
            protocol::ICMP | protocol::ICMP6 if header.fragment != Fragment::Later => {
                return icmp::error(&header, payload).map(Seen::Icmp);
            }
            carrier => {
                let at = header.inner(carrier, payload)?;
                bytes = payload.captured.get(at..).ok_or(Reason::IpHeaderCut)?;
                wire = payload.len.saturating_sub(at);
            }
        }
    }
    Err(Reason::NestedTooDeep)
}

#[inline]
fn segment<'a>(header: &Header, payload: Payload<'a>, counts: &mut Counts) -> Result<Seen<'a>, Reason> {
    if header.fragment != Fragment::Whole {
        counts.fragments += 1;
    }
    if header.fragment == Fragment::Later {
        return Err(Reason::IpFragment);
    }
    counts.zero_lengths += u64::from(header.total.is_none());
    tcp::segment(header, payload, counts).map(Seen::Segment)
}

impl Header {
    /// Reads the header at the start of `bytes`.
    #[inline]
    fn read(bytes: &[u8]) -> Result<Self, Reason> {
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
                ttl: fixed[8],
                traffic_class: fixed[1],
                kind: IpKind::V4 { id: word(4), dont_fragment: fragmentation & DONT_FRAGMENT != 0 },
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
                ttl: fixed[7],
                traffic_class: (first >> 20 & 0xff) as u8,
                kind: IpKind::V6 { flow_label: first & 0x000f_ffff },
            },
            protocol: chain.protocol,
            fragment: chain.fragment,
            size: chain.size,
            total: Some(SIZE + payload).filter(|_| payload > 0),
        })
    }

    #[inline]
    fn payload<'a>(&self, bytes: &'a [u8], wire: usize) -> Result<Payload<'a>, Reason> {
        let len = self.total.unwrap_or(wire).checked_sub(self.size).ok_or(Reason::MalformedIp)?;
        let rest = bytes.get(self.size..).ok_or(Reason::IpHeaderCut)?;
        Ok(Payload { len, captured: &rest[..rest.len().min(len)] })
    }

    /// Where in the payload of `carrier` another IP packet begins.
    #[cold]
    fn inner(&self, carrier: u8, payload: Payload<'_>) -> Result<usize, Reason> {
        if self.fragment == Fragment::Later {
            return Err(Reason::NotTcp);
        }
        tunnel::inner(carrier, payload.captured).ok_or(Reason::NotTcp)
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

    /// Behind the header of a later fragment come octets from the middle of something.
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
