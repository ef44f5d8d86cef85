//! What is counted, in a bounded number of series.
//!
//! A label set is `cause`, `confidence`, `severity`, `direction`, `family`, `reason` and `service`. All but the last
//! have few values: words of the contract and ids of the catalogue, or nothing. Services are as many as the host talks to, and a scan makes up thousands. So there are at most so many series:
//! beyond that a new one is counted under `service="other"`, and how many resets that concerned is a metric.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::exemplar::CounterWithExemplar;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::metrics::{MetricType, TypedMetric as _};
use whyrst_model::Report;
use whyrst_model::time::Timestamp;

use crate::conventions::{Last, Observed, observed};
use crate::record::Record;

/// Everything of these, in the order in which they are written.
pub(crate) type Labels = [(&'static str, String); 7];

/// An example of what a series counts: who, and which process. OpenMetrics allows 128 characters.
type Example = CounterWithExemplar<Vec<(&'static str, String)>>;

/// The service that stands for all that have no series of their own.
const OTHER: &str = "other";

/// What the ears themselves have to say, as totals since they were opened.
#[derive(Clone, Copy, Default, Debug)]
pub struct HostTotals {
    /// RSTs that this host sent.
    pub sent: u64,
    /// RSTs that it received.
    pub received: u64,
    /// Events that did not fit into the ring buffer.
    pub lost: u64,
    /// Further RSTs of connections that were reported.
    pub further: u64,
    /// Resets that the filters let through to nobody.
    pub filtered: u64,
}

/// All counters. Cheap to share: the thread that reads events adds, others read.
#[derive(Debug)]
pub struct Metrics {
    series: Mutex<Series>,
    totals: [AtomicU64; 5],
    /// By worker: sent, dropped, waiting.
    workers: Mutex<BTreeMap<&'static str, Arc<Carried>>>,
    pub(crate) began: SystemTime,
}

#[derive(Default)]
struct Series {
    most: usize,
    counts: BTreeMap<Labels, Example>,
    /// The last reset of each: an `Example` does not give back what it was told.
    last: BTreeMap<Labels, Last>,
    /// The same resets by OpenTelemetry's names.
    conventional: BTreeMap<Observed, (u64, Last)>,
    beyond: u64,
}

impl fmt::Debug for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Series").field("counts", &self.counts.len()).finish_non_exhaustive()
    }
}

/// What one worker did.
#[derive(Debug, Default)]
pub(crate) struct Carried {
    /// Resets that were handed to it.
    pub(crate) handed: AtomicU64,
    /// Resets, or rows, that were taken by whoever they were for.
    pub(crate) sent: AtomicU64,
    /// Those that were given up.
    pub(crate) dropped: AtomicU64,
    /// Bytes that wait.
    pub(crate) waiting: AtomicU64,
}

impl Carried {
    pub(crate) fn lose(&self, count: u64) {
        self.dropped.fetch_add(count, Ordering::Relaxed);
    }

    /// Counts what it was handed and neither sent nor gave up as given up; how many that were.
    pub(crate) fn give_up(&self) -> u64 {
        let done = self.sent.load(Ordering::Relaxed).saturating_add(self.dropped.load(Ordering::Relaxed));
        let left = self.handed.load(Ordering::Relaxed).saturating_sub(done);
        self.lose(left);
        left
    }
}

/// One series as it is now.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub(crate) labels: Labels,
    pub(crate) count: u64,
    pub(crate) last: Option<Last>,
}

impl Metrics {
    /// With at most `most` series of resets that have a service of their own.
    pub fn new(most: usize) -> Arc<Self> {
        Arc::new(Self {
            series: Mutex::new(Series { most, ..Series::default() }),
            totals: Default::default(),
            workers: Mutex::default(),
            began: SystemTime::now(),
        })
    }

    /// Counts what `record` says.
    pub fn add(&self, record: &Record) {
        let Report { time, client, server, verdict, severity, count, .. } = &record.report;
        let mut series = locked(&self.series);
        let labels = |service: String| -> Labels {
            [
                ("cause", verdict.cause.to_string()),
                ("confidence", verdict.confidence.to_string()),
                ("severity", severity.to_string()),
                ("direction", record.direction.name().to_owned()),
                ("family", record.family().to_owned()),
                ("reason", record.reason_id().to_owned()),
                ("service", service),
            ]
        };
        let mut own = labels(server.to_string());
        if series.counts.len() >= series.most && !series.counts.contains_key(&own) {
            series.beyond += count;
            own = labels(OTHER.to_owned());
        }
        let mut example = vec![("client", client.to_string())];
        example.extend(record.process().map(|process| ("pid", process.pid.to_string())));
        let last = Last::of(record);
        for point in observed(record) {
            let counted = series.conventional.entry(point).or_insert((0, last));
            *counted = (counted.0 + count, last);
        }
        series.last.insert(own.clone(), last);
        series.counts.entry(own).or_default().inc_by(*count, Some(example), Some(system_time(*time)));
    }

    /// Takes over totals.
    pub fn update_totals(&self, totals: HostTotals) {
        let HostTotals { sent, received, lost, further, filtered } = totals;
        for (own, now) in self.totals.iter().zip([sent, received, lost, further, filtered]) {
            own.store(now, Ordering::Relaxed);
        }
    }

    pub(crate) fn worker(&self, name: &'static str) -> Arc<Carried> {
        Arc::clone(locked(&self.workers).entry(name).or_default())
    }

    /// The series of resets.
    pub(crate) fn samples(&self) -> Vec<Sample> {
        let series = locked(&self.series);
        let sample = |(labels, count): (&Labels, &Example)| Sample {
            labels: labels.clone(),
            count: count.get().0,
            last: series.last.get(labels).copied(),
        };
        series.counts.iter().map(sample).collect()
    }

    /// The series by OpenTelemetry's names.
    pub(crate) fn conventional(&self) -> Vec<(Observed, u64, Last)> {
        let series = locked(&self.series);
        series.conventional.iter().map(|(point, (count, last))| (*point, *count, *last)).collect()
    }

    /// Totals beside the series: name without prefix, what it says, value.
    pub(crate) fn totals(&self) -> Vec<(&'static str, &'static str, u64)> {
        let beyond = locked(&self.series).beyond;
        let [sent, received, lost, further, filtered] = self.totals.each_ref().map(|one| one.load(Ordering::Relaxed));
        vec![
            ("events_lost", "Kernel events lost because the ring buffer was full: resets that nobody reported", lost),
            ("further_rsts", "RSTs that answered late segments of connections whose reset was reported", further),
            ("filtered", "Resets filtered out by the command line; they are in no other series", filtered),
            ("series_beyond", "Resets counted as service=\"other\" because there were too many series", beyond),
            ("rsts_sent", "RSTs that this host's TCP sent", sent),
            ("rsts_received", "RSTs that this host's TCP received", received),
        ]
    }

    /// Kernel events that were lost so far, and resets that no worker took in.
    pub(crate) fn lost(&self) -> u64 {
        let dropped = self.carried().iter().map(|(_, [_, dropped, _])| *dropped).sum::<u64>();
        self.totals[2].load(Ordering::Relaxed) + dropped
    }

    fn carried(&self) -> Vec<(&'static str, [u64; 3])> {
        let workers = locked(&self.workers);
        let each = workers.iter().map(|(name, carried)| {
            let Carried { sent, dropped, waiting, .. } = carried.as_ref();
            (*name, [sent, dropped, waiting].map(|one| one.load(Ordering::Relaxed)))
        });
        each.collect()
    }
}

/// One exposition: the library escapes and formats, and knows both formats.
#[derive(Debug)]
pub(crate) struct Exposed(pub(crate) Arc<Metrics>);

impl Collector for Exposed {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let metrics = &self.0;
        let series = locked(&metrics.series);
        if !series.counts.is_empty() {
            let help = "Reset connections by verdict, direction and service";
            let mut family = encoder.encode_descriptor("resets", help, None, Example::TYPE)?;
            for (labels, count) in &series.counts {
                count.encode(family.encode_family(&labels.as_slice())?)?;
            }
        }
        drop(series);
        for (name, help, value) in metrics.totals() {
            let metric = ConstCounter::new(value);
            metric.encode(encoder.encode_descriptor(name, help, None, metric.metric_type())?)?;
        }
        let carried = metrics.carried();
        let help = [
            ("delivered", "Resets, or rows of them, that were taken, by where they went", MetricType::Counter),
            (
                "dropped",
                "Resets, or rows of them, that were given up, by where they should have gone",
                MetricType::Counter,
            ),
            ("waiting_bytes", "Octets that wait to be taken, by where they go", MetricType::Gauge),
        ];
        for (at, (name, help, kind)) in help.into_iter().enumerate().filter(|_| !carried.is_empty()) {
            let mut family = encoder.encode_descriptor(name, help, None, kind)?;
            for (sink, values) in &carried {
                let labels = [("sink", *sink)];
                let one = family.encode_family(&labels)?;
                match kind {
                    MetricType::Gauge => ConstGauge::new(values[at]).encode(one)?,
                    _ => ConstCounter::new(values[at]).encode(one)?,
                }
            }
        }
        let info = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        info.encode(encoder.encode_descriptor("build", "The program", None, Info::<Vec<(&str, &str)>>::TYPE)?)
    }
}

/// A panic elsewhere leaves counts as they are.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn system_time(time: Timestamp) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_nanos(nanos(time))
}

/// Nanoseconds since 1970; no packet is older.
pub(crate) fn nanos(time: Timestamp) -> u64 {
    u64::try_from(time.nanos()).unwrap_or(0)
}
