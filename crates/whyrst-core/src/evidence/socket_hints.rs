//! What a socket tells of a reset beside packets and without them ([`AskedOf::SocketHint`]): how long nothing had gone on when
//! its program closed it and whether that was a timer, whether the next request was there already, whether the answer was still coming, whether
//! somebody had listened.
//!
//! Each makes a reason likely, not certain: a kernel dates data by ticks (`socket_close.rs`), and a request that came
//! within two of them before `close()` is taken for one that the program had no time to read. Packets answer the same
//! through [`super::closing`] and [`super::application`].

use super::answer::{Answer, Value, no, yes};
use super::closing::{CLOSED_WHEN_IDLE, DATA_CROSSED_FIN, RST_ANSWERS_DATA, SENDER_HAD_CLOSED};
use super::question::{AskedOf, Question, Wording, by};
use super::socket_close::{IN_USE, close_of, closed_socket, was_idle};
use crate::outcome::Outcome;
use crate::time::Span;
use crate::timeouts::round_time;

/// The next request met the close: it crossed the FIN, or was there and unread when the socket was closed.
pub static REQUEST_MET_CLOSE: Question = Question {
    id: "request-met-close",
    asked_of: AskedOf::PacketsOrSocket,
    yes: "the next request and {sender}'s close met: {}",
    no: "no request of {receiver} met {sender}'s close",
    unknown: "{sender}'s FIN, and the data that followed it",
    zh: Wording {
        yes: "下一个请求与{sender}的关闭相遇：{}",
        no: "{receiver}没有请求与{sender}的关闭相遇",
        unknown: "{sender}的 FIN，以及其后的数据",
    },
    ask: by(|outcome| {
        let crossed = [&SENDER_HAD_CLOSED, &RST_ANSWERS_DATA, &DATA_CROSSED_FIN];
        let answers = crossed.map(|question| question.answer(outcome));
        match (&answers, close_of(outcome).and_then(|close| close.next)) {
            ([.., Answer::Yes(facts)], _) if answers.iter().all(Answer::is_yes) => Answer::Yes(facts.clone()),
            (_, Some(_)) => at_rst(outcome),
            // Its kernel had the FIN, its program had not had the time to hear of it.
            ([_, Answer::Yes(_), _], _) if refused_at_once(outcome) => at_rst(outcome),
            _ if answers.iter().any(Answer::is_no) => Answer::No(no()),
            _ => Answer::Unknown,
        }
    }),
};

/// A connection that was idle was closed in the moment of its next request.
pub static IDLE_CLOSE_MET_REQUEST: Question = Question {
    id: "idle-close-met-request",
    asked_of: AskedOf::SocketHint,
    yes: "{sender}'s socket had been idle for {} when its program closed it, and {} bytes of the next request came as that happened",
    no: "{sender}'s socket was not idle when its program closed it",
    unknown: "the socket on {sender}: `whyrst watch` there says how long it had been idle",
    zh: Wording {
        yes: "程序关闭{sender}的套接字时，它已空闲{}，下一个请求的{}字节正好到来",
        no: "程序关闭{sender}的套接字时，它并不空闲",
        unknown: "{sender}上的套接字：在那里运行 `whyrst watch` 可知它空闲了多久",
    },
    ask: by(|outcome| {
        let Some(close) = close_of(outcome) else { return Answer::Unknown };
        match (was_idle(close), close.next.or_else(|| refused(outcome))) {
            (Some(true), Some(bytes)) if met(outcome) => Answer::Yes(yes().span(close.idle).count(bytes.into())),
            (Some(false), _) => Answer::No(no()),
            _ => Answer::Unknown,
        }
    }),
};

/// The server's program closed a connection that owed nobody anything, exactly as long after the last word as an idle
/// timeout would.
pub static CLOSED_BY_IDLE_TIMER: Question = Question {
    id: "closed-by-idle-timer",
    asked_of: AskedOf::SocketHint,
    yes: "{sender}'s program closed its socket {} after the last data, which is {} as exactly as the kernel dates data",
    no: "{sender}'s program did not close its socket after a round time",
    unknown: "the socket on {sender}: `whyrst watch` there says how long it had been idle",
    zh: Wording {
        yes: "{sender}的程序在最后的数据之后{}关闭套接字，在内核记录数据时间的精度内等于{}",
        no: "{sender}的程序关闭套接字的时刻不是整数时间",
        unknown: "{sender}上的套接字：在那里运行 `whyrst watch` 可知它空闲了多久",
    },
    ask: by(|outcome| match timer_of_close(outcome) {
        Some((idle, timer)) => Answer::Yes(yes().span(idle).span(timer)),
        // Another time is no sign against it: timeouts are configured.
        None => Answer::Unknown,
    }),
};

/// How long the server's socket had been idle when its program closed it, and the round time that this is.
pub(super) fn timer_of_close(outcome: &Outcome) -> Option<(Span, Span)> {
    let (facts, _) = closed_socket(outcome).filter(|_| outcome.sender() == outcome.connection().server())?;
    let close = close_of(outcome).filter(|close| close.next.is_none())?;
    // Data is dated by the tick before it, a close to the nanosecond.
    let timer = round_time(close.idle, Span::from_nanos(2 * facts.tick().nanos()))?;
    Some((close.idle, timer))
}

/// Data came within moments of the close, by a clock that is no tick's.
fn refused_at_once(outcome: &Outcome) -> bool {
    let after = closed_socket(outcome).map(|(_, at)| outcome.time().since(at));
    after.is_some_and(|after| Span::ZERO <= after && after <= IN_USE)
}

fn at_rst(outcome: &Outcome) -> Answer {
    let rst = outcome.rst().map(|rst| rst.record.frame).unwrap_or_default();
    Answer::Yes(yes().shown_by(rst).value(Value::Frame(rst)))
}

/// Bytes of data that the RST refuses.
fn refused(outcome: &Outcome) -> Option<u32> {
    let trigger = outcome.rst()?.trigger?;
    RST_ANSWERS_DATA.answer(outcome).is_yes().then_some(trigger.len)
}

fn met(outcome: &Outcome) -> bool {
    REQUEST_MET_CLOSE.answer(outcome).is_yes() && CLOSED_WHEN_IDLE.answer(outcome).is_yes()
}

/// The receiver's program had written more than its kernel could send when the RST came: the answer was still coming.
pub static RECEIVER_WAS_SENDING: Question = Question {
    id: "receiver-was-sending",
    asked_of: AskedOf::SocketHint,
    yes: "{receiver} had {} more bytes to send in its socket when the RST came",
    no: "{receiver}'s socket had sent everything",
    unknown: "the socket on {receiver}: `whyrst watch` there says what was left to send",
    zh: Wording {
        yes: "RST 到来时，{receiver}的套接字里还有{}字节待发送",
        no: "{receiver}的套接字已全部发出",
        unknown: "{receiver}上的套接字：在那里运行 `whyrst watch` 可知还有多少待发送",
    },
    ask: by(|outcome| match left_to_send(outcome) {
        // What its program had not written yet no socket knows.
        Some(0) | None => Answer::Unknown,
        Some(bytes) => Answer::Yes(yes().count(bytes.into())),
    }),
};

/// Bytes that the receiver of the RST had written and not sent, where its socket is known too.
pub(super) fn left_to_send(outcome: &Outcome) -> Option<u32> {
    let socket = outcome.account(outcome.receiver())?.socket.as_ref()?;
    socket.gone.is_none().then_some(socket.unsent)
}

/// What was refused is as long as one TLS `close_notify`, at a port for TLS, from a server whose client had its answer.
///
/// RFC 8446 section 5.2 (two bytes of an alert, its type, a tag of 16, and a header of five: 24), and RFC 5246 section
/// 6.2.3.3 with AES-GCM (RFC 5288, an explicit nonce of eight: 31) or `ChaCha20` (RFC 7905: 23). A record of data is as
/// short only where it holds seven bytes or less: to a client that has its answer and has closed, mostly a goodbye of
/// another layer (an empty frame of a `WebSocket`). So it is a hint, and what is lost with it is a few bytes.
pub static GOODBYE_BY_SIZE: Question = Question {
    id: "goodbye-by-size",
    asked_of: AskedOf::SocketHint,
    yes: "all that {sender} refused was {} bytes, as long as a TLS close_notify, at a port for TLS, after it had read its answer and closed",
    no: "what {sender} refused is no TLS close_notify: {} bytes",
    unknown: "the length of what {sender} refused",
    zh: Wording {
        yes: "{sender}读完应答并关闭之后，拒绝的只有{}字节，与 TLS close_notify 一样长，且端口是 TLS 的",
        no: "{sender}拒绝的不是 TLS close_notify：有{}字节",
        unknown: "{sender}拒绝的报文有多长",
    },
    ask: by(|outcome| {
        let Some(len) = refused(outcome) else {
            return Answer::Unknown;
        };
        let server = outcome.connection().endpoint(outcome.connection().server());
        match (CLOSE_NOTIFY.contains(&len), TLS_PORTS.contains(&server.port)) {
            (true, true) if had_its_answer(outcome) => Answer::Yes(yes().count(len.into())),
            (false, true) => Answer::No(no().count(len.into())),
            _ => Answer::Unknown,
        }
    }),
};

/// The client had closed, with everything read and the server's word as the last one.
fn had_its_answer(outcome: &Outcome) -> bool {
    let Some((facts, _)) = closed_socket(outcome).filter(|_| outcome.sender() == outcome.connection().client) else {
        return false;
    };
    let words = facts.sent_at(outcome.time()).zip(facts.received_at(outcome.time()));
    let answered = words.is_some_and(|(sent, received)| received.since(sent).nanos() >= -facts.tick().nanos());
    facts.unread == 0 && answered
}

const CLOSE_NOTIFY: [u32; 3] = [23, 24, 31];
/// Ports that are assigned to TLS (IANA, service names), and 8443 and 6443, where people serve HTTPS.
const TLS_PORTS: [u16; 18] =
    [443, 465, 563, 636, 853, 989, 990, 992, 993, 994, 995, 5061, 5671, 5986, 6443, 6514, 8443, 8883];

/// Somebody had listened there, and had ended or closed that socket before the SYN came.
pub static LISTENER_WAS_THERE: Question = Question {
    id: "listener-was-there",
    asked_of: AskedOf::SocketHint,
    yes: "a program had listened at {} until {}",
    no: "nobody had listened at {server}'s address and port since the kernel was asked",
    unknown: "whether somebody had listened there before: `whyrst watch` on {server} remembers it",
    zh: Wording {
        yes: "此前有程序在 {} 监听，直到 {}",
        no: "自开始观察内核以来，没有程序在{server}的这个地址和端口监听过",
        unknown: "此前是否有程序在那里监听：在{server}上运行 `whyrst watch` 会记住",
    },
    ask: by(|outcome| {
        let server = outcome.connection().server();
        match outcome.account(server).and_then(|account| account.listened.as_ref()) {
            Some(listened) => {
                let end = outcome.connection().endpoint(server);
                Answer::Yes(yes().value(Value::Endpoint(end)).value(Value::Time(listened.until)))
            }
            // Before the kernel was asked somebody may have.
            None => Answer::Unknown,
        }
    }),
};
