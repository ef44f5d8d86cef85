//! Claims held against the packets: what a line of a log says happened to its writer's socket, and whether the packets
//! show that ([`crate::claim`]).
//!
//! A party can be wrong about its own connection: its log names the errno of the call that failed, and which packet
//! brought that about only packets show. What is claimed of another connection, the upstream's say, is not decided here.

use super::answer::{Answer, Value, yes};
use super::question::{AskedOf, Question, Wording, by};
use crate::claim::{Leg, Standing, Tied, TiedBy};
use crate::flow::Side;
use crate::half::Marks;
use crate::observation::Frame;
use crate::outcome::{Basis, Outcome};
use crate::segment::Flags;
use crate::symptom::Came;

/// A line of a log names why: as sure as words of a party are.
pub static LOG_NAMES_REASON: Question = Question {
    id: "log-names-reason",
    asked_of: AskedOf::Anything,
    yes: "{}, in line {} of its log, names this reason: a claim of one party, not proof",
    no: "no line of the logs names this reason",
    unknown: "a log of either end (--log-file)",
    zh: Wording {
        yes: "{}的日志第{}行写明了这个原因：这是一方的说法，不是证明",
        no: "日志中没有写明这个原因的行",
        unknown: "任何一端的日志（--log-file）",
    },
    ask: by(|outcome| reasons_named(outcome).next().map_or(Answer::Unknown, |(tied, _)| named_by(tied))),
};

/// What in the packets bears on a claim.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ground {
    /// The other end's RST.
    ResetByOther(Frame),
    /// The claimant itself sent the RST, and none of the other end was captured.
    ResetByItself(Frame),
    /// The other end had sent its FIN.
    Closed,
    /// The other end sent no FIN, but this RST.
    ResetNotClosed(Frame),
    /// The connection was refused.
    Refused(Frame),
    /// The connection had been accepted.
    Accepted,
    /// The claimant itself sent the RST, as it says.
    OwnReset(Frame),
    /// It is about the connection to the upstream.
    OtherConnection,
    /// It names an end that other connections have as well.
    OtherEnds,
    /// It says no time, and ports are used again.
    OtherTimes,
}

/// How the packets bear on a claim, and what in them does.
///
/// Only what can be about no other connection agrees or is contradicted: an address alone, a server's end and a line
/// without a time fit others as well, and which of them was meant nobody knows before the capture ends.
pub fn standing(outcome: &Outcome, tied: &Tied) -> (Standing, Option<Ground>) {
    if tied.claim.leg == Leg::Upstream {
        return (Standing::Undecided, Some(Ground::OtherConnection));
    }
    if tied.by == TiedBy::Address {
        return (Standing::Undecided, Some(Ground::OtherEnds));
    }
    if tied.claim.time.is_none() {
        return (Standing::Undecided, Some(Ground::OtherTimes));
    }
    let Some(side) = tied.side.filter(|_| outcome.basis() == Basis::Packets) else {
        return (Standing::Undecided, None);
    };
    let ground = match tied.claim.came {
        Came::Rst => reset(outcome, side),
        Came::Fin => closed(outcome, side),
        Came::RstOrFin => closed(outcome, side).filter(|ground| *ground == Ground::Closed).or(reset(outcome, side)),
        Came::Refusal | Came::RefusalOrSilence => refused(outcome, side),
        Came::Own | Came::Silence => first_of(outcome, side).map(Ground::OwnReset),
        Came::Nothing => None,
    };
    let Some(ground) = ground else { return (Standing::Undecided, None) };
    let contradicts = matches!(ground, Ground::ResetByItself(_) | Ground::ResetNotClosed(_) | Ground::Accepted);
    (if contradicts { Standing::Contradicted } else { Standing::Agrees }, Some(ground))
}

/// The RST that came to `side`, or that it sent the only one itself.
fn reset(outcome: &Outcome, side: Side) -> Option<Ground> {
    let from = |from: Side| outcome.rsts().iter().find(|rst| rst.record.from == from).map(|rst| rst.record.frame);
    // Where not all are kept, one of the other end may be among the rest.
    let all_kept = outcome.rsts().len() as u64 == u64::from(outcome.rsts_total());
    let itself = || from(side).filter(|_| all_kept && !outcome.one_sided()).map(Ground::ResetByItself);
    from(side.other()).map(Ground::ResetByOther).or_else(itself)
}

/// Whether the other end had closed, or reset instead.
fn closed(outcome: &Outcome, side: Side) -> Option<Ground> {
    let other = side.other();
    let half = outcome.finally().half(other);
    let fin = half.marks.has(Marks::FIN)
        || outcome.after().iter().any(|record| record.from == other && record.flags.has(Flags::FIN));
    if fin {
        return Some(Ground::Closed);
    }
    let rst = outcome.rsts().iter().find(|rst| rst.record.from == other)?;
    (!half.marks.has(Marks::GAP)).then_some(Ground::ResetNotClosed(rst.record.frame))
}

/// Whether the SYN of `side` was refused, or accepted after all.
fn refused(outcome: &Outcome, side: Side) -> Option<Ground> {
    let server = outcome.connection().server();
    if side == server {
        return None;
    }
    if outcome.connection().half(server).marks.has(Marks::SYN_ACK) {
        return Some(Ground::Accepted);
    }
    let rst = outcome.rst().filter(|rst| rst.record.from == server)?;
    outcome.syn().map(|_| Ground::Refused(rst.record.frame))
}

/// The first RST, where `side` sent it.
fn first_of(outcome: &Outcome, side: Side) -> Option<Frame> {
    outcome.rst().filter(|rst| rst.record.from == side).map(|rst| rst.record.frame)
}

/// The reasons that lines name and the packets do not contradict, with who names them.
pub fn reasons_named(outcome: &Outcome) -> impl Iterator<Item = (&Tied, &'static str)> {
    let stands = move |tied: &&Tied| standing(outcome, tied).0 != Standing::Contradicted;
    outcome.claims().iter().filter(stands).filter_map(|tied| Some((tied, tied.claim.cause?)))
}

/// Who names this reason, as an answer to [`LOG_NAMES_REASON`].
pub fn named_by(tied: &Tied) -> Answer {
    Answer::Yes(yes().value(Value::Name(tied.claim.by.name())).count(tied.claim.line))
}
