//! The same packets, captured in another way.

#![expect(clippy::cast_sign_loss, clippy::cast_possible_wrap, reason = "times and lengths of fixtures are small")]

use super::fixture::Packet;
use crate::support::containers::{self, Order, Timed};

/// What stands around an IP packet.
pub(super) struct Wrapping {
    pub(super) name: &'static str,
    /// LINKTYPE_ number.
    pub(super) link: u16,
    around: fn(&Packet) -> Vec<u8>,
}

const fn wrapping(name: &'static str, link: u16, around: fn(&Packet) -> Vec<u8>) -> Wrapping {
    Wrapping { name, link, around }
}

pub(super) const RAW: Wrapping = wrapping("raw IP", 101, |packet| packet.octets.clone());
pub(super) const ETHERNET: Wrapping = wrapping("Ethernet", 1, |packet| ethernet(&[], packet));

pub(super) const ALL: &[Wrapping] = &[
    ETHERNET,
    wrapping("Ethernet, padded", 1, |packet| padded(ethernet(&[], packet))),
    wrapping("BSD loopback", 0, |packet| [&family(packet).to_le_bytes()[..], &packet.octets].concat()),
    wrapping("OpenBSD loopback", 108, |packet| [&family(packet).to_be_bytes()[..], &packet.octets].concat()),
    wrapping("cooked", 113, |packet| [&[0; 14][..], &ether_type(packet), &packet.octets].concat()),
    wrapping("cooked 2", 276, |packet| {
        [&ether_type(packet)[..], &[0, 0, 0, 0, 0, 2], &[0; 12], &packet.octets].concat()
    }),
    wrapping("PPP", 9, |packet| [&ppp_type(packet)[..], &packet.octets].concat()),
    wrapping("PPP in HDLC", 50, |packet| [&[0xff, 3][..], &ppp_type(packet), &packet.octets].concat()),
    wrapping("Cisco HDLC", 104, |packet| [&[0x0f, 0][..], &ether_type(packet), &packet.octets].concat()),
    wrapping("802.11", 105, wireless),
    wrapping("802.11 behind radiotap", 127, |packet| [&[0, 0, 8, 0, 0, 0, 0, 0][..], &wireless(packet)].concat()),
    wrapping("a VLAN", 1, |packet| ethernet(&[0x81, 0, 0, 7], packet)),
    wrapping("a VLAN in a VLAN", 1, |packet| ethernet(&[0x88, 0xa8, 0, 7, 0x81, 0, 0, 9], packet)),
    wrapping("PPPoE", 1, |packet| {
        let length = (packet.octets.len() as u16 + 2).to_be_bytes();
        [&MACS[..], &[0x88, 0x64, 0x11, 0, 0, 5], &length, &ppp_type(packet), &packet.octets].concat()
    }),
    wrapping("MPLS", 1, |packet| [&MACS[..], &[0x88, 0x47, 0, 1, 1, 64], &packet.octets].concat()),
    wrapping("IP in IP", 101, |packet| outer(if packet.is_v6() { 41 } else { 4 }, &packet.octets)),
    wrapping("GRE", 101, |packet| outer(47, &[&[0, 0][..], &ether_type(packet), &packet.octets].concat())),
    wrapping("VXLAN", 101, |packet| udp(4_789, &[&[8, 0, 0, 0, 0, 0, 9, 0][..], &ethernet(&[], packet)].concat())),
    wrapping("Geneve", 101, |packet| {
        udp(6_081, &[&[0, 0, 0x65, 0x58, 0, 0, 9, 0][..], &ethernet(&[], packet)].concat())
    }),
    wrapping("GTP-U", 101, |packet| {
        let length = (packet.octets.len() as u16).to_be_bytes();
        udp(2_152, &[&[0x30, 0xff][..], &length, &[0, 0, 0, 9], &packet.octets].concat())
    }),
];

const MACS: [u8; 12] = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];

fn ether_type(packet: &Packet) -> [u8; 2] {
    if packet.is_v6() { [0x86, 0xdd] } else { [8, 0] }
}

fn ppp_type(packet: &Packet) -> [u8; 2] {
    if packet.is_v6() { [0, 0x57] } else { [0, 0x21] }
}

/// `AF_INET` and `AF_INET6` of FreeBSD.
fn family(packet: &Packet) -> u32 {
    if packet.is_v6() { 28 } else { 2 }
}

fn ethernet(tags: &[u8], packet: &Packet) -> Vec<u8> {
    [&MACS[..], tags, &ether_type(packet), &packet.octets].concat()
}

/// To the 60 octets that a frame must have, and a trailer.
fn padded(mut frame: Vec<u8>) -> Vec<u8> {
    frame.resize(frame.len().max(60) + 4, 0xa5);
    frame
}

/// A data frame from an access point, with LLC and SNAP.
fn wireless(packet: &Packet) -> Vec<u8> {
    let header = [&[8, 2, 0, 0][..], &MACS, &MACS[..6], &[0, 0]].concat();
    [&header[..], &[0xaa, 0xaa, 3, 0, 0, 0], &ether_type(packet), &packet.octets].concat()
}

/// IPv4 between two routers.
fn outer(protocol: u8, inner: &[u8]) -> Vec<u8> {
    let total = (inner.len() as u16 + 20).to_be_bytes();
    let header = [&[0x45, 0][..], &total, &[0, 9, 0, 0, 250, protocol, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2]].concat();
    [&header[..], inner].concat()
}

fn udp(port: u16, inner: &[u8]) -> Vec<u8> {
    let length = (inner.len() as u16 + 8).to_be_bytes();
    outer(17, &[&50_000u16.to_be_bytes()[..], &port.to_be_bytes(), &length, &[0, 0], inner].concat())
}

pub(super) fn framed(packets: &[Packet], wrapping: &Wrapping) -> Vec<Timed> {
    let frame = |packet: &Packet| Timed { micros: packet.micros as u64, octets: (wrapping.around)(packet) };
    packets.iter().map(frame).collect()
}

/// A pcapng file of the packets.
pub(super) fn file(packets: &[Packet], wrapping: &Wrapping) -> Vec<u8> {
    containers::pcapng(Order::Little, wrapping.link, &framed(packets, wrapping))
}

/// A pcap file that has no payload of TCP segments. What else there is stays whole.
pub(super) fn headers_only(packets: &[Packet]) -> Vec<u8> {
    let mut file = containers::pcap_header(Order::Little, containers::Pcap::Micro, RAW.link);
    for packet in packets {
        let kept = &packet.octets[..headers(packet).min(packet.octets.len())];
        let words =
            [packet.micros / 1_000_000, packet.micros % 1_000_000, kept.len() as i64, packet.octets.len() as i64];
        file.extend(words.map(|word| (word as u32).to_le_bytes()).concat());
        file.extend(kept);
    }
    file
}

fn headers(packet: &Packet) -> usize {
    let octets = &packet.octets;
    let (ip, protocol) = if packet.is_v6() { (40, octets[6]) } else { (usize::from(octets[0] & 15) * 4, octets[9]) };
    if protocol == 6 { ip + usize::from(octets[ip + 12] >> 4) * 4 } else { octets.len() }
}

/// The packets with those of other hosts between them, none before the first and after the last.
pub(super) fn interleaved(packets: &[Packet], others: &[Packet]) -> Vec<Packet> {
    let (Some(first), Some(last)) = (packets.first(), packets.last()) else { return Vec::new() };
    let step = (last.micros - first.micros) / (others.len() as i64 + 1);
    let strangers = others.iter().filter(|packet| !packet.is_v6() && packet.octets[9] == 6).zip(1..);
    let mixed = strangers.map(|(packet, n)| Packet { micros: first.micros + n * step, octets: renumbered(packet) });
    in_order(packets.iter().cloned().chain(mixed))
}

/// In another network.
fn renumbered(packet: &Packet) -> Vec<u8> {
    let mut octets = packet.octets.clone();
    octets[13] = 78;
    octets[17] = 78;
    octets
}

/// The packets in a flood of `count` SYNs of other hosts.
pub(super) fn flooded(packets: &[Packet], count: i64) -> Vec<Packet> {
    let (Some(first), Some(last)) = (packets.first(), packets.last()) else { return Vec::new() };
    let syn = |n: i64| {
        let ports = [&(n as u16).to_be_bytes()[..], &443u16.to_be_bytes()].concat();
        let tail = [&(n as u32).to_be_bytes()[..], &[0; 4], &[0x50, 2, 4, 0, 0, 0, 0, 0]].concat();
        let header = [0x45, 0, 0, 40, 0, n as u8, 0, 0, 60, 6, 0, 0, 198, 18, (n >> 8) as u8, n as u8, 198, 19, 0, 1];
        let micros = first.micros + n * (last.micros - first.micros) / count;
        Packet { micros, octets: [&header[..], &ports, &tail].concat() }
    };
    in_order(packets.iter().cloned().chain((0..count).map(syn)))
}

fn in_order(packets: impl Iterator<Item = Packet>) -> Vec<Packet> {
    let mut packets: Vec<Packet> = packets.collect();
    packets.sort_by_key(|packet| packet.micros);
    packets
}

/// Each packet twice, in the ways in which that happens.
pub(super) fn doubled(packets: &[Packet]) -> [(&'static str, Vec<u8>); 3] {
    let twice: Vec<Packet> = packets.iter().flat_map(|packet| [packet.clone(), packet.later(2)]).collect();
    [
        ("twice by a mirror port", file(&twice, &RAW)),
        ("on two interfaces", on_two_interfaces(packets, |packet| packet.later(15))),
        ("on both sides of a router", on_two_interfaces(packets, |packet| hop(&packet.later(15)))),
    ]
}

/// Behind a router: one hop less, and another checksum of the header.
fn hop(packet: &Packet) -> Packet {
    let mut octets = packet.octets.clone();
    if packet.is_v6() {
        octets[7] -= 1;
    } else {
        octets[8] -= 1;
        octets[10] = octets[10].wrapping_add(1);
    }
    Packet { octets, ..*packet }
}

fn on_two_interfaces(packets: &[Packet], second: fn(&Packet) -> Packet) -> Vec<u8> {
    let seconds = packets.iter().map(|packet| (1, second(packet)));
    let mut all: Vec<(u32, Packet)> = packets.iter().map(|packet| (0, packet.clone())).chain(seconds).collect();
    all.sort_by_key(|(_, packet)| packet.micros);
    let interface = containers::interface(Order::Little, RAW.link, 0, &[]);
    let begun = [containers::section(Order::Little), interface.clone(), interface].concat();
    let packets = all.into_iter().flat_map(|(interface, packet)| {
        containers::enhanced(Order::Little, interface, packet.micros as u64, &packet.octets)
    });
    begun.into_iter().chain(packets).collect()
}
