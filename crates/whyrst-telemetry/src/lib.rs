//! Resets for the tools that people already have open: OpenMetrics for Prometheus, OTLP for an
//! OpenTelemetry collector, ClickHouse, journald and syslog.
//!
//! The path of one reset: the command that gets its event makes a [`Record`] of its report and gives that to
//! [`Telemetry::report`], which never waits. [`metrics`](Metrics) counts it in a bounded number of series that
//! `exposition` hands out over HTTP. Each place that is written to has a worker: a thread with a bounded queue, so
//! that a collector that hangs holds up nobody. What goes over the network is put into an `outbox` first, in
//! memory or in a folder, and stays there until it was taken. Whatever does not fit is counted, and the counts
//! are metrics themselves.
//!
//! `cargo xtask fleet` drives the same counts, sample, outbox and requests for ten thousand hosts on a clock of its own
//! ([`Host`]).
//!
//! Nothing in here judges or knows causes, and no query engine is linked.

mod aggregate;
mod clickhouse;
mod conventions;
mod counting;
mod courier;
mod error;
mod exposition;
mod journald;
mod metrics;
mod moment;
mod otlp;
mod outbox;
mod post;
mod record;
mod simulated;
mod syslog;
mod telemetry;
mod worker;

pub use error::TelemetryError;
pub use metrics::{HostTotals, Metrics};
pub use moment::Moment;
pub use post::{Headers, Place};
pub use record::{Direction, Record};
pub use simulated::{Host, Road};
pub use syslog::SyslogTarget;
pub use telemetry::{Buffer, Fleet, LogTarget, Plan, Telemetry, contains_crashes};
