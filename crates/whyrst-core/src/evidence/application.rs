//! What the programs were at when the reset came: who left how soon, and which transfer stood still.
//!
//! Times are taken off the path: a capture near one end sees what the other does a round trip later,
//! and the handshake shows by how much.

use super::answer::{Answer, Value, no, yes};
use super::closing::SENDER_HAD_CLOSED;
use super::data::{RST_ACKS_LESS_THAN_SENT, SENDER_RECEIVED_DATA};
use super::form::RST_IS_ACTIVE;
use super::promise::ANSWER_WAS_UNDER_WAY;
use super::question::{AskedOf, Question, Wording, by, not};
use super::socket_hints::left_to_send;
use super::speech::BOTH_SPEAK_TLS;
use super::timing::is_sane;
use crate::flow::Side;
use crate::half::Marks;
use crate::history::{Notes, Record};
use crate::outcome::{Basis, Outcome};
use crate::segment::Flags;
use crate::time::Span;

/// A program that accepts and closes at once does it within this time. It only ranks.
const AT_ONCE: Span = Span::from_millis(3);
/// By then the fourth retransmission of Linux has failed (RFC 6298: 0.2 + 0.4 + 0.8 + 1.6 s).
const STALLED: Span = Span::from_secs(3);
/// So long a server's segments may still be on their way after the RST.
const IN_FLIGHT: Span = Span::from_millis(300);
/// One repetition may be a spurious timeout; three mean that nobody answers.
const REPEATS: usize = 3;
/// No program can abort a request that it was never given: Windows gives up a SYN-ACK after two repetitions.
const SYN_ACK_REPEATS: usize = 2;
/// Two session tickets of the usual TLS libraries with their records, and a `close_notify`.
const TICKETS: u32 = 1_200;

/// The server closed or aborted as soon as it had the connection.
pub static SERVER_LEFT_AT_ONCE: Question = Question {
    id: "server-left-at-once",
    asked_of: AskedOf::Packets,
    yes: "{server} closed or aborted right away: {} came {} after the handshake, network delay subtracted",
    no: "{server} did not close right away: {} came {} after the handshake, network delay subtracted",
    unknown: "the whole handshake, and {server}'s first FIN or its own RST: how soon did it close?",
    zh: Wording {
        yes: "{server}立即关闭或中止了连接：扣除网络延迟，{}在握手之后{}到来",
        no: "{server}没有立即关闭连接：扣除网络延迟，{}在握手之后{}才到来",
        unknown: "完整的握手，以及{server}的第一个 FIN 或它自己的 RST：它多快就关闭了？",
    },
    ask: by(|outcome| {
        let Some(left) = server_left(outcome) else { return Answer::Unknown };
        let third = outcome.earlier(|record| {
            record.from == outcome.connection().client && record.flags.has(Flags::ACK) && !record.flags.has(Flags::SYN)
        });
        let (Some(path), Some(third)) = (path_to(outcome, outcome.connection().server()), third) else {
            return Answer::Unknown;
        };
        let passed = left.time.since(third.time);
        let after = Span::from_nanos(passed.nanos().saturating_sub(path.nanos()).max(0));
        // Nothing follows of a clock that was set back meanwhile.
        if is_sane(Span::from_nanos(passed.nanos().saturating_add(path.nanos()))) {
            yes().frame(left).span(after).if_so((after <= AT_ONCE).into())
        } else {
            Answer::Unknown
        }
    }),
};

/// The sender of the RST closed by its own decision: it sent FIN, or aborted with data unread.
pub static CLOSED_BY_ITSELF: Question = Question {
    id: "closed-by-itself",
    asked_of: AskedOf::Packets,
    yes: "{sender} closed on its own initiative, as {} shows",
    no: "{sender} had neither sent a FIN nor aborted with unread data",
    unknown: "the form of the RST, and what {sender} had received and sent before it",
    zh: Wording {
        yes: "{sender}是主动关闭的，由{}可见",
        no: "{sender}既没有发 FIN，也没有带着未读数据中止",
        unknown: "RST 的形式，以及{sender}在它之前收发了什么",
    },
    ask: by(|outcome| {
        let active = RST_IS_ACTIVE.answer(outcome);
        match (SENDER_HAD_CLOSED.answer(outcome), active, SENDER_RECEIVED_DATA.answer(outcome)) {
            (Answer::Yes(facts), ..) | (_, Answer::Yes(facts), Answer::Yes(_)) => Answer::Yes(facts),
            (Answer::No(_), Answer::No(_), _) | (Answer::No(_), _, Answer::No(_)) => Answer::No(no()),
            _ => Answer::Unknown,
        }
    }),
};

/// The client stopped while the server was still sending: its abort acknowledges less than was sent,
/// or more arrived after it.
pub static DOWNLOAD_UNDER_WAY: Question = Question {
    id: "download-under-way",
    asked_of: AskedOf::PacketsOrSocket,
    yes: "{receiver} was still sending when {sender} aborted, as {} shows",
    no: "{sender} had received everything that {receiver} had sent, and no new data followed the RST",
    unknown: "what {receiver} had sent by the time of the RST, and what followed it",
    zh: Wording {
        yes: "{sender}中止时，{receiver}仍在发送，由{}可见",
        no: "{sender}已收到{receiver}发送的全部数据，RST 之后也没有新数据",
        unknown: "RST 到来时{receiver}已经发了什么，之后又发了什么",
    },
    ask: by(|outcome| {
        let Some(rst) = outcome.rst() else { return Answer::Unknown };
        let less = RST_ACKS_LESS_THAN_SENT.answer(outcome);
        let beyond = |record: &&Record| {
            is_data(record) && record.from == outcome.receiver() && record.end().after(rst.record.ack)
        };
        if left_to_send(outcome).is_some_and(|bytes| bytes > 0) {
            return Answer::Yes(yes().frame(&rst.record));
        }
        match (less, outcome.after().iter().find(beyond)) {
            (Answer::Yes(_), _) => Answer::Yes(yes().frame(&rst.record)),
            (_, Some(later)) if rst.record.flags.has(Flags::ACK) => Answer::Yes(yes().frame(later)),
            // Behind a closed window nothing is sent, however much is left.
            (Answer::No(_), None) if outcome.watched_after() >= IN_FLIGHT && !waits_for_window(outcome) => {
                Answer::No(no())
            }
            _ => Answer::Unknown,
        }
    }),
};

fn waits_for_window(outcome: &Outcome) -> bool {
    WINDOW_HELD_ANSWER.answer(outcome).is_yes()
}

/// What is sent before it counts as a stream: about the window that Linux opens a connection with (half of the 128 KiB
/// that `net.ipv4.tcp_rmem` has as its default).
const STREAM: u64 = 64 * 1024;

/// The sender of the RST had closed its window upon a stream of the receiver: its program was behind with reading, and
/// the receiver could send no more (RFC 9293 section 3.8.6.1). That the stream ended exactly where the window did would
/// be chance.
pub static WINDOW_HELD_ANSWER: Question = Question {
    id: "window-held-answer",
    asked_of: AskedOf::Packets,
    yes: "{sender} had closed its window in {} after {} bytes from {receiver}, which could send no more until {sender} read",
    no: "{sender}'s window did not hold {receiver}",
    unknown: "{sender}'s last window, and how much {receiver} had sent",
    zh: Wording {
        yes: "{sender}在收到{receiver}的{1}字节后关闭了窗口（{0}），{receiver}在{sender}读取之前无法再发送",
        no: "{sender}的窗口没有阻止{receiver}发送",
        unknown: "{sender}最后通告的窗口，以及{receiver}已经发了多少",
    },
    ask: by(|outcome| {
        let (sender, receiver) = (outcome.sender(), outcome.connection().half(outcome.receiver()));
        let offers = |record: &Record| record.from == sender && record.flags.has(Flags::ACK);
        let last = outcome.latest(|record| offers(record) && !record.flags.has(Flags::RST));
        let streams = receiver.bytes >= STREAM && !receiver.marks.has(Marks::FIN);
        // An open one says nothing: a stream may have come as fast as it was read.
        match last.filter(|last| streams && last.window == 0 && last.ack == receiver.nxt) {
            Some(last) => Answer::Yes(yes().frame(last).count(receiver.bytes)),
            None => Answer::Unknown,
        }
    }),
};

/// The sender of the RST had closed in the middle of what the receiver was sending: data came before its FIN, in
/// answer to what it had asked, and went on coming after it, and the receiver had not closed. With nothing unread a
/// close sends a FIN, so that is what stopping looks like where an abort would show it else.
pub static LEFT_IN_MIDDLE: Question = Question {
    id: "left-in-middle",
    asked_of: AskedOf::PacketsOrSocket,
    yes: "{sender} closed in {} while {receiver} was sending: more data came in {}, {} after the data before",
    no: "{receiver} was not sending when {sender} closed, in {}",
    unknown: "{sender}'s FIN, and {receiver}'s data before and after it",
    zh: Wording {
        yes: "{receiver}正在发送时{sender}关闭了（{}）：之后又来了数据（{}），距前一次数据{}",
        no: "{sender}关闭（{}）时，{receiver}没有在发送",
        unknown: "{sender}的 FIN，以及{receiver}在其前后发送的数据",
    },
    ask: by(|outcome| {
        let receiver = outcome.receiver();
        let is_fin = |record: &Record| record.from == outcome.sender() && record.flags.has(Flags::FIN);
        let Some(fin) = outcome.earlier(is_fin) else { return Answer::Unknown };
        let new =
            |record: &&Record| record.from == receiver && is_data(record) && !record.notes.has(Notes::RETRANSMISSION);
        let late = |record: &&Record| new(record) && record.end().after(fin.ack);
        let Some(more) = outcome.before().iter().find(late) else { return Answer::Unknown };
        let known = |record: &&Record| record.frame < fin.frame && is_data(record) && !late(record);
        let mut earlier = outcome.before().iter().rev().filter(known);
        // What it had asked last was unanswered: then it had waited, and left no answer.
        let last = match earlier.next() {
            Some(last) if new(&last) => last,
            // What a socket dates too closely to be put in an order stands nowhere.
            None if outcome.basis() == Basis::Sockets => return Answer::Unknown,
            _ => return Answer::No(no().frame(fin)),
        };
        let gap = more.time.since(last.time);
        let pace = earlier.take_while(new).next().map(|one| last.time.since(one.time));
        let pause = pace.map_or(Span::ZERO, |pace| Span::from_nanos(pace.nanos().saturating_mul(STEADY)));
        let steady = gap <= pause.max(IN_FLIGHT);
        let ended = outcome.connection().half(receiver).marks.has(Marks::FIN);
        let facts = no().frame(fin);
        if !is_sane(gap) || ended || !steady || is_farewell(outcome, more, pace) {
            return Answer::No(facts);
        }
        Answer::Yes(facts.frame(more).span(gap))
    }),
};

/// A sender that pauses longer than three times its last pause is not in the middle of anything.
const STEADY: i64 = 3;
/// The end of a chunked body, and a TLS alert with its record, initialization vector, padding and code (RFC 5246
/// section 6.2.3.2).
const CHUNKED_END: u32 = 5;
const ALERT: u32 = 96;

/// Whether what came after the FIN is only the end of a body or a goodbye.
fn is_farewell(outcome: &Outcome, late: &Record, pace: Option<Span>) -> bool {
    let rest = outcome.before().iter().chain(outcome.after());
    let octets = rest.filter(|one| one.from == late.from && is_data(one) && one.frame >= late.frame);
    let octets = octets.fold(0_u32, |sum, one| sum.saturating_add(one.len));
    // In clear text, and one of several, it goes on with what came before.
    let goes_on = BOTH_SPEAK_TLS.answer(outcome).is_no() && pace.is_some();
    octets <= if goes_on { CHUNKED_END } else { ALERT }
}

/// The sender of the RST left while the receiver was still sending, whether something was unread or not.
pub static STOPPED_MIDWAY: Question = Question {
    id: "stopped-midway",
    asked_of: AskedOf::PacketsOrSocket,
    yes: "{receiver} was still sending when {sender} closed, as {} shows",
    no: "{receiver} was not sending any more when {sender} closed",
    unknown: "what {receiver} had sent when {sender} closed, and what followed",
    zh: Wording {
        yes: "{sender}离开时，{receiver}仍在发送，由{}可见",
        no: "{sender}离开时，{receiver}已不在发送",
        unknown: "{sender}离开时{receiver}已经发了什么，之后又发了什么",
    },
    ask: by(|outcome| {
        let followed = by_what_followed(outcome);
        if followed.is_yes() {
            return followed;
        }
        let by_itself = [&ANSWER_WAS_UNDER_WAY, &WINDOW_HELD_ANSWER].into_iter().find_map(|question| {
            let Answer::Yes(facts) = question.answer(outcome) else { return None };
            facts.frames.first().copied()
        });
        by_itself.map_or(followed, |frame| Answer::Yes(yes().shown_by(frame).value(Value::Frame(frame))))
    }),
};

fn by_what_followed(outcome: &Outcome) -> Answer {
    match (RST_IS_ACTIVE.answer(outcome), DOWNLOAD_UNDER_WAY.answer(outcome)) {
        (Answer::Yes(_), by_abort) => by_abort,
        (Answer::No(_), _) => LEFT_IN_MIDDLE.answer(outcome),
        (Answer::Unknown, Answer::No(facts)) => Answer::No(facts),
        _ => Answer::Unknown,
    }
}

/// The sender of the RST reports octets behind a hole that was never filled (RFC 2018).
pub static HOLE_UNFILLED: Question = Question {
    id: "hole-unfilled",
    asked_of: AskedOf::Packets,
    yes: "{sender} was missing data: its SACK reaches {} bytes beyond its ACK number, and the gap was never filled",
    no: "{sender} had received its data without a gap",
    unknown: "selective acknowledgments (SACK) from {sender}: was data missing in the middle?",
    zh: Wording {
        yes: "{sender}收到的数据有缺口：它的 SACK 到达其确认号之后{}字节处，而缺口一直没有补上",
        no: "{sender}收到的数据中间没有缺失",
        unknown: "{sender}的选择性确认（SACK）：中间有没有数据缺失？",
    },
    ask: by(|outcome| {
        let Some(rst) = outcome.rst() else { return Answer::Unknown };
        let sender = outcome.connection().half(outcome.sender());
        if !sender.marks.has(Marks::SACKED) || !sender.marks.has(Marks::ACKED) {
            return Answer::Unknown;
        }
        let acked = if rst.record.flags.has(Flags::ACK) { sender.ack.max(rst.record.ack) } else { sender.ack };
        let behind = sender.sack_edge.diff(acked);
        if behind > 0 { Answer::Yes(yes().count(behind.unsigned_abs().into())) } else { Answer::No(no()) }
    }),
};

/// No new data of the receiver had come for a while.
pub static TRANSFER_STALLED: Question = Question {
    id: "transfer-stalled",
    asked_of: AskedOf::Packets,
    yes: "no new data had arrived from {receiver} for {}, since {}",
    no: "{receiver} had sent new data {} before the RST, in {}",
    unknown: "the last new data from {receiver}",
    zh: Wording {
        yes: "已有{}没有来自{receiver}的新数据，从{}算起",
        no: "{receiver}在 RST 之前{}还发过新数据，即{}",
        unknown: "{receiver}最后发送的新数据",
    },
    ask: by(|outcome| {
        let new = |record: &Record| {
            is_data(record) && record.from == outcome.receiver() && !record.notes.has(Notes::RETRANSMISSION)
        };
        match outcome.latest(new).map(|last| (last, outcome.time().since(last.time))) {
            Some((last, silent)) if is_sane(silent) => yes().span(silent).frame(last).if_so((silent >= STALLED).into()),
            _ => Answer::Unknown,
        }
    }),
};

/// New data of the receiver had come a moment ago.
pub static TRANSFER_IN_MOTION: Question = not("transfer-in-motion", &TRANSFER_STALLED);

/// The receiver of the RST had repeated its data in vain.
pub static RECEIVER_REPEATED_IN_VAIN: Question = Question {
    id: "receiver-repeated-in-vain",
    asked_of: AskedOf::Packets,
    yes: "{receiver} had retransmitted {} times, most recently in {}, and {sender} acknowledged none of it",
    no: "{receiver} had not been retransmitting without an answer",
    unknown: "{receiver}'s retransmissions: they may have been lost before the capture point",
    zh: Wording {
        yes: "{receiver}重传了{}次，最后一次是{}，{sender}一个都没有确认",
        no: "{receiver}没有在重传得不到应答的数据",
        unknown: "{receiver}的重传：可能在到达抓包点之前就丢了",
    },
    ask: by(|outcome| repeated_in_vain(outcome, outcome.receiver())),
};

/// The sender of the RST had repeated its data and heard nothing.
pub static SENDER_REPEATED_IN_VAIN: Question = Question {
    id: "sender-repeated-in-vain",
    asked_of: AskedOf::Packets,
    yes: "{sender} had retransmitted {} times, most recently in {}, and {receiver} accepted none of it",
    no: "{sender} had not been retransmitting without an answer",
    unknown: "{sender}'s retransmissions",
    zh: Wording {
        yes: "{sender}重传了{}次，最后一次是{}，{receiver}一个都没有接受",
        no: "{sender}没有在重传得不到应答的数据",
        unknown: "{sender}的重传",
    },
    ask: by(|outcome| repeated_in_vain(outcome, outcome.sender())),
};

/// The retransmissions came at growing intervals: a timer that backs off sent them (RFC 6298 section 5.5).
pub static REPEATS_BACK_OFF: Question = Question {
    id: "repeats-back-off",
    asked_of: AskedOf::Packets,
    yes: "the last two retransmission intervals were {} and {}: a retransmission timer with backoff",
    no: "the last two retransmission intervals were {} and {}: not a timer with backoff",
    unknown: "three retransmissions in a row from {sender}",
    zh: Wording {
        yes: "最后两次重传间隔为{}和{}：是带退避的重传定时器",
        no: "最后两次重传间隔为{}和{}：不是带退避的定时器",
        unknown: "{sender}连续三次的重传",
    },
    ask: by(|outcome| {
        let mut repeats = outcome.before().iter().rev().filter(|record| is_repeat(record, outcome.sender()));
        let (Some(last), Some(second), Some(third)) = (repeats.next(), repeats.next(), repeats.next()) else {
            return Answer::Unknown;
        };
        let (late, early) = (last.time.since(second.time), second.time.since(third.time));
        // Doubled, or at the upper bound of the timer.
        let backs_off = late.nanos() >= early.nanos() / 10 * 9 && early.nanos() > 0;
        yes().span(early).span(late).if_so(backs_off.into())
    }),
};

/// After the handshake the server sent no more than session tickets would be.
pub static ONLY_TICKETS_CAME: Question = Question {
    id: "only-tickets-came",
    asked_of: AskedOf::Packets,
    yes: "after the TLS handshake {server} sent only {} bytes, about the size of session tickets",
    no: "after the TLS handshake {server} sent {} bytes or more: more than session tickets",
    unknown: "all segments of the connection: what did {server} send after the TLS handshake?",
    zh: Wording {
        yes: "TLS 握手之后{server}只发了{}字节，与会话票据的大小相当",
        no: "TLS 握手之后{server}至少发了{}字节：比会话票据多",
        unknown: "连接的全部报文：TLS 握手之后{server}发了什么？",
    },
    ask: by(|outcome| {
        let connection = outcome.connection();
        let beyond_handshake = connection.half(connection.server()).bytes.saturating_sub(LARGEST_HANDSHAKE);
        if beyond_handshake > TICKETS.into() {
            return Answer::No(no().count(beyond_handshake));
        }
        let all = connection.halves.iter().map(|half| half.segments as usize).sum::<usize>() == outcome.before().len();
        // ClientHello is the client's first data, Finished its second.
        let mut own = outcome
            .before()
            .iter()
            .enumerate()
            .filter(|(_, record)| is_data(record) && record.from == connection.client);
        let Some((finished, _)) = own.nth(1).filter(|_| all) else { return Answer::Unknown };
        let later =
            outcome.before()[finished..].iter().filter(|record| is_data(record) && record.from == connection.server());
        match later.map(|record| record.len).fold(0_u32, u32::saturating_add) {
            0 => Answer::Unknown,
            octets => yes().count(octets.into()).if_so((octets <= TICKETS).into()),
        }
    }),
};

/// More than session tickets came after the handshake: an answer.
pub static MORE_THAN_TICKETS: Question = not("more-than-tickets", &ONLY_TICKETS_CAME);

/// A handshake's certificates take kilobytes; whatever a server sent beyond one full record is no handshake.
const LARGEST_HANDSHAKE: u64 = 16_384;

/// How long a segment takes to `side` and its answer back, seen from the capture point: in the handshake, or less where
/// data was acknowledged faster. A handshake that was held up makes the path no longer.
fn path_to(outcome: &Outcome, side: Side) -> Option<Span> {
    let (syn, syn_ack) = (outcome.syn()?, outcome.syn_ack()?);
    let there = syn_ack.time.since(syn.time);
    let here = outcome.earlier(|record| {
        record.from == outcome.connection().client && record.flags.has(Flags::ACK) && record.time >= syn_ack.time
    })?;
    let path = if side == outcome.connection().server() { there } else { here.time.since(syn_ack.time) };
    let path = fastest_acknowledgment(outcome, side).map_or(path, |fastest| fastest.min(path));
    is_sane(path).then_some(path)
}

/// Of what was sent to `side` once (RFC 6298 section 3, Karn's algorithm).
fn fastest_acknowledgment(outcome: &Outcome, side: Side) -> Option<Span> {
    let sent = outcome
        .before()
        .iter()
        .filter(|record| record.from != side && is_data(record) && !record.notes.has(Notes::RETRANSMISSION));
    let acknowledged = sent.filter_map(|record| {
        let answers =
            |answer: &Record| answer.from == side && answer.frame > record.frame && answer.ack == record.end();
        Some(outcome.earlier(answers)?.time.since(record.time))
    });
    acknowledged.filter(|span| is_sane(*span)).min()
}

/// The first segment that shows that the server was through with the connection by its own decision.
fn server_left(outcome: &Outcome) -> Option<&Record> {
    let server = outcome.connection().server();
    let fin = outcome.earlier(|record| record.from == server && record.flags.has(Flags::FIN));
    let by_rst = || {
        let active = outcome.sender() == server && RST_IS_ACTIVE.answer(outcome).is_yes();
        outcome.rst().map(|rst| &rst.record).filter(|_| active)
    };
    fin.or_else(by_rst)
}

/// Repetitions of the oldest octets that the other end has not acknowledged.
fn repeated_in_vain(outcome: &Outcome, side: Side) -> Answer {
    let (half, peer) = (outcome.connection().half(side), outcome.connection().half(side.other()));
    let unacknowledged = |record: &Record| !peer.marks.has(Marks::ACKED) || record.end().after(peer.ack);
    let repeats = || outcome.before().iter().filter(|record| is_repeat(record, side) && unacknowledged(record));
    match repeats().next_back() {
        Some(last) if repeats().count() >= enough(last) => {
            Answer::Yes(yes().count(repeats().count() as u64).frame(last))
        }
        // Repetitions may be lost before the capture point; where all is acknowledged none was in vain.
        _ if half.marks.has(Marks::SPOKE) && peer.marks.has(Marks::ACKED) && !half.nxt.after(peer.ack) => {
            Answer::No(no())
        }
        _ => Answer::Unknown,
    }
}

fn enough(repeat: &Record) -> usize {
    if repeat.flags.is_syn_ack() { SYN_ACK_REPEATS } else { REPEATS }
}

/// Data, a SYN-ACK or a FIN once more.
fn is_repeat(record: &Record, side: Side) -> bool {
    record.from == side && record.seq_len() > 0 && !record.flags.is_syn() && record.notes.has(Notes::RETRANSMISSION)
}

fn is_data(record: &Record) -> bool {
    record.len > 0 && !record.notes.has(Notes::PROBE)
}
