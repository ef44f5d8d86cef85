//! What a command asks for, and everything that runs for it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use crate::clickhouse::{Addresses, ClickHouse};
use crate::counting::{Counting, Goes};
use crate::courier::{Courier, Ending, Poster};
use crate::error::TelemetryError;
use crate::exposition;
use crate::journald::{self, Journal};
use crate::metrics::{HostTotals, Metrics};
use crate::moment::Moment;
use crate::otlp::{Counts, Otlp, Sender};
use crate::outbox::{IN_MEMORY, Outbox};
use crate::post::{Client, Headers, Place};
use crate::record::Record;
use crate::syslog::{Syslog, SyslogTarget};
use crate::worker::{Closing, FAREWELL, Remarks, Sending, Sink, Worker, remarks};

/// All threads that are started here.
const THREADS: [&str; 7] = ["metrics", "journald", "syslog", "otlp", "clickhouse", "otlp-post", "clickhouse-post"];

/// A log on this host, or one that speaks syslog.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LogTarget {
    /// systemd's journal, at this socket or where it always is.
    Journal(Option<PathBuf>),
    /// Syslog.
    Syslog(SyslogTarget),
}

/// A folder for what waits, and how much may.
#[derive(Clone, Debug)]
pub struct Buffer {
    /// The folder.
    pub folder: PathBuf,
    /// Bytes for each place.
    pub most: u64,
}

/// How a host of a fleet reports: counts of windows, and a sample of full events.
#[derive(Clone, Copy, Debug)]
pub struct Fleet {
    /// How long a window is.
    pub every: Duration,
    /// Full events a second, at most, in the long run.
    pub sample: u32,
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Plan {
    /// This host's name.
    pub host: String,
    /// Where metrics are served.
    pub metrics: Option<SocketAddr>,
    /// How many series may have a service of their own.
    pub series: usize,
    /// An OpenTelemetry collector.
    pub otlp: Option<Place>,
    /// Further headers for it.
    pub headers: Headers,
    /// Further attributes of this host for it.
    pub attributes: Vec<(String, String)>,
    /// A ClickHouse server, and its database.
    pub clickhouse: Option<(Place, String)>,
    /// Headers for that: user and key.
    pub clickhouse_headers: Headers,
    /// How often counts are sent.
    pub every: Duration,
    /// Logs.
    pub logs: Vec<LogTarget>,
    /// Where what cannot be sent waits.
    pub buffer: Option<Buffer>,
    /// For a host of a fleet.
    pub fleet: Option<Fleet>,
}

impl Plan {
    /// Whether there is anything to write to.
    pub const fn is_empty(&self) -> bool {
        self.metrics.is_none() && self.otlp.is_none() && self.clickhouse.is_none() && self.logs.is_empty()
    }
}

/// What runs.
#[derive(Debug)]
pub struct Telemetry {
    counting: Counting,
    served: Option<SocketAddr>,
    workers: Vec<Worker>,
    ending: Ending,
    remarks: Remarks,
    said: Receiver<String>,
}

/// Whether a crash of the thread of this name is contained: it is said, counted, and the thread goes on.
pub fn contains_crashes(thread: &str) -> bool {
    THREADS.contains(&thread)
}

impl Telemetry {
    /// Starts a thread for each place. To be called before system calls are restricted: each thread gives back what
    /// its own duty does not need.
    ///
    /// # Errors
    /// When an address, a log's socket or the buffer cannot be had. A collector need not be there yet.
    pub fn start(plan: &Plan) -> Result<Self, TelemetryError> {
        let metrics = Metrics::new(plan.series);
        let (remarks, said) = remarks();
        let served = plan
            .metrics
            .map(|address| exposition::serve(address, Arc::clone(&metrics), remarks.clone()))
            .transpose()?;
        let now = Moment::now();
        let counting = Counting::new(metrics, plan.fleet, now);
        let mut all = Self { counting, served, workers: Vec::new(), ending: Ending::default(), remarks, said };
        for log in &plan.logs {
            all.log(log, &plan.host)?;
        }
        if let Some(place) = &plan.otlp {
            let counts = match plan.fleet {
                Some(fleet) => Counts::Windows(all.counting.window(fleet.every, now)),
                None => Counts::Totals(all.counting.metrics(), plan.every),
            };
            let sender = Sender { host: plan.host.clone(), attributes: plan.attributes.clone() };
            let sending = all.sending("otlp", plan.buffer.as_ref())?;
            let poster = all.poster("otlp-post", &plan.headers)?;
            all.start_worker("otlp", Box::new(Otlp::new(poster, place.clone(), sender, counts, sending)))?;
        }
        if let Some((place, database)) = &plan.clickhouse {
            let aggregates = all.counting.window(plan.fleet.map_or(plan.every, |fleet| fleet.every), now);
            let sending = all.sending("clickhouse", plan.buffer.as_ref())?;
            let poster = all.poster("clickhouse-post", &plan.clickhouse_headers)?;
            let names = (database.clone(), plan.host.clone());
            let counts = (aggregates, all.counting.metrics());
            let sink = ClickHouse::new(poster, place.clone(), names, counts, Addresses::OfThisHost, sending);
            all.start_worker("clickhouse", Box::new(sink))?;
        }
        Ok(all)
    }

    /// Where metrics are served.
    pub const fn served(&self) -> Option<SocketAddr> {
        self.served
    }

    /// Reports one reset, without waiting.
    pub fn report(&mut self, record: Record) {
        if self.counting.count(&record, Moment::now()) == Goes::InCountsAlone {
            return;
        }
        let record = Arc::new(record);
        for worker in &self.workers {
            worker.hand_over(&record);
        }
    }

    /// Takes over totals.
    pub fn update_totals(&self, totals: HostTotals) {
        self.counting.metrics().update_totals(totals);
    }

    /// What a person should know by now: that a receiver is not there, that the buffer is full, that a thread crashed.
    pub fn remarks(&self) -> Vec<String> {
        self.said.try_iter().collect()
    }

    /// Lets everything finish, in less than two seconds whatever hangs; what is to be said.
    pub fn finish(self) -> Vec<String> {
        let Self { workers, ending, said, .. } = self;
        let end = Instant::now() + FAREWELL;
        ending.at(end);
        // All at once: one that takes its time must not take the others'.
        let closing: Vec<Closing> = workers.into_iter().map(Worker::close).collect();
        let words: Vec<String> = closing.into_iter().filter_map(|worker| worker.wait(end)).collect();
        said.try_iter().chain(words).collect()
    }

    fn poster(&self, name: &'static str, headers: &Headers) -> Result<Poster, TelemetryError> {
        let client = Client::new(headers.clone());
        Courier::start(name, client, self.ending.clone(), self.remarks.clone()).map(Poster::Courier)
    }

    fn log(&mut self, log: &LogTarget, host: &str) -> Result<(), TelemetryError> {
        match log {
            LogTarget::Journal(path) => {
                let path = path.as_deref().unwrap_or(Path::new(journald::SOCKET));
                let sink = Journal::open(path, self.counting.metrics().worker("journald"))?;
                self.start_worker("journald", Box::new(sink))
            }
            LogTarget::Syslog(target) => {
                let sink = Syslog::open(target, host.to_owned(), self.counting.metrics().worker("syslog"))?;
                self.start_worker("syslog", Box::new(sink))
            }
        }
    }

    fn sending(&self, name: &'static str, buffer: Option<&Buffer>) -> Result<Sending, TelemetryError> {
        Ok(Sending::new(outbox(buffer, name)?, self.counting.metrics().worker(name), self.remarks.named(name)))
    }

    fn start_worker(&mut self, name: &'static str, sink: Box<dyn Sink>) -> Result<(), TelemetryError> {
        let ours = (&self.ending, &self.remarks);
        self.workers.push(Worker::start(name, sink, &self.counting.metrics(), ours)?);
        Ok(())
    }
}

/// Where what is for `name` waits.
pub(crate) fn outbox(buffer: Option<&Buffer>, name: &str) -> Result<Outbox, TelemetryError> {
    match buffer {
        Some(Buffer { folder, most }) => Outbox::in_folder(&folder.join(name), *most),
        None => Ok(Outbox::in_memory(IN_MEMORY)),
    }
}
