//! Packets as rows, and back: a tracker that is fed with the rows finds what it would have found in
//! the capture.
//!
//! Of a payload only the octets are kept that a cause can be told by (`speech`, `said`), or all where it
//! asks for a name (`asked`); of what stands behind the IP packet only what stands behind a RST.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::net::IpAddr;
use std::sync::Arc;

use arrow_array::builder::{BinaryBuilder, BooleanBuilder, Int64Builder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, TimestampNanosecondType};
use arrow_array::{Array, ArrayRef, BinaryArray, Int64Array, RecordBatch, StringArray, TimestampNanosecondArray};
use arrow_schema::{ArrowError, Schema, SchemaRef};
use whyrst_core::asked::asked;
use whyrst_core::flow::FlowHasher;
use whyrst_core::observation::{Frame, IcmpError, IcmpKind, Interface, Observation, Seen};
use whyrst_core::rst::{RST_PAYLOAD_LIMIT, RST_TRAILER_LIMIT};
use whyrst_core::segment::{Assumed, Endpoint, Flags, IpFacts, IpKind, OptionSet, Options, Segment, Timestamps};
use whyrst_core::seq::Seq;
use whyrst_core::time::Timestamp;
use whyrst_core::words::needed;

use crate::error::StoreError;
use crate::schema::{Table, UTC};

/// Octets kept of the payload of what is no RST: more than any cause is told by.
const PAYLOAD_LIMIT: usize = 16;

/// The name of a flow in every row that whyrst writes: both directions have the same, and it never
/// changes between versions. Not keyed, so that hosts agree on it; who chooses ports can make two
/// flows share a name, which costs time, never a verdict.
pub fn flow_name(one: Endpoint, other: Endpoint) -> i64 {
    FlowHasher::new(0).name(one, other).cast_signed()
}

/// What a cell is made of.
struct Row<'a> {
    source: &'a str,
    seen: &'a Observation<'a>,
}

impl<'a> Row<'a> {
    const fn segment(&self) -> Option<&Segment<'a>> {
        match &self.seen.what {
            Seen::Segment(segment) => Some(segment),
            Seen::Icmp(_) => None,
        }
    }

    const fn icmp(&self) -> Option<&IcmpError> {
        match &self.seen.what {
            Seen::Icmp(error) => Some(error),
            Seen::Segment(_) => None,
        }
    }

    const fn ends(&self) -> (Endpoint, Endpoint) {
        match &self.seen.what {
            Seen::Segment(segment) => (segment.src, segment.dst),
            Seen::Icmp(error) => (error.src, error.dst),
        }
    }

    fn options(&self) -> Option<&Options> {
        self.segment().map(|segment| &segment.options)
    }
}

type Number = fn(&Row<'_>) -> Option<i64>;
type Truth = fn(&Row<'_>) -> Option<bool>;
type Words = fn(&Row<'_>, &mut String) -> Option<()>;
type Octets = for<'a> fn(&Row<'a>) -> Option<&'a [u8]>;

/// A column being built, with the function that fills it.
enum Building {
    Time(Int64Builder, Number),
    Number(Int64Builder, Number),
    Truth(BooleanBuilder, Truth),
    Words(StringBuilder, Words),
    Octets(BinaryBuilder, Octets),
}

/// Builds batches of packets, of the columns that are wanted.
pub struct PacketRows {
    schema: SchemaRef,
    columns: Vec<Building>,
    text: String,
    rows: usize,
}

impl std::fmt::Debug for PacketRows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PacketRows").field("rows", &self.rows).finish_non_exhaustive()
    }
}

impl PacketRows {
    /// For all columns.
    pub fn all() -> Self {
        Self::of(Table::Packets.schema())
    }

    /// For the columns of `schema`, a projection of that of the table.
    pub fn of(schema: SchemaRef) -> Self {
        let columns = schema.fields().iter().map(|field| building(field.name())).collect();
        Self { schema, columns, text: String::new(), rows: 0 }
    }

    /// Rows that wait.
    pub const fn len(&self) -> usize {
        self.rows
    }

    /// Whether no row waits.
    pub const fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Takes in what was seen in the capture called `source`.
    pub fn push(&mut self, source: &str, seen: &Observation<'_>) {
        let row = Row { source, seen };
        for column in &mut self.columns {
            match column {
                Building::Time(builder, get) | Building::Number(builder, get) => builder.append_option(get(&row)),
                Building::Truth(builder, get) => builder.append_option(get(&row)),
                Building::Octets(builder, get) => builder.append_option(get(&row)),
                Building::Words(builder, put) => {
                    self.text.clear();
                    let known = put(&row, &mut self.text);
                    builder.append_option(known.map(|()| self.text.as_str()));
                }
            }
        }
        self.rows += 1;
    }

    /// The rows so far.
    pub fn take(&mut self) -> Result<RecordBatch, ArrowError> {
        let rows = std::mem::take(&mut self.rows);
        let columns = self.columns.iter_mut().map(Building::finish).collect();
        let options = arrow_array::RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)
    }
}

impl Building {
    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Time(builder, _) => {
                Arc::new(builder.finish().reinterpret_cast::<TimestampNanosecondType>().with_timezone(UTC))
            }
            Self::Number(builder, _) => Arc::new(builder.finish()),
            Self::Truth(builder, _) => Arc::new(builder.finish()),
            Self::Words(builder, _) => Arc::new(builder.finish()),
            Self::Octets(builder, _) => Arc::new(builder.finish()),
        }
    }
}

fn building(name: &str) -> Building {
    let number = |get: Number| Building::Number(Int64Builder::new(), get);
    let truth = |get: Truth| Building::Truth(BooleanBuilder::new(), get);
    let words = |put: Words| Building::Words(StringBuilder::new(), put);
    let octets = |get: Octets| Building::Octets(BinaryBuilder::new(), get);
    match name {
        "source" => words(|row, text| {
            text.push_str(row.source);
            Some(())
        }),
        "frame" => number(|row| Some(row.seen.frame.number().cast_signed())),
        "time" => Building::Time(Int64Builder::new(), |row| Some(row.seen.time.nanos())),
        "interface" => number(|row| Some(row.seen.interface.0.into())),
        "flow" => number(|row| Some(flow_name(row.ends().0, row.ends().1))),
        "src_ip" => words(|row, text| write!(text, "{}", row.ends().0.ip).ok()),
        "src_port" => number(|row| Some(row.ends().0.port.into())),
        "dst_ip" => words(|row, text| write!(text, "{}", row.ends().1.ip).ok()),
        "dst_port" => number(|row| Some(row.ends().1.port.into())),
        "flags" => words(|row, text| write!(text, "{}", row.segment()?.flags).ok()),
        "syn" => truth(|row| flag(row, Flags::SYN)),
        "fin" => truth(|row| flag(row, Flags::FIN)),
        "rst" => truth(|row| flag(row, Flags::RST)),
        "ack" => truth(|row| flag(row, Flags::ACK)),
        "seq" => number(|row| match &row.seen.what {
            Seen::Segment(segment) => Some(segment.seq.raw().into()),
            Seen::Icmp(error) => Some(error.seq?.raw().into()),
        }),
        "ack_number" => number(|row| Some(row.segment()?.ack.raw().into())),
        "window" => number(|row| Some(row.segment()?.window.into())),
        "len" => number(|row| Some(row.segment()?.len.into())),
        "captured" => number(|row| Some(u16::try_from(row.segment()?.payload.len()).unwrap_or(u16::MAX).into())),
        "ttl" => number(|row| Some(row.segment()?.ip.ttl?.into())),
        "traffic_class" => number(|row| Some(row.segment()?.ip.traffic_class?.into())),
        "ip_id" => number(|row| {
            Some(match row.segment()?.ip.kind {
                IpKind::V4 { id, .. } => id?.into(),
                IpKind::V6 { flow_label } => flow_label?.into(),
            })
        }),
        "dont_fragment" => truth(|row| match row.segment()?.ip.kind {
            IpKind::V4 { dont_fragment, .. } => dont_fragment,
            IpKind::V6 { .. } => None,
        }),
        "checksum" => number(|row| Some(row.segment()?.checksum.into())),
        "options" => number(|row| Some(row.options()?.set.bits().into())),
        "mss" => number(|row| row.options()?.mss.map(Into::into)),
        "window_scale" => number(|row| row.options()?.window_scale.map(Into::into)),
        "ts_value" => number(|row| row.options()?.timestamps.map(|stamps| stamps.value.into())),
        "ts_echo" => number(|row| row.options()?.timestamps.map(|stamps| stamps.echo.into())),
        "mptcp_reason" => number(|row| row.options()?.mptcp_reason.map(Into::into)),
        "sack_edge" => number(|row| row.options()?.sack_edge.map(|edge| edge.raw().into())),
        "payload" => octets(|row| {
            let Seen::Segment(segment) = &row.seen.what else { return None };
            let limit = match asked(segment.payload) {
                Some(_) => usize::MAX,
                None if segment.flags.has(Flags::RST) => RST_PAYLOAD_LIMIT,
                None => PAYLOAD_LIMIT.max(needed(segment.payload)),
            };
            Some(&segment.payload[..segment.payload.len().min(limit)]).filter(|kept| !kept.is_empty())
        }),
        "trailer" => octets(|row| {
            let Seen::Segment(segment) = &row.seen.what else { return None };
            let kept = &segment.trailer[..segment.trailer.len().min(RST_TRAILER_LIMIT)];
            Some(kept).filter(|kept| segment.flags.has(Flags::RST) && !kept.is_empty())
        }),
        "icmp_from" => words(|row, text| write!(text, "{}", row.icmp()?.from).ok()),
        "icmp" => words(|row, text| icmp_words(row.icmp()?.kind, text)),
        // The columns are those of the table; a test fills every one.
        _ => words(|_, _| None),
    }
}

/// How a number is compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Comparison {
    /// `=`.
    Equal,
    /// `<>`.
    Unequal,
    /// `<`.
    Less,
    /// `<=`.
    AtMost,
    /// `>`.
    Greater,
    /// `>=`.
    AtLeast,
}

/// What a query wants of a column, looked at before any row is built. Truths are 0 and 1, times
/// nanoseconds.
#[derive(Clone, Copy)]
pub struct Condition {
    get: Getter,
    comparison: Comparison,
    value: i64,
}

#[derive(Clone, Copy)]
enum Getter {
    Number(Number),
    Truth(Truth),
}

impl std::fmt::Debug for Condition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {}", self.comparison, self.value)
    }
}

impl Condition {
    /// On a column of numbers, truths or times; `None` where there is none of that name.
    pub fn on(column: &str, comparison: Comparison, value: i64) -> Option<Self> {
        Table::Packets.columns().iter().find(|known| known.name == column)?;
        let get = match building(column) {
            Building::Time(_, get) | Building::Number(_, get) => Getter::Number(get),
            Building::Truth(_, get) => Getter::Truth(get),
            Building::Words(..) | Building::Octets(..) => return None,
        };
        Some(Self { get, comparison, value })
    }

    /// Whether a row of this would pass; null never does.
    pub fn holds(&self, seen: &Observation<'_>) -> bool {
        let row = Row { source: "", seen };
        let found = match self.get {
            Getter::Number(get) => get(&row),
            Getter::Truth(get) => get(&row).map(i64::from),
        };
        found.is_some_and(|found| match self.comparison {
            Comparison::Equal => found == self.value,
            Comparison::Unequal => found != self.value,
            Comparison::Less => found < self.value,
            Comparison::AtMost => found <= self.value,
            Comparison::Greater => found > self.value,
            Comparison::AtLeast => found >= self.value,
        })
    }
}

fn flag(row: &Row<'_>, flag: Flags) -> Option<bool> {
    Some(row.segment()?.flags.has(flag))
}

const ICMP: [(IcmpKind, &str); 6] = [
    (IcmpKind::HostUnreachable, "host-unreachable"),
    (IcmpKind::ProtocolUnreachable, "protocol-unreachable"),
    (IcmpKind::PortUnreachable, "port-unreachable"),
    (IcmpKind::Prohibited, "prohibited"),
    (IcmpKind::TooBig, "too-big"),
    (IcmpKind::TimeExceeded, "time-exceeded"),
];

fn icmp_words(kind: IcmpKind, text: &mut String) -> Option<()> {
    match kind {
        IcmpKind::Other { kind, code } => write!(text, "type-{kind}-code-{code}").ok(),
        kind => {
            text.push_str(ICMP.iter().find(|(known, _)| *known == kind)?.1);
            Some(())
        }
    }
}

fn icmp_kind(words: &str) -> Option<IcmpKind> {
    if let Some((kind, _)) = ICMP.iter().find(|(_, known)| *known == words) {
        return Some(*kind);
    }
    let (kind, code) = words.strip_prefix("type-")?.split_once("-code-")?;
    Some(IcmpKind::Other { kind: kind.parse().ok()?, code: code.parse().ok()? })
}

/// Numbers sources as they are met, as the files of a set are numbered.
#[derive(Debug, Default)]
pub struct Sources {
    names: Vec<String>,
    numbers: HashMap<String, u32>,
}

impl Sources {
    fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.names.push(name.to_owned());
        self.numbers.insert(name.to_owned(), number);
        number
    }

    /// The names, by number.
    pub fn names(&self) -> &[String] {
        &self.names
    }
}

/// A batch of packets that is read as observations.
#[derive(Debug)]
pub struct PacketBatch<'a> {
    schema: &'a Schema,
    batch: &'a RecordBatch,
}

impl<'a> PacketBatch<'a> {
    /// Checks that the batch has what a tracker needs.
    pub fn of(batch: &'a RecordBatch) -> Result<Self, StoreError> {
        for column in Table::Packets.columns() {
            let expected = column.kind.data_type();
            let found = batch.column_by_name(column.name).map(|array| array.data_type().clone());
            if found.as_ref() != Some(&expected) {
                return Err(StoreError::Type {
                    table: Table::Packets,
                    column: column.name,
                    found: found.map_or_else(|| "missing".to_owned(), |found| found.to_string()),
                    expected: expected.to_string(),
                });
            }
        }
        Ok(Self { schema: batch.schema_ref(), batch })
    }

    fn column(&self, name: &str) -> &'a ArrayRef {
        // `of` has checked that it is there.
        self.batch.column(self.schema.index_of(name).unwrap_or_default())
    }

    /// Its rows as observations, in their order, until `each` fails.
    pub fn each<E: From<StoreError>>(
        &self,
        sources: &mut Sources,
        mut each: impl FnMut(&Observation<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let cells = Cells::of(self);
        let mut said = Said::default();
        (0..self.batch.num_rows()).try_for_each(|row| each(&cells.observation(row, sources, &mut said)?))
    }
}

/// A payload as long as it was, of which only the beginning is known: how long it is says whether
/// the capture cut it.
#[derive(Default)]
struct Said {
    octets: Vec<u8>,
    known: usize,
}

impl Said {
    fn of(&mut self, beginning: &[u8], captured: usize) -> &[u8] {
        self.octets[..self.known].fill(0);
        let len = captured.max(beginning.len());
        if self.octets.len() < len {
            self.octets.resize(len, 0);
        }
        self.octets[..beginning.len()].copy_from_slice(beginning);
        self.known = beginning.len();
        &self.octets[..len]
    }
}

/// The columns, by type.
struct Cells<'a> {
    time: &'a TimestampNanosecondArray,
    words: HashMap<&'static str, &'a StringArray>,
    numbers: HashMap<&'static str, &'a Int64Array>,
    dont_fragment: &'a arrow_array::BooleanArray,
    payload: &'a BinaryArray,
    trailer: &'a BinaryArray,
}

impl<'a> Cells<'a> {
    fn of(batch: &PacketBatch<'a>) -> Self {
        let names = |kind: fn(&crate::schema::Kind) -> bool| {
            Table::Packets.columns().iter().filter(move |column| kind(&column.kind)).map(|column| column.name)
        };
        Self {
            time: batch.column("time").as_primitive(),
            words: names(|kind| matches!(kind, crate::schema::Kind::Text))
                .map(|name| (name, batch.column(name).as_string()))
                .collect(),
            numbers: names(|kind| matches!(kind, crate::schema::Kind::Int))
                .map(|name| (name, batch.column(name).as_primitive::<Int64Type>()))
                .collect(),
            dont_fragment: batch.column("dont_fragment").as_boolean(),
            payload: batch.column("payload").as_binary(),
            trailer: batch.column("trailer").as_binary(),
        }
    }

    fn observation<'s>(
        &'s self,
        row: usize,
        sources: &mut Sources,
        said: &'s mut Said,
    ) -> Result<Observation<'s>, StoreError> {
        let file = sources.number(self.text(row, "source").unwrap_or("-"));
        Ok(Observation {
            time: Timestamp::from_nanos(self.time.value(row)),
            frame: Frame::new(file, self.required(row, "frame")?),
            interface: Interface(self.required(row, "interface")?),
            link: None,
            what: match self.text(row, "icmp") {
                Some(words) => Seen::Icmp(self.icmp(row, words)?),
                None => Seen::Segment(self.segment(row, said)?),
            },
        })
    }

    fn icmp(&self, row: usize, words: &str) -> Result<IcmpError, StoreError> {
        Ok(IcmpError {
            from: self.ip(row, "icmp_from")?,
            kind: icmp_kind(words).ok_or_else(|| bad(row, "icmp", words))?,
            src: self.end(row, "src_ip", "src_port")?,
            dst: self.end(row, "dst_ip", "dst_port")?,
            seq: self.number(row, "seq")?.map(Seq::new),
        })
    }

    fn segment<'s>(&'s self, row: usize, said: &'s mut Said) -> Result<Segment<'s>, StoreError> {
        let src = self.end(row, "src_ip", "src_port")?;
        let kind = if src.ip.is_ipv6() {
            IpKind::V6 { flow_label: self.number(row, "ip_id")? }
        } else {
            IpKind::V4 {
                id: self.number(row, "ip_id")?,
                dont_fragment: (!self.dont_fragment.is_null(row)).then(|| self.dont_fragment.value(row)),
            }
        };
        let stamps = (self.number(row, "ts_value")?, self.number(row, "ts_echo")?);
        Ok(Segment {
            src,
            dst: self.end(row, "dst_ip", "dst_port")?,
            seq: Seq::new(self.required(row, "seq")?),
            ack: Seq::new(self.required(row, "ack_number")?),
            flags: self.flags(row)?,
            window: self.required(row, "window")?,
            checksum: self.required(row, "checksum")?,
            // No column has it.
            checksum_right: None,
            ip: IpFacts { ttl: self.number(row, "ttl")?, traffic_class: self.number(row, "traffic_class")?, kind },
            options: Options {
                set: OptionSet::from_bits(self.required(row, "options")?),
                mss: self.number(row, "mss")?,
                window_scale: self.number(row, "window_scale")?,
                timestamps: if let (Some(value), Some(echo)) = stamps {
                    Some(Timestamps { value, echo })
                } else {
                    None
                },
                mptcp_reason: self.number(row, "mptcp_reason")?,
                sack_edge: self.number(row, "sack_edge")?.map(Seq::new),
            },
            assumed: Assumed::NOTHING,
            len: self.required(row, "len")?,
            // No IP packet is longer.
            payload: said.of(octets(self.payload, row), self.required::<u16>(row, "captured")?.into()),
            trailer: octets(self.trailer, row),
        })
    }

    fn flags(&self, row: usize) -> Result<Flags, StoreError> {
        const LETTERS: &[u8] = b"FSRPAUEC";
        let words = self.text(row, "flags").unwrap_or_default();
        let mut bits = 0;
        for letter in words.bytes().filter(|letter| *letter != b'-') {
            let bit = LETTERS.iter().position(|known| *known == letter).ok_or_else(|| bad(row, "flags", words))?;
            bits |= 1 << bit;
        }
        Ok(Flags::from_bits(bits))
    }

    fn end(&self, row: usize, ip: &'static str, port: &'static str) -> Result<Endpoint, StoreError> {
        Ok(Endpoint::new(self.ip(row, ip)?, self.required(row, port)?))
    }

    fn ip(&self, row: usize, column: &'static str) -> Result<IpAddr, StoreError> {
        let words = self.text(row, column).unwrap_or_default();
        words.parse().map_err(|_| bad(row, column, words))
    }

    fn text(&self, row: usize, column: &str) -> Option<&'a str> {
        let array: &'a StringArray = self.words.get(column)?;
        array.is_valid(row).then(|| array.value(row))
    }

    fn number<T: TryFrom<i64>>(&self, row: usize, column: &'static str) -> Result<Option<T>, StoreError> {
        let array = self.numbers.get(column).filter(|array| array.is_valid(row));
        let value = array.map(|array| array.value(row));
        value.map(|value| T::try_from(value).map_err(|_| bad(row, column, &value))).transpose()
    }

    fn required<T: TryFrom<i64>>(&self, row: usize, column: &'static str) -> Result<T, StoreError> {
        self.number(row, column)?.ok_or_else(|| bad(row, column, "null"))
    }
}

fn octets(array: &BinaryArray, row: usize) -> &[u8] {
    if array.is_valid(row) { array.value(row) } else { &[] }
}

fn bad(row: usize, column: &'static str, value: &(impl ToString + ?Sized)) -> StoreError {
    StoreError::Value { row: row as u64 + 1, column, value: value.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment() -> Segment<'static> {
        Segment {
            src: Endpoint::new([10, 0, 0, 1].into(), 40_000),
            dst: Endpoint::new([10, 0, 0, 2].into(), 80),
            seq: Seq::new(u32::MAX),
            ack: Seq::new(7),
            flags: Flags::RST.with(Flags::ACK).with(Flags::ECE),
            window: 65_535,
            checksum: 0xbeef,
            checksum_right: None,
            ip: IpFacts {
                ttl: Some(64),
                traffic_class: Some(3),
                kind: IpKind::V4 { id: Some(9), dont_fragment: Some(true) },
            },
            options: Options {
                set: OptionSet::from_bits(0x8011),
                mss: Some(1460),
                window_scale: Some(7),
                timestamps: Some(Timestamps { value: 1, echo: u32::MAX }),
                mptcp_reason: Some(3),
                sack_edge: Some(Seq::new(12)),
            },
            assumed: Assumed::NOTHING,
            len: 5,
            payload: b"hello",
            trailer: &[1, 2],
        }
    }

    fn seen(number: u64, what: Seen<'_>) -> Observation<'_> {
        let frame = Frame::new(0, number);
        Observation { time: Timestamp::from_nanos(-5), frame, interface: Interface(3), link: None, what }
    }

    #[test]
    fn what_is_written_as_a_row_is_read_as_it_was() {
        let v6 = Segment {
            src: Endpoint::new("2001:db8::1".parse().unwrap(), 1),
            dst: Endpoint::new("2001:db8::2".parse().unwrap(), 2),
            ip: IpFacts { ttl: Some(1), traffic_class: Some(0), kind: IpKind::V6 { flow_label: Some(0xf_ffff) } },
            options: Options::default(),
            payload: &[],
            trailer: &[],
            ..segment()
        };
        let about = (segment().src, segment().dst);
        let error = |kind| IcmpError { from: [10, 0, 0, 9].into(), kind, src: about.0, dst: about.1, seq: None };
        let all = [
            seen(1, Seen::Segment(segment())),
            seen(2, Seen::Segment(v6)),
            seen(3, Seen::Icmp(error(IcmpKind::Prohibited))),
            seen(4, Seen::Icmp(error(IcmpKind::Other { kind: 3, code: 12 }))),
        ];
        let mut rows = PacketRows::all();
        for one in &all {
            rows.push("a.pcap", one);
        }
        let batch = rows.take().unwrap();
        let (mut sources, mut at) = (Sources::default(), 0);
        let compare = |read: &Observation<'_>| -> Result<(), StoreError> {
            assert_eq!(format!("{read:?}"), format!("{:?}", all[at]));
            at += 1;
            Ok(())
        };
        PacketBatch::of(&batch).unwrap().each(&mut sources, compare).unwrap();
        assert_eq!(at, all.len());
        assert_eq!(sources.names(), ["a.pcap"]);
        // A column that nothing can fill would be null in the first and third row.
        for (at, column) in Table::Packets.columns().iter().enumerate() {
            assert!(batch.column(at).null_count() < 4, "{}", column.name);
        }
    }

    #[test]
    fn a_condition_holds_for_the_rows_that_a_query_would_keep() {
        let one = seen(7, Seen::Segment(segment()));
        let holds = |column, comparison, value| Condition::on(column, comparison, value).unwrap().holds(&one);
        assert!(holds("rst", Comparison::Equal, 1) && !holds("syn", Comparison::Equal, 1));
        assert!(holds("frame", Comparison::AtLeast, 7) && !holds("frame", Comparison::Greater, 7));
        assert!(holds("dst_port", Comparison::Less, 81) && holds("time", Comparison::AtMost, -5));
        assert!(Condition::on("src_ip", Comparison::Equal, 1).is_none());
        assert!(Condition::on("nothing", Comparison::Equal, 1).is_none());
        let error = IcmpError {
            from: [10, 0, 0, 9].into(),
            kind: IcmpKind::TooBig,
            src: segment().src,
            dst: segment().dst,
            seq: None,
        };
        let icmp = seen(8, Seen::Icmp(error));
        assert!(!Condition::on("rst", Comparison::Unequal, 1).unwrap().holds(&icmp));
    }

    #[test]
    fn a_row_that_no_packet_can_be_is_refused() {
        let mut rows = PacketRows::all();
        rows.push("a", &seen(1, Seen::Segment(segment())));
        let batch = rows.take().unwrap();
        let place = batch.schema().index_of("src_port").unwrap();
        let mut columns = batch.columns().to_vec();
        columns[place] = Arc::new(Int64Array::from(vec![70_000]));
        let changed = RecordBatch::try_new(batch.schema(), columns).unwrap();
        let nothing = |_: &Observation<'_>| -> Result<(), StoreError> { Ok(()) };
        let error = PacketBatch::of(&changed).unwrap().each(&mut Sources::default(), nothing).unwrap_err();
        assert_eq!(error.to_string(), "row 1: src_port is 70000, which no packet can have");
    }

    #[test]
    fn of_a_payload_its_beginning_and_its_length_are_kept() {
        let long = [b'x'; 1_400];
        let segment = Segment { flags: Flags::ACK, len: 1_400, payload: &long, trailer: &[], ..segment() };
        let mut rows = PacketRows::all();
        rows.push("a", &seen(1, Seen::Segment(segment)));
        rows.push("a", &seen(2, Seen::Segment(Segment { payload: b"ab", ..segment })));
        let batch = rows.take().unwrap();
        let mut read = Vec::new();
        let note = |seen: &Observation<'_>| -> Result<(), StoreError> {
            if let Seen::Segment(segment) = &seen.what {
                read.push((segment.payload.len(), segment.payload[..2].to_vec(), segment.payload.get(16).copied()));
            }
            Ok(())
        };
        PacketBatch::of(&batch).unwrap().each(&mut Sources::default(), note).unwrap();
        assert_eq!(read, [(1_400, b"xx".to_vec(), Some(0)), (2, b"ab".to_vec(), None)]);
    }

    #[test]
    fn the_name_of_a_flow_never_changes() {
        let (one, other) = (segment().src, segment().dst);
        assert_eq!(flow_name(one, other), flow_name(other, one));
        assert_eq!(flow_name(one, other), KNOWN);
    }

    /// Computed by hand, in another language.
    const KNOWN: i64 = -7_314_509_043_016_339_099;
}
