//! Who had closed (sent FIN) when the RST came, and what the RST answered after that.

use super::{Answer, Question, Value, no, yes};
use crate::ending::Ending;
use crate::flow::Side;
use crate::half::Marks;
use crate::history::{Notes, Record};
use crate::segment::Flags;

/// The sender of the RST had closed before.
pub static SENDER_HAD_CLOSED: Question = Question {
    id: "sender-had-closed",
    yes: "{sender} had closed: its FIN is {}",
    no: "{sender} had not closed: it sent no FIN before the RST",
    unknown: "the connection from its beginning: had {sender} sent a FIN?",
    ask: |ending| had_closed(ending, ending.sender()),
};

/// The receiver of the RST had closed before.
pub static RECEIVER_HAD_CLOSED: Question = Question {
    id: "receiver-had-closed",
    yes: "{receiver} had closed: its FIN is {}",
    no: "{receiver} had not closed: it sent no FIN before the RST",
    unknown: "the connection from its beginning: had {receiver} sent a FIN?",
    ask: |ending| had_closed(ending, ending.receiver()),
};

/// Both ends had closed.
pub static BOTH_HAD_CLOSED: Question = Question {
    id: "both-had-closed",
    yes: "both ends had closed: their FINs are {} and {}",
    no: "not both ends had closed before the RST",
    unknown: "the connection from its beginning: had both sides sent a FIN?",
    ask: |ending| match [ending.sender(), ending.receiver()].map(|side| had_closed(ending, side)) {
        [Answer::Yes(first), Answer::Yes(second)] => Answer::Yes(first.and(second)),
        [Answer::No(_), _] | [_, Answer::No(_)] => Answer::No(no()),
        _ => Answer::Unknown,
    },
};

/// The RST answers data.
pub static RST_ANSWERS_DATA: Question = Question {
    id: "rst-answers-data",
    yes: "{} answers {}, which carries {} octets of data",
    no: "{} does not answer data",
    unknown: "the segment that the RST answers",
    ask: |ending| {
        let Some(rst) = ending.rst() else {
            return Answer::Unknown;
        };
        match answered_data(ending) {
            Some(data) => Answer::Yes(yes().frame(&rst.record).frame(data).count(data.len.into())),
            None if rst.trigger.is_some() => Answer::No(no().frame(&rst.record)),
            None => Answer::Unknown,
        }
    },
};

/// The data that was answered by RST had been sent before its sender could know of the FIN.
pub static DATA_CROSSED_FIN: Question = Question {
    id: "data-crossed-fin",
    yes: "{} was sent before {receiver} acknowledged the FIN {}: the two crossed on the way",
    no: "{receiver} had already acknowledged the FIN {1} when it sent {0}: it wrote to a connection that it knew was half closed",
    unknown: "the FIN and the data that followed",
    ask: |ending| {
        let sender = ending.connection.half(ending.sender());
        match answered_data(ending) {
            Some(data) if sender.marks.has(Marks::FIN) => {
                let crossed = !data.ack.after(sender.fin);
                yes().frame(data).value(Value::Frame(sender.fin_frame)).shown_by(sender.fin_frame).if_so(crossed.into())
            }
            _ => Answer::Unknown,
        }
    },
};

/// The sender of the RST had closed while its own last data was still unanswered.
pub static REQUEST_UNANSWERED: Question = Question {
    id: "request-unanswered",
    yes: "{sender} closed, in {1}, while nothing had come in answer to its data in {0}",
    no: "{sender} closed, in {1}, after {receiver}'s data in {0}",
    unknown: "the data before {sender}'s FIN",
    ask: |ending| {
        let is_fin = |record: &Record| record.from == ending.sender() && record.flags.has(Flags::FIN);
        let Some(at) = ending.before.iter().position(is_fin) else {
            return Answer::Unknown;
        };
        // A FIN may carry the request itself.
        let last = ending.before[..=at].iter().rev().find(|record| is_data(record));
        let Some(last) = last.filter(|_| !ending.connection.has_gap(ending.receiver())) else {
            return Answer::Unknown;
        };
        yes().frame(last).frame(&ending.before[at]).if_so((last.from == ending.sender()).into())
    },
};

/// The RST answers something without data: an ACK, a probe or a FIN.
pub static RST_ANSWERS_NO_DATA: Question = Question {
    id: "rst-answers-no-data",
    yes: "{} answers {}, which carries no data",
    no: "{} answers data",
    unknown: "the segment that the RST answers",
    ask: |ending| {
        let Some(rst) = ending.rst() else {
            return Answer::Unknown;
        };
        match &rst.trigger {
            Some(trigger) if !is_data(trigger) => Answer::Yes(yes().frame(&rst.record).frame(trigger)),
            _ if answered_data(ending).is_some() => Answer::No(no().frame(&rst.record)),
            _ => Answer::Unknown,
        }
    },
};

fn had_closed(ending: &Ending, side: Side) -> Answer {
    let half = ending.connection.half(side);
    if half.marks.has(Marks::FIN) {
        Answer::Yes(yes().value(Value::Frame(half.fin_frame)).shown_by(half.fin_frame))
    } else if knows_all(ending, side) {
        Answer::No(no())
    } else {
        Answer::Unknown
    }
}

/// Whether a FIN of `side` could not have been missed. A RST beyond what was seen of its sender
/// tells of something that was missed.
fn knows_all(ending: &Ending, side: Side) -> bool {
    let half = ending.connection.half(side);
    let rst = ending.rst().filter(|rst| rst.record.from == side && rst.record.flags.has(Flags::ACK));
    let unseen = rst.is_some_and(|rst| rst.record.seq.after(half.nxt));
    half.marks.has(Marks::SYN) && !ending.connection.has_gap(side) && !unseen
}

/// The data that the RST answers. Windows answers data for a socket that it has closed with
/// RST+ACK that acknowledges it, window 0 and no options.
fn answered_data(ending: &Ending) -> Option<&Record> {
    let rst = ending.rst()?;
    if let Some(trigger) = &rst.trigger {
        return Some(trigger).filter(|trigger| is_data(trigger));
    }
    let sender_closed = ending.connection.half(rst.record.from).marks.has(Marks::FIN);
    let plain = rst.record.flags.has(Flags::ACK) && rst.record.window == 0 && rst.record.options.is_empty();
    let last = ending.before.last().filter(|last| last.from != rst.record.from && is_data(last))?;
    (sender_closed && plain && last.end() == rst.record.ack).then_some(last)
}

fn is_data(record: &Record) -> bool {
    record.len > 0 && !record.notes.has(Notes::PROBE)
}
