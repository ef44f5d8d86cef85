//! What is done with every reset before anybody is written to: it is counted, in totals and in windows, and the
//! sample decides whether it is also reported whole.

use std::sync::Arc;
use std::time::Duration;

use crate::aggregate::{Aggregates, Bucket};
use crate::metrics::Metrics;
use crate::moment::Moment;
use crate::record::Record;
use crate::telemetry::Fleet;

#[derive(Debug)]
pub(crate) struct Counting {
    metrics: Arc<Metrics>,
    aggregates: Vec<Arc<Aggregates>>,
    /// `None`: all are reported whole.
    sample: Option<Bucket>,
}

/// How far one reset goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Goes {
    /// It is reported whole.
    Whole,
    /// It is in the counts.
    InCountsAlone,
}

impl Counting {
    pub(crate) fn new(metrics: Arc<Metrics>, fleet: Option<Fleet>, now: Moment) -> Self {
        let sample = fleet.map(|fleet| Bucket::new(fleet.sample, now.steady));
        Self { metrics, aggregates: Vec::new(), sample }
    }

    pub(crate) fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(&self.metrics)
    }

    /// Windows of their own for one more receiver.
    pub(crate) fn window(&mut self, every: Duration, now: Moment) -> Arc<Aggregates> {
        let aggregates = Arc::new(Aggregates::new(every, now));
        self.aggregates.push(Arc::clone(&aggregates));
        aggregates
    }

    pub(crate) fn count(&mut self, record: &Record, now: Moment) -> Goes {
        self.metrics.add(record);
        for aggregates in &self.aggregates {
            aggregates.add(record);
        }
        // Of equal ones that were folded an example was reported: a sample needs no more of them.
        if self.sample.as_mut().is_none_or(|sample| record.report.count == 1 && sample.take(now.steady)) {
            return Goes::Whole;
        }
        for aggregates in &self.aggregates {
            aggregates.leave_out(record.report.count);
        }
        Goes::InCountsAlone
    }
}
