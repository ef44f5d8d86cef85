//! A thread for each place that is written to, with a bounded queue in front of it.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::error::TelemetryError;
use crate::metrics::{Carried, Metrics};
use crate::moment::Moment;
use crate::outbox::{Batch, Outbox};
use crate::post::Answer;
use crate::record::Record;

/// Resets that may wait for a worker that is busy.
const QUEUE: usize = 8_192;
/// How often a worker looks up when nothing comes.
const TURN: Duration = Duration::from_millis(200);
/// How long the last messages may take.
pub(crate) const FAREWELL: Duration = Duration::from_secs(3);
/// The first pause after a failure, and the longest.
const PAUSE: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(30);

/// Somewhere that resets are written to.
pub(crate) trait Sink: Send {
    /// Takes one in.
    fn take(&mut self, record: &Record, now: Moment);
    /// Does what is due.
    fn turn(&mut self, now: Moment);
    /// Does everything that is left, until `end` at the latest. What is left then is said.
    fn finish(&mut self, end: Instant) -> Option<String>;
}

/// The near end of a worker.
#[derive(Debug)]
pub(crate) struct Worker {
    name: &'static str,
    queue: SyncSender<Arc<Record>>,
    carried: Arc<Carried>,
    thread: JoinHandle<Option<String>>,
}

impl Worker {
    pub(crate) fn start(
        name: &'static str,
        mut sink: Box<dyn Sink>,
        metrics: &Metrics,
    ) -> Result<Self, TelemetryError> {
        let (queue, records) = sync_channel(QUEUE);
        let thread = std::thread::Builder::new().name(name.to_owned());
        let thread = thread.spawn(move || carry(sink.as_mut(), &records));
        let thread = thread.map_err(|cause| TelemetryError::Thread { name, cause })?;
        Ok(Self { name, queue, carried: metrics.worker(name), thread })
    }

    /// Never waits: what does not fit is counted.
    pub(crate) fn hand_over(&self, record: &Arc<Record>) {
        match self.queue.try_send(Arc::clone(record)) {
            Ok(()) => {}
            Err(TrySendError::Full(record) | TrySendError::Disconnected(record)) => {
                self.carried.lose(record.report.count);
            }
        }
    }

    pub(crate) const fn name(&self) -> &'static str {
        self.name
    }

    /// Lets it finish; what is to be said of it.
    pub(crate) fn finish(self) -> Option<String> {
        let Self { name, queue, thread, .. } = self;
        drop(queue);
        thread.join().unwrap_or_else(|_| Some(format!("the thread for {name} had ended by itself")))
    }
}

fn carry(sink: &mut dyn Sink, records: &Receiver<Arc<Record>>) -> Option<String> {
    loop {
        match records.recv_timeout(TURN) {
            Ok(record) => {
                let now = Moment::now();
                sink.take(&record, now);
                records.try_iter().take(QUEUE).for_each(|record| sink.take(&record, now));
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return sink.finish(Instant::now() + FAREWELL),
        }
        sink.turn(Moment::now());
    }
}

/// Sends what an [`Outbox`] holds, one batch after the other, with pauses after failures that grow.
#[derive(Debug)]
pub(crate) struct Sending {
    outbox: Outbox,
    carried: Arc<Carried>,
    not_before: Option<Instant>,
    pause: Duration,
    /// Why the last attempt failed.
    trouble: Option<String>,
}

impl Sending {
    pub(crate) fn new(outbox: Outbox, carried: Arc<Carried>) -> Self {
        Self { outbox, carried, not_before: None, pause: PAUSE, trouble: None }
    }

    pub(crate) fn push(&mut self, batch: Batch) {
        let lost = self.outbox.push(batch);
        self.carried.lose(lost);
        self.report_size();
    }

    /// Sends what can be sent now. `post` gets the batch and its number; of what was taken, it says how much was not.
    pub(crate) fn turn(&mut self, now: Instant, mut post: impl FnMut(&Batch, u64) -> (Answer, u64)) {
        use std::sync::atomic::Ordering::Relaxed;
        // What the attempts take passes on the caller's clock as well.
        let began = Instant::now();
        while self.not_before.is_none_or(|not_before| now >= not_before) {
            let batch = match self.outbox.first() {
                Some(Ok(batch)) => batch,
                Some(Err(cause)) => {
                    let items = self.outbox.pop();
                    self.carried.lose(items);
                    self.trouble = Some(format!("cannot read a batch of the buffer: {cause}"));
                    continue;
                }
                None => break,
            };
            let (answer, rejected) = post(&batch, self.outbox.number());
            match answer {
                Answer::Taken(_) => {
                    let items = self.outbox.pop();
                    self.carried.sent.fetch_add(items.saturating_sub(rejected), Relaxed);
                    self.carried.lose(rejected);
                    (self.not_before, self.pause, self.trouble) = (None, PAUSE, None);
                }
                Answer::Refused(words) => {
                    let items = self.outbox.pop();
                    self.carried.lose(items);
                    self.trouble = Some(words);
                }
                Answer::Later(after, words) => {
                    let pause = after.unwrap_or_else(|| spread(self.pause));
                    self.not_before = Some(now + began.elapsed() + pause);
                    self.pause = (self.pause * 2).min(LONGEST);
                    self.trouble = Some(words);
                }
            }
        }
        self.report_size();
    }

    /// Tries once more whatever is left; what could not be sent.
    pub(crate) fn finish(
        &mut self,
        end: Instant,
        mut post: impl FnMut(&Batch, u64) -> (Answer, u64),
    ) -> Option<String> {
        self.not_before = None;
        while !self.outbox.is_empty() && Instant::now() < end {
            self.turn(Instant::now(), &mut post);
            if self.not_before.is_some() {
                std::thread::sleep(TURN);
            }
        }
        let left = self.outbox.left();
        if left > 0 && !self.outbox.is_kept() {
            self.carried.lose(left);
        }
        let trouble = self.trouble.take().unwrap_or_default();
        let became = if self.outbox.is_kept() { "wait in the buffer" } else { "could not be sent" };
        (left > 0).then(|| format!("{left} {became}: {trouble}"))
    }

    fn report_size(&self) {
        self.carried.waiting.store(self.outbox.size(), std::sync::atomic::Ordering::Relaxed);
    }
}

/// Between half of `pause` and all of it: ten thousand hosts must not come back at the same moment.
fn spread(pause: Duration) -> Duration {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let share = now.subsec_nanos() % 1_000;
    pause / 2 + pause * share / 2_000
}
