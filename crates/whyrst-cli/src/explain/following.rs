//! Following connections: frames to the tracker in their order, and what settles to the workers.
//!
//! Each thread takes a chunk of frames, takes them apart, and feeds the tracker when its turn comes. What
//! settled is judged and worded by whoever is free, also while waiting for a turn ([`Workers`]).

use std::ops::Range;

use whyrst_capture::{Assembly, Chunk, Counts, Look, Record, Sighting, Taken, sighting};
use whyrst_core::census::{Census, Interest, Noted};
use whyrst_core::flow::FlowHasher;
use whyrst_core::observation::{Observation, Seen};
use whyrst_core::service::{Greeting, tells_of_service};
use whyrst_core::time::Timestamp;
use whyrst_core::tracker::Tracker;
use whyrst_core::verdict::Judge;

use super::ordered::{Ordered, lock};
use super::reporter::Outcomes;
use super::source::{Source, on_threads};
use super::workers::{BATCH, Workers};

/// Frames whose connections are looked up at once, so that memory is not waited for one by one.
const AT_ONCE: usize = 64;

/// Which connections are followed.
#[derive(Clone, Copy)]
pub(super) enum Whom<'a> {
    /// All of them; the census is held on the way.
    Everyone,
    /// Those that were noted.
    Noted(&'a Noted),
}

/// The tracker and what stands around it.
pub(super) struct Following {
    pub(super) tracker: Tracker,
    /// Counts connections, when that was not done before.
    pub(super) census: Census,
    pub(super) assembly: Assembly,
    pub(super) names: FlowHasher,
}

/// Follows connections through all that `source` has, on so many threads.
pub(super) fn follow(
    source: &Source<'_>,
    workers: &Workers<'_>,
    following: Following,
    whom: Whom<'_>,
    jobs: usize,
) -> Following {
    let names = following.names;
    let following = Ordered::<_>::new(following);
    on_threads(jobs, || follow_all(source, workers, &following, whom, &names));
    let mut following = following.into_inner();
    following.tracker.finish();
    let rest = std::sync::Mutex::new(following);
    on_threads(jobs, || report_the_rest(workers, &rest));
    rest.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn follow_all(
    source: &Source<'_>,
    workers: &Workers<'_>,
    following: &Ordered<Following>,
    whom: Whom<'_>,
    names: &FlowHasher,
) {
    let (mut chunk, mut counts) = (Chunk::default(), Counts::default());
    let (mut feed, mut judge) = (Feed::default(), Judge::default());
    while let Some(number) = source.fill(&mut chunk) {
        let observations = feed.read(&chunk, whom, names, &mut counts);
        let take_in = |following: &mut Following| {
            workers.hand_over(following.take_in(&chunk, &feed, &observations, whom));
        };
        following.at(number, take_in, || workers.work(&mut judge));
        while workers.work(&mut judge) {}
        if !workers.is_wanted() {
            source.stop();
        }
    }
    if matches!(whom, Whom::Everyone) {
        source.add(&counts);
    }
}

/// When the captures are over, what is left is reported in batches.
fn report_the_rest(workers: &Workers<'_>, rest: &std::sync::Mutex<Following>) {
    let mut judge = Judge::default();
    loop {
        {
            let following = &mut *lock(rest);
            let endings: Vec<_> = std::iter::from_fn(|| following.tracker.next_settled()).take(BATCH).collect();
            if endings.is_empty() {
                break;
            }
            workers.hand_over(endings);
        }
        while workers.work(&mut judge) {}
    }
}

/// What one frame is for the tracker, in the order of frames.
#[derive(Clone, Copy)]
enum Bite {
    /// Frames of no connection that is followed: lapse of this number.
    Pass(usize),
    /// Observation of this number, of a connection that is followed.
    Observe(usize),
    /// Greeting of this number, of another connection: it says something of a service.
    Overhear(usize),
    /// Sighting of this number, of another connection to a service that had a reset.
    Glimpse(usize),
    /// The frame of this number depends on others.
    InOrder(usize),
}

impl Bite {
    /// Which observation the tracker takes in.
    const fn observed(self) -> Option<usize> {
        if let Self::Observe(at) = self { Some(at) } else { None }
    }
}

/// Frames in a row of which nothing matters but that their time came: most are.
struct Lapse {
    /// Their places in the chunk.
    frames: Range<usize>,
    earliest: Timestamp,
    latest: Timestamp,
}

impl Lapse {
    const fn of(at: usize, time: Timestamp) -> Self {
        Self { frames: at..at + 1, earliest: time, latest: time }
    }

    fn goes_on(&mut self, time: Timestamp) {
        self.frames.end += 1;
        self.earliest = self.earliest.min(time);
        self.latest = self.latest.max(time);
    }
}

/// Reads chunks of frames for the tracker.
#[derive(Default)]
struct Feed {
    bites: Vec<Bite>,
    glimpses: Vec<Sighting>,
    /// Each with the name of its flow.
    greetings: Vec<(Greeting, u64)>,
    lapses: Vec<Lapse>,
    /// Observations of the chunk before: about as many will come.
    last: usize,
}

/// An observation, and what the census wants to know of it.
type Observed<'a> = (Observation<'a>, Option<Sighting>);

impl Feed {
    fn read<'a>(
        &mut self,
        chunk: &'a Chunk,
        whom: Whom<'_>,
        names: &FlowHasher,
        counts: &mut Counts,
    ) -> Vec<Observed<'a>> {
        self.bites.clear();
        self.glimpses.clear();
        self.greetings.clear();
        self.lapses.clear();
        let mut observations = Vec::with_capacity(self.last + self.last / 4);
        for (at, record) in chunk.records().enumerate() {
            match whom {
                Whom::Everyone => self.take(at, &record, names, counts, &mut observations),
                Whom::Noted(noted) => self.select(at, &record, noted, names, &mut observations),
            }
        }
        self.last = observations.len();
        observations
    }

    fn take<'a>(
        &mut self,
        at: usize,
        record: &Record<'a>,
        names: &FlowHasher,
        counts: &mut Counts,
        observations: &mut Vec<Observed<'a>>,
    ) {
        match record.take(counts) {
            Taken::Observation(observation) => {
                self.bites.push(Bite::Observe(observations.len()));
                let sighting = match &observation.what {
                    Seen::Segment(segment) => Some(sighting(segment, record.time, names)),
                    Seen::Icmp(_) => None,
                };
                observations.push((observation, sighting));
            }
            Taken::Nothing => {}
            Taken::InOrder => self.bites.push(Bite::InOrder(at)),
        }
    }

    /// Everything was counted at the first look.
    fn select<'a>(
        &mut self,
        at: usize,
        record: &Record<'a>,
        noted: &Noted,
        names: &FlowHasher,
        observations: &mut Vec<Observed<'a>>,
    ) {
        let bite = match record.glance(names) {
            Look::Segment(sighting) => match noted.interest(sighting.flow) {
                Interest::Followed => Bite::Observe(observations.len()),
                _ if tells_of_service(sighting.flags) => {
                    let Some(greeting) = record.greeting() else { return self.pass(at, record.time) };
                    self.greetings.push((greeting, sighting.flow));
                    Bite::Overhear(self.greetings.len() - 1)
                }
                Interest::Sibling => {
                    self.glimpses.push(sighting);
                    Bite::Glimpse(self.glimpses.len() - 1)
                }
                Interest::None => return self.pass(at, record.time),
            },
            Look::Icmp => Bite::Observe(observations.len()),
            Look::InOrder => Bite::InOrder(at),
            Look::Nothing => return,
        };
        self.bites.push(bite);
        if let Bite::Observe(_) = bite
            && let Taken::Observation(observation) = record.take(&mut Counts::default())
        {
            observations.push((observation, None));
        }
    }

    fn pass(&mut self, at: usize, time: Timestamp) {
        match (self.bites.last(), self.lapses.last_mut()) {
            (Some(Bite::Pass(_)), Some(last)) if last.frames.end == at => last.goes_on(time),
            _ => {
                self.bites.push(Bite::Pass(self.lapses.len()));
                self.lapses.push(Lapse::of(at, time));
            }
        }
    }
}

impl Following {
    /// Feeds the tracker, and gives what settled.
    fn take_in(&mut self, chunk: &Chunk, feed: &Feed, observed: &[Observed<'_>], whom: Whom<'_>) -> Outcomes {
        let mut endings = Outcomes::new();
        for some in feed.bites.chunks(AT_ONCE) {
            self.expect(some, observed);
            for bite in some {
                match *bite {
                    Bite::Pass(at) => self.let_pass(&feed.lapses[at], chunk, &mut endings),
                    Bite::Observe(at) => self.observe(&observed[at]),
                    Bite::Overhear(at) => {
                        let (greeting, flow) = &feed.greetings[at];
                        self.tracker.overhear_greeting(greeting, *flow);
                    }
                    Bite::Glimpse(at) => self.tracker.glimpse(&feed.glimpses[at]),
                    Bite::InOrder(at) => self.put_together(chunk.get(at), whom),
                }
                self.take_settled(&mut endings);
            }
        }
        endings
    }

    #[inline]
    fn take_settled(&mut self, endings: &mut Outcomes) {
        if self.tracker.has_settled() {
            endings.extend(std::iter::from_fn(|| self.tracker.next_settled()));
        }
    }

    fn let_pass(&mut self, lapse: &Lapse, chunk: &Chunk, endings: &mut Outcomes) {
        if self.tracker.pass_together(lapse.earliest, lapse.latest) {
            return;
        }
        for record in lapse.frames.clone().filter_map(|at| chunk.get(at)) {
            self.tracker.pass(record.time);
            self.take_settled(endings);
        }
    }

    fn expect(&self, bites: &[Bite], observed: &[Observed<'_>]) {
        let observations = || bites.iter().filter_map(|bite| bite.observed()).map(|at| &observed[at]);
        self.census.prefetch(observations().filter_map(|(_, sighting)| Some(sighting.as_ref()?.flow)));
        self.tracker.prefetch(observations().filter_map(|(observation, _)| match &observation.what {
            Seen::Segment(segment) => Some(segment),
            Seen::Icmp(_) => None,
        }));
    }

    fn observe(&mut self, (observation, sighting): &Observed<'_>) {
        self.tracker.observe(observation);
        if let Some(sighting) = sighting {
            self.census.saw(sighting);
        }
    }

    fn put_together(&mut self, record: Option<Record<'_>>, whom: Whom<'_>) {
        let Some(record) = record else { return };
        let Some(observation) = self.assembly.observe(&record) else { return };
        let sighting = match &observation.what {
            Seen::Segment(segment) => Some(sighting(segment, record.time, &self.names)),
            Seen::Icmp(_) => None,
        };
        match (whom, sighting) {
            (Whom::Noted(noted), Some(sighting)) if !noted.has(sighting.flow) => {
                self.tracker.overhear(&observation);
                if noted.interest(sighting.flow) == Interest::Sibling && !tells_of_service(sighting.flags) {
                    self.tracker.glimpse(&sighting);
                }
            }
            (_, sighting) => {
                self.tracker.observe(&observation);
                if let Some(sighting) = &sighting {
                    self.census.saw(sighting);
                }
            }
        }
    }
}
