//! Many frames at once, so that several threads can take frames apart: one finds where they lie
//! (which only works in order), whoever got the chunk reads them, and what depends on the order of
//! frames ([`Look::InOrder`]) is done in the order of chunks.
//!
//! Nothing is copied where a set has one capture open: the chunk takes the window's buffer, and the
//! window goes on with the chunk's.

use whyrst_core::flow::{FlowHasher, Side};
use whyrst_core::observation::{Frame, Interface, Observation, Seen};
use whyrst_core::segment::{Endpoint, Flags, Segment};
use whyrst_core::seq::Seq;
use whyrst_core::time::Timestamp;

pub use whyrst_core::census::Sighting;

use crate::bytes::{array_at, be16_at, be32_at};
use crate::counts::{Counts, Reason};
use crate::fragments::Fragments;
use crate::ip;
use crate::link::{LinkType, ethertype};
use crate::protocol;
use crate::record::Record;
use crate::tcp;
use crate::unsaid::Unsaid;

/// Frames in a row, with their bytes.
#[derive(Debug, Default)]
pub struct Chunk {
    pub(crate) buffer: Vec<u8>,
    pub(crate) held: Vec<Held>,
    pub(crate) position: u64,
}

/// One frame of a chunk.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held {
    pub(crate) frame: Frame,
    pub(crate) time: Timestamp,
    pub(crate) start: usize,
    pub(crate) len: u32,
    pub(crate) original: u32,
    pub(crate) interface: Interface,
    pub(crate) link: LinkType,
    pub(crate) unsaid: Unsaid,
}

impl Chunk {
    /// Frames in it.
    pub fn len(&self) -> usize {
        self.held.len()
    }

    /// Whether it has no frame.
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Its frames, in the order of the set.
    #[inline]
    pub fn records(&self) -> impl ExactSizeIterator<Item = Record<'_>> {
        self.held.iter().map(|held| self.record(held))
    }

    /// Frame number `at` of the chunk, from 0, if there is one.
    pub fn get(&self, at: usize) -> Option<Record<'_>> {
        self.held.get(at).map(|held| self.record(held))
    }

    /// How many bytes of the set had been read when it was filled.
    pub const fn position(&self) -> u64 {
        self.position
    }

    #[inline]
    fn record(&self, held: &Held) -> Record<'_> {
        Record {
            frame: held.frame,
            time: held.time,
            interface: held.interface,
            link: held.link,
            original: held.original,
            bytes: &self.buffer[held.start..held.start + held.len as usize],
            unsaid: held.unsaid,
        }
    }

    /// Adds a frame whose bytes are copied.
    pub(crate) fn push(&mut self, record: &Record<'_>) {
        let start = self.buffer.len();
        self.buffer.extend_from_slice(record.bytes);
        self.held.push(Held::of(record, start));
    }
}

impl Held {
    /// `record`, whose bytes are `start` bytes into the buffer.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "a record has at most 16 MiB")]
    pub(crate) const fn of(record: &Record<'_>, start: usize) -> Self {
        Self {
            frame: record.frame,
            time: record.time,
            start,
            len: record.bytes.len() as u32,
            original: record.original,
            interface: record.interface,
            link: record.link,
            unsaid: record.unsaid,
        }
    }
}

/// What a frame shows at first sight.
#[derive(Clone, Copy, Debug)]
pub enum Look {
    /// A segment.
    Segment(Sighting),
    /// An ICMP error about a segment.
    Icmp,
    /// Nothing about TCP; counted.
    Nothing,
    /// What it shows depends on frames before it. Nothing is counted yet: see [`Assembly`].
    InOrder,
}

/// What a frame shows.
#[derive(Clone, Copy, Debug)]
pub enum Taken<'a> {
    /// Something about TCP.
    Observation(Observation<'a>),
    /// Nothing about TCP; counted.
    Nothing,
    /// What it shows depends on frames before it. Nothing is counted yet: see [`Assembly`].
    InOrder,
}

impl<'a> Record<'a> {
    /// What the frame shows at first sight: what most frames are is read here, all others as
    /// [`Self::take`] does. Counts the same as that.
    #[inline]
    pub fn look(&self, names: &FlowHasher, counts: &mut Counts) -> Look {
        match self.plain(names) {
            Some((sighting, cut)) => {
                counts.segments += 1;
                counts.cut_payloads += u64::from(cut);
                Look::Segment(sighting)
            }
            None => self.look_closer(names, counts),
        }
    }

    #[cold]
    fn look_closer(&self, names: &FlowHasher, counts: &mut Counts) -> Look {
        match self.take(counts) {
            Taken::Observation(Observation { what: Seen::Segment(segment), .. }) => {
                Look::Segment(sighting(&segment, self.time, names))
            }
            Taken::Observation(_) => Look::Icmp,
            Taken::Nothing => Look::Nothing,
            Taken::InOrder => Look::InOrder,
        }
    }

    /// What the frame shows, counted.
    #[inline]
    pub fn take(&self, counts: &mut Counts) -> Taken<'a> {
        let packet = match self.packet() {
            Ok(packet) if ip::is_fragment(packet.bytes) => return Taken::InOrder,
            Ok(packet) => packet,
            Err(reason) => return self.nothing(reason, counts),
        };
        match self.unsaid.packet(packet.bytes, packet.wire, counts) {
            Ok(what) => {
                count(&what, counts);
                Taken::Observation(self.showing(what))
            }
            Err(reason) => self.nothing(reason, counts),
        }
    }

    #[inline]
    fn nothing<'b>(&self, reason: Reason, counts: &mut Counts) -> Taken<'b> {
        // A link layer that only shows in the frame is noted with its first frame.
        if reason == Reason::UnsupportedLinkType && self.link.is_read() {
            return Taken::InOrder;
        }
        counts.pass_over(reason);
        Taken::Nothing
    }

    /// A whole TCP packet right behind an Ethernet header, with no options or the usual ones, and
    /// whether its payload is cut. `None` is for everything else, and decides nothing.
    #[inline]
    fn plain(&self, names: &FlowHasher) -> Option<(Sighting, bool)> {
        const ETHERNET: usize = 14;
        const V4: usize = 20;
        const V6: usize = 40;
        if self.link != LinkType::ETHERNET {
            return None;
        }
        let frame: &[u8; ETHERNET + V4 + Tcp::FIXED] = self.bytes.first_chunk()?;
        let half = |at: usize| u16::from_be_bytes([frame[at], frame[at + 1]]);
        match (half(12), frame[ETHERNET]) {
            (ethertype::IPV4, 0x45) => {
                let word = |at: usize| u32::from_be_bytes([frame[at], frame[at + 1], frame[at + 2], frame[at + 3]]);
                let fragment = half(ETHERNET + 6) & 0x3fff != 0;
                let wire = usize::from(half(ETHERNET + 2)).checked_sub(V4)?;
                if fragment || frame[ETHERNET + 9] != protocol::TCP {
                    return None;
                }
                let tcp = Tcp::read(&self.bytes[ETHERNET + V4..], wire)?;
                let ips = [word(ETHERNET + 12), word(ETHERNET + 16)];
                let flow = names.name_v4(ips, tcp.ports);
                Some(self.sighting(flow, (ips[0], tcp.ports[0]) <= (ips[1], tcp.ports[1]), &tcp))
            }
            (ethertype::IPV6, 0x60..=0x6f) if frame[ETHERNET + 6] == protocol::TCP => {
                let wire = usize::from(half(ETHERNET + 4));
                let tcp = Tcp::read(self.bytes.get(ETHERNET + V6..)?, wire)?;
                let address =
                    |at: usize| self.bytes.get(at..)?.first_chunk().map(|octets| u128::from_be_bytes(*octets));
                let ips = [address(ETHERNET + 8)?, address(ETHERNET + 24)?];
                let flow = names.name_v6(ips, tcp.ports);
                Some(self.sighting(flow, (ips[0], tcp.ports[0]) <= (ips[1], tcp.ports[1]), &tcp))
            }
            _ => None,
        }
    }

    /// The two ends of a segment by name, each as of a flow with itself, the sender first.
    pub fn ends(&self, names: &FlowHasher) -> Option<[u64; 2]> {
        if let Some(ends) = self.plain_ends(names) {
            return Some(ends);
        }
        match self.take(&mut Counts::default()) {
            Taken::Observation(Observation { what: Seen::Segment(segment), .. }) => {
                Some([segment.src, segment.dst].map(|end| names.name(end, end)))
            }
            _ => None,
        }
    }

    /// The same as they stand in an IP packet without options right behind an Ethernet header.
    fn plain_ends(&self, names: &FlowHasher) -> Option<[u64; 2]> {
        const ETHERNET: usize = 14;
        /// The fragment offset and "more fragments" (RFC 791 section 3.1).
        const FRAGMENTED: u16 = 0x3fff;
        let packet = self.bytes.get(ETHERNET..).filter(|_| self.link == LinkType::ETHERNET)?;
        let kind = be16_at(self.bytes, 12)?;
        match (kind, packet.first()?) {
            (ethertype::IPV4, 0x45) => {
                let whole = be16_at(packet, 6)? & FRAGMENTED == 0 && packet.get(9) == Some(&protocol::TCP);
                let end = |ip, port| Some((be32_at(packet, ip)?, be16_at(packet, port)?));
                let ends = [end(12, 20)?, end(16, 22)?].map(|(ip, port)| names.name_v4([ip; 2], [port; 2]));
                whole.then_some(ends)
            }
            (ethertype::IPV6, 0x60..=0x6f) if packet.get(6) == Some(&protocol::TCP) => {
                let end = |ip, port| Some((u128::from_be_bytes(array_at(packet, ip)?), be16_at(packet, port)?));
                let ends = [end(8, 40)?, end(24, 42)?];
                Some(ends.map(|(ip, port)| names.name_v6([ip; 2], [port; 2])))
            }
            _ => None,
        }
    }

    #[inline]
    fn sighting(&self, flow: u64, from_low: bool, tcp: &Tcp) -> (Sighting, bool) {
        let from = if from_low { Side::Low } else { Side::High };
        (Sighting { flow, time: self.time, seq: tcp.seq, flags: tcp.flags, from }, tcp.cut)
    }
}

/// The parts of a TCP header that a first look needs.
struct Tcp {
    ports: [u16; 2],
    seq: Seq,
    flags: Flags,
    /// Whether the capture has less of the payload than the wire had.
    cut: bool,
}

impl Tcp {
    const FIXED: usize = 20;

    /// At the start of `bytes`, `wire` bytes by the IP header; only with options that need no reading.
    #[inline]
    fn read(bytes: &[u8], wire: usize) -> Option<Self> {
        const WITH_TIMESTAMPS: usize = 32;
        let fixed: &[u8; Self::FIXED] = bytes.first_chunk()?;
        let half = |at: usize| u16::from_be_bytes([fixed[at], fixed[at + 1]]);
        let size = usize::from(fixed[12] >> 4) * 4;
        let captured = bytes.len().min(wire);
        if size > captured {
            return None;
        }
        let usual = match size {
            Self::FIXED => true,
            WITH_TIMESTAMPS if bytes.get(Self::FIXED..Self::FIXED + 4) == Some(&[1, 1, 8, 10]) => true,
            _ => tcp::are_common(bytes.get(Self::FIXED..size)?),
        };
        usual.then(|| Self {
            ports: [half(0), half(2)],
            seq: Seq::new(u32::from_be_bytes([fixed[4], fixed[5], fixed[6], fixed[7]])),
            flags: Flags::from_bits(fixed[13]),
            cut: captured < wire,
        })
    }
}

/// What the census needs to know of `segment`.
pub fn sighting(segment: &Segment<'_>, time: Timestamp, names: &FlowHasher) -> Sighting {
    let end = |end: Endpoint| (end.ip, end.port);
    let from = if end(segment.src) <= end(segment.dst) { Side::Low } else { Side::High };
    Sighting { flow: names.name(segment.src, segment.dst), time, seq: segment.seq, flags: segment.flags, from }
}

fn count(what: &Seen<'_>, counts: &mut Counts) {
    match what {
        Seen::Segment(_) => counts.segments += 1,
        Seen::Icmp(_) => counts.icmp_errors += 1,
    }
}

/// Reads the frames whose reading depends on frames before them: IP fragments, in the order of the
/// set. One is enough for all captures of a set.
#[derive(Debug, Default)]
pub struct Assembly {
    /// Fragments of each file, the file that was used last at the end.
    files: Vec<(u32, Fragments)>,
    counts: Counts,
}

impl Assembly {
    /// As many captures as a set has open at once.
    const MAX_FILES: usize = 32;

    /// What a frame shows that was [`InOrder`](Taken::InOrder); `None` when that is nothing.
    pub fn observe<'a>(&'a mut self, record: &Record<'a>) -> Option<Observation<'a>> {
        self.use_file(record.frame.file());
        let counts = &mut self.counts;
        let (_, fragments) = self.files.last_mut()?;
        let observed = record
            .packet()
            .and_then(|packet| {
                if ip::is_fragment(packet.bytes) {
                    fragments.put_together(packet, record.time, counts)
                } else {
                    Ok(packet)
                }
            })
            .and_then(|packet| record.unsaid.packet(packet.bytes, packet.wire, counts));
        match observed {
            Ok(what) => {
                count(&what, counts);
                Some(record.showing(what))
            }
            Err(reason) => {
                counts.pass_over(reason);
                None
            }
        }
    }

    /// What it counted in all. No more frames will come.
    pub fn finish(mut self) -> Counts {
        for (_, fragments) in &mut self.files {
            self.counts.unassembled += fragments.finish();
        }
        self.counts
    }

    fn use_file(&mut self, file: u32) {
        if self.files.last().is_some_and(|(last, _)| *last == file) {
            return;
        }
        let known = self.files.iter().position(|(known, _)| *known == file);
        let used = known.map_or_else(|| (file, Fragments::default()), |at| self.files.remove(at));
        if self.files.len() == Self::MAX_FILES {
            let (_, mut oldest) = self.files.remove(0);
            self.counts.unassembled += oldest.finish();
        }
        self.files.push(used);
    }
}
