//! What a tracker makes of conversations: what each segment means, which reset counts, what is a
//! copy, and that strangers cannot make it grow.

mod clocks;
mod copies;
mod floods;
mod incarnations;
mod life;
mod resets;
mod segments;

use std::string::String;
use std::vec::Vec;

use super::*;
use crate::acceptance::Acceptance;
use crate::history::Notes;
use crate::testing::{START, conversation, judge};

const OPEN: &str = "
    0.000 C > S S 0:0(0)
    +0.001 C < S SA 0:0(0) ack 1
    +0.0001 C > S A 1:1(0) ack 1";

fn open_then(rest: &str) -> Outcome {
    conversation(&std::format!("{OPEN}\n{rest}")).outcome()
}

fn acceptances(text: &str) -> Vec<Acceptance> {
    conversation(text).outcome().rsts().iter().map(|rst| rst.acceptance).collect()
}

fn notes(outcome: &Outcome) -> Vec<Notes> {
    outcome.before().iter().map(|record| record.notes).collect()
}
