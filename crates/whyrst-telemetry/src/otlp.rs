//! OTLP over HTTP, as protobuf: a log record for each reset, and the counters, for an OpenTelemetry collector
//! (<https://opentelemetry.io/docs/specs/otlp/>). Messages are the official ones.
//!
//! Attributes have the names of the semantic conventions where there are such (`client.address`, `process.pid`) and
//! begin with `whyrst.` where there are none.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use opentelemetry_proto::tonic::collector::logs::v1::{ExportLogsServiceRequest, ExportLogsServiceResponse};
use opentelemetry_proto::tonic::collector::metrics::v1::{ExportMetricsServiceRequest, ExportMetricsServiceResponse};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs, SeverityNumber};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Exemplar, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum,
};
use opentelemetry_proto::tonic::metrics::v1::{exemplar, number_data_point};
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message as _;
use whyrst_model::report::{Ends, Report};
use whyrst_model::vocabulary::Severity;
use whyrst_privileges::Duty;

use crate::aggregate::{Aggregates, Window};
use crate::conventions::{Last, Observed, RESETS, RESETS_SAY, SEGMENTS};
use crate::courier::Poster;
use crate::metrics::{Metrics, nanos};
use crate::moment::Moment;
use crate::outbox::{Batch, Kind};
use crate::post::{Answer, Place};
use crate::record::Record;
use crate::worker::{Sending, Sink};

const PROTOBUF: &str = "application/x-protobuf";
/// Records in one request: a few hundred kilobytes before compression.
const TOGETHER: usize = 512;
/// How long a record may wait for others.
const PATIENCE: Duration = Duration::from_secs(1);

/// Who sends.
#[derive(Clone, Debug)]
pub(crate) struct Sender {
    pub(crate) host: String,
    /// Further attributes of the resource, as `OTEL_RESOURCE_ATTRIBUTES` has them.
    pub(crate) attributes: Vec<(String, String)>,
}

/// Where counts come from.
pub(crate) enum Counts {
    /// Totals, every so often: each message stands for all before it.
    Totals(Arc<Metrics>, Duration),
    /// What each window had.
    Windows(Arc<Aggregates>),
}

pub(crate) struct Otlp {
    poster: Poster,
    place: Place,
    sender: Sender,
    records: Vec<LogRecord>,
    items: u64,
    since: Option<Instant>,
    counts: Counts,
    counted: Instant,
    sending: Sending,
}

impl Otlp {
    pub(crate) fn new(poster: Poster, place: Place, sender: Sender, counts: Counts, sending: Sending) -> Self {
        let counted = Instant::now();
        Self { poster, place, sender, records: Vec::new(), items: 0, since: None, counts, counted, sending }
    }

    fn pack_records(&mut self) {
        if self.records.is_empty() {
            return;
        }
        let request = logs(&self.sender, std::mem::take(&mut self.records));
        self.sending.push(Batch { kind: Kind::Logs, items: self.items, body: request.encode_to_vec() });
        (self.items, self.since) = (0, None);
    }

    fn pack_counts(&mut self, now: Moment, every: Duration) {
        let batch = |metric: Vec<Metric>, items| {
            let body = metrics(&self.sender, metric).encode_to_vec();
            Batch { kind: Kind::Metrics, items, body }
        };
        match &self.counts {
            // Totals are no resets: losing a message loses nothing that the next one does not say.
            Counts::Totals(metrics, _) if now.steady.duration_since(self.counted) >= every => {
                self.counted = now.steady;
                self.sending.push(batch(totals(metrics), 0));
            }
            Counts::Totals(..) => {}
            Counts::Windows(aggregates) => {
                if let Some(window) = aggregates.closed(now, every).filter(|window| window.total() > 0) {
                    let items = window.total();
                    self.sending.push(batch(deltas(&window), items));
                }
            }
        }
    }

    fn every(&self) -> Duration {
        match &self.counts {
            Counts::Totals(_, every) => *every,
            Counts::Windows(aggregates) => aggregates.every(),
        }
    }
}

impl Sink for Otlp {
    fn duty(&self) -> Duty {
        Duty::Keep
    }

    fn take(&mut self, record: &Record, now: Moment) {
        self.since.get_or_insert(now.steady);
        self.records.push(log_record(record));
        self.items += record.report.count;
        if self.records.len() >= TOGETHER {
            self.pack_records();
        }
    }

    fn turn(&mut self, now: Moment) {
        if self.since.is_some_and(|since| now.steady.duration_since(since) >= PATIENCE) {
            self.pack_records();
        }
        self.pack_counts(now, self.every());
        let Self { poster, place, sending, .. } = self;
        sending.turn(now.steady, |batch, _| post(poster, place, batch));
    }

    fn finish(&mut self, end: Instant) -> Option<String> {
        self.pack_records();
        self.pack_counts(Moment::now(), Duration::ZERO);
        let Self { poster, place, sending, .. } = self;
        sending.finish(end, |batch, _| post(poster, place, batch))
    }
}

/// What became of a batch, and how much of it the receiver did not want.
fn post(poster: &mut Poster, place: &Place, batch: &Batch) -> (Answer, u64) {
    let path = if batch.kind == Kind::Logs { "/v1/logs" } else { "/v1/metrics" };
    let answer = poster.post(&place.at(path), PROTOBUF, &batch.body);
    let Answer::Taken(said) = &answer else { return (answer, 0) };
    let rejected = match batch.kind {
        Kind::Logs => ExportLogsServiceResponse::decode(said.as_slice())
            .ok()
            .and_then(|said| said.partial_success)
            .map_or(0, |partial| partial.rejected_log_records),
        _ => ExportMetricsServiceResponse::decode(said.as_slice())
            .ok()
            .and_then(|said| said.partial_success)
            .map_or(0, |partial| partial.rejected_data_points),
    };
    (answer, u64::try_from(rejected).unwrap_or(0))
}

fn logs(sender: &Sender, log_records: Vec<LogRecord>) -> ExportLogsServiceRequest {
    let scope_logs = vec![ScopeLogs { scope: Some(scope()), log_records, ..ScopeLogs::default() }];
    let resource = Some(resource(sender));
    ExportLogsServiceRequest { resource_logs: vec![ResourceLogs { resource, scope_logs, ..ResourceLogs::default() }] }
}

fn metrics(sender: &Sender, metrics: Vec<Metric>) -> ExportMetricsServiceRequest {
    let scope_metrics = vec![ScopeMetrics { scope: Some(scope()), metrics, ..ScopeMetrics::default() }];
    let resource = Some(resource(sender));
    let all = ResourceMetrics { resource, scope_metrics, ..ResourceMetrics::default() };
    ExportMetricsServiceRequest { resource_metrics: vec![all] }
}

fn resource(sender: &Sender) -> Resource {
    let given = |key: &str| sender.attributes.iter().any(|(name, _)| name == key);
    let own = [
        ("service.name", "whyrst".to_owned()),
        ("service.version", env!("CARGO_PKG_VERSION").to_owned()),
        ("host.name", sender.host.clone()),
        ("os.type", "linux".to_owned()),
    ];
    let own = own.into_iter().filter(|(key, _)| !given(key)).map(|(key, value)| text(key, value));
    let more = sender.attributes.iter().map(|(key, value)| text(key, value.clone()));
    Resource { attributes: own.chain(more).collect(), ..Resource::default() }
}

fn scope() -> InstrumentationScope {
    let (name, version) = ("whyrst".to_owned(), env!("CARGO_PKG_VERSION").to_owned());
    InstrumentationScope { name, version, ..InstrumentationScope::default() }
}

fn log_record(record: &Record) -> LogRecord {
    let Report { time, client, server, verdict, severity, count, .. } = &record.report;
    let mut attributes = vec![
        text("whyrst.cause", verdict.cause.as_str()),
        text("whyrst.confidence", verdict.confidence.name()),
        text("whyrst.severity", severity.name()),
        text("whyrst.direction", record.direction.name()),
        text("network.transport", "tcp"),
        text("client.address", client.ip.to_string()),
        number("client.port", client.port),
        text("server.address", server.ip.to_string()),
        number("server.port", server.port),
        text("whyrst.flow", record.flow()),
        text("whyrst.translation", record.translation()),
        number("whyrst.netns", record.netns),
        number("whyrst.count", u32::try_from(*count).unwrap_or(u32::MAX)),
    ];
    if let Some(Ends { client, server }) = record.translated() {
        attributes.push(text("whyrst.wire.client.address", client.ip.to_string()));
        attributes.push(number("whyrst.wire.client.port", client.port));
        attributes.push(text("whyrst.wire.server.address", server.ip.to_string()));
        attributes.push(number("whyrst.wire.server.port", server.port));
    }
    attributes.extend(record.steps().map(|(name, value)| text(&format!("whyrst.{name}"), value)));
    attributes.extend(record.kernel_reason().map(|reason| text("whyrst.kernel_reason", reason)));
    if let Some(process) = record.process() {
        attributes.push(number("process.pid", process.pid));
        attributes.push(text("process.executable.name", process.comm.as_str()));
        attributes.extend(process.unit.as_ref().map(|unit| text("systemd.unit", unit.as_str())));
        if let Some(container) = &process.container {
            attributes.push(text("container.id", container.id.as_str()));
            attributes
                .extend(container.runtime.as_ref().map(|runtime| text("container.runtime.name", runtime.as_str())));
            attributes.extend(container.pod.as_ref().map(|pod| text("k8s.pod.uid", pod.as_str())));
        }
    }
    let number = severity_number(*severity);
    LogRecord {
        time_unix_nano: nanos(*time),
        observed_time_unix_nano: now(),
        severity_number: number.into(),
        severity_text: severity.to_string(),
        body: Some(AnyValue { value: Some(Value::StringValue(record.sentence.clone())) }),
        attributes,
        event_name: "whyrst.reset".to_owned(),
        ..LogRecord::default()
    }
}

/// A reset that harms somebody is a warning: the program that it hit decides whether it is an error.
fn severity_number(severity: Severity) -> SeverityNumber {
    match severity {
        Severity::Fault => SeverityNumber::Warn,
        Severity::Attack => SeverityNumber::Warn3,
        Severity::Policy | Severity::Scan | Severity::Benign => SeverityNumber::Info,
    }
}

fn totals(metrics: &Metrics) -> Vec<Metric> {
    let (start, time) = (since_1970(metrics.began), now());
    let point = |attributes, value| point(attributes, (start, time), value);
    let samples = metrics.samples();
    let mut all = Vec::new();
    if !samples.is_empty() {
        let points = samples.into_iter().map(|sample| {
            let labels = sample.labels.into_iter().map(|(key, value)| text(&format!("whyrst.{key}"), value));
            let exemplars = sample.last.as_ref().map(exemplar).into_iter().collect();
            NumberDataPoint { exemplars, ..point(labels.collect(), sample.count) }
        });
        let what = "Reset connections by verdict, direction and service";
        all.push(sum("whyrst.resets", what, points.collect(), AggregationTemporality::Cumulative));
    }
    let points = metrics.conventional().into_iter().map(|(observed, count, last)| {
        let exemplars = vec![exemplar(&last)];
        NumberDataPoint { exemplars, ..point(conventional(observed), count) }
    });
    all.extend(conventional_sum(points.collect(), AggregationTemporality::Cumulative));
    all.extend(metrics.totals().into_iter().map(|(name, what, value)| {
        let points = vec![point(Vec::new(), value)];
        sum(&format!("whyrst.{name}"), what, points, AggregationTemporality::Cumulative)
    }));
    all
}

/// One window's counts: each stands for itself, so that an agent need not remember what it once saw.
fn deltas(window: &Window) -> Vec<Metric> {
    let between = (since_1970(window.from), since_1970(window.to));
    let points = window.rows().map(|(key, count)| {
        let labels = key.labels().into_iter().map(|(name, value)| text(&format!("whyrst.{name}"), value));
        point(labels.collect(), between, count)
    });
    let what = "Reset connections in this window, by verdict, side, service and peer";
    let mut all = vec![sum("whyrst.resets", what, points.collect(), AggregationTemporality::Delta)];
    let points = window.conventional().map(|(observed, count)| point(conventional(observed), between, count));
    all.extend(conventional_sum(points.collect(), AggregationTemporality::Delta));
    all
}

/// The attributes of OpenTelemetry's own counter.
fn conventional(observed: Observed) -> Vec<KeyValue> {
    let cause = observed.cause.map(|cause| text("network.tcp.reset.cause", cause));
    [text("network.io.direction", observed.direction)].into_iter().chain(cause).collect()
}

/// Nothing where nothing was counted.
fn conventional_sum(points: Vec<NumberDataPoint>, temporality: AggregationTemporality) -> Option<Metric> {
    if points.is_empty() {
        return None;
    }
    Some(Metric { unit: SEGMENTS.to_owned(), ..sum(RESETS, RESETS_SAY, points, temporality) })
}

/// Who it was, the last time that a series grew.
fn exemplar(last: &Last) -> Exemplar {
    let Last { client, pid, time, count } = last;
    let mut filtered_attributes =
        vec![text("client.address", client.ip.to_string()), number("client.port", client.port)];
    filtered_attributes.extend(pid.map(|pid| number("process.pid", pid)));
    Exemplar {
        filtered_attributes,
        time_unix_nano: nanos(*time),
        value: Some(exemplar::Value::AsInt(i64::try_from(*count).unwrap_or(i64::MAX))),
        ..Exemplar::default()
    }
}

fn sum(name: &str, what: &str, data_points: Vec<NumberDataPoint>, temporality: AggregationTemporality) -> Metric {
    let sum = Sum { data_points, aggregation_temporality: temporality.into(), is_monotonic: true };
    Metric {
        name: name.to_owned(),
        description: what.to_owned(),
        unit: "1".to_owned(),
        data: Some(Data::Sum(sum)),
        ..Metric::default()
    }
}

fn point(attributes: Vec<KeyValue>, (start, time): (u64, u64), value: u64) -> NumberDataPoint {
    NumberDataPoint {
        attributes,
        start_time_unix_nano: start,
        time_unix_nano: time,
        value: Some(number_data_point::Value::AsInt(i64::try_from(value).unwrap_or(i64::MAX))),
        ..NumberDataPoint::default()
    }
}

fn text(key: &str, value: impl Into<String>) -> KeyValue {
    attribute(key, Value::StringValue(value.into()))
}

fn number(key: &str, value: impl Into<i64>) -> KeyValue {
    attribute(key, Value::IntValue(value.into()))
}

fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

fn now() -> u64 {
    since_1970(SystemTime::now())
}

fn since_1970(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
