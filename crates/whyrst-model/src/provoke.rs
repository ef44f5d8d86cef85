//! What `whyrst provoke` did: `whyrst.provoked/1`.

use serde::{Deserialize, Serialize};

use crate::segment::Endpoint;
use crate::text::Text;
use crate::time::Timestamp;

vocabulary! {
    /// The word in `schema`.
    ProvokedSchema {
        /// The only version so far.
        V1 = "whyrst.provoked/1",
    }
}

vocabulary! {
    /// What happened at the proxy.
    ProvokedWhat {
        /// A reset was made to happen.
        Provoked = "provoked",
        /// The connection, or the port, was closed: what a client says next is reset, if it says anything.
        Closed = "closed",
        /// It could not be made to happen.
        Failed = "failed",
        /// The upstream could not be reached.
        UpstreamUnreachable = "upstream-unreachable",
        /// As many connections were open as may be: others waited.
        Full = "full",
        /// A connection waits and cannot be accepted, for want of descriptors or memory.
        CannotAccept = "cannot-accept",
        /// The port was given up for a while, and another program has taken it.
        CannotListen = "cannot-listen",
    }
}

/// Something that a proxy did.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct ProvokedReport<'a> {
    /// `whyrst.provoked/1`.
    pub schema: ProvokedSchema,
    /// When.
    pub time: Timestamp,
    /// Which of the kinds.
    pub what: ProvokedWhat,
    /// The proxy's name.
    pub proxy: Text<'a>,
    /// The id of the cause that was asked for; `null` where none was.
    pub cause: Option<Text<'a>>,
    /// The number of the connection, from 1; `null` for what concerns the port.
    pub connection: Option<u64>,
    /// The client's end; `null` for what concerns the port.
    pub client: Option<Endpoint>,
    /// Where the proxy listens.
    pub listen: Endpoint,
    /// Whom it connects to.
    pub upstream: Text<'a>,
    /// Requests that the client had begun: data after silence or after an answer.
    pub requests: u64,
    /// Bytes of the client that had been passed on.
    pub client_bytes: u64,
    /// Bytes of the upstream that had been passed on.
    pub server_bytes: u64,
    /// Age of the connection in milliseconds.
    pub age_ms: f64,
    /// Bytes of the client that were left unread, as far as that was looked at.
    pub unread_bytes: Option<u64>,
    /// The same in words.
    pub text: Text<'a>,
}
