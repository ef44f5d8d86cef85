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
use whyrst_core::causes;
use whyrst_core::kernel::KernelWord;
use whyrst_core::language::Language;
use whyrst_core::outcome::{Outcome, OutcomeKind};
use whyrst_core::recording::Recording;
use whyrst_core::report::beside::beside;
use whyrst_core::report::layout::columns;
use whyrst_core::report::style::Style;
use whyrst_core::report::text;
use whyrst_core::report::{Context, json};
use whyrst_core::tracker::{Limits, Tracker};
use whyrst_core::verdict::{Confidence, Judgement, judge};
use whyrst_lab::answers::{disagreement, firsts, live_disagreement};
use whyrst_lab::runs::{self, Packed};
use whyrst_lab::scenario::{Expect, Host, Scenario, View};
use whyrst_lab::scenarios;
use whyrst_model::beside::Comparison;

const ENDS: [Host; 2] = [Host::Client, Host::Server];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
}

/// The outcomes in one end's capture, in order; with the kernel's word where `events` are given.
fn outcomes(scenario: &Scenario, end: Host, events: Option<&Recording>) -> Vec<Outcome> {
    let path = folder().join(scenario.id).join(end.name()).with_extension("pcapng");
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

fn recording_of(scenario: &Scenario, name: &str) -> Recording {
    let path = folder().join(scenario.id).join(name);
    let read = recording::open(&path).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(read.damaged_lines, 0, "{}", path.display());
    read.recording
}

fn events(scenario: &Scenario) -> Recording {
    recording_of(scenario, "events.jsonl")
}

/// From both ends, without and with the kernel's word.
fn views(scenario: &Scenario) -> Vec<(Host, View, Vec<Outcome>)> {
    let events = events(scenario);
    let view_of = |end, view| {
        let recording = (view == View::Kernel).then_some(&events);
        (end, view, outcomes(scenario, end, recording))
    };
    ENDS.into_iter().flat_map(|end| View::OF_CAPTURES.map(|view| view_of(end, view))).collect()
}

/// What the probe told, with the verdict on it.
fn told(scenario: &Scenario) -> impl Iterator<Item = (Outcome, Judgement)> {
    recording_of(scenario, "live.jsonl").told.into_iter().map(|told| {
        let outcome = told.reset.outcome();
        let judgement = judge(&outcome);
        (outcome, judgement)
    })
}

fn context(end: Host, language: Language) -> Context {
    Context { files: vec![format!("{}.pcapng", end.name())], zone: TimeZone::UTC, language }
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

fn report(outcome: &Outcome, end: Host, language: Language) -> String {
    text::report(outcome, &context(end, language), Style::Plain, text::View::PIPED)
}

#[test]
fn reports_read_as_recorded() {
    for scenario in scenarios() {
        let mut now = String::new();
        for end in ENDS {
            for outcome in outcomes(scenario, end, None) {
                let _ = writeln!(now, "=== {}.pcapng\n", end.name());
                now.push_str(&report(&outcome, end, Language::English));
            }
        }
        assert_snapshot(&folder().join(scenario.id).join("report.txt"), &now);
    }
}

/// One screen, as terminals begin.
const SCREEN: (usize, usize) = (24, 80);

#[test]
fn every_report_fits_one_screen_and_nine_of_ten_begin_with_what_is_sure() {
    let (mut resets, mut sure, mut unsure, mut long) = (0, 0, Vec::new(), Vec::new());
    for scenario in scenarios() {
        for (end, view, outcomes) in views(scenario) {
            for outcome in outcomes {
                let report = report(&outcome, end, Language::English);
                let name = format!("{}/{} {}", scenario.id, end.name(), view.name());
                let (lines, width) = SCREEN;
                let found = report.trim_end().lines().count();
                if found > lines {
                    long.push(format!("{name}: {found} lines"));
                }
                let wide = report.lines().find(|line| columns(line) > width);
                assert_eq!(wide, None, "{name}: wider than {width} columns");
                if outcome.kind() != OutcomeKind::Reset {
                    continue;
                }
                resets += 1;
                let second = report.lines().nth(1).unwrap_or_default();
                if second.starts_with("CERTAIN") || second.starts_with("LIKELY") {
                    sure += 1;
                } else {
                    unsure.push(format!("{name}: {second}"));
                }
            }
        }
    }
    assert!(long.is_empty(), "longer than a screen:\n{}", long.join("\n"));
    assert!(sure * 10 >= resets * 9, "only {sure} of {resets}:\n{}", unsure.join("\n"));
}

/// The fields of machine output that hold sentences; all others are the same in every language.
const TEXTS: [&str; 10] = [
    "title",
    "headline",
    "confirm",
    "severity_reason",
    "told_apart_by",
    "advice",
    "text",
    "reading",
    "meaning",
    "accepted_because",
];

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

#[test]
fn in_chinese_every_report_keeps_its_columns_its_marks_and_its_ids() {
    let labels = ["待定", "判别", "处理", "依据", "反证", "损失", "详见"];
    for scenario in scenarios() {
        for (end, view, outcomes) in views(scenario) {
            for outcome in outcomes {
                let chinese = report(&outcome, end, Language::Chinese);
                let name = format!("{}/{} {}", scenario.id, end.name(), view.name());
                for line in chinese.lines() {
                    assert!(columns(line) <= SCREEN.1, "{name}: wider than 80 columns: {line}");
                    assert!(
                        !line.trim_start().starts_with(['，', '。', '：', '；', '、', '）', '？']),
                        "{name}: {line}"
                    );
                    assert!(!line.ends_with(['（', '「']), "{name}: {line}");
                }
                let shown = labels.iter().filter(|label| chinese.contains(*label)).count();
                assert!(shown >= 2 && !chinese.contains("{}"), "{name}: {chinese}");
                let [mut english, mut chinese]: [serde_json::Value; 2] =
                    [Language::English, Language::Chinese].map(|language| {
                        serde_json::from_str(&json::line(&outcome, &context(end, language))).expect("JSON")
                    });
                assert_ne!(english["verdict"]["title"], chinese["verdict"]["title"], "{name}");
                without_texts(&mut english);
                without_texts(&mut chinese);
                assert_eq!(english, chinese, "{name}");
            }
        }
    }
}

/// `family (certain), mechanism (possible), reason (likely) | open others | further reasons | preview: others`.
fn row(judgement: &Judgement) -> String {
    let sure = |id: &str, how| format!("{id} ({how})");
    let shape = judgement.shape.map_or_else(|| "-".into(), |shape| sure(shape.family.name(), shape.confidence));
    let how = judgement.mechanism.as_ref();
    let mechanism = how.map_or_else(|| "unexplained".into(), |how| sure(how.cause.id, how.confidence));
    let mut reasons = judgement.reasons.iter().map(|reason| sure(reason.cause.id, reason.confidence));
    let reason = reasons.next().unwrap_or_else(|| "-".into());
    let open: Vec<&str> = how.iter().flat_map(|how| &how.open).map(|other| other.id).collect();
    let mut row = format!("{shape:<28} {mechanism:<36} {reason:<32} | {}", open.join(", "));
    let further: Vec<String> = reasons.collect();
    if !further.is_empty() {
        let _ = write!(row, " | {}", further.join(", "));
    }
    for preview in &judgement.previews {
        let _ = write!(row, " | preview: {}", preview.id);
    }
    row.trim_end().to_owned()
}

#[test]
fn the_matrix_of_all_fixtures_by_all_causes() {
    let mut now = String::from(
        "# fixture/end, from packets alone or with the kernel's word, or from the sockets of that end alone: family, mechanism, first reason | open others, \
         best first | further reasons\n",
    );
    for scenario in scenarios() {
        for (end, view, outcomes) in views(scenario) {
            for outcome in outcomes {
                let name = format!("{}/{}", scenario.id, end.name());
                let _ = writeln!(now, "{name:<42} {:<8} {}", view.name(), row(&judge(&outcome)));
            }
        }
        for (outcome, judgement) in told(scenario) {
            let by = if matches!(outcome.kernel(), KernelWord::Sent(_)) { "sender" } else { "receiver" };
            let _ = writeln!(now, "{:<42} {:<8} {}", format!("{}/{by}", scenario.id), "sockets", row(&judgement));
        }
    }
    assert_snapshot(&folder().join("matrix.txt"), &now);
}

/// The end whose capture has the reset: the client's, or where nothing reached it the server's.
fn telling_end(scenario: &Scenario) -> Host {
    ENDS.into_iter().find(|end| !outcomes(scenario, *end, None).is_empty()).unwrap_or(Host::Client)
}

/// What `crates/whyrst-lab/runs.zst` holds: of each cause its first scenario.
fn first_runs() -> Vec<(String, Vec<u8>)> {
    let leading = causes::ALL.iter().filter_map(|cause| runs::leading(cause.id));
    leading
        .flat_map(|scenario| {
            let capture = format!("{}.pcapng", telling_end(scenario).name());
            [(capture.as_str(), "pcapng"), ("events.jsonl", "jsonl")].map(|(file, kind)| {
                let content = fs::read(folder().join(scenario.id).join(file)).expect("a fixture can be read");
                (format!("{}.{kind}", scenario.id), content)
            })
        })
        .collect()
}

#[test]
fn the_program_brings_the_first_run_of_each_cause() {
    let wanted = first_runs();
    let wanted: Vec<Packed<'_>> = wanted.iter().map(|(name, content)| Packed { name, content }).collect();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("runs.zst");
    if std::env::var_os("WHYRST_BLESS").is_some() {
        // As it was where nothing has changed: another zstd packs the same in other octets.
        if runs::unpacked(runs::brought()).ne(wanted.iter().copied()) {
            fs::write(&path, runs::pack(wanted).expect("memory")).expect("the runs can be written");
        }
        return;
    }
    let size = fs::metadata(&path).expect("runs.zst is there").len();
    assert!(size < 64 << 10, "every program that is built has {size} bytes of recorded runs in it");
    assert!(
        runs::unpacked(runs::brought()).eq(wanted),
        "runs.zst is not what fixtures/ holds: WHYRST_BLESS=1 cargo test -p whyrst-lab --test fixtures"
    );
}

#[test]
fn each_first_run_stands_beside_itself_without_any_difference() {
    if std::env::var_os("WHYRST_BLESS").is_some() {
        // The runs that this program was built with are about to be those of before.
        return;
    }
    for cause in causes::ALL.iter().filter(|cause| runs::leading(cause.id).is_some()) {
        let run = runs::run(cause.id, Language::English).unwrap_or_else(|| panic!("{} has no run", cause.id));
        let told = beside(&run.report, &run, Language::English);
        let equal = told.packets.iter().all(|row| row.comparison == Comparison::Equal);
        assert!(equal && told.signs.iter().all(|row| row.comparison == Comparison::Equal), "{}: {told:#?}", cause.id);
        assert!(!told.packets.is_empty(), "{}: no packet", cause.id);
    }
}

#[test]
fn each_step_answers_first_what_the_scenario_says() {
    let mut wrong = Vec::new();
    for scenario in scenarios() {
        for (end, view, outcomes) in views(scenario) {
            let judgements: Vec<Judgement> = outcomes.iter().map(judge).collect();
            let disagreement = disagreement(&scenario.expect, end, view, &firsts(&judgements));
            wrong.extend(disagreement.map(|how| format!("{}: {how}", scenario.id)));
        }
    }
    assert!(wrong.is_empty(), "{} disagree:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn sockets_alone_answer_what_the_scenario_says_or_nothing_surely() {
    let mut wrong = Vec::new();
    for scenario in scenarios() {
        for (outcome, judgement) in told(scenario) {
            let disagreement = live_disagreement(&scenario.expect, &outcome, &judgement);
            wrong.extend(disagreement.map(|how| format!("{}: {how}", scenario.id)));
        }
    }
    assert!(wrong.is_empty(), "{} disagree:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn each_exception_makes_a_difference_and_says_why() {
    for scenario in scenarios() {
        for but in scenario.expect.but {
            assert!(but.because.split_whitespace().count() >= 5, "{}: {:?} says not why", scenario.id, but.because);
            let counts = |end, view| scenario.expect.exception(end, view).is_some_and(|it| std::ptr::eq(it, but));
            let ordinary = Expect { but: &[], ..scenario.expect };
            let differs = |end, view| counts(end, view) && ordinary.firsts(end, view) != but.firsts;
            let of_sockets = ENDS.iter().any(|end| counts(*end, View::Sockets));
            let of_captures = ENDS.iter().any(|end| View::OF_CAPTURES.iter().any(|view| differs(*end, *view)));
            let makes_a_difference = of_sockets || of_captures;
            assert!(makes_a_difference, "{}: {but:?}", scenario.id);
        }
    }
}

#[test]
fn json_of_every_fixture_is_one_line_that_parses() {
    for scenario in scenarios() {
        for end in ENDS {
            for outcome in outcomes(scenario, end, None) {
                let line = json::line(&outcome, &context(end, Language::English));
                assert!(!line.contains('\n'));
                let object: serde_json::Value = serde_json::from_str(&line).expect("JSON");
                assert_eq!(object["verdict"]["cause"], id(&judge(&outcome)));
            }
        }
    }
}

/// What two parts of one report must not say, in the words that a reader sees.
#[test]
fn no_report_contradicts_itself_or_leaves_a_command_unfinished() {
    let mut wrong = Vec::new();
    for scenario in scenarios() {
        for (end, view, outcomes) in views(scenario) {
            for outcome in outcomes {
                let report = report(&outcome, end, Language::English);
                let name = format!("{}/{} {}", scenario.id, end.name(), view.name());
                let sure = judge(&outcome).confidence;
                wrong.extend(faults(&report, sure).into_iter().map(|fault| format!("{name}: {fault}\n{report}")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn faults(report: &str, sure: Confidence) -> Vec<&'static str> {
    let words: String = report.split_whitespace().collect::<Vec<_>>().join(" ");
    let packets: Vec<&str> = report.lines().filter(|line| line.contains("-->") || line.contains("<--")).collect();
    let before_rst = packets.iter().take_while(|line| !line.starts_with('>') || !line.contains("RST"));
    let closed = before_rst.last().is_some_and(|line| line.ends_with("win 0") || line.ends_with("win 0     -->"));
    // Where a quotation of what an end said stands is its own affair.
    let ours: Vec<&str> = words.split('`').collect();
    let commands = || ours.iter().skip(1).step_by(2);
    let template = |command: &&str| {
        ["PORT", "HOST", "SERVER", "SENDER"]
            .iter()
            .any(|word| command.split(|one: char| !one.is_alphanumeric() && one != '_').any(|part| part == *word))
            || ["{client}", "{server}", "{sender}", "{receiver}", "the server", "the client"]
                .iter()
                .any(|word| command.contains(word))
    };
    let mut lines: Vec<&str> = report.lines().map(str::trim).filter(|line| line.len() > 40).collect();
    let all = lines.len();
    lines.sort_unstable();
    lines.dedup();
    let found = [
        (words.contains("no data was lost") && closed, "that nothing was lost beside a closed window"),
        (
            words.contains("had no effect") && words.contains("(\"connection re"),
            "an error that a RST without effect does not cause",
        ),
        (words.contains("4294967") || words.contains("429396"), "a number that wrapped"),
        (lines.len() < all, "one line twice"),
        (commands().any(template), "a command with a place to fill in"),
        (
            words.contains("1 signs") || words.contains(" 1 connections") || words.contains(" 1 bytes"),
            "a plural of one",
        ),
        (words.contains("goodbye") && words.contains("at most"), "a loss beside nothing but a goodbye"),
        (words.contains("policy: a rule") && sure <= Confidence::Possible, "somebody's will as a fact"),
    ];
    found.into_iter().filter(|(is_so, _)| *is_so).map(|(_, fault)| fault).collect()
}
