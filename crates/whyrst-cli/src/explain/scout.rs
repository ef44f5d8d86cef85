//! The first look at captures that can be read twice: which flows are worth following.
//!
//! Why that is enough stands in [`whyrst_core::census`].

use std::sync::Mutex;

use whyrst_capture::{Assembly, Chunk, Counts, Look, Record, Sighting, sighting};
use whyrst_core::census::{Census, Noted};
use whyrst_core::flow::FlowHasher;
use whyrst_core::observation::{Observation, Seen};
use whyrst_core::segment::Flags;
use whyrst_core::time::Timestamp;

use super::ordered::{Ordered, lock};
use super::source::{Source, on_threads};

/// Sightings that are looked up at once, so that memory is not waited for one by one.
const AT_ONCE: usize = 32;

/// What the first look brought.
pub(super) struct Scouted {
    pub(super) noted: Noted,
    pub(super) connections: u64,
    pub(super) forgotten: u64,
    /// What was counted beside what the set of captures counts itself.
    pub(super) counts: Counts,
    /// Files that could not be read to their end.
    pub(super) unread: usize,
}

/// Looks at all frames, on so many threads.
pub(super) fn scout(source: Source<'_>, census: Census, names: &FlowHasher, jobs: usize) -> Scouted {
    let scouting = Ordered::new(Scouting { census, assembly: Assembly::default(), names: *names });
    let spare = Mutex::default();
    on_threads(jobs, || look_at_all(&source, &scouting, names, &spare));
    let Scouting { census, assembly, .. } = scouting.into_inner();
    source.add(&assembly.finish());
    let (counts, unread) = source.finish();
    Scouted { connections: census.connections(), forgotten: census.forgotten(), noted: census.finish(), counts, unread }
}

/// What one frame shows, in the order of frames.
enum Sight {
    Segment(Sighting),
    /// The segment before was a SYN-ACK: whose, by name, and of which flow.
    Accepted {
        service: u64,
        flow: u64,
    },
    /// The segment before was a RST, between these two.
    Reset([u64; 2]),
    /// Something else that took its time.
    Pass(Timestamp),
    /// The frame of this number in its chunk depends on others.
    InOrder(usize),
}

impl Sight {
    /// What a SYN-ACK or a RST of `flow` says beside its sighting.
    #[inline]
    fn of_ends(flags: Flags, flow: u64, ends: impl FnOnce() -> Option<[u64; 2]>) -> Option<Self> {
        if flags.is_syn_ack() {
            ends().map(|[service, _]| Self::Accepted { service, flow })
        } else if flags.has(Flags::RST) {
            ends().map(Self::Reset)
        } else {
            None
        }
    }

    #[inline]
    const fn flow(&self) -> Option<u64> {
        match self {
            Self::Segment(sighting) => Some(sighting.flow),
            Self::Accepted { .. } | Self::Reset(_) | Self::Pass(_) | Self::InOrder(_) => None,
        }
    }
}

/// The earliest and the latest of some times.
#[derive(Clone, Copy)]
struct Times {
    earliest: Timestamp,
    latest: Timestamp,
}

impl Default for Times {
    fn default() -> Self {
        Self { earliest: Timestamp::from_nanos(i64::MAX), latest: Timestamp::from_nanos(i64::MIN) }
    }
}

impl Times {
    #[inline]
    fn add(&mut self, time: Timestamp) {
        self.earliest = self.earliest.min(time);
        self.latest = self.latest.max(time);
    }

    /// Of some sights; `None` where that is not known before they are looked at.
    fn of(sights: &[Sight]) -> Option<Self> {
        let mut times = Self::default();
        for sight in sights {
            match sight {
                Sight::Segment(Sighting { time, .. }) | Sight::Pass(time) => times.add(*time),
                Sight::Accepted { .. } | Sight::Reset(_) => {}
                Sight::InOrder(_) => return None,
            }
        }
        Some(times)
    }

    /// Whether all of them came at once, as far as the census cares; else nothing was done.
    fn came(self, census: &mut Census) -> bool {
        self.earliest <= self.latest && census.pass_together(self.earliest, self.latest)
    }
}

/// What the frames of a chunk show, until it is their turn.
#[derive(Default)]
struct View {
    sights: Vec<Sight>,
    /// Of all sights, where none is [`Sight::InOrder`].
    times: Times,
    /// The frames themselves, where some are read in order.
    chunk: Option<Chunk>,
}

fn look_at_all(
    source: &Source<'_>,
    scouting: &Ordered<Scouting, View>,
    names: &FlowHasher,
    spare: &Mutex<Vec<Vec<Sight>>>,
) {
    let (mut chunk, mut counts) = (Chunk::default(), Counts::default());
    while let Some(number) = source.fill(&mut chunk) {
        let sights = lock(spare).pop().unwrap_or_default();
        let mut view = View::of(&chunk, sights, names, &mut counts);
        if view.sights.iter().any(|sight| matches!(sight, Sight::InOrder(_))) {
            view.chunk = Some(std::mem::take(&mut chunk));
        }
        scouting.leave(number, view, |scouting, _, mut view| {
            scouting.take_in(&view);
            view.sights.clear();
            lock(spare).push(view.sights);
        });
    }
    source.add(&counts);
}

impl View {
    fn of(chunk: &Chunk, mut sights: Vec<Sight>, names: &FlowHasher, counts: &mut Counts) -> Self {
        let mut times = Times::default();
        for (at, record) in chunk.records().enumerate() {
            match record.look(names, counts) {
                Look::Segment(sighting) => {
                    times.add(record.time);
                    sights.push(Sight::Segment(sighting));
                    sights.extend(Sight::of_ends(sighting.flags, sighting.flow, || record.ends(names)));
                }
                Look::Icmp => {
                    times.add(record.time);
                    sights.push(Sight::Pass(record.time));
                }
                Look::InOrder => sights.push(Sight::InOrder(at)),
                Look::Nothing => {}
            }
        }
        Self { sights, times, chunk: None }
    }
}

/// Where what the threads saw comes together.
struct Scouting {
    census: Census,
    assembly: Assembly,
    names: FlowHasher,
}

impl Scouting {
    fn take_in(&mut self, view: &View) {
        // Mostly they are all of one second.
        let all_came = view.chunk.is_none() && view.times.came(&mut self.census);
        for some in view.sights.chunks(AT_ONCE) {
            self.census.prefetch(some.iter().filter_map(Sight::flow));
            let came = all_came || Times::of(some).is_some_and(|times| times.came(&mut self.census));
            for sight in some {
                match sight {
                    Sight::Segment(sighting) if came => self.census.saw_now(sighting),
                    Sight::Segment(sighting) => self.census.saw(sighting),
                    Sight::Accepted { .. } | Sight::Reset(_) => self.note_ends(sight),
                    Sight::Pass(_) if came => {}
                    Sight::Pass(time) => self.census.pass(*time),
                    Sight::InOrder(at) => self.put_together(view.chunk.as_ref().and_then(|chunk| chunk.get(*at))),
                }
            }
        }
    }

    fn note_ends(&mut self, sight: &Sight) {
        match *sight {
            Sight::Accepted { service, flow } => self.census.accepted(service, flow),
            Sight::Reset(ends) => self.census.reset(ends),
            Sight::Segment(_) | Sight::Pass(_) | Sight::InOrder(_) => {}
        }
    }

    fn put_together(&mut self, record: Option<Record<'_>>) {
        let Some(record) = record else { return };
        match self.assembly.observe(&record) {
            Some(Observation { what: Seen::Segment(segment), .. }) => {
                let sighting = sighting(&segment, record.time, &self.names);
                self.census.saw(&sighting);
                let ends = || Some([segment.src, segment.dst].map(|end| self.names.name(end, end)));
                if let Some(ends) = Sight::of_ends(segment.flags, sighting.flow, ends) {
                    self.note_ends(&ends);
                }
            }
            Some(_) => self.census.pass(record.time),
            None => {}
        }
    }
}
