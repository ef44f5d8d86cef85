//! What an end promised when it began, and whether it kept that: how often it would send something.

use super::answer::{Answer, yes};
use super::clock::is_long;
use super::fin::is_data;
use super::question::{AskedOf, Question, Wording, by};
use super::timing::{is_sane, leaving};
use super::words::HEARTBEAT_MISSED;
use crate::history::Record;
use crate::outcome::Outcome;
use crate::time::Span;
use crate::words::promised_interval;

/// The receiver of the RST had been silent for one and a half times the interval that it had promised when the other
/// end left, as a broker must then (MQTT 3.1.1, MQTT-3.1.2-24).
pub static KEEP_ALIVE_EXPIRED: Question = Question {
    id: "keep-alive-expired",
    asked_of: AskedOf::Packets,
    yes: "{receiver} had promised to send something every {} (MQTT keep alive) and had been silent for {} when {sender} left, in {}",
    no: "{receiver} had promised to send something every {} (MQTT keep alive), and its last data was {} old when {sender} left, in {}",
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
    yes: "{receiver} had sent no data for {} when {sender} left, in {}: a heartbeat of it was due",
    no: "no heartbeat of {receiver} was due: its last data was {} old when {sender} left, in {}",
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

fn has_gaps(outcome: &Outcome) -> bool {
    outcome.one_sided() || outcome.connection().has_gap(outcome.receiver())
}
