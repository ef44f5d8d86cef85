//! What an end promised, and whether that was kept: how often it would send something, how long its answer would be.

use super::answer::{Answer, Value, yes};
use super::clock::is_long;
use super::fin::is_data;
use super::question::{AskedOf, Question, Wording, by};
use super::timing::{is_sane, leaving};
use super::words::{HEARTBEAT_MISSED, sent_of_body};
use crate::half::Marks;
use crate::history::Record;
use crate::outcome::Outcome;
use crate::time::Span;
use crate::words::{Body, Head, promised_interval};

/// The receiver of the RST had been silent for one and a half times the interval that it had promised when the other
/// end left, as a broker must then (MQTT 3.1.1, MQTT-3.1.2-24).
pub static KEEP_ALIVE_EXPIRED: Question = Question {
    id: "keep-alive-expired",
    asked_of: AskedOf::Packets,
    yes: "{receiver} had promised to send something every {} (MQTT keep alive) and had been silent for {} when {sender} closed, in {}",
    no: "{receiver} had promised to send something every {} (MQTT keep alive), and its last data was {} old when {sender} closed, in {}",
    unknown: "{receiver}'s first message, which may promise heartbeats",
    zh: Wording {
        yes: "{receiver}承诺至少每{}发送一次（MQTT keep alive），而{sender}离开（{2}）时它已沉默{1}",
        no: "{receiver}承诺至少每{}发送一次（MQTT keep alive），{sender}离开（{2}）时它最后的数据发自{1}之前",
        unknown: "{receiver}的第一条消息，其中可能承诺了心跳",
    },
    ask: by(|outcome| {
        let receiver = outcome.receiver();
        let promised = promised_interval(outcome.said(receiver).first()).filter(|_| !has_gaps(outcome));
        let (Some(promised), Some((left, silent))) = (promised, silence(outcome)) else { return Answer::Unknown };
        let facts = yes().span(promised).span(silent).frame(left);
        let due = Span::from_nanos(promised.nanos().saturating_add(promised.nanos() / 2));
        match silent {
            silent if silent >= due && is_sane(silent) && is_long(outcome, silent) => Answer::Yes(facts),
            silent if silent < promised => Answer::No(facts),
            _ => Answer::Unknown,
        }
    }),
};

/// An end that had to send something did not: it had promised to, or the other end's heartbeats wait for an answer.
pub static HEARTBEAT_WAS_DUE: Question = Question {
    id: "heartbeat-was-due",
    asked_of: AskedOf::Packets,
    yes: "{receiver} had sent no data for {} when {sender} closed, in {}: a heartbeat of it was due",
    no: "no heartbeat of {receiver} was due: its last data was {} old when {sender} closed, in {}",
    unknown: "what the ends promise each other, or three heartbeats in a row",
    zh: Wording {
        yes: "{sender}离开（{1}）时，{receiver}已有{0}没有发送数据：它早该发出心跳",
        no: "{receiver}的心跳还没有到期：{sender}离开（{1}）时，它最后的数据发自{0}之前",
        unknown: "两端彼此的承诺，或连续三次心跳",
    },
    ask: by(|outcome| {
        let Some((left, silent)) = silence(outcome) else { return Answer::Unknown };
        let facts = yes().span(silent).frame(left);
        match (KEEP_ALIVE_EXPIRED.answer(outcome), HEARTBEAT_MISSED.answer(outcome)) {
            (Answer::Yes(_), _) | (_, Answer::Yes(_)) => Answer::Yes(facts),
            (Answer::No(_), _) | (Answer::Unknown, Answer::No(_)) => Answer::No(facts),
            (Answer::Unknown, Answer::Unknown) => Answer::Unknown,
        }
    }),
};

/// When the sender of the RST left, and for how long it had received no data then.
fn silence(outcome: &Outcome) -> Option<(&Record, Span)> {
    let left = leaving(outcome)?;
    let theirs = |record: &Record| record.from == outcome.receiver() && is_data(record) && record.frame < left.frame;
    Some((left, left.time.since(outcome.latest(theirs)?.time)))
}

/// The answer was under way, and less of it had been sent than its head announces.
pub static ANSWER_WAS_UNDER_WAY: Question = Question {
    id: "answer-was-under-way",
    asked_of: AskedOf::Packets,
    yes: "{receiver}'s answer in {} announced {} bytes, and {} had been sent when {sender} closed",
    no: "{receiver}'s answer in {} was complete: {} bytes were announced, {} were sent",
    unknown: "the head of {receiver}'s answer, which announces how long it is",
    zh: Wording {
        yes: "{receiver}在{}中的应答声明有{}字节，{sender}离开时只发了{}字节",
        no: "{receiver}在{}中的应答已经完整：声明{}字节，发了{}字节",
        unknown: "{receiver}的应答头部（它声明应答有多长）",
    },
    ask: by(|outcome| {
        let server = outcome.connection().server();
        let answer = outcome.message(server).filter(|_| outcome.receiver() == server);
        let Some((answer, left)) = answer.zip(leaving(outcome)) else { return Answer::Unknown };
        let Body::Length { octets, head: Head::Whole, .. } = answer.body else { return Answer::Unknown };
        let sent = sent_of_body(outcome, server, answer);
        let facts = yes().shown_by(answer.frame).value(Value::Frame(answer.frame)).count(octets).count(sent);
        // Who waits for the rest and gets nothing leaves for another reason.
        let last = outcome.latest(|record| record.from == server && is_data(record) && record.frame < left.frame);
        let stalled = last.is_none_or(|last| is_long(outcome, left.time.since(last.time)));
        match sent < octets {
            // An answer to a HEAD that was not captured has no body at all.
            true if sent == 0 || stalled || outcome.connection().half(server).marks.has(Marks::FIN) => Answer::Unknown,
            true => Answer::Yes(facts),
            false => Answer::No(facts),
        }
    }),
};

fn has_gaps(outcome: &Outcome) -> bool {
    outcome.one_sided() || outcome.connection().has_gap(outcome.receiver())
}
