//! The tracker: observations in, endings out.
//!
//! `observe` takes one observation; `poll` gives one [`Ending`] that is settled. Time is what the
//! observations say; nothing here reads a clock. An ending is settled when nothing more is
//! expected to change its verdict: the pair of endpoints began a new connection, the connection
//! was quiet for a while, or the capture ended. Resets come out in the order of their first RST.

mod clock;
mod copies;

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::hash::BuildHasher;

use foldhash::fast::FixedState;
use hashbrown::{HashMap, HashTable};

use self::clock::Clock;
use self::copies::is_copy;
use crate::connection::Connection;
use crate::ending::{Ending, EndingKind, IcmpSeen, KernelWord, RST_PAYLOAD_LIMIT, Rst, acceptance, trigger};
use crate::flow::{FlowKey, Side};
use crate::half::Marks;
use crate::history::{HistoryPool, Record};
use crate::observation::{IcmpError, Observation, Seen};
use crate::segment::{Flags, Segment};
use crate::service::{Moment, Service, Services};
use crate::time::{Span, Timestamp};
use crate::zeek::Originator;

/// The bounds of a tracker.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections remembered at once; beyond it the quietest are forgotten and counted.
    pub connections: usize,
    /// Services remembered at once.
    pub services: usize,
    /// A reset is settled when its connection was quiet for so long.
    pub settle_after: Span,
    /// A reset is settled at the latest so long after its first RST.
    pub settle_at_most: Span,
    /// Resets that wait to be settled; beyond it the oldest is settled early.
    pub unsettled: usize,
    /// An orderly closed connection is remembered so long, for its late segments.
    pub remember_closed: Span,
    /// A connection whose reset was told is remembered so long: the peer's retransmissions are
    /// answered by RST for a while, and those are no resets of their own.
    pub remember_reset: Span,
    /// A SYN that nobody answered is given up after so long (Linux: 127 s with six retries).
    pub give_up_connect: Span,
    /// Keys the hash tables: addresses and ports are chosen by strangers.
    pub hash_seed: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4_000_000,
            services: 65_536,
            settle_after: Span::from_secs(20),
            settle_at_most: Span::from_secs(120),
            unsettled: 65_536,
            remember_closed: Span::from_secs(10),
            remember_reset: Span::from_secs(130),
            give_up_connect: Span::from_secs(130),
            hash_seed: 0,
        }
    }
}

/// What went through a tracker.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// TCP segments, copies not counted.
    pub segments: u64,
    /// Copies of packets already seen (SPAN, several interfaces).
    pub copies: u64,
    /// RST segments, copies not counted.
    pub rst_segments: u64,
    /// Copies of RST segments.
    pub rst_copies: u64,
    /// RST segments of connections whose reset had been told already.
    pub late_resets: u64,
    /// Connections, each incarnation counted.
    pub connections: u64,
    /// Connections in which a RST was seen.
    pub reset_connections: u64,
    /// Connects that failed without any RST.
    pub failed_connects: u64,
    /// Connections forgotten because the bound was reached.
    pub forgotten: u64,
    /// ICMP errors that belong to a connection seen.
    pub icmp_errors: u64,
}

const RST_LIMIT: usize = 32;
const AFTER_LIMIT: usize = 16;
const ICMP_LIMIT: usize = 4;
/// Entries for vanished connections that a queue may hold before it is cleaned.
const STALE_ALLOWED: usize = 4_096;
/// Slots looked at when one must be forgotten.
const EVICTION_SAMPLE: usize = 8;

#[derive(Debug)]
struct Slot {
    connection: Connection,
    /// The tracker's time at its last segment.
    touched: Timestamp,
    generation: u32,
    occupied: bool,
    reset: ResetSeen,
    /// Its ending, when it was reset and is not settled yet.
    pending: Option<Box<Pending>>,
    /// A SYN that may replace this connection, when the server answers it.
    challenger: Option<Box<Challenger>>,
}

/// Whether a reset of this connection was seen, and how far the connection had come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum ResetSeen {
    No,
    /// Before the handshake was complete: RFC 9293 lets such a connection come to life afterwards.
    WhileOpening,
    Later,
}

/// A connection that begins with a SYN on a pair of endpoints whose connection still lives.
#[derive(Debug)]
struct Challenger {
    connection: Connection,
    syn: Record,
}

/// A reset whose verdict may still change.
#[derive(Debug)]
struct Pending {
    ticket: u64,
    /// The tracker's time at the first RST.
    since: Timestamp,
    connection: Connection,
    before: Vec<Record>,
    resets: Vec<Rst>,
    resets_total: u32,
    after: Vec<Record>,
    after_total: u32,
    service: Service,
}

#[derive(Debug)]
enum Queued {
    Waiting { slot: u32 },
    Done(Box<Ending>),
}

/// A slot that is looked at again when a fixed time has passed.
#[derive(Clone, Copy, Debug)]
struct Due {
    slot: u32,
    generation: u32,
    since: Timestamp,
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
    icmp: HashMap<u32, Vec<IcmpSeen>, FixedState>,
    services: Services,
    /// Resets in order of their first RST; `first_ticket` numbers the front.
    queue: VecDeque<Queued>,
    first_ticket: u64,
    failed: VecDeque<Box<Ending>>,
    /// Connections closed in order.
    closed: VecDeque<Due>,
    /// Connections whose reset was told.
    told: VecDeque<Due>,
    /// Connections that began with a SYN.
    opening: VecDeque<Due>,
    eviction_hand: usize,
    clock: Clock,
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
            icmp: HashMap::with_hasher(FixedState::with_seed(limits.hash_seed)),
            services: Services::new(limits.services, limits.hash_seed),
            queue: VecDeque::new(),
            first_ticket: 0,
            failed: VecDeque::new(),
            closed: VecDeque::new(),
            told: VecDeque::new(),
            opening: VecDeque::new(),
            eviction_hand: 0,
            clock: Clock::default(),
            counts: Counts::default(),
        }
    }

    /// Takes in one observation.
    pub fn observe(&mut self, observation: &Observation<'_>) {
        self.clock.saw(observation.time);
        match &observation.what {
            Seen::Segment(segment) => self.segment(observation, segment),
            Seen::Icmp(error) => self.icmp_error(observation, error),
        }
        self.expire();
    }

    /// Lets time pass without an observation, so that a live capture that falls silent still settles.
    pub fn advance(&mut self, now: Timestamp) {
        self.clock.set(now);
        self.expire();
    }

    /// From now on a reset is settled when its connection was quiet for `span`: a live capture
    /// wants its verdict at once, a file can wait for what follows.
    pub const fn settle_after(&mut self, span: Span) {
        self.limits.settle_after = span;
    }

    /// The next settled ending. Resets come in the order of their first RST.
    pub fn poll(&mut self) -> Option<Ending> {
        if let Some(failed) = self.failed.pop_front() {
            return Some(*failed);
        }
        self.settle_front_if_quiet();
        match self.queue.front() {
            Some(Queued::Done(_)) => {
                self.first_ticket += 1;
                match self.queue.pop_front() {
                    Some(Queued::Done(ending)) => Some(*ending),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// The capture has ended: everything is settled as it stands. Poll until nothing comes.
    pub fn finish(&mut self) {
        for slot in 0..self.slots.len() {
            if self.slots[slot].occupied {
                self.retire(slot as u32);
            }
        }
        self.failed.make_contiguous().sort_by_key(|ending| ending.connection.first);
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

    /// Octets held for connections, their records and what waits, without the endings themselves.
    pub fn bytes(&self) -> usize {
        let queues = self.closed.capacity() + self.told.capacity() + self.opening.capacity();
        self.slots.capacity() * size_of::<Slot>()
            + self.table.capacity() * 5
            + self.pool.bytes()
            + queues * size_of::<Due>()
            + self.queue.capacity() * size_of::<Queued>()
    }

    fn segment(&mut self, observation: &Observation<'_>, segment: &Segment<'_>) {
        let (key, from) = FlowKey::of(segment.src, segment.dst);
        let mut record = Record::new(observation, segment, from);
        let at = self.slot_of(key, from, segment, &record);
        if is_copy(&self.pool, &self.slots[at as usize].connection.history, &record) {
            self.count_copy(at, &record);
            return;
        }
        self.counts.segments += 1;
        if segment.flags.has(Flags::RST) {
            self.reset(at, record, segment);
        } else {
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
        let slot = &mut self.slots[at as usize];
        let was_closed = slot.connection.closed_in_order();
        let first_answer = segment.flags.is_syn_ack() && !slot.connection.half(record.from).marks.has(Marks::SYN);
        if slot.connection.is_syn_on_live(record.from, segment)
            && !slot.challenger.as_ref().is_some_and(|challenger| challenger.syn.seq == segment.seq)
        {
            slot.challenger = Some(Box::new(Challenger::new(slot.connection.key, segment, *record)));
        }
        record.notes.insert(slot.connection.observe(record.from, segment, record.time, record.frame));
        if let Some(pending) = &mut slot.pending {
            pending.after_total = pending.after_total.saturating_add(1);
            if pending.after.len() < AFTER_LIMIT {
                pending.after.push(*record);
            }
        }
        if !was_closed && slot.connection.closed_in_order() {
            let generation = slot.generation;
            self.closed.push_back(Due { slot: at, generation, since: self.clock.now() });
        }
        if first_answer {
            self.services.accepted(segment.src, Moment { time: record.time, frame: record.frame });
        }
    }

    fn reset(&mut self, at: u32, record: Record, segment: &Segment<'_>) {
        self.counts.rst_segments += 1;
        self.note_refusal(at, &record, segment);
        let slot = &self.slots[at as usize];
        let remembered = self.pool.records(&slot.connection.history);
        let rst = Rst {
            record,
            payload: segment.payload[..segment.payload.len().min(RST_PAYLOAD_LIMIT)].to_vec(),
            trigger: trigger(remembered, &record),
            acceptance: acceptance(&slot.connection, record.from, segment),
        };
        let opened_since = slot.reset == ResetSeen::WhileOpening && slot.connection.handshake_complete();
        if slot.reset == ResetSeen::No || opened_since {
            self.tell(at);
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
        pending.resets_total = pending.resets_total.saturating_add(1);
        if pending.resets.len() < RST_LIMIT {
            pending.resets.push(rst);
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
        slot.reset = if opening { ResetSeen::WhileOpening } else { ResetSeen::Later };
        let server = slot.connection.endpoint(slot.connection.server());
        slot.pending = Some(Box::new(Pending {
            ticket,
            since: self.clock.now(),
            connection: slot.connection,
            before: self.pool.records(&slot.connection.history).copied().collect(),
            resets: alloc::vec![rst],
            resets_total: 1,
            after: Vec::new(),
            after_total: 0,
            service: self.services.of(server),
        }));
    }

    /// A RST that answers the SYN is a refusal by the service, once for each incarnation.
    fn note_refusal(&mut self, at: u32, record: &Record, segment: &Segment<'_>) {
        let slot = &self.slots[at as usize];
        let client = slot.connection.half(slot.connection.client);
        let by_server = record.from == slot.connection.server();
        let to_syn = client.marks.has(Marks::SYN) && segment.acknowledges() == Some(client.nxt);
        if slot.pending.is_none() && by_server && to_syn && !slot.connection.half(record.from).marks.has(Marks::SPOKE) {
            self.services.refused(segment.src, Moment { time: record.time, frame: record.frame });
        }
    }

    fn icmp_error(&mut self, observation: &Observation<'_>, error: &IcmpError) {
        let (key, _) = FlowKey::of(error.src, error.dst);
        let Some(slot) = self.find(key) else { return };
        self.counts.icmp_errors += 1;
        let seen = self.icmp.entry(slot).or_default();
        if seen.len() < ICMP_LIMIT {
            let at = Moment { time: observation.time, frame: observation.frame };
            seen.push(IcmpSeen { at, error: *error });
        }
    }

    fn find(&self, key: FlowKey) -> Option<u32> {
        let hash = self.hasher.hash_one(key);
        self.table.find(hash, |slot| self.slots[*slot as usize].connection.key == key).copied()
    }

    /// The slot of the segment's connection, a new one when it opens a new incarnation.
    fn slot_of(&mut self, key: FlowKey, from: Side, segment: &Segment<'_>, record: &Record) -> u32 {
        let mut earlier = None;
        if let Some(at) = self.find(key) {
            let slot = &self.slots[at as usize];
            if slot.challenger.as_ref().is_some_and(|challenger| challenger.is_answered_by(from, segment)) {
                return self.replace(at);
            }
            if !slot.connection.is_reopened_by(from, segment) {
                return at;
            }
            earlier = Some(slot.connection.state(from.other()));
            self.retire(at);
        }
        let connection = Connection::new(key, from, segment, record.time, record.frame);
        let at = self.enter(Connection { earlier, ..connection });
        if segment.flags.is_syn() {
            let generation = self.slots[at as usize].generation;
            self.opening.push_back(Due { slot: at, generation, since: self.clock.now() });
        }
        at
    }

    /// The server took the new SYN: the connection that seemed to live is over.
    fn replace(&mut self, at: u32) -> u32 {
        let slot = &mut self.slots[at as usize];
        let Some(challenger) = slot.challenger.take() else { return at };
        let earlier = Some(slot.connection.state(challenger.connection.server()));
        self.retire(at);
        let at = self.enter(Connection { earlier, ..challenger.connection });
        self.remember(at, challenger.syn);
        at
    }

    fn enter(&mut self, connection: Connection) -> u32 {
        self.make_room();
        self.drop_stale();
        self.counts.connections += 1;
        let hash = self.hasher.hash_one(connection.key);
        let at = self.occupy(connection);
        let (slots, hasher) = (&self.slots, &self.hasher);
        self.table.insert_unique(hash, at, |other| hasher.hash_one(slots[*other as usize].connection.key));
        at
    }

    fn occupy(&mut self, connection: Connection) -> u32 {
        let mut slot = Slot {
            connection,
            touched: self.clock.now(),
            generation: 0,
            occupied: true,
            reset: ResetSeen::No,
            pending: None,
            challenger: None,
        };
        if let Some(at) = self.free.pop() {
            slot.generation = self.slots[at as usize].generation.wrapping_add(1);
            self.slots[at as usize] = slot;
            at
        } else {
            self.slots.push(slot);
            (self.slots.len() - 1) as u32
        }
    }

    /// Forgets the connection in `slot`; what it ended in is settled first.
    fn retire(&mut self, at: u32) {
        self.tell(at);
        if self.is_failed_connect(at) {
            self.counts.failed_connects += 1;
            let ending = self.failed_connect(at);
            self.failed.push_back(Box::new(ending));
        }
        self.icmp.remove(&at);
        let slot = &mut self.slots[at as usize];
        let hash = self.hasher.hash_one(slot.connection.key);
        if let Ok(entry) = self.table.find_entry(hash, |slot| *slot == at) {
            entry.remove();
        }
        self.pool.release(&mut slot.connection.history);
        slot.occupied = false;
        slot.challenger = None;
        self.free.push(at);
    }

    /// Settles the reset of the connection in `slot`, when it has one that was not told.
    fn tell(&mut self, at: u32) {
        let Some(pending) = self.slots[at as usize].pending.take() else { return };
        let place = (pending.ticket - self.first_ticket) as usize;
        let ending = self.settled(at, *pending);
        self.queue[place] = Queued::Done(Box::new(ending));
    }

    fn settled(&mut self, at: u32, pending: Pending) -> Ending {
        let finally = self.slots[at as usize].connection;
        let reset_at = pending.resets.first().map_or(finally.last, |rst| rst.record.time);
        Ending {
            kind: EndingKind::Reset,
            service_later: self.services.of(finally.endpoint(finally.server())),
            connection: pending.connection,
            finally,
            before: pending.before,
            resets: pending.resets,
            resets_total: pending.resets_total,
            after: pending.after,
            after_total: pending.after_total,
            icmp: self.icmp.remove(&at).unwrap_or_default(),
            service: pending.service,
            seen_until: reset_at.plus(self.clock.elapsed(pending.since)),
            kernel: KernelWord::NotAsked,
        }
    }

    fn failed_connect(&mut self, at: u32) -> Ending {
        let slot = &self.slots[at as usize];
        let (connection, since) = (slot.connection, slot.touched);
        let service = self.services.of(connection.endpoint(connection.server()));
        Ending {
            kind: EndingKind::FailedConnect,
            connection,
            finally: connection,
            before: self.pool.records(&connection.history).copied().collect(),
            resets: Vec::new(),
            resets_total: 0,
            after: Vec::new(),
            after_total: 0,
            icmp: self.icmp.remove(&at).unwrap_or_default(),
            service,
            service_later: service,
            seen_until: connection.last.plus(self.clock.elapsed(since)),
            kernel: KernelWord::NotAsked,
        }
    }

    /// A SYN was seen, and nothing whatever that answers it.
    fn is_failed_connect(&self, at: u32) -> bool {
        let slot = &self.slots[at as usize];
        let connection = &slot.connection;
        let (client, server) = (connection.half(connection.client), connection.half(connection.server()));
        slot.reset == ResetSeen::No
            && client.marks.has(Marks::SYN)
            && !client.marks.has(Marks::SYN_ACK)
            && !client.marks.has(Marks::ACKED)
            && !server.marks.has(Marks::SYN)
            && !(server.marks.has(Marks::ACKED) && server.ack == client.nxt)
    }

    fn expire(&mut self) {
        while let Some((at, expiry)) =
            Self::next_due(&self.slots, &self.clock, &mut self.closed, self.limits.remember_closed)
        {
            self.forget(at, expiry, |tracker| &mut tracker.closed);
        }
        while let Some((at, expiry)) =
            Self::next_due(&self.slots, &self.clock, &mut self.told, self.limits.remember_reset)
        {
            self.forget(at, expiry, |tracker| &mut tracker.told);
        }
        while let Some((at, expiry)) =
            Self::next_due(&self.slots, &self.clock, &mut self.opening, self.limits.give_up_connect)
        {
            if expiry != Expiry::Gone && self.is_failed_connect(at) {
                self.forget(at, expiry, |tracker| &mut tracker.opening);
            }
        }
    }

    /// Retires what was quiet for long enough, and looks again later at what was not.
    fn forget(&mut self, at: u32, expiry: Expiry, queue: fn(&mut Self) -> &mut VecDeque<Due>) {
        match expiry {
            Expiry::Gone => {}
            Expiry::Quiet => self.retire(at),
            Expiry::Busy => {
                let generation = self.slots[at as usize].generation;
                let since = self.clock.now();
                queue(self).push_back(Due { slot: at, generation, since });
            }
        }
    }

    /// Takes the first entry that has waited for `wait`.
    fn next_due(slots: &[Slot], clock: &Clock, queue: &mut VecDeque<Due>, wait: Span) -> Option<(u32, Expiry)> {
        let due = queue.front().copied().filter(|due| clock.elapsed(due.since) >= wait)?;
        queue.pop_front();
        let slot = &slots[due.slot as usize];
        let expiry = if !slot.occupied || slot.generation != due.generation {
            Expiry::Gone
        } else if slot.pending.is_some() || clock.elapsed(slot.touched) < wait {
            Expiry::Busy
        } else {
            Expiry::Quiet
        };
        Some((due.slot, expiry))
    }

    /// Keeps the queues in proportion to the connections that still exist.
    fn drop_stale(&mut self) {
        let allowed = 2 * self.table.len() + STALE_ALLOWED;
        let slots = &self.slots;
        for queue in [&mut self.closed, &mut self.told, &mut self.opening] {
            if queue.len() > allowed {
                queue.retain(|due| {
                    let slot = &slots[due.slot as usize];
                    slot.occupied && slot.generation == due.generation
                });
            }
        }
    }

    /// Settles the oldest reset when nothing more is expected to change its verdict.
    fn settle_front_if_quiet(&mut self) {
        let Some(Queued::Waiting { slot: at }) = self.queue.front() else { return };
        let slot = &self.slots[*at as usize];
        let Some(pending) = &slot.pending else { return };
        let quiet = self.clock.elapsed(slot.touched) >= self.limits.settle_after;
        if quiet || self.clock.elapsed(pending.since) >= self.limits.settle_at_most {
            self.settle_front();
        }
    }

    /// Settles the oldest reset; its connection stays remembered for a while.
    fn settle_front(&mut self) {
        let Some(Queued::Waiting { slot: at }) = self.queue.front() else { return };
        let at = *at;
        self.tell(at);
        let generation = self.slots[at as usize].generation;
        self.told.push_back(Due { slot: at, generation, since: self.clock.now() });
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
            self.retire(at as u32);
        }
    }

    fn count_copy(&mut self, at: u32, record: &Record) {
        self.counts.copies += 1;
        self.counts.rst_copies += u64::from(record.flags.has(Flags::RST));
        let connection = &mut self.slots[at as usize].connection;
        connection.copies = connection.copies.saturating_add(1);
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Expiry {
    /// The connection it was about exists no more.
    Gone,
    /// Something has happened since, or its reset is not told yet.
    Busy,
    /// Nothing has happened since.
    Quiet,
}

impl Challenger {
    fn new(key: FlowKey, segment: &Segment<'_>, syn: Record) -> Self {
        let mut connection = Connection::new(key, syn.from, segment, syn.time, syn.frame);
        connection.observe(syn.from, segment, syn.time, syn.frame);
        Self { connection, syn }
    }

    /// The server accepts or refuses the new SYN, and so has no other connection of this pair.
    fn is_answered_by(&self, from: Side, segment: &Segment<'_>) -> bool {
        let answers = segment.flags.is_syn_ack() || segment.flags.has(Flags::RST);
        let syn = self.connection.half(self.connection.client);
        from != self.connection.client && answers && segment.acknowledges() == Some(syn.nxt)
    }
}

#[cfg(test)]
mod tests;
