//! Did the RST come from the host that it claims, or from something on the path?
//!
//! An endpoint's RST has that host's hop count, continues its identification counter and carries
//! its timestamps, and after its own abort a host says nothing more (CATALOGUE sections 1 and 5,
//! class C14; Weaver, Sommer, Paxson 2009). One odd field proves nothing: load balancers and
//! hypervisors answer for hosts (RULES section 6).

use super::{Answer, Question, Value, no, yes};
use crate::ending::Ending;
use crate::half::Marks;
use crate::history::{Notes, Record};
use crate::segment::{Flags, OptionSet};

/// A running IPv4 identification counter moves on by this much at most between two packets of one
/// connection; Linux counts per socket, others per host.
const ID_STEP: u16 = 1_024;

/// The RST has another hop count than the other packets of its supposed sender.
pub static RST_TTL_DIFFERS: Question = Question {
    id: "rst-ttl-differs",
    yes: "{} arrived with TTL {}, all other packets of {sender} with {}: it was made somewhere else",
    no: "{} has the TTL of {sender}'s other packets, {}",
    unknown: "another packet of {sender}, to compare the TTL with",
    ask: |ending| {
        let Some(rst) = ending.rst() else {
            return Answer::Unknown;
        };
        let sender = ending.connection.half(ending.sender());
        if !sender.marks.has(Marks::SPOKE) || sender.marks.has(Marks::TTL_VARIES) {
            return Answer::Unknown;
        }
        if rst.record.ttl == sender.ttl {
            return Answer::No(no().frame(&rst.record).value(Value::Ttl(sender.ttl)));
        }
        Answer::Yes(yes().frame(&rst.record).value(Value::Ttl(rst.record.ttl)).value(Value::Ttl(sender.ttl)))
    },
};

/// An abort without the timestamps that its connection used.
pub static RST_LACKS_TIMESTAMPS: Question = Question {
    id: "rst-lacks-timestamps",
    yes: "{} is an abort without timestamps, in a connection that uses them: {sender}'s own stack would have added them",
    no: "{} carries timestamps like the rest of the connection",
    unknown: "a connection with TCP timestamps, or the options of the RST",
    ask: |ending| {
        let Some(rst) = ending.rst() else {
            return Answer::Unknown;
        };
        let uses = ending.connection.half(ending.sender()).marks.has(Marks::TIMESTAMPS);
        if !uses || !looks_active(&rst.record) || rst.trigger.is_some() || rst.record.options.has(OptionSet::CUT) {
            return Answer::Unknown;
        }
        yes().frame(&rst.record).if_so((!rst.record.options.has(OptionSet::TIMESTAMPS)).into())
    },
};

/// The RST's identification fits neither form of a genuine one.
pub static RST_IP_ID_FOREIGN: Question = Question {
    id: "rst-ip-id-foreign",
    yes: "{} has IP ID {}, far from {sender}'s last one, {}",
    no: "{} has an IP ID that {sender}'s own counter would give",
    unknown: "IPv4 packets of {sender} with a running IP ID",
    ask: |ending| {
        let Some(rst) = ending.rst() else {
            return Answer::Unknown;
        };
        let sender = ending.connection.half(ending.sender());
        let countable = sender.marks.has(Marks::SPOKE) && sender.ip_id != 0 && !rst.record.notes.has(Notes::IPV6);
        if !countable {
            return Answer::Unknown;
        }
        let echoed = rst.trigger.is_some_and(|trigger| trigger.ip_id == rst.record.ip_id);
        let reply = !looks_active(&rst.record) && rst.record.ip_id == 0;
        let running = rst.record.ip_id.wrapping_sub(sender.ip_id) <= ID_STEP;
        let facts = yes().frame(&rst.record);
        if echoed || reply || running {
            Answer::No(facts)
        } else {
            Answer::Yes(facts.value(Value::Number(rst.record.ip_id.into())).value(Value::Number(sender.ip_id.into())))
        }
    },
};

/// After the RST its supposed sender went on as if nothing had happened.
pub static SENDER_TALKED_ON: Question = Question {
    id: "sender-talked-on",
    yes: "{sender} went on after the RST, with {}: a host that resets a connection has nothing more to say on it",
    no: "{sender} sent nothing more on this connection after the RST",
    unknown: "what {sender} did after the RST",
    ask: |ending| {
        let Some(rst) = ending.rst() else {
            return Answer::Unknown;
        };
        match ending.after.iter().find(|record| talks_on(ending, &rst.record, record)) {
            Some(record) => Answer::Yes(yes().frame(record)),
            None if ending.after_total == 0 && ending.watched_after().nanos() == 0 => Answer::Unknown,
            None => Answer::No(no()),
        }
    },
};

/// New octets beyond the RST, or an acknowledgment of what came after it. Segments that were on
/// their way when the RST overtook them do neither.
fn talks_on(ending: &Ending, rst: &Record, record: &Record) -> bool {
    let sender = ending.connection.half(rst.from);
    let receiver = ending.connection.half(rst.from.other());
    record.from == rst.from
        && !record.flags.has(Flags::SYN)
        && sender.marks.has(Marks::SPOKE)
        && (record.end().after(sender.nxt) || (record.flags.has(Flags::ACK) && record.ack.after(receiver.nxt)))
}

/// The RST cannot be what its sender's own stack made.
pub static RST_CONTRADICTS_SENDER: Question = Question {
    id: "rst-contradicts-sender",
    yes: "{} signs say that {} did not come from {sender}",
    no: "nothing about {1} speaks against {sender} having sent it",
    unknown: "other packets of {sender}, before and after the RST, to compare with",
    ask: |ending| {
        let Some(rst) = ending.rst() else {
            return Answer::Unknown;
        };
        let signs =
            [&RST_TTL_DIFFERS, &RST_LACKS_TIMESTAMPS, &RST_IP_ID_FOREIGN].map(|question| (question.ask)(ending));
        let odd = signs.iter().filter(|answer| answer.is_yes()).count() as u64;
        let talked_on = (SENDER_TALKED_ON.ask)(ending).is_yes();
        let facts = yes().count(odd + u64::from(talked_on)).frame(&rst.record);
        if talked_on || odd >= 2 {
            Answer::Yes(facts)
        } else if odd == 0 && signs.iter().any(Answer::is_no) {
            Answer::No(facts)
        } else {
            Answer::Unknown
        }
    },
};

/// An abort has the ACK flag; a reset in answer to an ordinary segment has not.
fn looks_active(rst: &Record) -> bool {
    rst.flags.has(Flags::ACK)
}
