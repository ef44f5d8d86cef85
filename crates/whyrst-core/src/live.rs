//! A reset as a kernel reported it, made into an [`Outcome`], so that the same causes judge it and the
//! same words report it.
//!
//! No packet was captured. What must have gone over the wire follows from what the socket went
//! through: a socket in ESTABLISHED that was opened by `connect()` has sent a SYN, and its sequence
//! numbers are those of `struct tcp_sock`. Such a segment stands in the outcome as a record whose
//! options are marked as cut off, so that no question takes an unseen field for an observation.
//! What the numbers cannot tell (whose data came last within one tick of the kernel's clock) is
//! left out.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::acceptance::{Acceptance, acceptance};
use crate::connection::{Connection, TcpState};
use crate::flow::{FlowKey, Side};
use crate::half::Marks;
use crate::history::Record;
use crate::kernel::KernelWord;
use crate::kernel::RstReason;
use crate::letters::Originator;
use crate::observation::{Frame, Interface, Observation, Seen};
use crate::outcome::{Basis, Incarnation, Outcome, Reset};
use crate::rst::{Rst, Rsts};
use crate::segment::{Assumed, Endpoint, Flags, IpFacts, IpKind, OptionSet, Options, Segment};
use crate::seq::Seq;
use crate::service::Service;
use crate::socket::{Opened, SocketEvent, SocketFacts, SocketReset, Told, Trigger};
use crate::time::{Span, Timestamp};

/// The kernel counts these times in ticks of 1 to 10 ms: closer ones have no order.
const SAME_TICK: Span = Span::from_millis(21);

impl SocketReset {
    /// What the causes judge.
    pub fn outcome(&self) -> Outcome {
        let reset = reset(&self.event, self.peer.as_ref());
        Outcome::Reset(if self.unsent { Reset { kernel: KernelWord::SentNone, ..reset } } else { reset })
    }
}

impl SocketReset {
    /// The same reset as packets show it, with what the kernels of its ends know added.
    ///
    /// The packets are those of the network namespace of [`Self::event`], so its names are theirs. Behind NAT the other
    /// end has other names for both ends, which say nothing of its side here.
    pub fn beside(&self, mut packets: Outcome) -> Outcome {
        let (_, side) = FlowKey::of(self.event.local, self.event.remote);
        let accounts = &mut packets.incarnation_mut().accounts;
        accounts[side.index()] = Some(Box::new(self.event.account.clone()));
        if let Some(peer) = &self.peer {
            accounts[side.other().index()] = Some(Box::new(peer.account.clone()));
        }
        if let Told::Sent(word) = &self.event.told {
            packets.note_kernel(KernelWord::Sent(word.clone()));
        }
        packets
    }
}

/// The outcome that `event` tells of, and what the other end said of the same RST where it is on
/// this host too.
fn reset(event: &SocketEvent, peer: Option<&SocketEvent>) -> Reset {
    let mut story = Story::of(event);
    let rst = story.rst(event);
    let kernel = match &event.told {
        Told::Sent(word) => KernelWord::Sent(word.clone()),
        Told::Received => KernelWord::NotAsked,
    };
    story.finish(event, peer, rst, kernel)
}

/// The connection as it is reported, and the records that can be put in an order.
struct Story<'a> {
    local: Endpoint,
    remote: Endpoint,
    facts: Option<&'a SocketFacts>,
    connection: Option<Connection>,
    /// The state that an earlier connection of the same ports was left in.
    earlier: Option<TcpState>,
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
        let mut story = Self {
            local: event.local,
            remote: event.remote,
            facts,
            connection: None,
            earlier: None,
            records: Vec::new(),
            last: 0,
        };
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
        for past in segments(facts, now) {
            self.observe(past);
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
        if trigger.flags.is_syn() {
            self.begin_anew();
        }
        if met_request(trigger, event) {
            let mut opening = |by, flags, seq| {
                self.observe(Past { time, by, flags, seq, len: 0, order: Order::Known });
            };
            opening(By::Remote, Flags::SYN, trigger.seq.sub(1));
            opening(By::Local, Flags::SYN.with(Flags::ACK), trigger.ack.sub(1));
        }
        let mut segment = segment(self.remote, self.local, trigger.flags, trigger.seq, trigger.ack, trigger.len);
        segment.window = trigger.window;
        segment.ip.ttl = Some(trigger.ttl);
        let earlier = self.earlier.take();
        self.take(time, &segment, Order::Known);
        if let Some(connection) = &mut self.connection {
            connection.earlier = earlier.or(connection.earlier);
        }
    }

    /// A SYN for a socket that is gone begins another connection of the same two ports.
    fn begin_anew(&mut self) {
        let (_, local) = FlowKey::of(self.local, self.remote);
        if self.facts.is_some_and(|facts| facts.gone.is_some())
            && let Some(connection) = self.connection.take()
        {
            self.earlier = Some(connection.state(local));
            self.records.clear();
        }
    }

    fn observe(&mut self, past: Past) {
        let (src, dst) = if past.by == By::Local { (self.local, self.remote) } else { (self.remote, self.local) };
        let (key, from) = FlowKey::of(src, dst);
        let peer = self.connection.map(|connection| *connection.half(from.other()));
        let ack = peer.filter(|peer| peer.marks.has(Marks::SPOKE) && key == self.key()).map(|peer| peer.nxt);
        let segment = segment(src, dst, past.flags, past.seq, ack.unwrap_or_default(), past.len);
        self.take(past.time, &segment, past.order);
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

    /// The RST as the kernel makes it (docs/internals/resets.md), or as it must have been to be taken.
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
            link: None,
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

    fn finish(self, event: &SocketEvent, peer: Option<&SocketEvent>, rst: Rst, kernel: KernelWord) -> Reset {
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
        let incarnation = Incarnation {
            connection,
            finally,
            before: self.records,
            icmp: Vec::new(),
            service: Service::default(),
            probes: None,
            service_later: Service::default(),
            said: Default::default(),
            words: Default::default(),
            asked: None,
            seen_from: connection.first,
            seen_until: event.time,
            joined: None,
            twin: None,
            siblings: None,
            basis: Basis::Sockets,
            accounts,
            claims: Vec::new(),
        };
        Reset { incarnation, rsts: Rsts::new(rst), rsts_total: 1, after: Vec::new(), after_total: 0, kernel }
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
    let mut past = Vec::new();
    let start = match facts.opened {
        // The SYN is counted as acknowledged where this end sent it first (`tcp_ack`).
        Opened::Actively => mine.add(1),
        Opened::Passively | Opened::Unseen => mine,
    };
    opening(facts, start, theirs, &mut past);
    if facts.is_synchronised() {
        transfer(facts, start, theirs, now, &mut past);
    }
    past
}

fn opening(facts: &SocketFacts, mine: Seq, theirs: Seq, past: &mut Vec<Past>) {
    let (Some(born), Some(open)) = (facts.born(), facts.entered(&[TcpState::Established]).or(facts.born())) else {
        return;
    };
    let (first, second) =
        if facts.opened == Opened::Actively { (By::Local, By::Remote) } else { (By::Remote, By::Local) };
    let isn = |by: By| if by == By::Local { mine.sub(1) } else { theirs.sub(1) };
    let syn_ack = Flags::SYN.with(Flags::ACK);
    let order = Order::Known;
    past.push(Past { time: born, by: first, flags: Flags::SYN, seq: isn(first), len: 0, order });
    if facts.is_synchronised() {
        past.push(Past { time: open, by: second, flags: syn_ack, seq: isn(second), len: 0, order });
        past.push(Past { time: open, by: first, flags: PLAIN, seq: isn(first).add(1), len: 0, order });
    }
}

fn transfer(facts: &SocketFacts, mine: Seq, theirs: Seq, now: Timestamp, past: &mut Vec<Past>) {
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
    let (sent_at, received_at) = (facts.sent_at(now), facts.received_at(now));
    let (out, came) = (at(sent_at, fin_sent), at(received_at, fin_received));
    let order = match (sent_at, received_at) {
        (Some(one), Some(other)) if one.since(other).abs() < SAME_TICK => Order::Unknown,
        _ => Order::Known,
    };
    let known = Order::Known;
    if facts.opened == Opened::Unseen {
        // Where each began is known; how is not.
        for (by, seq) in [(By::Local, mine), (By::Remote, theirs)] {
            past.push(Past { time: out.min(came), by, flags: PLAIN, seq, len: 0, order: Order::Unknown });
        }
    }
    let first = past.len();
    if received > 0 {
        past.push(Past { time: came, by: By::Remote, flags: PLAIN, seq: theirs, len: received, order });
    }
    if sent > 0 {
        past.push(Past { time: out, by: By::Local, flags: PLAIN, seq: mine, len: sent, order });
    }
    let fin = Flags::FIN.with(Flags::ACK);
    if let Some(time) = fin_sent {
        past.push(Past { time, by: By::Local, flags: fin, seq: mine.add(sent), len: 0, order: known });
    }
    if let Some(time) = fin_received {
        past.push(Past { time, by: By::Remote, flags: fin, seq: theirs.add(received), len: 0, order: known });
    }
    past[first..].sort_by_key(|past| past.time);
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
        checksum_right: None,
        ip: IpFacts { ttl: None, traffic_class: None, kind: IpKind::V4 { id: None, dont_fragment: None } },
        options: Options { set: OptionSet::CUT, ..Options::default() },
        assumed: Assumed::NOTHING,
        len,
        payload: &[],
        trailer: &[],
    }
}

fn record(time: Timestamp, frame: Frame, segment: &Segment<'_>, from: Side) -> Record {
    let observation =
        Observation { time, frame, interface: Interface::default(), link: None, what: Seen::Segment(*segment) };
    Record::new(&observation, segment, from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::KernelReset;
    use crate::segment::Endpoint;
    use crate::socket::{Account, Step};
    use crate::verdict::{Confidence, Judgement, judge};
    use alloc::string::ToString;

    fn end(last: u8, port: u16) -> Endpoint {
        Endpoint::new([10, 0, 0, last].into(), port)
    }

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_nanos(millis * 1_000_000)
    }

    fn sent(reason: RstReason, stack: &[&str]) -> Told {
        Told::Sent(KernelReset {
            time: at(1_000),
            reason: Some(reason),
            reason_name: reason.name().to_string(),
            state: "CLOSE".to_string(),
            local: end(2, 80),
            remote: Some(end(1, 40_000)),
            stack: stack.iter().map(ToString::to_string).collect(),
            comm: "nginx".to_string(),
            pid: 812,
        })
    }

    /// A server's socket that has received 1000 octets and sent 10, open since 0 ms.
    fn facts() -> SocketFacts {
        SocketFacts {
            snd_nxt: Seq::new(511),
            rcv_nxt: Seq::new(2_001),
            received: 1_000,
            acked: 10,
            unread: 904,
            opened: Opened::Passively,
            last_received: Some(at(500)),
            last_sent: Some(at(100)),
            steps: alloc::vec![
                Step { time: at(0), state: TcpState::Established },
                Step { time: at(1_000), state: TcpState::Closed }
            ],
            ..SocketFacts::default()
        }
    }

    fn event(told: Told, trigger: Option<Trigger>, socket: Option<SocketFacts>) -> SocketEvent {
        let account = Account { socket, ..Account::default() };
        SocketEvent { time: at(1_000), told, local: end(2, 80), remote: end(1, 40_000), trigger, account }
    }

    fn outcome(event: &SocketEvent, peer: Option<&SocketEvent>) -> Outcome {
        Outcome::Reset(reset(event, peer))
    }

    fn judged(event: &SocketEvent) -> Judgement {
        judge(&outcome(event, None))
    }

    fn verdict(event: &SocketEvent) -> (&'static str, Confidence) {
        let judgement = judged(event);
        (judgement.cause.map_or("unexplained", |cause| cause.id), judgement.confidence)
    }

    fn segment_to_us(flags: Flags, seq: u32, ack: u32, len: u32) -> Trigger {
        Trigger { seq: Seq::new(seq), ack: Seq::new(ack), len, window: 500, flags, ttl: 64 }
    }

    const ABORT: RstReason = RstReason::TcpAbortOnClose;

    #[test]
    fn a_socket_closed_with_unread_data_is_that_for_certain() {
        assert_eq!(
            verdict(&event(sent(ABORT, &["__tcp_close"]), None, Some(facts()))),
            ("close-unread", Confidence::Certain)
        );
    }

    #[test]
    fn with_everything_read_the_same_reason_is_not_close_unread() {
        let read = SocketFacts { unread: 0, ..facts() };
        let judgement = judged(&event(sent(ABORT, &["__tcp_close"]), None, Some(read)));
        assert_ne!(judgement.cause.map(|cause| cause.id), Some("close-unread"));
        assert!(judgement.confidence <= Confidence::Possible);
    }

    #[test]
    fn the_numbers_of_the_socket_become_those_of_the_connection() {
        let outcome = outcome(&event(sent(ABORT, &[]), None, Some(facts())), None);
        let (client, server) = (outcome.connection().client, outcome.connection().server());
        assert_eq!(outcome.connection().endpoint(server), end(2, 80));
        assert_eq!((outcome.connection().half(client).bytes, outcome.connection().half(server).bytes), (1_000, 10));
        let rst = outcome.rst().unwrap();
        assert_eq!((rst.record.seq, rst.record.ack), (Seq::new(511), Seq::new(2_001)));
        assert!(outcome.connection().handshake_complete());
    }

    #[test]
    fn behind_nat_packets_give_each_end_its_own_account() {
        let event = event(sent(ABORT, &["__tcp_close"]), None, Some(facts()));
        // What the client calls its server by sorts on the other side of it than the server's own address does.
        let account = Account { netns: 7, ..Account::default() };
        let peer = SocketEvent {
            told: Told::Received,
            local: end(1, 40_000),
            remote: end(0, 8_080),
            account,
            ..event.clone()
        };
        let packets = outcome(&event, None);
        let beside = SocketReset { event, peer: Some(peer), unsent: false }.beside(packets);
        let netns = |side| beside.account(side).map(|account| account.netns);
        assert_eq!((netns(beside.sender()), netns(beside.receiver())), (Some(0), Some(7)));
    }

    #[test]
    fn a_syn_without_a_socket_met_a_closed_port() {
        let refused = event(sent(RstReason::NoSocket, &[]), Some(segment_to_us(Flags::SYN, 7, 0, 0)), None);
        assert_eq!(verdict(&refused), ("closed-port", Confidence::Certain));
    }

    #[test]
    fn data_for_a_socket_that_was_closed_is_data_after_close() {
        let closed = SocketFacts {
            snd_nxt: Seq::new(512),
            acked: 11,
            unread: 0,
            gone: Some(at(900)),
            steps: alloc::vec![
                Step { time: at(0), state: TcpState::Established },
                Step { time: at(800), state: TcpState::FinWait1 },
                Step { time: at(810), state: TcpState::FinWait2 },
                Step { time: at(900), state: TcpState::Closed },
            ],
            ..facts()
        };
        let data = segment_to_us(Flags::ACK, 2_001, 512, 100);
        let late = event(sent(RstReason::TcpTimewaitSocket, &["tcp_v4_rcv"]), Some(data), Some(closed));
        assert_eq!(judged(&late).cause.map(|cause| cause.id), Some("data-after-close"));
    }

    #[test]
    fn a_fin_that_waits_behind_unsent_data_is_a_close() {
        let closed = SocketFacts {
            unread: 0,
            unsent: 61_000,
            orphan: true,
            steps: alloc::vec![
                Step { time: at(0), state: TcpState::Established },
                Step { time: at(400), state: TcpState::FinWait1 },
            ],
            ..facts()
        };
        let data = segment_to_us(Flags::ACK, 2_001, 511, 14);
        let late = event(sent(RstReason::TcpAbortOnData, &["tcp_v4_rcv"]), Some(data), Some(closed));
        assert_eq!(verdict(&late), ("data-after-close", Confidence::Certain));
    }

    #[test]
    fn a_stray_segment_alone_is_never_more_than_possible() {
        let stray = event(sent(RstReason::NoSocket, &[]), Some(segment_to_us(Flags::ACK, 5, 9, 100)), None);
        assert!(judged(&stray).confidence <= Confidence::Possible);
    }

    #[test]
    fn who_only_received_the_reset_does_not_guess() {
        let told = event(Told::Received, None, Some(facts()));
        assert_eq!(verdict(&told).0, "unexplained");
        let outcome = outcome(&told, None);
        assert_eq!(outcome.connection().endpoint(outcome.sender()), end(1, 40_000));
        assert_eq!(*outcome.kernel(), KernelWord::NotAsked);
    }

    #[test]
    fn data_of_one_tick_has_no_order() {
        let close = SocketFacts { last_sent: Some(at(495)), ..facts() };
        let close = outcome(&event(sent(ABORT, &[]), None, Some(close)), None);
        assert!(close.before().iter().all(|record| record.len == 0), "{:#?}", close.before());
        let known = outcome(&event(sent(ABORT, &[]), None, Some(facts())), None);
        assert_eq!(known.before().iter().filter(|record| record.len > 0).count(), 2);
    }

    /// Idle for 1.3 s after its answer, closed when the next request had just come.
    fn met() -> SocketFacts {
        SocketFacts {
            unread: 100,
            received: 200,
            acked: 10,
            last_sent: Some(at(1_000)),
            last_received: Some(at(2_298)),
            tick: Span::from_millis(4),
            steps: alloc::vec![
                Step { time: at(0), state: TcpState::Established },
                Step { time: at(2_300), state: TcpState::Closed }
            ],
            ..facts()
        }
    }

    fn at_close(facts: SocketFacts) -> SocketEvent {
        SocketEvent { time: at(2_300), ..event(sent(ABORT, &["__tcp_close"]), None, Some(facts)) }
    }

    #[test]
    fn a_request_unread_at_the_close_of_an_idle_connection_met_it() {
        assert_eq!(verdict(&at_close(met())), ("keepalive-race", Confidence::Likely));
    }

    #[test]
    fn a_request_that_had_lain_there_or_followed_another_met_nothing() {
        let lay = SocketFacts { last_received: Some(at(2_200)), ..met() };
        let busy = SocketFacts { last_sent: Some(at(2_000)), ..met() };
        let unanswered = SocketFacts { last_sent: Some(at(2_299)), ..met() };
        let client = SocketFacts { opened: Opened::Actively, ..met() };
        for other in [lay, busy, unanswered, client] {
            let judgement = judged(&at_close(other));
            assert!(judgement.reasons.iter().all(|reason| reason.cause.id != "keepalive-race"), "{judgement:#?}");
        }
    }

    #[test]
    fn times_of_ticks_stay_within_the_connection() {
        let facts = SocketFacts { last_received: Some(at(-40)), last_sent: Some(at(9_000)), ..met() };
        assert_eq!((facts.received_at(at(2_300)), facts.sent_at(at(2_300))), (Some(at(0)), Some(at(2_300))));
        let records = outcome(&at_close(facts), None).before().to_vec();
        assert!(records.iter().all(|record| record.time >= at(0) && record.time <= at(2_300)), "{records:#?}");
    }

    #[test]
    fn what_was_refused_by_its_size_is_a_goodbye_only_at_a_port_for_tls() {
        use crate::cause::Severity;
        let closed = SocketFacts {
            snd_nxt: Seq::new(512),
            acked: 11,
            unread: 0,
            opened: Opened::Actively,
            last_sent: Some(at(100)),
            last_received: Some(at(500)),
            gone: Some(at(810)),
            steps: alloc::vec![
                Step { time: at(0), state: TcpState::SynSent },
                Step { time: at(1), state: TcpState::Established },
                Step { time: at(800), state: TcpState::FinWait1 },
                Step { time: at(810), state: TcpState::Closed },
            ],
            ..facts()
        };
        let refused = |port: u16, len: u32| {
            let data = segment_to_us(Flags::ACK, 2_001, 512, len);
            let told = sent(RstReason::TcpTimewaitSocket, &["tcp_v4_rcv"]);
            let late = event(told, Some(data), Some(closed.clone()));
            judged(&SocketEvent { remote: end(1, port), ..late }).severity
        };
        assert_eq!(refused(443, 24), Severity::Benign);
        assert_eq!(refused(443, 25), Severity::Fault);
        assert_eq!(refused(80, 24), Severity::Fault);
    }

    #[test]
    fn questions_about_single_packets_stay_unknown() {
        use crate::evidence::form::{RST_IS_ALONE, RST_IS_BARE};
        use crate::evidence::path::RST_TTL_DIFFERS;
        let outcome = outcome(&event(sent(ABORT, &[]), None, Some(facts())), None);
        for question in [&RST_IS_BARE, &RST_IS_ALONE, &RST_TTL_DIFFERS] {
            assert_eq!(question.answer(&outcome), crate::evidence::Answer::Unknown, "{}", question.id);
        }
    }

    #[test]
    fn no_numbers_are_a_panic() {
        for number in [0, 1, u32::MAX / 2, u32::MAX] {
            let wild = SocketFacts {
                snd_nxt: Seq::new(number),
                rcv_nxt: Seq::new(number.wrapping_mul(3)),
                received: u64::from(number) * 7,
                acked: u64::MAX,
                unacked: number,
                unsent: number / 3,
                peer_closed: true,
                ..facts()
            };
            for trigger in [None, Some(segment_to_us(Flags::from_bits(0xff), number, !number, number))] {
                judged(&event(sent(ABORT, &[]), trigger, Some(wild.clone())));
                judged(&event(Told::Received, trigger, Some(wild.clone())));
            }
        }
    }
}
