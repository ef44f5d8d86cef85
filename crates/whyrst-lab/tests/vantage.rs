//! Every recorded fixture from both of its ends at once: what the two captures say together is at
//! least as much as either says alone, and never something else.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use whyrst_capture::{Capture, Step};
use whyrst_core::evidence::vantage::{
    ADDRESSES_REWRITTEN, RST_LEFT_ITS_SENDER, RST_MADE_BETWEEN, RST_REACHED_ITS_RECEIVER,
};
use whyrst_core::joined::{PointName, Relation};
use whyrst_core::observation::{Frame, Observation, Seen};
use whyrst_core::outcome::{Outcome, OutcomeKind};
use whyrst_core::time::{Span, Timestamp};
use whyrst_core::tracker::{Limits, Tracker};
use whyrst_core::vantage::Taken;
use whyrst_core::vantage::collect::{Collector, Wanted};
use whyrst_core::verdict::points::{Together, of_points};
use whyrst_core::verdict::{Confidence, Judgement, judge};
use whyrst_lab::scenario::{Scenario, Verdicts};
use whyrst_lab::{scenario, scenarios};

const ENDS: [&str; 2] = ["client", "server"];

fn path(scenario: &Scenario, end: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(scenario.id).join(end).with_extension("pcapng")
}

/// The scenarios with a fixture; `fixtures.rs` fails while one has none.
fn recorded() -> impl Iterator<Item = &'static Scenario> {
    scenarios().filter(|scenario| ENDS.iter().all(|end| path(scenario, end).exists()))
}

/// What another clock or another place changes of an observation; `None` leaves it out.
type Change<'a> = &'a dyn Fn(u64, Observation<'_>, &mut dyn FnMut(&Observation<'_>));

fn read(path: &Path, file: u32, change: Change<'_>, each: &mut dyn FnMut(&Observation<'_>)) {
    let mut capture = Capture::open(path, file).unwrap_or_else(|error| panic!("{error}"));
    let mut number = 0;
    loop {
        match capture.next().expect("a fixture can be read") {
            Step::Observation(seen) => {
                number += 1;
                change(number, seen, each);
            }
            Step::End => return,
            _ => {}
        }
    }
}

fn as_it_is(_: u64, seen: Observation<'_>, each: &mut dyn FnMut(&Observation<'_>)) {
    each(&seen);
}

/// Joins captures, each with a change.
fn joined(captures: &[(PathBuf, Change<'_>)]) -> Together {
    let numbered = || captures.iter().zip(0_u32..);
    let outcomes: Vec<Vec<Outcome>> = numbered().map(|((path, change), file)| alone(path, file, *change)).collect();
    let wanted = Wanted::of(outcomes.iter().flatten());
    let taken: Vec<Taken> = numbered()
        .zip(outcomes)
        .map(|(((path, change), file), outcomes)| {
            let mut collector = Collector::new(&wanted, 1 << 20);
            read(path, file, *change, &mut |seen| collector.observe(seen));
            let name = PointName { name: ENDS[file as usize].into(), files: file..file + 1 };
            Taken { name, outcomes, traces: collector.finish(), loss: None }
        })
        .collect();
    of_points(&taken)
}

fn alone(path: &Path, file: u32, change: Change<'_>) -> Vec<Outcome> {
    let mut tracker = Tracker::new(Limits::default());
    read(path, file, change, &mut |seen| tracker.observe(seen));
    tracker.finish();
    std::iter::from_fn(|| tracker.poll()).collect()
}

fn both(scenario: &Scenario) -> Together {
    joined(&ENDS.map(|end| (path(scenario, end), &as_it_is as Change<'_>)))
}

fn id(judgement: &Judgement) -> &'static str {
    judgement.cause.map_or("unexplained", |cause| cause.id)
}

/// The causes that either end may call it.
/// What its ends are expected to show.
fn kind_of(scenario: &Scenario) -> OutcomeKind {
    let failed =
        [scenario.expect.client, scenario.expect.server].iter().any(|end| end.kind() == OutcomeKind::FailedConnect);
    if failed { OutcomeKind::FailedConnect } else { OutcomeKind::Reset }
}

fn expected(scenario: &Scenario) -> Vec<&'static str> {
    [scenario.expect.client, scenario.expect.server]
        .into_iter()
        .flat_map(|verdicts| match verdicts {
            Verdicts::Resets(causes) => causes.to_vec(),
            Verdicts::NoReset => Vec::new(),
            Verdicts::FailedConnect(cause) => vec![cause],
        })
        .collect()
}

fn frame(outcome: &Outcome) -> Frame {
    outcome.rst().map_or(outcome.connection().first_frame, |rst| rst.record.frame)
}

#[test]
fn both_ends_say_at_least_as_much_as_either_alone_and_never_something_else() {
    for scenario in recorded() {
        let together = both(scenario);
        for (end, file) in ENDS.into_iter().zip(0..) {
            for outcome in alone(&path(scenario, end), file, &as_it_is) {
                let of_same_rst = |other: &&Outcome| {
                    let known = other.joined().expect("joined");
                    let first = known
                        .sights(frame(other))
                        .is_some_and(|sights| sights.iter().flatten().any(|sight| sight.frame == frame(&outcome)));
                    first || frame(other) == frame(&outcome)
                };
                let Some(whole) = together.outcomes.iter().find(of_same_rst) else { continue };
                let disputed = whole.joined().is_some_and(|joined| !joined.rivals.is_empty());
                let (part, whole) = (judge(&outcome), judge(whole));
                if disputed {
                    // Each end alone is sure of something else: both are named, and neither is sure.
                    let named =
                        id(&whole) == id(&part) || whole.alternatives.iter().any(|other| other.cause.id == id(&part));
                    assert!(named && whole.confidence == Confidence::Possible, "{}", scenario.id);
                    continue;
                }
                let words = format!(
                    "{} at the {end}: {} {:?} alone, {} {:?} together",
                    scenario.id,
                    id(&part),
                    part.confidence,
                    id(&whole),
                    whole.confidence
                );
                assert!(whole.confidence >= part.confidence, "{words}");
                assert!(part.confidence < Confidence::Likely || id(&part) == id(&whole), "{words}");
            }
        }
        // A connect that was reset under another tuple fails under its own.
        let of_kind = |outcome: &&Outcome| outcome.kind() == kind_of(scenario);
        for outcome in together.outcomes.iter().filter(of_kind) {
            let judgement = judge(outcome);
            let named = [id(&judgement)].into_iter().chain(judgement.alternatives.iter().map(|other| other.cause.id));
            let meant = expected(scenario);
            assert!(
                named.clone().any(|name| meant.contains(&name)),
                "{}: {:?}",
                scenario.id,
                named.collect::<Vec<_>>()
            );
        }
    }
}

/// Causes in whose plays something else than the host whose address it bears sends the RST.
const MADE_ELSEWHERE: &[&str] = &[
    "injected-rst",
    "policy-reset",
    "device-artefact",
    "fw-reject-transit",
    "fw-state-lost",
    "nat-mapping-lost",
    "address-moved",
    "conntrack-invalid-snat",
    "fw-window-refused",
];

fn is_made_elsewhere(scenario: &Scenario) -> bool {
    expected(scenario).iter().any(|cause| MADE_ELSEWHERE.contains(cause))
}

#[test]
fn every_reset_of_a_host_left_it_and_every_forgery_did_not() {
    let mut proven: BTreeMap<bool, u32> = BTreeMap::new();
    for scenario in recorded() {
        for outcome in both(scenario).outcomes.iter().filter(|outcome| outcome.kind() == OutcomeKind::Reset) {
            let views = &outcome.joined().expect("joined").views;
            let elsewhere = is_made_elsewhere(scenario);
            let (made, left) = (RST_MADE_BETWEEN.answer(outcome), RST_LEFT_ITS_SENDER.answer(outcome));
            assert!(elsewhere || !made.is_yes(), "{}: {views:#?}", scenario.id);
            assert!(!made.is_no() || left.is_yes(), "{}", scenario.id);
            assert!(
                !elsewhere || !left.is_yes() || id(&judge(outcome)) != "injected-rst",
                "{}: {views:#?}",
                scenario.id
            );
            assert!(!RST_REACHED_ITS_RECEIVER.answer(outcome).is_no(), "{}: {views:#?}", scenario.id);
            *proven.entry(elsewhere).or_default() += u32::from(made.is_yes() || made.is_no());
        }
    }
    assert!(proven[&true] >= 2 && proven[&false] >= 20, "{proven:?}");
}

#[test]
fn forgeries_are_certain_from_both_ends() {
    for name in ["injected-rst", "injected-rst-client-only"] {
        let scenario = scenario(name).expect("a scenario");
        let together = both(scenario);
        assert_eq!(together.outcomes.len(), 1, "{name}");
        let judgement = judge(&together.outcomes[0]);
        assert_eq!((id(&judgement), judgement.confidence), ("injected-rst", Confidence::Certain), "{name}");
    }
}

#[test]
fn captures_of_different_plays_have_nothing_in_common() {
    // Plays with hand-made segments use the same numbers; a kernel chooses new ones for each.
    let other = scenario("close-unread").expect("a scenario");
    for scenario in recorded().filter(|scenario| scenario.id != other.id) {
        let captures = [(path(scenario, "client"), &as_it_is as Change<'_>), (path(other, "server"), &as_it_is)];
        let together = joined(&captures);
        assert_eq!(together.shared, [0, 0], "{}", scenario.id);
        for outcome in &together.outcomes {
            assert!(RST_MADE_BETWEEN.answer(outcome) == whyrst_core::evidence::Answer::Unknown, "{}", scenario.id);
        }
    }
}

#[test]
fn another_clock_changes_the_offset_and_nothing_else() {
    // Three hours ahead, and 80 parts per million fast.
    let other = |time: Timestamp| {
        let since = time.nanos() % 1_000_000_000_000;
        time.plus(Span::from_secs(3 * 3_600)).plus(Span::from_nanos(since / 1_000_000 * 80))
    };
    let later = move |_: u64, seen: Observation<'_>, each: &mut dyn FnMut(&Observation<'_>)| {
        each(&Observation { time: other(seen.time), ..seen });
    };
    for scenario in recorded() {
        let plain = both(scenario);
        let shifted =
            joined(&[(path(scenario, "client"), &as_it_is as Change<'_>), (path(scenario, "server"), &later)]);
        let verdicts = |together: &Together| -> Vec<_> {
            let mut all: Vec<_> = together
                .outcomes
                .iter()
                .map(|outcome| {
                    let judgement = judge(outcome);
                    (id(&judgement), judgement.confidence, judgement.origin.name())
                })
                .collect();
            all.sort_unstable();
            all
        };
        assert_eq!(verdicts(&plain), verdicts(&shifted), "{}", scenario.id);
    }
}

#[test]
fn a_nat_in_between_is_seen_through() {
    let translate = |_: u64, mut seen: Observation<'_>, each: &mut dyn FnMut(&Observation<'_>)| {
        if let Seen::Segment(segment) = &mut seen.what {
            for end in [&mut segment.src, &mut segment.dst] {
                if end.port != 8888 {
                    end.port = end.port.wrapping_add(20_001);
                    end.ip =
                        if end.ip.is_ipv4() { [192, 0, 2, 1].into() } else { [0x2001, 0xdb8, 0, 0, 0, 0, 0, 9].into() };
                }
            }
        }
        each(&seen);
    };
    let (mut joined_ones, mut all) = (0, 0);
    // The scan asks many ports, which this NAT would rewrite too.
    for scenario in recorded().filter(|scenario| scenario.id != "port-scan") {
        let translated =
            joined(&[(path(scenario, "client"), &as_it_is as Change<'_>), (path(scenario, "server"), &translate)]);
        for outcome in translated.outcomes.iter().filter(|outcome| outcome.kind() == OutcomeKind::Reset) {
            all += 1;
            let known = outcome.joined().expect("joined");
            if known.views.iter().any(|view| view.relation == Relation::Rewritten) {
                joined_ones += 1;
                assert!(ADDRESSES_REWRITTEN.answer(outcome).is_yes(), "{}", scenario.id);
            }
        }
    }
    assert!(joined_ones * 10 >= all * 8, "{joined_ones} of {all}");
}

#[test]
fn what_is_cut_from_a_capture_proves_nothing() {
    for scenario in recorded().filter(|scenario| !is_made_elsewhere(scenario)) {
        for at in 1..12 {
            let head = move |number: u64, seen: Observation<'_>, each: &mut dyn FnMut(&Observation<'_>)| {
                if number <= at {
                    each(&seen);
                }
            };
            let tail = move |number: u64, seen: Observation<'_>, each: &mut dyn FnMut(&Observation<'_>)| {
                if number > at {
                    each(&seen);
                }
            };
            for cut in [&head as Change<'_>, &tail] {
                for end in ENDS {
                    let change = |here: &str| if here == end { cut } else { &as_it_is };
                    let together = joined(&ENDS.map(|here| (path(scenario, here), change(here))));
                    for outcome in &together.outcomes {
                        let kept = format!("{}: {end} cut at {at}", scenario.id);
                        assert!(!RST_MADE_BETWEEN.answer(outcome).is_yes(), "{kept}");
                        assert!(!RST_REACHED_ITS_RECEIVER.answer(outcome).is_no(), "{kept}");
                    }
                }
            }
        }
    }
}
