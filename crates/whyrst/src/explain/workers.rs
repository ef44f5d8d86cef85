//! From endings to what is printed: judging, totals, wording, output.
//!
//! Judging and wording are tasks that any thread does when it is free. Totals and output come in the order
//! of endings ([`Ordered`]), so what is printed does not depend on the number of threads.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use whyrst_core::verdict::Judge;

use super::ordered::{Ordered, lock};
use super::reporter::{Judged, Outcomes, Reporter, Reports, Totals, Writer};

/// Judges outcomes and writes reports, on all threads.
pub(super) struct Workers<'a> {
    pub(super) reporter: &'a Reporter<'a>,
    pub(super) totals: Ordered<Totals<'a>, Vec<Judged>>,
    pub(super) writer: Ordered<Writer, Reports>,
    /// Those that come first are begun first: what is left in line waits for them.
    tasks: Mutex<VecDeque<Task>>,
    /// Nobody wants to know more.
    unwanted: AtomicBool,
}

/// Work for any thread, with its number in the order of the reports.
enum Task {
    Judge(u64, Outcomes),
    Write(u64, Vec<Judged>),
}

impl<'a> Workers<'a> {
    pub(super) fn new(reporter: &'a Reporter<'a>, totals: Totals<'a>, writer: Writer) -> Self {
        Self {
            reporter,
            totals: Ordered::new(totals),
            writer: Ordered::new(writer),
            tasks: Mutex::default(),
            unwanted: AtomicBool::new(false),
        }
    }

    /// When all is reported.
    pub(super) fn into_parts(self) -> (Totals<'a>, Writer) {
        (self.totals.into_inner(), self.writer.into_inner())
    }

    /// The outcomes that have this number in the order of the reports: there are [tasks](Self::work) now.
    pub(super) fn hand_over(&self, number: u64, endings: Outcomes) {
        self.add(Task::Judge(number, endings));
    }

    /// Does one task; false when there is none.
    pub(super) fn work(&self, judge: &mut Judge) -> bool {
        let task = lock(&self.tasks).pop_front();
        match task {
            None => return false,
            Some(Task::Judge(number, endings)) => {
                let judged = self.reporter.judge_all(endings, judge);
                self.totals.leave(number, judged, |totals, number, mut judged| {
                    totals.take_in(&mut judged);
                    self.add(Task::Write(number, judged));
                });
            }
            Some(Task::Write(number, judged)) => {
                let reports = self.reporter.reports(judged);
                self.writer.leave(number, reports, |writer, _, reports| {
                    if !writer.print(reports) {
                        self.unwanted.store(true, Ordering::Relaxed);
                    }
                });
            }
        }
        true
    }

    /// Reports the outcomes that have this number, now; false when nobody wants more.
    pub(super) fn report(&self, number: u64, endings: Outcomes, judge: &mut Judge) -> bool {
        self.hand_over(number, endings);
        while self.work(judge) {}
        self.is_wanted()
    }

    /// Whether anybody wants to know more.
    pub(super) fn is_wanted(&self) -> bool {
        !self.unwanted.load(Ordering::Relaxed)
    }

    /// Passes on what was reported so far: somebody waits for it.
    pub(super) fn flush(&self) {
        self.writer.now(Writer::flush);
    }

    fn add(&self, task: Task) {
        lock(&self.tasks).push_back(task);
    }
}
