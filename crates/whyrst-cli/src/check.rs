//! `whyrst check`: what on this host will cause resets.

mod counters;
mod findings;
mod firewall;
mod settings;
mod sockets;
mod watch;

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Result, bail};
use whyrst_core::language::Language;
use whyrst_core::report::escape::escape_name;
use whyrst_core::report::markdown::literal;
use whyrst_core::report::style::{Part, Style};
use whyrst_output::Places;
use whyrst_probe::HostFacts;

use crate::Completion;
use crate::args::{Check, Format};
use crate::check::findings::{Finding, Tense, Weight, findings};
use crate::output::{self, Output, padded};

/// Who waits longer than this is told what for.
const MOMENT: Duration = Duration::from_secs(5);

pub(crate) fn run(arguments: &Check) -> Result<Completion> {
    if !arguments.watch && arguments.over > MOMENT && !arguments.common.quiet {
        output::remark(&format!("looking at the counters for {:.0} s", arguments.over.as_secs_f64()));
    }
    let facts = if arguments.watch { HostFacts::read() } else { HostFacts::read_over(arguments.over) };
    for unread in &facts.unread {
        output::remark(&format!("could not read {unread}"));
    }
    if facts.settings.is_empty() && facts.sockets.is_empty() && facts.counters.is_empty() {
        bail!("cannot read anything of this host: is /proc mounted?");
    }
    if arguments.watch {
        return watch::run(arguments, facts);
    }
    let language = output::language(&arguments.common, arguments.format);
    let found = findings(&facts, language);
    let style = output::style(&arguments.common);
    let mut output = Output::open(&arguments.common, &mut Places::default())?;
    for finding in &found {
        output.write(&words(finding, arguments.format, style, language)?)?;
    }
    let is_innocent = found.iter().all(|finding| finding.weight == Weight::Note);
    if is_innocent && arguments.format != Format::Json && !arguments.common.quiet {
        output.write(language.pick("nothing found that is to be mended here\n", "没有发现需要在这里修正的东西\n"))?;
    }
    output.finish()?;
    Ok(if is_innocent { Completion::Clean } else { Completion::Unexplained })
}

fn words(finding: &Finding, format: Format, style: Style, language: Language) -> Result<String> {
    Ok(match format {
        Format::Json => serde_json::to_string(&finding.record())? + "\n",
        Format::Text => text(finding, style, language),
        Format::Markdown => markdown(finding, language),
    })
}

const fn tense(finding: &Finding, language: Language) -> &'static str {
    match finding.tense {
        Tense::Will => language.pick("will reset", "将会重置"),
        Tense::May => language.pick("may reset", "可能重置"),
        Tense::Has => language.pick("has reset", "已经重置"),
    }
}

fn text(finding: &Finding, style: Style, language: Language) -> String {
    let note = if finding.weight == Weight::Note { language.pick("  (to know)", "  （供参考）") } else { "" };
    let head = format!("{} {}{note}", padded(tense(finding, language), 11), finding.cause);
    let part = if finding.tense == Tense::Will { Part::Decisive } else { Part::Label };
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{}", style.paint(part, head));
    let labels = language.pick(["who", "shown by", "do"], ["对象", "依据", "处理"]);
    for (label, text) in labels.iter().zip([&*finding.subject, &finding.evidence, finding.advice]) {
        let _ = writeln!(out, "  {}{}", style.paint(Part::Label, padded(label, 10)), escape_name(text));
    }
    out + "\n"
}

fn markdown(finding: &Finding, language: Language) -> String {
    let Finding { cause, subject, evidence, advice, .. } = finding;
    let tense = tense(finding, language);
    let [subject, evidence] = [subject, evidence].map(|text| literal(&escape_name(text)));
    match language {
        Language::English => format!("- **{tense}** `{cause}`: {subject}: {evidence}. {advice}\n"),
        Language::Chinese => format!("- **{tense}** `{cause}`：{subject}：{evidence}。{advice}\n"),
    }
}
