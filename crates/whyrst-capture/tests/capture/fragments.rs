//! IP fragments: put together where one of them alone does not show the TCP header.

use whyrst_capture::Reason;

use crate::support::containers::{self as wrap, Order, Pcap, Timed, timed};
use crate::support::{Kept, frames, read};

const RAW: u16 = 101;

/// The IP packet of a RST, without the padding of Ethernet.
fn rst() -> Vec<u8> {
    frames::rst()[14..54].to_vec()
}

/// The IPv4 packet in fragments of at most `size` octets of payload.
fn split(packet: &[u8], size: usize) -> Vec<Vec<u8>> {
    let (header, payload) = packet.split_at(20);
    let count = payload.chunks(size).count();
    let fragment = |(n, piece): (usize, &[u8])| {
        let more = if n + 1 < count { 0x2000 } else { 0 };
        let mut header = header.to_vec();
        header[2..4].copy_from_slice(&((20 + piece.len()) as u16).to_be_bytes());
        header[4..6].copy_from_slice(&[7, 7]);
        header[6..8].copy_from_slice(&((n * size / 8) as u16 | more).to_be_bytes());
        [&header, piece].concat()
    };
    payload.chunks(size).enumerate().map(fragment).collect()
}

fn capture(packets: Vec<Vec<u8>>) -> Vec<u8> {
    wrap::pcap(Order::Little, Pcap::Micro, RAW, &timed(packets))
}

fn is_reset(kept: &Kept, number: u64) -> bool {
    matches!(kept, Kept::Seen { frame, what, .. } if *frame == number && what.contains("40000") && what.contains("len: 0"))
}

#[test]
fn a_tcp_header_in_three_fragments_is_one_reset_in_the_last_of_them() {
    let pieces = split(&rst(), 8);
    for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2]] {
        let (steps, read) = read(&capture(order.map(|n| pieces[n].clone()).to_vec()));
        assert_eq!(steps[..2], [Kept::PassedOver(1, Reason::IpFragment), Kept::PassedOver(2, Reason::IpFragment)]);
        assert!(is_reset(&steps[2], 3), "{order:?} {steps:?}");
        assert_eq!((read.counts().reassembled, read.counts().unassembled), (1, 0));
    }
}

#[test]
fn a_reset_in_a_later_fragment_of_a_tunnel_is_found() {
    let gre = [&[0u8, 0, 8, 0][..], &rst()].concat();
    let mut outer = rst()[..20].to_vec();
    outer[9] = 47;
    let (steps, read) = read(&capture(split(&[outer, gre].concat(), 32)));
    assert!(is_reset(&steps[1], 2), "{steps:?}");
    assert_eq!(read.counts().reassembled, 1);
}

#[test]
fn in_ipv6_it_is_the_same() {
    let tcp = rst()[20..].to_vec();
    let fragment = |offset: u16, more: u16, piece: &[u8]| {
        let length = (8 + piece.len()) as u16;
        let field = (offset | more).to_be_bytes();
        let head = [&[0x60, 0, 0, 0][..], &length.to_be_bytes(), &[44, 64], &[1; 16], &[2; 16]].concat();
        [&head[..], &[6, 0], &field, &[0, 0, 0, 9], piece].concat()
    };
    let (steps, read) = read(&capture(vec![fragment(8, 0, &tcp[8..]), fragment(0, 1, &tcp[..8])]));
    assert!(is_reset(&steps[1], 2), "{steps:?}");
    assert_eq!(read.counts().reassembled, 1);
}

#[test]
fn a_first_fragment_with_the_whole_header_is_read_at_once_and_nothing_is_kept() {
    let mut packet = rst();
    packet.extend([0x61; 100]);
    let (steps, read) = read(&capture(split(&packet, 64)));
    assert!(matches!(steps[0], Kept::Seen { frame: 1, .. }), "{steps:?}");
    assert_eq!(steps[1], Kept::PassedOver(2, Reason::IpFragment));
    assert_eq!((read.counts().reassembled, read.counts().unassembled), (0, 0));
}

#[test]
fn what_never_becomes_whole_is_counted() {
    let pieces = split(&rst(), 8);
    let (steps, read) = read(&capture(pieces[..2].to_vec()));
    assert_eq!(steps, [Kept::PassedOver(1, Reason::IpFragment), Kept::PassedOver(2, Reason::IpFragment)]);
    assert_eq!(read.counts().unassembled, 1);
    assert!(read.counts().remarks().any(|(_, remark)| remark.contains("could not be put together")));
    let late = [(0, 0), (1, 0), (2, 60)]
        .map(|(n, second): (usize, u64)| Timed { micros: second * 1_000_000, octets: pieces[n].clone() });
    let (_, read) = self::read(&wrap::pcap(Order::Little, Pcap::Micro, RAW, &late));
    assert_eq!((read.counts().segments, read.counts().unassembled), (0, 1));
}
