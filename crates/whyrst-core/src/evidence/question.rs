//! A question: a named pure function with its texts, and what it may be asked of.
//!
//! [`Question::answer`] is the one way to an answer. What must not be asked of an outcome, because what the
//! outcome is drawn from cannot show it, is unknown there.

use core::fmt;

use super::answer::Answer;
use crate::flow::Side;
use crate::language::Language;
use crate::outcome::{Basis, Outcome};

/// Something that can be asked about any outcome.
#[derive(Debug)]
pub struct Question {
    /// Stable name, kebab-case: part of the JSON contract.
    pub id: &'static str,
    /// What it may be asked of.
    pub asked_of: AskedOf,
    /// What a yes says.
    pub yes: &'static str,
    /// What a no says.
    pub no: &'static str,
    /// What would have to be captured to know.
    pub unknown: &'static str,
    /// The same in Simplified Chinese.
    pub zh: Wording,
    /// What answers: [`by`] or [`not`].
    pub(super) ask: Ask,
}

/// The three texts of a question, with the same places for the same values in every language.
#[derive(Clone, Copy, Debug)]
pub struct Wording {
    /// What a yes says.
    pub yes: &'static str,
    /// What a no says.
    pub no: &'static str,
    /// What would have to be captured to know.
    pub unknown: &'static str,
}

/// What a question may be asked of.
///
/// Most are about single packets: that such a thing was not seen is no answer where no packet was seen, or
/// not every packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AskedOf {
    /// All packets of the connection that passed the capture point.
    Packets,
    /// The same. What it asks of packets, a socket answers better through another question.
    PacketsAlone,
    /// A few packets of each end answer it as surely as all of them: it compares the RST with other packets
    /// of its sender, or is about the RST alone.
    AnyPackets,
    /// Packets, or a socket: what that went through answers it as surely.
    PacketsOrSocket,
    /// Packets, a sample of them, or a socket.
    Anything,
    /// Only a kernel that reported its socket can answer it. Beside packets it is asked where the kernel of the RST's
    /// sender reported one: without, it would only add doubt.
    SocketAlone,
    /// A kernel that was asked, beside packets too. Its clock of ticks, or what such sockets mostly mean, makes a reason
    /// likely, not certain.
    SocketHint,
    /// Packets that were captured at several points of the path.
    SeveralPoints,
}

impl AskedOf {
    /// Whether what is drawn from this outcome can answer.
    fn suits(self, outcome: &Outcome) -> bool {
        match (self, outcome.basis()) {
            (Self::SocketHint, Basis::Packets | Basis::Sockets) => knows_an_end(outcome),
            (Self::SocketAlone, Basis::Packets) => knows_the_sender(outcome),
            (_, Basis::Packets) => true,
            (_, Basis::Sockets) => matches!(self, Self::PacketsOrSocket | Self::Anything | Self::SocketAlone),
            (_, Basis::Sample) => matches!(self, Self::AnyPackets | Self::Anything),
        }
    }

    /// Whether a rule takes the answer into account. Where not, it is not even unknown.
    fn concerns(self, outcome: &Outcome) -> bool {
        match (self, outcome.basis()) {
            (Self::SocketHint, _) | (Self::SocketAlone, Basis::Packets) => self.suits(outcome),
            (_, Basis::Packets) => true,
            (_, Basis::Sample) => !matches!(self, Self::SocketAlone),
            (_, Basis::Sockets) => !matches!(self, Self::PacketsAlone),
        }
    }
}

/// Whether the kernel of an end was asked.
fn knows_an_end(outcome: &Outcome) -> bool {
    Side::BOTH.iter().any(|side| outcome.account(*side).is_some())
}

/// Whether the kernel of the RST's sender reported the socket.
fn knows_the_sender(outcome: &Outcome) -> bool {
    outcome.account(outcome.sender()).is_some_and(|account| account.socket.is_some())
}

/// What answers a question. Only this file can ask it.
pub(super) struct Ask(How);

enum How {
    By(fn(&Outcome) -> Answer),
    Not(&'static Question),
}

impl fmt::Debug for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            How::By(_) => f.write_str("by a function"),
            How::Not(question) => write!(f, "not {}", question.id),
        }
    }
}

/// A question that `function` answers.
pub(super) const fn by(function: fn(&Outcome) -> Answer) -> Ask {
    Ask(How::By(function))
}

/// The opposite of `question`, under an id of its own: the same function and texts with yes and no swapped.
pub(super) const fn not(id: &'static str, question: &'static Question) -> Question {
    Question {
        id,
        asked_of: question.asked_of,
        yes: question.no,
        no: question.yes,
        unknown: question.unknown,
        zh: Wording { yes: question.zh.no, no: question.zh.yes, unknown: question.zh.unknown },
        ask: Ask(How::Not(question)),
    }
}

impl Question {
    /// Its texts in `language`.
    pub const fn wording(&self, language: Language) -> Wording {
        language.pick(Wording { yes: self.yes, no: self.no, unknown: self.unknown }, self.zh)
    }

    /// Whether it is worth asking about `outcome`.
    pub fn concerns(&self, outcome: &Outcome) -> bool {
        self.asked_of.concerns(outcome)
    }

    /// The answer that `outcome` gives.
    pub fn answer(&self, outcome: &Outcome) -> Answer {
        if self.asked_of.suits(outcome) { self.answer_on_any_basis(outcome) } else { Answer::Unknown }
    }

    /// The answer of the segments that are known, though they may be concluded from a socket, or few. Good
    /// for what is measured or compared beside a verdict; evidence for a verdict it is not.
    pub fn answer_on_any_basis(&self, outcome: &Outcome) -> Answer {
        match self.ask.0 {
            How::By(function) => function(outcome),
            How::Not(question) => question.answer_on_any_basis(outcome).reversed(),
        }
    }
}

impl PartialEq for Question {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}
