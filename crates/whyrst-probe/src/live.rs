//! The running probe as the commands use it: resets, one after the other, each reported once.
//!
//! Whatever happens on the host, what is kept here is bounded: the ring by its size, [`Folding`] by so many resets and
//! kinds a second, [`Pairing`] by so many that wait. What is beyond is counted, and said ([`Live::warnings`]).

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use nix::time::{ClockId, clock_gettime};
use whyrst_core::segment::Endpoint;
use whyrst_core::socket::SocketReset;
use whyrst_core::socket::{SocketEvent, Told, Translation, Wire};
use whyrst_core::time::{Span, Timestamp};

use crate::aggregate::{EventRate, open_window, window};
use crate::conntrack::Conntrack;
use crate::counters::OutRsts;
use crate::enrich::Enricher;
use crate::error::ProbeError;
use crate::event::{Event, Tracepoint};
use crate::folding::{Folded, FoldedResets, Folding, Key};
use crate::interest::Interest;
use crate::kernel_filter::KernelFilter;
use crate::order::Order;
use crate::pairing::{OtherHalf, Pairing, follows_a_reset};
use crate::probe::{Missing, Probe, monotonic};
use crate::sock_diag::SocketList;
use crate::warning::{Warning, Warnings};

/// The clocks drift apart, and the wall clock may be set: compared again this often.
const COMPARE_CLOCKS: Duration = Duration::from_secs(1);
/// More than this is no drift (`adjtimex` changes the speed by a thousandth at most): somebody set the clock.
const SET: Span = Span::from_millis(500);
/// Beyond all waiting.
const END_OF_TIME: Span = Span::from_secs(3_600);
/// So many events are taken from the ring before resets are handed out.
const BATCH: usize = 1024;
/// So many resets are handed out before the ring is read again.
const AT_ONCE: usize = 32;
/// More events than the ring has room for: 4 MiB, and an event takes 344 bytes at least.
const RINGFUL: usize = (4 << 20) / 344 + 1;
/// Network namespaces whose resets are counted apart; beyond it they count as those of none.
const NAMESPACES: usize = 65_536;
/// While events wait for their other half.
const SHORT: Duration = Duration::from_millis(2);

/// Something to report.
#[derive(Clone, Debug)]
pub enum LiveEvent {
    /// A reset.
    Reset(Box<SocketReset>),
    /// Others like one that was reported.
    Folded(Box<FoldedResets>),
}

/// Resets of this host as they happen.
pub struct Live {
    probe: Probe,
    enricher: Enricher,
    conntrack: Conntrack,
    pairing: Pairing,
    order: Order,
    /// So many were handed out since the ring was last read.
    handed_out: usize,
    folding: Folding,
    /// What is to be handed out next: bounded by what [`Pairing`] and [`Folding`] hold.
    due: VecDeque<LiveEvent>,
    compared: Instant,
    sent: BTreeMap<u32, u64>,
    received: u64,
    rate: EventRate,
    /// The first window that may still be counted in; what was counted in earlier ones was taken.
    window: u64,
    /// Further RSTs that were folded.
    later: u64,
    /// Resets that are like nothing that was reported.
    only_counted: u64,
    /// Events that were lost so far, and the window in which that was last more than before.
    lost: (u64, Option<u64>),
    warnings: Warnings,
    interest: Interest,
    sent_ends: Option<Vec<(Endpoint, Endpoint)>>,
}

impl Live {
    /// Loads the probe.
    pub fn start() -> Result<Self, ProbeError> {
        Self::start_with(&KernelFilter::default())
    }

    /// Loads the probe to report what passes `filter`; everything else is only counted.
    pub fn start_with(filter: &KernelFilter) -> Result<Self, ProbeError> {
        let probe = Probe::start(filter)?;
        let mut warnings = Warnings::default();
        let offset = offset(&mut warnings);
        Ok(Self {
            enricher: Enricher::new(offset, &probe),
            probe,
            conntrack: Conntrack::start(),
            pairing: Pairing::default(),
            order: Order::default(),
            handed_out: 0,
            folding: Folding::beginning(Instant::now()),
            due: VecDeque::new(),
            compared: Instant::now(),
            sent: BTreeMap::new(),
            received: 0,
            rate: EventRate::default(),
            window: window(monotonic()),
            later: 0,
            only_counted: 0,
            lost: (0, None),
            warnings,
            interest: Interest::default(),
            sent_ends: None,
        })
    }

    /// From now on resets of these are reported also where a flood of others has used up what is reported in a second.
    pub fn prefer(&mut self, interest: Interest) {
        self.interest = interest;
    }

    /// The next reset; `None` when none came within `patience`.
    pub fn next(&mut self, patience: Duration) -> Result<Option<LiveEvent>, ProbeError> {
        self.next_beside(patience, std::iter::empty())
    }

    /// The same; `None` also when there is something to read from one of `others`.
    pub fn next_beside<'a>(
        &mut self,
        patience: Duration,
        others: impl Iterator<Item = BorrowedFd<'a>>,
    ) -> Result<Option<LiveEvent>, ProbeError> {
        if let Some(event) = self.ready() {
            return Ok(Some(event));
        }
        let soon = self.pairing.is_waiting() || self.rate.is_busy();
        let patience = if soon { patience.min(SHORT) } else { patience };
        // To the moment: who waits for a line waits no longer than for the order.
        let left = self.order.left(self.now()).map(|left| Duration::from_nanos(left.nanos().max(0).unsigned_abs()));
        self.probe.wait(left.map_or(patience, |left| patience.min(left)), others)?;
        Ok(self.ready())
    }

    /// What this kernel cannot report.
    pub fn missing(&self) -> &[Missing] {
        self.probe.missing()
    }

    /// Resets sent so far, by network namespace, with those that were filtered out.
    pub fn sent(&self) -> BTreeMap<u32, u64> {
        let mut sent = self.sent.clone();
        for (netns, _, count) in
            self.probe.filtered_out().into_iter().filter(|(_, tracepoint, _)| *tracepoint == Tracepoint::Sent)
        {
            count_in(&mut sent, netns, count);
        }
        let nowhere = self.probe.uncounted(Tracepoint::Sent);
        if nowhere > 0 {
            count_in(&mut sent, NO_NAMESPACE, nowhere);
        }
        sent
    }

    /// Resets received so far, with those that were filtered out.
    pub fn received(&self) -> u64 {
        let filtered =
            self.probe.filtered_out().into_iter().filter(|(_, tracepoint, _)| *tracepoint == Tracepoint::Received);
        self.received + filtered.map(|(_, _, count)| count).sum::<u64>() + self.probe.uncounted(Tracepoint::Received)
    }

    /// Counts the connections that live on without a process, of sockets that were opened in this cgroup: they have sent
    /// a FIN and wait for the other end. `None` where the kernel cannot be asked.
    pub fn orphans(&self, cgroup: u64, namespaces: &[&SocketList]) -> Option<usize> {
        let closing = namespaces.iter().map(|list| list.closing(cgroup).ok()).collect::<Option<Vec<_>>>()?;
        let sockets: usize = closing.iter().map(|one| one.sockets).sum();
        let mut timers = closing.iter().flat_map(|one| &one.timers).peekable();
        if timers.peek().is_none() {
            return Some(sockets);
        }
        // Asked after the list: what is a timer there has left its socket's record by now, and reading all takes long.
        let left: BTreeSet<_> = self.probe.left_by(cgroup).iter().map(|tuple| (tuple.local, tuple.remote)).collect();
        Some(sockets + timers.filter(|ends| left.contains(ends)).count())
    }

    /// Events that were filtered out: of one reset there are two when both ends are on this host.
    pub fn filtered_out(&self) -> u64 {
        self.probe.filtered_out().into_iter().map(|(_, _, count)| count).sum()
    }

    /// The kernel's own counts at this moment, read by the thread that may; nothing where that takes too long.
    pub fn out_rsts(&self) -> OutRsts {
        self.enricher.owners.procfs().out_rsts().unwrap_or_default()
    }

    /// Events that did not fit into the ring buffer: they are in the counts, but not reported.
    pub fn lost(&self) -> u64 {
        self.probe.lost()
    }

    /// Resets that were only counted: unlike every one that was reported, and too many to be reported one by one.
    pub const fn only_counted(&self) -> u64 {
        self.only_counted
    }

    /// What is to be said now of what was lost or only counted; to be asked often.
    pub fn warnings(&mut self) -> Vec<Warning> {
        self.note_losses();
        let silent = self.enricher.owners.procfs().take_silent().map(Warning::ProcessSilent);
        let due = self.warnings.due(self.lost.0, self.only_counted, Instant::now());
        silent.into_iter().chain(due).collect()
    }

    /// From now on the ends of every connection that this host resets are kept for
    /// [`Self::take_sent_ends`], also of those that are only counted.
    pub fn keep_sent_ends(&mut self) {
        self.sent_ends.get_or_insert_default();
    }

    /// The ends, local first, of the resets sent since this was last asked.
    pub fn take_sent_ends(&mut self) -> Vec<(Endpoint, Endpoint)> {
        self.sent_ends.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Whether every reset that this host's TCP sends is reported by its ends, so that silence means something:
    /// not on every kernel, and not where there were so many that the kernel side only counted them.
    pub fn sees_all_resets(&self) -> bool {
        let now = monotonic();
        let has_lost = self.lost.1.is_some_and(|last| window(now) <= last + 1);
        self.probe.reports_all_resets() && !has_lost && !self.is_partial(now)
    }

    /// Whether a part of the resets of this moment is only counted.
    fn is_partial(&self, now: u64) -> bool {
        self.rate.may_be_aggregated(now) || self.folding.is_folding(Instant::now())
    }

    /// RSTs that belong to resets that were reported already.
    pub const fn later(&self) -> u64 {
        self.pairing.later() + self.later
    }

    /// What is due goes out before more is taken in, but not for so long that the ring fills up.
    fn ready(&mut self) -> Option<LiveEvent> {
        if self.handed_out < AT_ONCE
            && let Some(event) = self.at_hand(self.now())
        {
            self.handed_out += 1;
            return Some(event);
        }
        self.handed_out = 0;
        self.compare_clocks();
        self.note_losses();
        self.read(BATCH);
        // Before what waits: under a flood something always does.
        let open = open_window(monotonic());
        if open > self.window {
            self.window = open;
            self.count(open);
        }
        if let Some(folded) = self.folding.finish(Instant::now()) {
            self.hand_out(folded);
        }
        let now = self.now();
        self.order_until(now);
        self.at_hand(now)
    }

    fn at_hand(&mut self, now: Timestamp) -> Option<LiveEvent> {
        self.due.pop_front().or_else(|| self.order.next(now).map(LiveEvent::Reset))
    }

    /// Puts into order what has waited long enough for its other half at `now`.
    fn order_until(&mut self, now: Timestamp) {
        while let Some(reset) = self.waited(now) {
            self.order.push(reset);
        }
    }

    /// Everything that waits, whatever it waits for.
    fn flush(&mut self) {
        self.order_until(self.now().plus(END_OF_TIME));
        self.due.extend(self.order.flush().map(LiveEvent::Reset));
    }

    /// The next reset that has waited long enough at `now`.
    fn waited(&mut self, now: Timestamp) -> Option<SocketReset> {
        while let Some((reset, key)) = self.pairing.next(now) {
            // Of two ends one was reported and the other folded: the sender's is the one that counts.
            let is_preferred = self.interest.has_told(&reset.event);
            if reset.unsent && !is_preferred && self.folding.is_folding(Instant::now()) {
                continue;
            }
            if let Some(reset) = self.complete(reset, key) {
                return Some(reset);
            }
        }
        None
    }

    fn read(&mut self, most: usize) {
        for _ in 0..most {
            let Some(event) = self.probe.next() else { break };
            self.take(&event);
        }
    }

    /// Takes over what was folded.
    fn hand_out(&mut self, folded: Folded) {
        self.later += folded.later;
        self.only_counted += folded.unlike;
        self.due.extend(folded.alike.into_iter().map(|more| LiveEvent::Folded(Box::new(more))));
    }

    /// Everything that had happened when this was called and was not yet handed out: what waits for its other half
    /// waits no longer. What a flood adds meanwhile does not keep it.
    pub fn drain(&mut self) -> Vec<LiveEvent> {
        self.note_losses();
        self.read(RINGFUL);
        self.flush();
        self.count(u64::MAX);
        let folded = self.folding.flush(Instant::now());
        self.hand_out(folded);
        std::mem::take(&mut self.due).into()
    }

    /// The wall clock by which events are dated, as it was compared last: waiting does not depend on who sets it.
    fn now(&self) -> Timestamp {
        self.enricher.wall(monotonic())
    }

    fn compare_clocks(&mut self) {
        if self.compared.elapsed() < COMPARE_CLOCKS {
            return;
        }
        self.compared = Instant::now();
        let offset = offset(&mut self.warnings);
        let moved = Span::from_nanos(offset.nanos().saturating_sub(self.enricher.offset.nanos()));
        if moved.abs() > SET {
            // The two ends of a reset are dated by one clock.
            self.flush();
            self.pairing.forget();
            self.warnings.note_clock(Warning::ClockSet(moved));
        }
        self.enricher.offset = offset;
    }

    fn note_losses(&mut self) {
        let lost = self.probe.lost();
        if lost > self.lost.0 {
            self.lost = (lost, Some(window(monotonic())));
        }
    }

    /// The reset with what NAT makes of its ends; `None` when its other end reported it.
    fn complete(&mut self, mut reset: SocketReset, mut key: Key) -> Option<SocketReset> {
        self.translate(&mut reset.event);
        if let Some(peer) = &mut reset.peer {
            self.translate(peer);
        } else {
            match self.other_half(&reset.event) {
                OtherHalf::Reported => return None,
                OtherHalf::Missing => {}
                OtherHalf::Waits(mut half, of_half) => {
                    self.translate(&mut half);
                    note_names(&mut reset.event, &mut half);
                    if half.told == Told::Received {
                        reset.peer = Some(*half);
                    } else {
                        reset.peer = Some(std::mem::replace(&mut reset.event, *half));
                        key = of_half;
                    }
                }
            }
        }
        reset.unsent = reset.unsent && self.is_silence(&reset.event);
        self.folding.remember(&key, &reset, Instant::now());
        Some(reset)
    }

    /// What became of the other end of a reset that one end reported: NAT may give them different names.
    fn other_half(&mut self, event: &SocketEvent) -> OtherHalf {
        match (self.pairing.half_with_its_numbers(event), event.account.translation) {
            (OtherHalf::Missing, Translation::To(wire)) => self.pairing.other_half(event, wire),
            (half, _) => half,
        }
    }

    /// Whether it means something that nobody here reported having sent what `event` received. It does so only while
    /// every reset is seen, and where no NAT may have given the sender another name.
    fn is_silence(&self, event: &SocketEvent) -> bool {
        self.sees_all_resets()
            && match event.account.translation {
                Translation::Untranslated => true,
                Translation::To(_) => false,
                Translation::Unknown => !self.pairing.may_have_sent(event.time),
            }
    }

    /// Asks what is on the wire, as long as the kernel remembers.
    fn translate(&self, event: &mut SocketEvent) {
        event.account.translation = self.conntrack.translation(event.local, event.remote);
    }

    /// Takes what the kernel side only counted in the windows before `window`.
    fn count(&mut self, window: u64) {
        for (aggregate, count) in self.probe.counted(window) {
            match aggregate.tracepoint {
                Tracepoint::Sent => count_in(&mut self.sent, aggregate.netns, count),
                Tracepoint::Received => self.received += count,
            }
            self.folding.add(&aggregate, count);
        }
    }

    fn take(&mut self, event: &Event) {
        self.rate.note(event.at);
        match event.tracepoint {
            Tracepoint::Sent => {
                count_in(&mut self.sent, event.tuple.netns, 1);
                if let Some(ends) = &mut self.sent_ends {
                    ends.push((event.tuple.local, event.tuple.remote));
                }
            }
            Tracepoint::Received => self.received += 1,
        }
        let (key, now) = (self.folding.key(event), Instant::now());
        // The other half of what waits needs no place of its own.
        if !self.pairing.awaits(event.tuple.local, event.tuple.remote) {
            if !self.pairing.has_room() || !self.order.has_room() {
                return self.folding.fold(&key, now);
            }
            let is_preferred = self.interest.has(event);
            let admits =
                if is_preferred { self.folding.admits_preferred(&key, now) } else { self.folding.admits(&key, now) };
            if !admits {
                return;
            }
        }
        let enriched = self.enricher.enrich(event, &self.probe);
        if !self.sees_all_resets() && follows_a_reset(&enriched) {
            return self.pairing.count_later();
        }
        self.pairing.take(enriched, key);
    }
}

/// Each end of one connection now knows what the other end calls it, whoever translates between them.
fn note_names(one: &mut SocketEvent, other: &mut SocketEvent) {
    let names = [(one.local, one.remote), (other.local, other.remote)];
    for (event, (local, remote)) in [(one, names[1]), (other, names[0])] {
        if !matches!(event.account.translation, Translation::To(_)) {
            event.account.translation = Translation::To(Wire { local: remote, remote: local });
        }
    }
}

/// Stands for resets whose network namespace is not known.
const NO_NAMESPACE: u32 = 0;

fn count_in(counts: &mut BTreeMap<u32, u64>, netns: u32, count: u64) {
    let known = counts.len() < NAMESPACES || counts.contains_key(&netns);
    *counts.entry(if known { netns } else { NO_NAMESPACE }).or_default() += count;
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live").field("sent", &self.sent).field("received", &self.received).finish_non_exhaustive()
    }
}

/// The wall clock.
pub fn now() -> Timestamp {
    of(ClockId::CLOCK_REALTIME)
}

/// What must be added to monotonic time to get the wall clock.
fn offset(warnings: &mut Warnings) -> Span {
    let now = now();
    if now == END_OF_CLOCK {
        warnings.note_clock(Warning::ClockTooLate);
    }
    now.since(of(ClockId::CLOCK_MONOTONIC))
}

/// The last moment that nanoseconds since 1970 in 64 bits can tell.
const END_OF_CLOCK: Timestamp = Timestamp::from_nanos(i64::MAX);

fn of(clock: ClockId) -> Timestamp {
    let nanos =
        |time: nix::sys::time::TimeSpec| time.tv_sec().saturating_mul(1_000_000_000).saturating_add(time.tv_nsec());
    Timestamp::from_nanos(clock_gettime(clock).map_or(0, nanos))
}
