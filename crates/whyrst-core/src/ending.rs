//! How a connection ended: the reset (or the connect that failed without one), with the connection
//! as it was at that moment and what both ends did afterwards. All evidence is drawn from here.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::asked::Asked;
use crate::connection::{Connection, TcpState};
use crate::flow::Side;
use crate::half::Marks;
use crate::history::{Notes, Record};
use crate::kernel::KernelReset;
use crate::observation::IcmpError;
use crate::segment::{Endpoint, Flags, OptionSet, Segment};
use crate::seq::Seq;
use crate::service::{Moment, Service};
use crate::socket::{Account, Translation, Wire};
use crate::speech::Speech;
use crate::time::{Span, Timestamp};
use crate::vantage::Joined;

/// Payload octets kept of a RST: enough for any diagnostic text in use.
pub const RST_PAYLOAD_LIMIT: usize = 128;
/// Octets kept of what follows a RST in its frame: F5's trailers have 100 to 200.
pub const RST_TRAILER_LIMIT: usize = 256;

/// Whether a RST ended it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EndingKind {
    /// At least one RST was seen.
    Reset,
    /// The connect failed and no RST was seen.
    FailedConnect,
}

/// Would the receiver have accepted the RST? (RFC 9293 section 3.5.3, RFC 5961 section 3.2, and
/// what Linux does beyond them: CATALOGUE section 2.)
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Acceptance {
    /// At exactly the number the receiver expects next, or in SYN-SENT acknowledging its SYN.
    Exact,
    /// Between what the receiver has acknowledged and what was sent to it: exact if nothing was lost.
    IfNothingLost,
    /// In the receive window but not exact: answered by a challenge ACK.
    Challenged,
    /// Outside the receive window, or in SYN-SENT without the right acknowledgment: ignored.
    Ignored,
    /// The capture does not show what the receiver expects.
    Unknown,
}

impl Acceptance {
    /// `Some` where the packets decide it.
    pub const fn accepted(self) -> Option<bool> {
        match self {
            Self::Exact => Some(true),
            Self::Challenged | Self::Ignored => Some(false),
            Self::IfNothingLost | Self::Unknown => None,
        }
    }
}

/// One RST.
#[derive(Clone, Debug)]
pub struct Rst {
    /// The segment.
    pub record: Record,
    /// What it carried, at most [`RST_PAYLOAD_LIMIT`] octets.
    pub payload: Vec<u8>,
    /// Reason code of its `MP_TCPRST` option (RFC 8684 section 3.6).
    pub mptcp_reason: Option<u8>,
    /// What stood behind it in its frame, when that is no padding; at most [`RST_TRAILER_LIMIT`] octets.
    pub trailer: Vec<u8>,
    /// The segment of the other end that it answers, when one fits (RFC 9293 section 3.5.2).
    pub trigger: Option<Record>,
    /// Whether its receiver would have taken it.
    pub acceptance: Acceptance,
}

/// An ICMP error about this connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IcmpSeen {
    /// Where and when.
    pub at: Moment,
    /// What it says.
    pub error: IcmpError,
}

/// What the kernel of the end that sent the RST says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum KernelWord {
    /// Nobody asked it.
    NotAsked,
    /// It was asked and sent no such RST: a firewall on that host or something on the path did.
    SentNone,
    /// It sent the RST, and this is why.
    Sent(KernelReset),
}

/// What an ending is drawn from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Basis {
    /// Packets were seen.
    #[default]
    Packets,
    /// A kernel told of a socket; its segments are concluded from that, not seen ([`crate::live`]).
    Sockets,
    /// Some packets were seen, and it is known that others were not looked at: single packets can be
    /// compared, the course of the connection cannot be told.
    Sample,
}

/// A connection's ends as packets between its hosts have them, behind the NAT of the host that tells of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OnWire {
    /// Nobody could be asked.
    Unknown,
    /// Those of the connection.
    Same,
    /// Other ones.
    Other {
        /// For the client's.
        client: Endpoint,
        /// For the server's.
        server: Endpoint,
    },
}

/// How one incarnation of a connection ended.
#[derive(Clone, Debug)]
pub struct Ending {
    /// With or without a RST.
    pub kind: EndingKind,
    /// The connection just before its first RST, or at its end when there was none.
    pub connection: Connection,
    /// The connection when nothing more was expected.
    pub finally: Connection,
    /// The remembered segments before the first RST, oldest first.
    pub before: Vec<Record>,
    /// What each end had said first and last before the first RST; indexed by [`Side::index`].
    pub said: [Speech; 2],
    /// The name of the service that the client asked for.
    pub asked: Option<Asked>,
    /// The RSTs, oldest first, up to a bound.
    pub resets: Vec<Rst>,
    /// How many RSTs there were in all.
    pub resets_total: u32,
    /// What followed the first RST (without RSTs), up to a bound.
    pub after: Vec<Record>,
    /// How many segments followed in all.
    pub after_total: u32,
    /// ICMP errors about it, up to a bound.
    pub icmp: Vec<IcmpSeen>,
    /// The service at the moment of the first RST.
    pub service: Service,
    /// The service when nothing more was expected.
    pub service_later: Service,
    /// The time at which the capture begins.
    pub seen_from: Timestamp,
    /// The time up to which the capture was read when this was settled.
    pub seen_until: Timestamp,
    /// What the kernel of the RST's sender says.
    pub kernel: KernelWord,
    /// Whether packets or sockets told of it.
    pub basis: Basis,
    /// What the ends' kernels know of their sockets, indexed by [`Side::index`].
    pub accounts: [Option<Box<Account>>; 2],
    /// What other capture points know of it, when there are any.
    pub joined: Option<Box<Joined>>,
}

impl Ending {
    /// What stands on the wire, as the host of the sender knows it, or else that of the receiver.
    pub fn on_wire(&self) -> OnWire {
        let known = [self.sender(), self.receiver()].into_iter().find_map(|side| Some((side, self.account(side)?)));
        match known.map(|(side, account)| (side, account.translation)) {
            None | Some((_, Translation::Unknown)) => OnWire::Unknown,
            Some((_, Translation::Untranslated)) => OnWire::Same,
            Some((side, Translation::To(Wire { local, remote }))) if side == self.connection.client => {
                OnWire::Other { client: local, server: remote }
            }
            Some((_, Translation::To(Wire { local, remote }))) => OnWire::Other { client: remote, server: local },
        }
    }

    /// The RST that the connection's end is attributed to: the first one. Later ones answer
    /// segments that were still in flight, or repeat it (CATALOGUE sections 2 and 5, class C12).
    pub fn rst(&self) -> Option<&Rst> {
        self.resets.first()
    }

    /// Who sent the first RST, or for a failed connect the end that did not answer.
    pub fn sender(&self) -> Side {
        self.rst().map_or(self.connection.server(), |rst| rst.record.from)
    }

    /// The other end.
    pub fn receiver(&self) -> Side {
        self.sender().other()
    }

    /// When it ended: the time of the first RST, or of the last segment.
    pub fn time(&self) -> Timestamp {
        self.rst().map_or(self.connection.last, |rst| rst.record.time)
    }

    /// What one end had said first and last.
    pub const fn said(&self, side: Side) -> &Speech {
        &self.said[side.index()]
    }

    /// The first remembered segment that `wanted` accepts, before the RST.
    pub fn earlier(&self, wanted: impl Fn(&Record) -> bool) -> Option<&Record> {
        self.before.iter().find(|record| wanted(record))
    }

    /// The last such segment.
    pub fn latest(&self, wanted: impl Fn(&Record) -> bool) -> Option<&Record> {
        self.before.iter().rev().find(|record| wanted(record))
    }

    /// The client's SYN, when it was seen.
    pub fn syn(&self) -> Option<&Record> {
        let opens = |record: &Record| record.flags.is_syn() && !record.notes.has(Notes::SYN_ON_LIVE);
        self.earlier(|record| record.from == self.connection.client && opens(record))
    }

    /// The server's SYN-ACK, when it was seen.
    pub fn syn_ack(&self) -> Option<&Record> {
        self.earlier(|record| record.from == self.connection.server() && record.flags.is_syn_ack())
    }

    /// How long nothing had been sent when the RST came.
    pub fn idle(&self) -> Span {
        self.time().since(self.connection.last)
    }

    /// How long the capture goes on after the RST.
    pub fn watched_after(&self) -> Span {
        self.seen_until.since(self.time())
    }

    /// What the kernel of `side` knows of its socket.
    pub fn account(&self, side: Side) -> Option<&Account> {
        self.accounts[side.index()].as_deref()
    }

    /// Records that only one direction of the connection was captured.
    pub fn one_sided(&self) -> bool {
        let spoke = |side: Side| {
            self.finally.half(side).marks.has(Marks::SPOKE) || self.finally.half(side).marks.has(Marks::RST)
        };
        spoke(Side::Low) != spoke(Side::High)
    }
}

/// Judges whether `segment`, a RST from `from`, is acceptable to its receiver.
pub fn acceptance(connection: &Connection, from: Side, segment: &Segment<'_>) -> Acceptance {
    let (sender, receiver) = (connection.half(from), connection.half(from.other()));
    if unsigned_on_signed(connection, segment) {
        return Acceptance::Ignored;
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
        _ => Acceptance::Ignored,
    }
}

/// A reset in answer leaves within the same interrupt, so it is seen at the latest one round trip
/// after what it answers. Anything later is the sender's own decision or answers something unseen.
const ANSWERED_WITHIN: Span = Span::from_secs(3);
/// By so much a path and two hosts stretch or squeeze a burst.
const JITTER: Span = Span::from_millis(5);

/// The segment that a reset in answer must have answered (RFC 9293 section 3.5.2): a bare RST
/// takes its sequence number from that segment's ACK field; a RST with ACK and sequence 0
/// acknowledges a segment that had no ACK. What the sender of the RST has acknowledged since, it
/// did not answer with RST.
///
/// Of several that it can answer, the last one; but data that its sender neither acknowledged nor
/// can have had before what it sent last comes first: segments are answered in their order, and a
/// receiver that joins a burst into one (GRO) answers the whole of it once.
pub fn trigger<'a>(records: impl DoubleEndedIterator<Item = &'a Record>, rst: &Record) -> Option<Record> {
    let mut found: Option<Record> = None;
    for record in answerable(records, rst) {
        let repeated = found.is_some_and(|later| later.notes.has(Notes::RETRANSMISSION));
        if found.is_none() || (is_data(record) && !repeated) {
            found = Some(*record);
        }
    }
    found
}

/// The last segment that the RST can answer.
pub fn latest_trigger<'a>(records: impl DoubleEndedIterator<Item = &'a Record>, rst: &Record) -> Option<Record> {
    answerable(records, rst).next().copied()
}

/// The segments that the RST can answer, the last one first.
fn answerable<'a>(
    records: impl DoubleEndedIterator<Item = &'a Record>,
    rst: &Record,
) -> impl Iterator<Item = &'a Record> {
    let mut acknowledged: Option<Seq> = None;
    records.rev().filter(move |record| {
        if record.from == rst.from {
            if record.flags.has(Flags::ACK) && !record.flags.has(Flags::RST) {
                acknowledged = Some(acknowledged.map_or(record.ack, |known| known.max(record.ack)));
            }
            return false;
        }
        let taken = record.seq_len() > 0 && acknowledged.is_some_and(|ack| !ack.before(record.end()));
        !taken && answers(rst, record) && rst.time.since(record.time) <= ANSWERED_WITHIN
    })
}

/// Where several equal RSTs came, each answers a segment of its own (CATALOGUE section 1): the first one
/// then answers the first of as many segments as there were resets, less those that came only later.
pub fn settle_trigger(resets: &mut [Rst], before: &[Record], after: &[Record]) {
    let Some((first, others)) = resets.split_first_mut() else { return };
    let rst = first.record;
    if rst.flags.has(Flags::ACK) || first.trigger.is_none() {
        return;
    }
    let equal = |other: &Record| other.from == rst.from && other.flags == rst.flags && other.seq == rst.seq;
    let soon = |other: &Record| other.time.since(rst.time) <= ANSWERED_WITHIN;
    let train = || others.iter().filter(|other| equal(&other.record) && soon(&other.record));
    let more = train().count();
    let took = train().next_back().map_or(Span::ZERO, |last| last.record.time.since(rst.time));
    let later = after.iter().filter(|one| one.from != rst.from && answers(&rst, one)).count();
    // What came before its sender spoke last was heard by a socket, unless it was data.
    let spoke = before.iter().rposition(|record| record.from == rst.from).map_or(0, |at| at + 1);
    let candidates = answerable(before.iter(), &rst)
        .enumerate()
        .filter(|(_, record)| is_data(record) || before[spoke..].iter().any(|late| late.frame == record.frame));
    let nth = candidates.take(1 + more.saturating_sub(later)).last().map(|(_, record)| *record);
    if let (Some(nth), Some(known)) = (nth, first.trigger)
        && nth.frame < known.frame
        // The answers follow each other as the segments did; copies of one answer come at once.
        && known.time.since(nth.time).nanos() <= took.nanos().saturating_add(JITTER.nanos())
    {
        first.trigger = Some(nth);
    }
}

fn is_data(record: &Record) -> bool {
    record.len > 0 && !record.notes.has(Notes::PROBE) && !record.flags.has(Flags::SYN)
}

fn answers(rst: &Record, segment: &Record) -> bool {
    if segment.flags.has(Flags::RST) {
        return false;
    }
    if rst.flags.has(Flags::ACK) {
        !segment.flags.has(Flags::ACK) && rst.ack == segment.end()
    } else {
        segment.flags.has(Flags::ACK) && rst.seq == segment.ack
    }
}
