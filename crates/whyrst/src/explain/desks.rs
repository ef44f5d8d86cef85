//! From endings to what is printed: judging, totals, wording, output.
//!
//! Judging and wording are tasks that any thread does when it is free. Totals and output come in the order
//! of endings ([`Ordered`]), so what is printed does not depend on the number of threads.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use whyrst_core::verdict::Judge;

use super::ordered::{Ordered, lock};
use super::telling::{Endings, Judged, Press, Teller, Totals, Words};

/// Where endings are told; all threads use it.
pub(super) struct Desks<'a> {
    pub(super) teller: &'a Teller<'a>,
    pub(super) totals: Ordered<Totals<'a>, Vec<Judged>>,
    pub(super) press: Ordered<Press, Words>,
    /// Those that come first are begun first: what is left in line waits for them.
    tasks: Mutex<VecDeque<Task>>,
    /// Nobody wants to know more.
    unheard: AtomicBool,
}

/// Work for any thread, with its number in the order of telling.
enum Task {
    Judge(u64, Endings),
    Word(u64, Vec<Judged>),
}

impl<'a> Desks<'a> {
    pub(super) fn new(teller: &'a Teller<'a>, totals: Totals<'a>, press: Press) -> Self {
        Self {
            teller,
            totals: Ordered::new(totals),
            press: Ordered::new(press),
            tasks: Mutex::default(),
            unheard: AtomicBool::new(false),
        }
    }

    /// When all is told.
    pub(super) fn into_parts(self) -> (Totals<'a>, Press) {
        (self.totals.into_inner(), self.press.into_inner())
    }

    /// The endings that have this number in the order of telling: there are [tasks](Self::work) now.
    pub(super) fn hand_over(&self, number: u64, endings: Endings) {
        self.add(Task::Judge(number, endings));
    }

    /// Does one task; false when there is none.
    pub(super) fn work(&self, judge: &mut Judge) -> bool {
        let task = lock(&self.tasks).pop_front();
        match task {
            None => return false,
            Some(Task::Judge(number, endings)) => {
                let judged = self.teller.judge_all(endings, judge);
                self.totals.leave(number, judged, |totals, number, mut judged| {
                    totals.take_in(&mut judged);
                    self.add(Task::Word(number, judged));
                });
            }
            Some(Task::Word(number, judged)) => {
                let words = self.teller.words(judged);
                self.press.leave(number, words, |press, _, words| {
                    if !press.print(words) {
                        self.unheard.store(true, Ordering::Relaxed);
                    }
                });
            }
        }
        true
    }

    /// Tells the endings that have this number, now; false when nobody listens.
    pub(super) fn tell(&self, number: u64, endings: Endings, judge: &mut Judge) -> bool {
        self.hand_over(number, endings);
        while self.work(judge) {}
        self.is_heard()
    }

    /// Whether anybody wants to know more.
    pub(super) fn is_heard(&self) -> bool {
        !self.unheard.load(Ordering::Relaxed)
    }

    /// Passes on what was told so far: somebody waits for it.
    pub(super) fn flush(&self) {
        self.press.now(Press::flush);
    }

    fn add(&self, task: Task) {
        lock(&self.tasks).push_back(task);
    }
}
