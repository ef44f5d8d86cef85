//! What the stack of an end is known to be by ([`crate::stack`]), as questions.

use super::answer::{Answer, Value, yes};
use super::question::{AskedOf, Question, Wording, by};
use crate::stack::{Stack, opening};

/// The sender of the RST does not run Linux: what only Linux does cannot have been the reason.
pub static SENDER_IS_NOT_LINUX: Question = Question {
    id: "sender-is-not-linux",
    asked_of: AskedOf::Packets,
    yes: "{sender} does not run Linux: the TTL and the TCP options of {1} are those of {0}",
    no: "{sender} runs Linux",
    unknown: "{sender}'s SYN or SYN-ACK, with the options of a stack other than that of Linux",
    zh: Wording {
        yes: "{sender}运行的不是 Linux：{1}的 TTL 和 TCP 选项与 {0} 相符",
        no: "{sender}运行的是 Linux",
        unknown: "{sender}的 SYN 或 SYN-ACK，且带有非 Linux 协议栈的选项",
    },
    ask: by(|outcome| {
        let (records, sender) = (outcome.before(), outcome.sender());
        match (Stack::of(records, sender), opening(records, sender)) {
            (Some(stack), Some(syn)) => Answer::Yes(yes().value(Value::Name(stack.name())).frame(syn)),
            _ => Answer::Unknown,
        }
    }),
};
