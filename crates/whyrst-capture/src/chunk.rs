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
use whyrst_core::service::{Greeting, Moment};
use whyrst_core::time::Timestamp;

pub use whyrst_core::census::Sighting;

use crate::ahead::ReadAhead;
use crate::bytes::{array_at, be16_at, be32_at};
use crate::counts::{Counts, Reason};
use crate::fragments::Fragments;
use crate::ip;
use crate::link::{LinkType, address, ethertype};
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
    /// Of the capture that it came from.
    pub(crate) ahead: Option<ReadAhead>,
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

    /// Reads on in the capture that these frames came from, where that can be done out of turn, so that the next
    /// [`CaptureSet::next_chunk`](crate::CaptureSet::next_chunk), whoever calls it, has less to do.
    pub fn read_ahead(&self) {
        if let Some(ahead) = &self.ahead {
            ahead.read();
        }
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

    /// As [`Self::look`] for who has looked before: nothing is counted, and of a segment that is plainly one no
    /// option is read.
    #[inline]
    pub fn glance(&self, names: &FlowHasher) -> Look {
        match self.packet_of(names) {
            Some(packet) if packet.is_whole() => Look::Segment(packet.sighting(self.time)),
            _ => self.look_closer(names, &mut Counts::default()),
        }
    }

    /// A whole TCP packet right behind an Ethernet header, with no options or the usual ones, and
    /// whether its payload is cut. `None` is for everything else, and decides nothing.
    #[inline]
    fn plain(&self, names: &FlowHasher) -> Option<(Sighting, bool)> {
        let packet = self.packet_of(names)?;
        let usual = packet.is_whole() && packet.has_usual_options();
        usual.then(|| (packet.sighting(self.time), packet.tcp.len() < packet.wire))
    }

    /// A TCP packet that is no fragment, right behind an Ethernet header. `None` is for everything else, and decides
    /// nothing. Asked of every frame, and its parts are used one by one.
    #[inline(always)]
    fn packet_of(&self, names: &FlowHasher) -> Option<Packet<'a>> {
        const ETHERNET: usize = 14;
        const V4: usize = 20;
        const V6: usize = 40;
        if self.link != LinkType::ETHERNET {
            return None;
        }
        let frame: &[u8; ETHERNET + V4 + Packet::FIXED] = self.bytes.first_chunk()?;
        let half = |at: usize| u16::from_be_bytes([frame[at], frame[at + 1]]);
        match (half(12), frame[ETHERNET]) {
            (ethertype::IPV4, 0x45) => {
                let word = |at: usize| u32::from_be_bytes([frame[at], frame[at + 1], frame[at + 2], frame[at + 3]]);
                let fragment = half(ETHERNET + 6) & 0x3fff != 0;
                if fragment || frame[ETHERNET + 9] != protocol::TCP {
                    return None;
                }
                let wire = usize::from(half(ETHERNET + 2)).checked_sub(V4)?;
                let tcp = &self.bytes[ETHERNET + V4..];
                let ips = [word(ETHERNET + 12), word(ETHERNET + 16)];
                let (flow, from) = names.name_and_side_v4(ips, [half(ETHERNET + V4), half(ETHERNET + V4 + 2)]);
                Some(Packet { flow, from, fixed: tcp.first_chunk()?, tcp, wire })
            }
            (ethertype::IPV6, 0x60..=0x6f) if frame[ETHERNET + 6] == protocol::TCP => {
                let frame: &[u8; ETHERNET + V6 + Packet::FIXED] = self.bytes.first_chunk()?;
                let half = |at: usize| u16::from_be_bytes([frame[at], frame[at + 1]]);
                let address = |at: usize| frame[at..].first_chunk().map(|octets| u128::from_be_bytes(*octets));
                let wire = usize::from(half(ETHERNET + 4));
                let tcp = &self.bytes[ETHERNET + V6..];
                let ips = [address(ETHERNET + 8)?, address(ETHERNET + 24)?];
                let ports = [half(ETHERNET + V6), half(ETHERNET + V6 + 2)];
                let from = if (ips[0], ports[0]) <= (ips[1], ports[1]) { Side::Low } else { Side::High };
                Some(Packet { flow: names.name_v6(ips, ports), from, fixed: tcp.first_chunk()?, tcp, wire })
            }
            _ => None,
        }
    }

    /// What the segment in this frame tells of a service, if it holds one: no option is read, nothing summed up, nothing
    /// counted.
    pub fn greeting(&self) -> Option<Greeting> {
        if let Some(greeting) = self.plain_greeting() {
            return Some(greeting);
        }
        match self.take(&mut Counts::default()) {
            Taken::Observation(Observation { what: Seen::Segment(segment), link, .. }) => {
                Some(Greeting::of(&segment, link, self.moment()))
            }
            _ => None,
        }
    }

    /// The same of a packet that is no fragment, in no tunnel and was not printed. `None` decides nothing.
    fn plain_greeting(&self) -> Option<Greeting> {
        let packet = self.packet().ok().filter(|_| !self.unsaid.is_anything())?;
        let header = ip::Header::read(packet.bytes).ok()?;
        if header.protocol != protocol::TCP || header.fragment != ip::Fragment::Whole {
            return None;
        }
        let payload = header.payload(packet.bytes, packet.wire).ok()?;
        tcp::greeting(&header, payload, address::source(self.link, self.bytes), self.moment())
    }

    const fn moment(&self) -> Moment {
        Moment { time: self.time, frame: self.frame }
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
}

/// A TCP packet, as far as a first look needs it.
#[derive(Clone, Copy)]
struct Packet<'a> {
    flow: u64,
    from: Side,
    /// The header without options.
    fixed: &'a [u8; Packet::FIXED],
    /// From there on, as far as it is captured.
    tcp: &'a [u8],
    /// Bytes of that by the IP header.
    wire: usize,
}

impl Packet<'_> {
    const FIXED: usize = 20;

    /// The header's size by its own word.
    #[inline]
    fn header(&self) -> usize {
        usize::from(self.fixed[12] >> 4) * 4
    }

    /// Whether the whole header is here.
    #[inline]
    fn is_whole(&self) -> bool {
        (Self::FIXED..=self.tcp.len().min(self.wire)).contains(&self.header())
    }

    /// Whether the options need no reading. The header must be whole.
    #[inline]
    fn has_usual_options(&self) -> bool {
        const WITH_TIMESTAMPS: usize = 32;
        match self.header() {
            Self::FIXED => true,
            WITH_TIMESTAMPS if self.tcp.get(Self::FIXED..Self::FIXED + 4) == Some(&[1, 1, 8, 10]) => true,
            size => self.tcp.get(Self::FIXED..size).is_some_and(tcp::are_common),
        }
    }

    #[inline]
    fn sighting(&self, time: Timestamp) -> Sighting {
        let fixed = self.fixed;
        let seq = Seq::new(u32::from_be_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]));
        Sighting { flow: self.flow, time, seq, flags: Flags::from_bits(fixed[13]), from: self.from }
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
