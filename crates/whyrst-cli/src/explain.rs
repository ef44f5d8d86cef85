//! `whyrst explain`: captures in, reports out.
//!
//! Files of one run are one capture that was rotated: one tracker sees them all. What cannot be
//! read is said and passed over; the rest is still explained.
//!
//! There are three ways to read ([`Way`]): plain files are read twice, of which the first time only
//! finds out what is worth following; what can be read only once, or only dearly, is followed as a
//! whole; and pipes are followed frame by frame, so that a verdict comes at once.

mod following;
mod live;
mod log_alone;
mod ordered;
mod recorded;
mod reporter;
mod scout;
mod screen;
mod source;
pub(crate) mod unreadable;
pub(crate) mod whole;
mod witnesses;
mod workers;

pub(crate) use self::reporter::named;
pub(crate) use self::witnesses::Witnesses;

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};
use std::io::BufRead;
use std::path::Path;
use std::thread::available_parallelism;

use anyhow::{Context as _, Result, bail};
use jiff::tz::TimeZone;
use whyrst_capture::recording::PartialRecording;
use whyrst_capture::{Assembly, CaptureSet, recording};
use whyrst_core::census::Census;
use whyrst_core::flow::FlowHasher;
use whyrst_core::incident::Incident;
use whyrst_core::language::Language;
use whyrst_core::recording::Recording;
use whyrst_core::report::style::Style;
use whyrst_core::report::summary::{Page, Reading, remarks};
use whyrst_core::report::{Context, Explanation, catalogue, escape::escape_name, incident, json, markdown};
use whyrst_core::tracker::{Counts, Limits, Tracker};
use whyrst_core::verdict::Confidence;
use whyrst_explain::budget::HELD;
use whyrst_explain::reading;
use whyrst_model::Report;
use whyrst_output::Places;
use whyrst_serve::html;
use whyrst_store::parquet::Partitioned;

use self::following::{Following, Whom};
use self::live::PassedOver;
use self::reporter::{Reporter, Totals, Writer};
use self::source::Source;
use self::workers::Workers;
use crate::Completion;
use crate::annotate;
use crate::args::{Explain, MinConfidence, ReportFormat};
use crate::causes;
use crate::interrupt::Interrupt;
use crate::memory::Budget;
use crate::output;
use crate::progress::{Audience, Progress, Results};
use crate::tui;
use crate::vantage;
use crate::window::Window;

pub(crate) fn run(arguments: &Explain) -> Result<Completion> {
    for id in arguments.cause.iter().filter(|id| *id != "unexplained") {
        causes::find(id)?;
    }
    annotate::check(arguments)?;
    if let Some(name) = &arguments.connection {
        return whole::run(arguments, name);
    }
    if arguments.beside_lab && matches!(arguments.format, ReportFormat::Json | ReportFormat::Html) {
        bail!("--beside-lab is for people: use it with --format text or markdown; the page has it of its own");
    }
    if recorded::are_meant(arguments)? {
        return recorded::run(arguments);
    }
    if let Some(logs) = log_alone::meant(arguments)? {
        return log_alone::run(arguments, &logs);
    }
    if arguments.tui {
        tui::check()?;
    }
    if !arguments.vantage.is_empty() {
        return vantage::run(arguments);
    }
    let mut captures = CaptureSet::open(&arguments.files);
    for (user, link) in &arguments.link_type {
        captures.treat_user_link_as(*user, *link);
    }
    if let Some(filter) = arguments.packet_filter() {
        captures.look_only_at(filter);
    }
    let reporter = Reporter::new(arguments, &captures)?;
    let places = places(arguments, captures.paths())?;
    let interrupt = Interrupt::heed().context("cannot heed Ctrl-C")?;
    captures.stop_waiting(interrupt.stop());
    if arguments.tui {
        return screen::show(arguments, &mut captures, &reporter, &interrupt);
    }
    let workers = Workers::new(&reporter, Totals::new(arguments), Writer::new(arguments, places, None)?);
    let audience =
        if arguments.page { Audience::Program } else { Audience::of(arguments.common.quiet, results(arguments)) };
    let mut progress = Progress::new(bytes_to_read(arguments, &captures), audience);
    let run = Run { arguments, workers: &workers, interrupt: &interrupt, seed: random(), jobs: jobs(arguments) };
    let read = run.read(&mut captures, &mut progress);
    progress.clear();
    let (totals, writer) = workers.into_parts();
    let closing = Closing { arguments, reporter: &reporter, totals, writer, read };
    closing.finish(&captures)
}

/// Where results may go: over nothing that is read.
pub(crate) fn places<P: AsRef<Path>>(arguments: &Explain, read: impl IntoIterator<Item = P>) -> Result<Places> {
    let mut places = Places::beside(read);
    places.read(&arguments.events);
    places.read(&arguments.log_file);
    if let Some(path) = &arguments.annotate {
        // It is written at the end; nothing else may be written there meanwhile.
        places.place(path)?;
    }
    Ok(places)
}

/// How captures are read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Way {
    /// First for what is worth following, then to follow it.
    Twice,
    /// Everything is followed.
    Once,
    /// Everything is followed, frame by frame.
    ByFrame(PassedOver),
}

impl Way {
    fn of(arguments: &Explain, captures: &CaptureSet) -> Self {
        if arguments.common.verbose {
            Self::ByFrame(PassedOver::Named)
        } else if captures.may_fall_silent() {
            Self::ByFrame(PassedOver::Counted)
        } else if captures.can_be_read_again() && !arguments.once {
            Self::Twice
        } else {
            Self::Once
        }
    }
}

/// What was read.
struct Read {
    reading: Reading,
    counts: Counts,
    /// Files that could not be read to their end.
    unread: usize,
}

/// One run over all files.
struct Run<'a, 'd> {
    arguments: &'a Explain,
    workers: &'d Workers<'a>,
    interrupt: &'d Interrupt,
    /// Keys all hashes: addresses and ports are chosen by strangers.
    seed: u64,
    jobs: usize,
}

impl Run<'_, '_> {
    /// Reads all files, as one capture in the order of time.
    fn read(&self, captures: &mut CaptureSet, progress: &mut Progress) -> Read {
        match Way::of(self.arguments, captures) {
            Way::Twice => self.read_twice(captures, progress),
            Way::Once => self.read_once(captures, progress),
            Way::ByFrame(passed_over) => self.read_by_frame(captures, progress, passed_over),
        }
    }

    fn read_twice(&self, captures: &mut CaptureSet, progress: &mut Progress) -> Read {
        // The tracker comes later: until then the memory is the census's.
        let census = Census::new(self.budget().first_look(), self.budget().noted());
        let source = Source::new(captures, progress, Some(self.interrupt));
        let scouted = scout::scout(source, census, &FlowHasher::new(self.seed), self.jobs);
        let mut read = Read::of(captures, &scouted.counts, scouted.unread, self.workers.reporter);
        let Some(mut again) = captures.again() else { return read };
        progress.begin_again();
        // Who interrupts wants to know what was found so far.
        let heeded = Some(self.interrupt).filter(|interrupt| !interrupt.came());
        let source = Source::new(&mut again, progress, heeded);
        let mut following = self.following(Census::new(0, 0), HELD);
        following.tracker.expect(scouted.noted.flows());
        self.workers.totals.now(|totals| totals.incidents.expect(scouted.noted.flows()));
        let following = following::follow(&source, self.workers, following, Whom::Noted(&scouted.noted), self.jobs);
        let (_, unread) = source.finish();
        if !self.interrupt.came() && again.counts().frames != captures.counts().frames {
            read.unread += 1;
            output::complain(&anyhow::anyhow!("the captures changed while they were read: verdicts may be missing"));
        }
        read.unread += unread;
        read.counts = Counts { connections: scouted.connections, ..following.tracker.counts() };
        read.reading.asked = following.tracker.asked_of_services().collect();
        reading::say_what_is_not_exact(&mut read.reading, scouted.forgotten);
        read.with_segments(captures.counts().segments + scouted.counts.segments)
    }

    fn read_once(&self, captures: &mut CaptureSet, progress: &mut Progress) -> Read {
        let source = Source::new(captures, progress, Some(self.interrupt));
        let following = self.following(self.small_census(), HELD);
        let following = following::follow(&source, self.workers, following, Whom::Everyone, self.jobs);
        source.add(&following.assembly.finish());
        let (counts, unread) = source.finish();
        let mut read = Read::of(captures, &counts, unread, self.workers.reporter);
        read.take_counts(&following.tracker, &following.census);
        read.with_segments(captures.counts().segments + counts.segments)
    }

    fn read_by_frame(&self, captures: &mut CaptureSet, progress: &mut Progress, passed_over: PassedOver) -> Read {
        // Who writes to a pipe wants each verdict at once.
        let held = if captures.may_fall_silent() { 0 } else { HELD };
        let mut following = self.following(self.small_census(), held);
        let unread = live::follow(captures, progress, self.workers, &mut following, passed_over, self.interrupt);
        let mut read = Read::of(captures, &whyrst_capture::Counts::default(), unread, self.workers.reporter);
        read.take_counts(&following.tracker, &following.census);
        read.with_segments(captures.counts().segments)
    }

    fn following(&self, census: Census, held: usize) -> Following {
        Following {
            tracker: Tracker::new(Limits { hash_seed: self.seed, ..self.budget().limits(held) }),
            census,
            assembly: Assembly::default(),
            names: FlowHasher::new(self.seed),
        }
    }

    /// Beside a tracker.
    fn small_census(&self) -> Census {
        Census::new(self.budget().count(), 0)
    }

    fn budget(&self) -> Budget {
        Budget::of(self.arguments.memory())
    }
}

impl Read {
    fn of(captures: &CaptureSet, more: &whyrst_capture::Counts, unread: usize, reporter: &Reporter<'_>) -> Self {
        let reading = reading::of(captures, more, reporter.context.files.clone());
        Self { reading, counts: Counts::default(), unread: unread + reading::shrunk(captures).count() }
    }

    fn take_counts(&mut self, tracker: &Tracker, census: &Census) {
        self.counts = reading::counted(&mut self.reading, tracker, census, 0);
    }

    const fn with_segments(mut self, segments: u64) -> Self {
        self.counts.segments = segments;
        self
    }
}

/// What is said at the end.
struct Closing<'a> {
    arguments: &'a Explain,
    reporter: &'a Reporter<'a>,
    totals: Totals<'a>,
    writer: Writer,
    read: Read,
}

impl Closing<'_> {
    fn finish(mut self, captures: &CaptureSet) -> Result<Completion> {
        let read = if self.writer.broken.is_none() { self.complain_of(captures) } else { Completion::Clean };
        let files: Vec<String> = captures.names().map(str::to_owned).collect();
        self.finish_with(read, &files)
    }

    /// The same, when it is known how well `files` were read.
    fn finish_with(mut self, read: Completion, files: &[String]) -> Result<Completion> {
        if let Some(error) = self.writer.broken.take() {
            if let Some(out) = &self.arguments.annotate {
                output::remark(&format!("{} was not written: the reports were not taken to their end", out.display()));
            }
            return Err(error);
        }
        let incidents = self.totals.incidents.found();
        let beyond = self.totals.incidents.beyond();
        if beyond > 0 {
            self.read
                .reading
                .notes
                .push(format!("{beyond} resets were too many to be compared with the others: no incident counts them"));
        }
        self.read.reading.notes.extend(self.totals.folds.note());
        self.read.reading.notes.extend(self.reporter.witnesses.notes());
        if !self.arguments.summary {
            self.write_folded()?;
            let words = self.incident_words(&incidents);
            self.writer.held.write_first(&words, &mut self.writer.output)?;
        }
        for one in &incidents {
            self.writer.keep(&incident::record(one, &self.reporter.context))?;
        }
        let text = self.closing_words(&incidents);
        self.writer.output.write(&text)?;
        self.writer.parquet.take().map_or(Ok(()), Partitioned::finish)?;
        self.writer.output.finish()?;
        self.totals.marks.finish(self.arguments, files)?;
        Ok(read.max(if self.totals.summary.unexplained() > 0 { Completion::Unexplained } else { Completion::Clean }))
    }

    /// As [`Self::finish`], with the words for whoever shows them: incidents, and what ends a report.
    fn finish_on_screen(mut self, captures: &CaptureSet) -> Result<(Completion, String, String)> {
        let read = self.complain_of(captures);
        let incidents = self.totals.incidents.found();
        let map = self.totals.summary.map(self.reporter.style, self.reporter.context.language);
        let words = format!("{}\n{map}", self.incident_words(&incidents).trim_end()).trim_matches('\n').to_owned();
        let end = self.closing_words(&incidents);
        let files: Vec<String> = captures.names().map(str::to_owned).collect();
        self.totals.marks.finish(self.arguments, &files)?;
        Ok((
            read.max(if self.totals.summary.unexplained() > 0 { Completion::Unexplained } else { Completion::Clean }),
            words,
            end,
        ))
    }

    /// Says what could not be read.
    fn complain_of(&mut self, captures: &CaptureSet) -> Completion {
        for failure in captures.failures() {
            self.read.unread += 1;
            output::complain(&anyhow::anyhow!("{failure}"));
        }
        if captures.names().len() == 0 && self.read.unread == 0 {
            self.read.unread += 1;
            let files: Vec<String> = self.arguments.files.iter().map(|path| path.display().to_string()).collect();
            output::complain(&anyhow::anyhow!("there is no capture in the directory {}", files.join(", ")));
        }
        if let Some(words) = unreadable::words(&self.read.reading) {
            self.read.unread += 1;
            output::complain(&anyhow::anyhow!("{words}"));
        }
        if self.read.unread == 0 { Completion::Clean } else { Completion::Incomplete }
    }

    fn write_folded(&mut self) -> Result<()> {
        for folded in self.totals.folds.folded() {
            let explanation = folded.outcome().map(|first| Explanation::new(first, &self.reporter.context));
            let text = match (self.arguments.format, &explanation) {
                (ReportFormat::Json, Some(first)) => {
                    json::folded_line(first.outcome, &self.reporter.context, folded.count) + "\n"
                }
                (ReportFormat::Html, Some(first)) => html::data(&json::page_line(first, folded.count)),
                _ => folded.line(&self.reporter.context),
            };
            self.writer.held.write(&text, &mut self.writer.output)?;
            if let Some(first) = &explanation {
                self.writer.keep(&Report { count: folded.count, ..first.record() })?;
            }
        }
        Ok(())
    }

    /// The summary where it was asked for, or what a reader of single reports must still see.
    fn closing_words(&self, incidents: &[Incident]) -> String {
        let (reading, counts, style) = (&self.read.reading, &self.read.counts, self.reporter.style);
        let summary = &self.totals.summary;
        match (self.arguments.summary, self.arguments.format) {
            (true, ReportFormat::Json) => summary.json(reading, counts, incidents, &self.reporter.context) + "\n",
            (false, ReportFormat::Json) if self.arguments.page => {
                summary.json(reading, counts, incidents, &self.reporter.context) + "\n"
            }
            (_, ReportFormat::Html) => {
                let summary = summary.json(reading, counts, incidents, &self.reporter.context);
                html_end(&summary, &self.totals.named, self.reporter.context.language)
            }
            (true, _) => {
                let width = output::columns(&self.arguments.common);
                let page = Page { style, language: self.reporter.context.language, width };
                let text = summary.text(reading, counts, page, self.arguments.benign());
                let is_markdown = self.arguments.format == ReportFormat::Markdown;
                let text = if is_markdown { markdown::verbatim(&text) } else { text };
                if incidents.is_empty() { text } else { text + "\n" + &self.incident_words(incidents) }
            }
            (false, ReportFormat::Text) if !self.arguments.common.quiet => self.text_end(counts, style),
            (false, _) => String::new(),
        }
    }

    fn incident_words(&self, incidents: &[Incident]) -> String {
        let context = &self.reporter.context;
        match self.arguments.format {
            ReportFormat::Text => {
                let width = output::columns(&self.arguments.common);
                incident::text(incidents, context, self.reporter.style, width)
            }
            ReportFormat::Json => incidents.iter().map(|one| incident::line(one, context) + "\n").collect(),
            ReportFormat::Html => incidents.iter().map(|one| html::data(&incident::line(one, context))).collect(),
            ReportFormat::Markdown => incident::markdown(incidents, context),
        }
    }

    fn text_end(&self, counts: &Counts, style: Style) -> String {
        let mut end = String::new();
        // Writing to a String cannot fail.
        self.write_end(counts, style, &mut end).unwrap_or_default();
        end
    }

    fn write_end(&self, counts: &Counts, style: Style, end: &mut String) -> fmt::Result {
        let (frames, connections) = (self.read.reading.frames, counts.connections);
        let language = self.reporter.context.language;
        match (self.totals.reported, counts.reset_connections) {
            // Nothing could be read, and that has been said.
            (0, 0) if self.read.unread > 0 && (frames == 0 || unreadable::words(&self.read.reading).is_some()) => {}
            (0, 0) => match language {
                Language::English => {
                    let plural = |count: u64| if count == 1 { "" } else { "s" };
                    let (more, others) = (plural(frames), plural(connections));
                    writeln!(end, "no resets in {frames} frame{more} ({connections} connection{others})")?;
                }
                Language::Chinese => writeln!(end, "{frames} 帧（{connections} 条连接）中没有 RST")?,
            },
            (0, resets) => end.push_str(&none_asked_for(resets, language)),
            _ => {}
        }
        let failed = self.totals.failed_connects;
        if failed > 0 && !self.arguments.all {
            end.push_str(&failed_without_rst(failed, language));
        }
        let page = Page { style, language, width: output::columns(&self.arguments.common) };
        remarks(&self.read.reading, counts, page, end)
    }
}

/// What is said when the filters let nothing through.
pub(crate) fn none_asked_for(resets: u64, language: Language) -> String {
    match language {
        Language::English if resets == 1 => "the one reset does not fit what was asked for\n".into(),
        Language::English => format!("none of the {resets} resets fits what was asked for\n"),
        Language::Chinese => format!("共 {resets} 个 RST，没有一个符合条件\n"),
    }
}

/// What is said of failed connects that are not reported.
pub(crate) fn failed_without_rst(failed: u64, language: Language) -> String {
    match language {
        Language::English => {
            let plural = if failed == 1 { "connect" } else { "connects" };
            format!("{failed} {plural} failed without any RST: --all explains them\n")
        }
        Language::Chinese => format!("另有 {failed} 次建连失败但没有 RST：用 --all 解释它们\n"),
    }
}

/// The summary, and the catalogue's pages of the causes that are named.
pub(crate) fn html_end(summary: &str, named: &BTreeSet<&'static str>, language: Language) -> String {
    let wanted = whyrst_core::causes::ALL.iter().filter(|cause| named.contains(cause.id));
    let pages = wanted.map(|cause| catalogue::json(cause, whyrst_lab::reproducible(cause), language));
    let lines = std::iter::once(summary.to_owned()).chain(pages).map(|line| html::data(&line));
    lines.collect::<String>() + &html::tail()
}

impl<'a> Reporter<'a> {
    fn new(arguments: &'a Explain, captures: &CaptureSet) -> Result<Self> {
        let called = |name| arguments.called.as_deref().unwrap_or(name);
        let files = captures.names().map(|name| escape_name(called(name))).collect();
        let zone = zone(&arguments.tz)?;
        let zone_of_logs = zone.clone();
        Ok(Self {
            window: Window::of(arguments, &zone)?,
            context: Context { files, zone, language: output::language(&arguments.common, arguments.format.spoken()) },
            style: output::style(&arguments.common),
            witnesses: Witnesses::of(arguments, &zone_of_logs)?,
            ends: arguments.ends_filter(),
            arguments,
        })
    }
}

/// How large the captures are, where that can be known beforehand: not for a pipe.
fn bytes_to_read(arguments: &Explain, captures: &CaptureSet) -> Option<u64> {
    let size = |path: &Path| std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file).map(|data| data.len());
    let bytes: u64 = arguments.files.iter().map(|path| size(path)).sum::<Option<u64>>()?;
    Some(if Way::of(arguments, captures) == Way::Twice { bytes * 2 } else { bytes })
}

/// Reports wait for what they have in common; objects and what comes from a pipe do not ([`reporter::Held`]).
fn results(arguments: &Explain) -> Results {
    let pipe = arguments.files.iter().any(|path| !path.is_file() && !path.is_dir());
    if arguments.summary || (arguments.format != ReportFormat::Json && !pipe) {
        Results::AtTheEnd
    } else {
        Results::Meanwhile
    }
}

fn jobs(arguments: &Explain) -> usize {
    arguments.jobs.unwrap_or_else(|| available_parallelism().map_or(1, std::num::NonZero::get))
}

/// A key that a stranger cannot know.
fn random() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(0)
}

/// As much as fits, and a hash key that a stranger cannot know.
pub(crate) fn limits(budget: Budget) -> Limits {
    Limits { hash_seed: random(), ..budget.limits(0) }
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
    Ok(say_what_is_damaged(recording::open(path)?, &path.display().to_string()))
}

/// The recording called `name`, which was opened before.
pub(crate) fn read_recording(input: impl BufRead, name: &str) -> Result<Recording> {
    Ok(say_what_is_damaged(recording::read(input, name)?, name))
}

fn say_what_is_damaged(read: PartialRecording, name: &str) -> Recording {
    for damage in &read.damaged {
        output::remark(&format!("line {} of {name} passed over: {}", damage.line, damage.cause));
    }
    let silent = read.damaged_lines.saturating_sub(read.damaged.len() as u64);
    if silent > 0 {
        output::remark(&format!("{silent} more damaged lines of {name} passed over"));
    }
    read.recording
}
