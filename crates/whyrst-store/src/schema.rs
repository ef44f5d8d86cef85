//! The columns of every table, once: name, type, where it stands in whyrst's JSON, and since which
//! version it is there.
//!
//! A table only ever gains columns; none changes its type or its meaning. So a file of an older
//! version is read by filling what it lacks with null, and a newer one by leaving out what is not
//! known here. All columns may be null: absent knowledge is null, never a made-up value. Integers
//! are signed, since neither Spark nor most SQL dialects have any other.

use std::collections::HashMap;
use std::sync::Arc;

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

/// A version of a table, and what it brought.
#[derive(Clone, Copy, Debug)]
pub struct Version {
    /// Counted from 1.
    pub number: u32,
    /// What is new in it.
    pub news: &'static str,
}

/// Of a table that has not changed.
const FIRST: &[Version] = &[Version { number: 1, news: "the first" }];
const OF_RESETS: &[Version] = &[
    Version { number: 1, news: "the first" },
    Version { number: 2, news: "`wire_*`: what the reporting host's NAT makes of the connection" },
];

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

    /// Every version there was, the latest last. Files of all of them are read.
    pub const fn versions(self) -> &'static [Version] {
        match self {
            Self::Packets | Self::Connections | Self::Incidents => FIRST,
            Self::Resets | Self::FailedConnects => OF_RESETS,
        }
    }

    /// The version that is written.
    pub fn version(self) -> u32 {
        self.versions().last().map_or(0, |version| version.number)
    }

    /// Its columns, in their order.
    pub const fn columns(self) -> &'static [Column] {
        match self {
            Self::Packets => PACKETS,
            Self::Connections => CONNECTIONS,
            Self::Resets | Self::FailedConnects => RESETS,
            Self::Incidents => INCIDENTS,
        }
    }

    /// `resets/1`, as files say it.
    pub fn label(self) -> String {
        format!("{}/{}", self.name(), self.version())
    }

    /// Its Arrow schema.
    pub fn schema(self) -> SchemaRef {
        let metadata = HashMap::from([(SCHEMA_KEY.to_owned(), self.label())]);
        Arc::new(Schema::new_with_metadata(fields(self.columns()), metadata))
    }
}

/// A column, or a member of a nested row.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Where it stands in the JSON object, as in RFC 6901; its own name in a nested row.
    pub pointer: &'static str,
    /// The first version that has it.
    pub since: u32,
}

/// What a column holds.
#[derive(Clone, Copy, Debug)]
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
    /// Octets.
    Bytes,
    /// A list of texts.
    Texts,
    /// A list of integers.
    Ints,
    /// A list of rows.
    Rows(&'static [Column]),
}

const fn column(name: &'static str, kind: Kind, pointer: &'static str) -> Column {
    Column { name, kind, pointer, since: 1 }
}

impl Column {
    const fn since(self, since: u32) -> Self {
        Self { since, ..self }
    }
}

fn fields(columns: &[Column]) -> Fields {
    columns.iter().map(|column| Field::new(column.name, column.kind.data_type(), true)).collect()
}

impl Kind {
    /// The Arrow type.
    pub fn data_type(self) -> DataType {
        let list = |item: DataType| DataType::List(Arc::new(Field::new_list_field(item, true)));
        match self {
            Self::Text => DataType::Utf8,
            Self::Int => DataType::Int64,
            Self::Float => DataType::Float64,
            Self::Bool => DataType::Boolean,
            Self::Time => DataType::Timestamp(TimeUnit::Nanosecond, Some(UTC.into())),
            Self::Bytes => DataType::Binary,
            Self::Texts => list(DataType::Utf8),
            Self::Ints => list(DataType::Int64),
            Self::Rows(columns) => list(DataType::Struct(fields(columns))),
        }
    }
}

/// What a segment or ICMP error shows, whole: a tracker that is fed with rows finds what it would
/// have found in the capture.
const PACKETS: &[Column] = &[
    column("source", Kind::Text, ""),
    column("frame", Kind::Int, ""),
    column("time", Kind::Time, ""),
    column("interface", Kind::Int, ""),
    // The same for both directions: what rows are brought together by.
    column("flow", Kind::Int, ""),
    column("src_ip", Kind::Text, ""),
    column("src_port", Kind::Int, ""),
    column("dst_ip", Kind::Text, ""),
    column("dst_port", Kind::Int, ""),
    // The letters of tcpdump; null for an ICMP error.
    column("flags", Kind::Text, ""),
    column("syn", Kind::Bool, ""),
    column("fin", Kind::Bool, ""),
    column("rst", Kind::Bool, ""),
    column("ack", Kind::Bool, ""),
    column("seq", Kind::Int, ""),
    column("ack_number", Kind::Int, ""),
    column("window", Kind::Int, ""),
    column("len", Kind::Int, ""),
    // Octets of the payload that the capture holds: fewer than `len` when it was cut.
    column("captured", Kind::Int, ""),
    column("ttl", Kind::Int, ""),
    column("traffic_class", Kind::Int, ""),
    // IPv4 identification, or IPv6 flow label.
    column("ip_id", Kind::Int, ""),
    column("dont_fragment", Kind::Bool, ""),
    column("checksum", Kind::Int, ""),
    column("options", Kind::Int, ""),
    column("mss", Kind::Int, ""),
    column("window_scale", Kind::Int, ""),
    column("ts_value", Kind::Int, ""),
    column("ts_echo", Kind::Int, ""),
    column("mptcp_reason", Kind::Int, ""),
    column("sack_edge", Kind::Int, ""),
    // The first octets: as many as any cause can be told by.
    column("payload", Kind::Bytes, ""),
    column("trailer", Kind::Bytes, ""),
    // Of an ICMP error: who sent it and what it says; src and dst are those of the quoted segment.
    column("icmp_from", Kind::Text, ""),
    column("icmp", Kind::Text, ""),
];

const CONNECTIONS: &[Column] = &[
    column("source", Kind::Text, "/source"),
    column("time", Kind::Time, "/time"),
    column("last", Kind::Time, "/last"),
    column("frame", Kind::Int, "/frame"),
    column("client_ip", Kind::Text, "/client/ip"),
    column("client_port", Kind::Int, "/client/port"),
    column("server_ip", Kind::Text, "/server/ip"),
    column("server_port", Kind::Int, "/server/port"),
    column("service", Kind::Text, "/service"),
    column("roles", Kind::Text, "/roles"),
    column("history", Kind::Text, "/history"),
    column("conn_state", Kind::Text, "/conn_state"),
    column("client_segments", Kind::Int, "/client_segments"),
    column("server_segments", Kind::Int, "/server_segments"),
    column("client_bytes", Kind::Int, "/client_bytes"),
    column("server_bytes", Kind::Int, "/server_bytes"),
    column("retransmits", Kind::Int, "/retransmits"),
    column("copies", Kind::Int, "/copies"),
    column("duration_ms", Kind::Float, "/duration_ms"),
];

const RST: &[Column] = &[
    column("file", Kind::Text, "file"),
    column("frame", Kind::Int, "frame"),
    column("time", Kind::Time, "time"),
    column("from", Kind::Text, "from"),
    column("flags", Kind::Text, "flags"),
    column("seq", Kind::Int, "seq"),
    column("ack", Kind::Int, "ack"),
    column("seq_rel", Kind::Int, "seq_rel"),
    column("ack_rel", Kind::Int, "ack_rel"),
    column("window", Kind::Int, "window"),
    column("ttl", Kind::Int, "ttl"),
    column("payload", Kind::Text, "payload"),
    column("answers", Kind::Int, "answers"),
    column("accepted", Kind::Bool, "accepted"),
];

const ALTERNATIVE: &[Column] = &[
    column("cause", Kind::Text, "cause"),
    column("confidence", Kind::Text, "confidence"),
    column("told_apart_by", Kind::Text, "told_apart_by"),
];

const EVIDENCE: &[Column] = &[
    column("question", Kind::Text, "question"),
    column("answer", Kind::Text, "answer"),
    column("role", Kind::Text, "role"),
    column("frames", Kind::Ints, "frames"),
    column("text", Kind::Text, "text"),
];

const RESETS: &[Column] = &[
    // `whyrst.reset/1` or `whyrst.failed-connect/1`.
    column("schema", Kind::Text, "/schema"),
    column("source", Kind::Text, "/source"),
    column("time", Kind::Time, "/time"),
    // Of the first RST.
    column("frame", Kind::Int, "/resets/0/frame"),
    column("client_ip", Kind::Text, "/client/ip"),
    column("client_port", Kind::Int, "/client/port"),
    column("server_ip", Kind::Text, "/server/ip"),
    column("server_port", Kind::Int, "/server/port"),
    // Address and port of the server, as one value to group by.
    column("service", Kind::Text, "/service"),
    column("roles", Kind::Text, "/roles"),
    column("reset_by", Kind::Text, "/resets/0/from"),
    column("phase", Kind::Text, "/phase"),
    column("origin", Kind::Text, "/origin"),
    column("kind", Kind::Text, "/kind"),
    column("cause", Kind::Text, "/verdict/cause"),
    column("confidence", Kind::Text, "/verdict/confidence"),
    column("title", Kind::Text, "/verdict/title"),
    column("severity", Kind::Text, "/severity"),
    column("severity_reason", Kind::Text, "/severity_reason"),
    // The name that the client asked for in clear text.
    column("asked_for", Kind::Text, "/asked_for/name"),
    column("alternatives", Kind::Rows(ALTERNATIVE), "/alternatives"),
    column("evidence", Kind::Rows(EVIDENCE), "/evidence"),
    column("advice", Kind::Texts, "/advice"),
    column("resets", Kind::Rows(RST), "/resets"),
    column("resets_total", Kind::Int, "/resets_total"),
    column("history", Kind::Text, "/history"),
    column("conn_state", Kind::Text, "/conn_state"),
    column("tampering_signature", Kind::Text, "/tampering_signature"),
    column("accepted", Kind::Bool, "/effect/accepted"),
    column("lost_client_bytes", Kind::Int, "/effect/lost_client_bytes"),
    column("lost_server_bytes", Kind::Int, "/effect/lost_server_bytes"),
    column("surely_lost_client_bytes", Kind::Int, "/effect/surely_lost_client_bytes"),
    column("surely_lost_server_bytes", Kind::Int, "/effect/surely_lost_server_bytes"),
    column("lost_certainty", Kind::Text, "/effect/certainty"),
    column("count", Kind::Int, "/count"),
    column("frames", Kind::Int, "/stats/frames"),
    column("client_bytes", Kind::Int, "/stats/client_bytes"),
    column("server_bytes", Kind::Int, "/stats/server_bytes"),
    column("retransmits", Kind::Int, "/stats/retransmits"),
    column("copies", Kind::Int, "/stats/copies"),
    column("duration_ms", Kind::Float, "/stats/duration_ms"),
    column("idle_before_rst_ms", Kind::Float, "/stats/idle_before_rst_ms"),
    // What only the ends' kernels know: null from a capture alone.
    column("kernel_reason", Kind::Text, "/kernel/reason"),
    column("kernel_state", Kind::Text, "/kernel/state"),
    column("kernel_stack", Kind::Texts, "/kernel/stack"),
    column("socket_end", Kind::Text, "/socket/end"),
    column("unread_bytes", Kind::Int, "/socket/unread_bytes"),
    column("unsent_bytes", Kind::Int, "/socket/unsent_bytes"),
    column("unacked_bytes", Kind::Int, "/socket/unacked_bytes"),
    column("linger", Kind::Int, "/socket/linger"),
    column("socket_age_ms", Kind::Float, "/socket/age_ms"),
    column("socket_idle_ms", Kind::Float, "/socket/idle_ms"),
    column("pid", Kind::Int, "/process/pid"),
    column("comm", Kind::Text, "/process/comm"),
    column("cmdline", Kind::Text, "/process/cmdline"),
    column("uid", Kind::Int, "/process/uid"),
    column("cgroup", Kind::Text, "/process/cgroup"),
    column("unit", Kind::Text, "/process/unit"),
    column("container", Kind::Text, "/process/container/id"),
    column("pod", Kind::Text, "/process/container/pod"),
    column("netns", Kind::Int, "/process/netns"),
    column("syscall", Kind::Text, "/process/syscall"),
    column("exit_signal", Kind::Int, "/process/exit_signal"),
    column("peer_pid", Kind::Int, "/peer_process/pid"),
    column("peer_comm", Kind::Text, "/peer_process/comm"),
    // Of several capture points, which one the frames are from.
    column("vantage", Kind::Text, "/vantage"),
    // The ends that the other host knows the connection by: null where nobody knows what NAT makes of it.
    column("wire_client_ip", Kind::Text, "/on_wire/client/ip").since(2),
    column("wire_client_port", Kind::Int, "/on_wire/client/port").since(2),
    column("wire_server_ip", Kind::Text, "/on_wire/server/ip").since(2),
    column("wire_server_port", Kind::Int, "/on_wire/server/port").since(2),
];

const PLACE: &[Column] = &[column("file", Kind::Text, "file"), column("frame", Kind::Int, "frame")];

const INCIDENTS: &[Column] = &[
    column("source", Kind::Text, "/frames/0/file"),
    column("time", Kind::Time, "/time"),
    column("last", Kind::Time, "/last"),
    column("kind", Kind::Text, "/kind"),
    column("title", Kind::Text, "/title"),
    column("reading", Kind::Text, "/reading"),
    column("severity", Kind::Text, "/severity"),
    column("host", Kind::Text, "/host"),
    column("server", Kind::Text, "/server"),
    column("name", Kind::Text, "/name"),
    column("accepted_before", Kind::Time, "/accepted_before"),
    column("accepted_again", Kind::Time, "/accepted_again"),
    column("connections", Kind::Int, "/connections"),
    column("refused", Kind::Int, "/refused"),
    column("clients", Kind::Int, "/clients"),
    column("services", Kind::Int, "/services"),
    column("rhythm_ms", Kind::Float, "/rhythm_ms"),
    column(
        "causes",
        Kind::Rows(&[column("cause", Kind::Text, "cause"), column("count", Kind::Int, "count")]),
        "/causes",
    ),
    column("frames", Kind::Rows(PLACE), "/frames"),
];
