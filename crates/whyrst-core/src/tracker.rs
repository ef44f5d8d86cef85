//! The tracker: observations in, outcomes out.
//!
//! `observe` takes one observation; `poll` gives one [`Outcome`] that is settled. Time is what the
//! observations say; nothing here reads a clock. An outcome is settled when nothing more is
//! expected to change its verdict: the pair of endpoints began a new connection, the connection
//! was quiet for a while, or the capture ended. Resets come out in the order of their first RST.

pub(crate) mod clock;
mod copies;
mod limits;
mod settling;
mod slot;

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::cmp::Reverse;
use core::hash::BuildHasher;

use foldhash::fast::FixedState;
use hashbrown::{HashMap, HashTable};
use smallvec::SmallVec;

use self::clock::Clock;
use self::copies::original;
pub use self::limits::{Counts, Limits};
use self::slot::{Challenger, Due, Pending, Queued, ResetSeen, Slot};
use crate::acceptance::acceptance;
use crate::connection::Connection;
use crate::flow::{FlowHasher, FlowKey, Side};
use crate::half::Marks;
use crate::history::{HistoryPool, Record};
use crate::letters::Originator;
use crate::observation::{Frame, IcmpError, LinkAddress, Observation, Seen};
use crate::outcome::{IcmpSeen, Outcome};
use crate::probers::Probers;
use crate::rst::{RST_PAYLOAD_LIMIT, RST_TRAILER_LIMIT, Rst, Rsts};
use crate::segment::{Endpoint, Flags, Segment};
use crate::service::{Greeting, Moment, Services, SynData, tells_of_service};
use crate::siblings::{Book, Death, Exchange, Heard, Login, first_takeover};
use crate::sighting::Sighting;
use crate::speech::{Handle, SpeechPool};
use crate::time::{Span, Timestamp};
use crate::trigger::trigger;
use crate::twins::Twins;
use crate::words::protocol_of;

const RST_LIMIT: usize = 32;
/// Logins that are kept where all are asked for: the latest.
const LOGINS: usize = 1_024;
const AFTER_LIMIT: usize = 16;
const ICMP_LIMIT: usize = 4;
/// Slots looked at when one must be forgotten.
const EVICTION_SAMPLE: usize = 8;

/// Who logged in where.
#[derive(Clone, Copy, Debug)]
struct LoginSeen {
    server: Endpoint,
    client: Endpoint,
    login: Login,
}

/// Follows every connection of one capture.
#[derive(Debug)]
pub struct Tracker {
    limits: Limits,
    hasher: FixedState,
    table: HashTable<u32>,
    slots: Vec<Slot>,
    free: Vec<u32>,
    pool: HistoryPool,
    speeches: SpeechPool,
    icmp: HashMap<u32, Vec<IcmpSeen>, FixedState>,
    services: Services,
    probers: Probers,
    twins: Twins,
    book: Book,
    /// Names of flows as whoever feeds this tracker has them.
    flow_names: FlowHasher,
    /// Resets in order of their first RST; `first_ticket` numbers the front.
    queue: VecDeque<Queued>,
    first_ticket: u64,
    failed: VecDeque<Box<Outcome>>,
    /// What is still to be looked at after the capture's end, the latest first: one at a time, since
    /// an outcome is many times as large as a connection.
    finishing: Vec<u32>,
    /// The capture has ended: what waits in `queue` waits for nothing but its turn.
    over: bool,
    /// Resets that wait for what may still come.
    unsettled: VecDeque<Due>,
    /// Connections closed in order.
    closed: VecDeque<Due>,
    /// Connections whose reset was handed out.
    handed_out: VecDeque<Due>,
    /// Connections that began with a SYN.
    opening: VecDeque<Due>,
    eviction_hand: usize,
    clock: Clock,
    /// Nothing is due before.
    next_due: Timestamp,
    /// The steps of the clock that the queues know of.
    steps_seen: u32,
    /// Not keyed: what is known of services must not depend on chance.
    names: FlowHasher,
    /// The time of the first observation.
    began: Option<Timestamp>,
    /// Every connection that was forgotten, where somebody wants them all.
    gone: Option<VecDeque<Connection>>,
    /// Logins on all connections, where they are asked for.
    logins: Option<VecDeque<LoginSeen>>,
    counts: Counts,
}

impl Tracker {
    /// An empty tracker.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            hasher: FixedState::with_seed(limits.hash_seed),
            table: HashTable::new(),
            slots: Vec::new(),
            free: Vec::new(),
            pool: HistoryPool::default(),
            speeches: SpeechPool::with_room(limits.connections),
            icmp: HashMap::with_hasher(FixedState::with_seed(limits.hash_seed)),
            services: Services::new(limits.services, limits.hash_seed),
            probers: Probers::new(limits.hash_seed),
            twins: Twins::default(),
            book: Book::default(),
            flow_names: FlowHasher::new(limits.hash_seed),
            queue: VecDeque::new(),
            first_ticket: 0,
            failed: VecDeque::new(),
            finishing: Vec::new(),
            over: false,
            unsettled: VecDeque::new(),
            closed: VecDeque::new(),
            handed_out: VecDeque::new(),
            opening: VecDeque::new(),
            eviction_hand: 0,
            began: None,
            gone: None,
            logins: None,
            clock: Clock::default(),
            next_due: Timestamp::from_nanos(i64::MIN),
            steps_seen: 0,
            names: FlowHasher::new(0),
            counts: Counts::default(),
        }
    }

    /// As many connections will come, about: what holds them is not moved as it grows. What none comes for is never touched,
    /// and so takes no memory.
    pub fn expect(&mut self, connections: usize) {
        let room = connections.min(self.limits.connections).saturating_sub(self.slots.len());
        self.slots.reserve_exact(room);
    }

    /// Takes in one observation.
    pub fn observe(&mut self, observation: &Observation<'_>) {
        self.settle_at(observation.time);
        match &observation.what {
            Seen::Segment(segment) => {
                self.segment(observation, segment);
                if segment.flags.has(Flags::SYN) {
                    let greeting = Greeting::of(segment, observation.link, Moment::of(observation));
                    self.note_greeting(&greeting, self.flow_names.name(segment.src, segment.dst));
                }
            }
            Seen::Icmp(error) => self.icmp_error(observation, error),
        }
        self.expire();
    }

    /// Prefetches what is known of the connections of some segments, ahead of [`Self::observe`]: memory
    /// answers for many of them at once.
    pub fn prefetch<'a>(&self, segments: impl Iterator<Item = &'a Segment<'a>>) {
        let known: SmallVec<[u32; 64]> =
            segments.filter_map(|segment| self.find(FlowKey::of(segment.src, segment.dst).0)).collect();
        let near = known.iter().fold(0, |near, at| {
            let slot = &self.slots[*at as usize];
            let halves = slot.connection.halves[0].segments ^ slot.connection.halves[1].segments;
            near ^ halves ^ slot.generation ^ self.pool.prefetch(&slot.connection.history)
        });
        core::hint::black_box(near);
    }

    /// Takes in that something was seen at `time` that belongs to no connection that is followed.
    #[inline]
    pub fn pass(&mut self, time: Timestamp) {
        self.clock.saw(time);
        self.began.get_or_insert(time);
        self.expire();
    }

    /// As [`Self::pass`] for several frames in a row, by the earliest and the latest of their times. False where something
    /// is to be done meanwhile, or one of them may move the clock by a step: then nothing was done, and each must pass
    /// by itself.
    #[inline]
    pub fn pass_together(&mut self, earliest: Timestamp, latest: Timestamp) -> bool {
        let is_quiet = self.clock.now().max(latest) < self.next_due && self.clock.steps() == self.steps_seen;
        self.began.is_some() && is_quiet && self.clock.saw_all(earliest, latest)
    }

    /// As [`Self::pass`] for what [tells of a service](crate::service::tells_of_service) beyond its
    /// own connection, which is not followed.
    pub fn overhear(&mut self, observation: &Observation<'_>) {
        match &observation.what {
            Seen::Segment(segment) if segment.flags.has(Flags::SYN) => {
                let greeting = Greeting::of(segment, observation.link, Moment::of(observation));
                self.overhear_greeting(&greeting, self.flow_names.name(segment.src, segment.dst));
            }
            _ => {
                self.settle_at(observation.time);
                self.expire();
            }
        }
    }

    /// The same of what was read no further. `flow` is the name of its flow, as whoever feeds this tracker has it.
    pub fn overhear_greeting(&mut self, greeting: &Greeting, flow: u64) {
        self.settle_at(greeting.at.time);
        self.note_greeting(greeting, flow);
        self.expire();
    }

    /// Something that is no mere passing of time was seen at `time`.
    #[inline]
    fn settle_at(&mut self, time: Timestamp) {
        self.clock.saw(time);
        self.began.get_or_insert(time);
        self.settle_first();
    }

    /// As [`Self::pass`] for a segment of a connection that is not followed, but [is a
    /// sibling](crate::siblings) of one that is.
    pub fn glimpse(&mut self, sighting: &Sighting) {
        self.settle_at(sighting.time);
        self.book.glimpsed(sighting);
        self.expire();
    }

    /// When something is to be done as time passes: who feeds a tracker with few of many packets lets
    /// [time pass](Self::pass) until then.
    pub const fn due(&self) -> Timestamp {
        self.next_due
    }

    /// Each service that was seen with the number of connections that were asked of it.
    pub fn asked_of_services(&self) -> impl Iterator<Item = (Endpoint, u64)> + '_ {
        self.services.asked()
    }

    /// A SYN-ACK tells of its sender's service, whatever becomes of the connection.
    fn note_greeting(&mut self, greeting: &Greeting, flow: u64) {
        if tells_of_service(greeting.flags) {
            self.services.heard(greeting, self.names.name(greeting.src, greeting.dst));
        }
        if greeting.flags.is_syn_ack() {
            self.note_sibling(greeting, flow);
        } else if greeting.flags.is_syn() {
            self.book.left(flow);
        }
    }

    /// A service accepted a connection.
    fn note_sibling(&mut self, syn_ack: &Greeting, flow: u64) {
        let (key, service_side) = FlowKey::of(syn_ack.src, syn_ack.dst);
        let Some(sibling) = self.book.opened(flow, syn_ack, service_side) else { return };
        if let Some(at) = self.find(key) {
            self.slots[at as usize].sibling = Some(sibling);
        }
    }

    /// Lets time pass without an observation, so that a live capture that falls silent still settles.
    pub fn advance(&mut self, now: Timestamp) {
        self.clock.set(now);
        self.expire_now();
    }

    /// From now on a reset is settled when its connection was quiet for `span`: a live capture
    /// wants its verdict at once, a file can wait for what follows.
    pub const fn settle_after(&mut self, span: Span) {
        self.limits.settle_after = span;
        self.next_due = Timestamp::from_nanos(i64::MIN);
    }

    /// Whether [`Self::poll`] has something.
    #[inline]
    pub fn has_settled(&self) -> bool {
        let first_is_settled = match self.queue.front() {
            Some(Queued::Done(..)) => !self.is_held(),
            Some(Queued::Waiting { .. }) => self.over,
            None => false,
        };
        !self.failed.is_empty() || !self.finishing.is_empty() || first_is_settled
    }

    /// The next settled outcome. Resets come in the order of their first RST.
    pub fn poll(&mut self) -> Option<Outcome> {
        self.next_settled().map(|outcome| *outcome)
    }

    /// As [`Self::poll`], where it lies: an outcome has more than a kilobyte.
    pub fn next_settled(&mut self) -> Option<Box<Outcome>> {
        while self.failed.is_empty()
            && let Some(slot) = self.finishing.pop()
        {
            self.retire(slot);
        }
        if let Some(failed) = self.failed.pop_front() {
            return Some(failed);
        }
        if let (true, Some(Queued::Waiting { slot })) = (self.over, self.queue.front()) {
            self.retire(*slot);
        }
        match self.queue.front() {
            Some(Queued::Done(..)) if !self.is_held() => {
                self.first_ticket += 1;
                match self.queue.pop_front() {
                    Some(Queued::Done(outcome, death)) => Some(self.with_siblings(outcome, &death)),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// Whether the first of the queue may still learn from what comes.
    fn is_held(&self) -> bool {
        !self.over && self.queue.len() <= self.limits.held
    }

    /// What is known of its siblings now, by how it ended itself.
    fn with_siblings(&self, mut outcome: Box<Outcome>, own: &Death) -> Box<Outcome> {
        let connection = outcome.finally();
        let server = connection.endpoint(connection.server());
        let mut siblings = self.book.of(server, own);
        if let Some(siblings) = &mut siblings {
            let there = self.logins.iter().flatten().filter(|seen| seen.server == server);
            let alive = || first_takeover(own, there.map(|seen| (seen.client, seen.login)));
            siblings.taken_over = siblings.taken_over.or_else(alive);
        }
        outcome.incarnation_mut().siblings = siblings.map(Box::new);
        outcome
    }

    /// From now on every connection is handed out when it is forgotten, reset or not: poll them with
    /// [`Self::poll_connection`], or they gather.
    pub fn keep_connections(&mut self) {
        self.gone.get_or_insert_default();
    }

    /// From now on a login counts whose connection is not reset, too. For who feeds every packet of the connections that
    /// are compared: where only those that were reset are followed, such logins are seen by chance.
    pub fn keep_logins(&mut self) {
        self.logins.get_or_insert_default();
    }

    fn note_login(&mut self, at: u32) {
        let Some(logins) = &mut self.logins else { return };
        let slot = &self.slots[at as usize];
        let connection = &slot.connection;
        let [client, server] = [connection.client, connection.server()].map(|side| connection.endpoint(side));
        let Some(login) = self.speeches.login(slot.speech) else { return };
        if logins.iter().any(|seen| seen.client == client && seen.login == login) {
            return;
        }
        if logins.len() >= LOGINS {
            logins.pop_front();
        }
        logins.push_back(LoginSeen { server, client, login });
    }

    /// The next connection that is over, in the order of forgetting. After [`Self::finish`] they come
    /// as [`Self::poll`] is called.
    pub fn poll_connection(&mut self) -> Option<Connection> {
        self.gone.as_mut()?.pop_front()
    }

    /// The capture has ended: everything is settled as it stands. Poll until nothing comes.
    pub fn finish(&mut self) {
        let occupied = (0..self.slots.len()).filter(|slot| self.slots[*slot].occupied).map(slot_number);
        let mut others: Vec<u32> = occupied.filter(|slot| !self.was_reset(*slot)).collect();
        others.sort_by_key(|slot| Reverse(self.slots[*slot as usize].connection.first));
        if let Some(gone) = &mut self.gone {
            // Those that were reset are handed out and never forgotten one by one.
            let reset = self.slots.iter().filter(|slot| slot.occupied && slot.reset != ResetSeen::No);
            gone.extend(reset.map(|slot| slot.connection));
        }
        self.finishing = others;
        self.over = true;
    }

    fn was_reset(&self, slot: u32) -> bool {
        self.slots[slot as usize].reset != ResetSeen::No
    }

    /// What went through so far.
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// The latest time seen.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Connections remembered now.
    pub fn live(&self) -> usize {
        self.table.len()
    }

    /// Octets held for connections, their records and what waits, without the outcomes themselves.
    pub fn bytes(&self) -> usize {
        let queues =
            self.unsettled.capacity() + self.closed.capacity() + self.handed_out.capacity() + self.opening.capacity();
        self.slots.capacity() * size_of::<Slot>()
            + self.table.capacity() * 5
            + self.pool.bytes()
            + self.speeches.bytes()
            + queues * size_of::<Due>()
            + self.queue.capacity() * size_of::<Queued>()
    }

    fn segment(&mut self, observation: &Observation<'_>, segment: &Segment<'_>) {
        let (key, from) = FlowKey::of(segment.src, segment.dst);
        let mut record = Record::new(observation, segment, from);
        let at = self.slot_of(key, from, segment, &record);
        if let Some(sibling) = self.slots[at as usize].sibling {
            self.book.saw(sibling, from, segment.flags, segment.seq, record.time);
        }
        let connection = &self.slots[at as usize].connection;
        if let Some(original) = original(&self.pool, &connection.history, connection.copied, &record) {
            self.count_copy(at, original, &record);
            return;
        }
        self.counts.segments += 1;
        if segment.flags.bits() & Flags::SYN.with(Flags::RST).bits() != 0 {
            self.twins.saw(key, &record);
        }
        if segment.flags.has(Flags::RST) {
            self.reset(at, record, observation.link, segment);
        } else {
            if let Some(link) = observation.link {
                self.slots[at as usize].connection.halves[from.index()].came_from(link);
            }
            self.ordinary(at, &mut record, segment);
        }
        self.remember(at, record);
    }

    fn remember(&mut self, at: u32, record: Record) {
        let slot = &mut self.slots[at as usize];
        let originator = if record.from == slot.connection.client { Originator::Client } else { Originator::Server };
        slot.connection.letters.add(&record, originator);
        slot.touched = self.clock.now();
        self.pool.push(&mut slot.connection.history, record);
    }

    fn ordinary(&mut self, at: u32, record: &mut Record, segment: &Segment<'_>) {
        let needs_no_words = self.needs_no_words(at);
        let slot = &mut self.slots[at as usize];
        let was_closed = slot.connection.closed_in_order();
        if slot.connection.is_syn_on_live(record.from, segment)
            && !slot.challenger.as_ref().is_some_and(|challenger| challenger.syn.seq == segment.seq)
        {
            slot.challenger = Some(Box::new(Challenger::new(slot.connection.key, segment, *record)));
        }
        record.notes.insert(slot.connection.observe(record.from, segment, record.time, record.frame));
        if !needs_no_words {
            self.speeches.hear(&mut slot.speech, &slot.connection, record.from, segment, record);
        }
        if let Some(pending) = &mut slot.pending {
            pending.after_total = pending.after_total.saturating_add(1);
            if pending.after.len() < AFTER_LIMIT {
                pending.after.push(*record);
            }
        }
        if !was_closed && slot.connection.closed_in_order() {
            let generation = slot.generation;
            self.closed.push_back(Due { slot: at, generation, since: self.clock.now() });
            self.look_again_after(self.limits.remember_closed);
        }
        self.note_login(at);
    }

    fn reset(&mut self, at: u32, record: Record, link: Option<LinkAddress>, segment: &Segment<'_>) {
        self.counts.rst_segments += 1;
        self.note_refusal(at, &record, segment);
        let slot = &self.slots[at as usize];
        let remembered = self.pool.records(&slot.connection.history);
        let rst = Rst {
            record,
            payload: segment.payload[..segment.payload.len().min(RST_PAYLOAD_LIMIT)].to_vec(),
            mptcp_reason: segment.options.mptcp_reason,
            trailer: unpadded(segment.trailer),
            trigger: trigger(remembered, &record),
            link,
            acceptance: acceptance(&slot.connection, record.from, segment),
        };
        let opened_since = slot.reset == ResetSeen::WhileOpening && slot.connection.handshake_complete();
        if slot.reset == ResetSeen::No || opened_since {
            self.hand_out(at);
            self.first_reset(at, rst);
        } else {
            self.further_reset(at, rst);
        }
        let connection = &mut self.slots[at as usize].connection;
        connection.halves[record.from.index()].marks.insert(Marks::RST);
        connection.last = record.time;
    }

    fn further_reset(&mut self, at: u32, rst: Rst) {
        let Some(pending) = &mut self.slots[at as usize].pending else {
            self.counts.late_resets += 1;
            return;
        };
        pending.rsts_total = pending.rsts_total.saturating_add(1);
        if pending.rsts.as_slice().len() < RST_LIMIT {
            pending.rsts.push(rst);
        }
    }

    fn first_reset(&mut self, at: u32, rst: Rst) {
        self.counts.reset_connections += 1;
        if self.queue.len() >= self.limits.unsettled {
            self.settle_front();
        }
        let ticket = self.first_ticket + self.queue.len() as u64;
        self.queue.push_back(Queued::Waiting { slot: at });
        let slot = &mut self.slots[at as usize];
        let opening = slot.connection.beginning_seen() && !slot.connection.handshake_complete();
        self.twins.went_wrong(&slot.connection);
        slot.reset = if opening { ResetSeen::WhileOpening } else { ResetSeen::Later };
        let server = slot.connection.endpoint(slot.connection.server());
        let before = self.pool.kept(&slot.connection.history);
        let said = self.speeches.said(slot.speech);
        let service_speaks = protocol_of(said[slot.connection.server().index()].first());
        let heard = Heard { login: self.speeches.login(slot.speech), service_speaks };
        let death = Box::new(Death::of(&slot.connection, &before, &rst, heard));
        if death.exchange != Exchange::Refused {
            self.book.died(server, *death);
        }
        slot.pending = Some(Box::new(Pending {
            death,
            upstream: self.twins.upstream(&slot.connection, &before, &rst.record),
            ticket,
            since: self.clock.now(),
            connection: slot.connection,
            before,
            said,
            words: self.speeches.words(slot.speech),
            asked: self.speeches.asked(slot.speech),
            rsts: Rsts::new(rst),
            rsts_total: 1,
            after: Vec::new(),
            after_total: 0,
            service: self.services.of(server),
        }));
        if self.needs_no_words(at) {
            self.speeches.release(&mut self.slots[at as usize].speech);
        }
        self.await_settling(at, self.clock.now());
    }

    /// Whether nobody asks any more what the ends of the connection in `slot` say: its reset is set aside with what they
    /// had said, and there will be no other.
    fn needs_no_words(&self, at: u32) -> bool {
        self.slots[at as usize].reset == ResetSeen::Later && self.logins.is_none()
    }

    /// A RST that answers the SYN is a refusal by the service, once for each incarnation.
    fn note_refusal(&mut self, at: u32, record: &Record, segment: &Segment<'_>) {
        let slot = &self.slots[at as usize];
        let client = slot.connection.half(slot.connection.client);
        let by_server = record.from == slot.connection.server();
        let to_syn = client.marks.has(Marks::SYN) && segment.acknowledges() == Some(client.nxt);
        if slot.pending.is_none() && by_server && to_syn && !slot.connection.half(record.from).marks.has(Marks::SPOKE) {
            let data = if client.bytes > 0 { SynData::Some } else { SynData::None };
            self.services.refused(segment.src, segment.dst.ip, Moment { time: record.time, frame: record.frame }, data);
            self.twins.refused(&slot.connection, record);
            self.probers.refused(segment.dst.ip, segment.src, record.time);
        }
    }

    fn icmp_error(&mut self, observation: &Observation<'_>, error: &IcmpError) {
        let (key, _) = FlowKey::of(error.src, error.dst);
        let Some(slot) = self.find(key) else { return };
        self.counts.icmp_errors += 1;
        let seen = self.icmp.entry(slot).or_default();
        if seen.len() < ICMP_LIMIT {
            seen.push(IcmpSeen { at: Moment::of(observation), error: *error });
        }
    }

    fn find(&self, key: FlowKey) -> Option<u32> {
        let hash = self.hasher.hash_one(key);
        self.table.find(hash, |slot| self.slots[*slot as usize].connection.key == key).copied()
    }

    /// The slot of the segment's connection, a new one when it opens a new incarnation.
    fn slot_of(&mut self, key: FlowKey, from: Side, segment: &Segment<'_>, record: &Record) -> u32 {
        let (mut earlier, mut earlier_opener) = (None, None);
        if let Some(at) = self.find(key) {
            let slot = &self.slots[at as usize];
            if slot.challenger.as_ref().is_some_and(|challenger| challenger.is_answered_by(from, segment)) {
                return self.replace(at);
            }
            if !slot.connection.is_reopened_by(from, segment) {
                return at;
            }
            earlier = Some(slot.connection.state(from.other()));
            earlier_opener = Some(slot.connection.client);
            self.follow(at, record);
            self.retire(at);
        }
        let connection = Connection::new(key, from, segment, record.time, record.frame);
        let at = self.enter(&Connection { earlier, earlier_opener, ..connection });
        if segment.flags.is_syn() {
            let generation = self.slots[at as usize].generation;
            self.opening.push_back(Due { slot: at, generation, since: self.clock.now() });
            self.look_again_after(self.limits.give_up_connect);
        }
        at
    }

    /// The SYN of the next connection is also what followed this one's reset, when the other end opens it.
    fn follow(&mut self, at: u32, syn: &Record) {
        let slot = &mut self.slots[at as usize];
        let opposite = syn.from == slot.connection.server();
        if let Some(pending) = slot.pending.as_mut().filter(|pending| opposite && pending.after.len() < AFTER_LIMIT) {
            pending.after_total = pending.after_total.saturating_add(1);
            pending.after.push(*syn);
        }
    }

    /// The server took the new SYN: the connection that seemed to live is over.
    fn replace(&mut self, at: u32) -> u32 {
        let slot = &mut self.slots[at as usize];
        let Some(challenger) = slot.challenger.take() else { return at };
        let earlier = Some(slot.connection.state(challenger.connection.server()));
        let earlier_opener = Some(slot.connection.client);
        self.retire(at);
        let at = self.enter(&Connection { earlier, earlier_opener, ..challenger.connection });
        self.remember(at, challenger.syn);
        at
    }

    fn enter(&mut self, connection: &Connection) -> u32 {
        self.make_room();
        self.drop_stale();
        self.counts.connections += 1;
        let hash = self.hasher.hash_one(connection.key);
        let at = self.occupy(connection);
        let (slots, hasher) = (&self.slots, &self.hasher);
        self.table.insert_unique(hash, at, |other| hasher.hash_one(slots[*other as usize].connection.key));
        at
    }

    fn occupy(&mut self, connection: &Connection) -> u32 {
        let [low, high] = Side::BOTH.map(|side| connection.endpoint(side));
        let mut slot = Slot {
            connection: *connection,
            touched: self.clock.now(),
            generation: 0,
            speech: Handle::default(),
            occupied: true,
            reset: ResetSeen::No,
            pending: None,
            challenger: None,
            // It may be known from before it was forgotten.
            sibling: self.book.find(self.flow_names.name(low, high)),
        };
        if let Some(at) = self.free.pop() {
            slot.generation = self.slots[at as usize].generation.wrapping_add(1);
            self.slots[at as usize] = slot;
            at
        } else {
            self.slots.push(slot);
            slot_number(self.slots.len() - 1)
        }
    }

    fn make_room(&mut self) {
        if self.table.len() < self.limits.connections || self.slots.is_empty() {
            return;
        }
        let size = self.slots.len();
        let quietest = (0..EVICTION_SAMPLE)
            .map(|step| (self.eviction_hand + step) % size)
            .filter(|at| self.slots[*at].occupied)
            .min_by_key(|at| self.slots[*at].touched);
        self.eviction_hand = (self.eviction_hand + EVICTION_SAMPLE) % size;
        if let Some(at) = quietest {
            self.counts.forgotten += 1;
            self.retire(slot_number(at));
        }
    }

    fn count_copy(&mut self, at: u32, original: Frame, record: &Record) {
        self.counts.rst_copies += u64::from(record.flags.has(Flags::RST));
        let connection = &mut self.slots[at as usize].connection;
        connection.copies = connection.copies.saturating_add(1);
        if !record.flags.has(Flags::RST) {
            connection.copied.note(original);
        }
    }
}

/// Slots are counted in 32 bits: four thousand million connections do not fit into any memory.
#[expect(clippy::cast_possible_truncation, reason = "`Limits::connections` bounds the slots far below 2^32")]
const fn slot_number(at: usize) -> u32 {
    at as u32
}

/// The trailer, unless it is only the zeros that fill a short frame.
fn unpadded(trailer: &[u8]) -> Vec<u8> {
    let said = trailer.iter().any(|octet| *octet != 0);
    if said { trailer[..trailer.len().min(RST_TRAILER_LIMIT)].to_vec() } else { Vec::new() }
}

#[cfg(test)]
mod tests;
