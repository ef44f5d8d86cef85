//! Reports of outcomes: judging and wording, which any thread may do, and totals and output,
//! which are kept in the order of outcomes.

use std::collections::BTreeSet;
use std::sync::mpsc::Sender;

use anyhow::{Error, Result};
use arrow_array::RecordBatch;
use whyrst_core::flow::Side;
use whyrst_core::incident::Incidents;
use whyrst_core::language::Language;
use whyrst_core::outcome::{Basis, Outcome, OutcomeKind};
use whyrst_core::report::beside;
use whyrst_core::report::live_line::{self, LineNotes, More};
use whyrst_core::report::style::Style;
use whyrst_core::report::summary::Summary;
use whyrst_core::report::text::Ladder;
use whyrst_core::report::{Context, Explanation, json, markdown, text};
use whyrst_core::verdict::{Judge, Judgement};
use whyrst_output::Places;
use whyrst_serve::html;
use whyrst_store::parquet::Partitioned;
use whyrst_store::rows::{Row, RowSet};
use whyrst_store::{StoreError, Table};

use super::Witnesses;
use crate::annotate::{Marked, Marks};
use crate::args::{Explain, ReportFormat};
use crate::fold::Folds;
use crate::memory::Budget;
use crate::output::{self, Output};
use crate::tui::Entry;
use crate::window::Window;

/// Endings on their way through several hands: each has more than a kilobyte.
pub(super) type Outcomes = Vec<Box<Outcome>>;

/// Columns of what is pasted into a ticket.
const PASTED: usize = 100;

/// Judges outcomes and puts them into words.
pub(super) struct Reporter<'a> {
    pub(super) arguments: &'a Explain,
    pub(super) context: Context,
    pub(super) style: Style,
    pub(super) witnesses: Witnesses,
    pub(super) window: Window,
    /// Of which connections reports may be wanted.
    pub(super) ends: Option<whyrst_capture::Filter>,
}

/// An outcome that was judged.
pub(super) struct Judged {
    pub(super) outcome: Box<Outcome>,
    /// `None` where it is only to be counted.
    pub(super) judgement: Option<Judgement>,
    /// What other tools are to show of it.
    marked: Option<Marked>,
}

impl Reporter<'_> {
    pub(super) fn judge_all(&self, outcomes: Outcomes, judge: &mut Judge) -> Vec<Judged> {
        outcomes.into_iter().filter(|outcome| self.may_want(outcome)).map(|one| self.judge(one, judge)).collect()
    }

    /// What nobody asked for need not be judged.
    fn may_want(&self, outcome: &Outcome) -> bool {
        let ends = Side::BOTH.map(|side| outcome.connection().endpoint(side));
        self.ends.as_ref().is_none_or(|filter| filter.fits(ends))
    }

    fn judge(&self, mut outcome: Box<Outcome>, judge: &mut Judge) -> Judged {
        if outcome.kind() == OutcomeKind::FailedConnect && !self.arguments.all {
            return Judged { outcome, judgement: None, marked: None };
        }
        self.witnesses.hear(&mut outcome);
        let judgement = if self.arguments.summary && !Marked::is_asked_for(self.arguments) {
            judge.judge_briefly(&outcome)
        } else {
            judge.judge(&outcome)
        };
        let wanted = self.arguments.wants(&self.window, &outcome, &judgement, &self.context);
        let judgement = Some(judgement).filter(|_| wanted);
        let Some(judgement) = judgement else { return Judged { outcome, judgement: None, marked: None } };
        if !Marked::is_asked_for(self.arguments) {
            return Judged { outcome, judgement: Some(judgement), marked: None };
        }
        let report = Explanation::judged(&outcome, judgement, &self.context);
        let marked = Some(Marked::of(&report, self.arguments));
        let judgement = Some(report.judgement);
        Judged { outcome, judgement, marked }
    }

    /// The reports of all.
    pub(super) fn reports(&self, judged: Vec<Judged>) -> Reports {
        let mut reports = Reports { text: String::new(), entries: Vec::new(), rows: Ok(Vec::new()) };
        let mut rows = self.arguments.parquet.as_ref().map(|_| RowSet::in_batches(super::workers::BATCH));
        let mut kept = Ok(());
        for Judged { outcome, judgement, .. } in judged {
            let Some(judgement) = judgement else { continue };
            let report = Explanation::judged(&outcome, judgement, &self.context);
            if let Some(rows) = &mut rows {
                kept = kept.and_then(|()| rows.push(&report.record()).map(drop));
            }
            if self.arguments.tui {
                reports.entries.push(Entry::of(&report, 1, self.style));
            } else {
                reports.text += &self.report(&report);
            }
        }
        reports.rows = kept.and_then(|()| rows.map_or(Ok(Vec::new()), |mut rows| rows.take()));
        reports
    }

    /// What is said of `count` more that are like `outcome`; `None` when it is not asked for.
    pub(super) fn more(&self, outcome: &Outcome, judgement: &Judgement, count: u64) -> Option<String> {
        if !self.arguments.wants(&self.window, outcome, judgement, &self.context) {
            return None;
        }
        let report = Explanation::judged(outcome, judgement.clone(), &self.context);
        Some(match self.arguments.format {
            ReportFormat::Json => json::folded_line(outcome, &self.context, count) + "\n",
            ReportFormat::Html => html::data(&json::page_line(&report, count)),
            ReportFormat::Text | ReportFormat::Markdown => {
                let notes = LineNotes { more: Some(More { count, within: None }), ..LineNotes::default() };
                let line = live_line::line(&report, self.style, notes);
                if self.arguments.format == ReportFormat::Markdown { markdown::verbatim(&line) } else { line + "\n" }
            }
        })
    }

    fn report(&self, report: &Explanation<'_>) -> String {
        let alone = self.report_alone(report);
        if self.arguments.beside_lab { alone + &self.beside_lab(report) } else { alone }
    }

    /// The recorded run of its cause; or that there is none.
    fn beside_lab(&self, report: &Explanation<'_>) -> String {
        let (yours, language) = (json::page_record(report, 1), self.context.language);
        let run = beside::wanted(&yours).find_map(|cause| whyrst_lab::runs::run(cause, language));
        let Some(run) = run else {
            let cause = &yours.verdict.cause;
            return match language {
                Language::English => format!("the lab has no run of {cause} to stand beside it\n\n"),
                Language::Chinese => format!("实验室没有 {cause} 的记录可供对照\n\n"),
            };
        };
        let told = beside::beside(&yours, &run, language);
        match self.arguments.format {
            ReportFormat::Markdown => markdown::verbatim(&beside::text(&told, language, Style::Plain, PASTED)),
            _ => beside::text(&told, language, self.style, output::columns(&self.arguments.common)),
        }
    }

    fn report_alone(&self, report: &Explanation<'_>) -> String {
        let no_packets = report.outcome.basis() == Basis::Sockets;
        let ladder = if self.arguments.no_ladder || no_packets { Ladder::Hidden } else { Ladder::Shown };
        match self.arguments.format {
            ReportFormat::Text => text::report_of(report, self.style, output::view(&self.arguments.common, ladder)),
            ReportFormat::Json if self.arguments.page => json::page_line(report, 1) + "\n",
            ReportFormat::Json => json::line_of(report) + "\n",
            ReportFormat::Markdown => markdown::report_of(report, ladder),
            ReportFormat::Html => html::data(&json::page_line(report, 1)),
        }
    }
}

/// Reports as they are to be written or shown.
pub(super) struct Reports {
    text: String,
    entries: Vec<Entry>,
    /// Where they are to be rows.
    rows: Result<Vec<(Table, RecordBatch)>, StoreError>,
}

/// What is counted over all outcomes.
pub(super) struct Totals<'a> {
    arguments: &'a Explain,
    pub(super) summary: Summary,
    pub(super) incidents: Incidents,
    pub(super) folds: Folds,
    pub(super) marks: Marks,
    pub(super) reported: u64,
    pub(super) failed_connects: u64,
    /// Causes that some report names, for a report that brings the catalogue's pages with it.
    pub(super) named: BTreeSet<&'static str>,
}

impl<'a> Totals<'a> {
    pub(super) fn new(arguments: &'a Explain) -> Self {
        let budget = Budget::of(arguments.memory());
        Self {
            arguments,
            summary: Summary::of(budget.services()),
            incidents: Incidents::within(budget.incidents()),
            folds: Folds::new(arguments),
            marks: Marks::within(budget.comments()),
            reported: 0,
            failed_connects: 0,
            named: BTreeSet::new(),
        }
    }

    /// Counts outcomes, and leaves those that are to be reported one by one.
    pub(super) fn take_in(&mut self, judged: &mut Vec<Judged>) {
        judged.retain_mut(|one| self.is_reported(one));
    }

    /// Counts so many that are like `outcome`.
    pub(super) fn count(&mut self, outcome: &Outcome, judgement: &Judgement, count: u64) {
        for _ in 0..count {
            self.summary.add(outcome, judgement);
        }
        self.reported += count;
    }

    fn is_reported(&mut self, Judged { outcome, judgement, marked }: &mut Judged) -> bool {
        self.failed_connects += u64::from(outcome.kind() == OutcomeKind::FailedConnect);
        let Some(judgement) = judgement else { return false };
        self.summary.add(outcome, judgement);
        self.incidents.add(outcome, judgement);
        if self.arguments.format == ReportFormat::Html {
            self.named.extend(named(judgement));
        }
        self.reported += 1;
        if let Some(marked) = marked.take() {
            self.marks.add(marked);
        }
        !self.arguments.summary && !self.folds.takes(outcome, judgement)
    }
}

/// The causes that a report of it names.
pub(crate) fn named(judgement: &Judgement) -> impl Iterator<Item = &'static str> {
    let others = judgement.alternatives.iter().map(|other| other.cause.id);
    let steps = judgement.mechanism.iter().map(|how| how.cause.id);
    steps.chain(judgement.reasons.iter().map(|why| why.cause.id)).chain(others)
}

/// Where reports go.
pub(super) struct Writer {
    pub(super) output: Output,
    pub(super) held: Held,
    /// Where rows go.
    pub(super) parquet: Option<Partitioned>,
    /// Where reports are shown instead.
    screen: Option<Sender<Entry>>,
    /// Why nothing more can be written.
    pub(super) broken: Option<Error>,
}

impl Writer {
    pub(super) fn new(arguments: &Explain, mut places: Places, screen: Option<Sender<Entry>>) -> Result<Self> {
        let mut output = Output::open(&arguments.common, &mut places)?;
        let parquet = arguments.parquet.as_deref().map(|path| Partitioned::create(path, places)).transpose()?;
        let parquet = parquet.map(|rows| rows.within(Budget::of(arguments.memory()).rows()));
        if arguments.format == ReportFormat::Html && !arguments.tui {
            output.write(&html::head(output::language(&arguments.common, arguments.format.spoken())))?;
        }
        Ok(Self { output, held: Held::while_reading(arguments), parquet, screen, broken: None })
    }

    /// Writes reports; false when that is no use any more.
    pub(super) fn print(&mut self, reports: Reports) -> bool {
        if self.broken.is_none() && !reports.text.is_empty() {
            self.broken = self.held.write(&reports.text, &mut self.output).err();
        }
        if self.broken.is_none() {
            self.broken = self.write_rows(reports.rows).err();
        }
        // Who left the screen wants no more.
        let seen = self
            .screen
            .as_ref()
            .is_none_or(|screen| reports.entries.into_iter().all(|entry| screen.send(entry).is_ok()));
        self.broken.is_none() && seen
    }

    /// Writes what is said of several that are alike, and their row.
    pub(super) fn print_counted(&mut self, text: &str, row: &impl Row) {
        if self.broken.is_none() {
            self.broken = self.held.write(text, &mut self.output).and_then(|()| self.keep(row)).err();
        }
    }

    /// Writes a record as a row, where rows are wanted.
    pub(super) fn keep(&mut self, row: &impl Row) -> Result<()> {
        self.parquet.as_mut().map_or(Ok(()), |parquet| parquet.push(row))?;
        Ok(())
    }

    fn write_rows(&mut self, rows: Result<Vec<(Table, RecordBatch)>, StoreError>) -> Result<()> {
        let Some(parquet) = &mut self.parquet else { return Ok(()) };
        rows?.iter().try_for_each(|(table, batch)| parquet.write(*table, batch))?;
        Ok(())
    }

    pub(super) fn flush(&mut self) {
        if self.broken.is_none() {
            self.broken = self.output.flush().err();
        }
    }
}

/// Reports wait for what they have in common, which stands above them: up to a bound in bytes, and not on a
/// pipe, where each is wanted at once.
pub(super) enum Held {
    Back(String, usize),
    Through,
}

impl Held {
    const LIMIT: usize = 8 * 1024 * 1024;

    fn while_reading(arguments: &Explain) -> Self {
        let pipe = arguments.files.iter().any(|path| !path.is_file() && !path.is_dir());
        // Objects of JSON come in the order of the resets; what they have in common ends the stream.
        if pipe || matches!(arguments.format, ReportFormat::Json | ReportFormat::Html) {
            Self::Through
        } else {
            let share = Budget::of(arguments.memory()).held_text();
            Self::Back(String::new(), share.min(Self::LIMIT))
        }
    }

    pub(super) fn write(&mut self, text: &str, output: &mut Output) -> Result<()> {
        match self {
            Self::Through => output.write(text),
            Self::Back(held, limit) if held.len() + text.len() > *limit => {
                output.write(held)?;
                *self = Self::Through;
                output.write(text)
            }
            Self::Back(held, _) => {
                held.push_str(text);
                Ok(())
            }
        }
    }

    /// Writes `first`, then what was held; nothing is held any more.
    pub(super) fn write_first(&mut self, first: &str, output: &mut Output) -> Result<()> {
        output.write(first)?;
        match std::mem::replace(self, Self::Through) {
            Self::Back(held, _) => output.write(&held),
            Self::Through => Ok(()),
        }
    }
}
