//! Frames, built by another implementation.

use etherparse::{EtherType, PacketBuilder, TcpOptionElement};

pub(crate) const CLIENT: [u8; 4] = [10, 0, 0, 1];
pub(crate) const SERVER: [u8; 4] = [10, 0, 0, 2];

/// A SYN with options, in Ethernet.
pub(crate) fn syn() -> Vec<u8> {
    let options = [
        TcpOptionElement::MaximumSegmentSize(1460),
        TcpOptionElement::SelectiveAcknowledgementPermitted,
        TcpOptionElement::Timestamp(1000, 0),
        TcpOptionElement::Noop,
        TcpOptionElement::WindowScale(7),
    ];
    let builder = PacketBuilder::ethernet2([2; 6], [4; 6]).ipv4(CLIENT, SERVER, 64);
    let builder = builder.tcp(40_000, 80, 1_000, 64_240).syn().options(&options).expect("they fit");
    let mut frame = Vec::new();
    builder.write(&mut frame, &[]).expect("a vector takes it");
    frame
}

/// Data in IPv6, with a VLAN tag.
pub(crate) fn data_v6() -> Vec<u8> {
    let vlan = 5u16.try_into().expect("a VLAN");
    let builder = PacketBuilder::ethernet2([2; 6], [4; 6]).single_vlan(vlan).ipv6([1; 16], [2; 16], 57);
    let options = [TcpOptionElement::Noop, TcpOptionElement::Noop, TcpOptionElement::Timestamp(7, 9)];
    let builder = builder.tcp(40_001, 443, 5_000, 501).psh().ack(77).options(&options).expect("they fit");
    let mut frame = Vec::new();
    builder.write(&mut frame, b"GET / HTTP/1.1\r\n\r\n").expect("a vector takes it");
    frame
}

/// A bare RST, padded as Ethernet pads it.
pub(crate) fn rst() -> Vec<u8> {
    let builder = PacketBuilder::ethernet2([4; 6], [2; 6]).ipv4(SERVER, CLIENT, 64);
    let mut frame = Vec::new();
    builder.tcp(80, 40_000, 0, 0).rst().ack(1_001).write(&mut frame, &[]).expect("a vector takes it");
    frame.resize(60, 0xee);
    frame
}

pub(crate) fn udp() -> Vec<u8> {
    let builder = PacketBuilder::ethernet2([4; 6], [2; 6]).ipv4(SERVER, CLIENT, 64).udp(53, 4_000);
    let mut frame = Vec::new();
    builder.write(&mut frame, b"answer").expect("a vector takes it");
    frame
}

pub(crate) fn arp() -> Vec<u8> {
    let mut frame = vec![0xff; 60];
    frame[12..14].copy_from_slice(&EtherType::ARP.0.to_be_bytes());
    frame
}

/// An ICMP error of SERVER that quotes the first `quoted` octets of the IP packet of [`syn`].
pub(crate) fn icmp_error(kind: u8, code: u8, quoted: usize) -> Vec<u8> {
    let builder = PacketBuilder::ethernet2([4; 6], [2; 6]).ipv4(SERVER, CLIENT, 64);
    let mut frame = Vec::new();
    builder.icmpv4_raw(kind, code, [0; 4]).write(&mut frame, &syn()[14..14 + quoted]).expect("a vector takes it");
    frame
}

/// A little of everything.
pub(crate) fn all() -> Vec<Vec<u8>> {
    vec![syn(), data_v6(), udp(), arp(), icmp_error(3, 1, 28), rst()]
}
