//! Where chunks of frames come from: the captures, read by whichever thread asks next.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use whyrst_capture::{CaptureSet, Chunk, Counts};

use super::ordered::lock;
use crate::interrupt::Interrupt;
use crate::output;
use crate::progress::Progress;

/// Captures that several threads read.
#[derive(Debug)]
pub(super) struct Source<'a> {
    reading: Mutex<Reading<'a>>,
    /// Counted by the threads themselves.
    counts: Mutex<Counts>,
    stopped: AtomicBool,
    unread: AtomicUsize,
}

#[derive(Debug)]
struct Reading<'a> {
    captures: &'a mut CaptureSet,
    progress: &'a mut Progress,
    next: u64,
    /// Who may want it to end.
    interrupt: Option<&'a Interrupt>,
}

impl<'a> Source<'a> {
    pub(super) fn new(
        captures: &'a mut CaptureSet,
        progress: &'a mut Progress,
        interrupt: Option<&'a Interrupt>,
    ) -> Self {
        Self {
            reading: Mutex::new(Reading { captures, progress, next: 0, interrupt }),
            counts: Mutex::default(),
            stopped: AtomicBool::new(false),
            unread: AtomicUsize::new(0),
        }
    }

    /// The next frames and their number in the order of chunks; `None` when there are no more.
    pub(super) fn fill(&self, chunk: &mut Chunk) -> Option<u64> {
        chunk.read_ahead();
        let mut reading = lock(&self.reading);
        while !self.stopped.load(Ordering::Relaxed) {
            if reading.interrupt.is_some_and(Interrupt::came) {
                self.unread.fetch_add(1, Ordering::Relaxed);
                complain_of_interrupt(reading.captures.counts().frames);
                self.stop();
                break;
            }
            match reading.captures.next_chunk(chunk) {
                Ok(false) => break,
                Ok(true) => {
                    reading.progress.at(chunk.position());
                    let number = reading.next;
                    reading.next += 1;
                    return Some(number);
                }
                Err(error) => {
                    self.unread.fetch_add(1, Ordering::Relaxed);
                    output::complain(&error.into());
                }
            }
        }
        None
    }

    /// Nobody wants more.
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Adds what a thread has counted.
    pub(super) fn add(&self, counts: &Counts) {
        *lock(&self.counts) += counts;
    }

    /// What the threads have counted, and how many files could not be read to their end.
    pub(super) fn finish(self) -> (Counts, usize) {
        (std::mem::take(&mut *lock(&self.counts)), self.unread.into_inner())
    }
}

/// What was read is still reported.
pub(super) fn complain_of_interrupt(frames: u64) {
    output::complain(&anyhow::anyhow!("interrupted: what follows frame {frames} was not read"));
}

/// Does `work` on so many threads at once, one of them this one.
pub(super) fn on_threads(jobs: usize, work: impl Fn() + Sync) {
    std::thread::scope(|scope| {
        for _ in 1..jobs {
            scope.spawn(&work);
        }
        work();
    });
}
