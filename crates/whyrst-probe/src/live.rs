//! The running probe as the commands use it: resets, one after the other, each reported once.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};
use whyrst_core::segment::Endpoint;
use whyrst_core::socket::SocketReset;
use whyrst_core::socket::{SocketEvent, Told, Translation};
use whyrst_core::time::{Span, Timestamp};

use crate::aggregate::{EventRate, window};
use crate::conntrack::Conntrack;
use crate::enrich::Enricher;
use crate::error::ProbeError;
use crate::event::{Event, Tracepoint};
use crate::folding::{FoldedResets, Folding, Key};
use crate::kernel_filter::KernelFilter;
use crate::pairing::{OtherHalf, Pairing};
use crate::probe::{Missing, Probe, monotonic};

/// The clocks drift apart, and the wall clock may be set: compared again this often.
const COMPARE_CLOCKS: Span = Span::from_secs(1);
/// Beyond all waiting.
const END_OF_TIME: Span = Span::from_secs(3_600);
/// So many events are taken from the ring before resets are handed out.
const BATCH: usize = 1024;
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
    folding: Folding,
    folded: VecDeque<FoldedResets>,
    compared: Timestamp,
    sent: BTreeMap<u32, u64>,
    received: u64,
    rate: EventRate,
    /// The window that is now; what was counted in earlier ones was taken.
    window: u64,
    /// Further RSTs that were folded.
    later: u64,
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
        Ok(Self {
            enricher: Enricher::new(offset(), &probe),
            probe,
            conntrack: Conntrack::start(),
            pairing: Pairing::default(),
            folding: Folding::default(),
            folded: VecDeque::new(),
            compared: now(),
            sent: BTreeMap::new(),
            received: 0,
            rate: EventRate::default(),
            window: window(monotonic()),
            later: 0,
            sent_ends: None,
        })
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
        self.probe.wait(patience, others)?;
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
            *sent.entry(netns).or_default() += count;
        }
        sent
    }

    /// Resets received so far, with those that were filtered out.
    pub fn received(&self) -> u64 {
        let filtered =
            self.probe.filtered_out().into_iter().filter(|(_, tracepoint, _)| *tracepoint == Tracepoint::Received);
        self.received + filtered.map(|(_, _, count)| count).sum::<u64>()
    }

    /// Events that were filtered out: of one reset there are two when both ends are on this host.
    pub fn filtered_out(&self) -> u64 {
        self.probe.filtered_out().into_iter().map(|(_, _, count)| count).sum()
    }

    /// Events that did not fit into the ring buffer.
    pub fn lost(&self) -> u64 {
        self.probe.lost()
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
        self.probe.sees_all_resets() && !self.rate.may_be_aggregated(monotonic())
    }

    /// RSTs that belong to resets that were reported already.
    pub const fn later(&self) -> u64 {
        self.pairing.later() + self.later
    }

    fn ready(&mut self) -> Option<LiveEvent> {
        let now = now();
        if now.since(self.compared) > COMPARE_CLOCKS {
            self.enricher.offset = offset();
            self.compared = now;
        }
        for _ in 0..BATCH {
            let Some(event) = self.probe.next() else { break };
            self.take(&event);
        }
        while let Some((reset, key)) = self.pairing.next(now) {
            let folding = self.folding.is_folding();
            // Of two ends one was reported and the other folded: the sender's is the one that counts.
            if reset.unsent && folding {
                continue;
            }
            if let Some(reset) = self.complete(reset, key) {
                return Some(LiveEvent::Reset(Box::new(reset)));
            }
        }
        let window = window(monotonic());
        if window > self.window {
            self.window = window;
            self.count(window);
        }
        let (folded, later) = self.folding.finish(now);
        self.folded.extend(folded);
        self.later += later;
        self.folded.pop_front().map(|folded| LiveEvent::Folded(Box::new(folded)))
    }

    /// Everything that was read and not yet handed out: what waits for its other half waits no longer.
    pub fn drain(&mut self) -> Vec<LiveEvent> {
        let mut events: Vec<LiveEvent> = std::iter::from_fn(|| self.ready()).collect();
        let later = now().plus(END_OF_TIME);
        while let Some((reset, key)) = self.pairing.next(later) {
            events.extend(self.complete(reset, key).map(|reset| LiveEvent::Reset(Box::new(reset))));
        }
        self.count(u64::MAX);
        let (folded, later) = self.folding.flush(now());
        self.later += later;
        events.extend(folded.into_iter().map(|folded| LiveEvent::Folded(Box::new(folded))));
        events
    }

    /// The reset with what NAT makes of its ends; `None` when its other end reported it.
    fn complete(&mut self, mut reset: SocketReset, mut key: Key) -> Option<SocketReset> {
        self.translate(&mut reset.event);
        if let Some(peer) = &mut reset.peer {
            self.translate(peer);
        } else if let Translation::To(wire) = reset.event.account.translation {
            match self.pairing.other_half(&reset.event, wire) {
                OtherHalf::Reported => return None,
                OtherHalf::Missing => {}
                OtherHalf::Waits(mut half, of_half) => {
                    self.translate(&mut half);
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
        self.folding.remember(key, &reset);
        Some(reset)
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
                Tracepoint::Sent => *self.sent.entry(aggregate.netns).or_default() += count,
                Tracepoint::Received => self.received += count,
            }
            self.folding.add(&aggregate, count);
        }
    }

    fn take(&mut self, event: &Event) {
        self.rate.note(event.at);
        match event.tracepoint {
            Tracepoint::Sent => {
                *self.sent.entry(event.tuple.netns).or_default() += 1;
                if let Some(ends) = &mut self.sent_ends {
                    ends.push((event.tuple.local, event.tuple.remote));
                }
            }
            Tracepoint::Received => self.received += 1,
        }
        let key = self.folding.key(event);
        if self.folding.counts_alone(&key) {
            let event = self.enricher.enrich(event, &self.probe);
            self.pairing.take(event, key);
        }
    }
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

fn offset() -> Span {
    now().since(of(ClockId::CLOCK_MONOTONIC))
}

fn of(clock: ClockId) -> Timestamp {
    let nanos =
        |time: nix::sys::time::TimeSpec| time.tv_sec().saturating_mul(1_000_000_000).saturating_add(time.tv_nsec());
    Timestamp::from_nanos(clock_gettime(clock).map_or(0, nanos))
}
