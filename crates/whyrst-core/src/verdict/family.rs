//! The first step of a verdict: the shape of the reset on the wire.
//!
//! It says what the RST answers and what had gone before, and not who made it or why: a forger can imitate
//! every shape. So it is nearly always sure, and every mechanism lists the shapes that it can have.
//!
//! The shapes follow from how a RST is built (RFC 9293 sections 3.5.2 and 3.10.7): docs/internals/resets.md.

use crate::cause::Family;
use crate::connection::Copied;
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
    SYN_ACK_WINDOW_ZERO, SYN_TIMER,
};
use crate::evidence::refusal::{
    HANDSHAKE_ACK_WRONG, RST_ANSWERS_SYN_ON_LIVE, SERVER_NEVER_TOOK_IT, SYN_ACK_ACKS_WRONG, SYN_ANSWERED_BY_OLD_ACK,
};
use crate::flow::Side;
use crate::half::Marks;
use crate::outcome::{Basis, Outcome};
use crate::rst::Rst;
use crate::segment::{Flags, OptionSet};
use crate::time::Span;
use crate::trigger::answers_unseen;
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
    let whole = is_whole(answers);
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
    let outcome = answers.outcome();
    let mut yes = |question| answers.answer(question).is_yes();
    match family {
        Family::Refused => !yes(&REFUSAL_HAS_NUMBER),
        Family::UnwantedAnswer => came_before_timer(outcome),
        Family::BrokenHandshake => {
            yes(&HANDSHAKE_ACK_WRONG) || yes(&RST_ANSWERS_THIRD_PACKET) && came_like_syn_ack(outcome)
        }
        Family::SynCollision => {
            !yes(&SYN_ANSWERED_BY_OLD_ACK) && !yes(&RST_ANSWERS_SYN_ON_LIVE) && yes(&RST_ANSWERS_SYN)
        }
        Family::UnknownConnection => false,
        // An answer can have the same form, or answer something that the capture missed.
        Family::Aborted => matches!(answers.answer(&RST_IS_PASSIVE), Answer::No(_)),
        // A RST without ACK answers something: what that was is known only where it was captured.
        Family::LateData => yes(&RST_IS_PASSIVE) || yes(&RST_ANSWERS_DATA),
        Family::LastSegment => yes(&RST_IS_PASSIVE) || yes(&RST_IS_ACTIVE),
        Family::Unseen => true,
    }
}

/// How late a busy host may be.
const HOST_IS_BUSY: Span = Span::from_millis(50);
/// A path may be twice as slow as it was.
const SLOWER: i64 = 2;

/// How long after what it answers the RST came.
fn answered_after(outcome: &Outcome) -> Option<Span> {
    let rst = outcome.rst()?;
    Some(rst.record.time.since(rst.trigger?.time))
}

/// A SYN-ACK without an answer is sent again when its timer runs out (RFC 6298 section 2.1): a RST that comes later, to
/// one that was not, answers something else, of a handshake that was complete.
fn came_before_timer(outcome: &Outcome) -> bool {
    answered_after(outcome).is_some_and(|after| after < SYN_TIMER)
}

/// The server's kernel answers the last ACK of a handshake as it answers the SYN, at once, over the same path. A RST that
/// took much longer, or more equal ones than there is to answer, are about segments that the capture missed. An equal RST
/// that was left out as a copy, of which nothing else was copied, may be one more.
fn came_like_syn_ack(outcome: &Outcome) -> bool {
    let (Some(after), Some(syn), Some(syn_ack)) = (answered_after(outcome), outcome.syn(), outcome.syn_ack()) else {
        return false;
    };
    let took = syn_ack.time.since(syn.time).nanos().max(0);
    let at_best = took.saturating_mul(SLOWER).saturating_add(HOST_IS_BUSY.nanos());
    let only_copy = outcome.finally().copies > 0 && outcome.finally().copied == Copied::default();
    let one_more = only_copy || answers_unseen(outcome.rsts(), outcome.before(), outcome.after());
    after.nanos() <= at_best && !one_more
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
    if is_bare && outcome.left_for_new(outcome.sender()) {
        return Some(Family::SynCollision);
    }
    // Behind a FIN that was taken there is nothing new (RFC 9293 section 3.10.4).
    let taken = outcome.connection().half(outcome.receiver()).marks.has(Marks::FIN_ACKED);
    if is_bare && taken && yes(&BOTH_HAD_CLOSED) {
        return Some(Family::LastSegment);
    }
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

/// The connection is captured from its beginning without a gap that shows. A SYN-ACK with a wrong number shows none.
fn is_whole(answers: &mut Answers<'_>) -> bool {
    let outcome = answers.outcome();
    let connection = outcome.connection();
    let mut explained = |side: Side| {
        let unseen = side != outcome.sender() || connection.half(side).marks.has(Marks::GAP);
        !unseen && answers.answer(&SYN_ACK_ACKS_WRONG).is_yes()
    };
    let gaps = Side::BOTH.into_iter().any(|side| connection.has_gap(side) && !explained(side));
    connection.beginning_seen() && !gaps && !outcome.one_sided() && !holds_unseen(outcome)
}

/// The RST reports data out of order by SACK, as an abort does that holds some (`tcp_established_options`), and the
/// capture shows none beyond what it acknowledges.
fn holds_unseen(outcome: &Outcome) -> bool {
    let nxt = outcome.connection().half(outcome.receiver()).nxt;
    outcome.rst().is_some_and(|Rst { record: rst, .. }| {
        rst.flags.has(Flags::ACK) && rst.options.has(OptionSet::SACK) && !nxt.after(rst.ack)
    })
}

#[cfg(test)]
mod tests;
