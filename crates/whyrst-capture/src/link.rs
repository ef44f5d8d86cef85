//! Link layers: from the first octet of a frame to the first octet of its IP packet.

use std::fmt;

use crate::bytes::{be16_at, be32_at};
use crate::counts::Reason;

/// A link layer by its LINKTYPE number (<https://www.tcpdump.org/linktypes.html>).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct LinkType(pub u16);

impl LinkType {
    /// BSD loopback: address family in the capturing host's octet order.
    pub const NULL: Self = Self(0);
    /// Ethernet.
    pub const ETHERNET: Self = Self(1);
    /// IEEE 802.5 token ring.
    pub const TOKEN_RING: Self = Self(6);
    /// FDDI.
    pub const FDDI: Self = Self(10);
    /// Raw IP; what some systems wrote for it before a number was assigned.
    pub const RAW_BSD: Self = Self(12);
    /// Raw IP, as OpenBSD wrote it.
    pub const RAW_OPENBSD: Self = Self(14);
    /// Raw IP of either version.
    pub const RAW: Self = Self(101);
    /// OpenBSD loopback: address family in network octet order.
    pub const LOOP: Self = Self(108);
    /// Linux "cooked" capture, version 1 (the "any" device).
    pub const LINUX_SLL: Self = Self(113);
    /// Raw IPv4.
    pub const IPV4: Self = Self(228);
    /// Raw IPv6.
    pub const IPV6: Self = Self(229);
    /// Linux "cooked" capture, version 2.
    pub const LINUX_SLL2: Self = Self(276);

    /// Whether the number means what its users agreed on.
    pub const fn is_for_private_use(self) -> bool {
        matches!(self.0, 147..=162)
    }

    /// The name without `LINKTYPE_`, for the common ones.
    pub const fn name(self) -> Option<&'static str> {
        Some(match self.0 {
            0 => "NULL",
            1 => "ETHERNET",
            6 => "IEEE802_5",
            9 => "PPP",
            10 => "FDDI",
            12 | 14 | 101 => "RAW",
            50 => "PPP_HDLC",
            51 => "PPP_ETHER",
            104 => "C_HDLC",
            105 => "IEEE802_11",
            107 => "FRELAY",
            108 => "LOOP",
            113 => "LINUX_SLL",
            117 => "PFLOG",
            119 => "IEEE802_11_PRISM",
            127 => "IEEE802_11_RADIOTAP",
            147..=162 => "USER",
            163 => "IEEE802_11_AVS",
            187 => "BLUETOOTH_HCI_H4",
            189 => "USB_LINUX",
            192 => "PPI",
            195 => "IEEE802_15_4_WITHFCS",
            220 => "USB_LINUX_MMAPPED",
            227 => "CAN_SOCKETCAN",
            228 => "IPV4",
            229 => "IPV6",
            239 => "NFLOG",
            249 => "USBPCAP",
            252 => "WIRESHARK_UPPER_PDU",
            253 => "NETLINK",
            276 => "LINUX_SLL2",
            _ => return None,
        })
    }
}

/// `ETHERNET (1)`, `number 12345`.
impl fmt::Display for LinkType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{name} ({})", self.0),
            None => write!(f, "number {}", self.0),
        }
    }
}

/// On which interface, by the kernel's index, a frame of a Linux cooked capture of version 2 was.
pub(crate) fn cooked_interface(frame: &[u8]) -> Option<u32> {
    be32_at(frame, 4)
}

/// Where the IP packet begins in a frame.
#[inline]
pub(crate) fn ip_offset(link: LinkType, frame: &[u8]) -> Result<usize, Reason> {
    match link {
        LinkType::ETHERNET => above_ethertype(frame, 12),
        LinkType::LINUX_SLL2 => above_cooked(frame, 0, 8, 20),
        LinkType::LINUX_SLL => above_cooked(frame, 14, 2, 16),
        LinkType::NULL | LinkType::LOOP => above_family(frame),
        LinkType::RAW | LinkType::RAW_BSD | LinkType::RAW_OPENBSD | LinkType::IPV4 | LinkType::IPV6 => Ok(0),
        _ => Err(Reason::UnsupportedLinkType),
    }
}

mod ethertype {
    pub(super) const IPV4: u16 = 0x0800;
    pub(super) const ARP: u16 = 0x0806;
    pub(super) const RARP: u16 = 0x8035;
    pub(super) const VLAN: u16 = 0x8100;
    pub(super) const IPV6: u16 = 0x86dd;
    pub(super) const MPLS: u16 = 0x8847;
    pub(super) const MPLS_MULTICAST: u16 = 0x8848;
    pub(super) const PPPOE_SESSION: u16 = 0x8864;
    pub(super) const SERVICE_VLAN: u16 = 0x88a8;
    /// `QinQ` of before 802.1ad.
    pub(super) const OLD_QINQ: u16 = 0x9100;
}

/// More tags or labels than this on one frame are taken for an attack on the reader.
const MAX_TAGS: usize = 8;

/// Follows the ethertype at `at` through VLAN tags.
#[inline]
fn above_ethertype(frame: &[u8], mut at: usize) -> Result<usize, Reason> {
    for _ in 0..=MAX_TAGS {
        match be16_at(frame, at).ok_or(Reason::LinkHeaderCut)? {
            ethertype::IPV4 | ethertype::IPV6 => return Ok(at + 2),
            ethertype::VLAN | ethertype::SERVICE_VLAN | ethertype::OLD_QINQ => at += 4,
            ethertype::ARP | ethertype::RARP => return Err(Reason::Arp),
            ethertype::MPLS | ethertype::MPLS_MULTICAST => return above_mpls(frame, at + 2),
            ethertype::PPPOE_SESSION => return above_pppoe(frame, at + 2),
            _ => return Err(Reason::NotIp),
        }
    }
    Err(Reason::NestedTooDeep)
}

/// The label stack does not say what it carries; an IP version in the first four bits does.
fn above_mpls(frame: &[u8], mut at: usize) -> Result<usize, Reason> {
    const BOTTOM_OF_STACK: u32 = 0x100;
    for _ in 0..=MAX_TAGS {
        let label = be32_at(frame, at).ok_or(Reason::LinkHeaderCut)?;
        at += 4;
        if label & BOTTOM_OF_STACK != 0 {
            return match frame.get(at).ok_or(Reason::LinkHeaderCut)? >> 4 {
                4 | 6 => Ok(at),
                _ => Err(Reason::NotIp),
            };
        }
    }
    Err(Reason::NestedTooDeep)
}

/// RFC 2516: six octets of header, then the PPP protocol number.
fn above_pppoe(frame: &[u8], at: usize) -> Result<usize, Reason> {
    const PPP_IPV4: u16 = 0x0021;
    const PPP_IPV6: u16 = 0x0057;
    match be16_at(frame, at + 6).ok_or(Reason::LinkHeaderCut)? {
        PPP_IPV4 | PPP_IPV6 => Ok(at + 8),
        _ => Err(Reason::NotIp),
    }
}

/// A cooked header of `size` octets: protocol and ARPHRD type are where they are told to be. With
/// netlink the protocol field is a netlink family and may look like an ethertype.
fn above_cooked(frame: &[u8], protocol: usize, arphrd: usize, size: usize) -> Result<usize, Reason> {
    const ARPHRD_NETLINK: u16 = 824;
    if frame.len() < size {
        return Err(Reason::LinkHeaderCut);
    }
    if be16_at(frame, arphrd) == Some(ARPHRD_NETLINK) {
        return Err(Reason::NotIp);
    }
    match be16_at(frame, protocol).ok_or(Reason::LinkHeaderCut)? {
        ethertype::IPV4 | ethertype::IPV6 => Ok(size),
        ethertype::ARP | ethertype::RARP => Err(Reason::Arp),
        // The tag control field stands where the payload begins.
        ethertype::VLAN | ethertype::SERVICE_VLAN | ethertype::OLD_QINQ => above_ethertype(frame, size + 2),
        ethertype::MPLS | ethertype::MPLS_MULTICAST => above_mpls(frame, size),
        ethertype::PPPOE_SESSION => above_pppoe(frame, size),
        _ => Err(Reason::NotIp),
    }
}

/// `AF_INET` is 2 everywhere, `AF_INET6` is 10 (Linux), 24 (NetBSD, OpenBSD), 28 (FreeBSD) or 30
/// (macOS). The octet order is the writer's, so both are tried: the values do not collide.
fn above_family(frame: &[u8]) -> Result<usize, Reason> {
    let family = be32_at(frame, 0).ok_or(Reason::LinkHeaderCut)?;
    match family.min(family.swap_bytes()) {
        2 | 10 | 24 | 28 | 30 => Ok(4),
        _ => Err(Reason::NotIp),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ethernet(rest: &[u8]) -> Vec<u8> {
        [&[0u8; 12], rest].concat()
    }

    #[test]
    fn tags_labels_and_sessions_are_passed_through() {
        let offset = |rest: &[u8]| ip_offset(LinkType::ETHERNET, &ethernet(rest));
        assert_eq!(offset(&[8, 0]), Ok(14));
        assert_eq!(offset(&[0x81, 0, 0, 1, 0x86, 0xdd]), Ok(18));
        assert_eq!(offset(&[0x88, 0xa8, 0, 1, 0x81, 0, 0, 2, 8, 0]), Ok(22));
        assert_eq!(offset(&[0x88, 0x47, 0, 1, 0, 64, 0, 1, 1, 64, 0x45]), Ok(22));
        assert_eq!(offset(&[0x88, 0x64, 0x11, 0, 0, 1, 0, 9, 0, 0x21]), Ok(22));
    }

    #[test]
    fn what_is_no_ip_says_so() {
        let reason = |rest: &[u8]| ip_offset(LinkType::ETHERNET, &ethernet(rest)).unwrap_err();
        assert_eq!(reason(&[8, 6]), Reason::Arp);
        assert_eq!(reason(&[0, 38, 0x42, 0x42, 3]), Reason::NotIp);
        assert_eq!(reason(&[8]), Reason::LinkHeaderCut);
        assert_eq!(reason(&[0x81, 0].repeat(100)), Reason::NestedTooDeep);
        assert_eq!(ip_offset(LinkType(147), &[]), Err(Reason::UnsupportedLinkType));
    }

    #[test]
    fn cooked_frames_of_both_versions_are_read() {
        let mut sll = [0u8; 16];
        sll[14] = 8;
        assert_eq!(ip_offset(LinkType::LINUX_SLL, &sll), Ok(16));
        let mut sll2 = [0u8; 20];
        sll2[..2].copy_from_slice(&[0x86, 0xdd]);
        assert_eq!(ip_offset(LinkType::LINUX_SLL2, &sll2), Ok(20));
        sll2[8..10].copy_from_slice(&824u16.to_be_bytes());
        assert_eq!(ip_offset(LinkType::LINUX_SLL2, &sll2), Err(Reason::NotIp));
        assert_eq!(ip_offset(LinkType::LINUX_SLL2, &sll2[..19]), Err(Reason::LinkHeaderCut));
    }

    #[test]
    fn loopback_families_are_read_in_both_orders() {
        for family in [2u32, 10, 24, 28, 30] {
            for octets in [family.to_le_bytes(), family.to_be_bytes()] {
                assert_eq!(ip_offset(LinkType::NULL, &octets), Ok(4));
                assert_eq!(ip_offset(LinkType::LOOP, &octets), Ok(4));
            }
        }
        assert_eq!(ip_offset(LinkType::NULL, &[0, 0, 0, 7]), Err(Reason::NotIp));
    }
}
