//! What the lab recorded of a cause, explained like any capture, to stand beside a reset.

use std::io::Cursor;

use jiff::tz::TimeZone;
use whyrst_capture::{Capture, Step, recording};
use whyrst_core::language::Language;
use whyrst_core::outcome::Outcome;
use whyrst_core::report::beside::LabRun;
use whyrst_core::report::style::Style;
use whyrst_core::report::{Context, Explanation, json, text};
use whyrst_core::tracker::{Limits, Tracker};
use whyrst_core::verdict::judge;

/// The files of one run.
#[derive(Clone, Copy, Debug)]
pub struct Played<'a> {
    /// The id of the scenario.
    pub scenario: &'static str,
    /// What happens in it, as a sentence.
    pub story: &'static str,
    /// One end's capture.
    pub capture: &'a [u8],
    /// The kernel's events, where they were recorded.
    pub events: Option<&'a [u8]>,
}

impl Played<'_> {
    /// The run as one of the cause with the id `cause`, in `language`; `None` where there is nothing of that in it.
    pub fn explained(&self, cause: &str, language: Language) -> Option<LabRun> {
        let (outcome, context) = (self.outcome(cause)?, self.context(language));
        let report = json::page_record(&Explanation::new(&outcome, &context), 1).into_owned();
        let cause = whyrst_core::causes::ALL.iter().find(|known| known.id == cause)?.id;
        Some(LabRun { cause, scenario: self.scenario, story: self.story, report })
    }

    /// Its packets as a ladder, as in a report.
    pub fn ladder(&self, cause: &str, language: Language) -> Option<String> {
        let (outcome, context) = (self.outcome(cause)?, self.context(language));
        Some(text::ladder_of(&Explanation::new(&outcome, &context), Style::Plain))
    }

    fn context(&self, language: Language) -> Context {
        Context { files: vec![self.scenario.to_owned()], zone: TimeZone::UTC, language }
    }

    /// What the run led to, with the kernel's word: the reset of that cause, else the first one.
    fn outcome(&self, cause: &str) -> Option<Outcome> {
        let mut outcomes = outcomes(self.capture)?;
        if let Some(events) = self.events.and_then(|events| recording::read(events, self.scenario).ok()) {
            for outcome in &mut outcomes {
                events.recording.note_word(outcome);
            }
        }
        let is_it = |outcome: &Outcome| judge(outcome).cause.is_some_and(|found| found.id == cause);
        let at = outcomes.iter().position(is_it).unwrap_or_default();
        (at < outcomes.len()).then(|| outcomes.swap_remove(at))
    }
}

fn outcomes(capture: &[u8]) -> Option<Vec<Outcome>> {
    let mut capture = Capture::from_reader(Cursor::new(capture.to_vec()), "the lab's capture", 0).ok()?;
    let mut tracker = Tracker::new(Limits::default());
    loop {
        match capture.next().ok()? {
            Step::Observation(seen) => tracker.observe(&seen),
            Step::PassedOver(..) | Step::Idle => {}
            Step::End => break,
        }
    }
    tracker.finish();
    Some(std::iter::from_fn(|| tracker.poll()).collect())
}
