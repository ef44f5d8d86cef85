//! Large segments that never arrive where small ones do: a path whose MTU is smaller than the sender believes, and that
//! does not say so (RFC 2923 section 2.1).

use super::answer::{Answer, no, yes};
use super::question::{AskedOf, Question, Wording, by};
use crate::flow::Side;
use crate::half::Marks;
use crate::history::{Notes, Record};
use crate::outcome::Outcome;

/// Transmissions of one segment in vain that are no loss by chance: with one packet of a hundred lost, one of a million.
const IN_VAIN: usize = 3;
/// What every path carries: RFC 791 section 3.2 lets no IPv4 host take less than 576 bytes, headers included.
const ANY_PATH_CARRIES: u32 = 536;

/// One segment is sent again and again without progress, and everything that passed in its direction was smaller.
pub static LARGE_SEGMENTS_LOST: Question = Question {
    id: "large-segments-lost",
    asked_of: AskedOf::Packets,
    yes: "{} bytes from {} on were sent {} times and never acknowledged, while segments of up to {} bytes from the same end were",
    no: "segments of {} bytes were acknowledged, as large as what was repeated",
    unknown: "a segment that one end sent at least three times without progress, and smaller ones that arrived",
    zh: Wording {
        yes: "{1}起的{0}字节发送了{2}次，始终没有得到确认，而同一端不超过{3}字节的报文都得到了确认",
        no: "{}字节的报文得到了确认，与被重发的一样大",
        unknown: "某一端至少发送三次而没有进展的报文，以及已到达的较小报文",
    },
    ask: by(|outcome| Side::BOTH.iter().map(|side| large_lost(outcome, *side)).fold(Answer::Unknown, stronger)),
};

/// A smaller segment that was sent after it arrived, as a selective acknowledgment says (RFC 2018).
pub static SMALLER_SEGMENT_PASSED_LATER: Question = Question {
    id: "smaller-segment-passed-later",
    asked_of: AskedOf::Packets,
    yes: "{} was sent after the lost segments, is smaller, and arrived: the path works, only not for large packets",
    no: "nothing smaller arrived after the lost segments",
    unknown: "a small segment sent after the lost ones: does it arrive?",
    zh: Wording {
        yes: "{}在丢失的报文之后发送，比它们小，并且到达了：路径是通的，只是过不了大包",
        no: "在丢失的报文之后没有更小的报文到达",
        unknown: "在丢失的报文之后发送的小报文：它到达了吗？",
    },
    ask: by(|outcome| {
        let later = Side::BOTH.iter().find_map(|side| {
            let stuck = stuck(outcome, *side)?;
            let peer = outcome.connection().half(side.other());
            let passed = data(outcome, *side).find(|one| one.end() == peer.sack_edge && one.len < stuck.len)?;
            peer.marks.has(Marks::SACKED).then_some(passed)
        });
        later.map_or(Answer::Unknown, |passed| Answer::Yes(yes().frame(passed)))
    }),
};

fn large_lost(outcome: &Outcome, side: Side) -> Answer {
    let Some(stuck) = stuck(outcome, side) else { return Answer::Unknown };
    let acked = outcome.connection().half(side.other()).ack;
    let passed = data(outcome, side).filter(|one| !one.end().after(acked)).map(|one| one.len).max();
    let (Some(passed), true) = (passed, stuck.len > ANY_PATH_CARRIES) else { return Answer::Unknown };
    if passed >= stuck.len {
        return Answer::No(no().count(passed.into()));
    }
    let times = data(outcome, side).filter(|one| one.seq == stuck.seq).count();
    Answer::Yes(yes().count(stuck.len.into()).frame(stuck).count(times as u64).count(passed.into()))
}

/// The smallest transmission that is remembered of what the peer waits for, when there were several: repeated
/// segments may be joined to larger ones.
fn stuck(outcome: &Outcome, side: Side) -> Option<&Record> {
    let peer = outcome.connection().half(side.other());
    if !peer.marks.has(Marks::ACKED) {
        return None;
    }
    let same = || data(outcome, side).filter(|one| one.seq == peer.ack);
    same().min_by_key(|one| one.len).filter(|_| same().count() >= IN_VAIN)
}

fn data(outcome: &Outcome, side: Side) -> impl Iterator<Item = &Record> {
    let all = outcome.before().iter();
    all.filter(move |one| one.from == side && one.len > 0 && !one.notes.has(Notes::PROBE))
}

/// A yes counts for either direction, a no where neither says yes.
fn stronger(one: Answer, other: Answer) -> Answer {
    if one.is_yes() || (one.is_no() && !other.is_yes()) { one } else { other }
}
