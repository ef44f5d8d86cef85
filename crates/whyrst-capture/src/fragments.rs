//! IP packets put together from fragments (RFC 791 section 3.2, RFC 8200 section 4.5), where one
//! fragment alone does not show the TCP header: it is split, or it is behind the header of a tunnel.
//! A first fragment that shows it is read by itself, and nothing is kept of the others.
//!
//! Whoever sends fragments decides what is kept here, so it is bounded: in bytes, packets,
//! fragments of a packet, and seconds of the capture's time. Fragments that overlap are dropped with
//! their packet (RFC 5722).

use std::collections::{HashMap, VecDeque};

use whyrst_core::time::{Span, Timestamp};

use crate::counts::{Counts, Reason};
use crate::dissect;
use crate::ip::Packet;
use crate::ip::fragment::{Keep, Key, Last, Piece, piece};
use crate::protocol;

const MAX_OCTETS: usize = 4 * 1024 * 1024;
const MAX_PACKETS: usize = 1_024;
const MAX_PIECES: usize = 128;
/// As long as Linux waits for the rest.
const MAX_AGE: Span = Span::from_secs(30);
const LONGEST_PACKET: usize = 65_535;

/// The packets that are not whole.
#[derive(Debug, Default)]
pub(crate) struct Fragments {
    partial: HashMap<Key, Partial>,
    /// Keys in the order in which they came; some may be whole by now.
    order: VecDeque<(Key, Timestamp)>,
    octets: usize,
    /// The last packet that was put together.
    whole: Vec<u8>,
    /// Packets given up: too old, too many, or overlapping.
    pub(crate) given_up: u64,
}

#[derive(Debug)]
struct Partial {
    since: Timestamp,
    header: Vec<u8>,
    /// By offset.
    pieces: Vec<(usize, Vec<u8>)>,
    /// Bytes of the payload, when the last fragment has come.
    total: Option<usize>,
}

impl Fragments {
    /// The packet to be read in place of the fragment `packet`, seen at `time`: itself when it shows
    /// enough, the whole one when it was the last that was missing.
    #[cold]
    pub(crate) fn put_together<'a>(
        &'a mut self,
        packet: Packet<'a>,
        time: Timestamp,
        counts: &mut Counts,
    ) -> Result<Packet<'a>, Reason> {
        let Err(reason) = dissect::packet(packet.bytes, packet.wire, &mut Counts::default()) else { return Ok(packet) };
        let Some(piece) = piece(packet) else { return Ok(packet) };
        let tcp = piece.key.protocol == protocol::TCP;
        let whole = self.add(&piece, time);
        counts.unassembled += std::mem::take(&mut self.given_up);
        if !whole {
            counts.fragments += u64::from(tcp);
            return Err(if reason == Reason::NotTcp { reason } else { Reason::IpFragment });
        }
        counts.reassembled += 1;
        Ok(Packet { bytes: &self.whole, wire: self.whole.len() })
    }

    /// Keeps `piece`, seen at `time`; true when its packet is whole now, in `whole`.
    fn add(&mut self, piece: &Piece<'_>, time: Timestamp) -> bool {
        self.forget_old(time);
        if !self.partial.contains_key(&piece.key) {
            if piece.keep == Keep::WithOthers {
                return false;
            }
            self.make_room();
            self.order.push_back((piece.key, time));
        }
        let partial = self.partial.entry(piece.key).or_insert_with(|| Partial::new(time));
        match partial.add(piece) {
            Added::Piece => self.octets += piece.payload.len(),
            Added::Nothing => return false,
            Added::Contradiction => {
                self.give_up(piece.key);
                return false;
            }
        }
        partial.is_whole() && self.make_whole(piece.key)
    }

    fn make_whole(&mut self, key: Key) -> bool {
        let Some(partial) = self.partial.remove(&key) else { return false };
        self.octets -= partial.octets();
        self.whole.clear();
        self.whole.extend(&partial.header);
        partial.pieces.iter().for_each(|(_, octets)| self.whole.extend(octets));
        unfragment(&mut self.whole, key.protocol)
    }

    fn forget_old(&mut self, now: Timestamp) {
        while let Some(&(key, since)) = self.order.front() {
            if now.since(since).abs() <= MAX_AGE {
                return;
            }
            self.order.pop_front();
            self.give_up_since(key, since);
        }
    }

    fn make_room(&mut self) {
        while self.order.len() >= MAX_PACKETS || self.octets + LONGEST_PACKET > MAX_OCTETS {
            let Some((key, since)) = self.order.pop_front() else { return };
            self.give_up_since(key, since);
        }
    }

    /// Unless the key has been used again meanwhile.
    fn give_up_since(&mut self, key: Key, since: Timestamp) {
        if self.partial.get(&key).is_some_and(|partial| partial.since == since) {
            self.give_up(key);
        }
    }

    fn give_up(&mut self, key: Key) {
        if let Some(partial) = self.partial.remove(&key) {
            self.octets -= partial.octets();
            // Without a first fragment there is nothing that is not counted already.
            self.given_up += u64::from(!partial.header.is_empty());
        }
    }

    /// At the end of the capture nothing becomes whole any more; says how many packets that leaves.
    pub(crate) fn finish(&mut self) -> u64 {
        while let Some((key, since)) = self.order.pop_front() {
            self.give_up_since(key, since);
        }
        std::mem::take(&mut self.given_up)
    }
}

/// What became of a fragment.
enum Added {
    Piece,
    /// It was there already.
    Nothing,
    /// It does not fit the others.
    Contradiction,
}

impl Partial {
    const fn new(since: Timestamp) -> Self {
        Self { since, header: Vec::new(), pieces: Vec::new(), total: None }
    }

    fn add(&mut self, piece: &Piece<'_>) -> Added {
        let end = piece.offset + piece.payload.len();
        let at = self.pieces.partition_point(|(offset, _)| *offset < piece.offset);
        if self.pieces.get(at).is_some_and(|(offset, octets)| *offset == piece.offset && octets == piece.payload) {
            return Added::Nothing;
        }
        let overlaps = at.checked_sub(1).is_some_and(|before| self.end_of(before) > piece.offset)
            || self.pieces.get(at).is_some_and(|(offset, _)| *offset < end);
        let beyond = self.total.is_some_and(|total| end > total) || end > LONGEST_PACKET;
        let two_ends = piece.last == Last::Yes && self.total.is_some();
        if overlaps || beyond || two_ends || self.pieces.len() == MAX_PIECES || piece.payload.is_empty() {
            return Added::Contradiction;
        }
        if piece.last == Last::Yes {
            self.total = Some(end);
        }
        if piece.offset == 0 {
            self.header = piece.header.to_vec();
        }
        self.pieces.insert(at, (piece.offset, piece.payload.to_vec()));
        Added::Piece
    }

    fn end_of(&self, at: usize) -> usize {
        self.pieces.get(at).map_or(0, |(offset, octets)| offset + octets.len())
    }

    /// Pieces do not overlap, so as many bytes as the packet has are the packet.
    fn is_whole(&self) -> bool {
        self.total == Some(self.octets())
    }

    fn octets(&self) -> usize {
        self.pieces.iter().map(|(_, octets)| octets.len()).sum()
    }
}

/// Makes the header at the front of `packet` that of the whole packet; false when it cannot be one.
fn unfragment(packet: &mut [u8], protocol: u8) -> bool {
    const IPV6_HEADER: usize = 40;
    let length = packet.len();
    let (Ok(total), Ok(payload)) = (u16::try_from(length), u16::try_from(length.saturating_sub(IPV6_HEADER))) else {
        return false;
    };
    match packet.first().map(|first| first >> 4) {
        Some(4) => {
            packet[2..4].copy_from_slice(&total.to_be_bytes());
            packet[6] &= 0x40;
            packet[7] = 0;
            true
        }
        Some(6) => {
            packet[4..6].copy_from_slice(&payload.to_be_bytes());
            packet[6] = protocol;
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    const HEADER: [u8; 20] = [0x45, 0, 0, 28, 0, 7, 0x20, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];

    fn piece(id: u32, offset: usize, last: Last, payload: &[u8]) -> Piece<'_> {
        let ip = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let key = Key { src: ip, dst: ip, id, protocol: 6 };
        Piece { key, offset, last, header: &HEADER, payload, keep: Keep::Always }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_nanos(seconds * 1_000_000_000)
    }

    #[test]
    fn in_any_order_the_last_piece_makes_it_whole() {
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [0, 2, 1]] {
            let mut fragments = Fragments::default();
            let pieces =
                [piece(1, 0, Last::No, &[1; 8]), piece(1, 8, Last::No, &[2; 8]), piece(1, 16, Last::Yes, &[3; 4])];
            let whole = order.map(|n: usize| fragments.add(&pieces[n], at(0)));
            assert_eq!(whole, [false, false, true], "{order:?}");
            assert_eq!(fragments.whole[20..], [&[1; 8][..], &[2; 8], &[3; 4]].concat());
            assert_eq!(fragments.whole[2..8], [0, 40, 0, 7, 0, 0]);
            assert_eq!((fragments.octets, fragments.partial.len()), (0, 0));
        }
    }

    #[test]
    fn a_copy_changes_nothing_and_an_overlap_ends_it() {
        let mut fragments = Fragments::default();
        assert!(!fragments.add(&piece(1, 0, Last::No, &[1; 16]), at(0)));
        assert!(!fragments.add(&piece(1, 0, Last::No, &[1; 16]), at(0)));
        assert_eq!(fragments.octets, 16);
        assert!(!fragments.add(&piece(1, 8, Last::Yes, &[9; 16]), at(0)));
        assert_eq!((fragments.octets, fragments.given_up), (0, 1));
    }

    #[test]
    fn what_is_too_old_is_given_up() {
        let mut fragments = Fragments::default();
        fragments.add(&piece(1, 0, Last::No, &[1; 8]), at(0));
        assert!(!fragments.add(&piece(1, 8, Last::Yes, &[1; 8]), at(31)));
        assert_eq!(fragments.given_up, 1);
    }

    #[test]
    fn a_flood_of_fragments_stays_within_the_bounds() {
        let mut fragments = Fragments::default();
        let payload = vec![0; 65_000];
        for id in 0..20_000 {
            let payload = if id % 2 == 0 { &payload[..] } else { &payload[..8] };
            fragments.add(&piece(id, 0, Last::No, payload), at(0));
            assert!(fragments.octets <= MAX_OCTETS && fragments.order.len() <= MAX_PACKETS);
            assert!(fragments.partial.len() <= fragments.order.len());
        }
        for offset in 0..10_000 {
            fragments.add(&piece(99_999, offset * 16, Last::No, &[0; 8]), at(0));
            assert!(fragments.partial.values().all(|partial| partial.pieces.len() <= MAX_PIECES));
        }
    }
}
