//! Who had closed (sent FIN) when the RST came, and what the RST answered after that.
//!
//! The facts behind it: docs/internals/patterns.md#close-and-data-by-timing.

use super::answer::{Answer, Value, no, yes};
use super::data::is_acknowledged;
use super::fin::{both_had_closed, data_refused_with_ack, fin_ack, had_closed, is_data};
use super::form::RST_IS_ACTIVE;
use super::question::{AskedOf, Question, Wording, by, not};
use super::socket_close::{close_of, was_idle};
use super::timing::{is_sane, leaving, round_trip};
use crate::half::Marks;
use crate::history::Record;
use crate::kernel::KernelWord;
use crate::kernel::RstReason;
use crate::outcome::{Basis, Outcome};
use crate::segment::Flags;
use crate::time::Span;

/// Two packets of one system call leave within microseconds; a busy host or a capture adds some.
const ONE_GO: Span = Span::from_millis(1);
/// No timeout of a program is as short: it is set above what an answer takes.
const SHORTEST_WAIT: Span = Span::from_millis(20);
/// A round trip is shorter: the RTO begins at that (RFC 6298 section 2).
const LONGEST_TRIP: Span = Span::from_secs(1);
/// Linux sends nothing again sooner (`include/net/tcp.h`, `TCP_RTO_MIN`).
const RTO_MIN: Span = Span::from_millis(200);
/// How late a busy host's timer may be.
const TIMER_SLACK: Span = Span::from_millis(50);

/// The sender of the RST had closed before.
pub static SENDER_HAD_CLOSED: Question = Question {
    id: "sender-had-closed",
    asked_of: AskedOf::PacketsOrSocket,
    yes: "{sender} had closed: its FIN is {}",
    no: "{sender} had not closed: it sent no FIN before the RST",
    unknown: "the connection from its beginning: had {sender} sent a FIN?",
    zh: Wording {
        yes: "{sender}已关闭：它的 FIN 是{}",
        no: "{sender}没有关闭：RST 之前它没有发过 FIN",
        unknown: "从头开始的连接：{sender}是否发过 FIN？",
    },
    ask: by(|outcome| had_closed(outcome, outcome.sender())),
};

/// The receiver of the RST had closed before.
pub static RECEIVER_HAD_CLOSED: Question = Question {
    id: "receiver-had-closed",
    asked_of: AskedOf::PacketsOrSocket,
    yes: "{receiver} had closed: its FIN is {}",
    no: "{receiver} had not closed: it sent no FIN before the RST",
    unknown: "the connection from its beginning: had {receiver} sent a FIN?",
    zh: Wording {
        yes: "{receiver}已关闭：它的 FIN 是{}",
        no: "{receiver}没有关闭：RST 之前它没有发过 FIN",
        unknown: "从头开始的连接：{receiver}是否发过 FIN？",
    },
    ask: by(|outcome| had_closed(outcome, outcome.receiver())),
};

/// The receiver of the RST had not closed, and its FIN cannot have been missed.
pub static RECEIVER_HAD_NOT_CLOSED: Question = not("receiver-had-not-closed", &RECEIVER_HAD_CLOSED);

/// Both ends had closed.
pub static BOTH_HAD_CLOSED: Question = Question {
    id: "both-had-closed",
    asked_of: AskedOf::PacketsOrSocket,
    yes: "both ends had closed: their FINs are {} and {}",
    no: "at least one end had not closed before the RST",
    unknown: "the connection from its beginning: had both sides sent a FIN?",
    zh: Wording {
        yes: "两端都已关闭：FIN 分别是{}和{}",
        no: "RST 之前至少有一端还没有关闭",
        unknown: "从头开始的连接：两端是否都发过 FIN？",
    },
    ask: by(both_had_closed),
};

/// The RST answers data.
pub static RST_ANSWERS_DATA: Question = Question {
    id: "rst-answers-data",
    asked_of: AskedOf::PacketsOrSocket,
    yes: "{} answers {}, which carries {} bytes of data",
    no: "{} does not answer data",
    unknown: "the segment that the RST answers",
    zh: Wording {
        yes: "{}应答的是{}，其中带有{}字节数据", no: "{}应答的不是数据", unknown: "RST 所应答的报文"
    },
    ask: by(|outcome| {
        let Some(rst) = outcome.rst() else {
            return Answer::Unknown;
        };
        match answered_data(outcome) {
            Some(data) => Answer::Yes(yes().frame(&rst.record).frame(data).count(data.len.into())),
            None if RST_IS_ACTIVE.answer(outcome).is_yes() => Answer::No(no().frame(&rst.record)),
            // Data that nobody acknowledged may be what was refused, and the other segment only followed it.
            None if rst.trigger.is_some() && is_acknowledged(outcome, outcome.receiver()) => {
                Answer::No(no().frame(&rst.record))
            }
            None => Answer::Unknown,
        }
    }),
};

/// The data that was answered by RST had been sent before its sender could know of the FIN.
pub static DATA_CROSSED_FIN: Question = Question {
    id: "data-crossed-fin",
    asked_of: AskedOf::PacketsOrSocket,
    yes: "{} was sent before {receiver} acknowledged the FIN ({}): the two crossed in flight",
    no: "{receiver} had already acknowledged the FIN ({1}) when it sent {0}: its kernel knew that the other end had closed",
    unknown: "the FIN and the data that followed it",
    zh: Wording {
        yes: "{}在{receiver}确认 FIN（{}）之前就已发出：两者在路上交错",
        no: "{receiver}发送{0}时已经确认了 FIN（{1}）：它的内核知道对端已经关闭",
        unknown: "FIN，以及其后的数据",
    },
    ask: by(|outcome| {
        let sender = outcome.connection().half(outcome.sender());
        match answered_data(outcome) {
            Some(data) if sender.marks.has(Marks::FIN) => {
                let crossed = !data.ack.after(sender.fin);
                yes().frame(data).value(Value::Frame(sender.fin_frame)).shown_by(sender.fin_frame).if_so(crossed.into())
            }
            _ => Answer::Unknown,
        }
    }),
};

/// The sender of the RST had closed while its own last data was still unanswered.
pub static REQUEST_UNANSWERED: Question = Question {
    id: "request-unanswered",
    asked_of: AskedOf::PacketsOrSocket,
    yes: "{sender} closed in {1}, before anything answered its data in {0}",
    no: "{sender} closed in {1}, after {receiver}'s data in {0}",
    unknown: "the data before {sender}'s FIN",
    zh: Wording {
        yes: "{sender}关闭时（{1}），它在{0}中的数据还没有得到任何应答",
        no: "{sender}在收到{receiver}的数据（{0}）之后才关闭（{1}）",
        unknown: "{sender}的 FIN 之前的数据",
    },
    ask: by(|outcome| {
        let Some(left) = leaving(outcome) else { return Answer::Unknown };
        // A FIN may carry the request itself.
        let last = outcome.latest(|record| record.frame <= left.frame && is_data(record));
        let Some(last) = last.filter(|_| !outcome.connection().has_gap(outcome.receiver())) else {
            return Answer::Unknown;
        };
        // It acknowledges more than the request did: an answer came, on a way that was not captured.
        if last.from == outcome.sender() && left.flags.has(Flags::ACK) && left.ack.after(last.ack) {
            return Answer::Unknown;
        }
        yes().frame(last).frame(left).if_so((last.from == outcome.sender()).into())
    }),
};

/// The client that sent the RST left before anything answered its last data.
pub static CLIENT_WENT_UNANSWERED: Question = Question {
    id: "client-went-unanswered",
    asked_of: AskedOf::PacketsOrSocket,
    yes: "{sender} closed in {1}, before anything answered its data in {0}",
    no: "{sender} had its answer when it closed, or had asked nothing",
    unknown: "the data before {sender} closed",
    zh: Wording {
        yes: "{sender}离开时（{1}），它在{0}中的数据还没有得到任何应答",
        no: "{sender}离开时已得到应答，或没有请求过什么",
        unknown: "{sender}离开之前的数据",
    },
    ask: by(|outcome| match REQUEST_UNANSWERED.answer_on_any_basis(outcome) {
        Answer::Yes(facts) => facts.if_so((outcome.sender() == outcome.connection().client).into()),
        Answer::No(_) => Answer::No(no()),
        Answer::Unknown => Answer::Unknown,
    }),
};

/// The sender of the RST had waited for an answer before it closed: longer than an answer takes, and
/// longer than a program needs to go on by itself. Who says goodbye (a TLS alert) waits for none.
pub static WAITED_FOR_ANSWER: Question = Question {
    id: "waited-for-answer",
    asked_of: AskedOf::PacketsOrSocket,
    yes: "{sender} had waited {1} for an answer to its data in {0}",
    no: "{sender} closed {1} after its data in {0}: it did not wait for an answer",
    unknown: "{sender}'s last data before its FIN, and the handshake: how long does an answer take?",
    zh: Wording {
        yes: "{sender}等待对{0}中数据的应答等了{1}",
        no: "{sender}在{0}中的数据之后{1}就关闭了：它没有等待应答",
        unknown: "{sender}在其 FIN 之前的最后数据，以及握手：一次应答需要多久？",
    },
    ask: by(|outcome| {
        let Some(left) = leaving(outcome) else { return Answer::Unknown };
        let own_data =
            |record: &Record| record.frame <= left.frame && record.from == outcome.sender() && is_data(record);
        let Some(last) = outcome.latest(own_data) else { return Answer::Unknown };
        let waited = left.time.since(last.time);
        if !is_sane(waited) {
            return Answer::Unknown;
        }
        let by_abort = left.flags.has(Flags::RST);
        let facts = yes().frame(last).span(waited);
        let goodbye = matches!(outcome.said(outcome.sender()).last(), [21, 3, 0..=4, ..]);
        match round_trip(outcome) {
            _ if goodbye || waited < SHORTEST_WAIT => Answer::No(facts),
            // A program may abort for many reasons; who waited for an answer waited.
            _ if by_abort && waited < LONGEST_TRIP => Answer::No(facts),
            Some(trip) => facts.if_so((waited > trip).into()),
            None if waited >= LONGEST_TRIP => Answer::Yes(facts),
            None => Answer::Unknown,
        }
    }),
};

/// The sender of the RST had closed while nothing was going on: everything was answered, and longer ago
/// than an answer takes.
pub static CLOSED_WHEN_IDLE: Question = Question {
    id: "closed-when-idle",
    asked_of: AskedOf::PacketsOrSocket,
    yes: "the connection had been idle for {} when {sender} closed it, in {}",
    no: "{sender} closed in {1}, only {0} after the last data: the connection was in use",
    unknown: "the data before {sender}'s FIN, and the handshake",
    zh: Wording {
        yes: "{sender}关闭连接（{1}）时，连接已空闲{0}",
        no: "{sender}关闭（{1}）时，距最后的数据只有{0}：连接正在使用",
        unknown: "{sender}的 FIN 之前的数据，以及握手",
    },
    ask: by(|outcome| {
        let met_unread = || close_of(outcome).is_some_and(|close| close.next.is_some());
        if outcome.basis() == Basis::Sockets || met_unread() {
            return idle_by_socket(outcome);
        }
        let is_fin = |record: &Record| record.from == outcome.sender() && record.flags.has(Flags::FIN);
        let Some(at) = outcome.before().iter().position(is_fin) else {
            return Answer::Unknown;
        };
        let fin = &outcome.before()[at];
        // What the closer had not received when it closed was still on its way.
        let known = |record: &&Record| is_data(record) && (record.from == fin.from || !record.end().after(fin.ack));
        let Some(last) = outcome.before()[..=at].iter().rev().find(known) else {
            return Answer::Unknown;
        };
        let idle = fin.time.since(last.time);
        if !is_sane(idle) {
            return Answer::Unknown;
        }
        let facts = yes().span(idle).frame(fin);
        match round_trip(outcome) {
            _ if idle < SHORTEST_WAIT => Answer::No(facts),
            // The last data took its time to the closer, and its FIN to the capture point.
            Some(trip) => facts.if_so((idle.nanos() > trip.nanos().saturating_mul(2)).into()),
            None if idle >= LONGEST_TRIP => Answer::Yes(facts),
            None => Answer::Unknown,
        }
    }),
};

/// The same by the socket: records made of it have their times to a tick, and those that are closer none.
fn idle_by_socket(outcome: &Outcome) -> Answer {
    let (Some(close), Some(left)) = (close_of(outcome), leaving(outcome)) else { return Answer::Unknown };
    was_idle(close).map_or(Answer::Unknown, |idle| yes().span(close.idle).frame(left).if_so(idle.into()))
}

/// The RST answers something without data: an ACK, a probe or a FIN.
pub static RST_ANSWERS_NO_DATA: Question = Question {
    id: "rst-answers-no-data",
    asked_of: AskedOf::PacketsOrSocket,
    yes: "{} answers {}, which carries no data",
    no: "{} answers data",
    unknown: "the segment that the RST answers",
    zh: Wording {
        yes: "{}应答的是{}，其中不带数据", no: "{}应答的是数据", unknown: "RST 所应答的报文"
    },
    ask: by(|outcome| {
        let Some(rst) = outcome.rst() else {
            return Answer::Unknown;
        };
        match &rst.trigger {
            Some(trigger) if !is_data(trigger) => Answer::Yes(yes().frame(&rst.record).frame(trigger)),
            _ if answered_data(outcome).is_some() => Answer::No(no().frame(&rst.record)),
            _ => Answer::Unknown,
        }
    }),
};

/// The closer's kernel still had the whole socket when the data came, though its FIN had long been
/// acknowledged: after `close()` only a mini-socket is left then (`tcp_time_wait`). That ACK may be
/// lost behind the capture point: only where no FIN came again has it arrived.
pub static SOCKET_STILL_WHOLE: Question = Question {
    id: "socket-still-whole",
    asked_of: AskedOf::Packets,
    yes: "{sender}'s FIN was acknowledged in {}, before the data, yet its kernel still had the full socket (TCP_ABORT_ON_DATA): its program still holds it, or tcp_fin_timeout is above 60 s",
    no: "{sender}'s kernel had only a time-wait socket left (TCP_TIMEWAIT_SOCKET): its program had closed the socket",
    unknown: "the reset reason of {sender}'s kernel: TCP_ABORT_ON_DATA if a program still holds the socket, TCP_TIMEWAIT_SOCKET after close()",
    zh: Wording {
        yes: "{sender}的 FIN 在数据之前已得到确认（{}），而它的内核仍保有完整的套接字（TCP_ABORT_ON_DATA）：程序仍持\
            有它，或 tcp_fin_timeout 大于 60 s",
        no: "{sender}的内核只剩下 time-wait 套接字（TCP_TIMEWAIT_SOCKET）：程序已经关闭了套接字",
        unknown: "{sender}的内核给出的原因：仍有程序持有套接字时是 TCP_ABORT_ON_DATA，close() 之后是 TCP_TIMEWAIT_SOCKET",
    },
    ask: by(|outcome| {
        let KernelWord::Sent(event) = outcome.kernel() else {
            return Answer::Unknown;
        };
        let trigger = outcome.rst().and_then(|rst| rst.trigger);
        match (event.reason, fin_ack(outcome), trigger) {
            (Some(RstReason::TcpTimewaitSocket), ..) => Answer::No(no()),
            (Some(RstReason::TcpAbortOnData), Some(ack), Some(data))
                if ack.time < data.time && fin_was_enough(outcome) =>
            {
                Answer::Yes(yes().frame(ack))
            }
            _ => Answer::Unknown,
        }
    }),
};

/// The sender's FIN was not sent again within its first RTO: SRTT + max(`TCP_RTO_MIN`, 4 × RTTVAR), where RTTVAR
/// begins at half a round trip (RFC 6298 section 2; `net/ipv4/tcp_input.c`, `tcp_rtt_estimator`).
fn fin_was_enough(outcome: &Outcome) -> bool {
    let is_fin = |record: &&Record| record.from == outcome.sender() && record.flags.has(Flags::FIN);
    let mut fins = outcome.before().iter().filter(is_fin);
    let (Some(fin), None, Some(trip)) = (fins.next(), fins.next(), round_trip(outcome)) else {
        return false;
    };
    let waited = outcome.time().since(fin.time).nanos();
    waited > trip.nanos().saturating_mul(3).saturating_add(RTO_MIN.nanos() + TIMER_SLACK.nanos())
}

/// Only a mini-socket was left when the data came: the program had closed, and the FIN had been acknowledged.
pub static SOCKET_WAS_MINI: Question = not("socket-was-mini", &SOCKET_STILL_WHOLE);

/// FIN-WAIT-2 was skipped: the acknowledgment of the FIN itself was answered by RST, or the RST is
/// an abort after it, while the other end had not closed.
pub static FIN_WAIT2_SKIPPED: Question = Question {
    id: "fin-wait2-skipped",
    asked_of: AskedOf::PacketsAlone,
    yes: "{sender}'s FIN ({}) was acknowledged in {}, and {sender} sent a RST instead of waiting for {receiver}'s FIN",
    no: "{sender} did not skip FIN-WAIT-2 after its FIN ({})",
    unknown: "{sender}'s FIN and its acknowledgment",
    zh: Wording {
        yes: "{sender}的 FIN（{}）已得到确认，即{}；{sender}没有等{receiver}的 FIN，而是直接重置",
        no: "{sender}在其 FIN（{}）之后没有跳过 FIN-WAIT-2",
        unknown: "{sender}的 FIN 以及对它的确认",
    },
    ask: by(|outcome| {
        let (sender, receiver) =
            (outcome.connection().half(outcome.sender()), outcome.connection().half(outcome.receiver()));
        let (Some(rst), true) = (outcome.rst(), sender.marks.has(Marks::FIN)) else {
            return Answer::Unknown;
        };
        let fin = yes().value(Value::Frame(sender.fin_frame)).shown_by(sender.fin_frame);
        if receiver.marks.has(Marks::FIN) || !sender.marks.has(Marks::FIN_ACKED) {
            return if receiver.marks.has(Marks::SPOKE) { Answer::No(fin) } else { Answer::Unknown };
        }
        let Some(ack) = fin_ack(outcome) else {
            return Answer::Unknown;
        };
        // A FIN that was sent again had not been acknowledged, whatever the capture saw on its way.
        let fin_again = |record: &Record| {
            record.from == outcome.sender() && record.flags.has(Flags::FIN) && record.frame > ack.frame
        };
        let at_once = rst.trigger.is_some_and(|trigger| {
            let first = trigger.frame == ack.frame
                || outcome.before().iter().any(|one| fin_again(one) && one.frame < trigger.frame);
            first && trigger.ack.after(sender.fin) && !is_data(&trigger)
        });
        let abort = RST_IS_ACTIVE.answer(outcome).is_yes();
        // Data that came since then may be unread: then any close aborts, whatever it waits for.
        let came = |record: &Record| record.from == outcome.receiver() && is_data(record) && record.frame >= ack.frame;
        if abort && outcome.before().iter().any(came) {
            return Answer::Unknown;
        }
        fin.frame(ack).if_so((at_once || abort).into())
    }),
};

/// The FIN of the RST's sender had not been acknowledged yet.
pub static FIN_UNACKNOWLEDGED: Question = Question {
    id: "fin-unacknowledged",
    asked_of: AskedOf::Packets,
    yes: "{sender}'s FIN ({}) had not been acknowledged when the RST came",
    no: "{sender}'s FIN ({}) had been acknowledged",
    unknown: "{sender}'s FIN, and what {receiver} sent after it",
    zh: Wording {
        yes: "RST 到来时，{sender}的 FIN（{}）还没有得到确认",
        no: "{sender}的 FIN（{}）已得到确认",
        unknown: "{sender}的 FIN，以及{receiver}在其后发送了什么",
    },
    ask: by(|outcome| {
        let (sender, receiver) =
            (outcome.connection().half(outcome.sender()), outcome.connection().half(outcome.receiver()));
        if !sender.marks.has(Marks::FIN) || !receiver.marks.has(Marks::SPOKE) {
            return Answer::Unknown;
        }
        let fin = yes().value(Value::Frame(sender.fin_frame)).shown_by(sender.fin_frame);
        fin.if_so((!sender.marks.has(Marks::FIN_ACKED)).into())
    }),
};

/// FIN and RST were sent in one go: the program shut down its sending, and closed. Never no: most
/// programs only close.
pub static RST_AFTER_SHUTDOWN: Question = Question {
    id: "rst-after-shutdown",
    asked_of: AskedOf::Packets,
    yes: "{} followed {sender}'s FIN ({}) within {}: its program shut down sending and then closed the socket",
    no: "{} came {2} after {sender}'s FIN ({1})",
    unknown: "{sender}'s FIN, right before the RST",
    zh: Wording {
        yes: "{}紧跟在{sender}的 FIN（{}）之后，相隔{}：它的程序先关闭了发送方向，然后关闭了套接字",
        no: "{}在{sender}的 FIN（{1}）之后{2}才到来",
        unknown: "{sender}紧接在 RST 之前的 FIN",
    },
    ask: by(|outcome| {
        let own_fin = |record: &Record| record.from == outcome.sender() && record.flags.has(Flags::FIN);
        match (outcome.rst(), outcome.latest(own_fin)) {
            (Some(rst), Some(fin)) if is_sane(rst.record.time.since(fin.time)) => {
                let after = rst.record.time.since(fin.time);
                let at_once = after <= ONE_GO;
                if at_once { Answer::Yes(yes().frame(&rst.record).frame(fin).span(after)) } else { Answer::Unknown }
            }
            _ => Answer::Unknown,
        }
    }),
};

/// The data that the RST answers.
fn answered_data(outcome: &Outcome) -> Option<&Record> {
    let rst = outcome.rst()?;
    match &rst.trigger {
        Some(trigger) => Some(trigger).filter(|trigger| is_data(trigger)),
        None => data_refused_with_ack(outcome),
    }
}
