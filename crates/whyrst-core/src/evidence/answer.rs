//! An answer, and what it rests on: the frames that show it and the values for its text.

use smallvec::SmallVec;

use crate::history::Record;
use crate::joined::Point;
use crate::kernel::RstReason;
use crate::observation::{Frame, LinkAddress};
use crate::segment::{Endpoint, Flags};
use crate::time::{Span, Timestamp};
use crate::timeouts::IdleTimeout;
use crate::words::Meaning;

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

    /// The answer to the opposite question, resting on the same.
    #[must_use]
    pub fn reversed(self) -> Self {
        match self {
            Self::Yes(facts) => Self::No(facts),
            Self::No(facts) => Self::Yes(facts),
            Self::Unknown => Self::Unknown,
        }
    }

    /// Whether the answer is no.
    pub const fn is_no(&self) -> bool {
        matches!(self, Self::No(_))
    }
}

/// What an answer rests on. Few have more than two of each, and each answer is moved several times.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Facts {
    /// The frames that show it.
    pub frames: SmallVec<[Frame; 2]>,
    /// The values for the template, in order.
    pub values: SmallVec<[Value; 2]>,
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
    /// An address on the link.
    Link(LinkAddress),
    /// An IP identification, a DSCP or another plain number.
    Number(u64),
    /// Control bits.
    Flags(Flags),
    /// A kernel reason.
    Reason(RstReason),
    /// A name from a standard.
    Name(&'static str),
    /// Words, in each language.
    Phrase(Meaning),
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
#[inline]
pub fn yes() -> Facts {
    Facts::default()
}

/// Starts a no.
#[inline]
pub fn no() -> Facts {
    Facts::default()
}

impl Facts {
    /// Adds a frame that shows it and that the text names.
    #[must_use]
    #[inline]
    pub fn frame(mut self, record: &Record) -> Self {
        self.frames.push(record.frame);
        self.value(Value::Frame(record.frame))
    }

    /// Adds a frame that shows it and that the text does not name.
    #[must_use]
    #[inline]
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
    #[inline]
    pub fn value(mut self, value: Value) -> Self {
        self.values.push(value);
        self
    }

    /// Adds a duration for the text.
    #[must_use]
    #[inline]
    pub fn span(self, span: Span) -> Self {
        self.value(Value::Span(span))
    }

    /// Adds a number of things for the text.
    #[must_use]
    #[inline]
    pub fn count(self, count: u64) -> Self {
        self.value(Value::Count(count))
    }

    /// Makes it a yes when `condition` holds, else a no.
    #[inline]
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
