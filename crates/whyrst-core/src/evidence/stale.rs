//! Whether a program used a connection that it had been told was closed: a pool that does not look at its connections.
//!
//! The FIN of a close makes a waiting `read()` return 0 and `poll()` report `POLLRDHUP` as soon as the kernel has it (RFC 9293
//! section 3.6; `net/ipv4/tcp_input.c`, `tcp_fin`). A program that looks answers that within moments: it closes, or says
//! goodbye. One that writes a request much later had not looked.

use super::answer::{Answer, Facts, Value, no, yes};
use super::closing::{DATA_CROSSED_FIN, RST_ANSWERS_DATA, SENDER_HAD_CLOSED};
use super::fin::{fin_ack, is_data};
use super::question::{AskedOf, Question, Wording, by};
use super::socket_close::closed_socket;
use super::timing::is_sane;
use crate::connection::TcpState;
use crate::outcome::{Basis, Outcome};
use crate::time::Span;
use crate::words::Protocol;

/// A program that waits for its connection to end reacts sooner: also on a busy host it runs within the fifth of a second
/// after which TCP itself would repeat a segment (`include/net/tcp.h`, `TCP_RTO_MIN`).
const REACTS: Span = Span::from_millis(200);

/// What the RST refuses was written long after its writer's kernel had acknowledged the other end's FIN.
pub static CLOSE_WAS_KNOWN: Question = Question {
    id: "close-was-known",
    asked_of: AskedOf::PacketsOrSocket,
    yes: "{receiver} wrote {} after its kernel had acknowledged {sender}'s FIN: its program had not looked",
    no: "{receiver} wrote before it could know of {sender}'s FIN",
    unknown: "{receiver}'s ACK of {sender}'s FIN, and when it wrote after that",
    zh: Wording {
        yes: "{receiver}的内核确认{sender}的 FIN 之后过了 {}，程序才写入：它没有检查连接",
        no: "{receiver}写入时还不可能知道{sender}的 FIN",
        unknown: "{receiver}对{sender}的 FIN 的确认，以及此后何时写入",
    },
    ask: by(|outcome| {
        let answers = [&SENDER_HAD_CLOSED, &RST_ANSWERS_DATA].map(|question| question.answer(outcome));
        if answers.iter().any(Answer::is_no) || DATA_CROSSED_FIN.answer(outcome).is_yes() {
            return Answer::No(no());
        }
        match wrote_after_ack(outcome) {
            Some((late, facts)) if late > REACTS && is_sane(late) && answers.iter().all(Answer::is_yes) => {
                Answer::Yes(facts.span(late))
            }
            _ => Answer::Unknown,
        }
    }),
};

/// How long after the FIN's ACK the data was written, with what shows that.
fn wrote_after_ack(outcome: &Outcome) -> Option<(Span, Facts)> {
    if outcome.basis() == Basis::Sockets {
        let (facts, _) = closed_socket(outcome)?;
        return Some((outcome.time().since(facts.entered(&[TcpState::FinWait2])?), yes()));
    }
    let data = outcome.rst()?.trigger.as_ref().filter(|trigger| is_data(trigger))?;
    let ack = fin_ack(outcome)?;
    Some((data.time.since(ack.time), yes().shown_by(ack.frame).shown_by(data.frame)))
}

/// What the RST refuses begins a new request, in a protocol whose server says nothing that it was not asked: there a
/// connection without a request is at rest, and a client that keeps it is a pool.
///
/// HTTP/1 (RFC 9112 section 9.3), RESP (Redis serialization protocol specification), the simple queries of `PostgreSQL` and
/// the commands of `MySQL`. Brokers, shells and `WebSockets` are not among them: their sessions end for other reasons.
pub static NEW_REQUEST_REFUSED: Question = Question {
    id: "new-request-refused",
    asked_of: AskedOf::Packets,
    yes: "what {sender} refused is a new request, {} ({})",
    no: "what {sender} refused is no request of a pool",
    unknown: "{receiver}'s last message in clear text",
    zh: Wording {
        yes: "{sender}拒绝的是一个新请求，见{}（{}）",
        no: "{sender}拒绝的不是连接池的请求",
        unknown: "{receiver}最后一条消息的明文",
    },
    ask: by(|outcome| {
        let refused = outcome.rst().and_then(|rst| rst.trigger.as_ref()).filter(|trigger| is_data(trigger));
        let (Some(refused), Some(message)) = (refused, outcome.message(outcome.receiver())) else {
            return Answer::Unknown;
        };
        if message.seq != refused.seq {
            return Answer::Unknown;
        }
        let facts = yes().value(Value::Frame(message.frame)).shown_by(message.frame);
        let asks =
            matches!(message.protocol, Protocol::Http | Protocol::Redis | Protocol::PostgreSql | Protocol::MySql);
        facts.value(Value::Name(message.protocol.name())).if_so(asks.into())
    }),
};
