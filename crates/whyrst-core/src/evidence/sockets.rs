//! What only a kernel can answer: was there a socket, and what became of it?

use super::{Answer, Question, Value, yes};

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
