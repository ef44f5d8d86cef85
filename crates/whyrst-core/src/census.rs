//! A count of all connections, and a note of those that must be followed: what a first look at a
//! capture can tell from 16 octets a flow.
//!
//! Nine connections of ten end without a RST, and following them all is most of the work. Where the
//! input can be read twice, the census sees every segment first; the tracker is then fed with the
//! flows that the census noted, and with nothing else. That changes no verdict, because:
//!
//! - An outcome is made of the packets of its own flow. A flow is noted for good when it shows a RST
//!   anywhere, or when a SYN of it may have stayed unanswered as [`Tracker`] understands it: no
//!   SYN-ACK came, none in time, or another SYN came first. Noting one flow too many costs time only;
//!   so whatever is doubtful is noted, and two flows that share a name are noted together.
//! - ICMP errors are fed to the tracker all, which drops those about flows that it does not follow.
//! - What one connection can learn from another is what the tracker knows of services. SYN-ACKs of
//!   unfollowed flows are told by [`Tracker::overhear`]; a refusal is a RST, so its flow is followed. Of the first
//!   connections of a service that had a reset every segment is told by [`Tracker::glimpse`].
//! - Time passes for the tracker with every observation, followed or not ([`Tracker::pass`]).
//! - What waits in the tracker's queues is in the order of time, so that no connection waits for
//!   another, unless the capture's clock is set back by more than ten minutes. Then every flow is
//!   followed; likewise where more flows would have to be noted than the memory has room for.
//! - The bounds on memory are the one thing that differs, to the better: what is not followed takes
//!   no room, so less is forgotten.
//!
//! The number of connections is counted here for either way of reading: each pair of endpoints, and
//! each further SYN between them with another sequence number. A flow is remembered for as long as
//! it may go on: until `CLOSED_FOR` after both ends closed, `RESET_FOR` after a RST, and
//! otherwise until the table is full.
//!
//! [`Tracker`]: crate::tracker::Tracker
//! [`Tracker::overhear`]: crate::tracker::Tracker::overhear
//! [`Tracker::glimpse`]: crate::tracker::Tracker::glimpse
//! [`Tracker::pass`]: crate::tracker::Tracker::pass
//!
//! The facts behind it: docs/internals/bounds.md#the-census.

mod acquaintances;

use alloc::vec::Vec;

use self::acquaintances::Acquaintances;
pub use crate::sighting::Sighting;

use crate::flow::Side;
use crate::segment::Flags;
use crate::seq::Seq;
use crate::time::Timestamp;
use crate::tracker::clock::Clock;

/// Seconds for which a flow is remembered whose two ends sent FIN.
const CLOSED_FOR: u32 = 30;
/// The same after a RST: the peer may go on for as long as the tracker expects it to.
const RESET_FOR: u32 = 130;
/// An answer that comes later than this may be too late for the tracker (`Limits::give_up_connect`
/// less what whole seconds may hide).
const ANSWER_WITHIN: u32 = 120;
/// What a step of the capture's clock counts as: longer than anything that is waited for.
const STEP: u32 = 200;
/// A noted flow while the set of them is built: in the list, and up to four places in the set.
const OCTETS_PER_NOTE: usize = 48;
/// Entries in the smallest table.
const SMALLEST: usize = 1 << 12;

/// Counts the connections of one capture and notes those to be followed.
#[derive(Debug)]
pub struct Census {
    table: Vec<Entry>,
    used: usize,
    /// The table never has more entries.
    largest: usize,
    clock: Clock,
    /// Seconds of the clock, in which every step of the clock is a long silence.
    beat: Beat,
    connections: u64,
    forgotten: u64,
    noted: Vec<u64>,
    most_noted: usize,
    /// More flows are to be followed than can be listed.
    too_many: bool,
    acquaintances: Acquaintances,
}

/// A flow. 16 octets, so that four share a cache line.
#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    /// 0: nothing is here.
    flow: u64,
    /// Sequence number of its last SYN, when there was one.
    isn: Seq,
    /// The beat of its last segment in the upper 24 bits, [`state`] in the lower 8.
    stamp: u32,
}

/// What is known of a flow.
mod state {
    pub(super) const SYN: u32 = 1;
    /// The last SYN came from the high side.
    pub(super) const SYN_FROM_HIGH: u32 = 1 << 1;
    /// The last SYN waits for its answer.
    pub(super) const UNANSWERED: u32 = 1 << 2;
    pub(super) const FIN_FROM_LOW: u32 = 1 << 3;
    pub(super) const FIN_FROM_HIGH: u32 = 1 << 4;
    pub(super) const RST: u32 = 1 << 5;
    pub(super) const NOTED: u32 = 1 << 6;
    pub(super) const FINS: u32 = FIN_FROM_LOW | FIN_FROM_HIGH;
    pub(super) const ALL: u32 = 0xff;
}

#[derive(Clone, Copy, Debug, Default)]
struct Beat {
    now: u32,
    second: i64,
    steps: u32,
    /// The clock was set back by more than it may be wrong.
    set_back: bool,
}

impl Beat {
    /// As many as an entry can tell: half a year.
    const LAST: u32 = (1 << 24) - 1;

    #[inline]
    fn follow(&mut self, clock: &Clock) {
        let second = clock.now().nanos() / 1_000_000_000;
        if second != self.second || clock.steps() != self.steps {
            self.advance(second, clock.steps());
        }
    }

    #[cold]
    fn advance(&mut self, second: i64, steps: u32) {
        let passed = u32::try_from(second.saturating_sub(self.second)).unwrap_or(STEP).min(STEP);
        let stepped = self.steps != steps;
        let passed = if stepped { STEP } else { passed };
        self.set_back |= stepped && second < self.second;
        self.now = self.now.saturating_add(passed).min(Self::LAST);
        (self.second, self.steps) = (second, steps);
    }

    /// Whether nothing can be said any more of how long ago something was. After the clock was set
    /// back, what the tracker waits for is not in order any more: one connection waits for others.
    const fn is_lost(&self) -> bool {
        self.now == Self::LAST || self.set_back
    }
}

impl Entry {
    #[inline]
    const fn has(&self, state: u32) -> bool {
        self.stamp & state == state
    }

    #[inline]
    const fn set(&mut self, state: u32) {
        self.stamp |= state;
    }

    #[inline]
    const fn clear(&mut self, state: u32) {
        self.stamp &= !state;
    }

    #[inline]
    const fn silent_for(&self, beat: Beat) -> u32 {
        beat.now - (self.stamp >> 8)
    }

    /// For how long it was silent, and among equals by the bits of its name that do not say where it is
    /// in the table: those that stay must not lie in a row, or every search would walk along it.
    #[inline]
    const fn age(&self, beat: Beat) -> u64 {
        (self.silent_for(beat) as u64) << 32 | self.flow >> 32
    }

    /// Whether it is over, and what comes now belongs to something new.
    #[inline]
    const fn is_over(&self, beat: Beat) -> bool {
        let silent = self.silent_for(beat);
        (self.has(state::FINS) && silent > CLOSED_FOR) || (self.has(state::RST) && silent > RESET_FOR)
    }
}

impl Census {
    /// An empty one that uses at most so many octets of memory for its table, and so many for its notes.
    pub fn new(memory: usize, notes: usize) -> Self {
        let fits = (memory / size_of::<Entry>()).max(SMALLEST);
        // While the table grows, the old one and the new one are there.
        let largest = if fits.is_power_of_two() { fits } else { fits.next_power_of_two() / 2 };
        Self {
            table: alloc::vec![Entry::default(); SMALLEST],
            used: 0,
            largest: (largest / 2).max(SMALLEST),
            clock: Clock::default(),
            beat: Beat::default(),
            connections: 0,
            forgotten: 0,
            noted: Vec::new(),
            most_noted: notes / OCTETS_PER_NOTE,
            too_many: false,
            acquaintances: Acquaintances::default(),
        }
    }

    /// Connections so far: pairs of endpoints, and each further SYN with another sequence number.
    pub const fn connections(&self) -> u64 {
        self.connections
    }

    /// Flows that were not over and had to be forgotten: what comes of them counts once more.
    pub const fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// Prefetches what is known of some flows, ahead of [`Self::saw`]: memory answers for many of them
    /// at once.
    #[inline]
    pub fn prefetch(&self, flows: impl Iterator<Item = u64>) {
        core::hint::black_box(flows.fold(0, |all, flow| all ^ self.table[self.home(flow)].flow));
    }

    /// Something was seen at `time` that is no segment.
    #[inline]
    pub fn pass(&mut self, time: Timestamp) {
        self.clock.saw(time);
        self.beat.follow(&self.clock);
    }

    /// The same of several things in a row, by the earliest and the latest of their times. False where a second begins
    /// meanwhile, or one of them may move the clock by a step: then nothing was done.
    #[inline]
    pub fn pass_together(&mut self, earliest: Timestamp, latest: Timestamp) -> bool {
        let same_second = self.clock.now().max(latest).nanos() / 1_000_000_000 == self.beat.second;
        same_second && self.clock.steps() == self.beat.steps && self.clock.saw_all(earliest, latest)
    }

    /// Takes in one segment.
    #[inline]
    pub fn saw(&mut self, sighting: &Sighting) {
        self.pass(sighting.time);
        self.saw_now(sighting);
    }

    /// As [`Self::saw`], when its time [came already](Self::pass_together).
    #[inline]
    pub fn saw_now(&mut self, sighting: &Sighting) {
        let at = self.entry_of(sighting.flow);
        let beat = self.beat;
        let entry = &mut self.table[at];
        let flags = sighting.flags;
        let ordinary = Flags::SYN.with(Flags::RST).with(Flags::FIN).bits();
        let is_new = entry.flow == 0;
        if is_new || flags.bits() & ordinary != 0 || entry.stamp & (state::UNANSWERED | state::RST | state::FINS) != 0 {
            self.note(at, sighting);
        }
        let entry = &mut self.table[at];
        entry.stamp = beat.now << 8 | entry.stamp & state::ALL;
        if is_new && self.used * 4 > self.table.len() * 3 {
            self.make_room();
        }
    }

    /// A SYN-ACK of `flow` was seen; `service` is the name of the end that sent it, as of a flow with itself.
    pub fn accepted(&mut self, service: u64, flow: u64) {
        self.acquaintances.accepted(service, flow);
    }

    /// A RST was seen between the ends of these names.
    pub fn reset(&mut self, ends: [u64; 2]) {
        self.acquaintances.reset(ends);
    }

    /// The flows to be followed. Those whose SYN is still unanswered are among them.
    pub fn finish(mut self) -> Noted {
        let waiting = self.table.iter().filter(|entry| entry.has(state::UNANSWERED)).map(|entry| entry.flow);
        self.noted.extend(waiting);
        let all = self.too_many || self.beat.is_lost() || self.noted.len() > self.most_noted;
        if all {
            return Noted::everything();
        }
        Noted::of(self.noted, self.acquaintances.finish())
    }

    /// Everything that is more than one more segment of a connection that goes on.
    fn note(&mut self, at: usize, sighting: &Sighting) {
        let beat = self.beat;
        let entry = &mut self.table[at];
        let silent = entry.silent_for(beat);
        let is_new = entry.flow == 0;
        let begins = is_new || entry.is_over(beat);
        // It may have been given up before this came.
        let doubtful = entry.has(state::UNANSWERED) && (begins || silent >= ANSWER_WITHIN);
        if doubtful {
            self.follow(at);
        }
        if begins {
            let entry = &mut self.table[at];
            *entry = Entry { flow: sighting.flow, isn: Seq::default(), stamp: beat.now << 8 };
            self.used += usize::from(is_new);
            self.connections += 1;
        }
        if sighting.flags.has(Flags::RST) {
            self.table[at].set(state::RST);
            self.table[at].clear(state::UNANSWERED);
            self.follow(at);
        } else if sighting.flags.is_syn() {
            self.connections += u64::from(self.opens(at, sighting) && !begins);
        } else {
            self.goes_on(at, sighting);
        }
    }

    /// A SYN came. Whether it opens a connection, and is not one that was sent again.
    fn opens(&mut self, at: usize, sighting: &Sighting) -> bool {
        let entry = &mut self.table[at];
        let known = entry.has(state::SYN);
        let same_side = entry.has(state::SYN_FROM_HIGH) == (sighting.from == Side::High);
        let repeated = known && same_side && entry.isn == sighting.seq;
        let waited = entry.has(state::UNANSWERED);
        // A SYN from the other side before any answer: a simultaneous open (RFC 9293 section 3.5).
        let crossed = known && !same_side && waited;
        entry.set(state::SYN | state::UNANSWERED);
        if !repeated && !crossed {
            entry.isn = sighting.seq;
            entry.clear(state::SYN_FROM_HIGH | state::FINS | state::RST);
            entry.set(if sighting.from == Side::High { state::SYN_FROM_HIGH } else { 0 });
        }
        if waited && !repeated {
            self.follow(at);
        }
        !repeated && !crossed
    }

    /// A segment that is neither a RST nor a SYN without ACK.
    fn goes_on(&mut self, at: usize, sighting: &Sighting) {
        let entry = &mut self.table[at];
        let by_opener = entry.has(state::SYN_FROM_HIGH) == (sighting.from == Side::High);
        let flags = sighting.flags;
        // Either the answer, or the opener talks on and so has had one.
        let settles = flags.has(Flags::ACK) && (by_opener || flags.has(Flags::SYN));
        if flags.has(Flags::FIN) {
            entry.set(if sighting.from == Side::High { state::FIN_FROM_HIGH } else { state::FIN_FROM_LOW });
        }
        if settles {
            entry.clear(state::UNANSWERED);
        }
    }

    fn follow(&mut self, at: usize) {
        let entry = &mut self.table[at];
        if !entry.has(state::NOTED) {
            entry.set(state::NOTED);
            let flow = entry.flow;
            self.push_noted(flow);
        }
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "only the low bits name the place")]
    fn home(&self, flow: u64) -> usize {
        flow as usize & (self.table.len() - 1)
    }

    /// Where the flow is, or the free place where it will be.
    #[inline]
    fn entry_of(&self, flow: u64) -> usize {
        let mut at = self.home(flow);
        while self.table[at].flow != flow && self.table[at].flow != 0 {
            at = (at + 1) & (self.table.len() - 1);
        }
        at
    }

    /// Drops what is over, and makes the table larger when that is not enough.
    #[cold]
    fn make_room(&mut self) {
        let beat = self.beat;
        let old = core::mem::take(&mut self.table);
        let kept = |entry: &Entry| entry.flow != 0 && (!entry.is_over(beat) || entry.has(state::UNANSWERED));
        let live = old.iter().filter(|entry| kept(entry)).count();
        let size = (live * 2).next_power_of_two().clamp(SMALLEST, self.largest);
        let first_without_room =
            first_beyond(old.iter().filter(|entry| kept(entry)).map(|entry| entry.age(beat)), size / 2);
        self.table = alloc::vec![Entry::default(); size];
        self.used = 0;
        for entry in old.into_iter().filter(kept) {
            if entry.age(beat) < first_without_room {
                let at = self.entry_of(entry.flow);
                self.table[at] = entry;
                self.used += 1;
            } else {
                self.forgotten += 1;
                self.leave_noted(&entry);
            }
        }
    }

    /// What becomes of a forgotten flow is not seen any more.
    fn leave_noted(&mut self, entry: &Entry) {
        if entry.has(state::UNANSWERED) && !entry.has(state::NOTED) {
            self.push_noted(entry.flow);
        }
    }

    fn push_noted(&mut self, flow: u64) {
        if self.noted.len() < self.most_noted {
            self.noted.push(flow);
        } else {
            self.too_many = true;
        }
    }
}

/// The least of all `ages` but the first `count`; beyond all of them where there are no more.
fn first_beyond(ages: impl Iterator<Item = u64>, count: usize) -> u64 {
    let mut ages: Vec<u64> = ages.collect();
    if ages.len() <= count { u64::MAX } else { *ages.select_nth_unstable(count).1 }
}

/// What is to be done with a flow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Interest {
    /// It is followed.
    Followed,
    /// It is a [sibling](crate::siblings) of one that is.
    Sibling,
    /// Nothing.
    None,
}

/// The flows that are followed, and their siblings: asked for once for each segment, mostly in vain.
#[derive(Clone, Debug)]
pub struct Noted {
    /// 16 bits for each flow, one of them set: it fits the cache where the flows do not.
    sieve: Vec<u64>,
    followed: FlowSet,
    siblings: FlowSet,
    everything: bool,
}

impl Noted {
    /// Every flow there is.
    pub fn everything() -> Self {
        Self { everything: true, ..Self::of(Vec::new(), Vec::new()) }
    }

    /// The flows of these names, to be followed or siblings of such.
    pub fn of(followed: Vec<u64>, siblings: Vec<u64>) -> Self {
        let places = ((followed.len() + siblings.len()) * 2).next_power_of_two().max(64);
        let mut sieve = alloc::vec![0; places / 8];
        for flow in followed.iter().chain(&siblings) {
            let (word, bit) = sieve_place(places / 8, *flow);
            sieve[word] |= bit;
        }
        Self { sieve, followed: FlowSet::of(followed), siblings: FlowSet::of(siblings), everything: false }
    }

    /// How many flows are to be followed, where they are listed.
    pub const fn flows(&self) -> usize {
        self.followed.len
    }

    /// What is to be done with `flow`.
    #[inline]
    pub fn interest(&self, flow: u64) -> Interest {
        let (word, bit) = sieve_place(self.sieve.len(), flow);
        if self.sieve[word] & bit == 0 && !self.everything { Interest::None } else { self.listed(flow) }
    }

    /// Whether the flow is followed.
    #[inline]
    pub fn has(&self, flow: u64) -> bool {
        self.interest(flow) == Interest::Followed
    }

    fn listed(&self, flow: u64) -> Interest {
        if self.everything || self.followed.has(flow) {
            Interest::Followed
        } else if self.siblings.has(flow) {
            Interest::Sibling
        } else {
            Interest::None
        }
    }
}

/// By other bits of the name than the place in a set.
#[inline]
const fn sieve_place(words: usize, flow: u64) -> (usize, u64) {
    ((flow >> 32) as usize & (words - 1), 1 << (flow >> 58))
}

/// Names of flows, none of them 0.
#[derive(Clone, Debug)]
struct FlowSet {
    /// Twice as many places as flows.
    table: Vec<u64>,
    len: usize,
}

#[expect(clippy::cast_possible_truncation, reason = "only the low bits name a place")]
impl FlowSet {
    fn of(mut flows: Vec<u64>) -> Self {
        flows.sort_unstable();
        flows.dedup();
        let places = (flows.len() * 2).next_power_of_two().max(64);
        let (mut table, len) = (alloc::vec![0; places], flows.len());
        for flow in flows {
            let mut at = flow as usize & (places - 1);
            while table[at] != 0 {
                at = (at + 1) & (places - 1);
            }
            table[at] = flow;
        }
        Self { table, len }
    }

    fn has(&self, flow: u64) -> bool {
        let mut at = flow as usize & (self.table.len() - 1);
        while self.table[at] != flow {
            if self.table[at] == 0 {
                return false;
            }
            at = (at + 1) & (self.table.len() - 1);
        }
        true
    }
}

#[cfg(test)]
mod tests;
