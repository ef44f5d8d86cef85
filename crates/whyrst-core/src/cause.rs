//! The shape of a cause: what one file in `causes/` holds.

use crate::ending::EndingKind;
use crate::evidence::Question;
use crate::kernel::{KernelReset, RstReason};
use crate::language::Language;

pub use whyrst_model::vocabulary::Severity;

/// One way for a connection to end in a RST, or to fail without one.
///
/// Texts may name `{sender}` and `{receiver}` of the RST, `{client}` and `{server}`.
#[derive(Debug)]
pub struct Cause {
    /// Kebab-case; also the name of its file, its fixture and its page. Never changes its meaning.
    pub id: &'static str,
    /// Reads on after "The connection was reset because " (or "The connection failed because ").
    pub title: &'static str,
    /// What happens and why, for a person who has not met it before.
    pub explanation: &'static str,
    /// What the programs on both ends see: return values and errno.
    pub effect: &'static str,
    /// Standards and kernel functions that the rule follows from.
    pub sources: &'static [Source],
    /// With a RST or without.
    pub ending: EndingKind,
    /// How narrow a statement it is.
    pub breadth: Breadth,
    /// How much it matters.
    pub severity: Severity,
    /// What the kernel of the RST's sender says in this case; empty when that kernel sends nothing.
    pub kernel_reasons: &'static [KernelSign],
    /// When packets show it.
    pub rule: Rule,
    /// More telling titles for special cases, first match wins.
    pub variants: &'static [Variant],
    /// Causes that look the same or nearly so, commonest first. Those whose files name this one are
    /// look-alikes too: [`alike::look_alikes`](crate::alike::look_alikes) has all.
    pub look_alikes: &'static [LookAlike],
    /// What to do, in order; each step can be checked.
    pub advice: &'static [&'static str],
    /// All these texts in Simplified Chinese.
    pub zh: Words,
}

impl PartialEq for Cause {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

/// The texts of a cause in another language: as many steps, variants and look-alikes as in English,
/// and the same ends in each (`tests/catalogue.rs`).
#[derive(Debug)]
pub struct Words {
    /// Reads on after "The connection was reset: ".
    pub title: &'static str,
    /// What happens and why.
    pub explanation: &'static str,
    /// What the programs on both ends see.
    pub effect: &'static str,
    /// Titles of the variants, in their order.
    pub variants: &'static [&'static str],
    /// What tells each look-alike apart, by its id, in any order.
    pub told_apart_by: &'static [(&'static str, &'static str)],
    /// What to do, in order.
    pub advice: &'static [&'static str],
}

/// The texts of a cause in the language that was asked for.
#[derive(Clone, Copy, Debug)]
pub struct Texts {
    /// As in [`Cause::title`].
    pub title: &'static str,
    /// As in [`Cause::explanation`].
    pub explanation: &'static str,
    /// As in [`Cause::effect`].
    pub effect: &'static str,
    /// As in [`Cause::advice`].
    pub advice: &'static [&'static str],
}

impl Cause {
    /// Its texts in `language`.
    pub const fn texts(&self, language: Language) -> Texts {
        match language {
            Language::Chinese => Texts {
                title: self.zh.title,
                explanation: self.zh.explanation,
                effect: self.zh.effect,
                advice: self.zh.advice,
            },
            Language::English => {
                Texts { title: self.title, explanation: self.explanation, effect: self.effect, advice: self.advice }
            }
        }
    }

    /// The translation of `title`, which is that of the cause or of one of its variants.
    pub fn title_in(&self, language: Language, title: &'static str) -> &'static str {
        let variant = self.variants.iter().position(|variant| variant.title == title);
        match (language, variant) {
            (Language::English, _) => title,
            (_, Some(at)) => self.zh.variants.get(at).copied().unwrap_or(title),
            (_, None) => self.texts(language).title,
        }
    }
}

/// Three lists of questions.
#[derive(Debug)]
pub struct Rule {
    /// All must be yes; a no excludes the cause, an unknown weakens it. The first is what the cause
    /// is about: without a yes to it there is no evidence at all.
    pub needs: &'static [&'static Question],
    /// One yes excludes the cause.
    pub refuted_by: &'static [&'static Question],
    /// Each yes speaks for the cause and each no against it; neither decides alone.
    pub supported_by: &'static [&'static Question],
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
/// alone is ambiguous (CATALOGUE section 3).
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

/// A more telling title for a special case.
#[derive(Debug)]
pub struct Variant {
    /// When the answer is yes.
    pub when: &'static Question,
    /// Replaces the cause's title.
    pub title: &'static str,
}

/// Another cause that looks alike.
#[derive(Clone, Copy, Debug)]
pub struct LookAlike {
    /// Its id: a cause with a file, or a [`Sketch`].
    pub cause: &'static str,
    /// How alike.
    pub likeness: Likeness,
    /// What tells the two apart, as a sentence about the other one.
    pub told_apart_by: &'static str,
    /// What tells the two apart, as a sentence about this one, in English and in Chinese; where the other
    /// one's file does not name this one.
    pub from_there: Option<[&'static str; 2]>,
}

/// How much two causes look alike on the wire (CATALOGUE section 5).
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

impl LookAlike {
    const fn new(cause: &'static str, likeness: Likeness, told_apart_by: &'static str) -> Self {
        Self { cause, likeness, told_apart_by, from_there: None }
    }

    /// The other one's file need not name this one: this is what it would say, in English and in Chinese.
    #[must_use]
    pub const fn and_from_there(self, texts: [&'static str; 2]) -> Self {
        Self { from_there: Some(texts), ..self }
    }

    /// Packets can differ, or it is a special case of the cause.
    pub const fn similar(cause: &'static str, told_apart_by: &'static str) -> Self {
        Self::new(cause, Likeness::Similar, told_apart_by)
    }

    /// The other one would be the reason for this one: both can be true.
    pub const fn why(cause: &'static str, told_apart_by: &'static str) -> Self {
        Self::new(cause, Likeness::Why, told_apart_by)
    }

    /// The other one would be the means by which this one resets: both can be true.
    pub const fn how(cause: &'static str, told_apart_by: &'static str) -> Self {
        Self::new(cause, Likeness::How, told_apart_by)
    }

    /// The other one says less, and holds whenever this one does.
    pub const fn broader(cause: &'static str, told_apart_by: &'static str) -> Self {
        Self::new(cause, Likeness::Broader, told_apart_by)
    }

    /// One is a special case of the other.
    pub const fn special_case(cause: &'static str, told_apart_by: &'static str) -> Self {
        Self::new(cause, Likeness::SpecialCase, told_apart_by)
    }

    /// The packets are the same.
    pub const fn identical(cause: &'static str, told_apart_by: &'static str) -> Self {
        Self::new(cause, Likeness::Identical, told_apart_by)
    }
}

/// A cause of the catalogue that has no file yet: known well enough to be named beside a verdict
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
