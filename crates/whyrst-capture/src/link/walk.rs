//! The way through what stands between the link layer's header and IP: tags, labels, sessions, and
//! frames within frames. Each step goes deeper into one frame; the number of steps is bounded.

use super::LinkType;
use crate::bytes::{be16_at, be32_at};
use crate::counts::Reason;

/// More tags, labels and headers than this on one packet are taken for an attack on the reader.
const MAX_STEPS: u8 = 9;

pub(crate) mod ethertype {
    pub(crate) const LONGEST_LENGTH: u16 = 1_500;
    pub(crate) const IPV4: u16 = 0x0800;
    pub(crate) const ARP: u16 = 0x0806;
    pub(crate) const TRANSPARENT_ETHERNET: u16 = 0x6558;
    pub(crate) const RARP: u16 = 0x8035;
    pub(crate) const VLAN: u16 = 0x8100;
    pub(crate) const IPV6: u16 = 0x86dd;
    pub(crate) const PPP: u16 = 0x880b;
    pub(crate) const MPLS: u16 = 0x8847;
    pub(crate) const MPLS_MULTICAST: u16 = 0x8848;
    pub(crate) const PPPOE_SESSION: u16 = 0x8864;
    pub(crate) const SERVICE_VLAN: u16 = 0x88a8;
    pub(crate) const MACSEC: u16 = 0x88e5;
    /// 802.1ah, provider backbone bridges.
    pub(crate) const BACKBONE: u16 = 0x88e7;
    /// Cisco VN-Tag, the draft of 802.1BR.
    pub(crate) const VN_TAG: u16 = 0x8926;
    /// 802.1BR.
    pub(crate) const E_TAG: u16 = 0x893f;
    pub(crate) const NSH: u16 = 0x894f;
    /// `QinQ` of before 802.1ad.
    pub(crate) const OLD_QINQ: u16 = 0x9100;
}

/// A frame, or the payload of a tunnel, and how many steps may still be taken in it. All methods
/// say where the IP packet begins behind what stands at `at`.
pub(crate) struct Walk<'a> {
    pub(super) bytes: &'a [u8],
    left: u8,
}

type Offset = Result<usize, Reason>;

impl<'a> Walk<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, left: MAX_STEPS }
    }

    /// A whole frame of link layer `link`.
    #[cold]
    pub(crate) fn link(&mut self, link: LinkType, at: usize) -> Offset {
        self.step()?;
        match link {
            LinkType::ETHERNET => self.ethernet(at),
            LinkType::LINUX_SLL => self.cooked(at, CookedHeader { protocol: 14, arphrd: 2, size: 16 }),
            LinkType::LINUX_SLL2 => self.cooked(at, CookedHeader { protocol: 0, arphrd: 8, size: 20 }),
            LinkType::NULL | LinkType::LOOP => self.family(at),
            LinkType::RAW | LinkType::RAW_BSD | LinkType::RAW_OPENBSD | LinkType::IPV4 | LinkType::IPV6 => Ok(at),
            LinkType::PPP | LinkType::PPP_HDLC | LinkType::C_HDLC => self.hdlc(at),
            // In place of the address stands a direction, or before it.
            LinkType::PPP_PPPD => self.ppp_protocol(at + 2),
            LinkType::PPP_WITH_DIRECTION | LinkType::C_HDLC_WITH_DIRECTION => self.hdlc(at + 1),
            LinkType::PPP_ETHER => self.pppoe(at),
            LinkType::FRAME_RELAY => self.frame_relay(at),
            LinkType::TOKEN_RING => self.token_ring(at),
            LinkType::FDDI => self.llc(at + 13),
            LinkType::ATM_RFC1483 => self.llc(at),
            LinkType::WLAN => self.wlan(at),
            LinkType::WLAN_RADIOTAP => self.radiotap(at),
            LinkType::WLAN_PRISM => self.prism(at),
            LinkType::WLAN_AVS => self.avs(at),
            LinkType::PPI => self.ppi(at),
            LinkType::MPLS => self.mpls(at),
            // A global routing header of 40 bytes, and the one of RFC 4391 section 6.
            LinkType::IPOIB => self.named(at + 40, at + 44),
            LinkType::NFLOG => self.nflog(at),
            LinkType::PFLOG => self.pflog(at),
            LinkType::PKTAP => self.pktap(at),
            // Four bytes of the analyser, and with the second, preamble and delimiter of the frame.
            LinkType::NETANALYZER => self.ethernet(at + 4),
            LinkType::NETANALYZER_TRANSPARENT => self.ethernet(at + 12),
            LinkType::ETHERNET_MPACKET => self.ethernet(at + 8),
            _ => self.rare(link, at),
        }
    }

    pub(crate) fn ethernet(&mut self, at: usize) -> Offset {
        self.named(at + 12, at + 14)
    }

    /// What `type_at` names begins at `at`.
    pub(super) fn named(&mut self, type_at: usize, at: usize) -> Offset {
        let kind = self.u16(type_at)?;
        self.above(kind, at)
    }

    /// What an ethertype names, or what a length in its place is followed by.
    pub(crate) fn above(&mut self, kind: u16, at: usize) -> Offset {
        self.step()?;
        match kind {
            ethertype::IPV4 | ethertype::IPV6 => Ok(at),
            ethertype::VLAN | ethertype::SERVICE_VLAN | ethertype::OLD_QINQ => self.named(at + 2, at + 4),
            ethertype::ARP | ethertype::RARP => Err(Reason::Arp),
            ethertype::MPLS | ethertype::MPLS_MULTICAST => self.mpls(at),
            ethertype::PPPOE_SESSION => self.pppoe(at),
            ethertype::PPP => self.ppp(at),
            ethertype::VN_TAG => self.named(at + 4, at + 6),
            ethertype::E_TAG => self.named(at + 6, at + 8),
            // The tag's service identifier, then the customer's whole frame.
            ethertype::BACKBONE => self.ethernet(at + 4),
            ethertype::TRANSPARENT_ETHERNET => self.ethernet(at),
            ethertype::NSH => self.nsh(at),
            ethertype::MACSEC => Err(Reason::Encrypted),
            ..=ethertype::LONGEST_LENGTH => self.llc(at),
            _ => Err(Reason::NotIp),
        }
    }

    /// IEEE 802.2, with the subnetwork header of RFC 1042 or 802.1H.
    pub(super) fn llc(&mut self, at: usize) -> Offset {
        let header = self.array::<3>(at)?;
        match header {
            [0xaa, 0xaa, 0x03] => match self.array::<3>(at + 3)? {
                [0, 0, 0 | 0xf8] => self.named(at + 6, at + 8),
                // RFC 2684: a bridged Ethernet frame, with two bytes of padding.
                [0, 0x80, 0xc2] if matches!(self.u16(at + 6)?, 1 | 7) => self.ethernet(at + 10),
                _ => Err(Reason::NotIp),
            },
            // RFC 948: the service access point of IP itself.
            [0x06, 0x06, 0x03] => Ok(at + 3),
            _ => Err(Reason::NotIp),
        }
    }

    /// The label stack (RFC 3032) does not say what it carries; the first four bits behind it do
    /// (RFC 4385): a version of IP, or zero for a pseudowire's control word.
    pub(crate) fn mpls(&mut self, mut at: usize) -> Offset {
        const BOTTOM_OF_STACK: u32 = 0x100;
        loop {
            let label = self.u32(at)?;
            at += 4;
            if label & BOTTOM_OF_STACK != 0 {
                break;
            }
            self.step()?;
        }
        match self.u8(at)? >> 4 {
            4 | 6 => Ok(at),
            0 => self.ethernet(at + 4),
            _ => Err(Reason::NotIp),
        }
    }

    /// The network service header (RFC 8300).
    pub(crate) fn nsh(&mut self, at: usize) -> Offset {
        const WORDS: u16 = 0x3f;
        self.step()?;
        let above = at + 4 * usize::from(self.u16(at)? & WORDS);
        let next = self.u8(at + 3)?;
        self.next_protocol(next, above)
    }

    /// The numbers that NSH and VXLAN-GPE share.
    pub(crate) fn next_protocol(&mut self, next: u8, at: usize) -> Offset {
        match next {
            1 | 2 => Ok(at),
            3 => self.ethernet(at),
            4 => self.nsh(at),
            5 => self.mpls(at),
            _ => Err(Reason::NotIp),
        }
    }

    /// A Linux cooked header. With netlink the protocol field is a netlink family and may look like
    /// an ethertype.
    fn cooked(&mut self, at: usize, header: CookedHeader) -> Offset {
        const ARPHRD_NETLINK: u16 = 824;
        if self.bytes.len() < at + header.size {
            return Err(Reason::LinkHeaderCut);
        }
        if self.u16(at + header.arphrd)? == ARPHRD_NETLINK {
            return Err(Reason::NotIp);
        }
        match self.u16(at + header.protocol)? {
            // The kernel's own number for frames with an 802.2 header.
            4 => self.llc(at + header.size),
            ..=ethertype::LONGEST_LENGTH => Err(Reason::NotIp),
            kind => self.above(kind, at + header.size),
        }
    }

    /// `AF_INET` is 2 everywhere, `AF_INET6` is 10 (Linux), 24 (NetBSD, OpenBSD), 28 (FreeBSD) or
    /// 30 (macOS). The byte order is the writer's, so both are tried: the values do not collide.
    fn family(&self, at: usize) -> Offset {
        let family = self.u32(at)?;
        is_ip(family.min(family.swap_bytes())).then_some(at + 4).ok_or(Reason::NotIp)
    }

    /// IEEE 802.5: with the first bit of the source address set, a route stands before 802.2.
    fn token_ring(&mut self, at: usize) -> Offset {
        const HEADER: usize = 14;
        let route = match self.u8(at + 8)? & 0x80 {
            0 => 0,
            _ => usize::from(self.u8(at + HEADER)? & 0x1f),
        };
        self.llc(at + HEADER + route)
    }

    /// What the kernel's packet filter logged: attributes, one of them the packet
    /// (<https://www.tcpdump.org/linktypes/LINKTYPE_NFLOG.html>). Lengths are in the order of the host.
    fn nflog(&mut self, at: usize) -> Offset {
        const PAYLOAD: u16 = 9;
        if !is_ip(self.u8(at)?.into()) {
            return Err(Reason::NotIp);
        }
        let mut at = at + 4;
        for _ in 0..64 {
            let [a, b, c, d] = self.array::<4>(at)?;
            let (length, kind) = match u16::from_le_bytes([a, b]) {
                length @ ..0x8000 if u16::from_le_bytes([c, d]) < 0x100 => (length, u16::from_le_bytes([c, d])),
                _ => (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])),
            };
            match kind & 0x7fff {
                PAYLOAD => return Ok(at + 4),
                _ if length < 4 => break,
                _ => at += usize::from(length).next_multiple_of(4),
            }
        }
        Err(Reason::NotIp)
    }

    /// What the packet filter of BSD logged: its first byte is the header's length without padding.
    fn pflog(&mut self, at: usize) -> Offset {
        let [length, family] = self.array::<2>(at)?;
        is_ip(family.into()).then_some(at + usize::from(length).next_multiple_of(4)).ok_or(Reason::NotIp)
    }

    /// XNU `struct pktap_header`: its length, and further on the link layer of what follows, both as the host writes
    /// numbers, which is little-endian on every Mac that is in use. `struct pktap_v2_hdr` has its flags at the same place,
    /// one of which says that it is that.
    fn pktap(&mut self, at: usize) -> Offset {
        const LINK: usize = 8;
        const FLAGS: usize = 36;
        const SECOND: u32 = 0x0008_0000;
        let flags = u32::from_le_bytes(self.array::<4>(at + FLAGS)?);
        if flags & SECOND != 0 {
            let link = u16::from_le_bytes(self.array::<2>(at + 6)?);
            return self.link(LinkType(link), at + usize::from(self.u8(at)?));
        }
        let length = u32::from_le_bytes(self.array::<4>(at)?);
        let link = u32::from_le_bytes(self.array::<4>(at + LINK)?);
        let link = u16::try_from(link).map_err(|_| Reason::UnsupportedLinkType)?;
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        self.link(LinkType(link), at.saturating_add(length))
    }

    /// One step deeper.
    pub(super) fn step(&mut self) -> Result<(), Reason> {
        self.left = self.left.checked_sub(1).ok_or(Reason::NestedTooDeep)?;
        Ok(())
    }

    pub(super) fn u8(&self, at: usize) -> Result<u8, Reason> {
        self.bytes.get(at).copied().ok_or(Reason::LinkHeaderCut)
    }

    pub(super) fn u16(&self, at: usize) -> Result<u16, Reason> {
        be16_at(self.bytes, at).ok_or(Reason::LinkHeaderCut)
    }

    pub(super) fn u32(&self, at: usize) -> Result<u32, Reason> {
        be32_at(self.bytes, at).ok_or(Reason::LinkHeaderCut)
    }

    pub(super) fn array<const N: usize>(&self, at: usize) -> Result<[u8; N], Reason> {
        crate::bytes::array_at(self.bytes, at).ok_or(Reason::LinkHeaderCut)
    }
}

/// Where the fields of a cooked header stand, and its size.
#[derive(Clone, Copy)]
struct CookedHeader {
    protocol: usize,
    arphrd: usize,
    size: usize,
}

const fn is_ip(family: u32) -> bool {
    matches!(family, 2 | 10 | 24 | 28 | 30)
}
