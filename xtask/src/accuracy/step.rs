//! The three steps of a verdict beside what the lab did.

use serde_json::Value;
use whyrst_core::cause::{Cause, Family};
use whyrst_core::causes;

/// Something that is said, and how surely.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Claim {
    pub(super) id: String,
    pub(super) confidence: String,
}

impl Claim {
    fn of(object: &Value, name: &str) -> Option<Self> {
        let text = |name: &str| object[name].as_str().map(str::to_owned);
        Some(Self { id: text(name)?, confidence: text("confidence")? })
    }

    pub(super) fn is_sure(&self) -> bool {
        matches!(self.confidence.as_str(), "likely" | "certain")
    }
}

/// What a verdict says at each step.
#[derive(Clone, Default, Debug)]
pub(super) struct Steps {
    pub(super) family: Option<Claim>,
    pub(super) mechanism: Option<Claim>,
    /// The mechanisms beside that one.
    pub(super) open: Vec<String>,
    pub(super) reasons: Vec<Claim>,
}

impl Steps {
    /// Of one object of `whyrst explain --format json`.
    pub(super) fn of(object: &Value) -> Self {
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let open = list(&object["mechanism"]["open"]);
        Self {
            family: Claim::of(&object["family"], "id"),
            mechanism: Claim::of(&object["mechanism"], "cause"),
            open: open.iter().filter_map(|id| id.as_str().map(str::to_owned)).collect(),
            reasons: list(&object["reasons"]).iter().filter_map(|reason| Claim::of(reason, "cause")).collect(),
        }
    }

    /// Where the family stands. `None` for a connect that failed without a reset.
    pub(super) fn family(&self, truth: &str) -> Option<Standing> {
        let family = self.family.as_ref()?;
        let is_true = mechanisms(truth).iter().any(|how| how.shows().iter().any(|shown| shown.name() == family.id));
        Some(match family.id.as_str() {
            _ if is_true => Standing::First(family.confidence.clone()),
            id if id == Family::Unseen.name() => Standing::Nothing,
            _ => Standing::Wrong { is_sure: family.is_sure() },
        })
    }

    /// Where the true mechanism stands: of a reason any that it explains.
    pub(super) fn mechanism(&self, truth: &str) -> Standing {
        let is_true = |id: &str| mechanisms(truth).iter().any(|how| how.id == id);
        match &self.mechanism {
            None => Standing::Nothing,
            Some(how) if is_true(&how.id) => Standing::First(how.confidence.clone()),
            Some(how) if how.is_sure() => Standing::Wrong { is_sure: true },
            Some(_) if self.open.iter().any(|id| is_true(id)) => Standing::Beside,
            Some(_) => Standing::Wrong { is_sure: false },
        }
    }

    /// Where the true reason stands; `None` where the scenario is about a mechanism and no reason is said.
    pub(super) fn reason(&self, truth: &str, named: &[String]) -> Option<Standing> {
        let has_reason = causes::find(truth).is_some_and(Cause::is_reason);
        let holds = |claim: &&Claim| claim.id == truth || causes::may_both_hold(&claim.id, truth);
        let wrong = self.reasons.iter().any(|claim| claim.is_sure() && !holds(&claim));
        match self.reasons.first() {
            _ if wrong => Some(Standing::Wrong { is_sure: true }),
            _ if !has_reason => None,
            Some(first) if first.id == truth => Some(Standing::First(first.confidence.clone())),
            _ if named.iter().any(|id| id == truth) => Some(Standing::Beside),
            _ => Some(Standing::Nothing),
        }
    }

    /// The steps that are sure of what is not so.
    pub(super) fn wrong_and_sure(&self, truth: &str) -> impl Iterator<Item = (&'static str, String)> {
        let steps = [
            ("family", self.family(truth), self.family.as_ref()),
            ("mechanism", Some(self.mechanism(truth)), self.mechanism.as_ref()),
            ("reason", self.reason(truth, &[]), self.reasons.first()),
        ];
        steps.into_iter().filter_map(|(step, standing, said)| {
            let wrong = standing == Some(Standing::Wrong { is_sure: true });
            wrong.then(|| (step, said.map(|claim| claim.id.clone()).unwrap_or_default()))
        })
    }
}

/// The truth at one step, among what is said there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Standing {
    /// It is said, this surely.
    First(String),
    /// Another is first, called possible, and this is named beside it.
    Beside,
    /// Nothing is said, or that it was not seen.
    Nothing,
    /// Only others are named.
    Wrong { is_sure: bool },
}

/// The mechanisms of which one made the reset.
fn mechanisms(truth: &str) -> Vec<&'static Cause> {
    let Some(cause) = causes::find(truth) else { return Vec::new() };
    if cause.is_reason() { cause.explains().iter().filter_map(|id| causes::find(id)).collect() } else { vec![cause] }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn steps(family: [&str; 2], mechanism: [&str; 2], open: &[&str], reasons: &[[&str; 2]]) -> Steps {
        let reason = |[cause, confidence]: &[&str; 2]| json!({"cause": cause, "confidence": confidence});
        Steps::of(&json!({
            "family": {"id": family[0], "confidence": family[1]},
            "mechanism": {"cause": mechanism[0], "confidence": mechanism[1], "open": open},
            "reasons": reasons.iter().map(reason).collect::<Vec<_>>(),
        }))
    }

    #[test]
    fn a_mechanism_is_right_first_beside_or_wrong() {
        let said = steps(["aborted", "certain"], ["close-unread", "possible"], &["linger-zero"], &[]);
        let first = |sure: &str| Standing::First(sure.to_owned());
        assert_eq!(said.family("linger-zero"), Some(first("certain")));
        assert_eq!(said.mechanism("close-unread"), first("possible"));
        assert_eq!(said.mechanism("linger-zero"), Standing::Beside);
        assert_eq!(said.mechanism("closed-port"), Standing::Wrong { is_sure: false });
        assert_eq!(said.wrong_and_sure("closed-port").next(), Some(("family", "aborted".to_owned())));
        assert_eq!(said.wrong_and_sure("linger-zero").next(), None);
    }

    #[test]
    fn a_reason_is_true_beside_the_mechanisms_that_it_explains() {
        let said = steps(["aborted", "certain"], ["close-unread", "likely"], &[], &[["server-busy-close", "likely"]]);
        assert_eq!(said.reason("server-busy-close", &[]), Some(Standing::First("likely".to_owned())));
        assert_eq!(said.reason("close-unread", &[]), None, "the lab did not say why");
        assert_eq!(said.wrong_and_sure("server-busy-close").next(), None);
        assert_eq!(said.wrong_and_sure("linger-zero").next().map(|(step, _)| step), Some("mechanism"));
        assert_eq!(said.reason("closed-port", &[]), Some(Standing::Wrong { is_sure: true }));
    }

    #[test]
    fn what_is_not_seen_is_not_wrong() {
        let said = Steps::of(&json!({"family": {"id": "unseen", "confidence": "certain"}, "mechanism": null}));
        assert_eq!(said.family("close-unread"), Some(Standing::Nothing));
        assert_eq!(said.mechanism("close-unread"), Standing::Nothing);
        assert_eq!(said.wrong_and_sure("close-unread").next(), None);
        assert_eq!(Steps::default().family("syn-unanswered"), None);
    }
}
