//! A page of the catalogue as data: `whyrst.cause/1`.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::text::Text;
use crate::vocabulary::{Family, Severity};

vocabulary! {
    /// The word in `schema`.
    CauseSchema {
        /// The only version so far.
        V1 = "whyrst.cause/1",
    }
}

vocabulary! {
    /// Which step of a verdict a cause is.
    StepWord {
        /// How a reset is made.
        Mechanism = "mechanism",
        /// Why somebody or something did that.
        Reason = "reason",
    }
}

/// What a line of an older version means, which knew no steps.
const fn mechanism() -> StepWord {
    StepWord::Mechanism
}

/// One cause of the catalogue.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct CauseReport<'a> {
    /// `whyrst.cause/1`.
    pub schema: CauseSchema,
    /// Its id, which never changes its meaning.
    pub id: Text<'a>,
    /// What happens, in one sentence.
    pub title: Text<'a>,
    /// What happens and why.
    pub explanation: Text<'a>,
    /// What the programs on both ends see: return values and errno.
    pub effect: Text<'a>,
    /// How much it matters as a rule.
    pub severity: Severity,
    /// The reasons that the kernel of the RST's sender gives: names of `enum sk_rst_reason` without their prefix.
    pub kernel_reasons: Vec<Text<'a>>,
    /// The same in words.
    #[serde(default)]
    pub kernel: Text<'a>,
    /// Which step of a verdict it is.
    #[serde(default = "mechanism")]
    pub step: StepWord,
    /// The families that it can show as a mechanism.
    #[serde(default)]
    pub families: Vec<Family>,
    /// The ids of the mechanisms that it explains as a reason.
    #[serde(default)]
    pub explains: Vec<Text<'a>>,
    /// What proves it outside of a capture.
    #[serde(default)]
    pub confirm: Text<'a>,
    /// The questions that the rule asks.
    #[serde(default)]
    pub recognised: Vec<RecognisedBy<'a>>,
    /// The ids of causes that look alike.
    pub look_alikes: Vec<Text<'a>>,
    /// What distinguishes each of them.
    #[serde(default)]
    pub told_apart: Vec<ToldApart<'a>>,
    /// How to see it happen.
    #[serde(default)]
    pub reproduction: Text<'a>,
    /// What to do, in this order.
    pub advice: Vec<Text<'a>>,
    /// The standards and kernel functions that the rule follows from.
    pub sources: Vec<Text<'a>>,
}

/// A question of a rule.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct RecognisedBy<'a> {
    /// What part it plays, in words.
    pub role: Text<'a>,
    /// What a yes says.
    pub text: Text<'a>,
}

/// What distinguishes a cause that looks alike.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct ToldApart<'a> {
    /// Its id.
    pub cause: Text<'a>,
    /// What distinguishes it.
    pub by: Text<'a>,
}
