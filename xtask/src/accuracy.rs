//! How good are the verdicts? The lab knows the truth: every scenario is played, each capture is
//! explained through the binary as a user would, and the verdicts are held against the scenario. So is
//! what the probe reported, from the recording that `watch --record` would have made.
//!
//! Each of the three steps is judged for itself: the family, the mechanism, the reason. Three things must hold,
//! or the command fails: the true cause is the verdict or stands among those that the report names beside
//! it; nothing that is called *certain* is wrong; nothing that is called *likely* is wrong, at any step.

mod page;
mod step;

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use whyrst_core::cause::{Breadth, Cause};
use whyrst_core::causes;
use whyrst_lab::scenario::{Reproduction, Scenario, Verdicts};
use whyrst_lab::{reproduction, scenarios};

use self::step::Steps;
use crate::lab;
use crate::shell::{self, Scratch, is_root, root};

/// So many busy loops beside the lab: what it finds must not depend on a machine of one's own.
const LOAD: usize = 2;

/// Where the page is.
pub const PAGE: &str = "docs/accuracy.md";

/// From which captures, and whether the kernels are asked.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum View {
    Client,
    Server,
    Both,
    ClientAndKernel,
    ServerAndKernel,
    BothAndKernel,
    /// Sockets and processes, no packets.
    Live,
}

impl View {
    const ALL: [Self; 7] = [
        Self::Client,
        Self::Server,
        Self::Both,
        Self::ClientAndKernel,
        Self::ServerAndKernel,
        Self::BothAndKernel,
        Self::Live,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
            Self::Both => "both ends",
            Self::ClientAndKernel => "client + kernel",
            Self::ServerAndKernel => "server + kernel",
            Self::BothAndKernel => "both + kernel",
            Self::Live => "live",
        }
    }

    const fn asks_kernel(self) -> bool {
        matches!(self, Self::ClientAndKernel | Self::ServerAndKernel | Self::BothAndKernel)
    }

    /// The arguments of `whyrst explain` for the captures in `folder`.
    fn arguments(self, folder: &Path) -> Vec<String> {
        let capture = |end: &str| folder.join(end).with_extension("pcapng").display().to_string();
        let mut arguments = match self {
            Self::Client | Self::ClientAndKernel => vec![capture("client")],
            Self::Server | Self::ServerAndKernel => vec![capture("server")],
            Self::Live => vec![folder.join("live.jsonl").display().to_string()],
            Self::Both | Self::BothAndKernel => ["client", "server"]
                .iter()
                .flat_map(|end| ["--vantage".into(), format!("{end}={}", capture(end))])
                .collect(),
        };
        if self.asks_kernel() {
            arguments.extend(["--events".into(), folder.join("events.jsonl").display().to_string()]);
        }
        arguments
    }

    /// What must come out. Both ends together show what the one shows that shows the scenario's cause.
    fn expected(self, scenario: &Scenario) -> Verdicts {
        let expect = &scenario.expect;
        let of_both = if shows(expect.client, scenario) { expect.client } else { expect.server };
        match self {
            Self::Client | Self::ClientAndKernel => expect.client,
            Self::Server | Self::ServerAndKernel => expect.server,
            Self::Both | Self::BothAndKernel | Self::Live => of_both,
        }
    }
}

/// Whether a capture that leads to these verdicts shows what the scenario is about, or shows nothing that
/// the other end could.
fn shows(verdicts: Verdicts, scenario: &Scenario) -> bool {
    let cause = cause_of(scenario).map(|cause| cause.id);
    match verdicts {
        Verdicts::Resets(named) => cause.is_some_and(|cause| named.contains(&cause)),
        Verdicts::NoReset => matches!(scenario.expect.server, Verdicts::NoReset),
        Verdicts::FailedConnect(named) => cause == Some(named),
    }
}

/// The cause that the scenario reproduces.
fn cause_of(scenario: &Scenario) -> Option<&'static Cause> {
    let scenarios = |cause: &Cause| reproduction(cause.id).map_or(&[][..], Reproduction::scenarios);
    causes::ALL.iter().copied().find(|cause| scenarios(cause).iter().any(|own| own.id == scenario.id))
}

/// Client and server of the lab.
const HOSTS: [&str; 4] = ["10.77.0.1", "10.77.0.2", "fd77::1", "fd77::2"];

/// In place of a verdict on a reset that raises no event.
const NO_EVENT: &str = "(not reported)";

/// Where the lab accepts less than the truth, because a capture cannot show it.
const TRUTHS: &[(&str, View, &str)] = &[
    ("injected-rst-client-only", View::Server, "reset-not-captured"),
    ("injected-rst-client-only", View::ServerAndKernel, "reset-not-captured"),
    // What the program does with its own TCP stands in no socket.
    ("userspace-stack", View::Live, "connect-abandoned"),
    // A kernel knows nothing of the SYN's twin: it sees a SYN-ACK from a stranger.
    ("reply-untranslated", View::Live, "backscatter-synack"),
    // Each end's kernel knows of one SYN, for which it had no socket at that moment.
    ("simultaneous-open-missed", View::Live, "closed-port"),
];

/// What is true beside the cause of a scenario, of another connection or of what follows from it.
const TRUE_BESIDE: &[(&str, &str, &str)] = &[
    ("reply-untranslated", "syn-unanswered", "nobody answered the SYN under the address that it was sent to"),
    ("userspace-stack", "half-open-listener", "the server listens and, after the RST, has no such connection"),
    ("userspace-stack", "listener-close-half-open", "the kernel gives the same reason for want of a request"),
];

/// One verdict beside the truth.
#[derive(Debug)]
struct Case {
    scenario: &'static str,
    view: View,
    truth: &'static str,
    verdict: String,
    confidence: String,
    /// The verdict and what is named beside it.
    named: Vec<String>,
    steps: Steps,
    reporter: Reporter,
}

/// Whose report a verdict rests on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Reporter {
    /// Packets, or the kernel that sent the RST.
    Sender,
    /// Only the kernel that received it.
    Receiver,
}

impl Case {
    fn is_right(&self) -> bool {
        self.verdict == self.truth
    }

    fn names_truth(&self) -> bool {
        self.named.iter().any(|cause| cause == self.truth)
    }

    /// The verdict says less closely, or by which means, what the truth says: both hold.
    fn is_true_as_well(&self) -> bool {
        causes::may_both_hold(&self.verdict, self.truth) || self.holds_beside(&self.verdict)
    }

    /// Said of another connection of the scenario, or of what follows from its cause.
    fn holds_beside(&self, said: &str) -> bool {
        TRUE_BESIDE.iter().any(|(scenario, beside, _)| (*scenario, *beside) == (self.scenario, said))
    }

    /// No cause was named, or only that more than one kind is possible; or only the kernel of the receiver reported the RST,
    /// and knows not why it came.
    fn says_nothing(&self) -> bool {
        let umbrella = causes::find(&self.verdict).is_none_or(|cause| cause.rule.breadth == Breadth::Umbrella);
        let open = umbrella || self.reporter == Reporter::Receiver;
        !self.is_right() && !self.is_true_as_well() && !self.names_truth() && !self.is_sure() && open
    }

    fn is_sure(&self) -> bool {
        matches!(self.confidence.as_str(), "likely" | "certain")
    }

    /// What must not be.
    fn fault(&self) -> Option<String> {
        let Self { scenario, view, truth, verdict, confidence, .. } = self;
        let of = format!("{scenario}, {}: the cause is {truth}", view.name());
        if *view == View::Live && self.says_nothing() {
            return None;
        }
        if !self.is_true_as_well() && self.is_sure() {
            Some(format!("{of}, and {verdict} is called {confidence}"))
        } else if !self.names_truth() && !self.is_true_as_well() {
            Some(format!("{of}, and only {} are named", self.named.join(", ")))
        } else {
            let mut wrong = self.steps.wrong_and_sure(self.truth).filter(|(_, said)| !self.holds_beside(said));
            wrong.next().map(|(step, said)| format!("{of}, and the {step} {said} is called sure"))
        }
    }
}

/// Plays the lab, writes the page and fails when a verdict is worse than promised.
pub fn play() -> Result<()> {
    let (text, faults) = played()?;
    fs::write(root().join(PAGE), &text).with_context(|| format!("cannot write {PAGE}"))?;
    println!("{text}\naccuracy: written to {PAGE}");
    fail_on(&faults)
}

/// Plays the lab and fails when a scenario or a verdict is worse than promised.
pub fn check() -> Result<()> {
    let (_, faults) = played()?;
    fail_on(&faults)
}

/// The page that comes of what `fixtures/` holds.
pub fn of_fixtures() -> Result<String> {
    shell::whyrst()?;
    Ok(page::text(&cases(&root().join("fixtures"))?))
}

fn played() -> Result<(String, Vec<String>)> {
    if !is_root() {
        bail!("the lab must be played as root, so that the kernels can be asked");
    }
    shell::whyrst()?;
    let folder = Scratch::new("accuracy")?;
    lab::once_under_load(LOAD, folder.path())?;
    let cases = cases(folder.path())?;
    let faults = cases.iter().filter_map(Case::fault).collect();
    Ok((page::text(&cases), faults))
}

fn fail_on(faults: &[String]) -> Result<()> {
    if !faults.is_empty() {
        bail!("{} verdicts are worse than promised:\n  {}", faults.len(), faults.join("\n  "));
    }
    println!("accuracy: every true cause is the verdict or named beside it, and nothing sure is wrong");
    Ok(())
}

/// Every verdict on every play in `folder`, in the order of the catalogue.
fn cases(folder: &Path) -> Result<Vec<Case>> {
    let (mut cases, mut without_events) = (Vec::new(), 0);
    for scenario in scenarios() {
        for view in views()? {
            // The probe cannot be loaded on every kernel; whether it is here, another test says.
            if view == View::Live && !folder.join(scenario.id).join("live.jsonl").exists() {
                without_events += 1;
                continue;
            }
            let verdicts = explain(&view.arguments(&folder.join(scenario.id)))?;
            cases.extend(match view {
                View::Live => live(scenario, verdicts),
                _ => compare(scenario, view, verdicts)?,
            });
        }
    }
    if without_events > 0 {
        println!("accuracy: of {without_events} plays the probe reported nothing: it was not loaded");
    }
    Ok(cases)
}

/// Without `--vantage` both ends cannot be joined.
fn views() -> Result<Vec<View>> {
    let help = Command::new(shell::built_whyrst()).args(["explain", "--help"]).output().context("cannot run whyrst")?;
    let joins = String::from_utf8_lossy(&help.stdout).contains("--vantage");
    Ok(View::ALL.into_iter().filter(|view| joins || !matches!(view, View::Both | View::BothAndKernel)).collect())
}

/// One verdict as the JSON says it.
#[derive(Debug)]
struct Said {
    verdict: String,
    confidence: String,
    named: Vec<String>,
    steps: Steps,
    reporter: Reporter,
    /// Addresses of both ends.
    ends: [String; 2],
}

/// The verdict on each reset and on each connect that failed.
fn explain(arguments: &[String]) -> Result<Vec<Said>> {
    let output = Command::new(shell::built_whyrst())
        .args(["explain", "--all", "--format", "json"])
        .args(arguments)
        .output()
        .context("cannot run whyrst")?;
    if output.status.code().is_none_or(|code| code > 1) {
        bail!("whyrst explain {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let objects = output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let objects = objects.map(|line| serde_json::from_slice::<Value>(line).context("cannot read a verdict"));
    objects.filter_map(|object| object.map(|object| said(&object)).transpose()).collect()
}

/// `None` for what is no verdict on a connection: an incident, a summary.
fn said(object: &Value) -> Option<Said> {
    let schema = object["schema"].as_str()?;
    if !schema.starts_with("whyrst.reset/") && !schema.starts_with("whyrst.failed-connect/") {
        return None;
    }
    let text = |value: &Value| value.as_str().unwrap_or("unexplained").to_owned();
    let verdict = text(&object["verdict"]["cause"]);
    let others = object["alternatives"].as_array().into_iter().flatten().map(|other| text(&other["cause"]));
    let named = std::iter::once(verdict.clone()).chain(others).collect();
    let reporter = if object["kernel"].is_null() { Reporter::Receiver } else { Reporter::Sender };
    let ends = ["client", "server"].map(|end| text(&object[end]["ip"]));
    let (confidence, steps) = (text(&object["verdict"]["confidence"]), Steps::of(object));
    Some(Said { verdict, confidence, named, steps, reporter, ends })
}

/// What the probe reported of both hosts, beside the truth: what the scenario expects at either end. What stands in
/// neither capture is not judged, as the lab does not: a proxy's other side, a RST that never left its host.
fn live(scenario: &'static Scenario, mut said: Vec<Said>) -> Vec<Case> {
    let view = View::Live;
    said.retain(|one| one.ends[0] != one.ends[1] && one.ends.iter().all(|end| HOSTS.contains(&end.as_str())));
    if matches!((scenario.expect.client, scenario.expect.server), (Verdicts::NoReset, Verdicts::NoReset)) {
        return Vec::new();
    }
    let own = cause_of(scenario).map_or(scenario.id, |cause| cause.id);
    let truths = || [view, View::Client, View::Server].into_iter().flat_map(|end| truths(scenario, end));
    let mentions = |one: &Said, cause: &str| one.named.iter().any(|named| named == cause);
    let expects_reset = matches!(view.expected(scenario), Verdicts::Resets(_));
    if said.is_empty() && expects_reset {
        let truth = truths().next().unwrap_or(own);
        let (verdict, confidence) = (NO_EVENT.to_owned(), "unexplained".to_owned());
        let (named, steps, reporter) = (Vec::new(), Steps::default(), Reporter::Receiver);
        return vec![Case { scenario: scenario.id, view, truth, verdict, confidence, named, steps, reporter }];
    }
    let case = |one: Said| {
        let by_verdict = truths().find(|truth| *truth == one.verdict);
        let broader = || truths().find(|truth| causes::may_both_hold(&one.verdict, truth));
        let beside = || truths().find(|truth| mentions(&one, truth));
        let truth = by_verdict.or_else(broader).or_else(beside).unwrap_or_else(|| truths().next().unwrap_or(own));
        let Said { verdict, confidence, named, steps, reporter, .. } = one;
        Case { scenario: scenario.id, view, truth, verdict, confidence, named, steps, reporter }
    };
    said.into_iter().map(case).collect()
}

/// Each verdict beside its truth. A scenario names its causes in order, one for any number of equal
/// ones in a row.
fn compare(scenario: &'static Scenario, view: View, said: Vec<Said>) -> Result<Vec<Case>> {
    let truths = truths(scenario, view);
    let (first, last) = (truths.first().copied(), truths.last().copied());
    if said.is_empty() != truths.is_empty() {
        bail!("{}, {}: {} verdicts, but the causes are {truths:?}", scenario.id, view.name(), said.len());
    }
    let mut rest = truths.into_iter().skip(1).peekable();
    let mut truth = first.unwrap_or_default();
    let names = |one: &Said, cause: &str| one.named.iter().any(|named| named == cause);
    let mut cases = Vec::new();
    for (at, one) in said.into_iter().enumerate() {
        if let Some(next) = rest.peek()
            && at > 0
            && names(&one, next)
            && (one.verdict == *next || !names(&one, truth))
        {
            truth = next;
            rest.next();
        }
        let Said { verdict, confidence, named, steps, .. } = one;
        let reporter = Reporter::Sender;
        cases.push(Case { scenario: scenario.id, view, truth, verdict, confidence, named, steps, reporter });
    }
    if cases.last().is_some_and(|case| Some(case.truth) != last) {
        bail!("{}, {}: no verdict for {last:?}", scenario.id, view.name());
    }
    Ok(cases)
}

fn truths(scenario: &Scenario, view: View) -> Vec<&'static str> {
    if let Some((_, _, truth)) = TRUTHS.iter().find(|(id, of, _)| (*id, *of) == (scenario.id, view)) {
        return vec![truth];
    }
    match view.expected(scenario) {
        Verdicts::Resets(causes) => causes.to_vec(),
        Verdicts::NoReset => Vec::new(),
        Verdicts::FailedConnect(cause) => vec![cause],
    }
}
