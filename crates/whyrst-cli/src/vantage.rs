//! `whyrst explain --vantage NAME=FILE ...`: captures of the same traffic from several points, joined.
//!
//! Every point is read twice: once for what its capture alone shows, and once more for all segments
//! of the connections that ended badly at any point. The files of one point are one rotated capture.

use std::collections::BTreeSet;
use std::fs::Metadata;
use std::path::PathBuf;

use anyhow::{Result, bail};
use whyrst_capture::{CaptureSet, Note, Reason, Step};
use whyrst_core::incident::{Incident, Incidents};
use whyrst_core::joined::{Joined, Loss, PointName};
use whyrst_core::language::Language;
use whyrst_core::observation::{Frame, Observation};
use whyrst_core::outcome::{Outcome, OutcomeKind};
use whyrst_core::report::style::Style;
use whyrst_core::report::summary::{Page, Reading, Summary, remarks};
use whyrst_core::report::text::Ladder;
use whyrst_core::report::{Context, Explanation, escape::escape_name, incident, json, markdown, text};
use whyrst_core::tracker::{Counts, Tracker};
use whyrst_core::vantage::Taken;
use whyrst_core::vantage::collect::{Collector, Wanted};
use whyrst_core::verdict::judge;
use whyrst_core::verdict::points::{Together, of_points};
use whyrst_output::Places;
use whyrst_serve::html;
use whyrst_store::parquet::Partitioned;

use crate::Completion;
use crate::args::{Explain, ReportFormat};
use crate::explain::{
    Witnesses, failed_without_rst, html_end, limits, named, none_asked_for, places, unreadable, zone,
};
use crate::fold::Folds;
use crate::memory::Budget;
use crate::output::{self, Output};
use crate::progress::{Audience, Progress, Results};
use crate::window::Window;

/// Bytes of one remembered segment, with its share of the tables.
const OCTETS_PER_SEGMENT: u64 = 64;
/// How often progress is shown while frames flow.
const SHOW_EVERY: u64 = 4_096;

pub(crate) fn run(arguments: &Explain) -> Result<Completion> {
    let points = points(&arguments.vantage)?;
    let witnesses = Witnesses::of(arguments, &zone(&arguments.tz)?)?;
    // A pipe, which is refused later, must not be opened for its name.
    let files: Vec<&PathBuf> =
        points.iter().flat_map(|point| &point.files).filter(|path| path.is_file() || path.is_dir()).collect();
    let places = places(arguments, CaptureSet::open(&files).paths())?;
    let mut session = Session::new(arguments, places, points.len())?;
    let mut read: Vec<PointRead> =
        points.into_iter().map(|point| session.first_reading(point, &witnesses)).collect::<Result<_>>()?;
    let wanted = Wanted::of(read.iter().flat_map(|point| &point.outcomes));
    let taken: Vec<Taken> = read.iter_mut().map(|point| session.second_reading(point, &wanted)).collect();
    session.progress.clear();
    session.finish(&taken, &witnesses)
}

/// A capture point as it was named.
#[derive(Debug, PartialEq, Eq)]
struct Named {
    name: String,
    files: Vec<PathBuf>,
}

/// A value with a name before `=` opens a point or goes on with it; what follows without one belongs
/// to the point before. A `/` before `=` is part of a path.
fn points(values: &[String]) -> Result<Vec<Named>> {
    let mut points: Vec<Named> = Vec::new();
    let mut current = None;
    for value in values {
        let named = value.split_once('=').filter(|(name, _)| !name.is_empty() && !name.contains('/'));
        let file = match (named, current) {
            (Some((name, file)), _) => {
                current = Some(points.iter().position(|point| point.name == name).unwrap_or_else(|| {
                    points.push(Named { name: name.to_owned(), files: Vec::new() });
                    points.len() - 1
                }));
                file
            }
            (None, Some(_)) => value.as_str(),
            (None, None) => bail!("--vantage {value}: expected NAME=FILE, such as client={value}"),
        };
        if file.is_empty() || file == "-" {
            bail!("--vantage {value}: expected a file; standard input cannot be read twice");
        }
        if let Some(point) = current.and_then(|at| points.get_mut(at)) {
            point.files.push(file.into());
        }
    }
    match points.as_slice() {
        [] | [_] => bail!("--vantage needs at least two capture points, such as client=a.pcap and server=b.pcap"),
        _ if points.len() > usize::from(u16::MAX) => bail!("more than {} capture points", u16::MAX),
        _ => Ok(points),
    }
}

/// What the first reading of a point found.
struct PointRead {
    point: Named,
    name: PointName,
    outcomes: Vec<Outcome>,
    loss: Option<Loss>,
}

struct Session<'a> {
    arguments: &'a Explain,
    window: Window,
    context: Context,
    style: Style,
    output: Output,
    parquet: Option<Partitioned>,
    summary: Summary,
    incidents: Incidents,
    folds: Folds,
    reading: Reading,
    counts: Counts,
    progress: Progress,
    /// Bytes of the readings that are complete.
    passed: u64,
    points: usize,
    unread: usize,
    reported: u64,
    failed_connects: u64,
    named: BTreeSet<&'static str>,
}

impl<'a> Session<'a> {
    fn new(arguments: &'a Explain, mut places: Places, points: usize) -> Result<Self> {
        let zone = zone(&arguments.tz)?;
        Ok(Self {
            window: Window::of(arguments, &zone)?,
            context: Context {
                files: Vec::new(),
                zone,
                language: output::language(&arguments.common, arguments.format.spoken()),
            },
            style: output::style(&arguments.common),
            output: Output::open(&arguments.common, &mut places)?,
            parquet: arguments
                .parquet
                .as_deref()
                .map(|path| Partitioned::create(path, places))
                .transpose()?
                .map(|rows| rows.within(Budget::of(arguments.memory()).rows())),
            summary: Summary::of(Budget::of(arguments.memory()).services()),
            incidents: Incidents::within(Budget::of(arguments.memory()).incidents()),
            folds: Folds::new(arguments),
            reading: Reading::default(),
            counts: Counts::default(),
            progress: Progress::new(None, Audience::of(arguments.common.quiet, Results::AtTheEnd)),
            passed: 0,
            points,
            unread: 0,
            reported: 0,
            failed_connects: 0,
            named: BTreeSet::new(),
            arguments,
        })
    }

    fn open(&self, files: &[PathBuf]) -> CaptureSet {
        let mut captures = CaptureSet::open(files);
        if let Some(filter) = self.arguments.packet_filter() {
            captures.look_only_at(filter);
        }
        captures
    }

    /// What the point's capture alone shows.
    fn first_reading(&mut self, point: Named, witnesses: &Witnesses) -> Result<PointRead> {
        for path in &point.files {
            // A pipe would be empty when it is read again.
            if std::fs::metadata(path).is_ok_and(|data| is_stream(&data)) {
                bail!("--vantage {}={}: a pipe cannot be read twice", point.name, path.display());
            }
        }
        let first_file = u32::try_from(self.context.files.len()).unwrap_or(u32::MAX);
        let mut tracker = Tracker::new(limits(Budget::of(self.arguments.memory()).each_of(self.points)));
        let mut captures = self.open(&point.files);
        let mut outcomes = Vec::new();
        let errors = self.read(&mut captures, first_file, |seen| {
            tracker.observe(seen);
            outcomes.extend(std::iter::from_fn(|| tracker.poll()));
        });
        tracker.finish();
        outcomes.extend(std::iter::from_fn(|| tracker.poll()));
        for outcome in &mut outcomes {
            witnesses.hear_kernel(outcome);
        }
        self.note(&point, &captures, &tracker.counts());
        for (server, asked) in tracker.asked_of_services() {
            let known = self.reading.asked.entry(server).or_default();
            *known = asked.max(*known);
        }
        let files = first_file..u32::try_from(self.context.files.len()).unwrap_or(u32::MAX);
        let name = PointName { name: escape_name(&point.name), files };
        let loss = loss(&captures, errors);
        Ok(PointRead { point, name, outcomes, loss })
    }

    /// All segments of the connections that matter anywhere.
    fn second_reading(&mut self, point: &mut PointRead, wanted: &Wanted) -> Taken {
        let room = Budget::of(self.arguments.memory()).each_of(self.points).segments() / OCTETS_PER_SEGMENT;
        let mut collector = Collector::new(wanted, usize::try_from(room).unwrap_or(usize::MAX).max(1_024));
        if !wanted.is_empty() {
            let mut captures = self.open(&point.point.files);
            self.read(&mut captures, point.name.files.start, |seen| collector.observe(seen));
        }
        let traces = collector.finish();
        if traces.left_out > 0 {
            let note = format!(
                "{}: {} segments did not fit into memory (--memory): what was not recorded there is not known",
                point.name.name, traces.left_out
            );
            self.reading.notes.push(note);
        }
        let outcomes = std::mem::take(&mut point.outcomes);
        Taken { name: point.name.clone(), outcomes, traces, loss: point.loss }
    }

    /// Reads one point's files to their end; says how many could not be.
    fn read(&mut self, captures: &mut CaptureSet, first_file: u32, mut each: impl FnMut(&Observation<'_>)) -> usize {
        let mut errors = 0;
        let mut frames: u64 = 0;
        loop {
            match captures.next() {
                Ok(Step::Observation(seen)) => each(&Observation { frame: shifted(seen.frame, first_file), ..seen }),
                Ok(Step::PassedOver(..) | Step::Idle) => {}
                Ok(Step::End) => break,
                Err(error) => {
                    errors += 1;
                    output::complain(&error.into());
                }
            }
            frames += 1;
            if frames.is_multiple_of(SHOW_EVERY) {
                self.progress.at(self.passed + captures.position());
            }
        }
        self.passed += captures.position();
        errors
    }

    /// Remembers what the readers of a point's files have to say.
    fn note(&mut self, point: &Named, captures: &CaptureSet, counts: &Counts) {
        for failure in captures.failures() {
            self.unread += 1;
            output::complain(&anyhow::anyhow!("{failure}"));
        }
        self.context.files.extend(captures.names().map(escape_name));
        self.reading.files.clone_from(&self.context.files);
        let read = captures.counts();
        self.reading.frames += read.frames;
        for (reason, count) in read.reasons() {
            match self.reading.passed_over.iter_mut().find(|(name, ..)| *name == reason.name()) {
                Some((.., sum)) => *sum += count,
                None => self.reading.passed_over.push((reason.name(), reason.sentence(), count)),
            }
        }
        let remarks = read.remarks().map(|(count, remark)| format!("{}: {count} {remark}", point.name));
        let notes =
            captures.readings().flat_map(|reading| reading.notes.iter().map(ToString::to_string).collect::<Vec<_>>());
        let notes = notes.map(|note| format!("{}: {note}", point.name));
        let all: Vec<String> = remarks.chain(notes).map(|note| escape_name(&note)).collect();
        self.reading.notes.extend(all);
        self.count(counts);
    }

    /// Segments are counted where they were recorded, connections once: as many as the fullest point has.
    fn count(&mut self, more: &Counts) {
        let sum = &mut self.counts;
        sum.segments += more.segments;
        sum.copies += more.copies;
        sum.rst_segments += more.rst_segments;
        sum.rst_copies += more.rst_copies;
        sum.late_resets += more.late_resets;
        sum.forgotten += more.forgotten;
        sum.icmp_errors += more.icmp_errors;
        sum.connections = sum.connections.max(more.connections);
    }

    fn finish(mut self, taken: &[Taken], witnesses: &Witnesses) -> Result<Completion> {
        let mut together = of_points(taken);
        together.outcomes.iter_mut().for_each(|outcome| witnesses.hear_logs(outcome));
        say_what_is_shared(taken, &together);
        self.counts.reset_connections = of_kind(&together, OutcomeKind::Reset);
        self.counts.failed_connects = of_kind(&together, OutcomeKind::FailedConnect);
        let mut reports = String::new();
        for outcome in &together.outcomes {
            reports.push_str(&self.report(outcome)?);
        }
        reports.push_str(&self.folded());
        self.reading.notes.extend(self.folds.note());
        self.reading.notes.extend(witnesses.notes());
        let incidents = self.incidents.found();
        let above = if self.arguments.summary { String::new() } else { self.incident_words(&incidents) };
        // Objects of JSON come in the order of the resets; what they have in common ends the stream.
        let (first, second) = match self.arguments.format {
            ReportFormat::Json => (reports, above),
            ReportFormat::Html => (html::head(self.context.language) + &reports, above),
            ReportFormat::Text | ReportFormat::Markdown => (above, reports),
        };
        self.output.write(&first)?;
        self.output.write(&second)?;
        let text = self.closing_words(&incidents);
        self.output.write(&text)?;
        if let Some(mut parquet) = self.parquet.take() {
            incidents.iter().try_for_each(|one| parquet.push(&incident::record(one, &self.context)))?;
            parquet.finish()?;
        }
        self.output.finish()?;
        if let Some(words) = unreadable::words(&self.reading) {
            self.unread += 1;
            output::complain(&anyhow::anyhow!("{words}"));
        }
        let unexplained = self.summary.unexplained() > 0;
        Ok(match (self.unread, unexplained) {
            (0, false) => Completion::Clean,
            (0, true) => Completion::Unexplained,
            _ => Completion::Incomplete,
        })
    }

    fn report(&mut self, outcome: &Outcome) -> Result<String> {
        let failed = outcome.kind() == OutcomeKind::FailedConnect;
        self.failed_connects += u64::from(failed);
        if failed && !self.arguments.all {
            return Ok(String::new());
        }
        let judgement = judge(outcome);
        if !self.arguments.wants(&self.window, outcome, &judgement, &self.context) {
            return Ok(String::new());
        }
        self.summary.add(outcome, &judgement);
        if outcome.joined().is_some_and(Joined::has_the_common_clock) {
            self.incidents.add(outcome, &judgement);
        }
        self.named.extend(named(&judgement));
        self.reported += 1;
        if self.arguments.summary || self.folds.takes(outcome, &judgement) {
            return Ok(String::new());
        }
        if let Some(parquet) = &mut self.parquet {
            parquet.push(&Explanation::judged(outcome, judgement.clone(), &self.context).record())?;
        }
        let ladder = if self.arguments.no_ladder { Ladder::Hidden } else { Ladder::Shown };
        Ok(match self.arguments.format {
            ReportFormat::Text => {
                text::report(outcome, &self.context, self.style, output::view(&self.arguments.common, ladder))
            }
            ReportFormat::Json => json::line(outcome, &self.context) + "\n",
            ReportFormat::Markdown => markdown::report(outcome, &self.context, ladder),
            ReportFormat::Html => {
                let report = Explanation::judged(outcome, judgement, &self.context);
                html::data(&json::page_line(&report, 1))
            }
        })
    }

    fn folded(&self) -> String {
        let all = self.folds.folded().into_iter();
        all.map(|folded| match (self.arguments.format, folded.outcome()) {
            (ReportFormat::Json, Some(first)) => json::folded_line(first, &self.context, folded.count) + "\n",
            (ReportFormat::Html, Some(first)) => {
                html::data(&json::page_line(&Explanation::new(first, &self.context), folded.count))
            }
            _ => folded.line(&self.context),
        })
        .collect()
    }

    fn incident_words(&self, incidents: &[Incident]) -> String {
        match self.arguments.format {
            ReportFormat::Text => {
                incident::text(incidents, &self.context, self.style, output::columns(&self.arguments.common))
            }
            ReportFormat::Json => incidents.iter().map(|one| incident::line(one, &self.context) + "\n").collect(),
            ReportFormat::Html => incidents.iter().map(|one| html::data(&incident::line(one, &self.context))).collect(),
            ReportFormat::Markdown => incident::markdown(incidents, &self.context),
        }
    }

    fn closing_words(&self, incidents: &[Incident]) -> String {
        match (self.arguments.summary, self.arguments.format) {
            (_, ReportFormat::Html) => {
                let summary = self.summary.json(&self.reading, &self.counts, incidents, &self.context);
                html_end(&summary, &self.named, self.context.language)
            }
            (true, ReportFormat::Json) => {
                self.summary.json(&self.reading, &self.counts, incidents, &self.context) + "\n"
            }
            (true, _) => {
                let language = self.context.language;
                let width = output::columns(&self.arguments.common);
                let page = Page { style: self.style, language, width };
                let text = self.summary.text(&self.reading, &self.counts, page, self.arguments.benign());
                let is_markdown = self.arguments.format == ReportFormat::Markdown;
                let text = if is_markdown { markdown::verbatim(&text) } else { text };
                if incidents.is_empty() { text } else { text + "\n" + &self.incident_words(incidents) }
            }
            (false, ReportFormat::Text) if !self.arguments.common.quiet => self.text_end(),
            (false, _) => String::new(),
        }
    }

    fn text_end(&self) -> String {
        let mut end = String::new();
        let (frames, points, language) = (self.reading.frames, self.points, self.context.language);
        let nothing_read = frames == 0 && self.unread > 0;
        if self.reported == 0 && !nothing_read {
            let resets = self.counts.reset_connections;
            let text = match resets {
                0 => match language {
                    Language::English => format!("no resets in {frames} frames of {points} capture points\n"),
                    Language::Chinese => format!("{points} 个抓包点的 {frames} 帧中没有 RST\n"),
                },
                _ => none_asked_for(resets, language),
            };
            end.push_str(&text);
        }
        if self.failed_connects > 0 && !self.arguments.all {
            end.push_str(&failed_without_rst(self.failed_connects, language));
        }
        // Writing to a String cannot fail.
        let page = Page { style: self.style, language, width: output::columns(&self.arguments.common) };
        remarks(&self.reading, &self.counts, page, &mut end).unwrap_or_default();
        end
    }
}

fn say_what_is_shared(taken: &[Taken], together: &Together) {
    let anything = !together.outcomes.is_empty();
    let alone = taken.iter().zip(&together.shared).filter(|(_, shared)| anything && **shared == 0);
    for (point, _) in alone {
        output::remark(&format!(
            "{} has nothing in common with the other captures: no connection that was reset or failed is in both",
            point.name.name
        ));
    }
}

fn of_kind(together: &Together, kind: OutcomeKind) -> u64 {
    together.outcomes.iter().filter(|outcome| outcome.kind() == kind).count() as u64
}

fn is_stream(data: &Metadata) -> bool {
    !data.is_file() && !data.is_dir()
}

/// The frame, with a file number that no other point has.
const fn shifted(frame: Frame, first_file: u32) -> Frame {
    Frame::new(frame.file().saturating_add(first_file), frame.number())
}

/// Whether the point's capture itself says that packets are missing from it.
fn loss(captures: &CaptureSet, errors: usize) -> Option<Loss> {
    let counts = captures.counts();
    let cut = [Reason::TcpHeaderCut, Reason::IpHeaderCut, Reason::LinkHeaderCut];
    let several = captures.readings().count() > 1;
    let damaged = captures
        .readings()
        .any(|reading| reading.notes.more() > 0 || reading.notes.iter().any(|note| breaks(note, several)));
    if counts.dropped > 0 {
        Some(Loss::Dropped)
    } else if counts.cut_resets > 0 || cut.iter().any(|reason| counts.passed_over(*reason) > 0) {
        Some(Loss::Cut)
    } else if errors > 0 || damaged || !captures.failures().is_empty() || counts.passed_over(Reason::RecordDamaged) > 0
    {
        Some(Loss::Unread)
    } else {
        None
    }
}

/// Whether frames are missing for it in the middle. A single capture that is cut merely ends early.
fn breaks(note: &Note, several: bool) -> bool {
    match note {
        Note::Version { .. } | Note::ManyInterfaces => false,
        Note::Cut { .. } => several,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(values: &[&str]) -> Result<Vec<Named>> {
        points(&values.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    fn named(name: &str, files: &[&str]) -> Named {
        Named { name: name.into(), files: files.iter().map(PathBuf::from).collect() }
    }

    #[test]
    fn files_without_a_name_belong_to_the_point_before() {
        let wanted = [named("client", &["a.pcap", "b.pcap", "./x=y"]), named("server", &["c=d.pcap"])];
        assert_eq!(parsed(&["client=a.pcap", "b.pcap", "./x=y", "server=c=d.pcap"]).expect("two points"), wanted);
        let again = parsed(&["client=a.pcap", "server=c=d.pcap", "client=b.pcap", "client=./x=y"]);
        assert_eq!(again.expect("two points"), wanted);
    }

    #[test]
    fn what_makes_no_two_points_is_refused() {
        for values in [&["a.pcap"][..], &["client=a.pcap"], &["client=", "server=b"], &["client=-", "server=b"]] {
            assert!(parsed(values).is_err(), "{values:?}");
        }
    }
}
