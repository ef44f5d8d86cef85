//! The columns of every table: name, type, where they stand in the record, and since which version they are there.
//!
//! Packets are rows of their own. The other tables are made of the records in `whyrst-model`: their columns, in
//! `columns/`, are written by `cargo xtask schema` from the records' JSON Schema.
//!
//! A table only ever gains columns; none changes its type or its meaning. So a file of an older version is read by
//! filling what it lacks with null, and a newer one by leaving out what is not known here. All columns may be null:
//! absent knowledge is null, never a made-up value. Integers are signed, since neither Spark nor most SQL dialects have
//! any other.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, OnceLock};

use arrow_schema::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};

/// Under which key a schema and a Parquet file say what they are: `resets/1`.
pub const SCHEMA_KEY: &str = "whyrst.schema";

/// The time zone of all times, as every reader of Arrow knows it without a table of names.
pub(crate) const UTC: &str = "+00:00";

/// One kind of row.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Table {
    /// One TCP segment or ICMP error.
    Packets,
    /// One connection from its first segment to its end, reset or not.
    Connections,
    /// One connection that was reset: `whyrst.reset/1`, flattened.
    Resets,
    /// What several resets have in common: `whyrst.incident/1`.
    Incidents,
    /// One connect that failed without any RST: `whyrst.failed-connect/1`, the columns of a reset.
    FailedConnects,
}

impl Table {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Packets, Self::Connections, Self::Resets, Self::Incidents, Self::FailedConnects];

    /// Its name in SQL, and that of its folder.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Packets => "packets",
            Self::Connections => "connections",
            Self::Resets => "resets",
            Self::Incidents => "incidents",
            Self::FailedConnects => "failed_connects",
        }
    }

    /// The table of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|table| table.name() == name)
    }

    /// The table for a JSON object of this `schema`.
    pub fn of_json(schema: &str) -> Option<Self> {
        match schema {
            "whyrst.reset/1" => Some(Self::Resets),
            "whyrst.failed-connect/1" => Some(Self::FailedConnects),
            "whyrst.incident/1" => Some(Self::Incidents),
            _ => None,
        }
    }

    /// The version that is written: that of its newest column. Files of all versions before it are read.
    pub fn version(self) -> u32 {
        self.columns().iter().map(|column| column.since).max().unwrap_or(0)
    }

    /// Its columns, in their order.
    pub fn columns(self) -> &'static [Column] {
        static CONNECTIONS: LazyLock<Vec<Column>> = LazyLock::new(|| parse(include_str!("../columns/connections.txt")));
        static RESETS: LazyLock<Vec<Column>> = LazyLock::new(|| parse(include_str!("../columns/resets.txt")));
        static INCIDENTS: LazyLock<Vec<Column>> = LazyLock::new(|| parse(include_str!("../columns/incidents.txt")));
        match self {
            Self::Packets => PACKETS,
            Self::Connections => &CONNECTIONS,
            Self::Resets | Self::FailedConnects => &RESETS,
            Self::Incidents => &INCIDENTS,
        }
    }

    /// `resets/1`, as files say it.
    pub fn label(self) -> String {
        format!("{}/{}", self.name(), self.version())
    }

    /// Its Arrow schema.
    pub fn schema(self) -> SchemaRef {
        static ALL: [OnceLock<SchemaRef>; Table::ALL.len()] = [const { OnceLock::new() }; Table::ALL.len()];
        let make = || {
            let metadata = HashMap::from([(SCHEMA_KEY.to_owned(), self.label())]);
            Arc::new(Schema::new_with_metadata(fields(self.columns()), metadata))
        };
        ALL.get(self as usize).map_or_else(make, |schema| Arc::clone(schema.get_or_init(make)))
    }
}

/// A column, or a member of the rows in one.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What it holds, or where it is a list, what each of its elements is.
    pub kind: Kind,
    /// Where it stands in the record: member names as in RFC 6901, `*` for each element of a list, `0` for the first
    /// one, `{}` for each entry of a map. A member of rows: where it stands in the row.
    pub path: &'static str,
    /// The first version that has it.
    pub since: u32,
}

/// What a column holds.
#[derive(Clone, Debug)]
pub enum Kind {
    /// UTF-8.
    Text,
    /// 64 bits, signed.
    Int,
    /// Double precision.
    Float,
    /// True or false.
    Bool,
    /// Nanoseconds since 1970, UTC.
    Time,
    /// Bytes.
    Bytes,
    /// An address and a port as one text, to group by.
    Endpoint,
    /// A row.
    Row(Vec<Column>),
}

/// One step into a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Step {
    Member(&'static str),
    First,
    Each,
    Entry,
}

/// The first step of a path, and the rest of the path.
pub(crate) fn step(path: &'static str) -> Option<(Step, &'static str)> {
    let path = path.strip_prefix('/')?;
    let (step, rest) = path.split_at(path.find('/').unwrap_or(path.len()));
    let step = match step {
        "0" => Step::First,
        "*" => Step::Each,
        "{}" => Step::Entry,
        name => Step::Member(name),
    };
    Some((step, rest))
}

impl Column {
    /// The Arrow type: that of its kind, in as many lists as its path leads through.
    pub fn data_type(&self) -> DataType {
        let mut data_type = self.kind.data_type();
        let mut path = self.path;
        while let Some((step, rest)) = step(path) {
            if matches!(step, Step::Each | Step::Entry) {
                data_type = DataType::List(Arc::new(Field::new_list_field(data_type, true)));
            }
            path = rest;
        }
        data_type
    }
}

pub(crate) fn fields(columns: &[Column]) -> Fields {
    columns.iter().map(|column| Field::new(column.name, column.data_type(), true)).collect()
}

impl Kind {
    /// The Arrow type.
    pub fn data_type(&self) -> DataType {
        match self {
            Self::Text | Self::Endpoint => DataType::Utf8,
            Self::Int => DataType::Int64,
            Self::Float => DataType::Float64,
            Self::Bool => DataType::Boolean,
            Self::Time => DataType::Timestamp(TimeUnit::Nanosecond, Some(UTC.into())),
            Self::Bytes => DataType::Binary,
            Self::Row(members) => DataType::Struct(fields(members)),
        }
    }

    fn named(word: &str) -> Option<Self> {
        Some(match word {
            "text" => Self::Text,
            "int" => Self::Int,
            "float" => Self::Float,
            "bool" => Self::Bool,
            "time" => Self::Time,
            "endpoint" => Self::Endpoint,
            "row" => Self::Row(Vec::new()),
            _ => return None,
        })
    }
}

/// The columns that a file in `columns/` lists. A test reads every line of these files.
fn parse(text: &'static str) -> Vec<Column> {
    let mut columns: Vec<Column> = Vec::new();
    for column in text.lines().filter_map(column_of) {
        match (columns.last_mut(), column.name.split_once('.')) {
            (Some(Column { kind: Kind::Row(members), .. }), Some((_, name))) => members.push(Column { name, ..column }),
            _ => columns.push(column),
        }
    }
    columns
}

/// `1 client_ip text /client/ip`.
fn column_of(line: &'static str) -> Option<Column> {
    let mut words = line.split(' ');
    let since = words.next()?.parse().ok()?;
    let name = words.next()?;
    let kind = Kind::named(words.next()?)?;
    Some(Column { name, kind, path: words.next()?, since })
}

const fn column(name: &'static str, kind: Kind) -> Column {
    Column { name, kind, path: "", since: 1 }
}

/// What a segment or ICMP error shows, whole: a tracker that is fed with rows finds what it would
/// have found in the capture.
const PACKETS: &[Column] = &[
    column("source", Kind::Text),
    column("frame", Kind::Int),
    column("time", Kind::Time),
    column("interface", Kind::Int),
    // The same for both directions: what rows are brought together by.
    column("flow", Kind::Int),
    column("src_ip", Kind::Text),
    column("src_port", Kind::Int),
    column("dst_ip", Kind::Text),
    column("dst_port", Kind::Int),
    // The letters of tcpdump; null for an ICMP error.
    column("flags", Kind::Text),
    column("syn", Kind::Bool),
    column("fin", Kind::Bool),
    column("rst", Kind::Bool),
    column("ack", Kind::Bool),
    column("seq", Kind::Int),
    column("ack_number", Kind::Int),
    column("window", Kind::Int),
    column("len", Kind::Int),
    // Octets of the payload that the capture holds: fewer than `len` when it was cut.
    column("captured", Kind::Int),
    column("ttl", Kind::Int),
    column("traffic_class", Kind::Int),
    // IPv4 identification, or IPv6 flow label.
    column("ip_id", Kind::Int),
    column("dont_fragment", Kind::Bool),
    column("checksum", Kind::Int),
    column("options", Kind::Int),
    column("mss", Kind::Int),
    column("window_scale", Kind::Int),
    column("ts_value", Kind::Int),
    column("ts_echo", Kind::Int),
    column("mptcp_reason", Kind::Int),
    column("sack_edge", Kind::Int),
    // The first octets: as many as any cause can be told by.
    column("payload", Kind::Bytes),
    column("trailer", Kind::Bytes),
    // Of an ICMP error: who sent it and what it says; src and dst are those of the quoted segment.
    column("icmp_from", Kind::Text),
    column("icmp", Kind::Text),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_a_file_of_columns_is_one() {
        for text in [
            include_str!("../columns/connections.txt"),
            include_str!("../columns/resets.txt"),
            include_str!("../columns/incidents.txt"),
        ] {
            let lines: Vec<&str> =
                text.lines().filter(|line| !line.starts_with('#') && !line.starts_with("released ")).collect();
            let members = |column: &Column| match &column.kind {
                Kind::Row(members) => members.len(),
                _ => 0,
            };
            let columns = parse(text);
            assert_eq!(columns.len() + columns.iter().map(members).sum::<usize>(), lines.len());
            assert!(columns.iter().all(|column| column.path.starts_with('/') && !column.name.contains('.')));
        }
    }

    #[test]
    fn a_column_is_in_as_many_lists_as_its_path_leads_through() {
        let wrapped = |path| Column { path, ..column("x", Kind::Int) }.data_type().to_string();
        assert_eq!(wrapped("/a/0/b"), "Int64");
        assert_eq!(wrapped("/a/*/b"), "List(Int64)");
        assert_eq!(wrapped("/a/*/b/{}"), "List(List(Int64))");
    }
}
