//! The shape of a cause: what one folder in `catalogue/` holds.

use crate::evidence::Question;
use crate::kernel::{KernelReset, RstReason};
use crate::language::Language;
use crate::outcome::OutcomeKind;

pub use whyrst_model::vocabulary::{Family, Severity};

/// One way for a connection to end in a RST, or to fail without one.
#[derive(Debug)]
pub struct Cause {
    /// Kebab-case; also the name of its folder, its fixture and its page. Never changes its meaning.
    pub id: &'static str,
    /// Its place among the folders, in the order of their names: for sets of causes.
    pub number: usize,
    /// What a machine needs of it: `rule.rs`.
    pub rule: Rule,
    /// Its texts: `en.md`.
    pub en: Texts,
    /// The same in Simplified Chinese: `zh.md`, with English where that has nothing.
    pub zh: Texts,
    /// What is English in [`Cause::zh`], because `zh.md` has nothing.
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
    /// What proves it outside of the capture: a counter, a system call, a log line or a setting.
    pub confirm: &'static str,
    /// More telling titles for special cases, one for each of [`Rule::variants`].
    pub variants: &'static [&'static str],
    /// What to do, in order; each step can be checked.
    pub advice: &'static [&'static str],
}

impl Cause {
    /// What the kernel of the RST's sender says in this case; empty when that kernel sends nothing, and for a
    /// reason, which no kernel knows.
    pub const fn kernel(&self) -> &'static [KernelSign] {
        match self.rule.step {
            Step::Mechanism { kernel, .. } => kernel,
            Step::Reason { .. } => &[],
        }
    }

    /// The families that it can show as a mechanism.
    pub const fn shows(&self) -> &'static [Family] {
        match self.rule.step {
            Step::Mechanism { shows, .. } => shows,
            Step::Reason { .. } => &[],
        }
    }

    /// The ids of the mechanisms that it explains as a reason.
    pub const fn explains(&self) -> &'static [&'static str] {
        match self.rule.step {
            Step::Mechanism { .. } => &[],
            Step::Reason { explains } => explains,
        }
    }

    /// What is left of it outside of a capture, as a mechanism.
    pub const fn signs(&self) -> Signs {
        match self.rule.step {
            Step::Mechanism { signs, .. } => signs,
            Step::Reason { .. } => Signs::NONE,
        }
    }

    /// Whether it says why, and not how.
    pub const fn is_reason(&self) -> bool {
        matches!(self.rule.step, Step::Reason { .. })
    }

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
    /// Which step of a verdict it is.
    pub step: Step,
    /// With a RST or without.
    pub outcome: OutcomeKind,
    /// How narrow a statement it is.
    pub breadth: Breadth,
    /// How much it matters.
    pub severity: Severity,
    /// All must be yes; a no excludes the cause, an unknown weakens it. The first is what the cause
    /// is about: without a yes to it there is no evidence at all.
    pub needs: &'static [&'static Question],
    /// One yes excludes the cause.
    pub refuted_by: &'static [&'static Question],
    /// Each yes speaks for the cause and each no against it; neither decides alone.
    pub supported_by: &'static [&'static Question],
    /// What hardly anything else brings about. Where all of one list are yes, it is *likely* although others
    /// fit; empty where packets never make it more than possible beside another.
    pub likely_when: &'static [&'static [&'static Question]],
    /// Special cases, first match wins: each has a title of its own in [`Texts::variants`].
    pub variants: &'static [&'static Question],
    /// Standards and kernel functions that the rule follows from.
    pub sources: &'static [Source],
}

/// Which step of a verdict a cause is.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// How a reset is made: a code path of a kernel or a device.
    Mechanism {
        /// Every shape on the wire that it can have.
        shows: &'static [Family],
        /// What the kernel of the RST's sender says; empty when that kernel sends nothing.
        kernel: &'static [KernelSign],
        /// What else is left of it outside of a capture.
        signs: Signs,
    },
    /// Why somebody or something did that.
    Reason {
        /// The ids of the mechanisms that it explains.
        explains: &'static [&'static str],
    },
}

/// What a mechanism leaves outside of a capture, for a machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Signs {
    /// Counters of the RST's sender that rise, by the names of `nstat -az`.
    pub counters: &'static [&'static str],
    /// Counters there that one might expect to rise, and that do not.
    pub still: &'static [&'static str],
    /// The system call of the sender's program in which the RST is sent; `None` for a timer, a segment that
    /// arrives, or a device.
    pub syscall: Option<&'static str>,
    /// The error that the sender's program gets.
    pub sender_errno: Option<&'static str>,
    /// The error that the receiver's program gets.
    pub receiver_errno: Option<&'static str>,
}

impl Signs {
    /// Nothing is known.
    pub const NONE: Self = Self { counters: &[], still: &[], syscall: None, sender_errno: None, receiver_errno: None };
}

/// How far a rule is trusted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Status {
    /// It is judged and named beside a verdict, and leads none: not tried on enough captures yet.
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
