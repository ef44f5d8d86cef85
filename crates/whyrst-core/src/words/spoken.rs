//! What a reader makes of a message: what it says, what that amounts to, and how long a body it announces.

/// Whether one segment holds the whole head of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Head {
    /// To its last octet.
    Whole,
    /// It goes on where the segment, or what was captured of it, ends.
    #[default]
    Cut,
}

/// What follows the first line, as its head announces it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Announced {
    /// Octets of this segment before the body.
    pub len: u32,
    pub head: Head,
    pub length: Length,
    pub closes: bool,
    /// It says that the port speaks HTTP over TLS.
    pub misdirected: bool,
    /// The body waits for `100 Continue` (RFC 9110 section 10.1.1).
    pub awaits_continue: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Length {
    #[default]
    Unknown,
    Octets(u64),
    OpenEnded,
    /// Not even the head ends in this payload.
    HeadGoesOn,
}

/// What a message amounts to, over all protocols.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Gist {
    /// A limit, an access rule or a mode ends the connection.
    Refuses,
    /// The peer's message cannot be served, and maybe the next one can.
    Fails,
    /// The peer is to stop and to connect again.
    GoesAway,
    /// Another session of the same identity replaces this one.
    TakenOver,
    /// The peer's words belong to another protocol.
    Misunderstands,
    /// It is through, in order.
    Goodbye,
    /// It is there, and wants to know whether the other is.
    Heartbeat,
    /// Anything else: a greeting, a request, an answer.
    Goes,
}

/// What a code or a phrase means, in both languages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Meaning {
    /// In English.
    pub en: &'static str,
    /// In Simplified Chinese.
    pub zh: &'static str,
}

#[expect(clippy::unnecessary_wraps, reason = "tables of codes end with those that mean nothing")]
pub(super) const fn means(en: &'static str, zh: &'static str) -> Option<Meaning> {
    Some(Meaning { en, zh })
}

/// What a message says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Spoken<'a> {
    /// What the octets are called in their protocol; empty where they are text.
    pub what: &'static str,
    /// The code in it, where `quote` does not hold it.
    pub code: Option<u32>,
    /// A code that is letters, as SQLSTATE; empty as a rule.
    pub state: &'a [u8],
    /// Its own text, not escaped.
    pub quote: &'a [u8],
    /// What it amounts to.
    pub gist: Gist,
    /// What the code means.
    pub meaning: Option<Meaning>,
}

impl<'a> Spoken<'a> {
    /// A line of text.
    pub(super) const fn line(quote: &'a [u8], gist: Gist) -> Self {
        Self { what: "", code: None, state: &[], quote, gist, meaning: None }
    }

    /// Octets with a name.
    pub(super) const fn named(what: &'static str, gist: Gist) -> Self {
        Self { what, code: None, state: &[], quote: &[], gist, meaning: None }
    }

    pub(super) const fn with_code(self, code: u32) -> Self {
        Self { code: Some(code), ..self }
    }

    pub(super) const fn with_text(self, quote: &'a [u8]) -> Self {
        Self { quote, ..self }
    }

    pub(super) const fn meaning(self, meaning: Option<Meaning>) -> Self {
        Self { meaning, ..self }
    }
}
