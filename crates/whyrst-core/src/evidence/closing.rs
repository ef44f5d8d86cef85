//! Who had closed (sent FIN) when the RST came, and what the RST answered after that.

use super::{Answer, Question, no, yes};
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
    ask: |ending| match (fin(ending, ending.sender()), fin(ending, ending.receiver())) {
        (Some(first), Some(second)) => Answer::Yes(yes().frame(first).frame(second)),
        _ if knows_all(ending, Side::Low) && knows_all(ending, Side::High) => Answer::No(no()),
        _ => Answer::Unknown,
    },
};

/// The RST answers data that reached an end which had closed.
pub static RST_ANSWERS_DATA: Question = Question {
    id: "rst-answers-data",
    yes: "{} answers {}, which carries {} octets of data",
    no: "{} does not answer data",
    unknown: "the segment that the RST answers",
    ask: |ending| {
        let Some(rst) = ending.rst() else {
            return Answer::Unknown;
        };
        match &rst.trigger {
            Some(trigger) if trigger.len > 0 && !trigger.notes.has(Notes::PROBE) => {
                Answer::Yes(yes().frame(&rst.record).frame(trigger).count(trigger.len.into()))
            }
            Some(_) => Answer::No(no().frame(&rst.record)),
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
    ask: |ending| match (data_trigger(ending), fin(ending, ending.sender())) {
        (Some(data), Some(fin)) => yes().frame(data).frame(fin).if_so(data.ack.before(fin.end()).into()),
        _ => Answer::Unknown,
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
            Some(trigger) if trigger.len == 0 => Answer::Yes(yes().frame(&rst.record).frame(trigger)),
            Some(_) => Answer::No(no().frame(&rst.record)),
            None => Answer::Unknown,
        }
    },
};

fn had_closed(ending: &Ending, side: Side) -> Answer {
    match fin(ending, side) {
        Some(fin) => Answer::Yes(yes().frame(fin)),
        None if ending.connection.half(side).marks.has(Marks::FIN) => {
            Answer::Yes(yes().shown_by(ending.connection.first_frame))
        }
        None if knows_all(ending, side) => Answer::No(no()),
        None => Answer::Unknown,
    }
}

/// Whether a FIN of `side` could not have been missed.
fn knows_all(ending: &Ending, side: Side) -> bool {
    let half = ending.connection.half(side);
    ending.connection.beginning_seen() && half.marks.has(Marks::SPOKE) && !half.marks.has(Marks::GAP)
}

fn fin(ending: &Ending, side: Side) -> Option<&Record> {
    ending.earlier(|record| record.from == side && record.flags.has(Flags::FIN))
}

fn data_trigger(ending: &Ending) -> Option<&Record> {
    ending.rst()?.trigger.as_ref().filter(|trigger| trigger.len > 0)
}
