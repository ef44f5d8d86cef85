//! What a file shows of each flow: all that an engine must know of a connection before it brings packets together
//! (`contrib/spark`). So of the packets of connections that ended well no row is ever made.
//!
//! A row is a part: the same flow has others, of other files and, beyond a bound, of the same one. Parts are put
//! together by minimum and maximum.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};
use whyrst_core::observation::{Observation, Seen};
use whyrst_core::segment::{Endpoint, Flags, Segment};
use whyrst_core::time::Timestamp;

use crate::packets::flow_name;
use crate::schema::SCHEMA_KEY;

/// Flows that are held at once.
pub const MOST: usize = 1 << 16;

/// One row in the making.
#[derive(Clone, Copy, Debug)]
struct Part {
    first: Timestamp,
    last: Timestamp,
    ended: bool,
    /// The least and the greatest sequence number of a SYN.
    syns: Option<(u32, u32)>,
    asked: Option<Timestamp>,
    answered: Option<Timestamp>,
    server: Server,
}

/// Which end serves: by a SYN or SYN-ACK, or guessed by the lower port; the earliest word counts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Server {
    guessed: bool,
    time: Timestamp,
    end: Endpoint,
}

/// Parts of flows.
#[derive(Debug, Default)]
pub struct FlowRows {
    parts: HashMap<i64, Part>,
}

impl FlowRows {
    /// The columns. Times are nanoseconds since 1970; `first_syn` and `last_syn` are sequence numbers.
    pub fn schema() -> SchemaRef {
        let columns = [
            ("source", DataType::Utf8),
            ("flow", DataType::Int64),
            ("first", DataType::Int64),
            ("last", DataType::Int64),
            ("ended", DataType::Boolean),
            ("first_syn", DataType::Int64),
            ("last_syn", DataType::Int64),
            ("asked", DataType::Int64),
            ("answered", DataType::Int64),
            ("guessed", DataType::Boolean),
            ("server_time", DataType::Int64),
            ("server_ip", DataType::Utf8),
            ("server_port", DataType::Int64),
        ];
        let fields: Vec<Field> = columns.into_iter().map(|(name, kind)| Field::new(name, kind, true)).collect();
        let metadata = HashMap::from([(SCHEMA_KEY.to_owned(), "flows/1".to_owned())]);
        Arc::new(Schema::new_with_metadata(fields, metadata))
    }

    /// Takes in what was seen; false when there are [`MOST`] parts, which must be taken.
    pub fn push(&mut self, seen: &Observation<'_>) -> bool {
        let (src, dst) = match &seen.what {
            Seen::Segment(segment) => (segment.src, segment.dst),
            Seen::Icmp(error) => (error.src, error.dst),
        };
        let now = Part::of(seen, src, dst);
        self.parts.entry(flow_name(src, dst)).and_modify(|part| part.add(&now)).or_insert(now);
        self.parts.len() < MOST
    }

    /// The rows so far, of the capture called `source`; `None` when there are none.
    pub fn take(&mut self, source: &str) -> Result<Option<RecordBatch>, ArrowError> {
        if self.parts.is_empty() {
            return Ok(None);
        }
        let mut parts: Vec<(i64, Part)> = self.parts.drain().collect();
        parts.sort_unstable_by_key(|(flow, _)| *flow);
        let number = |get: fn(&(i64, Part)) -> Option<i64>| -> ArrayRef {
            Arc::new(parts.iter().map(get).collect::<Int64Array>())
        };
        let truth = |get: fn(&Part) -> bool| -> ArrayRef {
            Arc::new(parts.iter().map(|(_, part)| Some(get(part))).collect::<BooleanArray>())
        };
        let text = |get: &dyn Fn(&Part) -> String| -> ArrayRef {
            Arc::new(parts.iter().map(|(_, part)| Some(get(part))).collect::<StringArray>())
        };
        let columns: Vec<ArrayRef> = vec![
            text(&|_| source.to_owned()),
            number(|(flow, _)| Some(*flow)),
            number(|(_, part)| Some(part.first.nanos())),
            number(|(_, part)| Some(part.last.nanos())),
            truth(|part| part.ended),
            number(|(_, part)| Some(part.syns?.0.into())),
            number(|(_, part)| Some(part.syns?.1.into())),
            number(|(_, part)| Some(part.asked?.nanos())),
            number(|(_, part)| Some(part.answered?.nanos())),
            truth(|part| part.server.guessed),
            number(|(_, part)| Some(part.server.time.nanos())),
            text(&|part| part.server.end.ip.to_string()),
            number(|(_, part)| Some(part.server.end.port.into())),
        ];
        RecordBatch::try_new(Self::schema(), columns).map(Some)
    }
}

impl Part {
    fn of(seen: &Observation<'_>, src: Endpoint, dst: Endpoint) -> Self {
        let time = seen.time;
        let segment = match &seen.what {
            Seen::Segment(segment) => Some(segment),
            Seen::Icmp(_) => None,
        };
        let has = |is: fn(&Segment<'_>) -> bool| segment.is_some_and(is);
        let syn = has(|segment| segment.flags.is_syn());
        let syn_ack = has(|segment| segment.flags.is_syn_ack());
        let serves = if syn || !(syn_ack || src.port < dst.port) { dst } else { src };
        Self {
            first: time,
            last: time,
            ended: segment.is_none_or(|segment| segment.flags.has(Flags::RST)),
            syns: segment.filter(|_| syn).map(|segment| (segment.seq.raw(), segment.seq.raw())),
            asked: syn.then_some(time),
            answered: syn_ack.then_some(time),
            server: Server { guessed: !(syn || syn_ack), time, end: serves },
        }
    }

    fn add(&mut self, other: &Self) {
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.ended |= other.ended;
        self.syns = match (self.syns, other.syns) {
            (Some(one), Some(other)) => Some((one.0.min(other.0), one.1.max(other.1))),
            (one, other) => one.or(other),
        };
        self.asked = [self.asked, other.asked].into_iter().flatten().min();
        self.answered = self.answered.max(other.answered);
        self.server = self.server.min(other.server);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::cast::AsArray;
    use arrow_array::types::Int64Type;
    use whyrst_core::observation::{Frame, IcmpError, IcmpKind, Interface};
    use whyrst_core::segment::{Assumed, IpFacts, IpKind, Options};
    use whyrst_core::seq::Seq;

    const CLIENT: ([u8; 4], u16) = ([10, 0, 0, 1], 40_000);
    const SERVER: ([u8; 4], u16) = ([10, 0, 0, 2], 50_000);

    fn end((address, port): ([u8; 4], u16)) -> Endpoint {
        Endpoint::new(address.into(), port)
    }

    fn seen(time: i64, what: Seen<'static>) -> Observation<'static> {
        Observation {
            time: Timestamp::from_nanos(time),
            frame: Frame::new(0, 1),
            interface: Interface::default(),
            link: None,
            what,
        }
    }

    fn segment(time: i64, src: ([u8; 4], u16), flags: Flags, seq: u32) -> Observation<'static> {
        let dst = if src == CLIENT { SERVER } else { CLIENT };
        let kind = IpKind::V4 { id: Some(0), dont_fragment: Some(true) };
        let segment = Segment {
            src: end(src),
            dst: end(dst),
            seq: Seq::new(seq),
            ack: Seq::default(),
            flags,
            window: 0,
            checksum: 0,
            checksum_right: None,
            ip: IpFacts { ttl: Some(64), traffic_class: Some(0), kind },
            options: Options::default(),
            assumed: Assumed::NOTHING,
            len: 0,
            payload: &[],
            trailer: &[],
        };
        seen(time, Seen::Segment(segment))
    }

    /// The numbers of the only row, under their names.
    fn row(seen: &[Observation<'_>]) -> impl Fn(&str) -> Option<i64> + use<> {
        let mut rows = FlowRows::default();
        assert!(seen.iter().all(|seen| rows.push(seen)));
        let batch = rows.take("a.pcap").unwrap().unwrap();
        assert_eq!(batch.num_rows(), 1);
        assert!(rows.take("a.pcap").unwrap().is_none());
        move |name| {
            let column = batch.column_by_name(name).unwrap();
            match column.data_type() {
                DataType::Boolean => Some(column.as_boolean().value(0).into()),
                _ => arrow_array::Array::is_valid(column, 0).then(|| column.as_primitive::<Int64Type>().value(0)),
            }
        }
    }

    #[test]
    fn a_row_holds_what_decides_whether_a_flow_is_followed() {
        let syn_ack = Flags::SYN.with(Flags::ACK);
        let row = row(&[
            // The lower port guesses the client; the handshake knows better, though it comes later.
            segment(5, CLIENT, Flags::ACK, 0),
            segment(7, CLIENT, Flags::SYN, 900),
            segment(6, CLIENT, Flags::SYN, 100),
            segment(9, SERVER, syn_ack, 1),
        ]);
        let times = ["first", "last", "asked", "answered", "server_time"].map(&row);
        assert_eq!(times, [5, 9, 6, 9, 6].map(Some));
        assert_eq!((row("first_syn"), row("last_syn")), (Some(100), Some(900)));
        assert_eq!((row("server_port"), row("guessed"), row("ended")), (Some(50_000), Some(0), Some(0)));
    }

    #[test]
    fn a_reset_and_an_icmp_error_end_a_flow() {
        let reset = row(&[segment(5, CLIENT, Flags::RST, 0)]);
        assert_eq!((reset("ended"), reset("guessed"), reset("server_port")), (Some(1), Some(1), Some(40_000)));
        assert_eq!((reset("first_syn"), reset("asked"), reset("answered")), (None, None, None));
        let (from, kind) = ([10, 0, 0, 9].into(), IcmpKind::PortUnreachable);
        let error = IcmpError { from, kind, src: end(CLIENT), dst: end(SERVER), seq: None };
        assert_eq!(row(&[seen(1, Seen::Icmp(error))])("ended"), Some(1));
    }
}
