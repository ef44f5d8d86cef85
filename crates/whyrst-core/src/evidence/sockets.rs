//! What only a kernel can answer: was there a socket, and what became of it?

use super::answer::{Answer, Value, no, yes};
use super::question::{AskedOf, Question, Wording, by};
use crate::outcome::Outcome;
use crate::socket::{Listening, SocketFacts};

/// The kernel of the RST's sender had had a socket for this connection.
pub static SENDER_HAD_SOCKET: Question = Question {
    id: "sender-had-socket",
    asked_of: AskedOf::SocketAlone,
    yes: "{sender}'s kernel had a socket for this connection, until {}",
    no: "{sender}'s kernel never had a socket for this connection",
    unknown: "the sockets on {sender}: `whyrst watch` there also remembers closed ones",
    zh: Wording {
        yes: "{sender}的内核有过这条连接的套接字，直到{}",
        no: "{sender}的内核从未有过这条连接的套接字",
        unknown: "{sender}上的套接字：在那里运行 `whyrst watch`，它也记录已关闭的套接字",
    },
    ask: by(|outcome| {
        let socket = outcome.account(outcome.sender()).and_then(|account| account.socket.as_ref());
        match socket {
            Some(socket) => Answer::Yes(yes().value(Value::Time(socket.gone.unwrap_or(outcome.time())))),
            // What was closed before the probe began, or long ago, is not remembered.
            None => Answer::Unknown,
        }
    }),
};

/// Nothing lay unread in the sender's socket when it was closed.
pub static NOTHING_WAS_UNREAD: Question = Question {
    id: "nothing-was-unread",
    asked_of: AskedOf::SocketAlone,
    yes: "{sender}'s program had read everything that {sender} had received",
    no: "{} bytes were unread in {sender}'s socket",
    unknown: "how much was unread in {sender}'s socket: `whyrst watch` there reports it",
    zh: Wording {
        yes: "{sender}上的程序已读完{sender}收到的一切",
        no: "{sender}的套接字里有{}字节未读",
        unknown: "{sender}的套接字里有多少未读：在那里运行 `whyrst watch` 可知",
    },
    ask: by(|outcome| match socket(outcome).map(|socket| socket.unread) {
        Some(0) => Answer::Yes(yes()),
        Some(octets) => Answer::No(no().count(octets.into())),
        None => Answer::Unknown,
    }),
};

/// A program held the sender's socket when the RST was sent: it had shut it down, not closed it.
pub static SENDER_HELD_SOCKET: Question = Question {
    id: "sender-held-socket",
    asked_of: AskedOf::SocketAlone,
    yes: "a program on {sender} still held the socket",
    no: "no program on {sender} held the socket any more",
    unknown: "whether a program on {sender} still held the socket: `whyrst watch` there reports it",
    zh: Wording {
        yes: "{sender}上仍有程序持有这个套接字",
        no: "{sender}上已没有程序持有这个套接字",
        unknown: "{sender}上是否还有程序持有这个套接字：在那里运行 `whyrst watch` 可知",
    },
    // Who closes holds it until the RST is out: only an answer says something.
    ask: by(|outcome| match socket(outcome).filter(|_| outcome.rst().is_some_and(|rst| rst.trigger.is_some())) {
        Some(socket) => yes().if_so((!socket.orphan).into()),
        None => Answer::Unknown,
    }),
};

/// The sender would not wait in FIN-WAIT-2, and its FIN was acknowledged by what the RST answers
/// (`tcp_rcv_state_process`), or it was closed there (`__tcp_close`).
pub static LINGER2_WAS_NEGATIVE: Question = Question {
    id: "linger2-was-negative",
    asked_of: AskedOf::SocketAlone,
    yes: "TCP_LINGER2 of {sender}'s socket was negative, and its FIN was acknowledged",
    no: "TCP_LINGER2 of {sender}'s socket was not negative, or its FIN was not acknowledged",
    unknown: "TCP_LINGER2 of {sender}'s socket: `whyrst watch` there reports it",
    zh: Wording {
        yes: "{sender}的套接字的 TCP_LINGER2 为负，且它的 FIN 已得到确认",
        no: "{sender}的套接字的 TCP_LINGER2 不为负，或它的 FIN 没有得到确认",
        unknown: "{sender}的套接字的 TCP_LINGER2：在那里运行 `whyrst watch` 可知",
    },
    ask: by(|outcome| {
        let Some(socket) = socket(outcome) else { return Answer::Unknown };
        let trigger = outcome.rst().and_then(|rst| rst.trigger);
        let acknowledged = trigger.is_none_or(|trigger| trigger.ack == socket.snd_nxt);
        yes().if_so((socket.linger2_negative && acknowledged).into())
    }),
};

/// Somebody listens at that port, but at another address of the sender's.
pub static LISTENS_ELSEWHERE: Question = Question {
    id: "listens-elsewhere",
    asked_of: AskedOf::SocketAlone,
    yes: "a program on {sender} listened on that port, but only at {}",
    no: "no program on {sender} listened on that port at any address",
    unknown: "whether {sender} listens on that port at another address: `ss -ltn` there",
    zh: Wording {
        yes: "{sender}上有程序监听这个端口，但只在 {}",
        no: "{sender}上没有程序在任何地址监听这个端口",
        unknown: "{sender}是否在别的地址上监听这个端口：在那里运行 `ss -ltn`",
    },
    ask: by(|outcome| match outcome.account(outcome.sender()).map(|account| account.listening) {
        Some(Listening::At(end)) => Answer::Yes(yes().value(Value::Endpoint(end))),
        Some(Listening::Nowhere) => Answer::No(no()),
        Some(Listening::Unknown) | None => Answer::Unknown,
    }),
};

/// The socket of the RST's sender, if it was there when the RST was sent.
fn socket(outcome: &Outcome) -> Option<&SocketFacts> {
    outcome.account(outcome.sender())?.socket.as_ref().filter(|socket| socket.gone.is_none())
}
