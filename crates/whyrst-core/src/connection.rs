//! One incarnation of a connection, compact enough to keep millions: both directions, who opened,
//! and the state each end must be in (RFC 9293 section 3.3.2) by what it has sent and seen.

use crate::flow::{FlowKey, Side};
use crate::half::{Half, Marks, Room};
use crate::history::{History, Notes, Record};
use crate::letters::Letters;
use crate::observation::Frame;
use crate::segment::{Endpoint, Flags, Segment};
use crate::seq::Seq;
use crate::time::{Span, Timestamp};

pub use whyrst_model::vocabulary::{Phase, Roles, TcpState};

/// The first timer of a SYN is 1 s (RFC 6298 section 2.1); a margin.
const SYN_TIMER: Span = Span::from_millis(900);

/// One connection from its first segment to its end.
#[derive(Clone, Copy, Debug)]
pub struct Connection {
    /// Both endpoints.
    pub key: FlowKey,
    /// Indexed by [`Side::index`].
    pub halves: [Half; 2],
    /// When its first segment was seen.
    pub first: Timestamp,
    /// When its last segment was seen, copies not counted.
    pub last: Timestamp,
    /// The frame of its first segment.
    pub first_frame: Frame,
    /// Which end opened it.
    pub client: Side,
    /// How that is known.
    pub roles: Roles,
    /// In which state the server was left by the connection that the same pair of endpoints had
    /// before, when the capture shows one.
    pub earlier: Option<TcpState>,
    /// Which end had opened that earlier connection.
    pub earlier_opener: Option<Side>,
    /// Whether the checksums of each end's segments are right at this capture point.
    pub checksums: Checksums,
    /// Copies of packets that were left out.
    pub copies: u32,
    /// The latest segment of which a copy was left out.
    pub copied: Copied,
    /// The first and last records.
    pub history: History,
    /// Zeek's history letters.
    pub letters: Letters,
}

/// Whether each end's checksums were right, where that could be told: network cards complete them behind the capture
/// point, and then all are wrong. Indexed by [`Side::index`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Checksums(u8);

impl Checksums {
    const RIGHT: u8 = 1;
    const WRONG: u8 = 2;
    const BITS: usize = 2;

    const fn note(&mut self, from: Side, right: bool) {
        let what = if right { Self::RIGHT } else { Self::WRONG };
        self.0 |= what << (Self::BITS * from.index());
    }

    /// Some checksums of `side` were right and none was wrong: one that is wrong is so on the wire.
    pub const fn can_be_judged(self, side: Side) -> bool {
        let seen = self.0 >> (Self::BITS * side.index());
        seen & (Self::RIGHT | Self::WRONG) == Self::RIGHT
    }
}

/// The latest segment, not a RST, of which a copy was left out: the low bits of its frame's number, which are enough among
/// the few segments that are remembered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Copied(u32);

impl Copied {
    /// A copy of what `frame` holds was left out.
    pub const fn note(&mut self, frame: Frame) {
        self.0 = Self::low_bits(frame);
    }

    /// Whether a copy was left out of what `frame` holds, or of something later.
    pub const fn reaches(self, frame: Frame) -> bool {
        self.0 != 0 && Self::low_bits(frame).wrapping_sub(self.0).wrapping_sub(1) >= 1 << 31
    }

    #[expect(clippy::cast_possible_truncation, reason = "only the low bits are kept")]
    const fn low_bits(frame: Frame) -> u32 {
        frame.number() as u32
    }
}

impl Connection {
    /// A connection whose first segment is `segment`, sent by `from`.
    pub fn new(key: FlowKey, from: Side, segment: &Segment<'_>, time: Timestamp, frame: Frame) -> Self {
        let (client, roles) = if segment.flags.is_syn() {
            (from, Roles::Seen)
        } else if segment.flags.is_syn_ack() {
            (from.other(), Roles::Seen)
        } else if segment.src.port < segment.dst.port {
            (from.other(), Roles::Guessed)
        } else {
            (from, Roles::Guessed)
        };
        Self {
            key,
            halves: [Half::default(); 2],
            first: time,
            last: time,
            first_frame: frame,
            client,
            roles,
            earlier: None,
            earlier_opener: None,
            checksums: Checksums::default(),
            copies: 0,
            copied: Copied::default(),
            history: History::default(),
            letters: Letters::default(),
        }
    }

    /// One direction.
    pub const fn half(&self, side: Side) -> &Half {
        &self.halves[side.index()]
    }

    /// The end that accepted the connection.
    pub const fn server(&self) -> Side {
        self.client.other()
    }

    /// Address and port of one end.
    pub fn endpoint(&self, side: Side) -> Endpoint {
        self.key.endpoint(side)
    }

    /// Takes in a segment that is not a RST and says what was noticed about it.
    pub fn observe(&mut self, from: Side, segment: &Segment<'_>, time: Timestamp, frame: Frame) -> Notes {
        self.last = time;
        if let Some(right) = segment.checksum_right {
            self.checksums.note(from, right);
        }
        if self.is_syn_on_live(from, segment) {
            let mut notes = Notes::default();
            notes.insert(Notes::SYN_ON_LIVE);
            return notes;
        }
        if self.closes_first(from, segment) {
            self.halves[from.index()].marks.insert(Marks::FIN_FIRST);
        }
        self.note_echo(from, segment, time);
        let room = self.room(from.other());
        let mut notes = self.halves[from.index()].sent(segment, frame, room);
        let peer = &mut self.halves[from.other().index()];
        peer.unanswered = 0;
        if let Some(ack) = segment.acknowledges() {
            let seen = peer.acknowledged(ack);
            if seen.has(Notes::ACKS_UNSEEN) {
                notes.insert(Notes::ACKS_UNSEEN);
            }
        }
        notes
    }

    /// Whether the first SYN-ACK echoes the one SYN (RFC 7323 section 3.2); with several SYNs it may
    /// echo any, and Linux passes over an echo of 0. A later value of the client's clock, when its timer has run out,
    /// is that of a SYN that was sent again and that the capture missed.
    fn note_echo(&mut self, from: Side, segment: &Segment<'_>, time: Timestamp) {
        let client = self.half(from.other());
        let stamped = client.marks.has(Marks::SYN) && client.marks.has(Marks::TIMESTAMPS) && client.segments == 1;
        let first = segment.flags.is_syn_ack() && !self.half(from).marks.has(Marks::SYN);
        let echoed = segment.options.timestamps.filter(|timestamps| timestamps.echo != 0);
        let later = |echo: u32| Seq::new(echo).after(Seq::new(client.ts_value));
        let of_another_syn = |echo: u32| later(echo) && time.since(self.first) >= SYN_TIMER;
        let echoed = echoed.filter(|timestamps| !of_another_syn(timestamps.echo));
        if let (Some(timestamps), true) = (echoed, stamped && first) {
            let mark = if timestamps.echo == client.ts_value { Marks::ECHO_RIGHT } else { Marks::ECHO_WRONG };
            self.halves[from.index()].marks.insert(mark);
        }
    }

    /// Whether `segment` from `from` opens a new incarnation of this pair of endpoints: a SYN with
    /// another initial sequence number, or a SYN where none had been seen (Wireshark does the same).
    /// A SYN in the middle of a connection that lives opens nothing: its receiver answers with a
    /// challenge ACK (RFC 5961 section 4).
    pub fn is_reopened_by(&self, from: Side, segment: &Segment<'_>) -> bool {
        self.is_new_beginning(from, segment) && !self.lives()
    }

    /// A SYN that would open a new incarnation, if this one did not still live.
    pub fn is_syn_on_live(&self, from: Side, segment: &Segment<'_>) -> bool {
        self.is_new_beginning(from, segment) && self.lives()
    }

    fn is_new_beginning(&self, from: Side, segment: &Segment<'_>) -> bool {
        if !segment.flags.is_syn() {
            return false;
        }
        let half = self.half(from);
        if half.marks.has(Marks::SYN) {
            // A small stack that was restarted begins with the same number again (lwIP `tcp_next_iss`). Who has gone
            // beyond its SYN does not repeat it when the connection is over.
            let over = self.closed_in_order() || Side::BOTH.iter().any(|side| self.half(*side).marks.has(Marks::RST));
            half.first_seq != segment.seq || over && half.marks.has(Marks::ACKED)
        } else {
            // A crossed SYN (simultaneous open) belongs to the connection; after anything else
            // has been said in this direction a SYN is a new beginning.
            half.marks.has(Marks::SPOKE)
                || half.marks.has(Marks::RST)
                || self.half(from.other()).marks.has(Marks::ACKED)
        }
    }

    /// Both ends hold the connection, as far as the capture shows.
    pub fn lives(&self) -> bool {
        let marks = |side: Side| self.half(side).marks;
        let (client, server) = (self.half(self.client), self.half(self.server()));
        let syn_ack_taken = !server.marks.has(Marks::SYN) || client.ack.after(server.first_seq);
        Side::BOTH.iter().all(|side| marks(*side).has(Marks::ACKED) && !marks(*side).has(Marks::RST))
            && syn_ack_taken
            && !self.closed_in_order()
    }

    /// The receive window that `side` last offered, in octets; `None` while its scale is not known.
    pub fn offered_window(&self, side: Side) -> Option<u32> {
        let own = self.half(side);
        if own.marks.has(Marks::WINDOW_IN_SYN) {
            return Some(own.window.into());
        }
        let shift = self.window_shift(side)?;
        own.marks.has(Marks::SPOKE).then(|| u32::from(own.window) << shift)
    }

    /// The receive window that `record` offers, in octets; `None` while its scale is not known. What a RST has there
    /// offers nothing.
    pub fn offered_by(&self, record: &Record) -> Option<u32> {
        if record.flags.has(Flags::RST) {
            return None;
        }
        // Never scaled in a SYN (RFC 7323 section 2.2).
        let shift = if record.flags.has(Flags::SYN) { 0 } else { self.window_shift(record.from)? };
        Some(u32::from(record.window) << shift)
    }

    /// Scaling applies only when both SYNs carry the option (RFC 7323 section 2.2).
    fn window_shift(&self, side: Side) -> Option<u8> {
        let (own, peer) = (self.half(side), self.half(side.other()));
        let known = |half: &Half| half.marks.has(Marks::SCALE_KNOWN);
        let scales = |half: &Half| half.marks.has(Marks::SCALES);
        match (known(own), known(peer)) {
            (true, _) if !scales(own) => Some(0),
            (_, true) if !scales(peer) => Some(0),
            (true, true) => Some(own.window_scale),
            // A SYN-ACK carries the option only in answer to a SYN that did.
            (true, false) if own.marks.has(Marks::SYN_ACK) => Some(own.window_scale),
            _ => None,
        }
    }

    fn room(&self, side: Side) -> Room {
        const LARGEST: u32 = 1 << 30;
        let half = self.half(side);
        let window = self.window_shift(side).map_or(LARGEST, |shift| u32::from(u16::MAX) << shift);
        Room { acked: half.marks.has(Marks::ACKED).then_some(half.ack), window }
    }

    /// The state that `side` is in, by what both ends have sent.
    pub fn state(&self, side: Side) -> TcpState {
        let (own, peer) = (self.half(side).marks, self.half(side.other()).marks);
        if own.has(Marks::RST) || peer.has(Marks::RST) {
            return TcpState::Closed;
        }
        match (own.has(Marks::FIN), own.has(Marks::FIN_ACKED), peer.has(Marks::FIN)) {
            (false, _, true) => TcpState::CloseWait,
            (true, false, false) => TcpState::FinWait1,
            (true, true, false) => TcpState::FinWait2,
            (true, false, true) if own.has(Marks::FIN_FIRST) => TcpState::Closing,
            (true, false, true) => TcpState::LastAck,
            (true, true, true) if own.has(Marks::FIN_FIRST) => TcpState::TimeWait,
            (true, true, true) => TcpState::Closed,
            (false, _, false) => self.opening_state(side),
        }
    }

    /// Whether the three-way handshake was seen to complete: the client acknowledged the SYN-ACK.
    pub fn handshake_complete(&self) -> bool {
        let (client, server) = (self.half(self.client), self.half(self.server()));
        client.marks.has(Marks::SYN)
            && server.marks.has(Marks::SYN)
            && client.marks.has(Marks::ACKED)
            && client.ack.after(server.first_seq)
    }

    /// Whether octets that `side` sent are missing from the capture: its numbers leave some out, or its peer
    /// acknowledges more than was captured, in order or by a SACK block (RFC 2018 section 3).
    pub fn has_gap(&self, side: Side) -> bool {
        let (own, peer) = (self.half(side), self.half(side.other()));
        let acked_unseen = peer.marks.has(Marks::ACKED) && peer.ack.after(own.nxt);
        let sacked_unseen = peer.marks.has(Marks::SACKED) && peer.sack_edge.after(own.nxt);
        own.marks.has(Marks::GAP) || own.marks.has(Marks::SPOKE) && (acked_unseen || sacked_unseen)
    }

    /// Whether the capture shows how the connection began.
    pub fn beginning_seen(&self) -> bool {
        self.half(self.client).marks.has(Marks::SYN) || self.half(self.server()).marks.has(Marks::SYN)
    }

    /// Whether both ends closed and both FINs are acknowledged.
    pub fn closed_in_order(&self) -> bool {
        Side::BOTH.iter().all(|side| self.half(*side).marks.has(Marks::FIN_ACKED))
    }

    /// A sequence number of `side` relative to its first one, as Wireshark and tcpdump show it.
    pub fn relative(&self, side: Side, seq: Seq) -> u32 {
        seq.relative_to(self.half(side).first_seq)
    }

    /// Whether this is the first FIN of `from` and it does not acknowledge a FIN of the peer.
    fn closes_first(&self, from: Side, segment: &Segment<'_>) -> bool {
        let peer = self.half(from.other());
        let answers_fin = peer.marks.has(Marks::FIN_ACKED)
            || (peer.marks.has(Marks::FIN) && segment.acknowledges().is_some_and(|ack| ack.after(peer.fin)));
        segment.flags.has(Flags::FIN) && !self.half(from).marks.has(Marks::FIN) && !answers_fin
    }

    fn opening_state(&self, side: Side) -> TcpState {
        let (own, peer) = (self.half(side).marks, self.half(side.other()).marks);
        match (own.has(Marks::SYN), peer.has(Marks::SYN)) {
            (true, true) if self.handshake_complete() => TcpState::Established,
            (true, true) if side == self.client => TcpState::Established,
            (true, true) => TcpState::SynReceived,
            (true, false) if own.has(Marks::SYN_ACK) => TcpState::SynReceived,
            (true, false) => TcpState::SynSent,
            (false, true) if peer.has(Marks::SYN_ACK) => TcpState::Unknown,
            (false, true) => TcpState::Listen,
            (false, false) if own.has(Marks::SPOKE) && peer.has(Marks::SPOKE) => TcpState::Established,
            (false, false) => TcpState::Unknown,
        }
    }

    /// How far it has come.
    pub fn phase(&self) -> Phase {
        if !self.beginning_seen() {
            Phase::Midstream
        } else if self.closed_in_order() {
            Phase::Closed
        } else if Side::BOTH.iter().any(|side| self.half(*side).marks.has(Marks::FIN)) {
            Phase::Closing
        } else if self.handshake_complete() {
            Phase::Established
        } else {
            Phase::Connect
        }
    }
}
