//! A question: a named pure function with its texts, and what it may be asked of.

use super::answer::Answer;
use crate::ending::{Basis, Ending};
use crate::language::Language;

/// Something that can be asked about any ending.
#[derive(Debug)]
pub struct Question {
    /// Stable name, kebab-case: part of the JSON contract.
    pub id: &'static str,
    /// What a yes says.
    pub yes: &'static str,
    /// What a no says.
    pub no: &'static str,
    /// What would have to be captured to know.
    pub unknown: &'static str,
    /// The same in Simplified Chinese.
    pub zh: Wording,
    /// The function that answers.
    pub ask: fn(&Ending) -> Answer,
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

/// What a socket went through answers these as surely as packets do. All others are about single
/// packets: that such a thing was not seen is no answer where no packet was seen.
const ANSWERED_BY_SOCKETS: &[&str] = &[
    "rst-is-passive",
    "rst-is-active",
    "trigger-lacks-ack",
    "rst-answers-syn",
    "rst-answers-syn-ack",
    "rst-answers-third-packet",
    "rst-answers-data",
    "rst-answers-no-data",
    "sender-received-data",
    "sender-received-nothing",
    "last-data-was-for-sender",
    "sender-had-replied",
    "sender-sent-nothing",
    "sender-sent-data",
    "sender-had-closed",
    "receiver-had-closed",
    "both-had-closed",
    "data-crossed-fin",
    "request-unanswered",
    "handshake-completed",
    "handshake-incomplete",
    "beginning-not-seen",
    "syn-seen",
    "syn-ack-slow",
    "sender-is-client",
    "sender-is-server",
    "fin-long-ago",
    "sender-went-unanswered",
    "earlier-half-closed",
    "earlier-opening",
    "sender-had-socket",
    "nothing-was-unread",
    "sender-held-socket",
    "linger2-was-negative",
    "listens-elsewhere",
    "rst-is-fastclose",
    "everything-acknowledged",
];

/// A few packets of each end answer these as surely as all of them: they compare the RST with other
/// packets of its sender, or speak of the RST alone.
const ANSWERED_BY_A_SAMPLE: &[&str] = &[
    "rst-ttl-differs",
    "rst-ttl-same",
    "rst-from-nearer",
    "rst-lacks-timestamps",
    "rst-ip-id-foreign",
    "rst-contradicts-sender",
    "sender-talked-on",
    "rst-windows-count",
    "rst-is-bare",
    "syn-seen",
];

/// Only a kernel that told of its socket can answer these; beside packets alone they would only add
/// doubt.
const ANSWERED_BY_SOCKETS_ALONE: &[&str] =
    &["sender-had-socket", "nothing-was-unread", "sender-held-socket", "linger2-was-negative", "listens-elsewhere"];

/// What these ask of packets, a socket tells better in another answer.
const ANSWERED_BY_PACKETS_ALONE: &[&str] = &["fin-wait2-skipped"];

impl Question {
    /// Its texts in `language`.
    pub const fn wording(&self, language: Language) -> Wording {
        language.pick(Wording { yes: self.yes, no: self.no, unknown: self.unknown }, self.zh)
    }

    /// Whether it is worth asking about `ending`.
    pub fn concerns(&self, ending: &Ending) -> bool {
        let only = if ending.basis == Basis::Sockets { ANSWERED_BY_PACKETS_ALONE } else { ANSWERED_BY_SOCKETS_ALONE };
        !only.contains(&self.id)
    }

    /// The answer that `ending` gives.
    pub fn answer(&self, ending: &Ending) -> Answer {
        let can_be_asked = match ending.basis {
            Basis::Packets => true,
            Basis::Sockets => ANSWERED_BY_SOCKETS.contains(&self.id),
            Basis::Sample => ANSWERED_BY_A_SAMPLE.contains(&self.id),
        };
        if can_be_asked { (self.ask)(ending) } else { Answer::Unknown }
    }
}

impl PartialEq for Question {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}
