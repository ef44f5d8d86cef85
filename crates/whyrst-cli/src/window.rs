//! `--since` and `--until`: of which time resets are reported.

use anyhow::{Context as _, Result};
use jiff::Timestamp as Moment;
use jiff::tz::TimeZone;
use whyrst_core::time::Timestamp;
use whyrst_core::when::{Bound, When};

use crate::args::Explain;

/// From when on, and up to when.
#[derive(Debug)]
pub(crate) struct Window {
    since: Option<Timestamp>,
    /// Exclusive.
    until: Option<Timestamp>,
}

impl Window {
    /// What is asked for, where clocks show the time of `zone`.
    pub(crate) fn of(arguments: &Explain, zone: &TimeZone) -> Result<Self> {
        let now = i64::try_from(Moment::now().as_nanosecond()).context("this machine's clock is beyond 2262")?;
        let moment = |when: &Option<When>, bound, option| {
            let moment = when.as_ref().map(|when| when.moment(bound, zone, Timestamp::from_nanos(now)));
            moment.transpose().with_context(|| format!("{option} is a time that no capture can have"))
        };
        Ok(Self {
            since: moment(&arguments.since, Bound::Since, "--since")?,
            until: moment(&arguments.until, Bound::Until, "--until")?,
        })
    }

    /// Whether `time` is in it.
    pub(crate) fn has(&self, time: Timestamp) -> bool {
        self.since.is_none_or(|since| time >= since) && self.until.is_none_or(|until| time < until)
    }
}
