//! One host of a simulated fleet: what `whyrst agent --clickhouse` does with a reset (counts, sample, buffer, requests,
//! pauses), without its threads and on a clock of the caller's. For `cargo xtask fleet`.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use crate::clickhouse::{Addresses, ClickHouse};
use crate::counting::{Counting, Goes};
use crate::courier::Poster;
use crate::error::TelemetryError;
use crate::metrics::{Carried, Metrics};
use crate::moment::Moment;
use crate::post::{Client, Headers, Place};
use crate::record::Record;
use crate::telemetry::{Buffer, Fleet, outbox};
use crate::worker::{Sending, Sink as _, remarks};

/// Series of one host: nobody scrapes it.
const SERIES: usize = 16;
const NAME: &str = "clickhouse";

/// How hosts reach their ClickHouse. Hosts that are driven by one thread share its connections.
#[derive(Debug)]
pub struct Road {
    client: Client,
    place: Place,
    database: String,
    fleet: Fleet,
}

impl Road {
    /// To `database` at `place`; `fleet` says how its hosts report.
    pub fn new(place: Place, database: String, fleet: Fleet) -> Self {
        Self { client: Client::new(Headers::new()), place, database, fleet }
    }

    /// A host, which is known by `addresses` and begins `now`.
    ///
    /// # Errors
    /// When its buffer cannot be had.
    pub fn host(
        &self,
        name: &str,
        addresses: &[IpAddr],
        buffer: Option<&Buffer>,
        now: Moment,
    ) -> Result<Host, TelemetryError> {
        let mut counting = Counting::new(Metrics::new(SERIES), Some(self.fleet), now);
        let carried = counting.metrics().worker(NAME);
        let sending = Sending::new(outbox(buffer, NAME)?, Arc::clone(&carried), remarks().0);
        let aggregates = counting.window(self.fleet.every, now);
        let names = (self.database.clone(), name.to_owned());
        let addresses = Addresses::These(addresses.iter().map(IpAddr::to_string).collect());
        let counts = (aggregates, counting.metrics());
        let sink =
            ClickHouse::new(Poster::Here(self.client.clone()), self.place.clone(), names, counts, addresses, sending);
        Ok(Host { counting, sink, carried, reported: 0, sampled: 0 })
    }
}

/// A host.
pub struct Host {
    counting: Counting,
    sink: ClickHouse,
    carried: Arc<Carried>,
    reported: u64,
    sampled: u64,
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Host").field("told", &self.reported).finish_non_exhaustive()
    }
}

impl Host {
    /// What `agent` does with a reset that its kernel reports.
    pub fn report(&mut self, record: &Record, now: Moment) {
        self.reported += record.report.count;
        if self.counting.count(record, now) == Goes::Whole {
            self.sampled += record.report.count;
            self.sink.take(record, now);
        }
    }

    /// What its worker does when it looks up: closes the window that is over, and sends.
    pub fn turn(&mut self, now: Moment) {
        self.sink.turn(now);
    }

    /// Resets that its kernel reported.
    pub const fn reported(&self) -> u64 {
        self.reported
    }

    /// Of these, those that the sample has.
    pub const fn sampled(&self) -> u64 {
        self.sampled
    }

    /// Resets that it had to give up, in counts and in the sample together.
    pub fn dropped(&self) -> u64 {
        self.carried.dropped.load(Relaxed)
    }

    /// Bytes that wait to be sent.
    pub fn waiting(&self) -> u64 {
        self.carried.waiting.load(Relaxed)
    }
}
