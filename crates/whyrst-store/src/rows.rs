//! JSON objects of whyrst to rows: what the report says is what the row says, since the one is made
//! of the other.

use std::mem;

use arrow_array::RecordBatch;
use arrow_json::ReaderBuilder;
use arrow_json::reader::Decoder;
use serde_json::{Map, Value, json};
use whyrst_core::connection::{Connection, Roles};
use whyrst_core::report::Context;
use whyrst_core::report::json::utc;
use whyrst_core::zeek::conn_state;

use crate::error::StoreError;
use crate::schema::{Column, Kind, Table};

/// Rows of one batch.
pub const BATCH: usize = 4_096;

/// Gathers rows of one table.
#[derive(Debug)]
pub struct Rows {
    table: Table,
    decoder: Decoder,
    waiting: Vec<Value>,
}

impl Rows {
    /// For rows of `table`.
    pub fn of(table: Table) -> Result<Self, StoreError> {
        let builder = ReaderBuilder::new(table.schema()).with_batch_size(BATCH).with_coerce_primitive(true);
        let decoder = builder.build_decoder().map_err(|cause| StoreError::Row { table, cause })?;
        Ok(Self { table, decoder, waiting: Vec::new() })
    }

    /// Takes in one JSON object; false when the batch is full and must be taken.
    pub fn push(&mut self, object: &Value) -> bool {
        self.waiting.push(flat(object, self.table.columns()));
        self.waiting.len() < BATCH
    }

    /// Rows that wait.
    pub const fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether no row waits.
    pub const fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The rows so far; `None` when there are none.
    pub fn take(&mut self) -> Result<Option<RecordBatch>, StoreError> {
        let waiting = mem::take(&mut self.waiting);
        let table = self.table;
        self.decoder.serialize(&waiting).map_err(|cause| StoreError::Row { table, cause })?;
        self.decoder.flush().map_err(|cause| StoreError::Row { table, cause })
    }
}

/// The columns' values under the columns' names.
fn flat(object: &Value, columns: &[Column]) -> Value {
    let value = |column: &Column| match column.pointer {
        "/service" => service(object),
        pointer => object.pointer(pointer).map_or(Value::Null, |value| nested(value, column.kind)),
    };
    columns.iter().map(|column| (column.name.to_owned(), value(column))).collect::<Map<_, _>>().into()
}

/// Counts by name become rows of name and count.
fn nested(value: &Value, kind: Kind) -> Value {
    match (kind, value) {
        (Kind::Rows(_), Value::Object(counts)) => {
            counts.iter().map(|(cause, count)| json!({"cause": cause, "count": count})).collect()
        }
        _ => value.clone(),
    }
}

/// `10.0.0.2:80`, `[2001:db8::1]:80`.
fn service(object: &Value) -> Value {
    let ip = object.pointer("/server/ip").and_then(Value::as_str);
    match (ip, object.pointer("/server/port").and_then(Value::as_u64)) {
        (Some(ip), Some(port)) if ip.contains(':') => format!("[{ip}]:{port}").into(),
        (Some(ip), Some(port)) => format!("{ip}:{port}").into(),
        _ => Value::Null,
    }
}

/// A connection as an object, for the table of all connections.
pub fn connection_object(connection: &Connection, context: &Context) -> Value {
    let (client, server) = (connection.client, connection.server());
    let end = |side| {
        let end = connection.endpoint(side);
        json!({"ip": end.ip.to_string(), "port": end.port})
    };
    let (there, back) = (connection.half(client), connection.half(server));
    json!({
        "source": context.file(connection.first_frame),
        "time": utc(connection.first),
        "last": utc(connection.last),
        "frame": connection.first_frame.number(),
        "client": end(client),
        "server": end(server),
        "roles": if connection.roles == Roles::Seen { "seen" } else { "guessed" },
        "history": connection.letters.as_str(),
        "conn_state": conn_state(connection),
        "client_segments": there.segments,
        "server_segments": back.segments,
        "client_bytes": there.bytes,
        "server_bytes": back.bytes,
        "retransmits": u64::from(there.retransmissions) + u64::from(back.retransmissions),
        "copies": connection.copies,
        "duration_ms": connection.last.since(connection.first).as_millis_f64(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::Array;
    use arrow_array::cast::AsArray;
    use arrow_array::types::{Int64Type, TimestampNanosecondType};

    /// A line as `explain --format json` and `watch --format json` write it, shortened.
    const LINE: &str = r#"{"schema":"whyrst.reset/1","source":"a.pcapng","time":"2026-01-31T12:00:00.123456789Z",
        "client":{"ip":"10.0.0.1","port":40000},"server":{"ip":"2001:db8::1","port":443},"roles":"seen",
        "resets":[{"file":"a.pcapng","frame":17,"time":"2026-01-31T12:00:00.123456789Z","from":"server","flags":"R","seq":4294967295}],
        "verdict":{"cause":"close-unread","confidence":"likely","title":"t"},
        "alternatives":[{"cause":"linger-zero","confidence":"possible","told_apart_by":"w"}],
        "evidence":[{"question":"q","answer":"yes","role":"need","frames":[3,4],"text":"x"}],
        "on_wire":{"client":{"ip":"192.0.2.1","port":50001},"server":{"ip":"2001:db8::1","port":443}},
        "kernel":null,"process":{"pid":812,"comm":"nginx","container":{"id":"abc"}},"count":1,"a_newer_field":{"x":[1]},
        "stats":{"frames":9,"duration_ms":1000.25}}"#;

    #[test]
    fn a_line_becomes_a_row_and_what_it_does_not_say_is_null() {
        let mut rows = Rows::of(Table::Resets).unwrap();
        assert!(rows.push(&serde_json::from_str(LINE).unwrap()));
        let batch = rows.take().unwrap().unwrap();
        let text = |name: &str| batch.column_by_name(name).unwrap().as_string::<i32>().value(0).to_owned();
        let int = |name: &str| batch.column_by_name(name).unwrap().as_primitive::<Int64Type>().value(0);
        assert_eq!(
            (text("service"), text("cause"), text("comm")),
            ("[2001:db8::1]:443".into(), "close-unread".into(), "nginx".into())
        );
        assert_eq!((int("frame"), int("pid"), int("client_port")), (17, 812, 40000));
        assert_eq!((text("wire_client_ip"), int("wire_client_port")), ("192.0.2.1".into(), 50001));
        let time = batch.column_by_name("time").unwrap().as_primitive::<TimestampNanosecondType>().value(0);
        assert_eq!(time, 1_769_860_800_123_456_789);
        for unknown in ["kernel_reason", "unread_bytes", "accepted", "idle_before_rst_ms", "vantage"] {
            assert!(batch.column_by_name(unknown).unwrap().is_null(0), "{unknown}");
        }
        let evidence = batch.column_by_name("evidence").unwrap().as_list::<i32>().value(0);
        let frames = evidence.as_struct().column_by_name("frames").unwrap().as_list::<i32>().value(0);
        assert_eq!(frames.as_primitive::<Int64Type>().values(), &[3, 4]);
        assert!(rows.take().unwrap().is_none());
    }

    #[test]
    fn every_pointer_of_a_table_made_of_json_is_one() {
        for table in [Table::Connections, Table::Resets, Table::Incidents] {
            for column in table.columns() {
                assert!(column.pointer.starts_with('/'), "{} {}", table.name(), column.name);
                assert!(column.since >= 1 && column.since <= table.version());
            }
        }
    }
}
