//! `whyrst explain`: captures in, reports out.
//!
//! Files of one run are one capture that was rotated: one tracker sees them all. What cannot be
//! read is said and passed over; the rest is still explained.

use std::fmt::{self, Write as _};
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, Result};
use jiff::tz::TimeZone;
use whyrst_capture::{CaptureSet, Note, Step, recording};
use whyrst_core::ending::{Ending, EndingKind};
use whyrst_core::incident::{Incident, Incidents};
use whyrst_core::kernel::Recording;
use whyrst_core::report::style::Style;
use whyrst_core::report::summary::{Reading, Summary, remarks};
use whyrst_core::report::text::Ladder;
use whyrst_core::report::{Context, escape::escape_name, incident, json, markdown, text};
use whyrst_core::time::{Span, Timestamp};
use whyrst_core::tracker::{Counts, Limits, Tracker};
use whyrst_core::verdict::{Confidence, judge};

use crate::Outcome;
use crate::args::{Explain, Format, MinConfidence};
use crate::causes;
use crate::fold::Folds;
use crate::interrupt::Interrupt;
use crate::output::{self, Output};
use crate::progress::{Audience, Progress};
use crate::vantage;

/// A connection with its records, as the tracker keeps it, and its share of the tables.
const OCTETS_PER_CONNECTION: u64 = 1_200;
/// A pipe is taken for live when its packets are not older than this.
const LIVE_WITHIN: Span = Span::from_secs(10);
/// On a live pipe a verdict does not wait longer for what may follow.
const LIVE_SETTLES_AFTER: Span = Span::from_millis(50);
/// A live pipe that is silent for so long is used to print what has settled.
const LIVE_PATIENCE: Duration = Duration::from_millis(20);
/// How often settled endings are looked for while frames flow.
const POLL_EVERY: u64 = 256;

pub(crate) fn run(arguments: &Explain) -> Result<Outcome> {
    for id in arguments.cause.iter().filter(|id| *id != "unexplained") {
        causes::find(id)?;
    }
    if !arguments.vantage.is_empty() {
        return vantage::run(arguments);
    }
    let mut session = Session::new(arguments)?;
    let read = session.read()?;
    Ok(read.max(session.finish()?))
}

/// One run over all files.
struct Session<'a> {
    arguments: &'a Explain,
    tracker: Tracker,
    context: Context,
    style: Style,
    output: Output,
    summary: Summary,
    incidents: Incidents,
    held: Held,
    folds: Folds,
    reading: Reading,
    recording: Option<Recording>,
    reported: u64,
    failed_connects: u64,
    /// Files that could not be read to their end.
    unread: usize,
}

impl<'a> Session<'a> {
    fn new(arguments: &'a Explain) -> Result<Self> {
        let recording = arguments.events.as_deref().map(read_events).transpose()?;
        Ok(Self {
            tracker: Tracker::new(limits(arguments.memory)),
            context: Context { files: Vec::new(), zone: zone(&arguments.tz)? },
            style: output::style(&arguments.common),
            output: Output::open(&arguments.common)?,
            summary: Summary::default(),
            incidents: Incidents::default(),
            held: Held::while_reading(arguments),
            folds: Folds::new(arguments),
            reading: Reading::default(),
            recording,
            reported: 0,
            failed_connects: 0,
            unread: 0,
            arguments,
        })
    }

    /// Reads all files, as one capture in the order of time.
    fn read(&mut self) -> Result<Outcome> {
        let mut captures = CaptureSet::open(&self.arguments.files);
        for (user, link) in &self.arguments.link_type {
            captures.treat_user_link_as(*user, *link);
        }
        let mut progress = Progress::new(self.octets_to_read(), Audience::of(self.arguments.common.quiet));
        let result = self.follow(&mut captures, &mut progress);
        progress.clear();
        self.note(&captures);
        result?;
        for failure in captures.failures() {
            output::complain(&anyhow::anyhow!("{failure}"));
        }
        if captures.names().len() == 0 && self.unread == 0 {
            self.unread += 1;
            let files: Vec<String> = self.arguments.files.iter().map(|path| path.display().to_string()).collect();
            output::complain(&anyhow::anyhow!("there is no capture in the directory {}", files.join(", ")));
        }
        Ok(if self.unread == 0 { Outcome::Clean } else { Outcome::Incomplete })
    }

    /// How large the captures are, where that can be known beforehand: not for a pipe.
    fn octets_to_read(&self) -> Option<u64> {
        let size = |path: &PathBuf| std::fs::metadata(path).ok().filter(Metadata::is_file).map(|data| data.len());
        self.arguments.files.iter().map(size).sum()
    }

    fn follow(&mut self, captures: &mut CaptureSet, progress: &mut Progress) -> Result<()> {
        captures.idle_after(LIVE_PATIENCE);
        let interrupt = Interrupt::heed().context("cannot heed Ctrl-C")?;
        let mut live = Live::new(self.octets_to_read());
        let mut frames: u64 = 0;
        loop {
            match captures.next() {
                Ok(Step::Observation(seen)) => {
                    live.saw(seen.time, &mut self.tracker);
                    self.tracker.observe(&seen);
                }
                Ok(Step::PassedOver(frame, reason)) => {
                    if self.arguments.common.verbose {
                        let file = captures.names().nth(frame.file() as usize).unwrap_or("-");
                        output::remark(&format!("frame {frame} of {file} passed over: {reason}"));
                    }
                }
                Ok(Step::Idle) => {
                    live.passes(&mut self.tracker);
                    self.report_settled(captures)?;
                    self.output.flush()?;
                    if interrupt.came() {
                        // A live pipe ends this way; any other was to be read to its end.
                        if !live.is_live() {
                            self.interrupted(frames);
                        }
                        break;
                    }
                }
                Ok(Step::End) => break,
                Err(error) => {
                    self.unread += 1;
                    output::complain(&error.into());
                }
            }
            frames += 1;
            if frames.is_multiple_of(POLL_EVERY) {
                self.report_settled(captures)?;
                progress.at(captures.position());
                // What a live pipe still holds is read: who fills it was interrupted as well.
                if interrupt.came() && !live.is_live() {
                    self.interrupted(frames);
                    break;
                }
            }
        }
        self.report_settled(captures)
    }

    fn interrupted(&mut self, frames: u64) {
        self.unread += 1;
        output::complain(&anyhow::anyhow!("interrupted: what follows frame {frames} was not read"));
    }

    /// Remembers what the readers of the files have to say.
    fn note(&mut self, captures: &CaptureSet) {
        self.learn_names(captures);
        self.unread += captures.failures().len();
        let shrank = |note: &Note| matches!(note, Note::Shrank { .. });
        self.unread += captures.readings().filter(|reading| reading.notes.iter().any(shrank)).count();
        let counts = captures.counts();
        self.reading.files.clone_from(&self.context.files);
        self.reading.frames = counts.frames;
        self.reading.passed_over = counts.reasons().map(|(reason, n)| (reason.name(), reason.sentence(), n)).collect();
        let remarks = counts.remarks().map(|(count, remark)| format!("{count} {remark}"));
        let several = self.context.files.len() > 1;
        let notes = captures.readings().flat_map(|reading| {
            let name = captures.names().nth(reading.file as usize).filter(|_| several);
            let place = name.map_or_else(String::new, |name| format!("{name}: "));
            reading.notes.iter().map(|note| format!("{place}{note}")).collect::<Vec<_>>()
        });
        let others = captures.others().iter().map(|other| format!("passed over: {other}"));
        self.reading.notes = remarks.chain(notes).chain(others).map(|note| escape_name(&note)).collect();
    }

    /// Archives tell the names of their captures only while they are read.
    fn learn_names(&mut self, captures: &CaptureSet) {
        if self.context.files.len() != captures.names().len() {
            self.context.files = captures.names().map(escape_name).collect();
        }
    }

    fn report_settled(&mut self, captures: &CaptureSet) -> Result<()> {
        self.learn_names(captures);
        self.drain()
    }

    fn drain(&mut self) -> Result<()> {
        while let Some(mut ending) = self.tracker.poll() {
            if let Some(recording) = &self.recording {
                ending.kernel = recording.word(&ending);
            }
            self.report(&ending)?;
        }
        Ok(())
    }

    fn report(&mut self, ending: &Ending) -> Result<()> {
        let failed = ending.kind == EndingKind::FailedConnect;
        self.failed_connects += u64::from(failed);
        if failed && !self.arguments.all {
            return Ok(());
        }
        let judgement = judge(ending);
        let id = judgement.cause.map_or("unexplained", |cause| cause.id);
        let wanted = self.arguments.cause.is_empty() || self.arguments.cause.iter().any(|cause| cause == id);
        if !wanted || judgement.confidence < confidence(self.arguments.min_confidence) {
            return Ok(());
        }
        self.summary.add(ending, &judgement);
        self.incidents.add(ending, &judgement);
        self.reported += 1;
        if self.arguments.summary || self.folds.takes(ending, &judgement) {
            return Ok(());
        }
        let ladder = if self.arguments.no_ladder { Ladder::Hidden } else { Ladder::Shown };
        let text = match self.arguments.format {
            Format::Text => text::report(ending, &self.context, self.style, ladder),
            Format::Json => json::line(ending, &self.context) + "\n",
            Format::Markdown => markdown::report(ending, &self.context, ladder),
        };
        self.held.write(&text, &mut self.output)
    }

    fn finish(mut self) -> Result<Outcome> {
        self.tracker.finish();
        self.drain()?;
        let incidents = self.incidents.found();
        if self.incidents.beyond() > 0 {
            let beyond = self.incidents.beyond();
            self.reading
                .notes
                .push(format!("{beyond} resets were too many to be compared with the others: no incident counts them"));
        }
        if !self.arguments.summary {
            self.write_folded()?;
            self.held.write_first(&self.incident_words(&incidents), &mut self.output)?;
        }
        let text = self.closing_words(&incidents);
        self.output.write(&text)?;
        self.output.finish()?;
        Ok(if self.summary.unexplained() > 0 { Outcome::Unexplained } else { Outcome::Clean })
    }

    fn write_folded(&mut self) -> Result<()> {
        for folded in self.folds.folded() {
            let text = match self.arguments.format {
                Format::Json => json::folded_line(folded.first, &self.context, folded.count) + "\n",
                Format::Text | Format::Markdown => folded.line(&self.context),
            };
            self.held.write(&text, &mut self.output)?;
        }
        Ok(())
    }

    /// The summary where it was asked for, or what a reader of single reports must still be told.
    fn closing_words(&self, incidents: &[Incident]) -> String {
        let counts = self.tracker.counts();
        match (self.arguments.summary, self.arguments.format) {
            (true, Format::Json) => self.summary.json(&self.reading, &counts, incidents, &self.context) + "\n",
            (true, _) => self.incident_words(incidents) + &self.summary.text(&self.reading, &counts, self.style),
            (false, Format::Text) if !self.arguments.common.quiet => self.text_end(),
            (false, _) => String::new(),
        }
    }

    fn incident_words(&self, incidents: &[Incident]) -> String {
        match self.arguments.format {
            Format::Text => incident::text(incidents, &self.context, self.style),
            Format::Json => incidents.iter().map(|one| incident::line(one, &self.context) + "\n").collect(),
            Format::Markdown => incident::markdown(incidents, &self.context),
        }
    }

    fn text_end(&self) -> String {
        let counts = self.tracker.counts();
        let mut end = String::new();
        // Writing to a String cannot fail.
        self.write_end(&counts, &mut end).unwrap_or_default();
        end
    }

    fn write_end(&self, counts: &Counts, end: &mut String) -> fmt::Result {
        let (frames, connections) = (self.reading.frames, counts.connections);
        match (self.reported, counts.reset_connections) {
            // Nothing could be read, and that has been said.
            (0, 0) if frames == 0 && self.unread > 0 => {}
            (0, 0) => writeln!(end, "no resets in {frames} frames ({connections} connections)")?,
            (0, resets) => writeln!(end, "none of {resets} resets is one that was asked for")?,
            _ => {}
        }
        if self.failed_connects > 0 && !self.arguments.all {
            let plural = if self.failed_connects == 1 { "connect" } else { "connects" };
            writeln!(end, "{} {plural} failed without any RST: --all explains them", self.failed_connects)?;
        }
        remarks(&self.reading, counts, self.style, end)
    }
}

/// Reports wait for what they have in common, which is told above them: up to a bound, and not on a
/// pipe, where each is wanted at once.
enum Held {
    Back(String),
    Through,
}

impl Held {
    const LIMIT: usize = 8 * 1024 * 1024;

    fn while_reading(arguments: &Explain) -> Self {
        let pipe = arguments.files.iter().any(|path| !path.is_file() && !path.is_dir());
        // Objects of JSON come in the order of the resets; what they have in common ends the stream.
        if pipe || arguments.format == Format::Json { Self::Through } else { Self::Back(String::new()) }
    }

    fn write(&mut self, text: &str, output: &mut Output) -> Result<()> {
        match self {
            Self::Through => output.write(text),
            Self::Back(held) => {
                held.push_str(text);
                if held.len() > Self::LIMIT {
                    output.write(held)?;
                    *self = Self::Through;
                }
                Ok(())
            }
        }
    }

    /// Writes `first`, then what was held; nothing is held any more.
    fn write_first(&mut self, first: &str, output: &mut Output) -> Result<()> {
        output.write(first)?;
        match std::mem::replace(self, Self::Through) {
            Self::Back(held) => output.write(&held),
            Self::Through => Ok(()),
        }
    }
}

/// Keeps the tracker's time going while a live pipe is silent.
struct Live {
    /// The packet time last seen and when it was seen; `None` until packets prove to be fresh.
    last: Option<(Timestamp, Instant)>,
    pipe: bool,
    decided: bool,
}

impl Live {
    /// What has a size is a file, and no file is live.
    fn new(size: Option<u64>) -> Self {
        Self { last: None, pipe: size.is_none(), decided: false }
    }

    fn saw(&mut self, time: Timestamp, tracker: &mut Tracker) {
        if !self.pipe {
            return;
        }
        if !self.decided {
            self.decided = true;
            self.pipe = wall_clock().since(time).abs() < LIVE_WITHIN;
            if self.pipe {
                tracker.settle_after(LIVE_SETTLES_AFTER);
            }
        }
        self.last = Some((time, Instant::now()));
    }

    fn is_live(&self) -> bool {
        self.decided && self.pipe
    }

    fn passes(&self, tracker: &mut Tracker) {
        if let (true, Some((time, seen))) = (self.pipe, self.last) {
            let elapsed = i64::try_from(seen.elapsed().as_nanos()).unwrap_or(i64::MAX);
            tracker.advance(time.plus(Span::from_nanos(elapsed)));
        }
    }
}

fn wall_clock() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}

/// As many connections as fit, and a hash key that a stranger cannot know.
pub(crate) fn limits(memory: u64) -> Limits {
    use std::hash::{BuildHasher, RandomState};
    Limits {
        connections: usize::try_from(memory / OCTETS_PER_CONNECTION).unwrap_or(usize::MAX).max(16),
        hash_seed: RandomState::new().hash_one(0),
        ..Limits::default()
    }
}

pub(crate) fn zone(name: &str) -> Result<TimeZone> {
    if name.eq_ignore_ascii_case("local") {
        return Ok(TimeZone::system());
    }
    if name.eq_ignore_ascii_case("UTC") {
        return Ok(TimeZone::UTC);
    }
    TimeZone::get(name).with_context(|| format!("cannot use the time zone \"{name}\""))
}

pub(crate) const fn confidence(wanted: MinConfidence) -> Confidence {
    match wanted {
        MinConfidence::Unexplained => Confidence::Unexplained,
        MinConfidence::Possible => Confidence::Possible,
        MinConfidence::Likely => Confidence::Likely,
        MinConfidence::Certain => Confidence::Certain,
    }
}

pub(crate) fn read_events(path: &Path) -> Result<Recording> {
    let read = recording::open(path)?;
    for damage in &read.damaged {
        output::remark(&format!("line {} of {} passed over: {}", damage.line, path.display(), damage.cause));
    }
    let silent = read.damaged_lines.saturating_sub(read.damaged.len() as u64);
    if silent > 0 {
        output::remark(&format!("{silent} more damaged lines of {} passed over", path.display()));
    }
    Ok(read.recording)
}
