//! When a verdict is due: what is expected to change nothing any more is handed out, and what was quiet
//! for long enough is forgotten.
//!
//! Every waiting time has a queue of its own, so that the entry that waits longest stands in front.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::hash::BuildHasher;

use super::Tracker;
use super::clock::Clock;
use super::slot::{Due, Expiry, Pending, Queued, ResetSeen, Slot};
use crate::connection::Connection;
use crate::half::Marks;
use crate::history::Record;
use crate::kernel::KernelWord;
use crate::outcome::{Basis, Incarnation, Outcome, Reset};
use crate::siblings::Death;
use crate::time::{Span, Timestamp};
use crate::trigger::settle_trigger;
use crate::twins::Twin;

/// Entries for vanished connections that a queue may hold before it is cleaned.
pub(super) const STALE_ALLOWED: usize = 4_096;

impl Tracker {
    /// Forgets the connection in `slot`; what it ended in is settled first.
    pub(super) fn retire(&mut self, at: u32) {
        self.hand_out(at);
        if self.is_failed_connect(at) {
            self.counts.failed_connects += 1;
            let outcome = self.failed_connect(at);
            self.twins.went_wrong(&self.slots[at as usize].connection);
            self.failed.push_back(Box::new(outcome));
        }
        self.icmp.remove(&at);
        let slot = &mut self.slots[at as usize];
        if let Some(gone) = &mut self.gone {
            gone.push_back(slot.connection);
        }
        let hash = self.hasher.hash_one(slot.connection.key);
        if let Ok(entry) = self.table.find_entry(hash, |slot| *slot == at) {
            entry.remove();
        }
        self.pool.release(&mut slot.connection.history);
        self.speeches.release(&mut slot.speech);
        slot.occupied = false;
        slot.challenger = None;
        self.free.push(at);
    }

    /// Settles the reset of the connection in `slot`, when it has one that was not handed out.
    pub(super) fn hand_out(&mut self, at: u32) {
        let Some(pending) = self.slots[at as usize].pending.take() else { return };
        let place = usize::try_from(pending.ticket - self.first_ticket).unwrap_or(usize::MAX);
        let (outcome, death) = self.settled(at, *pending);
        if let Some(queued) = self.queue.get_mut(place) {
            *queued = Queued::Done(outcome, death);
        }
    }

    fn settled(&mut self, at: u32, mut pending: Pending) -> (Box<Outcome>, Box<Death>) {
        settle_trigger(pending.rsts.as_mut_slice(), &pending.before, &pending.after);
        let finally = self.slots[at as usize].connection;
        self.counts.copies += u64::from(finally.copies);
        let first = &pending.rsts.first().record;
        let reset_at = first.time;
        let twin = self.handshake_twin(&pending.connection, &pending.before, Some(first)).or(pending.upstream);
        let twin = twin.map(Box::new);
        let server = finally.endpoint(finally.server());
        let mut service_later = self.services.of(server);
        service_later.recovered = self.services.recovered_after(server, reset_at).or(service_later.recovered);
        let probes = self.probers.of(finally.endpoint(finally.client).ip, reset_at);
        let incarnation = Incarnation {
            service_later,
            connection: pending.connection,
            finally,
            before: pending.before,
            said: pending.said,
            words: pending.words,
            asked: pending.asked,
            icmp: self.icmp.remove(&at).unwrap_or_default(),
            service: pending.service,
            seen_from: self.began.unwrap_or_default(),
            seen_until: reset_at.plus(self.clock.elapsed(pending.since)),
            basis: Basis::Packets,
            accounts: [None, None],
            joined: None,
            twin,
            siblings: None,
            probes,
            claims: Vec::new(),
        };
        let outcome = Box::new(Outcome::Reset(Reset {
            incarnation,
            rsts: pending.rsts,
            rsts_total: pending.rsts_total,
            after: pending.after,
            after_total: pending.after_total,
            kernel: KernelWord::NotAsked,
        }));
        (outcome, pending.death)
    }

    fn failed_connect(&mut self, at: u32) -> Outcome {
        let slot = &self.slots[at as usize];
        let (connection, since) = (slot.connection, slot.touched);
        let service = self.services.of(connection.endpoint(connection.server()));
        let before = self.pool.kept(&connection.history);
        Outcome::FailedConnect(Incarnation {
            connection,
            finally: connection,
            // Its twin is known only where all of it is read at once.
            twin: None,
            siblings: None,
            probes: None,
            before,
            said: self.speeches.said(slot.speech),
            words: self.speeches.words(slot.speech),
            asked: self.speeches.asked(slot.speech),
            icmp: self.icmp.remove(&at).unwrap_or_default(),
            service,
            service_later: service,
            seen_from: self.began.unwrap_or_default(),
            seen_until: connection.last.plus(self.clock.elapsed(since)),
            basis: Basis::Packets,
            accounts: [None, None],
            joined: None,
            claims: Vec::new(),
        })
    }

    fn handshake_twin(&self, connection: &Connection, records: &[Record], rst: Option<&Record>) -> Option<Twin> {
        let waits = |key| self.find(key).is_some_and(|at| self.is_failed_connect(at));
        self.twins.handshake(connection, records, rst, waits)
    }

    /// A SYN was seen, and nothing whatever that answers it.
    pub(super) fn is_failed_connect(&self, at: u32) -> bool {
        let slot = &self.slots[at as usize];
        let connection = &slot.connection;
        let (client, server) = (connection.half(connection.client), connection.half(connection.server()));
        let only_syn =
            client.marks.has(Marks::SYN) && !client.marks.has(Marks::SYN_ACK) && !client.marks.has(Marks::ACKED);
        let answered = server.marks.has(Marks::SYN) || (server.marks.has(Marks::ACKED) && server.ack == client.nxt);
        slot.reset == ResetSeen::No && only_syn && !answered
    }

    /// Does what is due by the time that the last observation has set.
    #[inline]
    pub(super) fn expire(&mut self) {
        if self.clock.now() >= self.next_due || self.clock.steps() != self.steps_seen {
            self.expire_now();
        }
    }

    /// Looks at everything that waits, and remembers when to look again.
    #[cold]
    pub(super) fn expire_now(&mut self) {
        self.steps_seen = self.clock.steps();
        self.expire_all();
        self.next_due = self.earliest_due();
    }

    /// Something waits from now on.
    pub(super) fn look_again_after(&mut self, wait: Span) {
        let due = if self.too_many_closed() { Timestamp::from_nanos(i64::MIN) } else { self.clock.now().plus(wait) };
        self.next_due = self.next_due.min(due);
    }

    /// A queue that is too long is shortened by one with each observation.
    fn too_many_closed(&self) -> bool {
        self.closed.len() > self.limits.closed
    }

    /// When the first entry of any queue is due: before, nothing is to be done as time passes.
    fn earliest_due(&self) -> Timestamp {
        if self.too_many_closed() {
            return Timestamp::from_nanos(i64::MIN);
        }
        let limits = &self.limits;
        let waiting = [
            (&self.unsettled, limits.settle_after),
            (&self.closed, limits.remember_closed),
            (&self.handed_out, limits.remember_reset),
            (&self.opening, limits.give_up_connect),
        ];
        let due = waiting.iter().filter_map(|(queue, wait)| Some(queue.front()?.since.plus(*wait)));
        due.min().unwrap_or(Timestamp::from_nanos(i64::MAX))
    }

    fn expire_all(&mut self) {
        self.settle_due();
        self.bound_closed();
        while let Some((at, expiry)) =
            Self::next_due(&self.slots, &self.clock, &mut self.closed, self.limits.remember_closed)
        {
            self.forget(at, expiry, |tracker| &mut tracker.closed);
        }
        while let Some((at, expiry)) =
            Self::next_due(&self.slots, &self.clock, &mut self.handed_out, self.limits.remember_reset)
        {
            self.forget(at, expiry, |tracker| &mut tracker.handed_out);
        }
        while let Some((at, expiry)) =
            Self::next_due(&self.slots, &self.clock, &mut self.opening, self.limits.give_up_connect)
        {
            if expiry != Expiry::Gone && self.is_failed_connect(at) {
                self.forget(at, expiry, |tracker| &mut tracker.opening);
            }
        }
    }

    /// On a busy network the closed connections of ten seconds would be most of the memory. At most
    /// one is closed by each segment, so forgetting one at a time keeps the bound.
    fn bound_closed(&mut self) {
        if self.too_many_closed()
            && let Some((at, expiry)) = Self::next_due(&self.slots, &self.clock, &mut self.closed, Span::ZERO)
        {
            self.forget(at, expiry, |tracker| &mut tracker.closed);
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

    /// Settles what is due, each by itself: the order of the queue is the order of telling only. Each is looked at as
    /// it was when it was due, not when the next packet came, which may belong to anybody.
    fn settle_due(&mut self) {
        let wait = self.limits.settle_after;
        while let Some(since) = self.unsettled.front().map(|due| due.since)
            && let Some((at, expiry)) = Self::next_due(&self.slots, &self.clock, &mut self.unsettled, wait)
        {
            // Not beyond a clock that was set back.
            let due = since.plus(wait).min(self.clock.now());
            match self.is_settled(at, due) {
                Some(true) if expiry != Expiry::Gone => self.settle(at),
                Some(false) if expiry != Expiry::Gone => self.await_settling(at, due),
                _ => {}
            }
        }
    }

    /// Settles what is due before the packet that is now is taken in.
    #[inline]
    pub(super) fn settle_first(&mut self) {
        if self.clock.now() >= self.next_due {
            self.settle_due();
        }
    }

    pub(super) fn await_settling(&mut self, at: u32, since: Timestamp) {
        let generation = self.slots[at as usize].generation;
        self.unsettled.push_back(Due { slot: at, generation, since });
        self.look_again_after(self.limits.settle_after);
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
    pub(super) fn drop_stale(&mut self) {
        let allowed = 2 * self.table.len() + STALE_ALLOWED;
        let slots = &self.slots;
        for queue in [&mut self.unsettled, &mut self.closed, &mut self.handed_out, &mut self.opening] {
            if queue.len() > allowed {
                queue.retain(|due| {
                    let slot = &slots[due.slot as usize];
                    slot.occupied && slot.generation == due.generation
                });
            }
        }
    }

    /// Settles the oldest reset, whatever may still come.
    pub(super) fn settle_front(&mut self) {
        if let Some(Queued::Waiting { slot }) = self.queue.front() {
            self.settle(*slot);
        }
    }

    /// Settles a reset; its connection stays remembered for a while.
    fn settle(&mut self, at: u32) {
        self.hand_out(at);
        let slot = &mut self.slots[at as usize];
        self.pool.release(&mut slot.connection.history);
        self.speeches.release(&mut slot.speech);
        let generation = slot.generation;
        self.handed_out.push_back(Due { slot: at, generation, since: self.clock.now() });
        self.look_again_after(self.limits.remember_reset);
    }

    /// Whether nothing more was expected at `due` to change the verdict of the reset in `slot`.
    fn is_settled(&self, at: u32, due: Timestamp) -> Option<bool> {
        let slot = &self.slots[at as usize];
        let pending = slot.pending.as_ref()?;
        let quiet = Clock::between(slot.touched, due) >= self.limits.settle_after;
        Some(quiet || Clock::between(pending.since, due) >= self.limits.settle_at_most)
    }
}
