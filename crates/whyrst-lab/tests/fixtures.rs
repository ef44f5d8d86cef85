//! Every recorded fixture by every cause: the reports and the matrix that must come of them.
//!
//! `fixtures/<scenario>/` holds what the lab recorded: both captures, the kernel's events, and
//! `report.txt`, the text that both captures must lead to. `fixtures/matrix.txt` is one table of
//! all verdicts, from packets alone and with the kernel's word: a rule that creeps up on its
//! neighbour shows as one changed line. `WHYRST_BLESS=1` writes both; read the difference.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use whyrst_capture::{Capture, Step, recording};
use whyrst_core::language::Language;
use whyrst_core::outcome::{Outcome, OutcomeKind};
use whyrst_core::recording::Recording;
use whyrst_core::report::style::Style;
use whyrst_core::report::text::{self, Ladder};
use whyrst_core::report::{Context, json};
use whyrst_core::tracker::{Limits, Tracker};
use whyrst_core::verdict::{Confidence, Judgement, judge};
use whyrst_lab::scenario::{Scenario, Verdicts};
use whyrst_lab::scenarios;

const ENDS: [&str; 2] = ["client", "server"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
}

/// The outcomes in one end's capture, in order; with the kernel's word where `events` are given.
fn outcomes(scenario: &Scenario, end: &str, events: Option<&Recording>) -> Vec<Outcome> {
    let path = folder().join(scenario.id).join(end).with_extension("pcapng");
    let mut capture = Capture::open(&path, 0).unwrap_or_else(|error| panic!("{error}"));
    let mut tracker = Tracker::new(Limits::default());
    loop {
        match capture.next().expect("a fixture can be read") {
            Step::Observation(seen) => tracker.observe(&seen),
            Step::PassedOver(frame, reason) => panic!("frame {frame} of {} passed over: {reason}", path.display()),
            Step::Idle => {}
            Step::End => break,
        }
    }
    tracker.finish();
    std::iter::from_fn(|| tracker.poll())
        .map(|mut outcome| {
            if let Some(events) = events {
                events.note_word(&mut outcome);
            }
            outcome
        })
        .collect()
}

fn events(scenario: &Scenario) -> Recording {
    let path = folder().join(scenario.id).join("events.jsonl");
    let read = recording::open(&path).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(read.damaged_lines, 0, "{}", path.display());
    read.recording
}

fn verdicts(scenario: &Scenario, end: &str) -> Verdicts {
    if end == "client" { scenario.expect.client } else { scenario.expect.server }
}

fn expected(scenario: &Scenario, end: &str) -> (OutcomeKind, Vec<&'static str>) {
    match verdicts(scenario, end) {
        Verdicts::Resets(causes) => (OutcomeKind::Reset, causes.to_vec()),
        Verdicts::NoReset => (OutcomeKind::Reset, Vec::new()),
        Verdicts::FailedConnect(cause) => (OutcomeKind::FailedConnect, vec![cause]),
    }
}

fn id(judgement: &Judgement) -> &'static str {
    judgement.cause.map_or("unexplained", |cause| cause.id)
}

/// Equal to what the file holds; or, blessing, what the file holds from now on.
fn assert_snapshot(path: &Path, now: &str) {
    if std::env::var_os("WHYRST_BLESS").is_some() {
        fs::write(path, now).expect("the fixtures can be written");
        return;
    }
    let before = fs::read_to_string(path).unwrap_or_default();
    let first = before.lines().zip(now.lines()).find(|(before, now)| before != now);
    assert!(
        before == now,
        "{} is not what comes out now; first difference:\n- {}\n+ {}\nif that is right: WHYRST_BLESS=1 cargo test",
        path.display(),
        first.map_or("(length)", |(before, _)| before),
        first.map_or("(length)", |(_, now)| now),
    );
}

#[test]
fn every_scenario_has_its_fixture_and_every_fixture_its_scenario() {
    let wanted: BTreeSet<String> = scenarios().map(|scenario| scenario.id.to_owned()).collect();
    let entries = fs::read_dir(folder()).expect("fixtures/ is there").map(|entry| entry.expect("an entry"));
    let folders = entries.filter(|entry| entry.path().is_dir());
    let found: BTreeSet<String> = folders.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    assert_eq!(found, wanted, "record with `cargo xtask fixtures`");
}

#[test]
fn reports_read_as_recorded() {
    for scenario in scenarios() {
        let mut now = String::new();
        for end in ENDS {
            let context =
                Context { files: vec![format!("{end}.pcapng")], zone: TimeZone::UTC, language: Language::English };
            for outcome in outcomes(scenario, end, None) {
                let _ = writeln!(now, "=== {end}.pcapng\n");
                now.push_str(&text::report(&outcome, &context, Style::Plain, Ladder::Shown));
            }
        }
        assert!(
            now.lines().all(|line| line.starts_with("  filter ") || line.chars().count() <= 80),
            "{}: wider than 80 columns",
            scenario.id
        );
        assert_snapshot(&folder().join(scenario.id).join("report.txt"), &now);
    }
}

/// The fields of machine output that hold sentences; all others are the same in every language.
const TEXTS: [&str; 6] = ["title", "severity_reason", "told_apart_by", "advice", "text", "reading"];

fn without_texts(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::Object(fields) => {
            fields.retain(|name, _| !TEXTS.contains(&name.as_str()));
            fields.values_mut().for_each(without_texts);
        }
        serde_json::Value::Array(all) => all.iter_mut().for_each(without_texts),
        _ => {}
    }
}

/// Columns on a terminal: a Chinese character or mark takes two.
fn columns(line: &str) -> usize {
    line.chars().map(|character| if ('\u{2e80}'..='\u{ffef}').contains(&character) { 2 } else { 1 }).sum()
}

#[test]
fn in_chinese_every_report_keeps_its_columns_its_marks_and_its_ids() {
    let frame = ["依据", "未见", "影响", "处理", "详见"];
    for scenario in scenarios() {
        let events = events(scenario);
        for (end, recording) in ENDS.into_iter().flat_map(|end| [(end, None), (end, Some(&events))]) {
            let context = |language| Context { files: vec![format!("{end}.pcapng")], zone: TimeZone::UTC, language };
            let (english, chinese) = (context(Language::English), context(Language::Chinese));
            for outcome in outcomes(scenario, end, recording) {
                let report = text::report(&outcome, &chinese, Style::Plain, Ladder::Shown);
                let name = format!("{}/{end}", scenario.id);
                for line in report.lines() {
                    assert!(
                        line.starts_with("  过滤器 ") || columns(line) <= 80,
                        "{name}: wider than 80 columns: {line}"
                    );
                    assert!(
                        !line.trim_start().starts_with(['，', '。', '：', '；', '、', '）', '？']),
                        "{name}: {line}"
                    );
                    assert!(!line.ends_with(['（', '「']), "{name}: {line}");
                }
                let shown = frame.iter().filter(|label| report.contains(*label)).count();
                assert!(shown >= 2 && report.contains("：") && !report.contains("{}"), "{name}: {report}");
                let [mut english, mut chinese]: [serde_json::Value; 2] = [&english, &chinese]
                    .map(|context| serde_json::from_str(&json::line(&outcome, context)).expect("JSON"));
                assert_ne!(english["verdict"]["title"], chinese["verdict"]["title"], "{name}");
                without_texts(&mut english);
                without_texts(&mut chinese);
                assert_eq!(english, chinese, "{name}");
            }
        }
    }
}

#[test]
fn the_matrix_of_all_fixtures_by_all_causes() {
    let mut now = String::from(
        "# fixture/end: verdict (confidence) | others, best first. Packets alone, then with the kernel's word.\n",
    );
    for scenario in scenarios() {
        let events = events(scenario);
        for end in ENDS {
            for (what, recording) in [("packets", None), ("kernel", Some(&events))] {
                for outcome in outcomes(scenario, end, recording) {
                    let judgement = judge(&outcome);
                    let others: Vec<&str> = judgement.alternatives.iter().map(|other| other.id).collect();
                    let verdict = format!("{} ({})", id(&judgement), judgement.confidence.name());
                    let name = format!("{}/{end}", scenario.id);
                    let previews: String = judgement
                        .previews
                        .iter()
                        .map(|cause| format!(" | preview: {}", cause.id))
                        .collect::<Vec<_>>()
                        .concat();
                    let others = others.join(", ");
                    let _ = writeln!(now, "{name:<42} {what:<8} {verdict:<36} | {others}{previews}");
                }
            }
        }
    }
    assert_snapshot(&folder().join("matrix.txt"), &now);
}

#[test]
fn with_the_kernel_s_word_each_fixture_is_won_by_its_own_cause_or_what_nothing_can_tell_from_it() {
    for scenario in scenarios() {
        let events = events(scenario);
        for end in ENDS {
            let (kind, wanted) = expected(scenario, end);
            let found: Vec<Judgement> = outcomes(scenario, end, Some(&events))
                .iter()
                .filter(|outcome| outcome.kind() == kind)
                .map(judge)
                .collect();
            let ids: Vec<&str> = found.iter().map(id).collect();
            let mut rest = found.as_slice();
            for cause in &wanted {
                let run = rest.iter().take_while(|judgement| judgement.allows(cause)).count();
                assert!(run > 0, "{}/{end}: {ids:?}, not {wanted:?}", scenario.id);
                rest = &rest[run..];
            }
            assert!(rest.is_empty(), "{}/{end}: {ids:?}, not {wanted:?}", scenario.id);
        }
    }
}

#[test]
fn from_packets_alone_the_true_cause_is_named_and_no_other_is_called_likely() {
    for scenario in scenarios() {
        for end in ENDS {
            let (kind, wanted) = expected(scenario, end);
            for outcome in outcomes(scenario, end, None).iter().filter(|outcome| outcome.kind() == kind) {
                let judgement = judge(outcome);
                let others = judgement.alternatives.iter().map(|other| other.id);
                let named: Vec<&str> = others.chain([id(&judgement)]).collect();
                let name = format!("{}/{end}", scenario.id);
                assert!(named.iter().any(|cause| wanted.contains(cause)), "{name}: {named:?}, not {wanted:?}");
                let right = wanted.iter().any(|cause| judgement.allows(cause));
                assert!(
                    right || judgement.confidence <= Confidence::Possible,
                    "{name}: {} is wrong and sure",
                    id(&judgement)
                );
            }
        }
    }
}

#[test]
fn json_of_every_fixture_is_one_line_that_parses() {
    for scenario in scenarios() {
        for end in ENDS {
            let context =
                Context { files: vec![format!("{end}.pcapng")], zone: TimeZone::UTC, language: Language::English };
            for outcome in outcomes(scenario, end, None) {
                let line = json::line(&outcome, &context);
                assert!(!line.contains('\n'));
                let object: serde_json::Value = serde_json::from_str(&line).expect("JSON");
                assert_eq!(object["verdict"]["cause"], id(&judge(&outcome)));
            }
        }
    }
}
