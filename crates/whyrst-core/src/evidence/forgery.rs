//! Several RSTs that no stack sends: the marks of a device that cannot know the right number and
//! so sends a whole series.
//!
//! A stack resets once by its own decision, at SND.NXT, and after that only answers segments, each
//! at their acknowledgment number and with window 0 (docs/internals/resets.md). A device beside the path
//! races with the real traffic and guesses ahead: Weaver, Sommer and Paxson (NDSS 2009) found
//! second numbers 12 503 higher, or 1460 and 4380; the devices that report gfw.report of August
//! 2025 describes send three at once whose windows count upwards.

use super::answer::{Answer, Value, no, yes};
use super::question::{AskedOf, Question, Wording, by};
use crate::flow::Side;
use crate::half::{Half, Marks};
use crate::history::Record;
use crate::outcome::Outcome;
use crate::rst::Rst;
use crate::segment::Flags;
use crate::time::Span;

/// RSTs of one series follow each other within this time (Weaver et al.).
const SERIES: Span = Span::from_secs(2);
/// RSTs of one volley.
const VOLLEY: Span = Span::from_millis(5);
/// FIN and SYN may each have taken a number that the capture missed.
const UNSEEN_FLAGS: u32 = 2;

/// A later RST of the same end stands beyond everything that it had sent and that had been
/// acknowledged to it.
pub static RST_SEQ_CLIMBS: Question = Question {
    id: "rst-seq-climbs",
    asked_of: AskedOf::Packets,
    yes: "{} follows {} with a sequence number {} higher, beyond everything that {sender} had sent: a TCP stack uses its current number, an injector that has to guess tries several",
    no: "all RSTs from {sender} have its current sequence number",
    unknown: "a second RST from {sender}, in a capture that misses nothing that it had sent",
    zh: Wording {
        yes: "{}在{}之后，序列号比它大{}，超出{sender}所发的一切：协议栈只用当前的序列号，靠猜测的注入者才会试好几个",
        no: "{sender}的 RST 都用它当前的序列号",
        unknown: "{sender}的第二个 RST，且抓包没有漏掉它所发的任何报文",
    },
    ask: by(|outcome| {
        let sender = outcome.sender();
        if !complete(outcome, sender) {
            return Answer::Unknown;
        }
        let mut own = resets_of(outcome, sender);
        let Some(first) = own.next() else { return Answer::Unknown };
        let known = furthest(outcome, sender);
        let climbs = |later: &&Rst| {
            let climbed = later.record.seq.after(first.record.seq.add(UNSEEN_FLAGS));
            climbed && later.record.seq.after(known.add(UNSEEN_FLAGS)) && near(&first.record, &later.record)
        };
        let mut others = own.peekable();
        if others.peek().is_none() {
            return Answer::Unknown;
        }
        others.find(climbs).map_or(Answer::No(no()), |later| {
            let step = later.record.seq.diff(first.record.seq).unsigned_abs();
            Answer::Yes(yes().frame(&later.record).frame(&first.record).count(step.into()))
        })
    }),
};

/// Three RSTs at once whose windows count upwards.
pub static RST_WINDOWS_COUNT: Question = Question {
    id: "rst-windows-count",
    asked_of: AskedOf::AnyPackets,
    yes: "{}, {} and {} came within {} with windows that count up from {}: no TCP stack numbers its RSTs",
    no: "the RSTs have windows that a single TCP stack would use",
    unknown: "three RSTs from {sender} in quick succession",
    zh: Wording {
        yes: "{}、{}和{}在{}之内到来，窗口从{}起依次递增：没有协议栈会给 RST 编号",
        no: "这些 RST 的窗口与同一个协议栈会给出的一致",
        unknown: "{sender}接连发出的三个 RST",
    },
    ask: by(|outcome| {
        let own: alloc::vec::Vec<&Record> = resets_of(outcome, outcome.sender()).map(|rst| &rst.record).collect();
        if own.len() < 3 {
            return Answer::Unknown;
        }
        own.windows(3).find_map(counting).unwrap_or_else(|| Answer::No(no()))
    }),
};

fn counting(three: &[&Record]) -> Option<Answer> {
    let [first, second, third] = three else { return None };
    let count = |earlier: &Record, later: &Record| later.window == earlier.window.wrapping_add(1);
    let took = third.time.since(first.time);
    let volley = took <= VOLLEY && count(first, second) && count(second, third) && third.window > first.window;
    let facts = yes().frame(first).frame(second).frame(third).span(took);
    volley.then(|| Answer::Yes(facts.value(Value::Number(first.window.into()))))
}

/// Both ends were reset at once, and the second RST answers nothing.
pub static RSTS_BOTH_WAYS: Question = Question {
    id: "rsts-both-ways",
    asked_of: AskedOf::Packets,
    yes: "{} and {} reset both ends within {}, and the second answers no segment: an end that was reset does not send a RST back",
    no: "only one end was reset, or the second RST answers a segment that was in flight",
    unknown: "both directions of the connection",
    zh: Wording {
        yes: "{}和{}在{}之内重置了两端，且第二个不是在应答报文：已被重置的一端不会再反过来重置",
        no: "只有一端被重置，或者第二个 RST 应答的是在途的报文",
        unknown: "连接的两个方向",
    },
    ask: by(|outcome| {
        let Some(first) = outcome.rst() else { return Answer::Unknown };
        if outcome.one_sided() {
            return Answer::Unknown;
        }
        let back = resets_of(outcome, outcome.receiver()).next();
        match back.filter(|back| back.record.time.since(first.record.time) <= VOLLEY) {
            Some(back) if unprovoked(outcome, back) && !multipath(first) => Answer::Yes(
                yes().frame(&first.record).frame(&back.record).span(back.record.time.since(first.record.time)),
            ),
            _ => Answer::No(no()),
        }
    }),
};

/// It answers nothing, and nothing that it could answer crossed it.
fn unprovoked(outcome: &Outcome, rst: &Rst) -> bool {
    let answered = outcome.after().iter().any(|record| record.from != rst.record.from && record.ack == rst.record.seq);
    rst.trigger.is_none() && !answered && !multipath(rst)
}

/// An MPTCP stack does reset back (docs/internals/mptcp.md#resets-of-subflows).
fn multipath(rst: &Rst) -> bool {
    rst.record.options.has(crate::segment::OptionSet::MPTCP)
}

fn resets_of(outcome: &Outcome, side: Side) -> impl Iterator<Item = &Rst> {
    outcome.rsts().iter().filter(move |rst| rst.record.from == side)
}

fn near(first: &Record, later: &Record) -> bool {
    later.time.since(first.time) <= SERIES
}

/// The capture holds the whole of what `side` sent, and neither end had said FIN.
fn complete(outcome: &Outcome, side: Side) -> bool {
    let half = outcome.finally().half(side);
    let closed = Side::BOTH.iter().any(|side| outcome.connection().half(*side).marks.has(Marks::FIN));
    let whole = half.marks.has(Marks::SPOKE) && !half.marks.has(Marks::GAP) && !outcome.one_sided();
    whole && !closed && shows_ordinary(outcome) && !asks_to_open(outcome, side)
}

/// The capture has more than the segments that open and end connections: a filter for those shows no gap.
fn shows_ordinary(outcome: &Outcome) -> bool {
    let ordinary = |record: &Record| ![Flags::SYN, Flags::FIN, Flags::RST].iter().any(|flag| record.flags.has(*flag));
    outcome.before().iter().chain(outcome.after()).any(ordinary)
}

/// Its SYN waits for an answer. What it refuses then may belong to an older connection, and the RST takes its number from
/// that (RFC 9293 section 3.10.7.3).
fn asks_to_open(outcome: &Outcome, side: Side) -> bool {
    let connection = outcome.connection();
    let opens = side == connection.client && connection.half(side).marks.has(Marks::SYN);
    opens && !connection.half(side.other()).marks.has(Marks::SYN)
}

/// The highest number that `side` had used, by its own segments and by its peer's acknowledgments.
fn furthest(outcome: &Outcome, side: Side) -> crate::seq::Seq {
    let own: &Half = outcome.finally().half(side);
    let peer = outcome.finally().half(side.other());
    let acked = outcome.after().iter().filter(|record| record.from != side && record.flags.has(Flags::ACK));
    let acked = acked.map(|record| record.ack).fold(own.nxt, crate::seq::Seq::max);
    if peer.marks.has(Marks::ACKED) { acked.max(peer.ack) } else { acked }
}
