//! A reset beside the lab's recorded run of the same cause, row by row: what is equal, what is different, and what one
//! of the two has alone. The terminal and the page show it; it is no part of the machine's contract.

use alloc::string::String;
use alloc::vec::Vec;

use serde::Serialize;

use crate::vocabulary::End;

vocabulary! {
    /// How a row of the one stands to its row of the other.
    Comparison {
        /// Both say the same.
        Equal = "equal",
        /// Both are there and differ.
        Different = "different",
        /// Only the reset that is explained has it.
        OnlyYours = "only-yours",
        /// Only the lab has it.
        OnlyLab = "only-lab",
        /// The one was not asked, or does not know.
        Unknown = "unknown",
    }
}

/// Packets of the one beside packets of the other.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct PacketRow {
    /// How they stand to each other.
    pub comparison: Comparison,
    /// The end that sent yours, or the lab's where you have none. `null` for silence.
    pub from: Option<End>,
    /// The frame of yours.
    pub frame: Option<u64>,
    /// Yours, in words.
    pub yours: Option<String>,
    /// The lab's, in words.
    pub lab: Option<String>,
    /// What differs, as short sentences.
    pub differs: Vec<String>,
}

/// What one is asked of both beside the packets: a question of the rule, or what a kernel says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct SignRow {
    /// How the answers stand to each other.
    pub comparison: Comparison,
    /// Yours, as a sentence.
    pub yours: String,
    /// The lab's, as a sentence.
    pub lab: String,
}

/// A reset beside the lab's run of its cause.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Beside {
    /// The cause that the lab played.
    pub cause: String,
    /// The scenario: `whyrst lab run` takes it.
    pub scenario: String,
    /// What happens in it, as a sentence.
    pub story: String,
    /// The lab's client did what your server did, and the other way round.
    pub mirrored: bool,
    /// The packets.
    pub packets: Vec<PacketRow>,
    /// Everything else.
    pub signs: Vec<SignRow>,
}
