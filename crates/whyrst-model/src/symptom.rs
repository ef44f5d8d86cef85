//! A message of a program as data: `whyrst.symptom/1`, and what of them stands in a text: `whyrst.why/1`.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::text::Text;

vocabulary! {
    /// The word in `schema` of a symptom.
    SymptomSchema {
        /// The only version so far.
        V1 = "whyrst.symptom/1",
    }
}

vocabulary! {
    /// The word in `schema` of an answer.
    WhySchema {
        /// The only version so far.
        V1 = "whyrst.why/1",
    }
}

/// What `whyrst why` found in a text: one for each symptom, or one that names none.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct WhyReport<'a> {
    /// `whyrst.why/1`.
    pub schema: WhySchema,
    /// The line that holds the message, or the first line of a text that holds none; at most 200 characters of it.
    pub text: Text<'a>,
    /// The number of that line, from 1.
    pub line: usize,
    /// How many lines hold the message; 0 where none is known.
    pub lines: usize,
    /// What the message is; `null` where none is known.
    pub symptom: Option<SymptomReport<'a>>,
    /// Where nothing is known: what to capture next, a command each.
    pub next: Vec<Text<'a>>,
}

/// A message of a program: what it means, what brings it about, and what decides between that.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct SymptomReport<'a> {
    /// `whyrst.symptom/1`.
    pub schema: SymptomSchema,
    /// Its id, which never changes its meaning.
    pub id: Text<'a>,
    /// Who prints it.
    pub program: Text<'a>,
    /// What happened, in one sentence.
    pub title: Text<'a>,
    /// What it means in terms of the socket.
    pub meaning: Text<'a>,
    /// The system call that failed or that returned an end of file; `null` where there is none.
    pub call: Option<Text<'a>>,
    /// Its error by name; `null` where there was none.
    pub errno: Option<Text<'a>>,
    /// What the other end, or something in its name, had sent: `rst`, `fin`, `rst-or-fin`, `refusal` (a RST for the SYN),
    /// `refusal-or-silence`, `silence`, `own` (this end ended it) or `nothing` (no packet is at fault).
    pub came: Text<'a>,
    /// The causes that bring it about, commonest first.
    pub causes: Vec<BroughtAbout<'a>>,
    /// The ground for their order; empty where there are none.
    pub order: Text<'a>,
    /// What tells them apart.
    pub decide: SymptomDecide<'a>,
    /// Where the message comes from.
    pub printed: Vec<Text<'a>>,
    /// The message as it was printed.
    pub examples: Vec<Text<'a>>,
}

/// A cause of a symptom.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct BroughtAbout<'a> {
    /// Its id in the catalogue.
    pub cause: Text<'a>,
    /// How it brings the symptom about.
    pub how: Text<'a>,
}

/// The command that tells the causes of a symptom apart; words in capitals are for the reader to fill in.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct SymptomDecide<'a> {
    /// Where to type it: `client`, `server`, `proxy`, or `here`, where the message was printed.
    pub on: Text<'a>,
    /// With whyrst.
    pub whyrst: Text<'a>,
    /// Without it.
    pub without: Text<'a>,
    /// What to look for in what they print.
    pub tell: Text<'a>,
}
