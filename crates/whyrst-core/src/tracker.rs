//! The tracker: observations in, endings out.
//!
//! `observe` takes one observation; `poll` gives one [`Ending`] that is settled. Time is what the
//! observations say; nothing here reads a clock. An ending is settled when nothing more is
//! expected to change its verdict: the pair of endpoints began a new connection, the connection
//! was quiet for a while, or the capture ended. Resets come out in the order of their first RST.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::hash::BuildHasher;

use foldhash::fast::FixedState;
use hashbrown::{HashMap, HashTable};

use crate::connection::Connection;
use crate::ending::{Ending, EndingKind, IcmpSeen, KernelWord, RST_PAYLOAD_LIMIT, Rst, acceptance, trigger};
use crate::flow::{FlowKey, Side};
use crate::half::Marks;
use crate::history::{HistoryPool, Notes, Record};
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
    /// An orderly closed or reset connection is remembered so long, for its late segments.
    pub remember_closed: Span,
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
            remember_closed: Span::from_secs(10),
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
/// Copies reach a capture within this time of each other (RULES section 4.1).
const COPY_WITHIN: Span = Span::from_millis(50);
/// Without an identification only what comes this quickly, or on another interface, is taken for a copy.
const COPY_WITHIN_NO_ID: Span = Span::from_millis(1);
/// Entries for vanished connections that a queue may hold before it is cleaned.
const STALE_ALLOWED: usize = 4_096;
/// Slots looked at when one must be forgotten.
const EVICTION_SAMPLE: usize = 8;

#[derive(Debug)]
struct Slot {
    connection: Connection,
    generation: u32,
    occupied: bool,
    /// Its ending, when it was reset and is not settled yet.
    pending: Option<Box<Pending>>,
}

/// A reset whose verdict may still change.
#[derive(Debug)]
struct Pending {
    ticket: u64,
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

/// Which of the fixed waiting times a slot is due after.
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
    closing: VecDeque<Due>,
    opening: VecDeque<Due>,
    eviction_hand: usize,
    now: Timestamp,
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
            closing: VecDeque::new(),
            opening: VecDeque::new(),
            eviction_hand: 0,
            now: Timestamp::from_nanos(i64::MIN),
            counts: Counts::default(),
        }
    }

    /// Takes in one observation.
    pub fn observe(&mut self, observation: &Observation<'_>) {
        self.now = self.now.max(observation.time);
        match &observation.what {
            Seen::Segment(segment) => self.segment(observation, segment),
            Seen::Icmp(error) => self.icmp_error(observation, error),
        }
        self.expire();
    }

    /// Lets time pass without an observation, so that a live capture that falls silent still settles.
    pub fn advance(&mut self, now: Timestamp) {
        self.now = self.now.max(now);
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
        self.settle_front();
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
    }

    /// What went through so far.
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// The latest time seen.
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// Connections remembered now.
    pub fn live(&self) -> usize {
        self.table.len()
    }

    /// Octets held for connections and their records.
    pub fn bytes(&self) -> usize {
        self.slots.capacity() * size_of::<Slot>() + self.table.capacity() * 5 + self.pool.bytes()
    }

    fn segment(&mut self, observation: &Observation<'_>, segment: &Segment<'_>) {
        let (key, from) = FlowKey::of(segment.src, segment.dst);
        let mut record = Record::new(observation, segment, from);
        let slot = self.slot_of(key, from, segment, &record);
        if self.is_copy(slot, &record) {
            self.count_copy(slot, &record);
            return;
        }
        self.counts.segments += 1;
        if segment.flags.has(Flags::RST) {
            self.reset(slot, record, segment);
        } else {
            self.ordinary(slot, &mut record, segment);
        }
        let slot = &mut self.slots[slot as usize];
        let originator = if from == slot.connection.client { Originator::Client } else { Originator::Server };
        slot.connection.letters.add(&record, originator);
        self.pool.push(&mut slot.connection.history, record);
    }

    fn ordinary(&mut self, at: u32, record: &mut Record, segment: &Segment<'_>) {
        let slot = &mut self.slots[at as usize];
        let was_closed = slot.connection.closed_in_order();
        let first_answer = segment.flags.is_syn_ack() && !slot.connection.half(record.from).marks.has(Marks::SYN);
        record.notes.insert(slot.connection.observe(record.from, segment, record.time));
        if let Some(pending) = &mut slot.pending {
            pending.after_total = pending.after_total.saturating_add(1);
            if pending.after.len() < AFTER_LIMIT {
                pending.after.push(*record);
            }
        }
        if !was_closed && slot.connection.closed_in_order() {
            self.closing.push_back(Due { slot: at, generation: slot.generation, since: record.time });
        }
        if first_answer {
            self.services.accepted(segment.src, Moment { time: record.time, frame: record.frame });
        }
    }

    fn reset(&mut self, at: u32, record: Record, segment: &Segment<'_>) {
        self.counts.rst_segments += 1;
        self.note_refusal(at, &record, segment);
        let slot = &mut self.slots[at as usize];
        let connection = &slot.connection;
        let remembered = self.pool.records(&connection.history);
        let rst = Rst {
            record,
            payload: segment.payload[..segment.payload.len().min(RST_PAYLOAD_LIMIT)].to_vec(),
            trigger: trigger(remembered, &record),
            acceptance: acceptance(connection, record.from, segment),
        };
        match &mut slot.pending {
            Some(pending) => {
                pending.resets_total = pending.resets_total.saturating_add(1);
                if pending.resets.len() < RST_LIMIT {
                    pending.resets.push(rst);
                }
            }
            None => self.first_reset(at, rst),
        }
        let connection = &mut self.slots[at as usize].connection;
        connection.halves[record.from.index()].marks.insert(Marks::RST);
        connection.last = record.time;
    }

    fn first_reset(&mut self, at: u32, rst: Rst) {
        self.counts.reset_connections += 1;
        let ticket = self.first_ticket + self.queue.len() as u64;
        self.queue.push_back(Queued::Waiting { slot: at });
        let slot = &mut self.slots[at as usize];
        let server = slot.connection.endpoint(slot.connection.server());
        slot.pending = Some(Box::new(Pending {
            ticket,
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
        if let Some(slot) = self.find(key) {
            if !self.slots[slot as usize].connection.is_reopened_by(from, segment) {
                return slot;
            }
            self.retire(slot);
        }
        self.make_room();
        let connection = Connection::new(key, from, segment, record.time, record.frame);
        self.counts.connections += 1;
        let slot = self.occupy(connection);
        let hash = self.hasher.hash_one(key);
        let (slots, hasher) = (&self.slots, &self.hasher);
        self.table.insert_unique(hash, slot, |other| hasher.hash_one(slots[*other as usize].connection.key));
        if segment.flags.is_syn() {
            let generation = self.slots[slot as usize].generation;
            self.opening.push_back(Due { slot, generation, since: record.time });
            self.drop_stale();
        }
        slot
    }

    fn occupy(&mut self, connection: Connection) -> u32 {
        if let Some(at) = self.free.pop() {
            let slot = &mut self.slots[at as usize];
            slot.connection = connection;
            slot.generation = slot.generation.wrapping_add(1);
            slot.occupied = true;
            at
        } else {
            self.slots.push(Slot { connection, generation: 0, occupied: true, pending: None });
            (self.slots.len() - 1) as u32
        }
    }

    /// Forgets the connection in `slot`; what it ended in is settled first.
    fn retire(&mut self, at: u32) {
        let icmp = self.icmp.remove(&at).unwrap_or_default();
        if let Some(pending) = self.slots[at as usize].pending.take() {
            let place = (pending.ticket - self.first_ticket) as usize;
            let ending = self.settled(at, *pending, icmp);
            self.queue[place] = Queued::Done(Box::new(ending));
        } else if self.is_failed_connect(at) {
            self.counts.failed_connects += 1;
            let ending = self.failed_connect(at, icmp);
            self.failed.push_back(Box::new(ending));
        }
        let slot = &mut self.slots[at as usize];
        let hash = self.hasher.hash_one(slot.connection.key);
        if let Ok(entry) = self.table.find_entry(hash, |slot| *slot == at) {
            entry.remove();
        }
        self.pool.release(&mut slot.connection.history);
        slot.occupied = false;
        self.free.push(at);
    }

    fn settled(&self, at: u32, pending: Pending, icmp: Vec<IcmpSeen>) -> Ending {
        let finally = self.slots[at as usize].connection;
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
            icmp,
            service: pending.service,
            seen_until: self.now,
            kernel: KernelWord::NotAsked,
        }
    }

    fn failed_connect(&self, at: u32, icmp: Vec<IcmpSeen>) -> Ending {
        let connection = self.slots[at as usize].connection;
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
            icmp,
            service,
            service_later: service,
            seen_until: self.now,
            kernel: KernelWord::NotAsked,
        }
    }

    /// A SYN was seen, and nothing whatever of the other end.
    fn is_failed_connect(&self, at: u32) -> bool {
        let connection = &self.slots[at as usize].connection;
        let (client, server) = (connection.half(connection.client).marks, connection.half(connection.server()).marks);
        client.has(Marks::SYN)
            && !client.has(Marks::RST)
            && !server.has(Marks::SPOKE)
            && !server.has(Marks::RST)
            && !client.has(Marks::ACKED)
    }

    fn expire(&mut self) {
        while let Some(due) = self.closing.front().copied() {
            let Some(at) = self.due(due, self.limits.remember_closed) else {
                break;
            };
            self.closing.pop_front();
            match at {
                Expiry::Gone => {}
                Expiry::Busy(since) => self.closing.push_back(Due { since, ..due }),
                Expiry::Now => self.retire(due.slot),
            }
        }
        while let Some(due) = self.opening.front().copied() {
            let Some(at) = self.due(due, self.limits.give_up_connect) else {
                break;
            };
            self.opening.pop_front();
            if let (Expiry::Now, true) = (at, self.is_failed_connect(due.slot)) {
                self.retire(due.slot);
            }
        }
    }

    /// Keeps the queue of opening connections in proportion to those that still exist.
    fn drop_stale(&mut self) {
        if self.opening.len() > 2 * self.table.len() + STALE_ALLOWED {
            let slots = &self.slots;
            self.opening.retain(|due| {
                let slot = &slots[due.slot as usize];
                slot.occupied && slot.generation == due.generation
            });
        }
    }

    /// `None` while `due` lies in the future.
    fn due(&self, due: Due, wait: Span) -> Option<Expiry> {
        if self.now.since(due.since) < wait {
            return None;
        }
        let slot = &self.slots[due.slot as usize];
        if !slot.occupied || slot.generation != due.generation {
            return Some(Expiry::Gone);
        }
        let busy = slot.pending.is_some() || self.now.since(slot.connection.last) < wait;
        Some(if busy { Expiry::Busy(self.now) } else { Expiry::Now })
    }

    /// Settles the oldest reset when it was quiet long enough; its connection stays remembered a while.
    fn settle_front(&mut self) {
        let Some(Queued::Waiting { slot: at }) = self.queue.front() else {
            return;
        };
        let at = *at;
        let slot = &self.slots[at as usize];
        let Some(pending) = &slot.pending else { return };
        let first = pending.resets.first().map_or(slot.connection.last, |rst| rst.record.time);
        let quiet = self.now.since(slot.connection.last) >= self.limits.settle_after;
        if !quiet && self.now.since(first) < self.limits.settle_at_most {
            return;
        }
        let (generation, icmp) = (slot.generation, self.icmp.remove(&at).unwrap_or_default());
        if let Some(pending) = self.slots[at as usize].pending.take() {
            let ending = self.settled(at, *pending, icmp);
            self.queue[0] = Queued::Done(Box::new(ending));
        }
        self.closing.push_back(Due { slot: at, generation, since: self.now });
    }

    fn make_room(&mut self) {
        if self.table.len() < self.limits.connections || self.slots.is_empty() {
            return;
        }
        let size = self.slots.len();
        let quietest = (0..EVICTION_SAMPLE)
            .map(|step| (self.eviction_hand + step) % size)
            .filter(|at| self.slots[*at].occupied)
            .min_by_key(|at| self.slots[*at].connection.last);
        self.eviction_hand = (self.eviction_hand + EVICTION_SAMPLE) % size;
        if let Some(at) = quietest {
            self.counts.forgotten += 1;
            self.retire(at as u32);
        }
    }

    /// Whether the same packet was captured before (RULES section 4.1): a SPAN port that mirrors
    /// both directions, or several interfaces of one router, show each packet twice.
    fn is_copy(&self, at: u32, record: &Record) -> bool {
        let connection = &self.slots[at as usize].connection;
        self.pool
            .records(&connection.history)
            .rev()
            .take_while(|earlier| record.time.since(earlier.time).abs() <= COPY_WITHIN)
            .any(|earlier| {
                same_packet(earlier, record)
                    && (names_its_packet(earlier) || self.comes_like_a_copy(at, earlier, record))
            })
    }

    /// For packets without an identification: equal in every bit, so only time and place are left,
    /// and for a RST whether there is a segment of its own that it answers.
    fn comes_like_a_copy(&self, at: u32, earlier: &Record, record: &Record) -> bool {
        if earlier.checksum != record.checksum {
            return false;
        }
        let elsewhere = earlier.interface != record.interface;
        if record.flags.has(Flags::RST) {
            elsewhere || !self.has_own_trigger(at, earlier, record)
        } else {
            elsewhere || record.time.since(earlier.time).abs() <= COPY_WITHIN_NO_ID
        }
    }

    /// Two equal RSTs are two resets when at least two segments were there for them to answer.
    fn has_own_trigger(&self, at: u32, earlier: &Record, record: &Record) -> bool {
        let connection = &self.slots[at as usize].connection;
        let triggers =
            self.pool.records(&connection.history).filter(|seen| trigger([*seen].into_iter(), record).is_some());
        let equal = self.pool.records(&connection.history).filter(|seen| same_packet(seen, earlier));
        triggers.count() > equal.count()
    }

    fn count_copy(&mut self, at: u32, record: &Record) {
        self.counts.copies += 1;
        self.counts.rst_copies += u64::from(record.flags.has(Flags::RST));
        let connection = &mut self.slots[at as usize].connection;
        connection.copies = connection.copies.saturating_add(1);
    }
}

enum Expiry {
    Gone,
    Busy(Timestamp),
    Now,
}

fn same_packet(a: &Record, b: &Record) -> bool {
    a.from == b.from
        && a.seq == b.seq
        && a.ack == b.ack
        && a.flags == b.flags
        && a.len == b.len
        && a.window == b.window
        && a.ip_id == b.ip_id
        && a.ts_value == b.ts_value
}

/// An IPv4 identification other than 0 names one packet (RFC 6864); a flow label names a flow.
fn names_its_packet(record: &Record) -> bool {
    record.ip_id != 0 && !record.notes.has(Notes::IPV6)
}
