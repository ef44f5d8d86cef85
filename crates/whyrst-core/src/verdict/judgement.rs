//! What is said of one outcome: its cause, how sure that is, what speaks for and against it.

use alloc::vec::Vec;

pub use whyrst_model::vocabulary::{Confidence, Origin, Role};

use crate::cause::{Cause, Severity};
use crate::causes;
use crate::connection::Phase;
use crate::evidence::{Answer, Question};
use crate::rst::ResetKind;
use crate::severity::Ground;
use crate::verdict::family::Shape;

/// A question with its answer and its part.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// What was asked.
    pub question: &'static Question,
    /// The answer.
    pub answer: Answer,
    /// Its part in the rule.
    pub role: Role,
}

impl Evidence {
    /// Whether the answer speaks for the verdict.
    pub fn speaks_for(&self) -> bool {
        match self.role {
            Role::Need | Role::Supports | Role::Vantage => self.answer.is_yes(),
            Role::Refutes => self.answer.is_no(),
        }
    }

    /// Whether the answer speaks against the verdict.
    pub fn speaks_against(&self) -> bool {
        match self.role {
            Role::Need | Role::Supports | Role::Vantage => self.answer.is_no(),
            Role::Refutes => self.answer.is_yes(),
        }
    }
}

/// How the reset was made: the second step.
#[derive(Clone, Debug)]
pub struct Mechanism {
    /// Which mechanism.
    pub cause: &'static Cause,
    /// Its title, or that of the variant that fits.
    pub title: &'static str,
    /// How sure.
    pub confidence: Confidence,
    /// The others of the same family that nothing refutes, best first.
    pub open: Vec<&'static Cause>,
}

/// Why somebody or something did that: the third step.
#[derive(Clone, Debug)]
pub struct Reason {
    /// Which reason.
    pub cause: &'static Cause,
    /// Its title, or that of the variant that fits.
    pub title: &'static str,
    /// How sure.
    pub confidence: Confidence,
    /// The questions whose answers speak for it, in the order of the rule.
    pub evidence: Vec<&'static Question>,
}

/// Another cause that could be it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Alternative {
    /// Which.
    pub cause: &'static Cause,
    /// Where it comes from.
    pub named_by: NamedBy,
}

/// Why an alternative is named.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NamedBy {
    /// Nothing refutes it.
    Rule,
    /// The capture of another point, taken alone, says so: one of the two is incomplete.
    OtherPoint,
}

/// Everything that is said of one outcome.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// The first step: the shape of the reset; `None` for a failed connect.
    pub shape: Option<Shape>,
    /// The second step; `None` when nothing in the catalogue fits.
    pub mechanism: Option<Mechanism>,
    /// The third step: those that have evidence of their own, best first.
    pub reasons: Vec<Reason>,
    /// The leading answer: the first reason where that is likely or better, else the mechanism; `None` when
    /// unexplained.
    pub cause: Option<&'static Cause>,
    /// Its title, or that of the variant that fits.
    pub title: &'static str,
    /// How sure the leading answer is.
    pub confidence: Confidence,
    /// The mechanism's open others, best first, then further reasons, then previews.
    pub alternatives: Vec<Alternative>,
    /// What the leading answer rests on, in the order of its rule; after a reason, what the mechanism rests on.
    pub evidence: Vec<Evidence>,
    /// How far the connection had come.
    pub phase: Phase,
    /// Who made the RST.
    pub origin: Origin,
    /// How sure that is; `None` where it is unknown.
    pub origin_confidence: Option<Confidence>,
    /// How it was made.
    pub kind: ResetKind,
    /// How much it matters.
    pub severity: Severity,
    /// Why it matters so much.
    pub ground: Ground,
    /// Causes in preview that are not excluded.
    pub previews: Vec<&'static Cause>,
}

impl Judgement {
    /// Whether it is right when `cause` is the truth: that leads a step, or it stands among the others and
    /// the step that it belongs to is no surer than *possible*. How and why can both be true: a sure
    /// mechanism does not contradict a reason that explains it, nor a sure reason the mechanisms that it explains.
    pub fn allows(&self, cause: &str) -> bool {
        let leads = |id: &str| id == cause;
        let named = self.names(cause);
        let unsure = |confidence: Confidence| confidence <= Confidence::Possible;
        let Some(mechanism) = &self.mechanism else { return false };
        leads(mechanism.cause.id)
            || self.reasons.iter().any(|reason| leads(reason.cause.id))
            || (named && unsure(mechanism.confidence) && self.reasons.iter().all(|reason| unsure(reason.confidence)))
            || (named
                && unsure(mechanism.confidence)
                && self.cause.is_some_and(|lead| lead.explains().contains(&cause)))
            || (named && causes::find(cause).is_some_and(|truth| truth.explains().contains(&mechanism.cause.id)))
    }

    /// Whether `cause` stands beside the leading answer.
    pub fn names(&self, cause: &str) -> bool {
        self.alternatives.iter().any(|other| other.cause.id == cause)
    }

    /// How sure the mechanism is.
    pub fn mechanism_confidence(&self) -> Confidence {
        self.mechanism.as_ref().map_or(Confidence::Unexplained, |mechanism| mechanism.confidence)
    }
}
