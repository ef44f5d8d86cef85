//! What only a kernel can answer: was there a socket, and what became of it?

use super::{Answer, Question, Value, no, yes};
use crate::ending::Ending;
use crate::socket::SocketFacts;

/// The kernel of the RST's sender had had a socket for this connection.
pub static SENDER_HAD_SOCKET: Question = Question {
    id: "sender-had-socket",
    yes: "{sender}'s kernel had a socket for this connection, until {}",
    no: "{sender}'s kernel never had a socket for this connection",
    unknown: "the sockets of {sender}: `whyrst watch` there remembers those that were closed",
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
