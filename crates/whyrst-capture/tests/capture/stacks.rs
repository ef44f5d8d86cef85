//! The verdicts on what other TCP stacks did: captures that `cargo xtask stacks` recorded, against a table of the truth.
//!
//! `tests/stacks/truth.tsv` says what happened in each. Where whyrst is known to judge one wrong, `known_wrong` says how;
//! when that is mended, the test asks for the entry to go.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use whyrst_capture::{Capture, Step};
use whyrst_core::outcome::{Outcome, OutcomeKind};
use whyrst_core::tracker::{Limits, Tracker};
use whyrst_core::verdict::{Confidence, Judgement, judge};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stacks")
}

/// One line of the table.
struct Truth {
    capture: String,
    /// The family of the stack's resets; none where it sends no reset.
    family: Option<String>,
    /// One of these must lead a step.
    leads: Vec<String>,
    /// None of these may lead a step that calls itself likely or certain.
    never: Vec<String>,
    known_wrong: Option<String>,
}

impl Truth {
    fn read(line: &str) -> Self {
        let [capture, family, leads, never, known_wrong, _what_happened] =
            line.split('\t').collect::<Vec<_>>().try_into().unwrap_or_else(|_| panic!("six columns: {line}"));
        let said = |text: &str| (text != "-").then(|| text.to_owned());
        let ids = |text: &str| said(text).iter().flat_map(|ids| ids.split(' ')).map(str::to_owned).collect();
        let [leads, never] = [leads, never].map(ids);
        Self { capture: capture.to_owned(), family: said(family), leads, never, known_wrong: said(known_wrong) }
    }

    /// What is wrong with the verdicts on this capture.
    fn contradictions(&self, judged: &[Judgement]) -> Vec<String> {
        match &self.family {
            None if judged.is_empty() => Vec::new(),
            None => vec![format!("{} resets where the stack sends none", judged.len())],
            Some(_) if judged.is_empty() => vec!["no reset of the stack".to_owned()],
            Some(family) => judged.iter().filter_map(|judgement| self.contradiction(family, judgement)).collect(),
        }
    }

    fn contradiction(&self, family: &str, judgement: &Judgement) -> Option<String> {
        let steps = steps(judgement);
        let shown = judgement.shape.map_or("none", |shape| shape.family.name());
        let right = shown == family
            && steps.iter().any(|(id, _)| self.leads.iter().any(|right| right == id))
            && !steps
                .iter()
                .any(|(id, sure)| *sure >= Confidence::Likely && self.never.iter().any(|wrong| wrong == id));
        (!right).then(|| format!("family {shown}, {steps:?}"))
    }
}

/// What leads the verdict, the mechanism and the reasons.
fn steps(judgement: &Judgement) -> Vec<(&'static str, Confidence)> {
    let verdict = judgement.cause.map(|cause| (cause.id, judgement.confidence));
    let mechanism = judgement.mechanism.as_ref().map(|mechanism| (mechanism.cause.id, mechanism.confidence));
    let reason = judgement.reasons.first().map(|reason| (reason.cause.id, reason.confidence));
    [verdict, mechanism, reason].into_iter().flatten().collect()
}

/// The verdicts on the resets that the stack sent: the Linux peer has 10.77.0.1.
fn judged(capture: &Path) -> Vec<Judgement> {
    let mut capture = Capture::open(capture, 0).unwrap_or_else(|error| panic!("{error}"));
    let mut tracker = Tracker::new(Limits::default());
    loop {
        match capture.next().unwrap() {
            Step::Observation(seen) => tracker.observe(&seen),
            Step::PassedOver(..) | Step::Idle => {}
            Step::End => break,
        }
    }
    tracker.finish();
    let outcomes: Vec<Outcome> = std::iter::from_fn(|| tracker.poll()).collect();
    let of_stack = |outcome: &&Outcome| {
        let sender = outcome.connection().endpoint(outcome.sender());
        outcome.kind() == OutcomeKind::Reset && !sender.to_string().starts_with("10.77.0.1:")
    };
    outcomes.iter().filter(of_stack).map(judge).collect()
}

fn truths() -> Vec<Truth> {
    let table = fs::read_to_string(folder().join("truth.tsv")).unwrap();
    table.lines().filter(|line| !line.starts_with('#')).map(Truth::read).collect()
}

#[test]
fn every_capture_of_another_stack_has_its_truth() {
    let told: BTreeSet<String> = truths().into_iter().map(|truth| truth.capture).collect();
    let names = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    let captures: BTreeSet<String> = names.filter_map(|name| name.strip_suffix(".pcap").map(str::to_owned)).collect();
    assert_eq!(captures, told);
}

#[test]
fn other_stacks_are_judged_by_what_they_did() {
    let wrong: Vec<String> = truths().iter().filter_map(disagreement).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// What the table and the verdicts do not agree on.
fn disagreement(truth: &Truth) -> Option<String> {
    let judged = judged(&folder().join(&truth.capture).with_extension("pcap"));
    match (&truth.known_wrong, truth.contradictions(&judged).as_slice()) {
        (None, []) | (Some(_), [_, ..]) => None,
        (None, found) => Some(format!("{}: {}", truth.capture, found.join("; "))),
        (Some(_), []) => Some(format!("{} is right now: put a - into its known_wrong", truth.capture)),
    }
}
