//! What several resets have in common: `whyrst.incident/1`.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::net::IpAddr;

use bounded_static::{IntoBoundedStatic, ToBoundedStatic, ToStatic};
use serde::{Deserialize, Serialize};

use crate::text::Text;
use crate::time::Timestamp;
use crate::vocabulary::{IncidentKind, Severity};

vocabulary! {
    /// The word in `schema`.
    IncidentSchema {
        /// The only version so far.
        V1 = "whyrst.incident/1",
    }
}

/// Several resets that have one explanation.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct IncidentReport<'a> {
    /// `whyrst.incident/1`.
    pub schema: IncidentSchema,
    /// What they have in common.
    pub kind: IncidentKind,
    /// What was seen, as a sentence.
    pub title: Text<'a>,
    /// What that most likely means, and where to look.
    pub reading: Text<'a>,
    /// How much it matters.
    pub severity: Severity,
    /// When the first of them happened.
    pub time: Timestamp,
    /// When the last of them happened.
    pub last: Timestamp,
    /// When the service was last seen to accept before. `null` where that was not seen or does not apply.
    pub accepted_before: Option<Timestamp>,
    /// When the service was first seen to accept again. `null` where that was not seen or does not apply.
    pub accepted_again: Option<Timestamp>,
    /// The host that it is about. `null` where it is about none.
    pub host: Option<IpAddr>,
    /// The service that it is about, as `10.0.0.2:80` or `[2001:db8::1]:80`. `null` where it is about none.
    pub server: Option<Text<'a>>,
    /// The name that the clients asked for. `null` where they did not ask for one and the same.
    #[serde(default)]
    pub name: Option<Text<'a>>,
    /// How many connections belong to it.
    pub connections: u64,
    /// How many of them were connects that were refused.
    pub refused: u64,
    /// How many different clients there were.
    pub clients: u64,
    /// How many different services there were.
    pub services: u64,
    /// Milliseconds from one to the next, or of silence before each. `null` where there is no such time.
    pub rhythm_ms: Option<f64>,
    /// How many of them have which cause.
    pub causes: BTreeMap<Text<'a>, u64>,
    /// Where the first of them stand.
    pub frames: Vec<FrameReport<'a>>,
}

impl IncidentReport<'_> {
    /// The same with texts of its own, to outlive what it was made of.
    pub fn into_owned(self) -> IncidentReport<'static> {
        self.into_static()
    }
}

/// By hand: `bounded_static` knows no [`IpAddr`].
impl IntoBoundedStatic for IncidentReport<'_> {
    type Static = IncidentReport<'static>;

    fn into_static(self) -> Self::Static {
        IncidentReport {
            schema: self.schema,
            kind: self.kind,
            title: self.title.into_static(),
            reading: self.reading.into_static(),
            severity: self.severity,
            time: self.time,
            last: self.last,
            accepted_before: self.accepted_before,
            accepted_again: self.accepted_again,
            host: self.host,
            server: self.server.into_static(),
            name: self.name.into_static(),
            connections: self.connections,
            refused: self.refused,
            clients: self.clients,
            services: self.services,
            rhythm_ms: self.rhythm_ms,
            causes: self.causes.into_static(),
            frames: self.frames.into_static(),
        }
    }
}

impl ToBoundedStatic for IncidentReport<'_> {
    type Static = IncidentReport<'static>;

    fn to_static(&self) -> Self::Static {
        self.clone().into_static()
    }
}

/// A frame of a file.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToStatic)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct FrameReport<'a> {
    /// The file.
    pub file: Text<'a>,
    /// The number of the frame in it, counted from 1.
    pub frame: u64,
}
