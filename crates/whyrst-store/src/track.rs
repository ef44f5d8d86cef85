//! The tracker driven by rows: what an engine beyond one machine calls for each of its buckets.
//!
//! An outcome is made of the packets of its own connection, so a bucket must hold all rows of each of
//! its connections, in the order of time. Two more things reach across connections: what is known of
//! a service, so the SYN-ACKs of the services in a bucket belong into it as well ([`Heed::Overhear`]); and
//! that time passes, which is told by when captures were running ([`Covered`]).
//!
//! Rows that go back in time within a connection are an error, not a guess: two engines gave silently
//! wrong counts where nobody looked.

use std::collections::HashMap;

use arrow_array::RecordBatch;
use whyrst_core::observation::{Observation, Seen};
use whyrst_core::outcome::Outcome;
use whyrst_core::time::{Span, Timestamp};
use whyrst_core::tracker::{Counts, Limits, Tracker};

use crate::error::StoreError;
use crate::packets::{PacketBatch, Sources, flow_name};

/// How often time passes where something is due whenever a packet comes.
const TICK: Span = Span::from_millis(10);
const NEXT: Span = Span::from_nanos(1);
/// A clock that is not told of time for longer takes the next packet's for a mistake.
const LONG: Span = Span::from_secs(300);
/// Connections whose latest time is remembered, so that order can be checked.
const CHECKED: usize = 4_000_000;

/// What is to be done with a row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Heed {
    /// Its connection is followed.
    Follow,
    /// It tells of a service, and its connection is followed nowhere.
    Overhear,
}

/// Stretches of time in which some capture was running, in order, none touching the next.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Covered(Vec<(Timestamp, Timestamp)>);

impl Covered {
    /// Of the first and last times of captures, in any order.
    pub fn of(mut stretches: Vec<(Timestamp, Timestamp)>) -> Self {
        stretches.sort_unstable();
        let mut merged: Vec<(Timestamp, Timestamp)> = Vec::new();
        for (from, to) in stretches {
            match merged.last_mut() {
                Some(last) if from <= last.1 => last.1 = last.1.max(to),
                _ => merged.push((from, to)),
            }
        }
        Self(merged)
    }

    /// When the first capture began.
    fn began(&self) -> Option<Timestamp> {
        self.0.first().map(|(from, _)| *from)
    }
}

/// A tracker that is fed with rows.
#[derive(Debug)]
pub struct RowTracker {
    tracker: Tracker,
    sources: Sources,
    covered: Covered,
    /// The stretch that time is in.
    stretch: usize,
    /// When time last passed.
    passed: Option<Timestamp>,
    latest: HashMap<i64, Timestamp>,
    rows: u64,
}

impl RowTracker {
    /// For one bucket of captures that ran at these times.
    pub fn new(limits: Limits, covered: Covered) -> Self {
        let mut tracker = Tracker::new(limits);
        if let Some(began) = covered.began() {
            tracker.pass(began);
        }
        let passed = covered.began();
        Self { tracker, sources: Sources::default(), covered, stretch: 0, passed, latest: HashMap::new(), rows: 0 }
    }

    /// Takes in rows; `heed` says of each what is to be done with it.
    pub fn push(
        &mut self,
        batch: &RecordBatch,
        mut heed: impl FnMut(usize) -> Heed,
        mut tell: impl FnMut(Outcome, &Sources),
    ) -> Result<(), StoreError> {
        let packets = PacketBatch::of(batch)?;
        let mut sources = std::mem::take(&mut self.sources);
        let mut row = 0;
        let mut settled = Vec::new();
        let done = packets.each(&mut sources, |seen| {
            self.check_order(seen)?;
            self.pass_until(seen.time);
            match heed(row) {
                Heed::Follow => self.tracker.observe(seen),
                Heed::Overhear => self.tracker.overhear(seen),
            }
            row += 1;
            settled.extend(std::iter::from_fn(|| self.tracker.poll()));
            Ok::<(), StoreError>(())
        });
        self.sources = sources;
        if let Err(StoreError::Order { row, frame, behind_ns, source_name }) = done {
            // The error knows the file's number only.
            let name = source_name.parse().ok().and_then(|number: usize| self.sources.names().get(number));
            let source_name = name.cloned().unwrap_or(source_name);
            return Err(StoreError::Order { row, frame, behind_ns, source_name });
        }
        for outcome in settled {
            tell(outcome, &self.sources);
        }
        done
    }

    /// All rows were told: what is left is settled as it stands.
    pub fn finish(mut self, mut tell: impl FnMut(Outcome, &Sources)) -> Counts {
        if let Some((_, end)) = self.covered.0.last().copied() {
            self.pass_until(end);
            self.tracker.pass(end);
        }
        while let Some(outcome) = self.tracker.poll() {
            tell(outcome, &self.sources);
        }
        self.tracker.finish();
        while let Some(outcome) = self.tracker.poll() {
            tell(outcome, &self.sources);
        }
        self.tracker.counts()
    }

    fn check_order(&mut self, seen: &Observation<'_>) -> Result<(), StoreError> {
        self.rows += 1;
        let flow = match &seen.what {
            Seen::Segment(segment) => flow_name(segment.src, segment.dst),
            Seen::Icmp(error) => flow_name(error.src, error.dst),
        };
        if self.latest.len() >= CHECKED {
            self.latest.clear();
        }
        let latest = self.latest.entry(flow).or_insert(seen.time);
        if seen.time < *latest {
            return Err(StoreError::Order {
                row: self.rows,
                source_name: seen.frame.file().to_string(),
                frame: seen.frame.number(),
                behind_ns: latest.since(seen.time).nanos(),
            });
        }
        *latest = seen.time;
        Ok(())
    }

    /// Lets time pass until `now`, wherever a capture was running: to each moment at which something is due.
    fn pass_until(&mut self, now: Timestamp) {
        let Some(mut at) = self.passed else { return };
        while let Some((from, to)) = self.covered.0.get(self.stretch).copied() {
            at = at.max(from);
            loop {
                let due = self.tracker.due().max(at).min(at.plus(LONG));
                if due >= now || due > to {
                    break;
                }
                self.tracker.pass(due);
                // What is always due is done with every packet.
                at = due.plus(if self.tracker.due() > due { NEXT } else { TICK });
            }
            if now <= to {
                at = at.max(now);
                break;
            }
            self.stretch += 1;
        }
        self.passed = Some(at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Table;
    use crate::packets::PacketRows;
    use crate::rows::{Rows, connection_report};
    use arrow_array::cast::AsArray;
    use arrow_array::types::Int64Type;
    use whyrst_core::language::Language;
    use whyrst_core::observation::{Frame, Interface};
    use whyrst_core::report::Context;
    use whyrst_core::segment::{Assumed, Endpoint, Flags, IpFacts, IpKind, Options, Segment};
    use whyrst_core::seq::Seq;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_nanos(seconds * 1_000_000_000)
    }

    fn segment(port: u16, flags: Flags) -> Segment<'static> {
        Segment {
            src: Endpoint::new([10, 0, 0, 1].into(), port),
            dst: Endpoint::new([10, 0, 0, 2].into(), 80),
            seq: Seq::new(1),
            ack: Seq::new(0),
            flags,
            window: 1,
            checksum: 0,
            checksum_right: None,
            ip: IpFacts {
                ttl: Some(64),
                traffic_class: Some(0),
                kind: IpKind::V4 { id: Some(0), dont_fragment: Some(true) },
            },
            options: Options::default(),
            assumed: Assumed::NOTHING,
            len: 0,
            payload: &[],
            trailer: &[],
        }
    }

    fn batch(rows: &[(i64, u16, Flags)]) -> RecordBatch {
        let mut packets = PacketRows::all();
        for (number, (seconds, port, flags)) in (1..).zip(rows) {
            let what = Seen::Segment(segment(*port, *flags));
            let frame = Frame::new(0, number);
            packets
                .push("a.pcap", &Observation { time: at(*seconds), frame, interface: Interface(0), link: None, what });
        }
        packets.take().unwrap()
    }

    fn tracked(covered: Covered, rows: &[(i64, u16, Flags)]) -> Result<Vec<Outcome>, StoreError> {
        let mut outcomes = Vec::new();
        let mut tracker = RowTracker::new(Limits::default(), covered);
        tracker.push(&batch(rows), |_| Heed::Follow, |outcome, _| outcomes.push(outcome))?;
        tracker.finish(|outcome, _| outcomes.push(outcome));
        Ok(outcomes)
    }

    #[test]
    fn a_row_that_goes_back_within_its_connection_is_an_error_that_names_settings() {
        let error = tracked(Covered::default(), &[(2, 1, Flags::SYN), (1, 1, Flags::RST)]).unwrap_err().to_string();
        assert!(error.starts_with("row 2 (a.pcap frame 2) is 1000000000 ns older"), "{error}");
        assert!(error.contains("ballista.planner.adaptive.enabled=false"), "{error}");
        // Another connection may be older: engines merge what does not belong together as they like.
        assert!(tracked(Covered::default(), &[(2, 1, Flags::SYN), (1, 2, Flags::RST)]).is_ok());
    }

    #[test]
    fn time_passes_where_captures_ran_even_without_rows() {
        let rows = [(0, 1, Flags::SYN), (1, 1, Flags::RST)];
        let until = |covered| tracked(covered, &rows).unwrap()[0].seen_until();
        assert_eq!(until(Covered::default()), at(1));
        let watched = until(Covered::of(vec![(at(0), at(10))]));
        assert_eq!(watched, at(10));
        // It settles when it is due, not when the captures end.
        let settled = until(Covered::of(vec![(at(30), at(90)), (at(0), at(40))]));
        assert!(settled.since(at(21)).abs() <= TICK, "{settled:?}");
    }

    #[test]
    fn every_connection_is_a_row_reset_or_not() {
        let rows = [(0, 1, Flags::SYN), (1, 2, Flags::SYN), (2, 2, Flags::RST), (300, 4_000, Flags::ACK)];
        let batch = batch(&rows);
        let mut tracker = Tracker::new(Limits::default());
        tracker.keep_connections();
        let observe = |seen: &Observation<'_>| -> Result<(), StoreError> {
            tracker.observe(seen);
            Ok(())
        };
        PacketBatch::of(&batch).unwrap().each(&mut Sources::default(), observe).unwrap();
        tracker.finish();
        while tracker.poll().is_some() {}
        let context =
            Context { files: vec!["a.pcap".to_owned()], zone: jiff::tz::TimeZone::UTC, language: Language::English };
        let mut connections = Rows::of(Table::Connections).unwrap();
        while let Some(connection) = tracker.poll_connection() {
            connections.push(&connection_report(&connection, &context)).unwrap();
        }
        let batch = connections.take().unwrap().unwrap();
        let mut ports = batch.column_by_name("client_port").unwrap().as_primitive::<Int64Type>().values().to_vec();
        ports.sort_unstable();
        assert_eq!(ports, [1, 2, 4_000]);
        let services = batch.column_by_name("service").unwrap().as_string::<i32>();
        assert!(services.iter().all(|service| service == Some("10.0.0.2:80")));
    }

    #[test]
    fn stretches_that_touch_are_one() {
        let covered = Covered::of(vec![(at(5), at(6)), (at(0), at(2)), (at(1), at(3)), (at(3), at(4))]);
        assert_eq!(covered, Covered(vec![(at(0), at(4)), (at(5), at(6))]));
    }
}
