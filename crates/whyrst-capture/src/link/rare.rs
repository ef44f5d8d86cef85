//! Link layers that few captures have and that carry IP all the same: serial lines, radio, ATM, Fibre Channel, `FireWire`,
//! ARCNET, the tags of switch chips, and headers of capture devices. Their forms are those of
//! <https://www.tcpdump.org/linktypes.html> and, where it names none, of tcpdump's printers.

use super::LinkType;
use super::walk::Walk;
use crate::bytes::be16_at;
use crate::counts::Reason;

type Offset = Result<usize, Reason>;

impl Walk<'_> {
    /// One of those; `UnsupportedLinkType` for any other.
    pub(super) fn rare(&mut self, link: LinkType, at: usize) -> Offset {
        match link {
            LinkType::SLIP => self.slip(at),
            LinkType::AX25 => self.ax25(at),
            LinkType::AX25_KISS => self.ax25(at + 1),
            // Six bytes, an ethertype, thirty-six more (print-symantec.c).
            LinkType::SYMANTEC_FIREWALL => self.named(at + 6, at + 44),
            LinkType::ATM_CLIP => self.classical_ip(at),
            // Address family, SPI and flags, in the order of the host (print-enc.c).
            LinkType::ENC => self.version(at + 12),
            // RFC 4338 section 4: a network header of two addresses, then 802.2.
            LinkType::IP_OVER_FC => self.llc(at + 16),
            LinkType::SUNATM => self.sun_atm(at),
            LinkType::TZSP => self.tzsp(at),
            LinkType::ARCNET_LINUX => self.arcnet(at + 4, Fragments::Joined),
            LinkType::ARCNET_BSD => self.arcnet(at + 2, Fragments::Apart),
            LinkType::ERF | LinkType::ERF_ETH | LinkType::ERF_POS => self.erf(at),
            LinkType::JUNIPER_ETHER => self.juniper(at),
            LinkType::FRAME_RELAY_WITH_DIRECTION => self.frame_relay(at + 1),
            LinkType::IPNET => self.version(at + 24),
            // The last six bytes of the preamble.
            LinkType::EPON => self.ethernet(at + 6),
            // A tag between the source address and the ethertype, or before the frame; and two addresses of eight bytes.
            LinkType::DSA_TAG_BRCM | LinkType::DSA_TAG_DSA | LinkType::APPLE_IP_OVER_IEEE1394 => {
                self.named(at + 16, at + 18)
            }
            LinkType::DSA_TAG_EDSA => self.named(at + 20, at + 22),
            LinkType::DSA_TAG_BRCM_PREPEND => self.ethernet(at + 4),
            _ => Err(Reason::UnsupportedLinkType),
        }
    }

    /// An IP packet, if it looks like one.
    fn version(&self, at: usize) -> Offset {
        matches!(self.u8(at)? >> 4, 4 | 6).then_some(at).ok_or(Reason::NotIp)
    }

    /// A direction, and with what libpcap itself writes (`SLIP_HDRLEN` of print-sl.c) fifteen bytes of a compressed header.
    fn slip(&self, at: usize) -> Offset {
        const COPY: usize = 16;
        let length = be16_at(self.bytes, at + COPY + 2).map(usize::from);
        let is_whole = length.is_some_and(|length| length == self.bytes.len() - at - COPY);
        if is_whole && let Ok(at) = self.version(at + COPY) {
            return Ok(at);
        }
        self.version(at + 1)
    }

    /// Addresses of seven bytes, the last of which is marked, control, and the protocol (AX.25 2.2, sections 3.12 and 3.4).
    fn ax25(&self, at: usize) -> Offset {
        const ADDRESS: usize = 7;
        const MOST: usize = 10;
        const IP: u8 = 0xcc;
        for count in 2..=MOST {
            let end = at + count * ADDRESS;
            if self.u8(end - 1)? & 1 != 0 {
                return (self.u8(end + 1)? == IP).then_some(end + 2).ok_or(Reason::NotIp);
            }
        }
        Err(Reason::NotIp)
    }

    /// RFC 2684 with 802.2, or IP alone (print-cip.c).
    fn classical_ip(&mut self, at: usize) -> Offset {
        if self.array::<3>(at)? == [0xaa, 0xaa, 0x03] { self.llc(at) } else { self.version(at) }
    }

    fn sun_atm(&mut self, at: usize) -> Offset {
        // The direction is the highest bit.
        match self.u8(at)? & 0x0f {
            1 => self.ethernet(at + 6),
            2 => self.llc(at + 4),
            _ => Err(Reason::NotIp),
        }
    }

    /// Tags of a length each, up to the one that ends them (<https://en.wikipedia.org/wiki/TZSP>).
    fn tzsp(&mut self, at: usize) -> Offset {
        const PADDING: u8 = 0;
        const END: u8 = 1;
        let protocol = self.u16(at + 2)?;
        let mut tag = at + 4;
        for _ in 0..64 {
            match self.u8(tag)? {
                PADDING => tag += 1,
                END => {
                    return match protocol {
                        1 => self.ethernet(tag + 1),
                        18 => self.wlan(tag + 1),
                        _ => Err(Reason::NotIp),
                    };
                }
                _ => tag += 2 + usize::from(self.u8(tag + 1)?),
            }
        }
        Err(Reason::NotIp)
    }

    /// The protocol, and with RFC 1201 what puts fragments together again.
    fn arcnet(&self, at: usize, fragments: Fragments) -> Offset {
        const IP_OF_RFC_1051: u8 = 240;
        const IP: u8 = 212;
        const EXCEPTION: u8 = 0xff;
        match (self.u8(at)?, fragments) {
            (IP_OF_RFC_1051, _) => Ok(at + 1),
            (IP, Fragments::Joined) => Ok(at + 4),
            (IP, Fragments::Apart) => match self.u8(at + 1)? {
                0 => Ok(at + 4),
                EXCEPTION => self.version(at + 8),
                _ => Err(Reason::IpFragment),
            },
            _ => Err(Reason::NotIp),
        }
    }

    /// A record's header, extension headers as long as their first bit is set, and what its type says
    /// (Endace, ERF Types Reference Guide).
    fn erf(&mut self, at: usize) -> Offset {
        const HEADER: usize = 16;
        const MORE: u8 = 0x80;
        let kind = self.u8(at + 8)?;
        let mut above = at + HEADER;
        let mut more = kind & MORE != 0;
        while more {
            self.step()?;
            more = self.u8(above)? & MORE != 0;
            above += 8;
        }
        match kind & !MORE {
            1 => self.hdlc(above),
            // An offset and a byte of padding.
            2 | 11 | 16 | 20 => self.ethernet(above + 2),
            22 | 23 => self.version(above),
            _ => Err(Reason::NotIp),
        }
    }

    /// A magic number, flags, extensions, and Ethernet unless the flags say that it was left out (print-juniper.c).
    fn juniper(&mut self, at: usize) -> Offset {
        const MAGIC: [u8; 3] = *b"MGC";
        const EXTENDED: u8 = 0x80;
        const WITHOUT_LINK: u8 = 0x02;
        let [a, b, c, flags] = self.array::<4>(at)?;
        if [a, b, c] != MAGIC {
            return Err(Reason::NotIp);
        }
        let extensions = if flags & EXTENDED == 0 { 0 } else { 2 + usize::from(self.u16(at + 4)?) };
        let above = at + 4 + extensions;
        if flags & WITHOUT_LINK == 0 { self.ethernet(above) } else { self.version(above + 4) }
    }
}

/// Who puts the fragments of RFC 1201 together.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fragments {
    /// The kernel, before the packet is captured.
    Joined,
    /// Nobody.
    Apart,
}

#[cfg(test)]
mod tests {
    use super::super::ip_offset;
    use super::*;

    /// As much of IPv4 as is looked at: its length is what stands here.
    const IP: [u8; 20] = [0x45, 0, 0, 20, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];

    fn leads_to_ip(link: LinkType, before: &[u8]) {
        let frame = [before, &IP].concat();
        assert_eq!(ip_offset(link, &frame), Ok(before.len()), "{link}");
        for cut in 0..before.len() {
            let beyond = ip_offset(link, &frame[..cut]).map_or(true, |at| at >= cut);
            assert!(beyond, "{link} cut at {cut}");
        }
    }

    #[test]
    fn each_leads_to_ip() {
        let mac = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];
        let snap = [0xaa, 0xaa, 3, 0, 0, 0, 8, 0];
        let ethernet = [&mac[..], &[8, 0]].concat();
        leads_to_ip(LinkType::SLIP, &[1]);
        // What libpcap writes between the two begins as the packet does.
        let long = [&[0, 0x45][..], &[0; 14], &IP].concat();
        assert_eq!(ip_offset(LinkType::SLIP, &long), Ok(16));
        let ax25 = [&[0x82; 6][..], &[0x60], &[0x84; 6], &[0x61], &[3, 0xcc]].concat();
        leads_to_ip(LinkType::AX25, &ax25);
        leads_to_ip(LinkType::AX25_KISS, &[&[0][..], &ax25].concat());
        leads_to_ip(LinkType::SYMANTEC_FIREWALL, &[&[0; 6][..], &[8, 0], &[0; 36]].concat());
        leads_to_ip(LinkType::ATM_CLIP, &snap);
        leads_to_ip(LinkType::ATM_CLIP, &[]);
        leads_to_ip(LinkType::ENC, &[2, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]);
        leads_to_ip(LinkType::IP_OVER_FC, &[&[1; 16][..], &snap].concat());
        leads_to_ip(LinkType::SUNATM, &[&[0x82, 0, 0, 5][..], &snap].concat());
        leads_to_ip(LinkType::SUNATM, &[&[1, 0, 0, 5, 0, 1][..], &ethernet].concat());
        leads_to_ip(LinkType::TZSP, &[&[1, 0, 0, 1, 0, 10, 1, 7, 1][..], &ethernet].concat());
        leads_to_ip(LinkType::ARCNET_LINUX, &[1, 2, 0, 0, 212, 0, 0, 1]);
        leads_to_ip(LinkType::ARCNET_BSD, &[1, 2, 240]);
        leads_to_ip(LinkType::ARCNET_BSD, &[1, 2, 212, 0, 0, 1]);
        leads_to_ip(LinkType::APPLE_IP_OVER_IEEE1394, &[&[1; 16][..], &[8, 0]].concat());
        leads_to_ip(LinkType::ERF, &[&[0; 8][..], &[2, 4, 0, 80, 0, 0, 0, 60], &[0; 2], &ethernet].concat());
        let extended = [&[0; 8][..], &[0x82, 4, 0, 80, 0, 0, 0, 60], &[0x80; 8], &[0; 8], &[0; 2], &ethernet].concat();
        leads_to_ip(LinkType::ERF_ETH, &extended);
        leads_to_ip(LinkType::ERF_POS, &[&[0; 8][..], &[1, 4, 0, 80, 0, 0, 0, 60], &[0xff, 3, 0, 0x21]].concat());
        leads_to_ip(LinkType::JUNIPER_ETHER, &[&b"MGC\x80\0\x02\x01\x01"[..], &ethernet].concat());
        leads_to_ip(LinkType::JUNIPER_ETHER, b"MGC\x02\x02\0\0\0");
        leads_to_ip(LinkType::FRAME_RELAY_WITH_DIRECTION, &[1, 0x18, 0x41, 3, 0xcc]);
        leads_to_ip(LinkType::IPNET, &[&[2, 2][..], &[0; 22]].concat());
        leads_to_ip(LinkType::EPON, &[&[0; 6][..], &ethernet].concat());
        leads_to_ip(LinkType::DSA_TAG_BRCM, &[&mac[..], &[0; 4], &[8, 0]].concat());
        leads_to_ip(LinkType::DSA_TAG_DSA, &[&mac[..], &[0; 4], &[8, 0]].concat());
        leads_to_ip(LinkType::DSA_TAG_EDSA, &[&mac[..], &[0xda, 0xda, 0, 0, 0, 0, 0, 0], &[8, 0]].concat());
        leads_to_ip(LinkType::DSA_TAG_BRCM_PREPEND, &[&[0; 4][..], &ethernet].concat());
    }
}
