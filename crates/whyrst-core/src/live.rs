//! A reset as a kernel told of it, made into an [`Ending`], so that the same causes judge it and the
//! same words report it.
//!
//! No packet was captured. What must have gone over the wire follows from what the socket went
//! through: a socket in ESTABLISHED that was opened by `connect()` has sent a SYN, and its sequence
//! numbers are those of `struct tcp_sock`. Such a segment stands in the ending as a record whose
//! options are marked as cut off, so that no question takes an unseen field for an observation.
//! What the numbers cannot tell (whose data came last within one tick of the kernel's clock) is
//! left out.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::connection::{Connection, TcpState};
use crate::ending::{Acceptance, Basis, Ending, EndingKind, KernelWord, Rst, acceptance};
use crate::flow::{FlowKey, Side};
use crate::half::Marks;
use crate::history::Record;
use crate::kernel::RstReason;
use crate::observation::{Frame, Interface, Observation, Seen};
use crate::segment::{Endpoint, Flags, IpFacts, IpKind, OptionSet, Options, Segment};
use crate::seq::Seq;
use crate::service::Service;
use crate::socket::{Opened, SocketEvent, SocketFacts, Told, Trigger};
use crate::time::{Span, Timestamp};
use crate::zeek::Originator;

/// The kernel counts these times in ticks of 1 to 10 ms: closer ones have no order.
const SAME_TICK: Span = Span::from_millis(21);

/// The ending that `event` tells of, and what the other end said of the same RST where it is on
/// this host too.
pub fn ending(event: &SocketEvent, peer: Option<&SocketEvent>) -> Ending {
    let mut story = Story::of(event);
    let rst = story.rst(event);
    let kernel = match &event.told {
        Told::Sent(word) => KernelWord::Sent(word.clone()),
        Told::Received => KernelWord::NotAsked,
    };
    story.finish(event, peer, rst, kernel)
}

/// The connection as it is told, and the records that can be put in an order.
struct Story<'a> {
    local: Endpoint,
    remote: Endpoint,
    facts: Option<&'a SocketFacts>,
    connection: Option<Connection>,
    records: Vec<Record>,
    /// Number of the last record.
    last: u64,
}

/// A segment that must have gone.
#[derive(Clone, Copy)]
struct Past {
    time: Timestamp,
    by: By,
    flags: Flags,
    seq: Seq,
    len: u32,
    order: Order,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Local,
    Remote,
}

/// Whether its place among the others is known.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    Known,
    Unknown,
}

const PLAIN: Flags = Flags::ACK;

impl<'a> Story<'a> {
    fn of(event: &'a SocketEvent) -> Self {
        let facts = event.account.socket.as_ref();
        let mut story =
            Self { local: event.local, remote: event.remote, facts, connection: None, records: Vec::new(), last: 0 };
        if let Some(facts) = facts {
            story.live(facts, event.time);
        }
        if let Some(trigger) = event.trigger {
            story.answered(&trigger, event);
        }
        story
    }

    /// Everything that the socket must have sent and received.
    fn live(&mut self, facts: &SocketFacts, now: Timestamp) {
        for told in segments(facts, now) {
            self.observe(told);
        }
        let Some(connection) = &mut self.connection else { return };
        if !facts.is_synchronised() {
            return;
        }
        // What both have acknowledged in the end.
        let (_, local) = FlowKey::of(self.local, self.remote);
        let una = facts.snd_nxt.sub(facts.unacked);
        let (mine, theirs) = (connection.half(local).nxt, connection.half(local.other()).nxt);
        let last = connection.last;
        let ack = |src, dst, seq, ack| segment(src, dst, PLAIN, seq, ack, 0);
        connection.observe(local, &ack(self.local, self.remote, mine, facts.rcv_nxt), last, Frame::default());
        connection.observe(local.other(), &ack(self.remote, self.local, theirs, una), last, Frame::default());
        connection.halves[local.index()].retransmissions = facts.retransmits;
    }

    /// The segment that the RST answers, and what must have come before it.
    fn answered(&mut self, trigger: &Trigger, event: &SocketEvent) {
        let time = event.time;
        if met_request(trigger, event) {
            let mut opening = |by, flags, seq| {
                self.observe(Past { time, by, flags, seq, len: 0, order: Order::Known });
            };
            opening(By::Remote, Flags::SYN, trigger.seq.sub(1));
            opening(By::Local, Flags::SYN.with(Flags::ACK), trigger.ack.sub(1));
        }
        let mut segment = segment(self.remote, self.local, trigger.flags, trigger.seq, trigger.ack, trigger.len);
        segment.window = trigger.window;
        segment.ip.ttl = trigger.ttl;
        self.take(time, &segment, Order::Known);
    }

    fn observe(&mut self, told: Past) {
        let (src, dst) = if told.by == By::Local { (self.local, self.remote) } else { (self.remote, self.local) };
        let (key, from) = FlowKey::of(src, dst);
        let peer = self.connection.map(|connection| *connection.half(from.other()));
        let ack = peer.filter(|peer| peer.marks.has(Marks::SPOKE) && key == self.key()).map(|peer| peer.nxt);
        let segment = segment(src, dst, told.flags, told.seq, ack.unwrap_or_default(), told.len);
        self.take(told.time, &segment, told.order);
    }

    fn key(&self) -> FlowKey {
        FlowKey::of(self.local, self.remote).0
    }

    fn take(&mut self, time: Timestamp, segment: &Segment<'_>, order: Order) {
        let (key, from) = FlowKey::of(segment.src, segment.dst);
        self.last += 1;
        let frame = Frame::new(0, self.last);
        let connection = self.connection.get_or_insert_with(|| Connection::new(key, from, segment, time, frame));
        let mut record = record(time, frame, segment, from);
        record.notes.insert(connection.observe(from, segment, time, frame));
        let by = if from == connection.client { Originator::Client } else { Originator::Server };
        connection.letters.add(&record, by);
        if order == Order::Known {
            self.records.push(record);
        }
    }

    /// The RST as the kernel makes it (CATALOGUE section 1), or as it must have been to be taken.
    fn rst(&mut self, event: &SocketEvent) -> Rst {
        let facts = self.facts.cloned().unwrap_or_default();
        let sent = matches!(event.told, Told::Sent(_));
        let (flags, seq, ack) = match (&event.trigger, sent) {
            (Some(trigger), _) if trigger.flags.has(Flags::ACK) => (Flags::RST, trigger.ack, Seq::default()),
            (Some(trigger), _) => (Flags::RST.with(Flags::ACK), Seq::default(), end_of(trigger)),
            (None, true) => (Flags::RST.with(Flags::ACK), facts.snd_nxt, facts.rcv_nxt),
            (None, false) if !facts.is_synchronised() => (Flags::RST.with(Flags::ACK), Seq::default(), facts.snd_nxt),
            (None, false) => (Flags::RST, facts.rcv_nxt, Seq::default()),
        };
        let (src, dst) = if sent { (self.local, self.remote) } else { (self.remote, self.local) };
        let mut segment = segment(src, dst, flags, seq, ack, 0);
        if sent && event.trigger.is_some() {
            segment.window = 0;
        }
        let (key, from) = FlowKey::of(src, dst);
        let frame = Frame::new(0, self.last + 1);
        let connection =
            *self.connection.get_or_insert_with(|| Connection::new(key, from, &segment, event.time, frame));
        let taken = if sent { acceptance(&connection, from, &segment) } else { Acceptance::Exact };
        let answered = self.answered_by_rst(event);
        Rst {
            record: record(event.time, frame, &segment, from),
            payload: Vec::new(),
            mptcp_reason: None,
            trailer: Vec::new(),
            trigger: answered,
            acceptance: taken,
        }
    }

    /// A RST that was taken in SYN-SENT refuses the SYN.
    fn answered_by_rst(&self, event: &SocketEvent) -> Option<Record> {
        let last = self.records.last().copied();
        match event.told {
            Told::Sent(_) => last.filter(|_| event.trigger.is_some()),
            Told::Received => last.filter(|record| record.flags.is_syn() && self.records.len() == 1),
        }
    }

    fn finish(self, event: &SocketEvent, peer: Option<&SocketEvent>, rst: Rst, kernel: KernelWord) -> Ending {
        let mut connection = self.connection.unwrap_or_else(|| unreachable_connection(event));
        for half in &mut connection.halves {
            // No hop count was seen, so none can be compared.
            half.marks.insert(Marks::TTL_VARIES);
        }
        let from = rst.record.from;
        let mut finally = connection;
        finally.halves[from.index()].marks.insert(Marks::RST);
        let by = if from == connection.client { Originator::Client } else { Originator::Server };
        finally.letters.add(&rst.record, by);
        finally.last = event.time;
        let (_, local) = FlowKey::of(event.local, event.remote);
        let mut accounts = [None, None];
        accounts[local.index()] = Some(Box::new(event.account.clone()));
        accounts[local.other().index()] = peer.map(|peer| Box::new(peer.account.clone()));
        Ending {
            kind: EndingKind::Reset,
            connection,
            finally,
            before: self.records,
            resets: alloc::vec![rst],
            resets_total: 1,
            after: Vec::new(),
            after_total: 0,
            icmp: Vec::new(),
            service: Service::default(),
            service_later: Service::default(),
            said: Default::default(),
            seen_from: connection.first,
            seen_until: event.time,
            joined: None,
            kernel,
            basis: Basis::Sockets,
            accounts,
        }
    }
}

/// `rst` has made a connection of its own segment where nothing else was known.
fn unreachable_connection(event: &SocketEvent) -> Connection {
    let (key, from) = FlowKey::of(event.local, event.remote);
    let nothing = segment(event.local, event.remote, Flags::RST, Seq::default(), Seq::default(), 0);
    Connection::new(key, from, &nothing, event.time, Frame::default())
}

/// `tcp_check_req` gives `INVALID_SYN` to an ACK only when it completes a handshake that the accept
/// queue has no room for: SYN and SYN-ACK had gone before, and the ACK fits both.
fn met_request(trigger: &Trigger, event: &SocketEvent) -> bool {
    let invalid_syn = matches!(&event.told, Told::Sent(word) if word.reason == Some(RstReason::InvalidSyn));
    invalid_syn && trigger.flags.has(Flags::ACK) && !trigger.flags.has(Flags::SYN)
}

impl SocketFacts {
    /// The handshake was complete once.
    pub fn is_synchronised(&self) -> bool {
        let beyond = |step: &crate::socket::Step| {
            !matches!(step.state, TcpState::SynSent | TcpState::SynReceived | TcpState::Closed | TcpState::Listen)
        };
        self.steps.iter().any(beyond) || self.received > 0 || self.acked > 1
    }
}

/// What the socket must have sent and received, in the order of time.
fn segments(facts: &SocketFacts, now: Timestamp) -> Vec<Past> {
    let una = facts.snd_nxt.sub(facts.unacked);
    let mine = una.sub(low_bits(facts.acked));
    let theirs = facts.rcv_nxt.sub(low_bits(facts.received));
    let mut told = Vec::new();
    let start = match facts.opened {
        // The SYN is counted as acknowledged where this end sent it first (`tcp_ack`).
        Opened::Actively => mine.add(1),
        Opened::Passively | Opened::Unseen => mine,
    };
    opening(facts, start, theirs, &mut told);
    if facts.is_synchronised() {
        transfer(facts, start, theirs, now, &mut told);
    }
    told
}

fn opening(facts: &SocketFacts, mine: Seq, theirs: Seq, told: &mut Vec<Past>) {
    let (Some(born), Some(open)) = (facts.born(), facts.entered(&[TcpState::Established]).or(facts.born())) else {
        return;
    };
    let (first, second) =
        if facts.opened == Opened::Actively { (By::Local, By::Remote) } else { (By::Remote, By::Local) };
    let isn = |by: By| if by == By::Local { mine.sub(1) } else { theirs.sub(1) };
    let syn_ack = Flags::SYN.with(Flags::ACK);
    let order = Order::Known;
    told.push(Past { time: born, by: first, flags: Flags::SYN, seq: isn(first), len: 0, order });
    if facts.is_synchronised() {
        told.push(Past { time: open, by: second, flags: syn_ack, seq: isn(second), len: 0, order });
        told.push(Past { time: open, by: first, flags: PLAIN, seq: isn(first).add(1), len: 0, order });
    }
}

fn transfer(facts: &SocketFacts, mine: Seq, theirs: Seq, now: Timestamp, told: &mut Vec<Past>) {
    use TcpState::{CloseWait, Closing, FinWait1, LastAck, TimeWait};
    let fin_sent = facts.entered(&[FinWait1, LastAck, Closing]).filter(|_| facts.unsent == 0);
    let fin_received = facts.peer_closed.then(|| facts.entered(&[CloseWait, Closing, TimeWait]));
    let fin_received = fin_received.map(|time| time.or(facts.gone).unwrap_or(now));
    let sent = facts.snd_nxt.relative_to(mine).saturating_sub(u32::from(fin_sent.is_some()));
    let received = low_bits(facts.received).saturating_sub(u32::from(facts.peer_closed));
    let at = |data: Option<Timestamp>, fin: Option<Timestamp>| {
        let data = data.unwrap_or(now);
        fin.map_or(data, |fin| data.min(fin))
    };
    let (out, came) = (at(facts.last_sent, fin_sent), at(facts.last_received, fin_received));
    let order = match (facts.last_sent, facts.last_received) {
        (Some(one), Some(other)) if one.since(other).abs() < SAME_TICK => Order::Unknown,
        _ => Order::Known,
    };
    let known = Order::Known;
    if facts.opened == Opened::Unseen {
        // Where each began is known; how is not.
        for (by, seq) in [(By::Local, mine), (By::Remote, theirs)] {
            told.push(Past { time: out.min(came), by, flags: PLAIN, seq, len: 0, order: Order::Unknown });
        }
    }
    let first = told.len();
    if received > 0 {
        told.push(Past { time: came, by: By::Remote, flags: PLAIN, seq: theirs, len: received, order });
    }
    if sent > 0 {
        told.push(Past { time: out, by: By::Local, flags: PLAIN, seq: mine, len: sent, order });
    }
    let fin = Flags::FIN.with(Flags::ACK);
    if let Some(time) = fin_sent {
        told.push(Past { time, by: By::Local, flags: fin, seq: mine.add(sent), len: 0, order: known });
    }
    if let Some(time) = fin_received {
        told.push(Past { time, by: By::Remote, flags: fin, seq: theirs.add(received), len: 0, order: known });
    }
    told[first..].sort_by_key(|told| told.time);
}

fn end_of(trigger: &Trigger) -> Seq {
    let controls = u32::from(trigger.flags.has(Flags::SYN)) + u32::from(trigger.flags.has(Flags::FIN));
    trigger.seq.add(trigger.len).add(controls)
}

/// Sequence numbers are counted modulo 2^32.
const fn low_bits(octets: u64) -> u32 {
    (octets & 0xffff_ffff) as u32
}

fn segment(src: Endpoint, dst: Endpoint, flags: Flags, seq: Seq, ack: Seq, len: u32) -> Segment<'static> {
    Segment {
        src,
        dst,
        seq,
        ack,
        flags,
        // Not seen; anything but the 0 that would mean something.
        window: u16::MAX,
        checksum: 0,
        ip: IpFacts { ttl: 0, traffic_class: 0, kind: IpKind::V4 { id: 0, dont_fragment: false } },
        options: Options { set: OptionSet::CUT, ..Options::default() },
        len,
        payload: &[],
        trailer: &[],
    }
}

fn record(time: Timestamp, frame: Frame, segment: &Segment<'_>, from: Side) -> Record {
    let observation = Observation { time, frame, interface: Interface::default(), what: Seen::Segment(*segment) };
    Record::new(&observation, segment, from)
}
