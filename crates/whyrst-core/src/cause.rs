//! The shape of a cause: what one folder in `catalogue/` holds.

use crate::evidence::Question;
use crate::kernel::{KernelReset, RstReason};
use crate::language::Language;
use crate::outcome::OutcomeKind;

pub use whyrst_model::vocabulary::Severity;

/// One way for a connection to end in a RST, or to fail without one.
#[derive(Debug)]
pub struct Cause {
    /// Kebab-case; also the name of its folder, its fixture and its page. Never changes its meaning.
    pub id: &'static str,
    /// What a machine needs of it: `rule.rs`.
    pub rule: Rule,
    /// Its texts: `en.md`.
    pub en: Texts,
    /// The same in Simplified Chinese: `zh.md`, with English where that has nothing.
    pub zh: Texts,
    /// Causes that look the same or nearly so, commonest first. Those whose pages name this one are
    /// look-alikes too: [`alike::look_alikes`](crate::alike::look_alikes) has all.
    pub look_alikes: &'static [LookAlike],
    /// What is English in [`Cause::zh`] and in the look-alikes, because `zh.md` has nothing.
    pub untranslated: &'static [&'static str],
}

impl PartialEq for Cause {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

/// The texts of a cause in one language. They may name `{sender}` and `{receiver}` of the RST, `{client}`
/// and `{server}`.
#[derive(Debug)]
pub struct Texts {
    /// Reads on after "The connection was reset because " (or "The connection failed because ").
    pub title: &'static str,
    /// What happens and why, for a person who has not met it before.
    pub explanation: &'static str,
    /// What the programs on both ends see: return values and errno.
    pub effect: &'static str,
    /// More telling titles for special cases, one for each of [`Rule::variants`].
    pub variants: &'static [&'static str],
    /// What to do, in order; each step can be checked.
    pub advice: &'static [&'static str],
}

/// One text in every language.
#[derive(Clone, Copy, Debug)]
pub struct Text {
    /// English.
    pub en: &'static str,
    /// Simplified Chinese.
    pub zh: &'static str,
}

impl Text {
    /// The text in `language`.
    pub const fn in_language(self, language: Language) -> &'static str {
        language.pick(self.en, self.zh)
    }
}

impl Cause {
    /// Its texts in `language`.
    pub const fn texts(&self, language: Language) -> &Texts {
        language.pick(&self.en, &self.zh)
    }

    /// The translation of `title`, which is that of the cause or of one of its variants in English.
    pub fn title_in(&self, language: Language, title: &'static str) -> &'static str {
        let variant = self.en.variants.iter().position(|variant| *variant == title);
        match (language, variant) {
            (Language::English, _) => title,
            (_, Some(at)) => self.zh.variants.get(at).copied().unwrap_or(title),
            (_, None) => self.texts(language).title,
        }
    }
}

/// What a machine needs of a cause.
#[derive(Debug)]
pub struct Rule {
    /// How far it is trusted.
    pub status: Status,
    /// Decides between causes that fit equally well: the smaller one is named first. It says how often each
    /// is met, with a special case before the general one, and is never a reason for more confidence.
    pub prior: u16,
    /// With a RST or without.
    pub outcome: OutcomeKind,
    /// How narrow a statement it is.
    pub breadth: Breadth,
    /// How much it matters.
    pub severity: Severity,
    /// What the kernel of the RST's sender says in this case; empty when that kernel sends nothing.
    pub kernel_reasons: &'static [KernelSign],
    /// All must be yes; a no excludes the cause, an unknown weakens it. The first is what the cause
    /// is about: without a yes to it there is no evidence at all.
    pub needs: &'static [&'static Question],
    /// One yes excludes the cause.
    pub refuted_by: &'static [&'static Question],
    /// Each yes speaks for the cause and each no against it; neither decides alone.
    pub supported_by: &'static [&'static Question],
    /// Special cases, first match wins: each has a title of its own in [`Texts::variants`].
    pub variants: &'static [&'static Question],
    /// Standards and kernel functions that the rule follows from.
    pub sources: &'static [Source],
}

/// How far a rule is trusted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Status {
    /// It is judged, leads no verdict and stands in no report: not tried on enough captures yet.
    Preview,
    /// It leads verdicts.
    Stable,
    /// As [`Status::Stable`]; another cause says it better now, and new readers should look there.
    Deprecated,
}

/// A standard or a place in the kernel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    /// A section of an RFC.
    Rfc {
        /// Its number.
        number: u16,
        /// The section.
        section: &'static str,
    },
    /// A function in the Linux kernel.
    Kernel {
        /// Path in the source tree.
        file: &'static str,
        /// Function or variable.
        symbol: &'static str,
    },
    /// Anything else that can be looked up.
    Other(&'static str),
}

/// A section of an RFC.
pub const fn rfc(number: u16, section: &'static str) -> Source {
    Source::Rfc { number, section }
}

/// A function in the Linux kernel.
pub const fn kernel(file: &'static str, symbol: &'static str) -> Source {
    Source::Kernel { file, symbol }
}

/// A kernel reason, with the function that must or must not be in the call stack when the reason
/// alone is ambiguous (docs/internals/reasons.md#ambiguous-reasons-and-the-call-stack).
#[derive(Clone, Copy, Debug)]
pub struct KernelSign {
    /// The reason.
    pub reason: RstReason,
    /// The function that tells.
    pub stack: Stack,
}

/// A condition on the kernel's call stack.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stack {
    /// The reason alone says it.
    Any,
    /// This function must be in it.
    Has(&'static str),
    /// This function must not be in it.
    Lacks(&'static str),
    /// The first must be in it and the second must not.
    HasAndLacks(&'static str, &'static str),
    /// There is no event: the kernel that was asked sent no such RST.
    NoEvent,
}

impl KernelSign {
    /// Silence: for a cause that some kernel explains and that the sender's own may know nothing of.
    pub const SILENCE: Self = Self { reason: RstReason::NotSpecified, stack: Stack::NoEvent };

    /// Whether this is [`KernelSign::SILENCE`].
    pub const fn is_silence(&self) -> bool {
        matches!(self.stack, Stack::NoEvent)
    }

    /// The reason alone says it.
    pub const fn reason(reason: RstReason) -> Self {
        Self { reason, stack: Stack::Any }
    }

    /// The reason, when `symbol` is in the call stack.
    pub const fn through(reason: RstReason, symbol: &'static str) -> Self {
        Self { reason, stack: Stack::Has(symbol) }
    }

    /// The reason, when `symbol` is not in the call stack.
    pub const fn not_through(reason: RstReason, symbol: &'static str) -> Self {
        Self { reason, stack: Stack::Lacks(symbol) }
    }

    /// The reason, when `symbol` is in the call stack and `other` is not.
    pub const fn through_without(reason: RstReason, symbol: &'static str, other: &'static str) -> Self {
        Self { reason, stack: Stack::HasAndLacks(symbol, other) }
    }

    /// Whether `event` is what this sign describes. Without a recorded stack the reason decides.
    pub fn matches(&self, event: &KernelReset) -> bool {
        let stack = match self.stack {
            Stack::NoEvent => false,
            _ if event.stack.is_empty() => true,
            Stack::Any => true,
            Stack::Has(symbol) => event.went_through(symbol),
            Stack::Lacks(symbol) => !event.went_through(symbol),
            Stack::HasAndLacks(symbol, other) => event.went_through(symbol) && !event.went_through(other),
        };
        event.reason == Some(self.reason) && stack
    }
}

/// How narrow a statement a cause is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Breadth {
    /// It names one thing that went wrong.
    Specific,
    /// It names what is seen when more cannot be known: at most *possible*, and after specific ones.
    Umbrella,
}

/// Another cause that looks alike.
#[derive(Clone, Copy, Debug)]
pub struct LookAlike {
    /// Its id: a cause with a folder, or a [`Sketch`].
    pub cause: &'static str,
    /// How alike.
    pub likeness: Likeness,
    /// What tells the two apart, as a sentence about the other one.
    pub told_apart_by: Text,
    /// What tells the two apart, as a sentence about this one; where the other one's page does not name this
    /// one.
    pub from_there: Option<Text>,
}

/// How much two causes look alike on the wire (docs/internals/patterns.md).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Likeness {
    /// Packets can differ, or it is a special case: it is named, and ranking decides.
    Similar,
    /// The packets are the same: while nothing excludes the other, neither is more than possible.
    Identical,
    /// The packets are the same because the other one is a reason for this one: both can be true of
    /// one reset, so a kernel that says this one is not contradicted by the other.
    Why,
    /// The reverse: the other one says by which means this one resets, and never that this one is not it.
    How,
    /// One of the two says more closely what the other says as well: both are true then, and
    /// neither is less sure for the other.
    SpecialCase,
    /// The other one says less and holds whenever this one does, and nothing in the packets shows
    /// the difference: this one is no more than possible, the other one no less sure.
    Broader,
}

impl Likeness {
    /// The same seen from the other one.
    #[must_use]
    pub const fn reversed(self) -> Self {
        match self {
            Self::Why => Self::How,
            Self::How => Self::Why,
            Self::Broader => Self::SpecialCase,
            Self::Similar | Self::Identical | Self::SpecialCase => self,
        }
    }
}

/// A cause that has no folder in the catalogue yet: known well enough to be named beside a verdict
/// that cannot exclude it, and to hold that verdict back; never a verdict of its own.
#[derive(Debug)]
pub struct Sketch {
    /// Kebab-case, as for a cause.
    pub id: &'static str,
    /// Reads on after "The connection was reset because ".
    pub title: &'static str,
    /// The same in Simplified Chinese.
    pub zh: &'static str,
    /// As for a cause: empty when the kernel of the RST's sender sends nothing.
    pub kernel_reasons: &'static [KernelSign],
    /// All must be yes for it to hold a verdict back; one no excludes it.
    pub needs: &'static [&'static Question],
    /// One yes excludes it.
    pub refuted_by: &'static [&'static Question],
}
