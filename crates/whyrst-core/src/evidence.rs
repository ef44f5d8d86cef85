//! Questions about an ending, and their answers.
//!
//! A [`Question`] is a named pure function with its texts. It answers *yes* or *no* with the frames
//! that show it, or *unknown* with what would have to be captured to know. Unseen never counts as
//! no: a capture that starts late, is cut short or shows one direction only yields unknown.
//!
//! Texts are templates, so that `report` alone puts words together: `{}` stands for the next value
//! of the answer, `{sender}`, `{receiver}`, `{client}` and `{server}` for an end (sender and
//! receiver are those of the RST). `{0}` and `{1}` stand for a value by its place: word order differs
//! between languages.

pub mod application;
pub mod closing;
pub mod data;
pub mod failed;
pub mod firewall;
pub mod forgery;
pub mod form;
pub mod handshake;
pub mod idle;
pub mod interview;
pub mod multipath;
pub mod path;
pub mod refusal;
pub mod said;
pub mod service;
pub mod sockets;
pub mod speech;
pub mod timing;
pub mod vantage;

use smallvec::SmallVec;

use crate::ending::{Basis, Ending};
use crate::history::Record;
use crate::kernel::RstReason;
use crate::language::Language;
use crate::observation::Frame;
use crate::segment::{Endpoint, Flags};
use crate::time::{Span, Timestamp};
use crate::timeouts::IdleTimeout;
use crate::vantage::Point;

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

/// An answer, with what shows it.
#[derive(Clone, PartialEq, Debug)]
pub enum Answer {
    /// It is so.
    Yes(Facts),
    /// It is not so.
    No(Facts),
    /// The observations do not tell.
    Unknown,
}

impl Answer {
    /// Whether the answer is yes.
    pub const fn is_yes(&self) -> bool {
        matches!(self, Self::Yes(_))
    }

    /// Whether the answer is no.
    pub const fn is_no(&self) -> bool {
        matches!(self, Self::No(_))
    }
}

/// What an answer rests on.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Facts {
    /// The frames that show it.
    pub frames: SmallVec<[Frame; 4]>,
    /// The values for the template, in order.
    pub values: SmallVec<[Value; 3]>,
}

/// One value in a text; `report` decides how it is written.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Value {
    /// A frame number.
    Frame(Frame),
    /// How long.
    Span(Span),
    /// A moment of the wall clock.
    Time(Timestamp),
    /// How many.
    Count(u64),
    /// Hops left in an IP header.
    Ttl(u8),
    /// An IP identification, a DSCP or another plain number.
    Number(u64),
    /// Control bits.
    Flags(Flags),
    /// A kernel reason.
    Reason(RstReason),
    /// A name from a standard.
    Name(&'static str),
    /// Octets of payload, printed escaped.
    Octets(Octets),
    /// Idle timeouts that fit.
    Timeouts(Timeouts),
    /// A capture point.
    Point(Point),
    /// An address and a port.
    Endpoint(Endpoint),
}

/// A few octets of payload.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Octets {
    bytes: [u8; 16],
    len: u8,
}

impl Octets {
    /// The first sixteen of `bytes`.
    pub fn new(from: &[u8]) -> Self {
        let mut bytes = [0; 16];
        let len = from.len().min(16);
        bytes[..len].copy_from_slice(&from[..len]);
        Self { bytes, len: u8::try_from(len).unwrap_or_default() }
    }

    /// The octets.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

/// Up to three idle timeouts, the best fitting first.
pub type Timeouts = [Option<&'static IdleTimeout>; 3];

/// Starts a yes.
pub fn yes() -> Facts {
    Facts::default()
}

/// Starts a no.
pub fn no() -> Facts {
    Facts::default()
}

impl Facts {
    /// Adds a frame that shows it and that the text names.
    #[must_use]
    pub fn frame(mut self, record: &Record) -> Self {
        self.frames.push(record.frame);
        self.value(Value::Frame(record.frame))
    }

    /// Adds a frame that shows it and that the text does not name.
    #[must_use]
    pub fn shown_by(mut self, frame: Frame) -> Self {
        self.frames.push(frame);
        self
    }

    /// These facts, then those of `other`.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.frames.extend(other.frames);
        self.values.extend(other.values);
        self
    }

    /// Adds a value for the text.
    #[must_use]
    pub fn value(mut self, value: Value) -> Self {
        self.values.push(value);
        self
    }

    /// Adds a duration for the text.
    #[must_use]
    pub fn span(self, span: Span) -> Self {
        self.value(Value::Span(span))
    }

    /// Adds a number of things for the text.
    #[must_use]
    pub fn count(self, count: u64) -> Self {
        self.value(Value::Count(count))
    }

    /// Makes it a yes when `condition` holds, else a no.
    pub fn if_so(self, condition: Condition) -> Answer {
        match condition {
            Condition::Holds => Answer::Yes(self),
            Condition::Fails => Answer::No(self),
        }
    }
}

/// The outcome of a check whose facts are the same either way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Condition {
    /// It holds.
    Holds,
    /// It does not.
    Fails,
}

impl From<bool> for Condition {
    fn from(holds: bool) -> Self {
        if holds { Self::Holds } else { Self::Fails }
    }
}
