//! What a host is set to and can do: `whyrst.finding/1` of `whyrst check` and `whyrst.doctor/1` of `whyrst doctor`.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::text::Text;

vocabulary! {
    /// The word in `schema`.
    FindingSchema {
        /// The only version so far.
        V1 = "whyrst.finding/1",
    }
}

/// Something on this host that makes resets.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct FindingReport<'a> {
    /// `whyrst.finding/1`.
    pub schema: FindingSchema,
    /// The id of the cause that such resets have.
    pub cause: Text<'a>,
    /// Whether it will happen, or has.
    pub tense: Tense,
    /// Whether something is to be mended.
    pub weight: Weight,
    /// Who or what it concerns.
    pub subject: Text<'a>,
    /// What was read on this host.
    pub evidence: Text<'a>,
    /// What to do; a command where there is one.
    pub advice: Text<'a>,
}

vocabulary! {
    /// Whether something is to be mended.
    Weight {
        /// It is: `check` ends with status 1.
        Finding = "finding",
        /// It is good to know, and a host where nothing is wrong has it too.
        Note = "note",
    }
}

vocabulary! {
    /// Whether something will happen, or has.
    Tense {
        /// The next time that what it waits for happens.
        Will = "will",
        /// Under load, or when something else goes wrong.
        May = "may",
        /// Counted since the network namespace was made.
        Has = "has",
    }
}

vocabulary! {
    /// The word in `schema`.
    DoctorSchema {
        /// The only version so far.
        V1 = "whyrst.doctor/1",
    }
}

/// Whether one thing that whyrst needs works here.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct DoctorReport<'a> {
    /// `whyrst.doctor/1`.
    pub schema: DoctorSchema,
    /// What was looked at.
    #[serde(rename = "check")]
    pub name: Text<'a>,
    /// Whether it works.
    pub status: DoctorStatus,
    /// The commands that need it.
    pub needed_by: Vec<Text<'a>>,
    /// What was found.
    pub found: Text<'a>,
    /// How to get it. `null` where nothing is missing.
    pub advice: Option<Text<'a>>,
}

vocabulary! {
    /// Whether something works here.
    DoctorStatus {
        /// It works.
        Ok = "ok",
        /// It works, and shows less than it could.
        Less = "less",
        /// It does not work.
        Missing = "missing",
    }
}
