//! What came of one scenario of the lab: `whyrst.lab/1`.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::text::Text;
use crate::vocabulary::{Confidence, Family};

vocabulary! {
    /// The word in `schema`.
    LabSchema {
        /// The only version so far.
        V1 = "whyrst.lab/1",
    }
}

/// What came of one scenario.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct LabReport<'a> {
    /// `whyrst.lab/1`.
    pub schema: LabSchema,
    /// The scenario.
    pub id: Text<'a>,
    /// The cause that it reproduces.
    pub cause: Text<'a>,
    /// Whether verdicts, kernel and scenario agree.
    pub passed: bool,
    /// The reasons that the kernel gave, in the order of its events. `null` where it could not be asked.
    pub kernel_reason: Option<Vec<Text<'a>>>,
    /// The verdicts from the client's capture.
    pub verdict_client: Vec<LabVerdict<'a>>,
    /// The verdicts from the server's capture.
    pub verdict_server: Vec<LabVerdict<'a>>,
    /// The verdicts from what the kernel reported live. `null` where it could not be asked.
    #[serde(default)]
    pub verdict_live: Option<Vec<LabVerdict<'a>>>,
    /// The calls that failed.
    pub errnos: Vec<FailedCall<'a>>,
    /// What does not agree, as sentences.
    pub disagreements: Vec<Text<'a>>,
    /// Milliseconds that it took.
    pub ms: f64,
    /// How often it was played: again when it failed and the lab itself had been late. 0 in older records.
    #[serde(default)]
    pub attempts: u32,
    /// Why it was not played. `null` when it was.
    pub skipped_reason: Option<Text<'a>>,
}

/// A verdict.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct LabVerdict<'a> {
    /// The id of the cause; `unexplained` where none fits.
    pub cause: Text<'a>,
    /// How sure it is.
    pub confidence: Confidence,
    /// The ids of other causes that fit.
    pub alternatives: Vec<Text<'a>>,
    /// The first step: the shape of the reset. `null` for a connect that failed without one.
    #[serde(default)]
    pub family: Option<Family>,
    /// The first answer of the second step, an id. `null` when nothing fits.
    #[serde(default)]
    pub mechanism: Option<Text<'a>>,
    /// The first answer of the third step, an id. `null` without any.
    #[serde(default)]
    pub reason: Option<Text<'a>>,
}

/// A system call that failed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct FailedCall<'a> {
    /// The program of the scenario.
    pub actor: Text<'a>,
    /// The call.
    pub call: Text<'a>,
    /// The name of its error.
    pub errno: Text<'a>,
}
