//! What the ends said last, as questions: who turned whom away, and whether a request was answered before all of it
//! had arrived ([`crate::words`]).
//!
//! A message says why its sender ends the connection, which no kernel knows: the words are proof of their own. They
//! are no proof of how it does.

use super::answer::{Answer, Facts, Value, no, yes};
use super::clock::RECEIVER_FELL_SILENT;
use super::data::LAST_DATA_WAS_FOR_SENDER;
use super::question::{AskedOf, Question, Wording, by, not};
use super::sealed::is_sealed_alert;
use super::siblings::SAME_LOGIN_ELSEWHERE;
use super::speech::{ALERT_WAS_LAST_WORD, SERVER_ANSWERED_OTHERWISE};
use super::timing::leaving;
use crate::flow::Side;
use crate::half::Marks;
use crate::history::{Notes, Record};
use crate::outcome::Outcome;
use crate::segment::Flags;
use crate::seq::Seq;
use crate::time::Span;
use crate::words::{Body, Gist, Head, Meaning, Message, Protocol};

/// Whether a yes quotes what an end said.
pub fn is_quoted(question: &Question) -> bool {
    [
        &WORDS_REFUSE,
        &ANSWERED_BEFORE_BODY,
        &WORDS_SAY_GO_AWAY,
        &WORDS_SAY_TAKEN_OVER,
        &SERVER_ANSWERED_OTHERWISE,
        &ALERT_WAS_LAST_WORD,
    ]
    .contains(&question)
}

/// A program that writes its last words closes right away; a margin for the path.
const SOON: Span = Span::from_secs(2);
/// Heartbeats without any answer that are too many.
const MISSED: usize = 2;

const UNKNOWN: &str = "the last message of each end, in clear text";
const UNKNOWN_ZH: &str = "两端最后一条明文消息";

/// The end that closed had said before that it turns the other away.
pub static WORDS_REFUSE: Question = Question {
    id: "words-refuse",
    asked_of: AskedOf::Packets,
    yes: "the message in {} ({}) refuses the other end, and its sender closed",
    no: "the last message of the end that closed, in {} ({}), refuses nobody",
    unknown: UNKNOWN,
    zh: Wording {
        yes: "{}中的消息（{}）拒绝了对方，其发送者随后关闭",
        no: "关闭的一端最后的消息（{}，{}）没有拒绝对方",
        unknown: UNKNOWN_ZH,
    },
    ask: by(|outcome| says(outcome, refuser(outcome), Gist::Refuses)),
};

/// Nothing was sent between these words and the end.
pub static ENDED_AFTER_WORDS: Question = Question {
    id: "ended-after-words",
    asked_of: AskedOf::Packets,
    yes: "that message, in {}, was the last data of its sender, which then closed",
    no: "its sender went on after the message in {}",
    unknown: UNKNOWN,
    zh: Wording {
        yes: "{}中的这条消息是其发送者最后的数据，之后它就关闭了",
        no: "在{}中的这条消息之后，其发送者还在继续",
        unknown: UNKNOWN_ZH,
    },
    ask: by(|outcome| {
        let side = refuser(outcome);
        let Some(message) = outcome.message(side) else { return Answer::Unknown };
        let facts = yes().shown_by(message.frame).value(Value::Frame(message.frame));
        facts.if_so(ends_with(outcome, side, message).into())
    }),
};

/// The request was answered before all of its body had arrived.
pub static ANSWERED_BEFORE_BODY: Question = Question {
    id: "answered-before-body",
    asked_of: AskedOf::Packets,
    yes: "the answer in {} came when only {} bytes of the request had been acknowledged (length of its body: {})",
    no: "the answer in {} came when all {} bytes of the request had been acknowledged (length of its body: {})",
    unknown: "the head of the request, which announces how long its body is, and the answer",
    zh: Wording {
        yes: "{}中的应答到来时，请求只有{}字节得到确认（声明的请求体长度：{}）",
        no: "{}中的应答到来时，请求的{}字节已全部得到确认（声明的请求体长度：{}）",
        unknown: "请求的头部（它声明请求体有多长）以及应答",
    },
    ask: by(|outcome| {
        let Some(exchange) = Exchange::of(outcome) else { return Answer::Unknown };
        let Some(ack) = exchange.answer.ack else { return Answer::Unknown };
        let facts = yes().shown_by(exchange.asked.frame).shown_by(exchange.answer.frame);
        let facts = facts.value(Value::Frame(exchange.answer.frame)).count(after(exchange.asked.seq, ack));
        match exchange.asked.body {
            Body::Length { from, octets, .. } if after(from, ack) < octets => Answer::Yes(facts.count(octets)),
            Body::Length { octets, head: Head::Whole, .. } => Answer::No(facts.count(octets)),
            // The last chunk says how many there are. What is sent after the answer is one of them, and so is what
            // fills the buffer of who answers.
            // So it is with a head that fills segments: its end would have to come first.
            Body::OpenEnded { .. } | Body::HeadGoesOn if exchange.goes_on(outcome) || exchange.is_stuck(outcome) => {
                Answer::Yes(facts.value(Value::Phrase(NOT_ANNOUNCED)))
            }
            Body::Length { .. } | Body::OpenEnded { .. } | Body::HeadGoesOn | Body::Unknown => Answer::Unknown,
        }
    }),
};

const NOT_ANNOUNCED: Meaning = Meaning { en: "not announced", zh: "没有声明" };

/// When the RST came, the request still lacked a part of the body that it had announced.
pub static BODY_NEVER_COMPLETE: Question = Question {
    id: "body-never-complete",
    asked_of: AskedOf::Packets,
    yes: "when the RST came, {} of the {} bytes of the request's body had been sent",
    no: "all {} bytes of the request's body had been sent ({} were announced)",
    unknown: "the head of the request, which announces how long its body is",
    zh: Wording {
        yes: "RST 到来时，请求体的{1}字节只发了{0}字节",
        no: "请求体的{}字节已全部发出（声明的长度：{}）",
        unknown: "请求的头部（它声明请求体有多长）",
    },
    ask: by(|outcome| {
        let Some(exchange) = Exchange::of(outcome) else { return Answer::Unknown };
        let Body::Length { octets, head, .. } = exchange.asked.body else { return Answer::Unknown };
        let sent = sent_of_body(outcome, exchange.asker, exchange.asked);
        let facts = yes().shown_by(exchange.asked.frame).count(sent).count(octets);
        match head {
            _ if sent < octets => Answer::Yes(facts),
            Head::Whole => Answer::No(facts),
            Head::Cut => Answer::Unknown,
        }
    }),
};

/// The server waited for the rest of a request of HTTP when it left: neither its head nor the body that this announces
/// had ended, and nothing of it had been answered.
pub static REQUEST_STAYED_INCOMPLETE: Question = Question {
    id: "request-stayed-incomplete",
    asked_of: AskedOf::Packets,
    yes: "the request in {} was not complete when {server} left: {server} was waiting for the rest of it",
    no: "the request in {} was complete, or answered, when {server} left",
    unknown: "the whole of the client's last request, and when {server} left",
    zh: Wording {
        yes: "{server}离开时，{}中的请求还不完整：{server}在等待其余部分",
        no: "{server}离开时，{}中的请求已经完整，或已得到应答",
        unknown: "客户端最后一个请求的全部内容，以及{server}离开的时刻",
    },
    ask: by(|outcome| {
        let client = outcome.connection().client;
        let asked = outcome.message(client).filter(|asked| asked.protocol == Protocol::Http);
        let (Some(asked), Some(left)) = (asked, leaving(outcome).filter(|left| left.from != client)) else {
            return Answer::Unknown;
        };
        if outcome.one_sided() || asked.frame >= left.frame {
            return Answer::Unknown;
        }
        let facts = yes().shown_by(asked.frame).value(Value::Frame(asked.frame));
        let data = |side: Side| {
            outcome.latest(move |record| record.from == side && record.len > 0 && record.frame < left.frame)
        };
        let answered = data(client.other()).is_some_and(|answer| answer.frame > asked.frame);
        let came = data(client).map_or(end_of(asked), Record::end);
        let whole = match asked.body {
            // Of a body that never began, the way may have lost all (`path-mtu-black-hole`).
            Body::Length { from, octets, head: Head::Whole } if came != from => after(from, came) >= octets,
            Body::HeadGoesOn => came != end_of(asked),
            Body::Unknown | Body::Length { .. } | Body::OpenEnded { .. } => return Answer::Unknown,
        };
        facts.if_so((!answered && !whole).into())
    }),
};

/// More of the request came after the answer.
pub static REQUEST_WENT_ON: Question = Question {
    id: "request-went-on",
    asked_of: AskedOf::Packets,
    yes: "more of the request came after the answer in {}",
    no: "nothing more of the request came after the answer in {}",
    unknown: "whether more of the request came after its answer",
    zh: Wording {
        yes: "在{}中的应答之后，请求还在继续发送",
        no: "在{}中的应答之后，请求没有再发送",
        unknown: "应答之后请求是否还在发送",
    },
    // That nothing more came says nothing: the answer may have stopped it.
    ask: by(|outcome| match Exchange::of(outcome) {
        Some(exchange) if exchange.goes_on(outcome) => {
            Answer::Yes(yes().shown_by(exchange.answer.frame).value(Value::Frame(exchange.answer.frame)))
        }
        _ => Answer::Unknown,
    }),
};

/// The sender's receive window is closed: its buffer is full of what its program has not read (RFC 9293 section 3.8.6).
pub static SENDER_WINDOW_CLOSED: Question = Question {
    id: "sender-window-closed",
    asked_of: AskedOf::Packets,
    yes: "{sender}'s receive window was 0: its buffer was full of data that its program had not read",
    no: "{sender}'s receive window was open",
    unknown: "whether {sender}'s receive window was closed",
    zh: Wording {
        yes: "{sender}的接收窗口为 0：缓冲区里满是程序没有读的数据",
        no: "{sender}的接收窗口是打开的",
        unknown: "{sender}的接收窗口是否关闭",
    },
    ask: by(|outcome| {
        // An open one says nothing: there may be data in front of it.
        let closed = outcome.connection().half(outcome.sender()).marks.has(Marks::ZERO_WINDOW);
        if closed { Answer::Yes(yes()) } else { Answer::Unknown }
    }),
};

/// The last data came from the receiver, or the sender's reply to it does not show that it was read: a greeting, a
/// refusal, an early answer.
pub static DATA_MAY_BE_UNREAD: Question = Question {
    id: "data-may-be-unread",
    asked_of: AskedOf::PacketsOrSocket,
    yes: "{sender}'s program need not have read the last data from {receiver}: {}",
    no: "{sender} had replied, in {}, to the last data that it received",
    unknown: "data from either end",
    zh: Wording {
        yes: "{sender}的程序未必读了{receiver}最后的数据，见{}",
        no: "{sender}在最后收到的数据之后已经应答（{}）",
        unknown: "任何一端的数据",
    },
    ask: by(|outcome| {
        let replied = LAST_DATA_WAS_FOR_SENDER.answer_on_any_basis(outcome);
        match (replied, reply_without_reading(outcome)) {
            (Answer::No(_), Some(message)) => {
                Answer::Yes(yes().shown_by(message.frame).value(Value::Frame(message.frame)))
            }
            (answer, _) => answer,
        }
    }),
};

/// The sender had replied to everything that it had received, with what shows that it read it.
pub static SENDER_HAD_ANSWERED: Question = not("sender-had-answered", &DATA_MAY_BE_UNREAD);

/// One end sent heartbeats and no data of the other came: only the programs fell silent, or one of them.
pub static HEARTBEATS_ONE_SIDED: Question = Question {
    id: "heartbeats-one-sided",
    asked_of: AskedOf::Packets,
    yes: "no data had come from {receiver} for {}, while {sender} sent {} heartbeats in a row, the last in {}",
    no: "{receiver} had sent data since {sender}'s last heartbeats",
    unknown: "heartbeats of {sender} in clear text",
    zh: Wording {
        yes: "{receiver}已有{}没有发数据，而{sender}连续发了{}个心跳，最后一个是{}",
        no: "{sender}最后几个心跳以来，{receiver}发过数据",
        unknown: "{sender}的明文心跳",
    },
    ask: by(|outcome| {
        let Some(beat) = outcome.message(outcome.sender()).filter(|_| beats(outcome)) else {
            return Answer::Unknown;
        };
        let heard = outcome.latest(|record| record.from == outcome.receiver() && is_data(record));
        let since = heard.map(|record| record.frame);
        let own = |record: &&Record| {
            record.from == outcome.sender() && is_data(record) && since.is_none_or(|since| record.frame > since)
        };
        let row = || outcome.before().iter().rev().filter(own).take_while(|record| record.len == beat.segment_len);
        match (row().next(), heard) {
            // Two that are missed (AMQP 0-9-1, section 4.2.7).
            (Some(last), Some(heard)) if row().count() >= MISSED => {
                Answer::Yes(yes().span(outcome.time().since(heard.time)).count(row().count() as u64).frame(last))
            }
            (None, Some(_)) => Answer::No(yes()),
            _ => Answer::Unknown,
        }
    }),
};

/// Heartbeats of one end went unanswered: by what they are, in clear text, or by their rhythm and their equal size.
pub static HEARTBEAT_MISSED: Question = Question {
    id: "heartbeat-missed",
    asked_of: AskedOf::Packets,
    yes: "{receiver} had sent no data for at least {}, while {sender} sent data {} times, most recently in {}",
    no: "{receiver} had sent data since {sender}'s last heartbeats",
    unknown: "data of both ends in the last seconds before the RST",
    zh: Wording {
        yes: "{receiver}至少{}没有发送数据，而{sender}在此期间发送了{}次，最后一次是{}",
        no: "{sender}最后几个心跳以来，{receiver}发过数据",
        unknown: "RST 之前数秒内两端的数据",
    },
    ask: by(|outcome| match HEARTBEATS_ONE_SIDED.answer(outcome) {
        Answer::Yes(facts) => Answer::Yes(facts),
        Answer::No(_) => Answer::No(no()),
        Answer::Unknown => match RECEIVER_FELL_SILENT.answer(outcome) {
            Answer::No(_) => Answer::No(no()),
            answer => answer,
        },
    }),
};

fn beats(outcome: &Outcome) -> bool {
    outcome.gist(outcome.sender()) == Some(Gist::Heartbeat)
}

fn is_data(record: &Record) -> bool {
    record.len > 0 && !record.notes.has(Notes::PROBE) && !record.notes.has(Notes::RETRANSMISSION)
}

/// An end said that the other is to connect again.
pub static WORDS_SAY_GO_AWAY: Question = Question {
    id: "words-say-go-away",
    asked_of: AskedOf::Packets,
    yes: "the end that closed first had announced it in {} ({})",
    no: "the last words of the end that closed first, in {} ({}), announce no close",
    unknown: UNKNOWN,
    zh: Wording {
        yes: "先关闭的一端已在{}中预告（{}）",
        no: "先关闭的一端最后的话（{}，{}）没有预告关闭",
        unknown: UNKNOWN_ZH,
    },
    ask: by(|outcome| says(outcome, ender(outcome), Gist::GoesAway)),
};

/// The server said that another session of the same identity takes over.
pub static WORDS_SAY_TAKEN_OVER: Question = Question {
    id: "words-say-taken-over",
    asked_of: AskedOf::Packets,
    yes: "{server} said in {} ({}) that another session of the same identity took over",
    no: "{server}'s last words, in {} ({}), name no other session",
    unknown: UNKNOWN,
    zh: Wording {
        yes: "{server}在{}（{}）中说，同一身份的另一个会话接管了",
        no: "{server}最后的话（{}，{}）没有提到别的会话",
        unknown: UNKNOWN_ZH,
    },
    // Of MQTT 3.1.1 no broker says anything.
    ask: by(|outcome| match says(outcome, outcome.connection().server(), Gist::TakenOver) {
        Answer::Yes(facts) => Answer::Yes(facts),
        Answer::No(_) | Answer::Unknown => Answer::Unknown,
    }),
};

/// Another session of the same identity took over: the server said so, or the other login was captured.
pub static SESSION_TAKEN_OVER: Question = Question {
    id: "session-taken-over",
    asked_of: AskedOf::Packets,
    yes: "another session with the identity of this one took over, see {}",
    no: "{server} did not speak of another session, see {}",
    unknown: UNKNOWN,
    zh: Wording {
        yes: "同一身份的另一个会话接管了，见{}", no: "{server}没有提到别的会话，见{}", unknown: UNKNOWN_ZH
    },
    ask: by(|outcome| {
        let said = WORDS_SAY_TAKEN_OVER.answer(outcome);
        let seen = SAME_LOGIN_ELSEWHERE.answer(outcome);
        let shown = |facts: Facts| {
            let frame = facts.frames.first().copied().unwrap_or_default();
            Facts { frames: facts.frames, ..yes() }.value(Value::Frame(frame))
        };
        match (said, seen) {
            (Answer::Yes(facts), _) | (_, Answer::Yes(facts)) => Answer::Yes(shown(facts)),
            // What is not said may be so all the same.
            (_, Answer::No(_) | Answer::Unknown) => Answer::Unknown,
        }
    }),
};

/// The server said that it does not understand.
pub static WORDS_MISUNDERSTAND: Question = Question {
    id: "words-misunderstand",
    asked_of: AskedOf::Packets,
    yes: "{server} said in {} ({}) that it does not understand what {client} sent",
    no: "{server}'s last words, in {} ({}), do not complain of the protocol",
    unknown: UNKNOWN,
    zh: Wording {
        yes: "{server}在{}（{}）中说，它看不懂{client}发的内容",
        no: "{server}最后的话（{}，{}）没有抱怨协议",
        unknown: UNKNOWN_ZH,
    },
    // That it does not complain says nothing: an answer in another protocol is none.
    ask: by(|outcome| match says(outcome, outcome.connection().server(), Gist::Misunderstands) {
        Answer::Yes(facts) => Answer::Yes(facts),
        Answer::No(_) | Answer::Unknown => Answer::Unknown,
    }),
};

/// All that the RST refused was the receiver's goodbye: everything else had been delivered.
pub static GOODBYE_REFUSED: Question = Question {
    id: "goodbye-refused",
    asked_of: AskedOf::Packets,
    yes: "all that {sender} refused was {receiver}'s goodbye in {} ({})",
    no: "{sender} refused more than a goodbye: {receiver}'s last words are in {} ({})",
    unknown: "{receiver}'s last message, in clear text or by its size",
    zh: Wording {
        yes: "{sender}拒绝的只是{receiver}的告别，见{}（{}）",
        no: "{sender}拒绝的不只是告别：{receiver}最后的话见{}（{}）",
        unknown: "{receiver}最后一条消息（明文，或由大小可知）",
    },
    ask: by(|outcome| {
        let Some(message) = outcome.message(outcome.receiver()) else { return Answer::Unknown };
        let is_goodbye = outcome.gist(outcome.receiver()) == Some(Gist::Goodbye);
        let facts = about(message);
        if !is_goodbye {
            return Answer::No(facts);
        }
        match delivered_up_to(outcome) {
            Some(delivered) => {
                let last = outcome.connection().half(outcome.receiver()).nxt.diff(end_of(message)) <= 1;
                facts.if_so((last && !message.seq.after(delivered)).into())
            }
            None => Answer::Unknown,
        }
    }),
};

/// Up to which number the RST's sender has taken what its receiver sent.
fn delivered_up_to(outcome: &Outcome) -> Option<Seq> {
    let half = outcome.connection().half(outcome.sender());
    let own = half.marks.has(Marks::ACKED).then_some(half.ack);
    let rst = outcome.rst().map(|rst| &rst.record).filter(|rst| rst.flags.has(Flags::ACK)).map(|rst| rst.ack);
    match (own, rst) {
        (Some(own), Some(rst)) => Some(own.max(rst)),
        (own, rst) => own.or(rst),
    }
}

/// The end that closed first: by its FIN, or else the RST's sender.
pub fn ender(outcome: &Outcome) -> Side {
    let fin = |side: Side| {
        let half = outcome.connection().half(side);
        half.marks.has(Marks::FIN).then_some(half.fin_frame)
    };
    match (fin(outcome.sender()), fin(outcome.receiver())) {
        (None, Some(_)) => outcome.receiver(),
        (Some(own), Some(peer)) if peer < own => outcome.receiver(),
        _ => outcome.sender(),
    }
}

/// The end that closed first, or the RST's sender where it had refused the other in words before: a FIN that comes after such
/// words follows from them.
fn refuser(outcome: &Outcome) -> Side {
    let (sender, ender) = (outcome.sender(), ender(outcome));
    let fin = outcome.earlier(|record| record.from == ender && record.flags.has(Flags::FIN));
    let refused_before =
        outcome.message(sender).zip(fin).is_some_and(|(message, fin)| message.frame < fin.frame && fin.len == 0)
            && outcome.gist(sender) == Some(Gist::Refuses);
    if refused_before { sender } else { ender }
}

fn about(message: &Message) -> super::Facts {
    yes().shown_by(message.frame).value(Value::Frame(message.frame)).value(Value::Name(message.protocol.name()))
}

fn says(outcome: &Outcome, side: Side, gist: Gist) -> Answer {
    let Some(message) = outcome.message(side) else { return Answer::Unknown };
    match outcome.gist(side) {
        Some(known) => about(message).if_so((known == gist).into()),
        None => Answer::Unknown,
    }
}

/// Whether `side` closed right after its answer, all of which it had sent: it wants no more of the request, whatever the
/// status says (RFC 9112 section 9.6).
fn was_all(outcome: &Outcome, side: Side, answer: &Message) -> bool {
    let Body::Length { octets, head: Head::Whole, .. } = answer.body else { return false };
    ender(outcome) == side && sent_of_body(outcome, side, answer) >= octets && ends_with(outcome, side, answer)
}

/// The number after the segment that begins the message.
fn end_of(message: &Message) -> Seq {
    message.seq.add(message.segment_len)
}

/// Whether its sender closed soon after the message; where the capture's memory does not reach back to the FIN, whether
/// the message announces it and nothing else was sent.
fn ends_with(outcome: &Outcome, side: Side, message: &Message) -> bool {
    let half = outcome.connection().half(side);
    let end = if half.marks.has(Marks::FIN) {
        outcome.earlier(|record| record.from == side && record.flags.has(Flags::FIN))
    } else {
        outcome.rst().map(|rst| &rst.record).filter(|rst| rst.from == side)
    };
    let Some(end) = end else {
        return message.closes && half.marks.has(Marks::FIN) && half.fin == end_of(message);
    };
    end.time.since(message.time) <= SOON
}

/// What the RST's sender said last, where that shows nothing of what it read.
fn reply_without_reading(outcome: &Outcome) -> Option<&Message> {
    let message = outcome.message(outcome.sender())?;
    let gist = outcome.gist(outcome.sender())?;
    let turned_away = matches!(gist, Gist::Refuses | Gist::Fails | Gist::Misunderstands | Gist::TakenOver);
    let closed = SENDER_WINDOW_CLOSED.answer_on_any_basis(outcome).is_yes();
    let early = ANSWERED_BEFORE_BODY.answer_on_any_basis(outcome).is_yes();
    let sealed = || answers_by_alert(outcome, message);
    (turned_away || closed || early || greets(outcome, message) || sealed()).then_some(message)
}

/// Whether an encrypted alert is all that the sender said after the last data that it received: whichever it is, it
/// answers no request.
fn answers_by_alert(outcome: &Outcome, message: &Message) -> bool {
    let of = |side: Side| move |record: &Record| record.from == side && is_data(record);
    let heard = outcome.latest(of(outcome.receiver()));
    let mine = of(outcome.sender());
    let first =
        heard.and_then(|heard| outcome.before().iter().find(|record| record.frame > heard.frame && mine(record)));
    first.is_some_and(|first| first.frame == message.frame && is_sealed_alert(outcome, first))
}

/// Those whose server says something before it reads.
fn greets(outcome: &Outcome, message: &Message) -> bool {
    const GREET: [Protocol; 5] = [Protocol::Ssh, Protocol::ReplyCode, Protocol::Imap, Protocol::Pop3, Protocol::MySql];
    let half = outcome.connection().half(outcome.sender());
    let first = half.marks.has(Marks::SYN) && message.seq == half.first_seq.add(1);
    let server = outcome.sender() == outcome.connection().server();
    server && first && GREET.contains(&message.protocol)
}

/// Who sent the request that was answered before all of its body had arrived.
pub fn answered_early(outcome: &Outcome) -> Option<Side> {
    let exchange = Exchange::of(outcome).filter(|_| ANSWERED_BEFORE_BODY.answer_on_any_basis(outcome).is_yes())?;
    Some(exchange.asker)
}

/// How much of the body of `asked`, which `side` sent, was seen before the first RST.
pub fn sent_of_body(outcome: &Outcome, side: Side, asked: &Message) -> u64 {
    let half = outcome.connection().half(side);
    let sent = if half.marks.has(Marks::FIN) { half.fin } else { half.nxt };
    match asked.body {
        Body::Unknown | Body::HeadGoesOn => 0,
        Body::Length { from, octets, .. } => octets.min(after(from, sent)),
        Body::OpenEnded { from } => after(from, sent),
    }
}

/// How many octets lie between `from` and `to`; none where `to` comes before.
fn after(from: Seq, to: Seq) -> u64 {
    if from.after(to) { 0 } else { to.relative_to(from).into() }
}

/// A request that announces its body, and what came back.
struct Exchange<'a> {
    asker: Side,
    asked: &'a Message,
    answer: &'a Message,
}

impl<'a> Exchange<'a> {
    fn of(outcome: &'a Outcome) -> Option<Self> {
        Side::BOTH.into_iter().find_map(|asker| {
            let (asked, answer) = (outcome.message(asker)?, outcome.message(asker.other())?);
            let turned_down = outcome.gist(asker.other()).is_some_and(|gist| {
                answer.closes || matches!(gist, Gist::Refuses | Gist::Fails | Gist::Misunderstands)
            });
            let in_order = answer.frame > asked.frame && asked.protocol == answer.protocol;
            let over = || was_all(outcome, asker.other(), answer);
            // Its server had waited for the rest in vain: that is a limit of time (RFC 9110 section 15.5.9).
            let in_order = in_order && answer.http_status() != Some(408);
            (in_order && asked.body != Body::Unknown && (turned_down || over())).then_some(Self {
                asker,
                asked,
                answer,
            })
        })
    }

    fn goes_on(&self, outcome: &Outcome) -> bool {
        let half = outcome.finally().half(self.asker);
        let sent = if half.marks.has(Marks::FIN) { half.fin } else { half.nxt };
        self.answer.ack.is_some_and(|ack| sent.after(ack))
    }

    /// Who answers takes nothing more: its window is closed.
    fn is_stuck(&self, outcome: &Outcome) -> bool {
        outcome.connection().half(self.asker.other()).marks.has(Marks::ZERO_WINDOW)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::conversation;

    /// The server has closed; the client's goodbye comes after that and is refused.
    const LATE_QUIT: &str = "
        0.000 C > S:25 S 0:0(0)
        +0.001 C < S:25 SA 0:0(0) ack 1
        +0.0001 C > S:25 A 1:1(0) ack 1
        0.010 C < S:25 PA 1:12(11) ack 1 says 220_mx_ESMTP
        0.020 C < S:25 FA 12:12(0) ack 1
        +0.0001 C > S:25 PA 1:7(6) ack 13 says 0x515549540d0a
        +0.0001 C < S:25 R 13:13(0)";

    fn refused(text: &str) -> Answer {
        GOODBYE_REFUSED.answer(&conversation(text).outcome())
    }

    #[test]
    fn a_fin_that_follows_words_that_refuse_does_not_make_its_sender_the_first_to_close() {
        let text = "
            0.000 C > S S 0:0(0)
            +0.001 C < S SA 0:0(0) ack 1
            +0.0001 C > S A 1:1(0) ack 1
            +0.001 C > S PA 1:42(41) ack 1
            +0.001 C < S PA 1:33(32) ack 42 says ERROR_Too_many_open_connections
            +0.001 C > S FA 42:42(0) ack 33
            +0.001 C < S RA 33:33(0) ack 43\n";
        let outcome = conversation(text).outcome();
        assert!(WORDS_REFUSE.answer(&outcome).is_yes() && ENDED_AFTER_WORDS.answer(&outcome).is_yes());
        let (client, server) = (outcome.connection().client, outcome.connection().server());
        assert_eq!((ender(&outcome), refuser(&outcome)), (client, server));
    }

    #[test]
    fn a_goodbye_that_comes_late_is_all_that_was_refused() {
        assert!(refused(LATE_QUIT).is_yes());
        let encrypted = LATE_QUIT.replace("1:7(6)", "1:25(24)").replace("0x515549540d0a", "0x1703030013");
        assert!(refused(&encrypted).is_yes());
    }

    #[test]
    fn a_request_is_no_goodbye_and_unknown_octets_are_unknown() {
        assert!(refused(&LATE_QUIT.replace("0x515549540d0a", "0x45484c4f2061")).is_no());
        assert_eq!(refused(&LATE_QUIT.replace("0x515549540d0a", "0x000102030405")), Answer::Unknown);
    }

    #[test]
    fn data_that_was_lost_before_the_goodbye_is_more_than_a_goodbye() {
        let more = "+0.0001 C > S:25 PA 1:101(100) ack 13 says 0x0001\n        +0.0001 C > S:25 PA 101:107(6)";
        assert!(refused(&LATE_QUIT.replace("+0.0001 C > S:25 PA 1:7(6)", more)).is_no());
    }
}
