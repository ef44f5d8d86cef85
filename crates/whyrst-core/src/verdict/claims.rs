//! Reasons that lines of logs name: what a party says of its own connection is weighed with what the packets show.
//!
//! A message names a reason where no other reason of the catalogue brings it about: nginx's "client intended to send too
//! large body" does, a broken pipe does not. Words of a party make nothing certain, and packets that refute the reason
//! refute its words.

use crate::cause::Cause;
use crate::causes;
use crate::claim::{Claim, Leg, Standing, TiedBy};
use crate::evidence::claims::{reasons_named, standing};
use crate::outcome::Outcome;
use crate::symptom::{Came, Symptom};
use crate::verdict::Confidence;

/// A proxy's upstream could not be reached: what the connection of its client ends of.
const UPSTREAM_DOWN: &str = "proxy-upstream-down";
/// A proxy's upstream reset or closed.
const RELAYED: &str = "proxy-relays-reset";

/// The one reason that a message names. A line about a proxy's upstream says what its client's connection ended of.
///
/// An upstream that was reached and did not answer in time was not unreachable: that it was silent names no reason.
pub fn reason_named(symptom: Option<&'static Symptom>, came: Came, leg: Leg) -> Option<&'static str> {
    match (leg, came) {
        // Where no packet is at fault, no reason is of one; and who was slow was reached.
        (Leg::This, Came::Nothing) | (Leg::Upstream, Came::Nothing | Came::Silence | Came::Own) => None,
        (Leg::This, _) => symptom.and_then(only_reason),
        (Leg::Upstream, Came::Refusal | Came::RefusalOrSilence) => Some(UPSTREAM_DOWN),
        (Leg::Upstream, Came::Rst | Came::Fin | Came::RstOrFin) => Some(RELAYED),
    }
}

fn only_reason(symptom: &'static Symptom) -> Option<&'static str> {
    let is_reason = |id: &&&str| causes::find(id).is_some_and(Cause::is_reason);
    let mut reasons = symptom.causes.iter().filter(is_reason);
    let first = reasons.next()?;
    reasons.next().is_none().then_some(*first)
}

/// How sure `cause` is by what logs say of it alone; `None` where none names it.
pub(super) fn confidence_of(outcome: &Outcome, cause: &Cause) -> Option<Confidence> {
    let says = |claim: &Claim, by: TiedBy, standing: Standing| match (by, claim.leg, standing) {
        (TiedBy::Address, ..) | (_, _, Standing::Contradicted) | (_, Leg::This, Standing::Undecided) => {
            Confidence::Possible
        }
        (TiedBy::BothEnds | TiedBy::OneEnd, ..) => Confidence::Likely,
    };
    let of_it = reasons_named(outcome).filter(|(_, id)| *id == cause.id);
    of_it.map(|(tied, _)| says(&tied.claim, tied.by, standing(outcome, tied).0)).max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::symptoms;

    #[test]
    fn an_upstream_that_is_slow_was_reached() {
        let named = |came| reason_named(None, came, Leg::Upstream);
        assert_eq!(named(Came::RefusalOrSilence), Some(UPSTREAM_DOWN));
        assert_eq!([Came::Silence, Came::Own, Came::Nothing].map(named), [None; 3]);
    }

    #[test]
    fn a_message_names_a_reason_where_it_has_no_other() {
        let named = |id| reason_named(symptoms::find(id), Came::Own, Leg::This);
        assert_eq!(named("nginx-413"), Some("request-too-large"));
        assert_eq!(named("nginx-104"), None);
        for id in [UPSTREAM_DOWN, RELAYED] {
            assert!(causes::find(id).is_some_and(Cause::is_reason), "{id}");
        }
    }
}
