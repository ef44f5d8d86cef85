//! What one end of a connection has sent, as the capture shows it: the send sequence space of
//! RFC 9293 section 3.3.1 seen from outside.

use crate::history::Notes;
use crate::observation::{Frame, LinkAddress};
use crate::segment::{Flags, IpKind, OptionSet, Segment};
use crate::seq::Seq;

/// Facts about one direction that are either seen or not seen.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Marks(u32);

impl Marks {
    /// Anything at all but RST was sent.
    pub const SPOKE: Self = Self(1);
    /// A SYN was sent, with or without ACK.
    pub const SYN: Self = Self(1 << 1);
    /// The SYN carried an ACK.
    pub const SYN_ACK: Self = Self(1 << 2);
    /// A segment with ACK was sent.
    pub const ACKED: Self = Self(1 << 3);
    /// Payload was sent.
    pub const DATA: Self = Self(1 << 4);
    /// FIN was sent.
    pub const FIN: Self = Self(1 << 5);
    /// The peer acknowledged the FIN.
    pub const FIN_ACKED: Self = Self(1 << 6);
    /// A RST was sent.
    pub const RST: Self = Self(1 << 7);
    /// The timestamps option was on a segment that was not a RST.
    pub const TIMESTAMPS: Self = Self(1 << 8);
    /// Segments that are not RSTs came with different hop counts.
    pub const TTL_VARIES: Self = Self(1 << 9);
    /// Octets below SND.NXT are missing from the capture in this direction.
    pub const GAP: Self = Self(1 << 10);
    /// The window was closed at the last segment.
    pub const ZERO_WINDOW: Self = Self(1 << 11);
    /// The window scale is known (SYN seen with or without the option).
    pub const SCALE_KNOWN: Self = Self(1 << 12);
    /// The FIN was sent before the peer's FIN had been acknowledged by this end.
    pub const FIN_FIRST: Self = Self(1 << 13);
    /// The SYN carried the window scale option: scaling applies when both ends sent it.
    pub const SCALES: Self = Self(1 << 14);
    /// The last window stood in a SYN, where it is never scaled (RFC 7323 section 2.2).
    pub const WINDOW_IN_SYN: Self = Self(1 << 15);
    /// `sack_edge` holds the right edge of a SACK block.
    pub const SACKED: Self = Self(1 << 16);
    /// Segments carried an MD5 or TCP-AO signature.
    pub const SIGNED: Self = Self(1 << 17);
    /// More than one stretch was missing at once: which octets are still missing is not known.
    pub const MANY_HOLES: Self = Self(1 << 18);
    /// Its SYN-ACK echoed the timestamp of the only SYN.
    pub const ECHO_RIGHT: Self = Self(1 << 19);
    /// Its SYN-ACK echoed a timestamp that the only SYN did not carry.
    pub const ECHO_WRONG: Self = Self(1 << 20);
    /// `link` holds an address.
    pub const LINK_KNOWN: Self = Self(1 << 21);
    /// Segments that are not RSTs came from different addresses on the link.
    pub const LINK_VARIES: Self = Self(1 << 22);
    /// `ttl` holds the hops left on the first segment.
    pub const TTL_KNOWN: Self = Self(1 << 23);

    /// Whether all of `other` is marked.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Marks `other`.
    pub const fn insert(&mut self, other: Self) {
        self.0 |= other.0;
    }

    const fn assign(&mut self, other: Self, condition: bool) {
        self.0 = if condition { self.0 | other.0 } else { self.0 & !other.0 };
    }
}

/// One direction of a connection.
#[derive(Clone, Copy, Debug, Default)]
pub struct Half {
    /// Unique payload octets seen.
    pub bytes: u64,
    /// The frame of its first FIN, when marked.
    pub fin_frame: Frame,
    /// Initial send sequence number when a SYN was seen, else the first number seen.
    pub first_seq: Seq,
    /// SND.NXT: after the highest octet sent.
    pub nxt: Seq,
    /// The highest acknowledgment number this end has sent: its RCV.NXT as far as it was told.
    pub ack: Seq,
    /// Where the FIN stands, when marked.
    pub fin: Seq,
    /// Right edge of the last SACK block that this end sent, when marked.
    pub sack_edge: Seq,
    /// Last `TSval`.
    pub ts_value: u32,
    /// Where the missing octets begin, when there is a gap.
    pub hole: Seq,
    /// How many are missing there.
    pub hole_len: u32,
    /// Segments sent, RSTs and copies not counted.
    pub segments: u32,
    /// Segments that carried octets sent before, alone or first.
    pub retransmissions: u32,
    /// What is known.
    pub marks: Marks,
    /// Last window field, not scaled.
    pub window: u16,
    /// IPv4 identification of the last segment that was not a RST.
    pub ip_id: u16,
    /// Keep-alives, window probes and retransmissions since the peer last sent anything.
    pub unanswered: u16,
    /// Shift count of the window scale in the SYN, 0 to 14.
    pub window_scale: u8,
    /// As [`Self::ttl`], when marked.
    ttl: u8,
    /// From which address on the link the first segment came that was not a RST.
    pub link: LinkAddress,
}

/// What the peer of a half can take: the bound of RFC 9293 section 3.10.7.4 for a plausible segment.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// What the peer has acknowledged, when it has.
    pub acked: Option<Seq>,
    /// The largest window that it can offer, in octets.
    pub window: u32,
}

impl Half {
    /// Takes in a segment that this end sent (never a RST) and says what was noticed about it.
    pub fn sent(&mut self, segment: &Segment<'_>, frame: Frame, room: Room) -> Notes {
        let mut notes = Notes::default();
        self.note_ip(segment);
        self.note_options(segment);
        self.advance(segment, frame, room, &mut notes);
        if let Some(ack) = segment.acknowledges() {
            self.ack = if self.marks.has(Marks::ACKED) { self.ack.max(ack) } else { ack };
            self.marks.insert(Marks::ACKED);
        }
        self.window = segment.window;
        self.marks.assign(Marks::ZERO_WINDOW, segment.window == 0 && !segment.flags.has(Flags::SYN));
        self.marks.assign(Marks::WINDOW_IN_SYN, segment.flags.has(Flags::SYN));
        self.marks.insert(Marks::SPOKE);
        self.segments = self.segments.saturating_add(1);
        notes
    }

    /// Takes in that the peer acknowledged up to `ack`; says whether it had more than was seen.
    pub fn acknowledged(&mut self, ack: Seq) -> Notes {
        let mut notes = Notes::default();
        if self.marks.has(Marks::FIN) && ack.after(self.fin) {
            self.marks.insert(Marks::FIN_ACKED);
        }
        if self.marks.has(Marks::SPOKE) && ack.after(self.nxt) {
            notes.insert(Notes::ACKS_UNSEEN);
        }
        notes
    }

    /// Takes in the address on the link that a segment came from, which is not a RST.
    #[inline]
    pub fn came_from(&mut self, link: LinkAddress) {
        if !self.marks.has(Marks::LINK_KNOWN) {
            self.link = link;
            self.marks.insert(Marks::LINK_KNOWN);
        } else if self.link != link {
            self.marks.insert(Marks::LINK_VARIES);
        }
    }

    /// Hops left on the first segment that was not a RST and whose source said them.
    pub const fn ttl(&self) -> Option<u8> {
        if self.marks.has(Marks::TTL_KNOWN) { Some(self.ttl) } else { None }
    }

    fn note_ip(&mut self, segment: &Segment<'_>) {
        match segment.ip.ttl {
            Some(ttl) if !self.marks.has(Marks::TTL_KNOWN) => {
                self.ttl = ttl;
                self.marks.insert(Marks::TTL_KNOWN);
            }
            Some(ttl) if self.ttl != ttl => self.marks.insert(Marks::TTL_VARIES),
            _ => {}
        }
        if let IpKind::V4 { id: Some(id), .. } = segment.ip.kind {
            self.ip_id = id;
        }
    }

    fn note_options(&mut self, segment: &Segment<'_>) {
        let options = &segment.options;
        if let Some(timestamps) = options.timestamps {
            self.ts_value = timestamps.value;
            self.marks.insert(Marks::TIMESTAMPS);
        }
        if let Some(edge) = options.sack_edge {
            self.sack_edge = edge;
            self.marks.insert(Marks::SACKED);
        }
        if options.set.has(OptionSet::MD5) || options.set.has(OptionSet::AO) {
            self.marks.insert(Marks::SIGNED);
        }
        if segment.flags.has(Flags::SYN) && !options.set.has(OptionSet::CUT) {
            self.window_scale = options.window_scale.unwrap_or(0).min(14);
            self.marks.assign(Marks::SCALES, options.window_scale.is_some());
            self.marks.insert(Marks::SCALE_KNOWN);
        }
    }

    fn advance(&mut self, segment: &Segment<'_>, frame: Frame, room: Room, notes: &mut Notes) {
        if segment.flags.has(Flags::SYN) {
            self.begin(segment);
        } else if !self.marks.has(Marks::SPOKE) {
            self.first_seq = segment.seq;
            self.nxt = segment.seq;
        } else if self.lies_beyond(segment, room) {
            notes.insert(Notes::OUT_OF_WINDOW);
            return;
        }
        let end = segment.end();
        if segment.flags.has(Flags::FIN) && !self.marks.has(Marks::FIN) {
            self.fin = end.sub(1);
            self.fin_frame = frame;
            self.marks.insert(Marks::FIN);
        }
        if end.after(self.nxt) {
            if self.grows(segment, room) {
                self.repeated(notes);
            }
            self.extend(segment, notes);
        } else if self.is_probe(segment) {
            notes.insert(Notes::PROBE);
            self.unanswered = self.unanswered.saturating_add(1);
        } else if segment.seq_len() > 0 && self.marks.has(Marks::SPOKE) && !self.fills_hole(segment) {
            self.repeated(notes);
        }
    }

    fn repeated(&mut self, notes: &mut Notes) {
        notes.insert(Notes::RETRANSMISSION);
        self.retransmissions = self.retransmissions.saturating_add(1);
        self.unanswered = self.unanswered.saturating_add(1);
    }

    /// The oldest octets that the peer has not acknowledged once more, with new ones behind them: Windows fills
    /// what it sends again with what was written meanwhile.
    fn grows(&self, segment: &Segment<'_>, room: Room) -> bool {
        let again = room.acked == Some(segment.seq) && segment.seq.before(self.nxt);
        again && segment.len > 0 && !self.marks.has(Marks::GAP)
    }

    /// A segment that no receiver would take, whatever the capture missed: damaged, forged or of
    /// another incarnation. It is remembered, but moves nothing.
    fn lies_beyond(&self, segment: &Segment<'_>, room: Room) -> bool {
        let reach = room.acked.map_or(self.nxt, |acked| self.nxt.max(acked));
        segment.seq.after(reach) && segment.seq.relative_to(reach) > room.window
    }

    fn extend(&mut self, segment: &Segment<'_>, notes: &mut Notes) {
        let end = segment.end();
        if segment.seq.after(self.nxt) {
            notes.insert(Notes::AFTER_GAP);
            self.open_hole(segment.seq);
        }
        let new = end.relative_to(self.nxt.max(segment.seq)).min(segment.len);
        self.bytes = self.bytes.saturating_add(u64::from(new));
        self.nxt = end;
        if segment.len > 0 {
            self.marks.insert(Marks::DATA);
        }
    }

    /// The octets from SND.NXT up to `next` were not captured, or come later.
    fn open_hole(&mut self, next: Seq) {
        if self.marks.has(Marks::GAP) {
            self.marks.insert(Marks::MANY_HOLES);
            return;
        }
        self.hole = self.nxt;
        self.hole_len = next.relative_to(self.nxt);
        self.marks.insert(Marks::GAP);
    }

    /// Whether the segment brings octets that were missing: it was overtaken by others, or lost
    /// before the capture point and sent again. Either way they are new to the capture.
    fn fills_hole(&mut self, segment: &Segment<'_>) -> bool {
        let end_of_hole = self.hole.add(self.hole_len);
        let starts_inside = !segment.seq.after(self.hole) && segment.end().after(self.hole);
        if !self.marks.has(Marks::GAP) || !starts_inside {
            return false;
        }
        let filled = segment.end().relative_to(self.hole).min(self.hole_len);
        self.bytes = self.bytes.saturating_add(u64::from(filled));
        self.hole = self.hole.add(filled);
        self.hole_len = end_of_hole.relative_to(self.hole);
        self.marks.insert(Marks::DATA);
        self.marks.assign(Marks::GAP, self.hole_len > 0 || self.marks.has(Marks::MANY_HOLES));
        true
    }

    fn begin(&mut self, segment: &Segment<'_>) {
        if !self.marks.has(Marks::SYN) {
            self.first_seq = segment.seq;
            self.nxt = segment.seq;
            self.marks.insert(Marks::SYN);
        }
        self.marks.assign(Marks::SYN_ACK, segment.flags.has(Flags::ACK));
    }

    /// A keep-alive or zero-window probe: at most one octet, just below SND.NXT (RFC 9293 section 3.8.4).
    fn is_probe(&self, segment: &Segment<'_>) -> bool {
        self.marks.has(Marks::SPOKE)
            && segment.len <= 1
            && segment.seq_len() == segment.len
            && segment.seq == self.nxt.sub(1)
    }
}
