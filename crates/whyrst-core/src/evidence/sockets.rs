//! What only a kernel can answer: was there a socket, and what became of it?

use super::{Answer, Question, Value, Wording, no, yes};
use crate::ending::Ending;
use crate::socket::SocketFacts;

/// The kernel of the RST's sender had had a socket for this connection.
pub static SENDER_HAD_SOCKET: Question = Question {
    id: "sender-had-socket",
    yes: "{sender}'s kernel had a socket for this connection, until {}",
    no: "{sender}'s kernel never had a socket for this connection",
    unknown: "the sockets of {sender}: `whyrst watch` there remembers those that were closed",
    zh: Wording {
        yes: "{sender}的内核有过这条连接的套接字，直到{}",
        no: "{sender}的内核从未有过这条连接的套接字",
        unknown: "{sender}的套接字：在那里运行 `whyrst watch`，它记得已关闭的套接字",
    },
    ask: |ending| {
        let socket = ending.account(ending.sender()).and_then(|account| account.socket.as_ref());
        match socket {
            Some(socket) => Answer::Yes(yes().value(Value::Time(socket.gone.unwrap_or(ending.time())))),
            // What was closed before the probe began, or long ago, is not remembered.
            None => Answer::Unknown,
        }
    },
};

/// Nothing lay unread in the sender's socket when it was closed.
pub static NOTHING_WAS_UNREAD: Question = Question {
    id: "nothing-was-unread",
    yes: "{sender}'s program had read everything that {sender} had received",
    no: "{} octets lay unread in {sender}'s socket",
    unknown: "how much lay unread in {sender}'s socket: `whyrst watch` there tells",
    zh: Wording {
        yes: "{sender}上的程序已读完{sender}收到的一切",
        no: "{sender}的套接字里有{}字节未读",
        unknown: "{sender}的套接字里有多少未读：在那里运行 `whyrst watch` 可知",
    },
    ask: |ending| match socket(ending).map(|socket| socket.unread) {
        Some(0) => Answer::Yes(yes()),
        Some(octets) => Answer::No(no().count(octets.into())),
        None => Answer::Unknown,
    },
};

/// The socket of the RST's sender, if it was there when the RST was sent.
fn socket(ending: &Ending) -> Option<&SocketFacts> {
    ending.account(ending.sender())?.socket.as_ref().filter(|socket| socket.gone.is_none())
}
