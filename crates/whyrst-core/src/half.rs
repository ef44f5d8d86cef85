//! What one end of a connection has sent, as the capture shows it: the send sequence space of
//! RFC 9293 section 3.3.1 seen from outside.

use crate::history::Notes;
use crate::segment::{Flags, IpKind, OptionSet, Segment};
use crate::seq::Seq;
use crate::time::Timestamp;

/// Facts about one direction that are either seen or not seen.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Marks(u16);

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
    /// Octets are missing from the capture in this direction.
    pub const GAP: Self = Self(1 << 10);
    /// The window was closed at the last segment.
    pub const ZERO_WINDOW: Self = Self(1 << 11);
    /// The window scale is known (SYN seen with or without the option).
    pub const SCALE_KNOWN: Self = Self(1 << 12);
    /// The FIN was sent before the peer's FIN had been acknowledged by this end.
    pub const FIN_FIRST: Self = Self(1 << 13);

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
    /// When this end last sent payload for the first time (not a retransmission).
    pub last_data: Timestamp,
    /// Initial send sequence number when a SYN was seen, else the first number seen.
    pub first_seq: Seq,
    /// SND.NXT: after the highest octet sent.
    pub nxt: Seq,
    /// The highest acknowledgment number this end has sent: its RCV.NXT as far as it was told.
    pub ack: Seq,
    /// Where the FIN stands, when marked.
    pub fin: Seq,
    /// Last TSval.
    pub ts_value: u32,
    /// Segments sent, RSTs and copies not counted.
    pub segments: u32,
    /// Segments that carried only octets sent before.
    pub retransmissions: u32,
    /// Last window field, not scaled.
    pub window: u16,
    /// IPv4 identification of the last segment that was not a RST.
    pub ip_id: u16,
    /// Keep-alives, window probes and retransmissions since the peer last sent anything.
    pub unanswered: u16,
    /// What is known.
    pub marks: Marks,
    /// Shift count of the window scale that applies to `window`, 0 to 14.
    pub window_scale: u8,
    /// Hops left on the first segment that was not a RST.
    pub ttl: u8,
}

impl Half {
    /// Takes in a segment that this end sent (never a RST) and says what was noticed about it.
    pub fn sent(&mut self, segment: &Segment<'_>, time: Timestamp) -> Notes {
        let mut notes = Notes::default();
        self.note_ip(segment);
        self.note_options(segment);
        self.advance(segment, time, &mut notes);
        if let Some(ack) = segment.acknowledges() {
            self.ack = if self.marks.has(Marks::ACKED) { self.ack.max(ack) } else { ack };
            self.marks.insert(Marks::ACKED);
        }
        self.window = segment.window;
        self.marks.assign(Marks::ZERO_WINDOW, segment.window == 0 && !segment.flags.has(Flags::SYN));
        self.marks.insert(Marks::SPOKE);
        self.segments = self.segments.saturating_add(1);
        notes
    }

    /// Takes in that the peer acknowledged up to `ack`; says whether it had more than was seen.
    pub fn acknowledged(&mut self, ack: Seq) -> Notes {
        let mut notes = Notes::default();
        self.unanswered = 0;
        if self.marks.has(Marks::FIN) && ack.after(self.fin) {
            self.marks.insert(Marks::FIN_ACKED);
        }
        if self.marks.has(Marks::SPOKE) && ack.after(self.nxt) {
            notes.insert(Notes::ACKS_UNSEEN);
            self.marks.insert(Marks::GAP);
        }
        notes
    }

    /// The receive window this end last offered, in octets.
    pub fn offered_window(&self) -> u32 {
        u32::from(self.window) << self.window_scale.min(14)
    }

    fn note_ip(&mut self, segment: &Segment<'_>) {
        if !self.marks.has(Marks::SPOKE) {
            self.ttl = segment.ip.ttl;
        } else if self.ttl != segment.ip.ttl {
            self.marks.insert(Marks::TTL_VARIES);
        }
        if let IpKind::V4 { id, .. } = segment.ip.kind {
            self.ip_id = id;
        }
    }

    fn note_options(&mut self, segment: &Segment<'_>) {
        if let Some(timestamps) = segment.options.timestamps {
            self.ts_value = timestamps.value;
            self.marks.insert(Marks::TIMESTAMPS);
        }
        if segment.flags.has(Flags::SYN) && !segment.options.set.has(OptionSet::CUT) {
            self.window_scale = segment.options.window_scale.unwrap_or(0);
            self.marks.insert(Marks::SCALE_KNOWN);
        }
    }

    fn advance(&mut self, segment: &Segment<'_>, time: Timestamp, notes: &mut Notes) {
        let end = segment.end();
        if segment.flags.has(Flags::SYN) {
            self.begin(segment);
        } else if !self.marks.has(Marks::SPOKE) {
            self.first_seq = segment.seq;
            self.nxt = segment.seq;
        }
        if segment.flags.has(Flags::FIN) {
            self.fin = end.sub(1);
            self.marks.insert(Marks::FIN);
        }
        if end.after(self.nxt) {
            if segment.seq.after(self.nxt) {
                notes.insert(Notes::AFTER_GAP);
                self.marks.insert(Marks::GAP);
            }
            let new = end.relative_to(self.nxt.max(segment.seq)).min(segment.len);
            self.bytes = self.bytes.saturating_add(u64::from(new));
            self.nxt = end;
            if segment.len > 0 {
                self.last_data = time;
                self.marks.insert(Marks::DATA);
            }
        } else if self.is_probe(segment) {
            notes.insert(Notes::PROBE);
            self.unanswered = self.unanswered.saturating_add(1);
        } else if segment.seq_len() > 0 && self.marks.has(Marks::SPOKE) {
            notes.insert(Notes::RETRANSMISSION);
            self.retransmissions = self.retransmissions.saturating_add(1);
            self.unanswered = self.unanswered.saturating_add(1);
        }
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
