//! Resets under the name that OpenTelemetry is about to give them, beside ours: `system.network.tcp.resets`, as proposed in
//! <https://github.com/open-telemetry/semantic-conventions/issues/3682>. It is no stable convention yet; where it becomes
//! another one, this follows, and `whyrst.resets` stays.
//!
//! It counts what is reset after the handshake. A reset that ends a connect is a failed connection there, and shall not
//! be counted twice. `network.tcp.reset.cause` has four values, and is left out where nobody said: they are taken from the
//! reason that the kernel gave when it sent the RST, and from the shape of the reset, not from causes of the catalogue, of
//! which most are none of the four.

use whyrst_model::segment::Endpoint;
use whyrst_model::time::Timestamp;
use whyrst_model::vocabulary::{Family, Phase};

use crate::record::{Direction, Record};

pub(crate) const RESETS: &str = "system.network.tcp.resets";
pub(crate) const RESETS_SAY: &str = "RSTs that ended an open TCP connection, one for each connection";
pub(crate) const SEGMENTS: &str = "{segment}";

/// What one point of the counter stands for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Observed {
    /// `network.io.direction`.
    pub(crate) direction: &'static str,
    /// `network.tcp.reset.cause`.
    pub(crate) cause: Option<&'static str>,
}

/// The points that a reset is counted in: a RST between two programs of this host is sent and received here.
pub(crate) fn observed(record: &Record) -> impl Iterator<Item = Observed> {
    let directions: &[&str] = match record.direction {
        _ if record.report.phase == Phase::Connect => &[],
        Direction::Sent => &["transmit"],
        Direction::Received => &["receive"],
        Direction::Local => &["transmit", "receive"],
    };
    let cause = cause(record);
    directions.iter().map(move |direction| Observed { direction, cause })
}

/// The kernel's words are those of `enum sk_rst_reason` (include/net/rstreason.h).
fn cause(record: &Record) -> Option<&'static str> {
    let program_closed = record.report.family.as_ref().is_some_and(|family| family.id == Family::LateData);
    match record.kernel_reason() {
        Some("TCP_ABORT_ON_CLOSE" | "TCP_ABORT_ON_DATA" | "TCP_ABORT_ON_LINGER" | "TCP_DISCONNECT_WITH_DATA") => {
            Some("application")
        }
        Some("TCP_KEEPALIVE_TIMEOUT") => Some("timeout"),
        _ => program_closed.then_some("application"),
    }
}

/// The last reset of a series: what an exemplar says of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Last {
    pub(crate) client: Endpoint,
    pub(crate) pid: Option<u32>,
    pub(crate) time: Timestamp,
    pub(crate) count: u64,
}

impl Last {
    pub(crate) fn of(record: &Record) -> Self {
        Self {
            client: record.report.client,
            pid: record.process().map(|process| process.pid),
            time: record.report.time,
            count: record.report.count,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::tests::record;

    fn points(change: impl FnOnce(&mut Record)) -> Vec<(&'static str, Option<&'static str>)> {
        let mut one = record("close-unread");
        change(&mut one);
        observed(&one).map(|point| (point.direction, point.cause)).collect()
    }

    fn said(one: &mut Record, reason: Option<&'static str>) {
        one.report.kernel.as_mut().unwrap().reason = reason.map(Into::into);
    }

    #[test]
    fn the_kernels_reason_is_one_of_the_four_or_none() {
        assert_eq!(points(|_| ()), [("transmit", Some("application"))]);
        assert_eq!(points(|one| said(one, Some("TCP_KEEPALIVE_TIMEOUT"))), [("transmit", Some("timeout"))]);
        assert_eq!(points(|one| said(one, Some("TCP_STATE"))), [("transmit", None)], "five different things");
        assert_eq!(points(|one| said(one, None)), [("transmit", None)], "an abort of unknown making");
    }

    #[test]
    fn data_after_close_was_a_programs_doing_whatever_the_kernel_says() {
        let late = |one: &mut Record| {
            said(one, Some("NO_SOCKET"));
            one.report.family.as_mut().unwrap().id = Family::LateData;
        };
        assert_eq!(points(late), [("transmit", Some("application"))]);
    }

    #[test]
    fn a_reset_within_the_host_is_sent_and_received() {
        let both = points(|one| one.direction = Direction::Local);
        assert_eq!(both, [("transmit", Some("application")), ("receive", Some("application"))]);
        assert_eq!(points(|one| one.direction = Direction::Received), [("receive", Some("application"))]);
    }

    #[test]
    fn a_refused_connect_is_no_reset_of_a_connection() {
        assert_eq!(points(|one| one.report.phase = Phase::Connect), []);
    }
}
