//! One connection looked at as a whole: its captures are read again for it, since nobody's memory holds all packets of
//! all connections.

use std::io::Read;
use std::net::SocketAddr;

use jiff::tz::TimeZone;
use whyrst_capture::{CaptureSet, Filter, Step};
use whyrst_core::observation::Observation;
use whyrst_core::outcome::Outcome;
use whyrst_core::report::escape::escape_name;
use whyrst_core::report::{Context, Explanation};
use whyrst_core::tracker::{Limits, Tracker};
use whyrst_core::whole::Whole;
use whyrst_model::time::Timestamp;

use crate::budget::Budget;
use crate::error::ReadError;
use crate::options::Options;

/// Packets of one answer, at most: some two megabytes.
const MOST: usize = 5_000;

/// Which connection: its ends, and when its reset or its failed connect was told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Connection {
    /// One end.
    pub client: SocketAddr,
    /// The other.
    pub server: SocketAddr,
    /// Of the first RST.
    pub time: Timestamp,
}

impl Connection {
    /// What lets nothing but its packets through.
    pub fn filter(&self) -> Result<Filter, String> {
        let [client, server] = [self.client, self.server];
        let ends = [client, server].map(|end| format!("host {} and port {}", end.ip(), end.port())).join(" and ");
        ends.parse().map_err(|error| format!("cannot look for {client} and {server}: {error}"))
    }

    fn is(&self, outcome: &Outcome) -> bool {
        outcome.time() == self.time
    }
}

/// Who looks for a connection.
pub struct Search<'a> {
    /// Opens the captures, once for each time that they are read.
    pub open: &'a mut dyn FnMut(Filter) -> Result<CaptureSet, ReadError>,
    /// Is told what could not be read; the rest is read.
    pub unread: &'a mut dyn FnMut(ReadError),
}

impl Search<'_> {
    /// The connection, and at most `most` of its packets; `None` where the captures do not have it.
    pub fn find(
        &mut self,
        connection: &Connection,
        most: usize,
        limits: Limits,
    ) -> Result<Option<(Box<Outcome>, Whole)>, ReadError> {
        let mut tracker = Tracker::new(limits);
        self.read(connection, |seen| tracker.observe(seen))?;
        tracker.finish();
        let outcome = std::iter::from_fn(|| tracker.next_settled()).find(|outcome| connection.is(outcome));
        let Some(outcome) = outcome else { return Ok(None) };
        let mut whole = Whole::of(&outcome, most.clamp(1, MOST));
        self.read(connection, |seen| whole.observe(seen))?;
        Ok(Some((outcome, whole)))
    }

    fn read(&mut self, connection: &Connection, mut each: impl FnMut(&Observation<'_>)) -> Result<(), ReadError> {
        let filter = connection.filter().map_err(|reason| ReadError { file: "-".to_owned(), frame: None, reason })?;
        let mut captures = (self.open)(filter)?;
        loop {
            match captures.next() {
                Ok(Step::Observation(seen)) => each(&seen),
                Ok(Step::PassedOver(..) | Step::Idle) => {}
                Ok(Step::End) => return Ok(()),
                Err(error) => (self.unread)(error.into()),
            }
        }
    }
}

impl Options {
    /// At most `most` packets of one connection, as a line of JSON for a page; `None` where the capture does not have
    /// the connection. `reader` is asked twice for the capture, from its beginning.
    pub fn packets<R: Read + Send + 'static>(
        &self,
        connection: &Connection,
        most: usize,
        mut reader: impl FnMut() -> R,
    ) -> Result<Option<String>, ReadError> {
        let name = self.called.as_deref().unwrap_or("reader");
        let mut open = |filter| {
            let mut captures = CaptureSet::from_reader(reader(), name).map_err(|error| ReadError::from(&error))?;
            captures.look_only_at(filter);
            Ok(captures)
        };
        let limits = Limits { hash_seed: self.seed(), ..Budget::of(self.memory).limits(0) };
        let found = Search { open: &mut open, unread: &mut |_| {} }.find(connection, most, limits)?;
        let context = Context { files: vec![escape_name(name)], zone: TimeZone::UTC, language: self.language };
        Ok(found.map(|(outcome, whole)| Explanation::new(&outcome, &context).packets_line(&whole)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_of_a_connection_is_found_again() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/request-too-large/client.pcapng");
        let octets = std::fs::read(path).expect("fixtures are readable");
        let report =
            crate::explain(path).expect("it can be read").next().expect("it has a reset").expect("it is whole");
        let address = |end: whyrst_model::segment::Endpoint| SocketAddr::new(end.ip, end.port);
        let mut connection =
            Connection { client: address(report.client), server: address(report.server), time: report.time };
        let reader = || std::io::Cursor::new(octets.clone());
        let line =
            Options::default().packets(&connection, 1_000, reader).expect("it can be read").expect("it is there");
        let packets: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        let rungs = packets["ladder"].as_array().expect("a ladder").len() as u64;
        assert_eq!(packets["total"].as_u64(), Some(rungs));
        assert!(rungs > 10, "{rungs}");
        connection.time = Timestamp::from_nanos(0);
        assert_eq!(Options::default().packets(&connection, 1_000, reader), Ok(None));
    }
}
