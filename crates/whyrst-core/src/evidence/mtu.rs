//! Large segments that never arrive where small ones do: a path whose MTU is smaller than the sender believes, and that
//! does not say so (RFC 2923 section 2.1).

use super::answer::{Answer, Value, no, yes};
use super::clock::is_long;
use super::question::{AskedOf, Question, Wording, by};
use super::words::sent_of_body;
use crate::flow::Side;
use crate::half::Marks;
use crate::history::{Notes, Record};
use crate::observation::Frame;
use crate::outcome::Outcome;
use crate::words::{Body, Head, Message};

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

/// Beyond the narrow link the large segments are not even seen: a small one announces more than fits any path, and
/// nothing of that follows.
pub static ANNOUNCED_BODY_NEVER_BEGAN: Question = Question {
    id: "announced-body-never-began",
    asked_of: AskedOf::Packets,
    yes: "{}, of {} bytes, announces a body of {} bytes, and not one byte of it followed within {}",
    no: "the announced body began to arrive",
    unknown: "the head of a request that announces its body, and the time after it",
    zh: Wording {
        yes: "{}（{}字节）声明了{}字节的消息体，而其后{}之内一个字节也没有到达",
        no: "声明的消息体已开始到达",
        unknown: "声明消息体的请求头部，以及其后的时间",
    },
    ask: by(|outcome| Side::BOTH.iter().find_map(|side| never_began(outcome, *side)).unwrap_or(Answer::Unknown)),
};

/// Either end of the narrow link shows it: before it, large segments are repeated; beyond it, they are missing.
pub static LARGE_DATA_IS_MISSING: Question = Question {
    id: "large-data-is-missing",
    asked_of: AskedOf::Packets,
    yes: "segments of up to {} bytes arrived and nothing larger did, though more was due after {}",
    no: "segments of {} bytes arrived, as large as what was repeated",
    unknown: "data that fills segments, sent by one end and awaited by the other",
    zh: Wording {
        yes: "不超过{}字节的报文都到达了，更大的一个也没有，而{}之后本该还有数据",
        no: "{}字节的报文到达了，与被重发的一样大",
        unknown: "一端发送、另一端等待的、装满报文的数据",
    },
    ask: by(|outcome| {
        let facts = |found: (u32, Frame)| {
            let (largest, frame) = found;
            yes().count(largest.into()).shown_by(frame).value(Value::Frame(frame))
        };
        let lost = Side::BOTH.into_iter().find_map(|side| {
            let frame = stuck(outcome, side).filter(|_| large_lost(outcome, side).is_yes())?.frame;
            Some((largest_passed(outcome, side)?, frame))
        });
        let missing = || {
            let asked = Side::BOTH.into_iter().find_map(|side| unfulfilled(outcome, side))?;
            Some((asked.segment_len, asked.frame))
        };
        match (lost.or_else(missing), LARGE_SEGMENTS_LOST.answer(outcome)) {
            (Some(found), _) => Answer::Yes(facts(found)),
            (None, Answer::No(of)) => Answer::No(of),
            _ => Answer::Unknown,
        }
    }),
};

fn never_began(outcome: &Outcome, side: Side) -> Option<Answer> {
    let asked = unfulfilled(outcome, side)?;
    let Body::Length { octets, .. } = asked.body else { return None };
    let facts = yes().shown_by(asked.frame).value(Value::Frame(asked.frame)).count(asked.segment_len.into());
    Some(Answer::Yes(facts.count(octets).span(outcome.time().since(asked.time))))
}

/// A small request that announces a large body, of which nothing followed for long, while the other end waited for it.
fn unfulfilled(outcome: &Outcome, side: Side) -> Option<&Message> {
    let asked = outcome.message(side).filter(|asked| !asked.octets().starts_with(b"HTTP/"))?;
    let Body::Length { octets, head: Head::Whole, .. } = asked.body else { return None };
    let small = asked.segment_len <= ANY_PATH_CARRIES && octets > ANY_PATH_CARRIES.into();
    let end = asked.seq.add(asked.segment_len);
    // What was acknowledged had arrived, though the capture lacks it; who has answered does not wait.
    let acknowledged = outcome.connection().half(side.other()).ack.after(end)
        || outcome.rst().is_some_and(|rst| rst.record.from != side && rst.record.ack.after(end));
    let answered = data(outcome, side.other()).any(|one| one.frame > asked.frame);
    let nothing = sent_of_body(outcome, side, asked) == 0 && !acknowledged && !answered && !outcome.one_sided();
    let waited = is_long(outcome, outcome.time().since(asked.time));
    (small && nothing && waited && !asked.awaits_continue).then_some(asked)
}

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
    let (Some(passed), true) = (largest_passed(outcome, side), stuck.len > ANY_PATH_CARRIES) else {
        return Answer::Unknown;
    };
    if passed >= stuck.len {
        return Answer::No(no().count(passed.into()));
    }
    let times = data(outcome, side).filter(|one| one.seq == stuck.seq).count();
    Answer::Yes(yes().count(stuck.len.into()).frame(stuck).count(times as u64).count(passed.into()))
}

/// The largest segment of `side` that was acknowledged.
fn largest_passed(outcome: &Outcome, side: Side) -> Option<u32> {
    let acked = outcome.connection().half(side.other()).ack;
    data(outcome, side).filter(|one| !one.end().after(acked)).map(|one| one.len).max()
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
