//! How much one reset matters, and why: a cause says how much it matters as a rule, and what is seen
//! of the one connection can lower that, never raise it.
//!
//! A RST after both ends had said and acknowledged FIN takes nothing away (RFC 9293 section 3.6: both
//! directions are closed), nor does one on a connection that was over but for a courtesy, or on which nothing went on
//! ([`crate::farewell`]). A RST that its receiver does not
//! accept changes nothing (RFC 5961 section 3.2, RFC 9293 section 3.5.3), which is said only where both
//! ends were seen to talk on.
//!
//! That a cause is benign as a rule is worth as much as the verdict is: where another mechanism is open that does harm, it
//! is one only where the connection itself shows that nothing was lost.

use crate::cause::Severity;
use crate::connection::Phase;
use crate::farewell::{late_goodbye_was_refused, only_goodbye_was_refused, was_idle, was_over};
use crate::harm::{Certainty, Harm};
use crate::outcome::Outcome;
use crate::rst::ResetKind;

/// Why a reset matters as much as it does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ground {
    /// Its cause is of that severity.
    Cause,
    /// Both ends had closed in order before it, and nothing was on its way.
    BothHadClosed,
    /// Its receiver did not take it, and both ends talked on.
    NotTaken,
    /// The connection was over: nothing but a courtesy can have been lost.
    WasOver,
    /// The client ended a connection on which nothing went on.
    WasIdle,
    /// Nothing but the goodbye of its receiver was refused.
    GoodbyeRefused,
}

/// How much, and why.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Weight {
    /// How much it matters.
    pub severity: Severity,
    /// Why.
    pub ground: Ground,
}

/// How much a cause matters as a rule, and whether that holds for all that is open beside it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AsARule {
    /// It does.
    Surely(Severity),
    /// It is benign, and something that is open beside it is a fault.
    PerhapsBenign,
    /// It is a fault for a reason of its own: the end of the connection may do no harm, what led to it does.
    ByReason,
}

/// Weighs one outcome.
pub fn weigh(by_cause: AsARule, outcome: &Outcome, phase: Phase, harm: &Harm, kind: ResetKind) -> Weight {
    let benign = |ground: Ground| Weight { severity: Severity::Benign, ground };
    match by_cause {
        AsARule::Surely(severity @ (Severity::Benign | Severity::Scan | Severity::Policy | Severity::Attack)) => {
            Weight { severity, ground: Ground::Cause }
        }
        // That a client's own timer ended what was idle is no fault of anybody, nor is it that a server's timer did and
        // only the client's goodbye came after that.
        AsARule::ByReason => not_taken(outcome, phase, harm)
            .or_else(|| was_idle(outcome).then_some(Ground::WasIdle))
            .or_else(|| late_goodbye_was_refused(outcome).then_some(Ground::GoodbyeRefused))
            .map_or(Weight { severity: Severity::Fault, ground: Ground::Cause }, benign),
        AsARule::Surely(Severity::Fault) | AsARule::PerhapsBenign => ground(outcome, phase, harm, kind)
            .map_or(Weight { severity: Severity::Fault, ground: Ground::Cause }, benign),
    }
}

/// What shows that nothing was lost that anybody waited for.
fn ground(outcome: &Outcome, phase: Phase, harm: &Harm, kind: ResetKind) -> Option<Ground> {
    let was_over = || was_over(outcome, kind).then_some(Ground::WasOver);
    let was_idle = || was_idle(outcome).then_some(Ground::WasIdle);
    let goodbye = || only_goodbye_was_refused(outcome).then_some(Ground::GoodbyeRefused);
    not_taken(outcome, phase, harm).or_else(was_over).or_else(was_idle).or_else(goodbye)
}

/// What shows that the RST changed nothing at all.
fn not_taken(outcome: &Outcome, phase: Phase, harm: &Harm) -> Option<Ground> {
    if phase == Phase::Closed && harm.certainty == Certainty::None {
        Some(Ground::BothHadClosed)
    } else {
        outcome.rsts_never_taken().then_some(Ground::NotTaken)
    }
}
