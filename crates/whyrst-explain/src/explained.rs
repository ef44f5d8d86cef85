//! A capture on its way to records: frame by frame, on the thread of whoever asks for the next record.

use std::collections::VecDeque;
use std::iter::FusedIterator;
use std::task::Poll;

use jiff::tz::TimeZone;
use whyrst_capture::{CaptureSet, Counts, Step, sighting};
use whyrst_core::census::Census;
use whyrst_core::flow::{FlowHasher, Side};
use whyrst_core::incident::Incidents;
use whyrst_core::observation::Seen;
use whyrst_core::outcome::{Outcome, OutcomeKind};
use whyrst_core::report::escape::escape_name;
use whyrst_core::report::summary::{Reading, Summary};
use whyrst_core::report::{Context, Explanation, incident, json};
use whyrst_core::tracker::{self, Limits, Tracker};
use whyrst_core::verdict::Judge;
use whyrst_model::Report;
use whyrst_model::incident::IncidentReport;
use whyrst_model::summary::SummaryReport;

use crate::budget::{Budget, HELD};
use crate::error::ReadError;
use crate::options::{Detail, Options, Told};
use crate::reading;

/// The records of a capture, in the order of `whyrst explain --format json`; then what could not be read.
///
/// Memory does not depend on the size of the capture. Dropped before its end, it reads no further.
pub struct Explained {
    captures: CaptureSet,
    tracker: Tracker,
    census: Census,
    names: FlowHasher,
    judge: Judge,
    context: Context,
    options: Options,
    incidents: Incidents,
    summary: Summary,
    /// What was named, for the case that nothing is found there.
    named: String,
    errors: VecDeque<ReadError>,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Reading,
    Ended,
}

impl Explained {
    /// Begins to read; an error where there is nothing that can be read.
    pub(crate) fn begin(captures: CaptureSet, named: String, options: Options) -> Result<Self, ReadError> {
        let seed = options.seed();
        let budget = Budget::of(options.memory);
        let called = |name| options.called.as_deref().unwrap_or(name);
        let files = captures.names().map(|name| escape_name(called(name))).collect();
        let mut begun = Self {
            context: Context { files, zone: TimeZone::UTC, language: options.language },
            tracker: Tracker::new(Limits { hash_seed: seed, ..budget.limits(HELD) }),
            census: Census::new(budget.count(), 0),
            names: FlowHasher::new(seed),
            judge: Judge::default(),
            incidents: Incidents::within(budget.incidents()),
            summary: Summary::of(budget.services()),
            named,
            errors: VecDeque::new(),
            state: State::Reading,
            captures,
            options,
        };
        begun.step();
        match begun.errors.pop_front() {
            Some(error) if begun.state == State::Ended && begun.captures.readings().next().is_none() => {
                Err(begun.with_the_others(error))
            }
            first => {
                if let Some(error) = first {
                    begun.errors.push_front(error);
                }
                Ok(begun)
            }
        }
    }

    /// What has to be said of the reading so far, each a sentence: what was cut, fragments, what was forgotten to stay
    /// within the memory. The text report ends with the same.
    pub fn notes(&self) -> Vec<String> {
        self.read().0.notes
    }

    /// What several of the resets so far have in common: the records that end the program's output.
    pub fn incidents(&self) -> Vec<IncidentReport<'static>> {
        let found = self.incidents.found();
        found.iter().map(|one| incident::record(one, &self.context).into_owned()).collect()
    }

    /// What was read and told so far, in numbers: `explain --summary --format json`.
    pub fn summary(&self) -> SummaryReport<'static> {
        let (reading, counts) = self.read();
        let incidents = self.incidents.found();
        self.summary.record(&reading, &counts, &incidents, &self.context).into_owned()
    }

    /// Bytes of the (decompressed) capture that were read so far.
    pub fn position(&self) -> u64 {
        self.captures.position()
    }

    /// As [`next`](Iterator::next), but pending after `frames` frames without a record: for who wants to look whether
    /// the answer is still wanted.
    pub fn next_within(&mut self, frames: u64) -> Poll<Option<Result<Report<'static>, ReadError>>> {
        for _ in 0..frames {
            match self.state {
                State::Reading if !self.tracker.has_settled() => self.step(),
                State::Reading => {
                    if let Some(report) = self.settled() {
                        return Poll::Ready(Some(Ok(report)));
                    }
                }
                State::Ended => return Poll::Ready(self.next()),
            }
        }
        Poll::Pending
    }

    /// The next record of what has settled.
    fn settled(&mut self) -> Option<Report<'static>> {
        while let Some(outcome) = self.tracker.next_settled() {
            if let Some(report) = self.record(outcome) {
                return Some(report);
            }
        }
        None
    }

    fn read(&self) -> (Reading, tracker::Counts) {
        let mut read = reading::of(&self.captures, &Counts::default(), self.context.files.clone());
        let segments = self.captures.counts().segments;
        let counts = reading::counted(&mut read, &self.tracker, &self.census, segments);
        (read, counts)
    }

    /// Takes the next frame in.
    fn step(&mut self) {
        match self.captures.next() {
            Ok(Step::Observation(seen)) => {
                self.tracker.observe(&seen);
                if let Seen::Segment(segment) = &seen.what {
                    self.census.saw(&sighting(segment, seen.time, &self.names));
                }
            }
            Ok(Step::PassedOver(..) | Step::Idle) => {}
            Ok(Step::End) => self.end(),
            Err(error) => self.errors.push_back(error.into()),
        }
    }

    /// No more frames come: what waits is settled, and what could not be read is known.
    fn end(&mut self) {
        self.state = State::Ended;
        self.tracker.finish();
        self.errors.extend(self.captures.failures().iter().map(ReadError::from));
        if self.captures.names().len() == 0 && self.errors.is_empty() {
            let (file, reason) = (self.named.clone(), "there is no capture in it".to_owned());
            self.errors.push_back(ReadError { file, frame: None, reason });
        }
        let readings = self.captures.readings();
        let frames: Vec<(u32, u64)> = readings.map(|reading| (reading.file, reading.counts.frames)).collect();
        for (file, note) in reading::shrunk(&self.captures) {
            let name = self.captures.names().nth(file as usize).unwrap_or("-");
            let frame = frames.iter().find(|(number, _)| *number == file).map_or(0, |(_, frames)| *frames);
            self.errors.push_back(ReadError::shrank(name, frame, &note));
        }
    }

    /// The record of an outcome that is to be told.
    fn record(&mut self, mut outcome: Box<Outcome>) -> Option<Report<'static>> {
        if outcome.kind() == OutcomeKind::FailedConnect && self.options.told == Told::Resets {
            return None;
        }
        let ends = Side::BOTH.map(|side| outcome.connection().endpoint(side));
        if self.options.filter.as_ref().is_some_and(|filter| !filter.fits(ends)) {
            return None;
        }
        if let Some(events) = &self.options.events {
            events.note_word(&mut outcome);
            events.account_for(&mut outcome);
        }
        let judgement = self.judge.judge(&outcome);
        self.summary.add(&outcome, &judgement);
        self.incidents.add(&outcome, &judgement);
        let explanation = Explanation::judged(&outcome, judgement, &self.context);
        let record = match self.options.detail {
            Detail::Record => explanation.record(),
            Detail::Page => json::page_record(&explanation, 1),
        };
        Some(record.into_owned())
    }

    /// The error of a reading in which nothing could be read.
    fn with_the_others(&self, mut error: ReadError) -> ReadError {
        if !self.errors.is_empty() {
            error.reason = format!("{} (and {} more that cannot be read)", error.reason, self.errors.len());
        }
        error
    }
}

impl Iterator for Explained {
    type Item = Result<Report<'static>, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(report) = self.settled() {
                return Some(Ok(report));
            }
            match self.state {
                State::Reading => self.step(),
                State::Ended => return self.errors.pop_front().map(Err),
            }
        }
    }
}

impl FusedIterator for Explained {}

impl std::fmt::Debug for Explained {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Explained")
            .field("files", &self.context.files)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}
