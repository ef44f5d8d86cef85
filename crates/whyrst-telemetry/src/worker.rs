//! A thread for each place that is written to, with a bounded queue in front of it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, channel, sync_channel};
use std::time::{Duration, Instant};

use whyrst_privileges::{Duty, restrict};

use crate::courier::Ending;
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
/// How long the last messages may take, and how much longer a thread may that does not look at the clock.
pub(crate) const FAREWELL: Duration = Duration::from_millis(1_500);
const GRACE: Duration = Duration::from_millis(200);
/// The first pause after a failure, and the longest.
const PAUSE: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(30);
/// Trouble with a receiver is said when it begins, and no more often than this.
const SAID_EVERY: Duration = Duration::from_mins(1);
/// Remarks that may wait for somebody who says them.
const REMARKS: usize = 64;

/// Somewhere that resets are written to.
pub(crate) trait Sink: Send {
    /// What its thread is there for.
    fn duty(&self) -> Duty;
    /// Takes one in.
    fn take(&mut self, record: &Record, now: Moment);
    /// Does what is due.
    fn turn(&mut self, now: Moment);
    /// Does everything that is left, until `end` at the latest. What is left then is said.
    fn finish(&mut self, end: Instant) -> Option<String>;
}

/// Where a worker says what a person should know.
#[derive(Clone, Debug)]
pub(crate) struct Remarks {
    said: SyncSender<String>,
    /// Who says it.
    name: Option<&'static str>,
}

/// Both ends of it.
pub(crate) fn remarks() -> (Remarks, Receiver<String>) {
    let (remarks, said) = sync_channel(REMARKS);
    (Remarks { said: remarks, name: None }, said)
}

impl Remarks {
    /// One that finds no room is one of many.
    pub(crate) fn say(&self, words: &str) {
        let words = self.name.map_or_else(|| words.to_owned(), |name| format!("{name}: {words}"));
        self.said.try_send(words).unwrap_or_default();
    }

    pub(crate) fn named(&self, name: &'static str) -> Self {
        Self { said: self.said.clone(), name: Some(name) }
    }
}

/// The near end of a worker.
#[derive(Debug)]
pub(crate) struct Worker {
    name: &'static str,
    queue: SyncSender<Arc<Record>>,
    carried: Arc<Carried>,
    /// Its last words.
    ended: Receiver<Option<String>>,
}

impl Worker {
    pub(crate) fn start(
        name: &'static str,
        mut sink: Box<dyn Sink>,
        metrics: &Metrics,
        (ending, remarks): (&Ending, &Remarks),
    ) -> Result<Self, TelemetryError> {
        let (queue, records) = sync_channel(QUEUE);
        let (ends, ended) = channel();
        let carried = metrics.worker(name);
        let mut carrying = Carrying { records, ending: ending.clone(), carried: Arc::clone(&carried), inside: 0 };
        let remarks = remarks.named(name);
        let thread = std::thread::Builder::new().name(name.to_owned());
        let run = move || {
            if let Err(error) = restrict(sink.duty()) {
                remarks.say(&error);
            }
            let words = carrying.carry_on(sink.as_mut(), |lost| {
                remarks.say(&format!("its thread crashed and was started again; {lost} resets were given up"));
            });
            // Nobody may wait for them any more.
            ends.send(words).unwrap_or_default();
        };
        thread.spawn(run).map_err(|cause| TelemetryError::Thread { name, cause })?;
        Ok(Self { name, queue, carried, ended })
    }

    /// Never waits: what does not fit is counted.
    pub(crate) fn hand_over(&self, record: &Arc<Record>) {
        let count = record.report.count;
        match self.queue.try_send(Arc::clone(record)) {
            Ok(()) => self.carried.handed.fetch_add(count, Relaxed),
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                self.carried.dropped.fetch_add(count, Relaxed)
            }
        };
    }

    /// Nothing more comes: it begins to finish.
    pub(crate) fn close(self) -> Closing {
        let Self { name, carried, ended, .. } = self;
        Closing { name, carried, ended }
    }
}

/// A worker that finishes.
#[derive(Debug)]
pub(crate) struct Closing {
    name: &'static str,
    carried: Arc<Carried>,
    ended: Receiver<Option<String>>,
}

impl Closing {
    /// What is to be said of it. One that hangs is left alone, and what it had counts as lost.
    pub(crate) fn wait(self, end: Instant) -> Option<String> {
        let Self { name, carried, ended } = self;
        let patience = (end + GRACE).saturating_duration_since(Instant::now());
        let words = ended.recv_timeout(patience).unwrap_or_else(|_| {
            let left = carried.give_up();
            Some(format!("it did not answer before the end; {left} resets were given up"))
        });
        words.map(|words| format!("{name}: {words}"))
    }
}

/// The far end.
struct Carrying {
    records: Receiver<Arc<Record>>,
    ending: Ending,
    carried: Arc<Carried>,
    /// Resets of the record that is being taken.
    inside: u64,
}

impl Carrying {
    /// Carries until nothing more comes, whatever happens; `crashed` is told how many resets a crash has cost.
    fn carry_on(&mut self, sink: &mut dyn Sink, crashed: impl Fn(u64)) -> Option<String> {
        loop {
            // What a crash left half done in a sink are counts and bytes of one batch: nothing that would not be safe.
            if let Ok(words) = catch_unwind(AssertUnwindSafe(|| self.carry(sink))) {
                return words;
            }
            let lost = std::mem::take(&mut self.inside);
            self.carried.lose(lost);
            crashed(lost);
            std::thread::sleep(PAUSE);
        }
    }

    fn carry(&mut self, sink: &mut dyn Sink) -> Option<String> {
        loop {
            match self.records.recv_timeout(TURN) {
                Ok(record) => {
                    let now = Moment::now();
                    self.take(sink, &record, now);
                    for _ in 0..QUEUE {
                        let Ok(record) = self.records.try_recv() else { break };
                        self.take(sink, &record, now);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    return sink.finish(self.ending.get().unwrap_or_else(|| Instant::now() + FAREWELL));
                }
            }
            sink.turn(Moment::now());
        }
    }

    fn take(&mut self, sink: &mut dyn Sink, record: &Record, now: Moment) {
        self.inside = record.report.count;
        sink.take(record, now);
        self.inside = 0;
    }
}

/// Sends what an [`Outbox`] holds, one batch after the other, with pauses after failures that grow.
#[derive(Debug)]
pub(crate) struct Sending {
    outbox: Outbox,
    carried: Arc<Carried>,
    remarks: Remarks,
    not_before: Option<Instant>,
    pause: Duration,
    /// Why the last attempt failed.
    trouble: Option<String>,
    said: Option<Instant>,
}

impl Sending {
    pub(crate) fn new(outbox: Outbox, carried: Arc<Carried>, remarks: Remarks) -> Self {
        Self { outbox, carried, remarks, not_before: None, pause: PAUSE, trouble: None, said: None }
    }

    pub(crate) fn push(&mut self, batch: Batch) {
        self.outbox.push(batch);
        self.report();
    }

    /// Sends what can be sent now. `post` gets the batch and its number; of what was taken, it says how much was not.
    pub(crate) fn turn(&mut self, now: Instant, mut post: impl FnMut(&Batch, u64) -> (Answer, u64)) {
        // What the attempts take passes on the caller's clock as well.
        let began = Instant::now();
        while self.not_before.is_none_or(|not_before| now >= not_before) {
            let batch = match self.outbox.first() {
                Some(Ok(batch)) => batch,
                Some(Err(cause)) => {
                    let items = self.outbox.pop();
                    self.carried.lose(items);
                    self.is_in_trouble(format!("cannot read a batch of the buffer: {cause}"));
                    continue;
                }
                None => break,
            };
            let (answer, rejected) = post(&batch, self.outbox.number());
            match answer {
                Answer::Taken(_) => {
                    let items = self.outbox.pop();
                    // A receiver can reject no more than it got.
                    let rejected = rejected.min(items);
                    self.carried.sent.fetch_add(items - rejected, Relaxed);
                    self.carried.lose(rejected);
                    (self.not_before, self.pause, self.trouble) = (None, PAUSE, None);
                }
                Answer::Refused(words) => {
                    let items = self.outbox.pop();
                    self.carried.lose(items);
                    self.is_in_trouble(words);
                }
                Answer::Later(after, words) => {
                    let pause = after.unwrap_or_else(|| spread(self.pause));
                    // A clock that cannot show that moment never will.
                    self.not_before =
                        now.checked_add(began.elapsed()).and_then(|now| now.checked_add(pause)).or(Some(now));
                    self.pause = (self.pause * 2).min(LONGEST);
                    self.is_in_trouble(words);
                }
            }
        }
        self.report();
    }

    /// Tries once more whatever is left; what could not be sent.
    pub(crate) fn finish(
        &mut self,
        end: Instant,
        mut post: impl FnMut(&Batch, u64) -> (Answer, u64),
    ) -> Option<String> {
        self.said = Some(Instant::now());
        self.not_before = None;
        while !self.outbox.is_empty() && Instant::now() < end {
            self.turn(Instant::now(), &mut post);
            if self.not_before.is_some() {
                std::thread::sleep(TURN.min(end.saturating_duration_since(Instant::now())));
                self.not_before = None;
            }
        }
        self.outbox.settle();
        let left = self.outbox.left();
        self.carried.lose(left.in_memory);
        self.report();
        let trouble = self.trouble.take().unwrap_or_default();
        let became = [(left.in_files, "wait in the buffer"), (left.in_memory, "could not be sent")];
        let became =
            became.into_iter().filter(|(count, _)| *count > 0).map(|(count, became)| format!("{count} {became}"));
        let became = became.collect::<Vec<_>>().join(", ");
        (!became.is_empty()).then(|| format!("{became}: {trouble}"))
    }

    fn is_in_trouble(&mut self, words: String) {
        if self.said.is_none_or(|said| said.elapsed() >= SAID_EVERY) {
            self.said = Some(Instant::now());
            self.remarks.say(&words);
        }
        self.trouble = Some(words);
    }

    fn report(&mut self) {
        self.carried.lose(self.outbox.take_lost());
        self.carried.waiting.store(self.outbox.size(), Relaxed);
        for words in self.outbox.take_said() {
            self.remarks.say(&words);
        }
    }
}

/// Between half of `pause` and all of it: ten thousand hosts must not come back at the same moment.
fn spread(pause: Duration) -> Duration {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let share = now.subsec_nanos() % 1_000;
    pause / 2 + pause * share / 2_000
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::tests::record;

    /// Crashes on what is called so, and counts the rest.
    struct Fragile(Arc<Carried>);

    impl Sink for Fragile {
        fn duty(&self) -> Duty {
            Duty::Send
        }

        fn take(&mut self, record: &Record, _: Moment) {
            assert_ne!(record.report.verdict.cause, "crash", "a crash that a test wants");
            self.0.sent.fetch_add(record.report.count, Relaxed);
        }

        fn turn(&mut self, _: Moment) {}

        fn finish(&mut self, _: Instant) -> Option<String> {
            Some("it has finished".to_owned())
        }
    }

    /// Never comes back.
    struct Hanging;

    impl Sink for Hanging {
        fn duty(&self) -> Duty {
            Duty::Send
        }

        fn take(&mut self, _: &Record, _: Moment) {
            std::thread::sleep(Duration::from_hours(1));
        }

        fn turn(&mut self, _: Moment) {}

        fn finish(&mut self, _: Instant) -> Option<String> {
            None
        }
    }

    #[test]
    fn a_crash_of_a_worker_costs_one_reset_and_is_said() {
        let metrics = Metrics::new(1);
        let (remarks, said) = remarks();
        let sink = Box::new(Fragile(metrics.worker("otlp")));
        let worker = Worker::start("otlp", sink, &metrics, (&Ending::default(), &remarks)).unwrap();
        for cause in ["closed-port", "crash", "closed-port"] {
            worker.hand_over(&Arc::new(record(cause)));
        }
        let words = worker.close().wait(Instant::now() + FAREWELL);
        assert_eq!(words.as_deref(), Some("otlp: it has finished"));
        let carried = metrics.worker("otlp");
        assert_eq!((carried.sent.load(Relaxed), carried.dropped.load(Relaxed)), (2, 1));
        assert!(said.recv().unwrap().contains("crashed and was started again; 1 resets"));
    }

    #[test]
    fn a_worker_that_hangs_is_left_alone_and_what_it_had_is_counted() {
        let metrics = Metrics::new(1);
        let worker = Worker::start("syslog", Box::new(Hanging), &metrics, (&Ending::default(), &remarks().0)).unwrap();
        (0..5).for_each(|_| worker.hand_over(&Arc::new(record("closed-port"))));
        let began = Instant::now();
        let words = worker.close().wait(began + Duration::from_millis(300));
        assert!(began.elapsed() < Duration::from_secs(1));
        assert!(words.unwrap().contains("5 resets were given up"));
        assert_eq!(metrics.worker("syslog").dropped.load(Relaxed), 5);
    }
}
