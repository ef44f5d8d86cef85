//! Closed windows: a reader that takes nothing, the probes of what waits for it, and what that says of the end that
//! sent the RST.
//!
//! A probe that is answered by "still closed" is answered (RFC 9293 section 3.8.6.1): its sender has the connection
//! and does not give it up. Linux answers at most one segment outside of its window in 500 ms
//! (`tcp_oow_rate_limited`), so a probe that follows soon has no answer of its own.
//!
//! The facts behind it: docs/internals/timers.md.

use super::answer::{Answer, Value, no, yes};
use super::clock::is_long;
use super::closing::RST_ANSWERS_DATA;
use super::fin::{closed_state, had_closed};
use super::path::SENDER_TALKED_ON;
use super::question::{AskedOf, Question, Wording, by, not};
use super::timing::{is_sane, round_trip};
use crate::flow::Side;
use crate::half::Marks;
use crate::history::{Notes, Record};
use crate::outcome::Outcome;
use crate::segment::Flags;
use crate::seq::Seq;
use crate::time::Span;

/// `tcp_invalid_ratelimit`: Linux leaves a segment outside of its window unanswered so soon after another.
const RATE_LIMIT: Span = Span::from_millis(500);
/// The timer of the next probe is twice the last one (RFC 9293 section 3.8.6.1), and fires a little late.
const NEXT_PROBE: i64 = 2;
const LATE: Span = Span::from_millis(500);

/// The receiver of the RST had not been reading: its window stayed closed while data waited for it.
pub static RECEIVER_READ_NOTHING: Question = Question {
    id: "receiver-read-nothing",
    asked_of: AskedOf::Packets,
    yes: "{receiver} took no data for {}: its window was 0 from {} on, while {sender} had more to send",
    no: "{receiver}'s window was open, or closed only for a moment ({})",
    unknown: "{receiver}'s window in the seconds before the RST, and {sender}'s probes of it",
    zh: Wording {
        yes: "{receiver}有{}不接收数据：它的窗口从{}起为 0，而{sender}还有数据要发",
        no: "{receiver}的窗口是打开的，或只关闭了片刻（{}）",
        unknown: "{receiver}在 RST 之前数秒内的窗口，以及{sender}对它的探测",
    },
    ask: by(|outcome| {
        let Some(last) = outcome.latest(|record| record.from == outcome.receiver()) else { return Answer::Unknown };
        let Some(closed) = Closed::of(outcome) else { return Answer::No(no().frame(last)) };
        let lasted = outcome.time().since(closed.since.time);
        match closed.probes(outcome).next() {
            _ if !is_sane(lasted) => Answer::Unknown,
            _ if !is_long(outcome, lasted) => Answer::No(no().frame(closed.since)),
            Some(_) => Answer::Yes(yes().span(lasted).frame(closed.since)),
            None => Answer::Unknown,
        }
    }),
};

/// Probes of the closed window had been answered to the end: nothing was in vain.
pub static PROBES_WERE_ANSWERED: Question = Question {
    id: "probes-were-answered",
    asked_of: AskedOf::Packets,
    yes: "{receiver} was there: it answered {sender}'s probes of its closed window, most recently in {}",
    no: "{sender}'s last probes of the closed window, up to {}, had no answer",
    unknown: "{sender}'s probes of a closed window, and {receiver}'s answers",
    zh: Wording {
        yes: "{receiver}仍在：它应答了{sender}对关闭窗口的探测，最近一次是{}",
        no: "{sender}对关闭窗口的最后几次探测（到{}为止）没有得到应答",
        unknown: "{sender}对关闭窗口的探测，以及{receiver}的应答",
    },
    ask: by(|outcome| {
        let Some(closed) = Closed::of(outcome) else { return Answer::Unknown };
        let Some(answer) = closed.last_answer(outcome) else { return Answer::Unknown };
        let owed = |probe: &&Record| probe.frame > answer.frame && probe.time.since(answer.time) > RATE_LIMIT;
        let mut in_vain = closed.probes(outcome).filter(owed);
        match (in_vain.next(), in_vain.next_back()) {
            (Some(_), Some(last)) => Answer::No(no().frame(last)),
            _ => Answer::Yes(yes().frame(answer)),
        }
    }),
};

/// The sender of the RST had probed the closed window a moment before, as it does while it holds the connection: it
/// had neither rebooted nor given up.
pub static SENDER_STILL_PROBED: Question = Question {
    id: "sender-still-probed",
    asked_of: AskedOf::Packets,
    yes: "{sender} had the connection: it probed {receiver}'s closed window in {}, {} before, and was answered; the next probe was not due yet",
    no: "{sender} had stopped probing {receiver}'s closed window: its last probe is {}, {} before",
    unknown: "{sender}'s probes of a closed window",
    zh: Wording {
        yes: "{sender}持有连接：它在此前{1}探测了{receiver}关闭的窗口（{0}）并得到应答，下一次探测还没有到时间",
        no: "{sender}已不再探测{receiver}关闭的窗口：最后一次探测是{}，在此前{}",
        unknown: "{sender}对关闭窗口的探测",
    },
    ask: by(|outcome| {
        let Some(closed) = Closed::of(outcome) else { return Answer::Unknown };
        let mut probes = closed.probes(outcome);
        let Some(last) = probes.next_back() else { return Answer::Unknown };
        let earlier = probes.next_back().unwrap_or(closed.since);
        let until = outcome.rst().map_or(outcome.time(), |rst| rst.trigger.map_or(rst.record.time, |one| one.time));
        let (interval, ago) = (last.time.since(earlier.time), until.since(last.time));
        if !is_sane(interval) || !is_sane(ago) || closed.last_answer(outcome).is_none() {
            return Answer::Unknown;
        }
        let due = interval.nanos().saturating_mul(NEXT_PROBE).saturating_add(LATE.nanos());
        yes().frame(last).span(ago).if_so((ago.nanos() <= due).into())
    }),
};

/// The sender of the RST had stopped probing the closed window: it may have given the connection up.
pub static SENDER_STOPPED_PROBING: Question = not("sender-stopped-probing", &SENDER_STILL_PROBED);

/// The sender of the RST had closed, by whatever shows it: its FIN, its socket's state, or data that it refuses
/// though it holds the connection, while its FIN waits behind what a closed window keeps back.
pub static SENDER_CLOSE_SHOWN: Question = Question {
    id: "sender-close-shown",
    asked_of: AskedOf::PacketsOrSocket,
    yes: "{sender} had closed, as {} shows",
    no: "{sender} had not closed: it sent no FIN before the RST, and had nothing else to send",
    unknown: "the connection from its beginning, or the state of {sender}'s socket: had it closed?",
    zh: Wording {
        yes: "{sender}已关闭，由{}可见",
        no: "{sender}没有关闭：RST 之前它没有发过 FIN，也没有别的数据要发",
        unknown: "从头开始的连接，或{sender}的套接字状态：它是否已关闭？",
    },
    ask: by(|outcome| {
        let by_fin = had_closed(outcome, outcome.sender());
        if by_fin.is_yes() {
            return by_fin;
        }
        if let Some(state) = closed_state(outcome, outcome.sender()) {
            return Answer::Yes(yes().value(Value::Name(state)));
        }
        match (SENDER_STILL_PROBED.answer(outcome), RST_ANSWERS_DATA.answer(outcome)) {
            (Answer::Yes(_), Answer::Yes(facts)) => Answer::Yes(facts),
            _ if Closed::of(outcome).is_some() => Answer::Unknown,
            _ => by_fin,
        }
    }),
};

/// The segment that the RST answers begins beyond the window: a host that had the connection would have answered with
/// an ACK (RFC 9293 section 3.10.7.4), and connection tracking calls it INVALID and translates it no more
/// (`tcp_in_window`).
pub static TRIGGER_BEYOND_WINDOW: Question = Question {
    id: "trigger-beyond-window",
    asked_of: AskedOf::Packets,
    yes: "{} begins {} bytes beyond {sender}'s window: a host that had the connection would have answered with an ACK, and connection tracking does not translate such a segment",
    no: "the segment that the RST answers lies within {sender}'s window",
    unknown: "the segment that the RST answers, and {sender}'s window, with the scale from the handshake",
    zh: Wording {
        yes: "{}的起点超出{sender}的窗口{}字节：持有这条连接的主机会回 ACK，而连接跟踪不会转换这样的报文",
        no: "RST 所应答的报文位于{sender}的窗口之内",
        unknown: "RST 所应答的报文，以及{sender}的窗口和握手中的缩放因子",
    },
    ask: by(|outcome| {
        let trigger = outcome.rst().and_then(|rst| rst.trigger).filter(|trigger| trigger.seq_len() > 0);
        let sender = outcome.connection().half(outcome.sender());
        let window = outcome.connection().offered_window(outcome.sender());
        let (Some(trigger), Some(window), true) = (trigger, window, sender.marks.has(Marks::ACKED)) else {
            return Answer::Unknown;
        };
        // Acknowledgments that were not captured would have opened the window.
        if outcome.one_sided() || outcome.connection().has_gap(outcome.sender()) {
            return Answer::Unknown;
        }
        let beyond = trigger.seq.diff(sender.ack.add(window));
        if beyond > 0 && !trigger.flags.has(Flags::SYN) {
            return Answer::Yes(yes().frame(&trigger).count(beyond.unsigned_abs().into()));
        }
        // Nearly all segments are within, whoever answers them.
        Answer::Unknown
    }),
};

/// A firewall that tracks windows refuses the segment that the RST answers: it begins beyond the window (`tcp_in_window`),
/// or it is the first that is beyond the window as it stands in the header, so that whoever missed the scale of the handshake
/// (RFC 7323 section 2.3) takes it for that. The second only where the connection goes on behind the RST: nearly every
/// first answer is beyond an unscaled window.
pub static WINDOW_TRACKER_REFUSES: Question = Question {
    id: "window-tracker-refuses",
    asked_of: AskedOf::Packets,
    yes: "{} is outside of {sender}'s window for a firewall that tracks it: {} bytes beyond the window, or beyond the window field without its scale",
    no: "a firewall that tracks {sender}'s window would have passed the segment that the RST answers",
    unknown: "the segment that the RST answers, and {sender}'s window, with the scale from the handshake",
    zh: Wording {
        yes: "在跟踪窗口的防火墙看来，{}在{sender}的窗口之外：超出窗口，或超出未乘缩放因子的窗口字段，共{}字节",
        no: "跟踪{sender}窗口的防火墙会放行 RST 所应答的报文",
        unknown: "RST 所应答的报文，以及{sender}的窗口和握手中的缩放因子",
    },
    ask: by(|outcome| match TRIGGER_BEYOND_WINDOW.answer(outcome) {
        Answer::Yes(facts) => Answer::Yes(facts),
        _ => first_beyond_unscaled(outcome)
            .filter(|_| SENDER_TALKED_ON.answer(outcome).is_yes())
            .map_or(Answer::Unknown, |(trigger, beyond)| {
                Answer::Yes(yes().frame(&trigger).count(beyond.unsigned_abs().into()))
            }),
    }),
};

/// The segment that the RST answers, and by how much it is beyond the window field without its scale, where none before it
/// was: whoever did not know the scale would have refused that one.
fn first_beyond_unscaled(outcome: &Outcome) -> Option<(Record, i32)> {
    let connection = outcome.connection();
    let (side, peer) = (outcome.sender(), outcome.receiver());
    let trigger = outcome.rst()?.trigger.filter(|trigger| trigger.len > 0)?;
    let scaled = connection.half(side).window_scale > 0 && Side::BOTH.iter().all(|side| scales(outcome, *side));
    let remembered: usize = connection.halves.iter().map(|half| half.segments as usize).sum();
    if !scaled || remembered > outcome.before().len() || connection.has_gap(peer) {
        return None;
    }
    let mut edge = None;
    for record in outcome.before() {
        if record.from == side {
            // Without ACK it says nothing of the peer's numbers.
            edge = if record.flags.has(Flags::ACK) { Some(record.ack.add(record.window.into())) } else { edge };
        } else if let Some(beyond) = edge.map(|edge: Seq| record.end().diff(edge)).filter(|beyond| *beyond > 0) {
            return (record.frame == trigger.frame).then_some((trigger, beyond));
        }
    }
    None
}

fn scales(outcome: &Outcome, side: Side) -> bool {
    let marks = outcome.connection().half(side).marks;
    marks.has(Marks::SCALES) && marks.has(Marks::SCALE_KNOWN)
}

/// What `side` had written and its kernel had not sent when the connection ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unsent {
    /// As many bytes, by its kernel.
    Bytes(u32),
    /// Some, or a FIN at least: it probed a closed window.
    Some,
    /// Packets do not show it.
    Unknown,
}

/// What the sender of the RST had written and never sent: it is lost, though no packet shows how much.
pub fn unsent(outcome: &Outcome) -> Unsent {
    let side = outcome.sender();
    if let Some(socket) = outcome.account(side).and_then(|account| account.socket.as_ref()) {
        return Unsent::Bytes(socket.unsent);
    }
    let waits = Closed::of(outcome).is_some_and(|closed| closed.probes(outcome).next().is_some());
    if waits { Unsent::Some } else { Unsent::Unknown }
}

/// An end whose window was 0 when the connection ended, so that its peer may have had more to send; the receiver of the RST
/// first. A segment that the RST answers came too late to be of use.
pub fn closed_window(outcome: &Outcome) -> Option<Side> {
    let answered = outcome.rst().and_then(|rst| rst.trigger).map(|trigger| trigger.frame);
    let last = |side: Side| outcome.latest(|record| record.from == side && Some(record.frame) != answered);
    let closes = |record: &Record| record.window == 0 && record.flags.has(Flags::ACK) && !record.flags.has(Flags::SYN);
    [outcome.receiver(), outcome.sender()].into_iter().find(|side| last(*side).is_some_and(closes))
}

/// The sender of the RST had data that it had not sent.
pub static SENDER_HAD_UNSENT: Question = Question {
    id: "sender-had-unsent",
    asked_of: AskedOf::PacketsOrSocket,
    yes: "{sender} had data that it had not sent yet: it probed {receiver}'s closed window in {}",
    no: "{sender} had sent everything",
    unknown: "what {sender}'s program had written and its kernel had not sent",
    zh: Wording {
        yes: "{sender}还有没发出的数据：它在{}探测{receiver}关闭的窗口",
        no: "{sender}已发出一切",
        unknown: "{sender}的程序已写入而内核还没有发出的数据",
    },
    ask: by(|outcome| {
        let probe = Closed::of(outcome).and_then(|closed| closed.probes(outcome).next_back());
        match (unsent(outcome), probe) {
            (Unsent::Bytes(0), _) => Answer::No(no()),
            (Unsent::Bytes(_) | Unsent::Some, Some(probe)) => Answer::Yes(yes().frame(probe)),
            _ => Answer::Unknown,
        }
    }),
};

/// The receiver's window, closed to the end.
struct Closed<'a> {
    /// The first segment of the row of those that said so.
    since: &'a Record,
}

impl<'a> Closed<'a> {
    fn of(outcome: &'a Outcome) -> Option<Self> {
        let closes = |record: &&Record| record.window == 0 && !record.flags.has(Flags::SYN);
        let trip = round_trip(outcome).unwrap_or(Span::ZERO);
        let answered = outcome.rst().and_then(|rst| rst.trigger).map(|trigger| trigger.frame);
        // A window that opened within the last trip had not come to the sender of the RST yet.
        let came = |record: &Record| {
            record.window == 0 || answered == Some(record.frame) || outcome.time().since(record.time) > trip
        };
        let theirs = outcome.before().iter().rev().filter(|record| record.from == outcome.receiver() && came(record));
        theirs.take_while(closes).last().map(|since| Self { since })
    }

    /// What the sender of the RST sent into it that was not new.
    fn probes(&self, outcome: &'a Outcome) -> impl DoubleEndedIterator<Item = &'a Record> + use<'a> {
        let (sender, since) = (outcome.sender(), self.since.frame);
        outcome.before().iter().filter(move |record| {
            let again = record.notes.has(Notes::PROBE) || record.notes.has(Notes::RETRANSMISSION);
            record.from == sender && record.frame > since && again
        })
    }

    /// The last segment of the receiver that answers a probe: it says once more that the window is closed.
    fn last_answer(&self, outcome: &'a Outcome) -> Option<&'a Record> {
        let first = self.probes(outcome).next()?;
        outcome.latest(|record| record.from == outcome.receiver() && record.is_pure_ack() && record.frame > first.frame)
    }
}
