//! What a command asks for, and everything that runs for it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::clickhouse::{Addresses, ClickHouse};
use crate::counting::{Counting, Goes};
use crate::error::TelemetryError;
use crate::exposition;
use crate::journald::{self, Journal};
use crate::metrics::{HostTotals, Metrics};
use crate::moment::Moment;
use crate::otlp::{Counts, Otlp, Sender};
use crate::outbox::Outbox;
use crate::post::{Client, Headers, Place};
use crate::record::Record;
use crate::syslog::{Syslog, SyslogTarget};
use crate::worker::{Sending, Sink, Worker};

/// Bytes that may wait in memory for one place, where there is no folder.
const IN_MEMORY: u64 = 16 << 20;

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
}

impl Telemetry {
    /// Starts a thread for each place. To be called when privileges were given back and before system calls are
    /// restricted: these threads keep on opening sockets.
    ///
    /// # Errors
    /// When an address, a log's socket or the buffer cannot be had. A collector need not be there yet.
    pub fn start(plan: &Plan) -> Result<Self, TelemetryError> {
        let metrics = Metrics::new(plan.series);
        let served = plan.metrics.map(|address| exposition::serve(address, Arc::clone(&metrics))).transpose()?;
        let now = Moment::now();
        let mut all = Self { counting: Counting::new(metrics, plan.fleet, now), served, workers: Vec::new() };
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
            let client = Client::new(plan.headers.clone());
            all.start_worker("otlp", Box::new(Otlp::new(client, place.clone(), sender, counts, sending)))?;
        }
        if let Some((place, database)) = &plan.clickhouse {
            let aggregates = all.counting.window(plan.fleet.map_or(plan.every, |fleet| fleet.every), now);
            let sending = all.sending("clickhouse", plan.buffer.as_ref())?;
            let client = Client::new(plan.clickhouse_headers.clone());
            let names = (database.clone(), plan.host.clone());
            let counts = (aggregates, all.counting.metrics());
            let sink = ClickHouse::new(client, place.clone(), names, counts, Addresses::OfThisHost, sending);
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

    /// Lets everything finish; what is to be said.
    pub fn finish(self) -> Vec<String> {
        let names: Vec<&str> = self.workers.iter().map(Worker::name).collect();
        let said: Vec<Option<String>> = self.workers.into_iter().map(Worker::finish).collect();
        names.into_iter().zip(said).filter_map(|(name, said)| Some(format!("{name}: {}", said?))).collect()
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
        Ok(Sending::new(outbox(buffer, name)?, self.counting.metrics().worker(name)))
    }

    fn start_worker(&mut self, name: &'static str, sink: Box<dyn Sink>) -> Result<(), TelemetryError> {
        self.workers.push(Worker::start(name, sink, &self.counting.metrics())?);
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
