//! What whole captures showed, in numbers: `whyrst.summary/1`.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use bounded_static::{IntoBoundedStatic as _, ToStatic};
use serde::{Deserialize, Serialize};

use crate::incident::IncidentReport;
use crate::text::Text;
use crate::vocabulary::{Confidence, End, Family, Severity};

vocabulary! {
    /// The word in `schema`.
    SummarySchema {
        /// The only version so far.
        V1 = "whyrst.summary/1",
    }
}

/// What the captures showed, in numbers.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToStatic)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct SummaryReport<'a> {
    /// `whyrst.summary/1`.
    pub schema: SummarySchema,
    /// The files that were read.
    pub files: Vec<Text<'a>>,
    /// Frames read.
    pub frames: u64,
    /// TCP segments among them, copies included.
    pub segments: u64,
    /// Copies of packets that were left out: several interfaces, or a mirror port.
    pub copies: u64,
    /// Segments with the RST flag.
    pub rst_segments: u64,
    /// Copies of such segments.
    pub rst_copies: u64,
    /// Connections.
    pub connections: u64,
    /// Connections that were reset.
    pub reset_connections: u64,
    /// Connects that failed without any RST.
    pub failed_connects: u64,
    /// Resets that no cause explains.
    pub unexplained: u64,
    /// Connections that were forgotten to stay within the memory bound.
    pub forgotten: u64,
    /// Resets that are alike, the commonest first.
    #[serde(default)]
    pub issues: Vec<IssueReport<'a>>,
    /// How many of which cause, the commonest first.
    pub causes: Vec<CauseCount<'a>>,
    /// How many of which severity.
    pub severities: BTreeMap<Text<'a>, u64>,
    /// The ten services with the most of them.
    pub services: Vec<ServiceReport<'a>>,
    /// Who resets whom, the most first; at most a hundred.
    #[serde(default)]
    pub who_resets_whom: Vec<ResetsBetween<'a>>,
    /// What several of them have in common.
    pub incidents: Vec<IncidentReport<'a>>,
    /// How many frames were passed over, by reason.
    pub passed_over: BTreeMap<Text<'a>, u64>,
    /// What else there is to know: files cut short, fragments, packets cut off.
    pub notes: Vec<Text<'a>>,
}

impl SummaryReport<'_> {
    /// The same with texts of its own, to outlive what it was made of.
    pub fn into_owned(self) -> SummaryReport<'static> {
        self.into_static()
    }
}

/// Resets with the same shape and the same leading answer, in the name of the same side, of the same port.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToStatic)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct IssueReport<'a> {
    /// The shape of the resets. `null` for failed connects.
    pub family: Option<Family>,
    /// The leading cause; `unexplained` where none fits.
    pub cause: Text<'a>,
    /// How sure most of them are.
    pub confidence: Confidence,
    /// The end in whose name the resets came.
    pub by: End,
    /// The service, as `10.0.0.2:80`, or as `:80` where there are several.
    pub service: Text<'a>,
    /// How many servers there are.
    pub servers: u64,
    /// How many connections.
    pub count: u64,
    /// How many connections these servers were asked for in all. `null` where that is not known.
    pub of_connections: Option<u64>,
    /// How much each of them matters. `null` in records of versions that did not say.
    #[serde(default)]
    pub severity: Option<Severity>,
}

/// Resets between one service and its clients, in the name of one side.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToStatic)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct ResetsBetween<'a> {
    /// The service, as `10.0.0.2:80` or `[2001:db8::1]:80`.
    pub service: Text<'a>,
    /// The end that they came from.
    pub by: End,
    /// The client's address. `null` where there are several.
    pub client: Option<Text<'a>>,
    /// How many clients, as far as they were told apart: at most 256.
    pub clients: u64,
    /// How many connections.
    pub count: u64,
    /// Their commonest cause.
    pub cause: Text<'a>,
}

/// How many there are of a cause.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToStatic)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct CauseCount<'a> {
    /// The id of the cause.
    pub cause: Text<'a>,
    /// How sure they are.
    pub confidence: Confidence,
    /// How many.
    pub count: u64,
}

/// How many there are of a service.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToStatic)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct ServiceReport<'a> {
    /// The service, as `10.0.0.2:80` or `[2001:db8::1]:80`.
    pub server: Text<'a>,
    /// How many.
    pub count: u64,
    /// How many of which cause.
    pub causes: BTreeMap<Text<'a>, u64>,
}
