//! The same frames in every container there is. Written here by hand, not with the crate's own
//! writer, so that one does not excuse the other.

/// A frame to be wrapped: its time since 1970 in microseconds, and its octets.
#[derive(Clone)]
pub(crate) struct Timed {
    pub(crate) micros: u64,
    pub(crate) octets: Vec<u8>,
}

pub(crate) fn timed(frames: Vec<Vec<u8>>) -> Vec<Timed> {
    let times = (0..).map(|n| 1_700_000_000_123_456 + n * 1_000_001);
    frames.into_iter().zip(times).map(|(octets, micros)| Timed { micros, octets }).collect()
}

/// Octet order of the file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Order {
    Little,
    Big,
}

impl Order {
    pub(crate) fn u16(self, n: u16) -> [u8; 2] {
        if self == Self::Little { n.to_le_bytes() } else { n.to_be_bytes() }
    }

    pub(crate) fn u32(self, n: u32) -> [u8; 4] {
        if self == Self::Little { n.to_le_bytes() } else { n.to_be_bytes() }
    }

    pub(crate) fn u64(self, n: u64) -> [u8; 8] {
        if self == Self::Little { n.to_le_bytes() } else { n.to_be_bytes() }
    }
}

/// Kinds of classic pcap by magic number.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pcap {
    Micro,
    Nano,
    Modified,
}

pub(crate) fn pcap_header(order: Order, kind: Pcap, link: u16) -> Vec<u8> {
    let magic = match kind {
        Pcap::Micro => 0xa1b2_c3d4,
        Pcap::Nano => 0xa1b2_3c4d,
        Pcap::Modified => 0xa1b2_cd34,
    };
    [&order.u32(magic)[..], &order.u16(2), &order.u16(4), &[0; 8], &order.u32(262_144), &order.u32(link.into())]
        .concat()
}

pub(crate) fn pcap_record(order: Order, kind: Pcap, frame: &Timed) -> Vec<u8> {
    let fraction = (frame.micros % 1_000_000) as u32;
    let fraction = if matches!(kind, Pcap::Nano) { fraction * 1_000 } else { fraction };
    let length = order.u32(frame.octets.len() as u32);
    let more: &[u8] = if matches!(kind, Pcap::Modified) { &[1, 0, 0, 0, 8, 0, 4, 0] } else { &[] };
    let second = order.u32((frame.micros / 1_000_000) as u32);
    [&second[..], &order.u32(fraction), &length, &length, more, &frame.octets].concat()
}

pub(crate) fn pcap(order: Order, kind: Pcap, link: u16, frames: &[Timed]) -> Vec<u8> {
    let records = frames.iter().flat_map(|frame| pcap_record(order, kind, frame));
    pcap_header(order, kind, link).into_iter().chain(records).collect()
}

pub(crate) fn block(order: Order, kind: u32, body: &[u8]) -> Vec<u8> {
    let padded = body.len().next_multiple_of(4);
    let total = order.u32(padded as u32 + 12);
    [&order.u32(kind)[..], &total, body, &vec![0; padded - body.len()], &total].concat()
}

pub(crate) fn section(order: Order) -> Vec<u8> {
    block(order, 0x0a0d_0d0a, &[&order.u32(0x1a2b_3c4d)[..], &order.u16(1), &order.u16(0), &[0xff; 8]].concat())
}

pub(crate) fn option(order: Order, code: u16, value: &[u8]) -> Vec<u8> {
    let padding = value.len().next_multiple_of(4) - value.len();
    [&order.u16(code)[..], &order.u16(value.len() as u16), value, &[0; 3][..padding]].concat()
}

pub(crate) fn interface(order: Order, link: u16, snaplen: u32, options: &[u8]) -> Vec<u8> {
    block(order, 1, &[&order.u16(link)[..], &[0; 2], &order.u32(snaplen), options].concat())
}

/// An enhanced packet block with a comment.
pub(crate) fn enhanced(order: Order, interface: u32, ticks: u64, octets: &[u8]) -> Vec<u8> {
    let length = order.u32(octets.len() as u32);
    let padding = vec![0; octets.len().next_multiple_of(4) - octets.len()];
    let words = [order.u32(interface), order.u32((ticks >> 32) as u32), order.u32(ticks as u32), length, length];
    block(order, 6, &[&words.concat()[..], octets, &padding, &option(order, 1, b"said"), &[0; 4]].concat())
}

/// A packet block, as files of before 2006 have it.
pub(crate) fn obsolete(order: Order, interface: u16, ticks: u64, octets: &[u8]) -> Vec<u8> {
    let length = order.u32(octets.len() as u32);
    let words = [order.u32((ticks >> 32) as u32), order.u32(ticks as u32), length, length];
    block(order, 2, &[&order.u16(interface)[..], &[0; 2], &words.concat(), octets].concat())
}

pub(crate) fn pcapng(order: Order, link: u16, frames: &[Timed]) -> Vec<u8> {
    let packets = frames.iter().flat_map(|frame| enhanced(order, 0, frame.micros, &frame.octets));
    [section(order), interface(order, link, 0, &[])].concat().into_iter().chain(packets).collect()
}

/// A snoop file (RFC 1761) of Ethernet.
pub(crate) fn snoop(frames: &[Timed]) -> Vec<u8> {
    let records = frames.iter().flat_map(snoop_record);
    b"snoop\0\0\0\0\0\0\x02\0\0\0\x04".iter().copied().chain(records).collect()
}

fn snoop_record(frame: &Timed) -> Vec<u8> {
    let padded = frame.octets.len().next_multiple_of(4);
    let seconds = (frame.micros / 1_000_000) as u32;
    let length = frame.octets.len() as u32;
    let words = [length, length, padded as u32 + 24, 3, seconds, (frame.micros % 1_000_000) as u32];
    let padding = vec![0; padded - frame.octets.len()];
    [&words.map(u32::to_be_bytes).concat()[..], &frame.octets, &padding].concat()
}
