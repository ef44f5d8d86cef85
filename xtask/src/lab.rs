//! `cargo xtask lab`: the same answers every time, also on a busy machine. Every scenario is played again and again
//! while busy loops take the processors away; what each step of each verdict answers first must be what the
//! scenario says, and the same in every play.

mod page;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use whyrst_lab::scenarios;

use crate::shell::{self, is_root, root};

/// Where the result of the last run of everything stands.
pub const PAGE: &str = "docs/lab.md";

/// What was asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Plan {
    repeat: usize,
    load: usize,
    ids: Vec<String>,
}

/// Plays what `words` say and fails where an answer is another than the scenario's, or than the one before.
pub fn run(words: &[&str]) -> Result<()> {
    let plan = Plan::of(words)?;
    let result = plan.play(None)?;
    println!("\n{}", result.table());
    if plan.ids.is_empty() {
        fs::write(root().join(PAGE), page::text(&plan, &result)).with_context(|| format!("cannot write {PAGE}"))?;
        println!("lab: written to {PAGE}");
    }
    result.check()
}

/// Plays everything once under load and keeps what was recorded in `folder`.
pub fn once_under_load(load: usize, folder: &Path) -> Result<()> {
    let result = Plan { repeat: 1, load, ids: Vec::new() }.play(Some(folder))?;
    println!("{}", result.table());
    result.check()
}

impl Plan {
    /// `--repeat N`, `--load N` and the ids of scenarios or causes; everything without an id.
    fn of(words: &[&str]) -> Result<Self> {
        let mut plan = Self { repeat: 1, load: 0, ids: Vec::new() };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let mut number = || -> Result<usize> {
                let next = words.next().with_context(|| format!("{word} needs a number"))?;
                next.parse().with_context(|| format!("{word} {next}: not a number"))
            };
            match *word {
                "--repeat" => plan.repeat = number()?.max(1),
                "--load" => plan.load = number()?,
                option if option.starts_with('-') => bail!("there is no option {option}"),
                id => plan.ids.push(id.to_owned()),
            }
        }
        Ok(plan)
    }

    fn play(&self, keep: Option<&Path>) -> Result<Played> {
        let whyrst = shell::whyrst()?;
        let _load = Load::begin(self.load)?;
        let mut played = Played::default();
        for repetition in 1..=self.repeat {
            let began = Instant::now();
            let plays = self.play_once(&whyrst, keep)?;
            let failed = plays.iter().filter(|play| !play.passed).count();
            let seconds = began.elapsed().as_secs();
            println!("lab: {repetition} of {}: {} plays, {failed} failed, {seconds} s", self.repeat, plays.len());
            played.took += began.elapsed();
            for play in plays {
                played.of.entry(play.id.clone()).or_default().push(play);
            }
        }
        Ok(played)
    }

    fn play_once(&self, whyrst: &Path, keep: Option<&Path>) -> Result<Vec<Play>> {
        let mut lab = Command::new(whyrst);
        lab.args(["lab", "run", "--format", "json"]);
        if self.ids.is_empty() {
            lab.arg("--all")
        } else {
            lab.args(&self.ids)
        };
        keep.map(|folder| lab.arg("--keep").arg(folder));
        let output = lab.stderr(Stdio::inherit()).output().context("cannot run whyrst")?;
        // A scenario that failed is counted below.
        if output.status.code().is_none_or(|code| code > 1) {
            bail!("{lab:?} ended with {}", output.status);
        }
        let lines = output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines.map(|line| Ok(Play::of(&serde_json::from_slice(line).context("cannot read a result")?))).collect()
    }
}

/// One play: what each end, and the sockets alone, answered first.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Play {
    id: String,
    passed: bool,
    answers: Answers,
    disagreements: Vec<String>,
    /// Attempts that did not count, because the lab itself was late.
    unfair: u64,
}

/// The first answers of each step: client, server, sockets.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Answers([Vec<String>; 3]);

impl Play {
    fn of(result: &Value) -> Self {
        let texts = |value: &Value| value.as_array().into_iter().flatten().map(text).collect();
        let [client, server, mut sockets] =
            ["client", "server", "live"].map(|end| firsts(&result[format!("verdict_{end}")]));
        // Events of two processors have no order.
        sockets.sort();
        sockets.dedup();
        Self {
            id: text(&result["id"]),
            passed: result["passed"] == true,
            answers: Answers([client, server, sockets]),
            disagreements: texts(&result["disagreements"]),
            unfair: result["attempts"].as_u64().unwrap_or(1).saturating_sub(1),
        }
    }
}

/// The first answers in order; equal ones in a row are one.
fn firsts(verdicts: &Value) -> Vec<String> {
    let steps = |verdict: &Value| {
        let steps = ["family", "mechanism", "reason"].map(|step| &verdict[step]);
        let named: Vec<String> = steps.into_iter().filter(|step| !step.is_null()).map(text).collect();
        named.join(", ")
    };
    let mut firsts: Vec<String> = verdicts.as_array().into_iter().flatten().map(steps).collect();
    firsts.dedup();
    firsts
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// All plays by their scenario.
#[derive(Default, Debug)]
struct Played {
    of: BTreeMap<String, Vec<Play>>,
    took: Duration,
}

impl Played {
    fn plays(&self) -> impl Iterator<Item = &Play> {
        self.of.values().flatten()
    }

    /// In the order of the catalogue.
    fn scenarios(&self) -> impl Iterator<Item = &Vec<Play>> {
        scenarios().filter_map(|scenario| self.of.get(scenario.id))
    }

    fn failed(&self) -> usize {
        self.plays().filter(|play| !play.passed).count()
    }

    fn unfair(&self) -> u64 {
        self.plays().map(|play| play.unfair).sum()
    }

    fn differing(&self) -> usize {
        self.of.values().filter(|plays| answers(plays).len() > 1).count()
    }

    /// How many were played, and what is not as it should be.
    fn table(&self) -> String {
        let rows: Vec<String> = self.scenarios().flat_map(|plays| rows(plays)).collect();
        let [plays, of, failed, differing] = [self.plays().count(), self.of.len(), self.failed(), self.differing()];
        let total = format!(
            "{plays} plays of {of} scenarios: {failed} failed, {differing} answered differently; {} unfair attempts",
            self.unfair()
        );
        if rows.is_empty() { total } else { format!("{}\n{total}", rows.join("\n")) }
    }

    fn check(&self) -> Result<()> {
        if self.failed() + self.differing() > 0 {
            bail!("{} plays failed, {} scenarios answered differently", self.failed(), self.differing());
        }
        if !is_root() {
            println!("lab: an ordinary user's kernel was not asked");
        }
        Ok(())
    }
}

/// What the plays of one scenario answered, each answer once.
fn answers(plays: &[Play]) -> BTreeSet<&Answers> {
    plays.iter().map(|play| &play.answers).collect()
}

/// What failed, and each of the answers where there are several.
fn rows(plays: &[Play]) -> Vec<String> {
    let mut rows = Vec::new();
    for (at, play) in plays.iter().enumerate().filter(|(_, play)| !play.passed) {
        rows.extend(play.disagreements.iter().map(|how| format!("{:<30} play {:>3}  {how}", play.id, at + 1)));
    }
    let different = answers(plays);
    for answers in different.iter().filter(|_| different.len() > 1) {
        let times = plays.iter().filter(|play| play.answers == **answers).count();
        let [client, server, sockets] = answers.0.each_ref().map(|firsts| firsts.join("; "));
        let id = &plays[0].id;
        rows.push(format!("{id:<30} {times:>3} times  client: {client} | server: {server} | sockets: {sockets}"));
    }
    rows
}

/// Processes that do nothing, and take a processor each; they end with the value.
#[derive(Debug)]
struct Load(Vec<Child>);

impl Load {
    /// A loop also ends when nobody is there any more who would end it.
    const LOOP: &str = "while kill -0 $PPID 2>/dev/null; do i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; done";

    fn begin(processes: usize) -> Result<Self> {
        let mut load = Self(Vec::new());
        for _ in 0..processes {
            let busy = Command::new("sh").args(["-c", Self::LOOP]).stdin(Stdio::null()).spawn();
            load.0.push(busy.context("cannot run sh")?);
        }
        Ok(load)
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        for busy in &mut self.0 {
            // It may have ended by itself.
            let _ = busy.kill();
            let _ = busy.wait();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn play(passed: bool, mechanism: &str) -> Play {
        let verdict = serde_json::json!([{ "family": "aborted", "mechanism": mechanism, "reason": null }]);
        let disagreements = if passed { vec![] } else { vec!["the client's capture led elsewhere"] };
        Play::of(&serde_json::json!({
            "id": "close-unread", "passed": passed, "verdict_client": verdict, "verdict_server": verdict,
            "verdict_live": null, "disagreements": disagreements,
        }))
    }

    fn played(plays: Vec<Play>) -> Played {
        Played { of: BTreeMap::from([("close-unread".to_owned(), plays)]), took: Duration::ZERO }
    }

    #[test]
    fn equal_answers_every_time_are_no_row() {
        let played = played(vec![play(true, "close-unread"), play(true, "close-unread")]);
        assert_eq!(played.table(), "2 plays of 1 scenarios: 0 failed, 0 answered differently; 0 unfair attempts");
        assert!(played.check().is_ok());
    }

    #[test]
    fn an_answer_that_differs_or_disagrees_is_a_row_and_a_failure() {
        let different = played(vec![play(true, "close-unread"), play(true, "exit-unread")]);
        assert_eq!(different.table().lines().count(), 3, "{}", different.table());
        assert!(different.check().is_err());
        let failed = played(vec![play(false, "close-unread")]);
        assert!(failed.table().contains("led elsewhere"));
        assert!(failed.check().is_err());
    }

    #[test]
    fn words_say_how_often_how_busy_and_what() {
        let plan = Plan::of(&["--repeat", "10", "linger-zero", "--load", "8"]).unwrap();
        assert_eq!(plan, Plan { repeat: 10, load: 8, ids: vec!["linger-zero".into()] });
        assert!(Plan::of(&["--repeat"]).is_err() && Plan::of(&["--loud"]).is_err());
    }

    #[test]
    fn a_busy_loop_ends_with_the_value() {
        let load = Load::begin(1).unwrap();
        let id = load.0[0].id();
        drop(load);
        assert!(!Path::new(&format!("/proc/{id}")).exists());
    }
}
