//! From endings to what is printed: judging, totals, wording, output.
//!
//! Judging and wording are tasks that any thread does when it is free. Totals and output come in the order
//! of endings ([`Ordered`]), so what is printed does not depend on the number of threads.
//!
//! A verdict with its evidence and a report in words are several times as large as the ending that they are of, so
//! endings are taken in small [batches](BATCH), and what is judged is written before more is judged.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use whyrst_core::verdict::Judge;

use super::ordered::{Ordered, lock};
use super::reporter::{Judged, Outcomes, Reporter, Reports, Totals, Writer};

/// Endings that are judged and worded at once.
pub(super) const BATCH: usize = 64;

/// Judges outcomes and writes reports, on all threads.
pub(super) struct Workers<'a> {
    pub(super) reporter: &'a Reporter<'a>,
    pub(super) totals: Ordered<Totals<'a>, Vec<Judged>>,
    pub(super) writer: Ordered<Writer, Reports>,
    tasks: Mutex<Tasks>,
    /// Nobody wants to know more.
    unwanted: AtomicBool,
}

/// Work for any thread. Those that come first are begun first: what is left in line waits for them, and whoever has
/// the first of all waits for nobody.
#[derive(Default)]
struct Tasks {
    judge: VecDeque<(u64, Outcomes)>,
    write: VecDeque<(u64, Vec<Judged>)>,
    /// The number of the next batch in the order of the reports.
    next: u64,
}

/// One of them.
enum Task {
    Judge(u64, Outcomes),
    Write(u64, Vec<Judged>),
}

impl Tasks {
    fn take(&mut self) -> Option<Task> {
        let write = self.write.pop_front().map(|(number, judged)| Task::Write(number, judged));
        write.or_else(|| self.judge.pop_front().map(|(number, endings)| Task::Judge(number, endings)))
    }

    fn add(&mut self, endings: Outcomes) {
        let mut endings = endings.into_iter();
        loop {
            let batch: Outcomes = endings.by_ref().take(BATCH).collect();
            if batch.is_empty() {
                return;
            }
            self.judge.push_back((self.next, batch));
            self.next += 1;
        }
    }
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

    /// The outcomes that come next in the order of the reports: there are [tasks](Self::work) now. Who calls has its
    /// turn in that order.
    pub(super) fn hand_over(&self, endings: Outcomes) {
        lock(&self.tasks).add(endings);
    }

    /// Does one task; false when there is none.
    pub(super) fn work(&self, judge: &mut Judge) -> bool {
        let task = lock(&self.tasks).take();
        match task {
            None => return false,
            Some(Task::Judge(number, endings)) => {
                let judged = self.reporter.judge_all(endings, judge);
                self.totals.leave(number, judged, |totals, number, mut judged| {
                    totals.take_in(&mut judged);
                    lock(&self.tasks).write.push_back((number, judged));
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

    /// Reports the outcomes that come next, now; false when nobody wants more.
    pub(super) fn report(&self, endings: Outcomes, judge: &mut Judge) -> bool {
        self.hand_over(endings);
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
}
