//! What is said of one outcome: its cause, how sure that is, what speaks for and against it.

use alloc::vec::Vec;

pub use whyrst_model::vocabulary::{Confidence, Origin, Role};

use crate::alike;
use crate::cause::{Cause, Likeness, Severity};
use crate::connection::Phase;
use crate::evidence::{Answer, Question};
use crate::rst::ResetKind;
use crate::severity::Ground;

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

/// Another cause that could be it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Alternative {
    /// Its id: a cause with a file, or a sketch.
    pub id: &'static str,
    /// Its title.
    pub title: &'static str,
    /// What would tell it from the verdict.
    pub told_apart_by: &'static str,
}

/// Everything that is said of one outcome.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// The cause; `None` when unexplained.
    pub cause: Option<&'static Cause>,
    /// Its title, or that of the variant that fits.
    pub title: &'static str,
    /// How sure.
    pub confidence: Confidence,
    /// Other causes that could be it, best first.
    pub alternatives: Vec<Alternative>,
    /// What the verdict rests on, in the order of the rule.
    pub evidence: Vec<Evidence>,
    /// How far the connection had come.
    pub phase: Phase,
    /// Who made the RST.
    pub origin: Origin,
    /// How it was made.
    pub kind: ResetKind,
    /// How much it matters.
    pub severity: Severity,
    /// Why it matters so much.
    pub ground: Ground,
    /// Causes in preview that are not excluded, which no report shows yet.
    pub previews: Vec<&'static Cause>,
}

impl Judgement {
    /// Whether it is right when `cause` is the truth: that is the verdict, or one of those that
    /// nothing observable tells from it, and the verdict then is no surer than *possible*. A verdict
    /// of which `cause` is a special case is true as well.
    pub fn allows(&self, cause: &str) -> bool {
        let Some(verdict) = self.cause else { return false };
        let named = self.alternatives.iter().any(|other| other.id == cause);
        verdict.id == cause
            || match alike::likeness(verdict, cause) {
                Some(Likeness::SpecialCase | Likeness::Why) => named,
                Some(Likeness::Identical | Likeness::Broader | Likeness::How) => {
                    named && self.confidence <= Confidence::Possible
                }
                _ => false,
            }
    }
}
