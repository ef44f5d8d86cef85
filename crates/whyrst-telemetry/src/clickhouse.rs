//! Rows for ClickHouse over HTTP, as `JSONEachRow`, into the tables of `contrib/clickhouse/schema.sql`.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use serde::Serialize;
use whyrst_model::Report;
use whyrst_privileges::Duty;

use crate::aggregate::{Aggregates, Window};
use crate::courier::Poster;
use crate::metrics::Metrics;
use crate::moment::Moment;
use crate::outbox::{Batch, Kind};
use crate::post::{Answer, Place};
use crate::record::Record;
use crate::worker::{Sending, Sink};

const JSON_LINES: &str = "application/x-ndjson";
/// Rows in one request.
const TOGETHER: usize = 1_024;
/// The server collects small inserts of many hosts (`async_insert`), takes fields that a newer agent adds for what
/// they are, and reads times as the agent writes them.
const SETTINGS: &str = "async_insert=1&wait_for_async_insert=1&input_format_skip_unknown_fields=1&\
                        date_time_input_format=best_effort";

/// A row of `resets`.
#[derive(Serialize)]
struct ResetRow<'a> {
    time: String,
    host: &'a str,
    netns: u32,
    cause: &'a str,
    confidence: &'a str,
    severity: &'a str,
    family: &'a str,
    mechanism: &'a str,
    reason: &'a str,
    side: &'a str,
    client_ip: String,
    client_port: u16,
    server_ip: String,
    server_port: u16,
    translation: &'a str,
    wire_client_ip: String,
    wire_client_port: u16,
    wire_server_ip: String,
    wire_server_port: u16,
    flow: String,
    count: u64,
    pid: u32,
    comm: &'a str,
    unit: &'a str,
    container: &'a str,
    pod: &'a str,
    kernel_reason: &'a str,
    sentence: &'a str,
    report: &'a str,
}

/// A row of `aggregates`.
#[derive(Serialize)]
struct AggregateRow<'a> {
    time: String,
    seconds: f64,
    host: &'a str,
    cause: &'a str,
    confidence: &'a str,
    severity: &'a str,
    family: &'a str,
    reason: &'a str,
    side: &'a str,
    service: &'a str,
    peer: &'a str,
    count: u64,
}

/// A row of `windows`: what a host was able to see. Without it, silence would mean nothing.
#[derive(Serialize)]
struct WindowRow<'a> {
    time: String,
    seconds: f64,
    host: &'a str,
    addresses: Vec<String>,
    resets: u64,
    unsampled: u64,
    lost: u64,
    unplaced: u64,
}

pub(crate) struct ClickHouse {
    poster: Poster,
    place: Place,
    database: String,
    host: String,
    rows: Vec<u8>,
    items: u64,
    lines: usize,
    since: Option<Instant>,
    aggregates: Arc<Aggregates>,
    metrics: Arc<Metrics>,
    lost: u64,
    addresses: Addresses,
    sending: Sending,
}

/// Which addresses a host is to be known by.
#[derive(Debug)]
pub(crate) enum Addresses {
    OfThisHost,
    These(Vec<String>),
}

impl ClickHouse {
    pub(crate) fn new(
        poster: Poster,
        place: Place,
        (database, host): (String, String),
        (aggregates, metrics): (Arc<Aggregates>, Arc<Metrics>),
        addresses: Addresses,
        sending: Sending,
    ) -> Self {
        let (rows, items, lines, since, lost) = (Vec::new(), 0, 0, None, 0);
        Self { poster, place, database, host, rows, items, lines, since, aggregates, metrics, lost, addresses, sending }
    }

    fn pack_rows(&mut self) {
        if self.lines > 0 {
            let body = std::mem::take(&mut self.rows);
            self.sending.push(Batch { kind: Kind::Resets, items: self.items, body });
            (self.items, self.lines, self.since) = (0, 0, None);
        }
    }

    fn pack_aggregates(&mut self, window: Option<Window>) {
        let Some(window) = window else { return };
        let mut body = Vec::new();
        let seconds = window.to.duration_since(window.from).unwrap_or_default().as_secs_f64();
        for (key, count) in window.rows() {
            let row = AggregateRow {
                time: utc(window.from),
                seconds,
                host: &self.host,
                cause: &key.cause,
                confidence: key.confidence,
                severity: key.severity,
                family: key.family,
                reason: &key.reason,
                side: key.side,
                service: &key.service,
                peer: &key.peer,
                count,
            };
            line(&mut body, &row);
        }
        if !body.is_empty() {
            self.sending.push(Batch { kind: Kind::Aggregates, items: window.total(), body });
        }
        let lost = self.metrics.lost();
        let row = WindowRow {
            time: utc(window.from),
            seconds,
            host: &self.host,
            addresses: match &self.addresses {
                Addresses::OfThisHost => addresses(),
                Addresses::These(these) => these.clone(),
            },
            resets: window.total(),
            unsampled: window.unsampled,
            lost: lost.saturating_sub(self.lost),
            unplaced: window.unplaced,
        };
        self.lost = lost;
        let mut body = Vec::new();
        line(&mut body, &row);
        self.sending.push(Batch { kind: Kind::Windows, items: 0, body });
    }
}

impl Sink for ClickHouse {
    fn duty(&self) -> Duty {
        Duty::Keep
    }

    fn take(&mut self, record: &Record, now: Moment) {
        self.since.get_or_insert(now.steady);
        let Report { time, client, server, verdict, severity, count, .. } = &record.report;
        let wire = record.translated();
        let process = record.process();
        // Of equal ones that were folded there is no single report.
        let whole = if *count == 1 { serde_json::to_string(&record.report).unwrap_or_default() } else { String::new() };
        let container = process.and_then(|process| process.container.as_ref());
        let row = ResetRow {
            time: time.utc().to_string(),
            host: &self.host,
            netns: record.netns,
            cause: &verdict.cause,
            confidence: verdict.confidence.name(),
            severity: severity.name(),
            family: record.family(),
            mechanism: record.mechanism(),
            reason: record.reason_id(),
            side: record.direction.name(),
            client_ip: client.ip.to_string(),
            client_port: client.port,
            server_ip: server.ip.to_string(),
            server_port: server.port,
            translation: record.translation(),
            wire_client_ip: wire.map_or_else(String::new, |wire| wire.client.ip.to_string()),
            wire_client_port: wire.map_or(0, |wire| wire.client.port),
            wire_server_ip: wire.map_or_else(String::new, |wire| wire.server.ip.to_string()),
            wire_server_port: wire.map_or(0, |wire| wire.server.port),
            flow: record.flow(),
            count: *count,
            pid: process.map_or(0, |process| process.pid),
            comm: process.map_or("", |process| &process.comm),
            unit: process.and_then(|process| process.unit.as_deref()).unwrap_or_default(),
            container: container.map_or("", |container| &container.id),
            pod: container.and_then(|container| container.pod.as_deref()).unwrap_or_default(),
            kernel_reason: record.kernel_reason().unwrap_or_default(),
            sentence: &record.sentence,
            report: &whole,
        };
        line(&mut self.rows, &row);
        self.items += count;
        self.lines += 1;
        if self.lines >= TOGETHER {
            self.pack_rows();
        }
    }

    fn turn(&mut self, now: Moment) {
        let every = self.aggregates.every();
        if self.since.is_some_and(|since| now.steady.duration_since(since) >= every) {
            self.pack_rows();
        }
        let window = self.aggregates.closed(now, every);
        self.pack_aggregates(window);
        let Self { poster, place, database, host, sending, .. } = self;
        sending.turn(now.steady, |batch, number| insert(poster, place, (database, host), batch, number));
    }

    fn finish(&mut self, end: Instant) -> Option<String> {
        self.pack_rows();
        let window = self.aggregates.closed(Moment::now(), Duration::ZERO);
        self.pack_aggregates(window);
        let Self { poster, place, database, host, sending, .. } = self;
        sending.finish(end, |batch, number| insert(poster, place, (database, host), batch, number))
    }
}

/// The token makes an insert that is repeated, because its answer was lost, the same insert.
fn insert(
    poster: &mut Poster,
    place: &Place,
    (database, host): (&str, &str),
    batch: &Batch,
    number: u64,
) -> (Answer, u64) {
    let table = batch.kind.name();
    let query = format!("INSERT%20INTO%20{database}.{table}%20FORMAT%20JSONEachRow");
    let token: String = host.bytes().filter(u8::is_ascii_alphanumeric).map(char::from).collect();
    let url = place.at(&format!("/?query={query}&{SETTINGS}&insert_deduplication_token={token}-{table}-{number}"));
    (poster.post(&url, JSON_LINES, &batch.body), 0)
}

/// Those of this network namespace; loopback is everybody's.
fn addresses() -> Vec<String> {
    let Ok(all) = nix::ifaddrs::getifaddrs() else { return Vec::new() };
    let ips = all.filter_map(|one| {
        let address = one.address?;
        let v4 = address.as_sockaddr_in().map(|v4| IpAddr::from(v4.ip()));
        v4.or_else(|| address.as_sockaddr_in6().map(|v6| IpAddr::from(v6.ip())))
    });
    let mut ips: Vec<String> = ips.filter(|ip| !ip.is_loopback()).map(|ip| ip.to_string()).collect();
    ips.sort();
    ips.dedup();
    ips
}

fn line(body: &mut Vec<u8>, row: &impl Serialize) {
    // Numbers and strings can always be written, and memory takes everything.
    serde_json::to_writer(&mut *body, row).unwrap_or_default();
    body.push(b'\n');
}

fn utc(time: SystemTime) -> String {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let nanos = i64::try_from(since.as_nanos()).unwrap_or(i64::MAX);
    whyrst_model::time::Timestamp::from_nanos(nanos).utc().to_string()
}
