//! `cargo xtask rst-bench`: a yardstick for every program that says why a connection was reset. The lab's recorded
//! plays, and fresh random variants of them played here and now, with the truth by the kernel's own events; other
//! programs and whyrst answer, and `contrib/rst-bench/score.py` counts. Writes docs/rst-bench.md and its Chinese.
//!
//! What others need to measure a program of their own is in `contrib/rst-bench`, without Rust.

mod page;
mod programs;
mod truth;
mod vary;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use whyrst_core::cause::Family;
use whyrst_core::causes;
use whyrst_core::language::Language;
use whyrst_lab::scenario::Scenario;
use whyrst_lab::{Turn, kernel_disagreement, play, scenario, scenarios};

use self::programs::{Program, View};
use self::vary::{Variant, vary};
use crate::shell::{self, is_root, root};

/// Where the results of the last run stand.
const PAGE: &str = "rst-bench.md";

/// The seed of the page that is checked in. Any other makes a yardstick that nobody has seen.
const SEED: u64 = 1;

/// Attempts at a play that a busy machine disturbed.
const ATTEMPTS: usize = 3;

/// What was asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Plan {
    seed: u64,
    plays: u64,
    out: Option<PathBuf>,
    source: Source,
    ids: Vec<String>,
}

/// Where plays and answers come from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Source {
    /// They are made now.
    Now,
    /// Of the last run with this seed, as far as they are there: to go on, or to write the pages once more.
    LastRun,
}

impl Plan {
    /// `--seed N`, `--plays N` (variants of each scenario), `--out FOLDER` (only play, into that folder), `--again` (with
    /// what the last run has left), and ids of scenarios; all without an id.
    fn of(words: &[&str]) -> Result<Self> {
        let mut plan = Self { seed: SEED, plays: 1, out: None, source: Source::Now, ids: Vec::new() };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let mut next = || words.next().with_context(|| format!("{word} needs a value"));
            let number = |text: &str| text.parse().with_context(|| format!("{word} {text}: not a number"));
            match *word {
                "--seed" => plan.seed = number(next()?)?,
                "--plays" => plan.plays = number(next()?)?,
                "--again" => plan.source = Source::LastRun,
                "--out" => plan.out = Some(next()?.into()),
                option if option.starts_with('-') => bail!("there is no option {option}"),
                id if scenario(id).is_none() => bail!("there is no scenario {id}; `whyrst lab list` lists them"),
                id => plan.ids.push(id.to_owned()),
            }
        }
        Ok(plan)
    }

    fn scenarios(&self) -> impl Iterator<Item = &'static Scenario> + '_ {
        scenarios().filter(|scenario| self.ids.is_empty() || self.ids.iter().any(|id| id == scenario.id))
    }

    /// Only the usual run of everything is the one that the page tells of.
    fn is_for_the_page(&self) -> bool {
        self.ids.is_empty()
    }
}

/// The files that are checked in: the truth about the fixtures, and the vocabulary.
fn generated() -> Result<BTreeMap<&'static str, String>> {
    let recorded = recorded(&Plan::of(&[])?, &root().join("fixtures"), "../../fixtures");
    Ok(BTreeMap::from([("cases.jsonl", recorded.lines()), ("vocabulary.tsv", vocabulary())]))
}

/// A quick look, without playing anything: the scorer's own tests, and whether truth and vocabulary are fresh.
pub fn check() -> Result<()> {
    shell::run(Command::new("python3").args(["-B", "-m", "unittest", "-q", "test_score"]).current_dir(folder()))?;
    for (name, wanted) in generated()? {
        let found = fs::read_to_string(folder().join(name)).unwrap_or_default();
        if found != wanted {
            bail!("contrib/rst-bench/{name} is stale: run `cargo xtask rst-bench --write` and commit");
        }
    }
    println!("rst-bench: scorer, truth and vocabulary are as they should be");
    Ok(())
}

/// Writes the files that [`check`] compares.
pub fn write() -> Result<()> {
    for (name, text) in generated()? {
        let path = folder().join(name);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        println!("rst-bench: {}", path.display());
    }
    for (name, why) in recorded(&Plan::of(&[])?, &root().join("fixtures"), "../../fixtures").dropped {
        println!("rst-bench: {name} is left out: {why:?}");
    }
    Ok(())
}

/// Plays the variants, asks every program, and writes the page.
pub fn run(words: &[&str]) -> Result<()> {
    let plan = Plan::of(words)?;
    if !is_root() {
        bail!("variants must be played as root, so that the kernels can be asked");
    }
    if let Some(out) = &plan.out {
        return give_away(&plan, out);
    }
    let whyrst = shell::whyrst()?;
    let programs = programs::all(&whyrst)?;
    let out = shell::target().join("rst-bench").join(plan.seed.to_string());
    if plan.source == Source::Now && out.exists() {
        fs::remove_dir_all(&out).with_context(|| format!("cannot empty {}", out.display()))?;
    }
    let files = recorded(&plan, &root().join("fixtures"), &root().join("fixtures").display().to_string());
    let fresh = fresh(&plan, &out.join("fresh"))?;
    let sets = [("recorded", files), ("fresh", fresh)];
    let mut tables = Vec::new();
    for (name, set) in &sets {
        let cases = set.write(&out.join(name))?;
        tables.push(scores(&programs, &plan, &cases, &out.join(name))?);
    }
    for (set, table) in sets.iter().zip(&tables) {
        println!("\n{}: {}\n{}", set.0, set.1.words(), page::table(table, Language::English));
    }
    if plan.is_for_the_page() {
        for language in Language::ALL {
            let path = root().join("docs").join(language.pick("", "zh")).join(PAGE);
            let text = page::text(&plan, &sets, &tables, language);
            fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        }
        println!("rst-bench: written to docs/{PAGE} and docs/zh/{PAGE}");
    }
    println!("rst-bench: cases and answers are in {}", out.display());
    Ok(())
}

/// Plays the variants into a new folder, for whoever measures a program of their own.
fn give_away(plan: &Plan, out: &Path) -> Result<()> {
    if fs::read_dir(out).is_ok_and(|mut entries| entries.next().is_some()) {
        bail!("{} is not empty", out.display());
    }
    let cases = fresh(plan, out)?.write(out)?;
    println!("rst-bench: written to {}", cases.display());
    Ok(())
}

fn folder() -> PathBuf {
    root().join("contrib/rst-bench")
}

/// Cases, and the plays of which none was made.
#[derive(Debug, Default)]
struct Set {
    cases: Vec<Value>,
    /// Which play, and why.
    dropped: Vec<(String, Dropped)>,
}

/// Why a play is no case.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Dropped {
    /// A call returned something else than in the scenario.
    AnotherStory(String),
    /// The kernel's events are others.
    AnotherEvent(String),
    /// The captures do not say which RST has which cause.
    NoTruth(String),
    /// The lab could not play it.
    NotPlayed(String),
}

impl Dropped {
    /// The file in a play's folder that says why it is no case.
    const FILE: &str = "dropped.txt";

    fn write(&self, place: &Path) -> Result<()> {
        let (kind, why) = match self {
            Self::AnotherStory(why) => ("story", why),
            Self::AnotherEvent(why) => ("event", why),
            Self::NoTruth(why) => ("truth", why),
            Self::NotPlayed(why) => ("play", why),
        };
        fs::write(place.join(Self::FILE), format!("{kind}\n{why}\n")).context("cannot say why a play was dropped")
    }

    fn read(place: &Path) -> Option<Self> {
        let text = fs::read_to_string(place.join(Self::FILE)).ok()?;
        let (kind, why) = text.trim_end().split_once('\n')?;
        let why = why.to_owned();
        Some(match kind {
            "story" => Self::AnotherStory(why),
            "event" => Self::AnotherEvent(why),
            "truth" => Self::NoTruth(why),
            _ => Self::NotPlayed(why),
        })
    }
}

impl Set {
    fn lines(&self) -> String {
        self.cases.iter().fold(String::new(), |lines, case| lines + &case.to_string() + "\n")
    }

    /// Into `folder`; returns where.
    fn write(&self, folder: &Path) -> Result<PathBuf> {
        let cases = folder.join("cases.jsonl");
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        fs::write(&cases, self.lines()).with_context(|| format!("cannot write {}", cases.display()))?;
        Ok(cases)
    }

    fn resets(&self, view: &str) -> usize {
        self.cases.iter().map(|case| case["resets"][view].as_array().map_or(0, Vec::len)).sum()
    }

    /// How many plays were dropped: another story, another event, no single truth, not played.
    fn dropped(&self) -> [usize; 4] {
        let mut counts = [0; 4];
        for (_, why) in &self.dropped {
            counts[match why {
                Dropped::AnotherStory(_) => 0,
                Dropped::AnotherEvent(_) => 1,
                Dropped::NoTruth(_) => 2,
                Dropped::NotPlayed(_) => 3,
            }] += 1;
        }
        counts
    }

    fn words(&self) -> String {
        let [story, event, truth, unplayed] = self.dropped();
        format!(
            "{} cases; dropped: {story} that took another course, {event} with other kernel events, {truth} without \
             one truth for each reset, {unplayed} not played",
            self.cases.len()
        )
    }
}

/// What lies in `fixtures/`. `seen_from` is that folder as the file of cases names it.
fn recorded(plan: &Plan, fixtures: &Path, seen_from: &str) -> Set {
    let mut set = Set::default();
    for scenario in plan.scenarios() {
        match truth::resets(scenario, &fixtures.join(scenario.id)) {
            Ok(resets) => {
                let place = format!("{seen_from}/{}", scenario.id);
                set.cases.push(case(scenario.id, scenario, &place, &[], &resets));
            }
            Err(why) => set.dropped.push((scenario.id.into(), Dropped::NoTruth(format!("{why:#}")))),
        }
    }
    set
}

/// Plays fresh variants and keeps them in `folder`.
fn fresh(plan: &Plan, folder: &Path) -> Result<Set> {
    let mut set = Set::default();
    let began = Instant::now();
    for scenario in plan.scenarios() {
        for number in 0..plan.plays {
            let variant = vary(scenario, plan.seed.wrapping_mul(1_000_003).wrapping_add(number));
            let name = format!("{}.{}", scenario.id, number + 1);
            let place = folder.join(&name);
            let resets = match plan.source {
                Source::LastRun if place.exists() => left(&variant, &place),
                _ => kept(&variant, &place)?,
            };
            match resets {
                Ok(resets) => set.cases.push(case(&name, scenario, &name, &variant.changes, &resets)),
                Err(why) => {
                    fs::create_dir_all(&place).with_context(|| format!("cannot make {}", place.display()))?;
                    why.write(&place)?;
                    println!("   {name} dropped ({}): {why:?}", variant.changes.join(", "));
                    set.dropped.push((name, why));
                }
            }
        }
    }
    println!("rst-bench: {} in {} s", set.words(), began.elapsed().as_secs());
    Ok(set)
}

/// What the last run has left of a variant.
fn left(variant: &Variant, place: &Path) -> Result<Value, Dropped> {
    match Dropped::read(place) {
        Some(why) => Err(why),
        None => truth::resets(variant.scenario, place).map_err(|why| Dropped::NoTruth(format!("{why:#}"))),
    }
}

/// Plays a variant; keeps it where the calls return what the scenario says and the kernels say what it expects.
fn kept(variant: &Variant, folder: &Path) -> Result<Result<Value, Dropped>> {
    for attempt in 1..=ATTEMPTS {
        let _turn = Turn::take();
        let played = match play(variant.scenario) {
            Ok(played) => played,
            Err(interrupted @ whyrst_lab::LabError::Interrupted { .. }) => return Err(interrupted.into()),
            Err(error) => return Ok(Err(Dropped::NotPlayed(error.to_string()))),
        };
        if let Err(why) = &played.kernel {
            bail!("the kernel was not asked: {why}");
        }
        let story = played.disagreements.first().cloned().map(Dropped::AnotherStory);
        let lost = played.ends.iter().any(|end| end.dropped > 0);
        let lost = lost.then(|| Dropped::AnotherStory("a capture lost packets".into()));
        let wrong = story.or(lost).or_else(|| kernel_disagreement(&played).map(Dropped::AnotherEvent));
        match wrong {
            Some(_) if played.disturbance.is_some() && attempt < ATTEMPTS => {}
            Some(wrong) => return Ok(Err(wrong)),
            None => {
                played.keep(folder).with_context(|| format!("cannot keep {}", folder.display()))?;
                let resets = truth::resets(variant.scenario, folder);
                return Ok(resets.map_err(|why| Dropped::NoTruth(format!("{why:#}"))));
            }
        }
    }
    Ok(Err(Dropped::AnotherStory("the machine was too busy".into())))
}

/// One line of `cases.jsonl`.
fn case(name: &str, scenario: &Scenario, place: &str, changes: &[String], resets: &Value) -> Value {
    let file = |name: &str| format!("{place}/{name}");
    json!({
        "schema": "rst-bench.case/1",
        "case": name,
        "scenario": scenario.id,
        "captures": { "client": file("client.pcapng"), "server": file("server.pcapng") },
        "kernel": { "events": file("events.jsonl"), "live": file("live.jsonl") },
        "changes": changes,
        "resets": resets,
    })
}

/// Every word of the vocabulary: what is asked, the word, and what it means.
fn vocabulary() -> String {
    let mut lines = vec!["# question\tword\tmeaning".to_owned()];
    let phases = [
        ("opening", "the capture shows no complete handshake before the RST"),
        ("open", "the capture shows SYN, SYN-ACK and the ACK of it before the RST"),
    ];
    lines.extend(phases.map(|(word, meaning)| format!("phase\t{word}\t{meaning}")));
    lines.extend(Family::ALL.iter().map(|family| format!("family\t{}\t{}", family.name(), page::meaning(*family))));
    lines.extend(causes::mechanisms().map(|how| format!("mechanism\t{}\t{}", how.id, how.en.title)));
    lines.join("\n") + "\n"
}

/// What every program makes of the cases: its row of the table for each view.
fn scores(programs: &[Program], plan: &Plan, cases: &Path, folder: &Path) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for program in programs {
        for view in program.views {
            let name = format!("{}-{}", program.name, view.name).replace([' ', '+'], "-");
            let answers = folder.join(format!("{name}.jsonl"));
            if plan.source == Source::Now || !answers.exists() {
                program.answer(view, cases, &answers)?;
            }
            let output = Command::new("python3")
                .arg(self::folder().join("score.py"))
                .args(["--json", "--view", view.truth])
                .args([cases, &answers])
                .output()
                .context("cannot run python3")?;
            if !output.status.success() {
                bail!("score.py {}: {}", answers.display(), String::from_utf8_lossy(&output.stderr));
            }
            let score = serde_json::from_slice(&output.stdout).context("cannot read a score")?;
            rows.push(Row { program: program.title.clone(), view: *view, score });
        }
    }
    Ok(rows)
}

/// What one program said of one view.
#[derive(Debug)]
struct Row {
    program: String,
    view: View,
    score: Value,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_say_which_seed_and_how_often() {
        let plan = Plan::of(&["--seed", "9", "--plays", "3", "linger-zero"]).expect("a plan");
        assert_eq!((plan.seed, plan.plays, plan.source), (9, 3, Source::Now));
        assert_eq!((plan.out.as_ref(), plan.ids.as_slice()), (None, ["linger-zero".to_owned()].as_slice()));
        assert!(Plan::of(&["--seed"]).is_err() && Plan::of(&["--loud"]).is_err() && Plan::of(&["no-such"]).is_err());
        assert!(!plan.is_for_the_page());
    }

    #[test]
    fn why_a_play_was_dropped_is_still_known_in_the_next_run() {
        let place = shell::Scratch::new("rst-bench-dropped").expect("a folder");
        assert_eq!(Dropped::read(place.path()), None);
        let why = Dropped::AnotherEvent("the kernels should say nothing".into());
        why.write(place.path()).expect("written");
        assert_eq!(Dropped::read(place.path()), Some(why));
    }

    #[test]
    fn every_word_of_the_vocabulary_has_a_meaning() {
        for line in vocabulary().lines() {
            let fields: Vec<&str> = line.split('\t').collect();
            assert!(fields.len() == 3 && fields.iter().all(|field| !field.is_empty()), "{line}");
        }
    }

    #[test]
    fn the_recorded_truth_knows_who_made_a_reset_and_how() {
        let plan = Plan::of(&["close-unread", "injected-rst", "closed-port"]).expect("a plan");
        let set = recorded(&plan, &root().join("fixtures"), "fixtures");
        let of = |id: &str| {
            let case = set.cases.iter().find(|case| case["case"] == id).expect("a case");
            case["resets"]["client"][0].clone()
        };
        let unread = of("close-unread");
        assert_eq!(unread["mechanism"], json!(["close-unread"]));
        assert_eq!(unread["maker"], json!(["10.77.0.2:8888"]));
        assert_eq!((&unread["phase"], &unread["kernel"]), (&json!(["open"]), &json!("TCP_ABORT_ON_CLOSE")));
        assert_eq!(of("injected-rst")["maker"], json!(["neither"]));
        assert_eq!(of("closed-port")["phase"], json!(["opening"]));
    }
}
