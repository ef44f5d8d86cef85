//! A connection, reset or not, in numbers: what a row of the table of all connections is made of.

use serde::{Deserialize, Serialize};

use crate::segment::Endpoint;
use crate::text::Text;
use crate::time::Timestamp;
use crate::vocabulary::Roles;

/// One connection from its first segment to its last.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct ConnectionReport<'a> {
    /// The file that holds its first segment.
    pub source: Text<'a>,
    /// When its first segment was seen.
    pub time: Timestamp,
    /// When its last segment was seen.
    pub last: Timestamp,
    /// The number of the first segment's frame, counted from 1.
    pub frame: u64,
    /// The end that opened it; the best guess when `roles` is `guessed`.
    pub client: Endpoint,
    /// The end that it was opened to.
    pub server: Endpoint,
    /// How it is known which end is the client.
    pub roles: Roles,
    /// What each side sent, in the letters of Zeek's `history`.
    pub history: Text<'a>,
    /// How it ended, in Zeek's codes.
    pub conn_state: Text<'a>,
    /// Segments that the client sent.
    pub client_segments: u32,
    /// Segments that the server sent.
    pub server_segments: u32,
    /// Payload bytes that the client sent, each counted once.
    pub client_bytes: u64,
    /// Payload bytes that the server sent, each counted once.
    pub server_bytes: u64,
    /// Segments sent again.
    pub retransmits: u64,
    /// Copies of packets that were left out: several interfaces, or a mirror port.
    pub copies: u32,
    /// Milliseconds from the first segment to the last.
    pub duration_ms: f64,
}
