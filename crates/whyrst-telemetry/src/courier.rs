//! A thread that posts, so that whoever waits for it can stop waiting: a request may take ten seconds, and the end of
//! the process three.
//!
//! It is the one that opens sockets, so it may write no file; who keeps what waits may write files and speaks to
//! nobody (`whyrst_privileges`). A crash in it costs the batch that it was at, and nothing else.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use whyrst_privileges::{Duty, restrict};

use crate::error::TelemetryError;
use crate::post::{Answer, Client};
use crate::worker::Remarks;

/// How often who waits looks whether the end has come.
const LOOK: Duration = Duration::from_millis(20);
/// Before the end, whatever still waits for an answer gives up: what it has must be kept.
const MARGIN: Duration = Duration::from_millis(200);

/// When everything must be over; not known until somebody wants that.
#[derive(Clone, Default, Debug)]
pub(crate) struct Ending(Arc<OnceLock<Instant>>);

impl Ending {
    /// Only the first one counts.
    pub(crate) fn at(&self, end: Instant) {
        self.0.get_or_init(|| end);
    }

    /// The moment, where it is known.
    pub(crate) fn get(&self) -> Option<Instant> {
        self.0.get().copied()
    }

    /// Whether there is no time left for another's answer.
    fn is_near(&self) -> bool {
        self.0.get().is_some_and(|end| Instant::now() + MARGIN >= *end)
    }
}

/// Who posts.
pub(crate) enum Poster {
    /// Whoever asks for it, and waits.
    Here(Client),
    /// A thread.
    Courier(Courier),
}

impl Poster {
    pub(crate) fn post(&mut self, url: &str, content: &'static str, body: &[u8]) -> Answer {
        match self {
            Self::Here(client) => client.post(url, content, body),
            Self::Courier(courier) => courier.post(Job { url: url.to_owned(), content, body: body.to_owned() }),
        }
    }
}

struct Job {
    url: String,
    content: &'static str,
    body: Vec<u8>,
}

/// The near end of the thread.
pub(crate) struct Courier {
    jobs: SyncSender<Job>,
    answers: Receiver<Answer>,
    ending: Ending,
    /// It was left alone with its last job.
    is_busy: Arc<AtomicBool>,
}

impl Courier {
    pub(crate) fn start(
        name: &'static str,
        client: Client,
        ending: Ending,
        remarks: Remarks,
    ) -> Result<Self, TelemetryError> {
        Self::with(name, ending, remarks, move |job| client.post(&job.url, job.content, &job.body))
    }

    fn with(
        name: &'static str,
        ending: Ending,
        remarks: Remarks,
        post: impl Fn(&Job) -> Answer + Send + 'static,
    ) -> Result<Self, TelemetryError> {
        let (jobs, taken) = sync_channel::<Job>(0);
        let (answering, answers) = sync_channel(1);
        let is_busy = Arc::new(AtomicBool::new(false));
        let busy = Arc::clone(&is_busy);
        let thread = std::thread::Builder::new().name(name.to_owned());
        let run = move || {
            if let Err(error) = restrict(Duty::Send) {
                remarks.named(name).say(&error);
            }
            while let Ok(job) = taken.recv() {
                busy.store(true, Ordering::Relaxed);
                let crashed = || Answer::Refused("sending it ended in a crash of its thread, which goes on".to_owned());
                let answer = catch_unwind(AssertUnwindSafe(|| post(&job))).unwrap_or_else(|_| crashed());
                busy.store(false, Ordering::Relaxed);
                if answering.send(answer).is_err() {
                    return;
                }
            }
        };
        thread.spawn(run).map_err(|cause| TelemetryError::Thread { name, cause })?;
        Ok(Self { jobs, answers, ending, is_busy })
    }

    fn post(&self, mut job: Job) -> Answer {
        let late = || Answer::Later(None, "no answer came before the end".to_owned());
        let gone = || Answer::Later(None, "the thread that sends has ended by itself".to_owned());
        // The answer to one that was not waited for belongs to nobody.
        while self.answers.try_recv().is_ok() {}
        loop {
            match self.jobs.try_send(job) {
                Ok(()) => break,
                Err(TrySendError::Disconnected(_)) => return gone(),
                Err(TrySendError::Full(_)) if self.ending.is_near() => return late(),
                Err(TrySendError::Full(back)) => job = back,
            }
            std::thread::sleep(if self.is_busy.load(Ordering::Relaxed) { LOOK } else { Duration::from_millis(1) });
        }
        loop {
            match self.answers.recv_timeout(LOOK) {
                Ok(answer) => return answer,
                Err(RecvTimeoutError::Disconnected) => return gone(),
                Err(RecvTimeoutError::Timeout) if self.ending.is_near() => return late(),
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::remarks;

    fn job() -> Job {
        Job { url: "http://nowhere".to_owned(), content: "text/plain", body: Vec::new() }
    }

    #[test]
    fn who_waits_for_a_collector_that_hangs_stops_at_the_end() {
        let ending = Ending::default();
        let hangs = |_: &Job| {
            std::thread::sleep(Duration::from_hours(1));
            Answer::Taken(Vec::new())
        };
        let courier = Courier::with("otlp", ending.clone(), remarks().0, hangs).unwrap();
        let began = Instant::now();
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(50));
            ending.at(Instant::now() + Duration::from_millis(400));
        });
        for _ in 0..3 {
            assert!(matches!(courier.post(job()), Answer::Later(None, _)));
        }
        assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    }

    #[test]
    fn a_crash_costs_the_batch_and_not_the_thread() {
        let count = std::sync::atomic::AtomicU64::new(0);
        let crashes_once = move |_: &Job| {
            assert!(count.fetch_add(1, Ordering::Relaxed) > 0, "a crash that a test wants");
            Answer::Taken(Vec::new())
        };
        let courier = Courier::with("otlp", Ending::default(), remarks().0, crashes_once).unwrap();
        assert!(matches!(courier.post(job()), Answer::Refused(words) if words.contains("crash")));
        assert!(matches!(courier.post(job()), Answer::Taken(_)));
    }
}
