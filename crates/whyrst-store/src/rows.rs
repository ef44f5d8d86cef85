//! Records to rows: what the report says is what the row says, since the one is made of the other.
//!
//! A record goes into Arrow as it is, nested, by its own `Serialize`; a batch of them is then taken apart into the
//! table's columns, which copies nothing but what it takes of a list's first element.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::slice;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, ArrayRef, Int32Array, ListArray, RecordBatch, StringArray, StructArray};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_json::ReaderBuilder;
use arrow_json::reader::Decoder;
use arrow_schema::{ArrowError, DataType, Field, Fields, Schema};
use arrow_select::take::take;
use serde::Serialize;
use serde_json::Value;
use whyrst_core::connection::Connection;
use whyrst_core::report::Context;
use whyrst_core::time::Span;
use whyrst_core::zeek::conn_state;
use whyrst_model::connection::ConnectionReport;
use whyrst_model::incident::IncidentReport;
use whyrst_model::report::{Report, ReportSchema};

use crate::error::StoreError;
use crate::schema::{Column, Kind, Step, Table, fields, step};

/// Rows of one batch, where nothing else is asked for. Room for them is taken at once: some ten kilobytes for a reset.
pub const BATCH: usize = 4_096;

/// A record that is a row of a table.
pub trait Row: Serialize {
    /// Of which one.
    fn table(&self) -> Table;
}

impl Row for Report<'_> {
    fn table(&self) -> Table {
        match self.schema {
            ReportSchema::Reset => Table::Resets,
            ReportSchema::FailedConnect => Table::FailedConnects,
        }
    }
}

impl Row for IncidentReport<'_> {
    fn table(&self) -> Table {
        Table::Incidents
    }
}

impl Row for ConnectionReport<'_> {
    fn table(&self) -> Table {
        Table::Connections
    }
}

/// What a line of JSON was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Line {
    /// A row of the table, which it is now.
    Taken,
    /// Another record.
    Other,
    /// No record of whyrst.
    Damaged,
}

/// Gathers rows of one table.
#[derive(Debug)]
pub struct Rows {
    table: Table,
    decoder: Decoder,
    batch: usize,
}

impl Rows {
    /// For rows of `table`.
    pub fn of(table: Table) -> Result<Self, StoreError> {
        Self::in_batches(table, BATCH)
    }

    /// The same, `batch` at once.
    pub fn in_batches(table: Table, batch: usize) -> Result<Self, StoreError> {
        let builder =
            ReaderBuilder::new(Arc::new(nested(table.columns()))).with_batch_size(batch).with_coerce_primitive(true);
        let decoder = builder.build_decoder().map_err(|cause| StoreError::Row { table, cause })?;
        Ok(Self { table, decoder, batch })
    }

    /// Takes in one record. Resets and failed connects have the same columns: a reader may want both in one.
    pub fn push(&mut self, row: &impl Row) -> Result<(), StoreError> {
        let table = self.table;
        self.decoder.serialize(slice::from_ref(row)).map_err(|cause| StoreError::Row { table, cause })
    }

    /// Takes in a line that some version of whyrst wrote, when it is a row of this table. It is not read into the
    /// record's type, which has defaults for what older versions did not say yet: here that is null.
    pub fn push_line(&mut self, line: &[u8]) -> Result<Line, StoreError> {
        let Ok(record) = serde_json::from_slice::<Value>(line) else { return Ok(Line::Damaged) };
        let schema = record.get("schema").and_then(Value::as_str).unwrap_or_default();
        let table = self.table;
        if Table::of_json(schema) != Some(table) {
            return Ok(if schema.starts_with("whyrst.") { Line::Other } else { Line::Damaged });
        }
        self.decoder.serialize(&[record]).map_err(|cause| StoreError::Row { table, cause })?;
        Ok(Line::Taken)
    }

    /// Rows that wait.
    pub fn len(&self) -> usize {
        self.decoder.len()
    }

    /// Whether no row waits.
    pub fn is_empty(&self) -> bool {
        self.decoder.is_empty()
    }

    /// Whether the rows are to be taken before more come.
    pub fn is_full(&self) -> bool {
        self.len() >= self.batch
    }

    /// The rows so far; `None` when there are none.
    pub fn take(&mut self) -> Result<Option<RecordBatch>, StoreError> {
        let table = self.table;
        let taken = self.decoder.flush().and_then(|batch| batch.map(|batch| flat(table, batch)).transpose());
        taken.map_err(|cause| StoreError::Row { table, cause })
    }
}

/// Gathers rows of whatever tables they are of.
#[derive(Debug)]
pub struct RowSet {
    tables: HashMap<Table, Rows>,
    batch: usize,
}

impl Default for RowSet {
    fn default() -> Self {
        Self::in_batches(BATCH)
    }
}

impl RowSet {
    /// For so many rows of a table at once.
    pub fn in_batches(batch: usize) -> Self {
        Self { tables: HashMap::new(), batch }
    }

    /// Takes in one record; true when the rows are to be taken before more come.
    pub fn push(&mut self, row: &impl Row) -> Result<bool, StoreError> {
        let rows = match self.tables.entry(row.table()) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let rows = Rows::in_batches(row.table(), self.batch)?;
                entry.insert(rows)
            }
        };
        rows.push(row)?;
        Ok(rows.is_full())
    }

    /// The rows so far, of each table that has any.
    pub fn take(&mut self) -> Result<Vec<(Table, RecordBatch)>, StoreError> {
        let batches = self.tables.iter_mut().map(|(table, rows)| Ok(rows.take()?.map(|batch| (*table, batch))));
        batches.filter_map(Result::transpose).collect()
    }
}

/// What a record looks like, as far as columns are made of it.
#[derive(Default)]
enum Shape {
    #[default]
    Open,
    Value(DataType),
    Object(Vec<(&'static str, Shape)>),
    List(Box<Shape>),
    Map(Box<Shape>),
}

/// The Arrow schema of a record, nested as it is.
fn nested(columns: &[Column]) -> Schema {
    let mut record = Shape::Object(Vec::new());
    for column in columns {
        record.place(column.path, &column.kind);
    }
    match record.data_type() {
        DataType::Struct(fields) => Schema::new(fields),
        _ => Schema::empty(),
    }
}

impl Shape {
    /// Makes room for a value at `path`.
    fn place(&mut self, path: &'static str, kind: &Kind) {
        match step(path) {
            None => match kind {
                Kind::Row(members) => members.iter().for_each(|member| self.place(member.path, &member.kind)),
                Kind::Endpoint => {
                    self.place("/ip", &Kind::Text);
                    self.place("/port", &Kind::Int);
                }
                value => *self = Self::Value(value.data_type()),
            },
            Some((Step::Member(name), rest)) => self.member(name).place(rest, kind),
            Some((Step::First | Step::Each, rest)) => self.element(Self::List).place(rest, kind),
            Some((Step::Entry, rest)) => self.element(Self::Map).place(rest, kind),
        }
    }

    fn member(&mut self, name: &'static str) -> &mut Self {
        if !matches!(self, Self::Object(_)) {
            *self = Self::Object(Vec::new());
        }
        let Self::Object(members) = self else { return self };
        let at = members.iter().position(|(known, _)| *known == name).unwrap_or(members.len());
        if at == members.len() {
            members.push((name, Self::Open));
        }
        &mut members[at].1
    }

    fn element(&mut self, of: fn(Box<Self>) -> Self) -> &mut Self {
        if !matches!(self, Self::List(_) | Self::Map(_)) {
            *self = of(Box::default());
        }
        match self {
            Self::List(inner) | Self::Map(inner) => inner,
            other => other,
        }
    }

    fn data_type(self) -> DataType {
        match self {
            Self::Open => DataType::Null,
            Self::Value(data_type) => data_type,
            Self::Object(members) => {
                let field = |(name, shape): (&str, Self)| Field::new(name, shape.data_type(), true);
                DataType::Struct(members.into_iter().map(field).collect())
            }
            Self::List(inner) => DataType::List(Arc::new(Field::new_list_field(inner.data_type(), true))),
            Self::Map(entry) => {
                let key = Field::new("key", DataType::Utf8, false);
                let value = match *entry {
                    Self::Object(members) => members.into_iter().find(|(name, _)| *name == "value"),
                    _ => None,
                };
                let value = Field::new("value", value.map_or(DataType::Null, |(_, shape)| shape.data_type()), true);
                let entries = Field::new("entries", DataType::Struct(Fields::from(vec![key, value])), false);
                DataType::Map(Arc::new(entries), false)
            }
        }
    }
}

/// Nested records as the columns of their table.
fn flat(table: Table, records: RecordBatch) -> Result<RecordBatch, ArrowError> {
    let records: ArrayRef = Arc::new(StructArray::from(records));
    let columns = table.columns().iter().map(|column| project(&records, column.path, &column.kind));
    RecordBatch::try_new(table.schema(), columns.collect::<Result<_, _>>()?)
}

/// The values at `path`.
fn project(array: &ArrayRef, path: &'static str, kind: &Kind) -> Result<ArrayRef, ArrowError> {
    match step(path) {
        None => value(array, kind),
        Some((Step::Member(name), rest)) => {
            let missing = || ArrowError::SchemaError(format!("a record has no {name}"));
            project(array.as_struct().column_by_name(name).ok_or_else(missing)?, rest, kind)
        }
        Some((Step::First, rest)) => {
            let lists = array.as_list::<i32>();
            take(&project(lists.values(), rest, kind)?, &firsts(lists), None)
        }
        Some((Step::Each, rest)) => {
            let lists = array.as_list::<i32>();
            list(project(lists.values(), rest, kind)?, lists.offsets(), lists.nulls())
        }
        Some((Step::Entry, rest)) => {
            let maps = array.as_map();
            let entries: ArrayRef = Arc::new(maps.entries().clone());
            list(project(&entries, rest, kind)?, maps.offsets(), maps.nulls())
        }
    }
}

fn list(values: ArrayRef, offsets: &OffsetBuffer<i32>, nulls: Option<&NullBuffer>) -> Result<ArrayRef, ArrowError> {
    let field = Arc::new(Field::new_list_field(values.data_type().clone(), true));
    Ok(Arc::new(ListArray::try_new(field, offsets.clone(), values, nulls.cloned())?))
}

/// Where the first element of each list stands.
fn firsts(lists: &ListArray) -> Int32Array {
    let first = |row| Some(lists.value_offsets()[row]).filter(|_| lists.is_valid(row) && lists.value_length(row) > 0);
    (0..lists.len()).map(first).collect()
}

fn value(array: &ArrayRef, kind: &Kind) -> Result<ArrayRef, ArrowError> {
    Ok(match kind {
        Kind::Row(members) => {
            let columns = members.iter().map(|member| project(array, member.path, &member.kind));
            let columns = columns.collect::<Result<_, _>>()?;
            Arc::new(StructArray::try_new(fields(members), columns, array.nulls().cloned())?)
        }
        Kind::Endpoint => {
            let (addresses, ports) = (project(array, "/ip", &Kind::Text)?, project(array, "/port", &Kind::Int)?);
            let (addresses, ports) = (addresses.as_string::<i32>(), ports.as_primitive::<Int64Type>());
            Arc::new(addresses.iter().zip(ports).map(|(ip, port)| Some(endpoint(ip?, port?))).collect::<StringArray>())
        }
        _ => Arc::clone(array),
    })
}

/// `10.0.0.2:80`, `[2001:db8::1]:80`.
fn endpoint(ip: &str, port: i64) -> String {
    if ip.contains(':') { format!("[{ip}]:{port}") } else { format!("{ip}:{port}") }
}

/// The record of a connection, for the table of all connections.
pub fn connection_report<'a>(connection: &'a Connection, context: &'a Context) -> ConnectionReport<'a> {
    let (client, server) = (connection.client, connection.server());
    let (there, back) = (connection.half(client), connection.half(server));
    ConnectionReport {
        source: context.file(connection.first_frame).into(),
        time: connection.first,
        last: connection.last,
        frame: connection.first_frame.number(),
        client: connection.endpoint(client),
        server: connection.endpoint(server),
        roles: connection.roles,
        history: connection.letters.as_str().into(),
        conn_state: conn_state(connection).into(),
        client_segments: there.segments,
        server_segments: back.segments,
        client_bytes: there.bytes,
        server_bytes: back.bytes,
        retransmits: u64::from(there.retransmissions) + u64::from(back.retransmissions),
        copies: connection.copies,
        duration_ms: connection.last.since(connection.first).max(Span::ZERO).as_millis_f64(),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use arrow_array::types::TimestampNanosecondType;

    /// A line as the first version of `explain --format json` wrote it.
    pub(crate) const LINE: &str = concat!(
        r#"{"schema":"whyrst.reset/1","source":"a.pcapng","time":"2026-01-31T12:00:00.123456789Z","#,
        r#""client":{"ip":"10.0.0.1","port":40000},"server":{"ip":"2001:db8::1","port":443},"roles":"seen","#,
        r#""resets":[{"file":"a.pcapng","frame":17,"time":"2026-01-31T12:00:00.123456789Z","from":"server","flags":"R","#,
        r#""seq_rel":1,"ack_rel":null,"seq":4294967295,"ack":null,"window":0,"ttl":64,"payload":null,"accepted":null}],"#,
        r#""phase":"established","origin":"endpoint","kind":"active","#,
        r#""verdict":{"cause":"close-unread","confidence":"likely","title":"t"},"#,
        r#""alternatives":[{"cause":"linger-zero","confidence":"possible","told_apart_by":"w"}],"#,
        r#""evidence":[{"question":"q","answer":"yes","role":"need","frames":[3,4],"text":"x"}],"#,
        r#""on_wire":{"client":{"ip":"192.0.2.1","port":50001},"server":{"ip":"2001:db8::1","port":443}},"kernel":null,"#,
        r#""process":{"pid":812,"comm":"nginx","cmdline":null,"cgroup":null,"container":{"runtime":null,"id":"abc","#,
        r#""pod":null},"netns":7,"syscall":null,"exit_signal":null},"history":"ShADr","conn_state":"RSTR","#,
        r#""severity":"fault","effect":{"accepted":null,"lost_client_bytes":null,"lost_server_bytes":null,"#,
        r#""certainty":"unknown"},"count":1,"a_newer_field":{"x":[1]},"stats":{"frames":9,"client_bytes":1,"#,
        r#""server_bytes":2,"retransmits":0,"duration_ms":1000.25,"idle_before_rst_ms":null}}"#
    );

    pub(crate) fn report() -> Report<'static> {
        serde_json::from_str(LINE).unwrap()
    }

    fn text(batch: &RecordBatch, name: &str) -> String {
        batch.column_by_name(name).unwrap().as_string::<i32>().value(0).to_owned()
    }

    fn int(batch: &RecordBatch, name: &str) -> i64 {
        batch.column_by_name(name).unwrap().as_primitive::<Int64Type>().value(0)
    }

    #[test]
    fn a_record_becomes_a_row_and_what_it_does_not_say_is_null() {
        let mut rows = Rows::of(Table::Resets).unwrap();
        rows.push(&report()).unwrap();
        let batch = rows.take().unwrap().unwrap();
        assert_eq!(text(&batch, "service"), "[2001:db8::1]:443");
        assert_eq!((text(&batch, "cause"), text(&batch, "comm")), ("close-unread".into(), "nginx".into()));
        assert_eq!((text(&batch, "reset_by"), text(&batch, "container")), ("server".into(), "abc".into()));
        assert_eq!((int(&batch, "frame"), int(&batch, "pid"), int(&batch, "client_port")), (17, 812, 40000));
        assert_eq!((text(&batch, "wire_client_ip"), int(&batch, "wire_client_port")), ("192.0.2.1".into(), 50001));
        let time = batch.column_by_name("time").unwrap().as_primitive::<TimestampNanosecondType>().value(0);
        assert_eq!(time, 1_769_860_800_123_456_789);
        for unknown in ["kernel_reason", "unread_bytes", "accepted", "idle_before_rst_ms", "vantage", "peer_pid"] {
            assert!(batch.column_by_name(unknown).unwrap().is_null(0), "{unknown}");
        }
        let evidence = batch.column_by_name("evidence").unwrap().as_list::<i32>().value(0);
        let frames = evidence.as_struct().column_by_name("frames").unwrap().as_list::<i32>().value(0);
        assert_eq!(frames.as_primitive::<Int64Type>().values(), &[3, 4]);
        assert!(rows.take().unwrap().is_none());
    }

    #[test]
    fn the_steps_of_a_verdict_are_columns_and_null_where_an_older_version_knew_none() {
        let steps = concat!(
            r#""family":{"id":"aborted","confidence":"certain","by":"server","text":"x"},"headline":"h","#,
            r#""mechanism":{"cause":"close-unread","confidence":"possible","title":"t","confirm":"c","open":["linger-zero"]},"#,
            r#""reasons":[{"cause":"early-answer","confidence":"likely","title":"t","confirm":"c","evidence":["q"]},"#,
            r#"{"cause":"client-abort","confidence":"possible","title":"t","confirm":"c","evidence":[]}],"count":1"#,
        );
        let mut rows = Rows::of(Table::Resets).unwrap();
        rows.push_line(LINE.as_bytes()).unwrap();
        rows.push_line(LINE.replace(r#""count":1"#, steps).as_bytes()).unwrap();
        let batch = rows.take().unwrap().unwrap();
        for (name, value) in [
            ("family", "aborted"),
            ("family_confidence", "certain"),
            ("mechanism", "close-unread"),
            ("mechanism_confidence", "possible"),
            ("reason", "early-answer"),
            ("reason_confidence", "likely"),
            ("headline", "h"),
        ] {
            let column = batch.column_by_name(name).unwrap().as_string::<i32>();
            assert!(column.is_null(0), "{name}");
            assert_eq!(column.value(1), value, "{name}");
        }
        let reasons = batch.column_by_name("reasons").unwrap().as_list::<i32>().value(1);
        assert_eq!(reasons.as_struct().column_by_name("cause").unwrap().as_string::<i32>().value(1), "client-abort");
    }

    #[test]
    fn a_line_is_a_row_of_its_own_table_alone() {
        let mut rows = Rows::of(Table::Resets).unwrap();
        assert_eq!(rows.push_line(LINE.as_bytes()).unwrap(), Line::Taken);
        for (line, is) in [
            (LINE.replace("whyrst.reset/1", "whyrst.failed-connect/1"), Line::Other),
            (LINE.replace("whyrst.reset/1", "else"), Line::Damaged),
            (LINE[..LINE.len() - 1].to_owned(), Line::Damaged),
        ] {
            assert_eq!(rows.push_line(line.as_bytes()).unwrap(), is, "{line}");
        }
        let batch = rows.take().unwrap().unwrap();
        assert_eq!((batch.num_rows(), int(&batch, "frame")), (1, 17));
        // The line is older than these: nobody counted.
        for unknown in ["resets_total", "surely_lost_client_bytes", "copies", "advice"] {
            assert!(batch.column_by_name(unknown).unwrap().is_null(0), "{unknown}");
        }
    }

    #[test]
    fn members_that_came_later_are_columns_beside_their_list() {
        let mut report = report();
        let mut second = report.resets[0].clone();
        second.said = Some(whyrst_model::report::ClaimReport {
            by: whyrst_model::vocabulary::ClaimedIn::Text,
            code: None,
            enterprise: None,
            text: "no".into(),
        });
        second.frames = Some([("client".into(), 3), ("server".into(), 5)].into());
        report.resets.push(second);
        let mut rows = Rows::of(Table::Resets).unwrap();
        rows.push(&report).unwrap();
        let batch = rows.take().unwrap().unwrap();
        let said = batch.column_by_name("resets_said_text").unwrap().as_list::<i32>().value(0);
        assert_eq!(said.as_string::<i32>().iter().collect::<Vec<_>>(), [None, Some("no")]);
        let frames = batch.column_by_name("resets_frames").unwrap().as_list::<i32>().value(0);
        assert!(frames.is_null(0));
        let frames = frames.as_list::<i32>().value(1);
        let frames = frames.as_struct();
        assert_eq!(frames.column(0).as_string::<i32>().iter().collect::<Vec<_>>(), [Some("client"), Some("server")]);
        assert_eq!(frames.column(1).as_primitive::<Int64Type>().values(), &[3, 5]);
    }

    #[test]
    fn counts_by_name_are_rows() {
        let line = r#"{"schema":"whyrst.incident/1","kind":"scan","title":"t","reading":"r","severity":"scan",
            "time":"2026-01-31T12:00:00Z","last":"2026-01-31T12:00:01Z","accepted_before":null,"accepted_again":null,
            "host":"10.0.0.1","server":null,"connections":3,"refused":3,"clients":1,"services":3,"rhythm_ms":null,
            "causes":{"closed-port":2,"fw-reject-syn":1},"frames":[{"file":"a.pcap","frame":7}]}"#;
        let incident: IncidentReport<'_> = serde_json::from_str(line).unwrap();
        let mut rows = Rows::of(Table::Incidents).unwrap();
        rows.push(&incident).unwrap();
        let batch = rows.take().unwrap().unwrap();
        let causes = batch.column_by_name("causes").unwrap().as_list::<i32>().value(0);
        let causes = causes.as_struct();
        assert_eq!(causes.column_by_name("cause").unwrap().as_string::<i32>().value(1), "fw-reject-syn");
        assert_eq!(causes.column_by_name("count").unwrap().as_primitive::<Int64Type>().values(), &[2, 1]);
        assert_eq!(text(&batch, "source"), "a.pcap");
    }
}
