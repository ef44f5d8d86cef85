//! Whether a RST would have been taken by its receiver (RFC 9293 section 3.5.3, RFC 5961 section 3.2),
//! and what Linux takes beyond that (`tcp_reset_check`, `tcp_validate_incoming`).
//!
//! The facts behind it: docs/internals/acceptance.md#by-state.

use crate::connection::{Connection, TcpState};
use crate::flow::Side;
use crate::half::Marks;
use crate::segment::{Assumed, OptionSet, Segment};
use crate::seq::Seq;

/// Would the receiver have accepted the RST?
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Acceptance {
    /// At exactly the number the receiver expects next, or in SYN-SENT acknowledging its SYN.
    Exact,
    /// Between what the receiver has acknowledged and what was sent to it: exact if nothing was lost.
    IfNothingLost,
    /// In the receive window but not exact: answered by a challenge ACK.
    Challenged,
    /// Outside the receive window: ignored.
    Ignored,
    /// In SYN-SENT without an acknowledgment of the SYN: ignored.
    WrongAck,
    /// Without a signature on a connection whose segments are signed: ignored.
    Unsigned,
    /// With a wrong checksum, while its sender's others are right: dropped before TCP looks at it.
    Damaged,
    /// The capture does not show what the receiver expects.
    Unknown,
}

impl Acceptance {
    /// `Some` where the packets decide it.
    pub const fn accepted(self) -> Option<bool> {
        match self {
            Self::Exact => Some(true),
            Self::Challenged | Self::Ignored | Self::WrongAck | Self::Unsigned | Self::Damaged => Some(false),
            Self::IfNothingLost | Self::Unknown => None,
        }
    }
}

/// Judges whether `segment`, a RST from `from`, is acceptable to its receiver.
pub fn acceptance(connection: &Connection, from: Side, segment: &Segment<'_>) -> Acceptance {
    if segment.assumed.has(Assumed::SEQ) {
        return Acceptance::Unknown;
    }
    let (sender, receiver) = (connection.half(from), connection.half(from.other()));
    if segment.checksum_right == Some(false) && connection.checksums.can_be_judged(from) {
        return Acceptance::Damaged;
    }
    if unsigned_on_signed(connection, segment) {
        return Acceptance::Unsigned;
    }
    if receiver.marks.has(Marks::SYN) && !sender.marks.has(Marks::SPOKE) && !receiver.marks.has(Marks::ACKED) {
        return in_syn_sent(receiver.first_seq, receiver.nxt, segment);
    }
    if !receiver.marks.has(Marks::ACKED) {
        return Acceptance::Unknown;
    }
    let expected = receiver.ack;
    if is_expected(connection, from, segment.seq) {
        Acceptance::Exact
    } else if segment.seq.before(expected) || connection.state(from.other()) == TcpState::TimeWait {
        Acceptance::Ignored
    } else if sender.marks.has(Marks::SPOKE) && !segment.seq.after(sender.nxt) {
        Acceptance::IfNothingLost
    } else {
        connection.offered_window(from.other()).map_or(Acceptance::Unknown, |window| {
            if segment.seq.in_window(expected, window) { Acceptance::Challenged } else { Acceptance::Ignored }
        })
    }
}

/// The three numbers that Linux takes: RCV.NXT, the one below it once the FIN has arrived, and the
/// end of what has arrived out of order (`tcp_reset_check`, `tcp_validate_incoming`).
fn is_expected(connection: &Connection, from: Side, seq: Seq) -> bool {
    let (sender, receiver) = (connection.half(from), connection.half(from.other()));
    let expected = receiver.ack;
    let sacked = receiver.marks.has(Marks::SACKED) && receiver.sack_edge.after(expected);
    seq == expected
        || (sender.marks.has(Marks::FIN_ACKED) && seq == expected.sub(1))
        || (sacked && seq == receiver.sack_edge)
}

/// RFC 2385, RFC 5925: on a connection whose segments are signed, an unsigned RST is dropped.
fn unsigned_on_signed(connection: &Connection, segment: &Segment<'_>) -> bool {
    let set = segment.options.set;
    let signed = set.has(OptionSet::MD5) || set.has(OptionSet::AO) || set.has(OptionSet::CUT);
    !signed && Side::BOTH.iter().all(|side| connection.half(*side).marks.has(Marks::SIGNED))
}

/// SYN-SENT: only a RST that acknowledges the SYN counts (RFC 9293 section 3.10.7.3).
fn in_syn_sent(isn: Seq, nxt: Seq, segment: &Segment<'_>) -> Acceptance {
    match segment.acknowledges() {
        Some(ack) if ack.after(isn) && !ack.after(nxt) => Acceptance::Exact,
        _ => Acceptance::WrongAck,
    }
}
