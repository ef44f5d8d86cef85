//! The first step of a verdict: the shape of the reset on the wire.
//!
//! It says what the RST answers and what had gone before, and not who made it or why: a forger can imitate
//! every shape. So it is nearly always sure, and every mechanism lists the shapes that it can have.
//!
//! The shapes follow from how a RST is built (RFC 9293 sections 3.5.2 and 3.10.7): docs/internals/resets.md.

use crate::cause::Family;
use crate::evidence::Answer;
use crate::evidence::cache::Answers;
use crate::evidence::closing::{BOTH_HAD_CLOSED, RST_ANSWERS_DATA, SENDER_HAD_CLOSED};
use crate::evidence::data::EVERYTHING_ACKNOWLEDGED;
use crate::evidence::firewall::WINDOW_OPENED;
use crate::evidence::form::{
    REFUSAL_HAS_NUMBER, RST_ANSWERS_SYN, RST_ANSWERS_SYN_ACK, RST_IS_ACTIVE, RST_IS_PASSIVE, TRIGGER_LACKS_ACK,
};
use crate::evidence::handshake::{
    EARLIER_HALF_CLOSED, EARLIER_OPENING, RST_ANSWERS_THIRD_PACKET, SENDER_IS_SERVER, SYN_ACK_REPEATED,
    SYN_ACK_WINDOW_ZERO,
};
use crate::evidence::refusal::{
    HANDSHAKE_ACK_WRONG, RST_ANSWERS_SYN_ON_LIVE, SERVER_NEVER_TOOK_IT, SYN_ANSWERED_BY_OLD_ACK,
};
use crate::outcome::{Basis, Outcome};
use crate::segment::Flags;
use whyrst_model::vocabulary::Confidence;

/// A shape, and how sure it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Shape {
    /// Which.
    pub family: Family,
    /// How sure.
    pub confidence: Confidence,
}

impl Shape {
    const fn new(family: Family, confidence: Confidence) -> Self {
        Self { family, confidence }
    }
}

/// The shape of a reset; `None` for a connect that failed without one.
pub fn shape(answers: &mut Answers<'_>) -> Option<Shape> {
    let outcome = answers.outcome();
    outcome.rst()?;
    let whole = is_whole(outcome);
    Some(match seen_family(answers) {
        Some(family) if whole && is_entailed(family, answers) => Shape::new(family, Confidence::Certain),
        // A socket alone does not tell what it had gone through before.
        Some(family) if outcome.basis() == Basis::Sockets => Shape::new(family, Confidence::Possible),
        Some(family) => Shape::new(family, Confidence::Likely),
        None => Shape::new(Family::Unseen, Confidence::Certain),
    })
}

/// Whether what was seen entails the shape. What follows only from something that was not seen (no FIN, no data of
/// the server) does not: a capture can lose a single packet without a trace.
fn is_entailed(family: Family, answers: &mut Answers<'_>) -> bool {
    let mut yes = |question| answers.answer(question).is_yes();
    match family {
        Family::Refused => !yes(&REFUSAL_HAS_NUMBER),
        Family::BrokenHandshake => yes(&RST_ANSWERS_THIRD_PACKET) || yes(&HANDSHAKE_ACK_WRONG),
        Family::SynCollision => !yes(&SYN_ANSWERED_BY_OLD_ACK) && !yes(&RST_ANSWERS_SYN_ON_LIVE),
        Family::UnknownConnection => false,
        // An answer can have the same form, or answer something that the capture missed.
        Family::Aborted => matches!(answers.answer(&RST_IS_PASSIVE), Answer::No(_)),
        Family::UnwantedAnswer | Family::LateData | Family::LastSegment | Family::Unseen => true,
    }
}

fn seen_family(answers: &mut Answers<'_>) -> Option<Family> {
    let outcome = answers.outcome();
    let mut yes = |question| answers.answer(question).is_yes();
    if yes(&SYN_ANSWERED_BY_OLD_ACK) || yes(&RST_ANSWERS_SYN_ON_LIVE) {
        return Some(Family::SynCollision);
    }
    if yes(&RST_ANSWERS_SYN) {
        let met_another = yes(&EARLIER_HALF_CLOSED) || yes(&EARLIER_OPENING);
        return Some(if met_another { Family::SynCollision } else { Family::Refused });
    }
    if yes(&RST_ANSWERS_SYN_ACK) {
        return Some(Family::UnwantedAnswer);
    }
    if yes(&RST_IS_ACTIVE) {
        // A proxy in front of it had answered the SYN; the window says that nobody behind it had.
        let proxied = yes(&SYN_ACK_WINDOW_ZERO) && !yes(&WINDOW_OPENED) && yes(&SENDER_IS_SERVER);
        let over = yes(&BOTH_HAD_CLOSED) && yes(&EVERYTHING_ACKNOWLEDGED);
        return Some(match (proxied, over) {
            (true, _) => Family::BrokenHandshake,
            (_, true) => Family::LastSegment,
            _ => Family::Aborted,
        });
    }
    if yes(&RST_IS_PASSIVE) {
        return Some(of_answer(answers));
    }
    // Some stacks set ACK in the answer to data that comes after their FIN. Without ACK a RST answers a segment
    // that has one, though the capture misses it.
    let is_bare = outcome.rst().is_some_and(|rst| !rst.record.flags.has(Flags::ACK));
    (yes(&SENDER_HAD_CLOSED) && (is_bare || yes(&RST_ANSWERS_DATA))).then_some(Family::LateData)
}

/// Of a RST that answers a segment of a connection.
fn of_answer(answers: &mut Answers<'_>) -> Family {
    let nothing_new = answers
        .outcome()
        .rst()
        .and_then(|rst| rst.trigger)
        .is_some_and(|trigger| trigger.len == 0 && !trigger.flags.has(Flags::FIN));
    let mut yes = |question| answers.answer(question).is_yes();
    if yes(&TRIGGER_LACKS_ACK) {
        return Family::UnknownConnection;
    }
    if yes(&BOTH_HAD_CLOSED) && nothing_new {
        return Family::LastSegment;
    }
    if yes(&SENDER_HAD_CLOSED) {
        return Family::LateData;
    }
    let half_open = yes(&RST_ANSWERS_THIRD_PACKET)
        || yes(&HANDSHAKE_ACK_WRONG)
        || yes(&SENDER_IS_SERVER) && (yes(&SERVER_NEVER_TOOK_IT) || yes(&SYN_ACK_REPEATED) && !had_accepted(answers));
    if half_open { Family::BrokenHandshake } else { Family::UnknownConnection }
}

/// The server had acknowledged data or sent some: it had a socket.
fn had_accepted(answers: &mut Answers<'_>) -> bool {
    matches!(answers.answer(&SERVER_NEVER_TOOK_IT), Answer::No(_))
}

/// The connection is captured from its beginning without a gap that shows.
fn is_whole(outcome: &Outcome) -> bool {
    let connection = outcome.connection();
    let gaps = [outcome.sender(), outcome.receiver()].into_iter().any(|side| connection.has_gap(side));
    connection.beginning_seen() && !gaps && !outcome.one_sided()
}

#[cfg(test)]
mod tests;
