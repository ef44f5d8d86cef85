//! What stands beside the programs: the heading of each, and `expected.txt` with what each call returns, the packets of
//! the lab's recorded run, what the kernels say and what whyrst makes of it.

use std::fmt::Write as _;

use whyrst_core::cause::Cause;
use whyrst_core::causes;
use whyrst_core::language::Language;
use whyrst_core::report::catalogue;
use whyrst_core::report::layout::{padded, wrap};

use crate::runs;
use crate::scenario::{Action, ExpectedReturn, First, Host, Scenario, Verdicts, View};
use crate::scenarios::reproduction;

use super::options::Opt;
use super::plan::{Part, Plan};
use super::remarks;

/// Columns of a heading.
const WIDTH: usize = 92;

/// The first lines of a program.
pub(super) fn headline(plan: &Plan, part: &Part, language: Language) -> Vec<String> {
    let scenario = plan.scenario;
    let title = match language {
        Language::English => {
            format!("The {} of `{}`. {}", part.name, scenario.id, story(scenario, language).unwrap_or_default())
        }
        Language::Chinese => {
            format!("`{}` 的 {}。{}", scenario.id, part.name, story(scenario, language).unwrap_or_default())
        }
    };
    let mut lines: Vec<String> = wrap(&title, WIDTH).map(str::to_owned).collect();
    if let Some(sender) = remarks::sender(scenario) {
        lines.push(match language {
            Language::English => format!("The {}'s kernel sends the RST.", sender.name()),
            Language::Chinese => format!("RST 由 {} 一侧的内核发出。", sender.name()),
        });
    }
    lines
}

/// What happens, as a sentence. Stories are English: in Chinese it is what the catalogue says of the cause that the
/// scenario shows, and nothing where it shows none.
pub fn story(scenario: &'static Scenario, language: Language) -> Option<String> {
    match language {
        Language::English => Some(scenario.story.to_owned()),
        Language::Chinese => shown(scenario).map(|cause| catalogue::headline(cause, language)),
    }
}

/// The cause that its packets show.
fn shown(scenario: &Scenario) -> Option<&'static Cause> {
    let ends = [scenario.expect.client, scenario.expect.server];
    let ids = || ends.iter().flat_map(Verdicts::causes);
    ids().find(|id| **id == scenario.id).or_else(|| ids().next()).and_then(|id| causes::find(id))
}

/// The cause that it belongs to.
fn cause(scenario: &'static Scenario) -> Option<&'static Cause> {
    let holds = |cause: &Cause| {
        reproduction(cause.id).is_some_and(|it| it.scenarios().iter().any(|other| other.id == scenario.id))
    };
    causes::ALL.iter().copied().find(|cause| holds(cause))
}

/// A comment of several lines.
pub(super) fn wrapped(text: &str, width: usize, first: &str, next: &str, end: &str) -> Vec<String> {
    let mut lines: Vec<String> = wrap(text, width.saturating_sub(first.len() + end.len()))
        .enumerate()
        .map(|(at, line)| format!("{}{line}", if at == 0 { first } else { next }))
        .collect();
    if let Some(last) = lines.last_mut() {
        last.push_str(end);
    }
    lines
}

/// `expected.txt`.
pub(super) fn text(scenario: &'static Scenario, language: Language) -> String {
    let mut out = String::new();
    let _ = write_text(&mut out, scenario, language);
    out
}

fn write_text(out: &mut String, scenario: &'static Scenario, language: Language) -> std::fmt::Result {
    let story =
        story(scenario, language).map_or_else(String::new, |story| language.pick(": ", "：").to_owned() + &story);
    for line in wrap(&format!("{}{story}", scenario.id), WIDTH) {
        writeln!(out, "{line}")?;
    }
    writeln!(
        out,
        "\n{}",
        language.pick("What each call returns, in the order of the story", "每个调用的返回值，按先后顺序")
    )?;
    for step in scenario.steps {
        if let Some(call) = call_words(&step.action) {
            let returns = outcome_words(step.outcome, language);
            let line = format!("  {} {} {returns}", padded(step.actor.name, 10), padded(&call, 28));
            writeln!(out, "{}", line.trim_end())?;
        }
    }
    let cause = cause(scenario).filter(|cause| cause.id == scenario.id);
    if let Some(ladder) = cause.and_then(|cause| runs::ladder(cause.id, language)) {
        let title = language.pick(
            "The packets, as the lab recorded them over a wire of 5 ms each way",
            "lab 在每方向 5 ms 的线路上录得的包",
        );
        writeln!(out, "\n{title}\n{}", ladder.trim_end())?;
    }
    writeln!(
        out,
        "\n{}",
        language.pick("What the kernels say (tcp:tcp_send_reset)", "内核怎么说（tcp:tcp_send_reset）")
    )?;
    for (host, reason) in scenario.expect.kernel {
        writeln!(out, "  {} {}", padded(host.name(), 10), reason.name())?;
    }
    if scenario.expect.kernel.is_empty() {
        writeln!(out, "  {}", language.pick("nothing: no RST is sent", "什么也没说：没有发送 RST"))?;
    }
    writeln!(out, "\n{}", language.pick("What whyrst makes of a capture", "whyrst 对抓包的结论"))?;
    for end in expected(scenario) {
        writeln!(out, "  {}", verdict_words(&end, language))?;
    }
    Ok(())
}

fn verdict_words(firsts: &[First], language: Language) -> String {
    if firsts.is_empty() {
        return language.pick("no connection was reset", "没有连接被重置").into();
    }
    firsts.iter().map(First::to_string).collect::<Vec<_>>().join("; ")
}

/// What a capture on loopback, which sees both ends, may lead to: what either end's capture must.
pub(super) fn expected(scenario: &Scenario) -> Vec<Vec<First>> {
    let mut ends: Vec<Vec<First>> =
        [Host::Client, Host::Server].iter().map(|end| scenario.expect.firsts(*end, View::Packets)).collect();
    if [scenario.expect.client, scenario.expect.server].contains(&Verdicts::NoReset) {
        ends.retain(|end| !end.is_empty() || scenario.expect.kernel.is_empty());
    }
    ends.dedup();
    ends
}

/// As a program prints it; `None` for what is no call of a program.
pub(crate) fn call_words(action: &Action) -> Option<String> {
    Some(match *action {
        Action::Listen { .. } | Action::ListenWithBacklog { .. } | Action::ListenOnLoopback { .. } => "listen()".into(),
        Action::Accept => "accept()".into(),
        Action::Connect { .. } | Action::ConnectWithin { .. } | Action::ConnectUntilAccepted { .. } => {
            "connect()".into()
        }
        Action::Write { bytes } => format!("write({bytes})"),
        Action::Say(octets) => format!("write({})", octets.len()),
        Action::Read { most } => format!("read({most})"),
        Action::ShutdownWrite => "shutdown(SHUT_WR)".into(),
        Action::ShutdownBoth => "shutdown(SHUT_RDWR)".into(),
        Action::ShutdownRead => "shutdown(SHUT_RD)".into(),
        Action::LingerZero => Opt::linger(0).call(),
        Action::ReadTimeout(ms) => Opt::read_timeout(ms).call(),
        Action::Dissolve => "connect(AF_UNSPEC)".into(),
        Action::Close | Action::Vanish => "close()".into(),
        Action::CloseListener => "close(listener)".into(),
        Action::IsKilled => "raise(SIGKILL)".into(),
        _ => return None,
    })
}

fn outcome_words(outcome: ExpectedReturn, language: Language) -> String {
    match outcome {
        ExpectedReturn::Succeeds => String::new(),
        ExpectedReturn::Gives(value) => format!("= {value}"),
        ExpectedReturn::GivesBetween(least, most) => format!("= {least} {} {most}", language.pick("to", "至")),
        ExpectedReturn::Fails(errno) => format!("= -1 {errno}"),
        ExpectedReturn::DiesOf(signal) => format!("{}{signal}", language.pick("never: ", "不会返回：")),
    }
}
