//! The few bytes of an IP packet that the lab itself must read or write: enough for the wire to
//! tell a SYN from data, to forge a reset and to print a line in tcpdump's notation.
//!
//! Understanding captures is the business of `whyrst-capture`; this reads only packets that the
//! lab's own kernels have just made.

use std::net::{IpAddr, Ipv4Addr};

use whyrst_core::segment::{Endpoint, Flags};

use crate::scenario::PacketKind;

const TCP: u8 = 6;

/// The TCP segment in a raw IP packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Tcp<'a> {
    pub(crate) src: Endpoint,
    pub(crate) dst: Endpoint,
    pub(crate) seq: u32,
    pub(crate) ack: u32,
    pub(crate) flags: Flags,
    pub(crate) window: u16,
    pub(crate) options: &'a [u8],
    pub(crate) payload: &'a [u8],
}

impl<'a> Tcp<'a> {
    /// The segment, or `None` when the packet is something else or cut short.
    pub(crate) fn parse(packet: &'a [u8]) -> Option<Self> {
        let (src, dst, segment) = split_ip(packet)?;
        let header_len = usize::from(segment.get(12)? >> 4) * 4;
        let options = segment.get(20..header_len)?;
        Some(Self {
            src: Endpoint::new(src, u16_at(segment, 0)?),
            dst: Endpoint::new(dst, u16_at(segment, 2)?),
            seq: u32_at(segment, 4)?,
            ack: u32_at(segment, 8)?,
            flags: Flags::from_bits(*segment.get(13)?),
            window: u16_at(segment, 14)?,
            options,
            payload: segment.get(header_len..)?,
        })
    }

    /// What it is in the words of a scenario.
    pub(crate) fn kind(&self) -> PacketKind {
        match self.flags {
            flags if flags.has(Flags::RST) => PacketKind::Rst,
            flags if flags.is_syn() => PacketKind::Syn,
            flags if flags.is_syn_ack() => PacketKind::SynAck,
            flags if flags.has(Flags::FIN) => PacketKind::Fin,
            _ if !self.payload.is_empty() => PacketKind::Data,
            flags if flags.has(Flags::ACK) => PacketKind::Ack,
            _ => PacketKind::Other,
        }
    }

    /// `TSval`, when it carries timestamps.
    pub(crate) fn timestamp(&self) -> Option<u32> {
        let mut options = self.options;
        loop {
            match *options {
                [8, 10, a, b, c, d, ..] => return Some(u32::from_be_bytes([a, b, c, d])),
                [1, ..] => options = &options[1..],
                [2..=u8::MAX, len @ 2..=u8::MAX, ..] => options = options.get(usize::from(len)..)?,
                _ => return None,
            }
        }
    }

    /// Sequence number after it.
    pub(crate) fn end(&self) -> u32 {
        let flags = u32::from(self.flags.has(Flags::SYN)) + u32::from(self.flags.has(Flags::FIN));
        self.seq.wrapping_add(u32::try_from(self.payload.len()).unwrap_or(u32::MAX)).wrapping_add(flags)
    }
}

/// Addresses and IP payload. Extension headers do not occur in the lab.
fn split_ip(packet: &[u8]) -> Option<(IpAddr, IpAddr, &[u8])> {
    match packet.first()? >> 4 {
        4 if *packet.get(9)? == TCP => {
            let header_len = usize::from(packet[0] & 0x0f) * 4;
            let total = usize::from(u16_at(packet, 2)?);
            let addr = |at| packet.get(at..at + 4).and_then(|b| <[u8; 4]>::try_from(b).ok()).map(IpAddr::from);
            Some((addr(12)?, addr(16)?, packet.get(header_len..total)?))
        }
        6 if *packet.get(6)? == TCP => {
            let len = usize::from(u16_at(packet, 4)?);
            let addr = |at| packet.get(at..at + 16).and_then(|b| <[u8; 16]>::try_from(b).ok()).map(IpAddr::from);
            Some((addr(8)?, addr(24)?, packet.get(40..40 + len)?))
        }
        _ => None,
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2).and_then(|b| b.try_into().ok()).map(u16::from_be_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4).and_then(|b| b.try_into().ok()).map(u32::from_be_bytes)
}

/// A TCP header, to be sent by a raw socket or wrapped in IP.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bare {
    pub(crate) src: Endpoint,
    pub(crate) dst: Endpoint,
    pub(crate) seq: u32,
    pub(crate) ack: u32,
    pub(crate) flags: Flags,
    pub(crate) window: u16,
}

impl Bare {
    /// The segment with options (whole words) and payload, and its checksum.
    pub(crate) fn segment_with(&self, options: &[u8], payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; 20];
        bytes.extend(options);
        let words = u8::try_from(bytes.len() / 4).expect("invariant: options of at most forty octets");
        bytes[0..2].copy_from_slice(&self.src.port.to_be_bytes());
        bytes[2..4].copy_from_slice(&self.dst.port.to_be_bytes());
        bytes[4..8].copy_from_slice(&self.seq.to_be_bytes());
        bytes[8..12].copy_from_slice(&self.ack.to_be_bytes());
        bytes[12] = words << 4;
        bytes[13] = self.flags.bits();
        bytes[14..16].copy_from_slice(&self.window.to_be_bytes());
        bytes.extend(payload);
        let checksum = !fold(self.pseudo_header_sum(bytes.len()) + sum(&bytes));
        bytes[16..18].copy_from_slice(&checksum.to_be_bytes());
        bytes
    }

    /// The whole packet, with an IP header that betrays its maker by TTL and IP ID.
    pub(crate) fn packet(&self, ttl: u8, ip_id: u16) -> Vec<u8> {
        self.packet_with(ttl, ip_id, &[], &[])
    }

    /// The same with options (whole words) and payload.
    pub(crate) fn packet_with(&self, ttl: u8, ip_id: u16, options: &[u8], payload: &[u8]) -> Vec<u8> {
        let segment = self.segment_with(options, payload);
        let len = u16::try_from(segment.len()).expect("invariant: a hand-made segment fits into a packet");
        let mut packet = match (self.src.ip, self.dst.ip) {
            (IpAddr::V4(src), IpAddr::V4(dst)) => ipv4_header(src, dst, ttl, ip_id, len),
            _ => ipv6_header(&octets(self.src.ip), &octets(self.dst.ip), ttl, len),
        };
        packet.extend(segment);
        packet
    }

    /// RFC 9293 section 3.1: addresses, protocol and length are part of the checksum.
    fn pseudo_header_sum(&self, len: usize) -> u32 {
        let len = u32::try_from(len).expect("invariant: a hand-made segment fits into a packet");
        sum(&octets(self.src.ip)) + sum(&octets(self.dst.ip)) + u32::from(TCP) + len
    }
}

/// The packet with its options of Multipath TCP overwritten by NOPs, as some middleboxes do;
/// `None` when it has none.
pub(crate) fn without_mptcp(packet: &[u8]) -> Option<Vec<u8>> {
    const MPTCP: u8 = 30;
    const CHECKSUM: std::ops::Range<usize> = 16..18;
    let tcp = Tcp::parse(packet)?;
    let (_, _, segment) = split_ip(packet)?;
    let start = packet.len() - segment.len();
    let mut changed = packet.to_vec();
    let (mut at, mut found) = (0, false);
    while let [kind, rest @ ..] = &tcp.options[at..] {
        let len = if *kind <= 1 { 1 } else { usize::from(*rest.first()?).max(2) };
        if *kind == MPTCP {
            changed.get_mut(start + 20 + at..start + 20 + at + len)?.fill(1);
            found = true;
        }
        at = (at + len).min(tcp.options.len());
    }
    changed.get_mut(start..)?.get_mut(CHECKSUM)?.fill(0);
    let mut summed = changed.get(start..)?.to_vec();
    summed.resize(summed.len().next_multiple_of(2), 0);
    let len = u32::try_from(segment.len()).ok()?;
    let pseudo = sum(&octets(tcp.src.ip)) + sum(&octets(tcp.dst.ip)) + u32::from(TCP) + len;
    let checksum = !fold(pseudo + sum(&summed));
    changed.get_mut(start..)?.get_mut(CHECKSUM)?.copy_from_slice(&checksum.to_be_bytes());
    found.then_some(changed)
}

/// Of a packet with a segment of `len` octets.
fn ipv4_header(src: Ipv4Addr, dst: Ipv4Addr, ttl: u8, id: u16, len: u16) -> Vec<u8> {
    let mut header = vec![0x45, 0, 0, 0, 0, 0, 0, 0, ttl, TCP, 0, 0];
    header[2..4].copy_from_slice(&(20 + len).to_be_bytes());
    header[4..6].copy_from_slice(&id.to_be_bytes());
    header.extend(src.octets());
    header.extend(dst.octets());
    let checksum = !fold(sum(&header));
    header[10..12].copy_from_slice(&checksum.to_be_bytes());
    header
}

/// Of a packet with a segment of `len` octets.
fn ipv6_header(src: &[u8], dst: &[u8], hop_limit: u8, len: u16) -> Vec<u8> {
    let [high, low] = len.to_be_bytes();
    let start = [0x60, 0, 0, 0, high, low, TCP, hop_limit];
    [&start, src, dst].concat()
}

fn octets(ip: IpAddr) -> Vec<u8> {
    match ip {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    }
}

/// Sum of 16-bit words; an odd octet at the end is padded with zero.
fn sum(bytes: &[u8]) -> u32 {
    let word = |pair: &[u8]| u32::from(u16::from_be_bytes([pair[0], pair.get(1).copied().unwrap_or(0)]));
    bytes.chunks(2).map(word).sum()
}

fn fold(sum: u32) -> u16 {
    let once = (sum & 0xffff) + (sum >> 16);
    u16::try_from((once & 0xffff) + (once >> 16)).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bare() -> Bare {
        Bare {
            src: Endpoint::new([10, 77, 0, 1].into(), 40_000),
            dst: Endpoint::new([10, 77, 0, 2].into(), 8888),
            seq: 0xfedc_ba98,
            ack: 7,
            flags: Flags::RST.with(Flags::ACK),
            window: 99,
        }
    }

    #[test]
    fn what_is_forged_reads_back_the_same_in_both_ip_versions() {
        let v6 = |host| Endpoint::new("fd77::1".parse().expect("an address"), host);
        for bare in [bare(), Bare { src: v6(1), dst: v6(2), ..bare() }] {
            let packet = bare.packet(33, 4711);
            let tcp = Tcp::parse(&packet).expect("a TCP segment");
            assert_eq!((tcp.src, tcp.dst, tcp.seq, tcp.ack), (bare.src, bare.dst, bare.seq, bare.ack));
            assert_eq!((tcp.flags, tcp.window, tcp.kind()), (bare.flags, 99, PacketKind::Rst));
            assert!(tcp.options.is_empty() && tcp.payload.is_empty());
        }
    }

    #[test]
    fn both_checksums_come_out_as_zero_when_verified() {
        let packet = bare().packet(64, 1);
        assert_eq!(fold(sum(&packet[..20])), 0xffff);
        assert_eq!(fold(sum(&packet[20..]) + bare().pseudo_header_sum(20)), 0xffff);
    }

    #[test]
    fn a_packet_cut_anywhere_is_no_segment_and_no_panic() {
        let packet = bare().packet(64, 1);
        for len in 0..packet.len() {
            assert_eq!(Tcp::parse(&packet[..len]), None, "{len} bytes");
        }
    }
}
