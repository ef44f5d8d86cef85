//! Whether the scenarios of the catalogue make sense before anybody plays them. Playing needs a
//! process with one thread, which a test harness is not: `whyrst lab run --all` does that.

use std::collections::HashSet;

use whyrst_core::cause::Status;
use whyrst_core::causes;
use whyrst_lab::scenario::{Action, ExpectedReturn, Reproduction, Scenario, Step, Verdicts};
use whyrst_lab::{reproduction, scenarios};

fn ids(verdicts: Verdicts) -> Vec<&'static str> {
    match verdicts {
        Verdicts::Resets(causes) => causes.to_vec(),
        Verdicts::FailedConnect(cause) => vec![cause],
        Verdicts::NoReset => vec![],
    }
}

#[test]
fn ids_are_kebab_case_and_unique() {
    let mut seen = HashSet::new();
    for scenario in scenarios() {
        let kebab = scenario.id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        assert!(kebab, "{}", scenario.id);
        assert!(seen.insert(scenario.id), "{} twice", scenario.id);
    }
    assert!(seen.len() > 20, "only {} scenarios", seen.len());
}

#[test]
fn the_first_scenario_of_a_cause_has_its_id_and_leads_to_it_unless_it_is_a_preview() {
    for cause in causes::ALL {
        if let Some(Reproduction::Lab([first, ..])) = reproduction(cause.id) {
            assert_eq!(first.id, cause.id);
            if cause.rule.status == Status::Preview {
                continue;
            }
            // What one end alone cannot see, the other may.
            let ends = [first.expect.client, first.expect.server];
            assert!(ends.iter().any(|end| ids(*end).first() == Some(&cause.id)), "{}", cause.id);
        }
    }
}

#[test]
fn every_expected_verdict_is_in_the_catalogue() {
    for scenario in scenarios() {
        for id in ids(scenario.expect.client).into_iter().chain(ids(scenario.expect.server)) {
            assert!(causes::find(id).is_some(), "{}: {id}", scenario.id);
        }
    }
}

#[test]
fn a_name_belongs_to_one_actor_and_fits_a_process_name() {
    for scenario in scenarios() {
        let cast: Vec<_> = scenario.cast().collect();
        let names: HashSet<_> = cast.iter().map(|actor| actor.name).collect();
        assert_eq!(names.len(), cast.len(), "{}", scenario.id);
        assert!(names.iter().all(|name| name.len() < 16), "{}: the kernel keeps 15 bytes of a name", scenario.id);
        for step in scenario.steps {
            assert!(cast.contains(&step.actor), "{}: {} on another host", scenario.id, step.actor.name);
        }
    }
}

#[test]
fn children_act_only_after_they_are_born_and_the_dead_not_at_all() {
    for scenario in scenarios() {
        let children: HashSet<_> = scenario.steps.iter().filter_map(|step| Some(step.action.child()?.name)).collect();
        let (mut born, mut dead) = (HashSet::new(), HashSet::new());
        for step in scenario.steps {
            let name = step.actor.name;
            assert!(!children.contains(name) || born.contains(name), "{}: {name} is not born yet", scenario.id);
            assert!(!dead.contains(name), "{}: {name} is dead", scenario.id);
            born.extend(step.action.child().map(|child| child.name));
            if matches!(step.outcome, ExpectedReturn::DiesOf(_)) {
                dead.insert(name);
            }
            let killed = matches!(step.action, Action::IsKilled);
            assert!(!killed || step.outcome == ExpectedReturn::DiesOf("SIGKILL"), "{}", scenario.id);
        }
    }
}

/// An idle timeout is waited out for five seconds; everything else takes milliseconds.
const ROOM_MS: i64 = 4_000;

#[test]
fn pauses_leave_room_below_the_limit() {
    let pause = |scenario: &Scenario| -> i64 {
        let of = |step: &Step| if let Action::Pause(ms) = step.action { ms.into() } else { 0 };
        scenario.steps.iter().map(of).sum()
    };
    for scenario in scenarios() {
        assert!((pause(scenario) + ROOM_MS) * 1_000_000 < Scenario::LIMIT.nanos(), "{}", scenario.id);
    }
}
