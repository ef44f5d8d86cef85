//! `whyrst lab`: causes made to happen, and everything that was seen of them held against everything
//! else.

use anyhow::{Context as _, Result, bail};
use whyrst_core::cause::Cause;
use whyrst_core::causes;
use whyrst_core::language::Language;
use whyrst_core::outcome::Outcome;
use whyrst_core::recording::Recording;
use whyrst_core::report::layout::wrap;
use whyrst_core::report::style::{Part, Style};
use whyrst_core::verdict::Judgement;
use whyrst_lab::scenario::{First, Reproduction, Scenario};
use whyrst_lab::{Judged, LabError, Page, Played, Returned, Turn, play_fairly, render, reproduction};
use whyrst_model::Text;
use whyrst_model::lab::{FailedCall, LabReport, LabSchema, LabVerdict};
use whyrst_output::Places;

use crate::Completion;
use crate::args::{Format, Lab, LabCommand, LabList, LabRun};
use crate::causes::nearest;
use crate::output::{self, Output};

mod code;

pub(crate) fn run(arguments: &Lab) -> Result<Completion> {
    match &arguments.command {
        LabCommand::List(list) => show(list),
        LabCommand::Run(run) => play_all(run),
        LabCommand::Code(code) => code::run(code),
    }
}

/// A scenario with the cause that it belongs to.
type Entry = (&'static Cause, &'static Scenario);

/// Every scenario with its cause.
pub(crate) fn entries() -> impl Iterator<Item = Entry> {
    causes::ALL.iter().flat_map(|cause| scenarios(cause).iter().map(move |scenario| (*cause, scenario)))
}

fn scenarios(cause: &Cause) -> &'static [Scenario] {
    reproduction(cause.id).map_or(&[], Reproduction::scenarios)
}

/// Columns where the stories stand.
const STORY: usize = 33;

fn show(arguments: &LabList) -> Result<Completion> {
    let common = &arguments.common;
    let (style, language) = (output::style(common), output::language(common, Format::Text));
    let room = output::columns(common).min(Page::WIDEST).saturating_sub(STORY).max(STORY);
    let mut output = Output::open(common, &mut Places::default())?;
    for cause in causes::ALL {
        output.write(&format!("{}\n", style.paint(Part::Label, cause.id)))?;
        if let Some(Reproduction::NotReproducible(reason)) = reproduction(cause.id) {
            let unplayable = language.pick("cannot be played: ", "无法重现：");
            for line in wrap(&format!("{unplayable}{reason}"), room + STORY - 2) {
                output.write(&format!("  {line}\n"))?;
            }
        }
        for scenario in scenarios(cause) {
            let mut id = scenario.id;
            for line in wrap(scenario.story, room) {
                output.write(&format!("  {id:<30} {line}\n"))?;
                id = "";
            }
        }
    }
    output.finish()?;
    Ok(Completion::Clean)
}

/// A cause's id stands for all of its scenarios.
fn chosen(arguments: &LabRun) -> Result<Vec<Entry>> {
    if arguments.all {
        return Ok(entries().collect());
    }
    let mut chosen: Vec<Entry> = Vec::new();
    for id in &arguments.ids {
        let wanted: Vec<Entry> = entries().filter(|(cause, scenario)| cause.id == id || scenario.id == id).collect();
        if wanted.is_empty() {
            return Err(unknown(id));
        }
        chosen.extend(wanted);
    }
    Ok(chosen)
}

fn unknown(id: &str) -> anyhow::Error {
    if let Some(Reproduction::NotReproducible(reason)) = reproduction(id) {
        return anyhow::anyhow!("{id} cannot be played: {reason}");
    }
    let near = nearest(id, entries().map(|(_, scenario)| scenario.id));
    let hint = near.map_or_else(|| ";".to_owned(), |near| format!("; did you mean {near}?"));
    anyhow::anyhow!("there is no scenario \"{id}\"{hint} `whyrst lab list` lists them")
}

fn play_all(arguments: &LabRun) -> Result<Completion> {
    if arguments.format == Format::Markdown {
        bail!("the lab writes text or json, not markdown");
    }
    let chosen = chosen(arguments)?;
    let looks = Looks::of(arguments);
    let mut output = Output::open(&arguments.common, &mut Places::default())?;
    let mut tally = Tally::default();
    for (cause, scenario) in &chosen {
        let played = {
            let _turn = Turn::take();
            play_fairly(scenario)
        };
        match played {
            Ok((played, judged)) => {
                keep(arguments, &played)?;
                tally.count(&judged);
                output.write(&result(arguments, cause, &played, &judged, looks))?;
            }
            Err(error) => {
                tally.count_unplayed(arguments, &error);
                let error = anyhow::Error::new(error).context(format!("cannot play {}", scenario.id));
                if arguments.format == Format::Json {
                    output.write(&(line(&skipped_record(cause, scenario, &format!("{error:#}"))) + "\n"))?;
                }
                output::complain(&error);
            }
        }
        output.flush()?;
    }
    if arguments.format == Format::Text {
        output.write(&tally.words(looks.language))?;
    }
    output.finish()?;
    Ok(tally.outcome())
}

fn keep(arguments: &LabRun, played: &Played) -> Result<()> {
    let Some(folder) = &arguments.keep else { return Ok(()) };
    let folder = folder.join(played.scenario.id);
    played.keep(&folder).with_context(|| format!("cannot keep {}", folder.display()))
}

/// How text is to look.
#[derive(Clone, Copy, Debug)]
struct Looks {
    style: Style,
    language: Language,
    page: Page,
}

impl Looks {
    fn of(arguments: &LabRun) -> Self {
        let language = output::language(&arguments.common, arguments.format);
        let page = Page::new(output::columns(&arguments.common), language);
        Self { style: output::style(&arguments.common), language, page }
    }
}

fn result(arguments: &LabRun, cause: &Cause, played: &Played, judged: &Judged, looks: Looks) -> String {
    if arguments.format == Format::Json {
        return line(&played_record(cause, played, judged)) + "\n";
    }
    let Looks { style, language, page } = looks;
    let verdict = if judged.passed() {
        style.paint(Part::Firm, language.pick("passed", "通过"))
    } else {
        style.paint(Part::Decisive, language.pick("FAILED", "失败"))
    };
    let verdict = match language {
        Language::English => format!("{verdict}  {} in {}\n", played.scenario.id, played.duration()),
        Language::Chinese => format!("{verdict}  {}，用时 {}\n", played.scenario.id, played.duration()),
    };
    if arguments.common.quiet && judged.passed() {
        verdict
    } else {
        format!("{}\n\n{verdict}\n", render(played, judged, page).trim_end())
    }
}

/// How many went how.
#[derive(Debug, Default)]
struct Tally {
    passed: usize,
    failed: usize,
    impossible: usize,
    /// Those that only root may play, in a run of all by somebody else.
    left_out: usize,
}

impl Tally {
    fn count(&mut self, judged: &Judged) {
        if judged.passed() {
            self.passed += 1;
        } else {
            self.failed += 1;
        }
    }

    const fn count_unplayed(&mut self, arguments: &LabRun, error: &LabError) {
        if arguments.all && matches!(error, LabError::NotOurMachine { .. }) {
            self.left_out += 1;
        } else {
            self.impossible += 1;
        }
    }

    fn words(&self, language: Language) -> String {
        let Self { passed, failed, impossible, left_out } = self;
        let (more, only_root) = match language {
            Language::English => {
                (format!(", {impossible} could not be played"), format!(", {left_out} left out: only root may"))
            }
            Language::Chinese => (format!("，{impossible} 个无法播放"), format!("，{left_out} 个略过：只有 root 可以")),
        };
        let more = if *impossible > 0 { more } else { String::new() };
        let only_root = if *left_out > 0 { only_root } else { String::new() };
        match language {
            Language::English => format!("{passed} scenarios passed, {failed} failed{more}{only_root}\n"),
            Language::Chinese => format!("{passed} 个场景通过，{failed} 个失败{more}{only_root}\n"),
        }
    }

    const fn outcome(&self) -> Completion {
        match (self.failed, self.impossible) {
            (_, 1..) => Completion::Incomplete,
            (1.., 0) => Completion::Unexplained,
            (0, 0) => Completion::Clean,
        }
    }
}

/// One `whyrst.lab/1` object.
fn played_record<'a>(cause: &'a Cause, played: &'a Played, judged: &'a Judged) -> LabReport<'a> {
    let [client, server] = &judged.ends;
    let reasons = |recording: &'a Recording| recording.resets.iter().map(|reset| (&reset.reason_name).into()).collect();
    LabReport {
        passed: judged.passed(),
        kernel_reason: played.kernel.as_ref().ok().map(reasons),
        verdict_client: verdicts(&client.outcomes),
        verdict_server: verdicts(&server.outcomes),
        verdict_live: judged.live.as_deref().map(verdicts),
        errnos: errnos(played),
        disagreements: judged.disagreements.iter().map(Text::from).collect(),
        ms: played.duration().as_millis_f64(),
        attempts: u32::try_from(played.earlier_attempts.len()).unwrap_or(u32::MAX).saturating_add(1),
        skipped_reason: None,
        ..skipped_record(cause, played.scenario, "")
    }
}

/// The same for a scenario that was not played.
fn skipped_record<'a>(cause: &'a Cause, scenario: &'a Scenario, why: &'a str) -> LabReport<'a> {
    LabReport {
        schema: LabSchema::V1,
        id: scenario.id.into(),
        cause: cause.id.into(),
        passed: false,
        kernel_reason: None,
        verdict_client: Vec::new(),
        verdict_server: Vec::new(),
        verdict_live: None,
        errnos: Vec::new(),
        disagreements: Vec::new(),
        ms: 0.0,
        attempts: 0,
        skipped_reason: Some(why.into()),
    }
}

fn verdicts(outcomes: &[(Outcome, Judgement)]) -> Vec<LabVerdict<'static>> {
    let verdict = |judgement: &Judgement| {
        let First { family, mechanism, reason } = First::of_judgement(judgement);
        LabVerdict {
            cause: judgement.cause.map_or("unexplained", |cause| cause.id).into(),
            confidence: judgement.confidence,
            alternatives: judgement.alternatives.iter().map(|other| other.cause.id.into()).collect(),
            family,
            mechanism: mechanism.map(Into::into),
            reason: reason.map(Into::into),
        }
    };
    outcomes.iter().map(|(_, judgement)| verdict(judgement)).collect()
}

fn errnos(played: &Played) -> Vec<FailedCall<'_>> {
    let failed = played.calls.iter().filter_map(|call| match &call.returned {
        Returned::Error(errno) => {
            Some(FailedCall { actor: call.actor.name.into(), call: call.name().into(), errno: (&**errno).into() })
        }
        _ => None,
    });
    failed.collect()
}

fn line(record: &LabReport<'_>) -> String {
    serde_json::to_string(record).unwrap_or_default()
}
