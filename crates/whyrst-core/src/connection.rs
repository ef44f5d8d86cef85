//! One incarnation of a connection, compact enough to keep millions: both directions, who opened,
//! and the state each end must be in (RFC 9293 section 3.3.2) by what it has sent and seen.

use core::fmt;

use crate::flow::{FlowKey, Side};
use crate::half::{Half, Marks};
use crate::history::{History, Notes};
use crate::observation::Frame;
use crate::segment::{Endpoint, Flags, Segment};
use crate::seq::Seq;
use crate::time::Timestamp;
use crate::zeek::Letters;

/// The states of RFC 9293 section 3.3.2, and one for what an observer cannot know.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TcpState {
    /// The capture does not show enough to tell.
    Unknown,
    /// Waits for a connection request.
    Listen,
    /// Has sent a SYN.
    SynSent,
    /// Has received a SYN and answered it.
    SynReceived,
    /// Data can flow.
    Established,
    /// Has sent FIN, not yet acknowledged.
    FinWait1,
    /// Has sent FIN, acknowledged; the peer has not.
    FinWait2,
    /// The peer has sent FIN.
    CloseWait,
    /// Both sent FIN at once, own not yet acknowledged.
    Closing,
    /// The peer's FIN came first, own FIN not yet acknowledged.
    LastAck,
    /// Both FINs acknowledged, this end closed first.
    TimeWait,
    /// No connection any more.
    Closed,
}

impl fmt::Display for TcpState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Unknown => "unknown",
            Self::Listen => "LISTEN",
            Self::SynSent => "SYN-SENT",
            Self::SynReceived => "SYN-RECEIVED",
            Self::Established => "ESTABLISHED",
            Self::FinWait1 => "FIN-WAIT-1",
            Self::FinWait2 => "FIN-WAIT-2",
            Self::CloseWait => "CLOSE-WAIT",
            Self::Closing => "CLOSING",
            Self::LastAck => "LAST-ACK",
            Self::TimeWait => "TIME-WAIT",
            Self::Closed => "CLOSED",
        })
    }
}

/// How it is known which end opened the connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Roles {
    /// A SYN or SYN-ACK was seen.
    Seen,
    /// No SYN was seen: the end with the lower port is taken for the server.
    Guessed,
}

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
    /// Copies of packets that were left out.
    pub copies: u32,
    /// The first and last records.
    pub history: History,
    /// Zeek's history letters.
    pub letters: Letters,
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
            copies: 0,
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
    pub fn observe(&mut self, from: Side, segment: &Segment<'_>, time: Timestamp) -> Notes {
        if self.closes_first(from, segment) {
            self.halves[from.index()].marks.insert(Marks::FIN_FIRST);
        }
        let mut notes = self.halves[from.index()].sent(segment, time);
        let peer = &mut self.halves[from.other().index()];
        peer.unanswered = 0;
        if let Some(ack) = segment.acknowledges() {
            let seen = peer.acknowledged(ack);
            if seen.has(Notes::ACKS_UNSEEN) {
                notes.insert(Notes::ACKS_UNSEEN);
            }
        }
        self.last = time;
        notes
    }

    /// Whether `segment` from `from` opens a new incarnation of this pair of endpoints: a SYN with
    /// another initial sequence number, or a SYN where none had been seen (Wireshark does the same).
    pub fn is_reopened_by(&self, from: Side, segment: &Segment<'_>) -> bool {
        if !segment.flags.is_syn() {
            return false;
        }
        let half = self.half(from);
        if half.marks.has(Marks::SYN) {
            half.first_seq != segment.seq
        } else {
            // A crossed SYN (simultaneous open) belongs to the connection; after anything else
            // has been said in this direction a SYN is a new beginning.
            half.marks.has(Marks::SPOKE)
                || half.marks.has(Marks::RST)
                || self.half(from.other()).marks.has(Marks::ACKED)
        }
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

    /// Whether the three-way handshake was seen to complete.
    pub fn handshake_complete(&self) -> bool {
        self.half(self.client).marks.has(Marks::SYN)
            && self.half(self.server()).marks.has(Marks::SYN)
            && self.half(self.client).marks.has(Marks::ACKED)
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
}
