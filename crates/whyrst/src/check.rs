//! `whyrst check`: what on this host will cause resets.

mod findings;
mod watch;

use std::fmt::Write as _;

use anyhow::{Result, bail};
use whyrst_core::report::escape::escape_name;
use whyrst_core::report::style::{Part, Style};
use whyrst_probe::HostFacts;

use crate::Outcome;
use crate::args::{Check, Format};
use crate::check::findings::{Finding, Tense, findings};
use crate::output::{self, Output};

pub(crate) fn run(arguments: &Check) -> Result<Outcome> {
    let facts = HostFacts::read();
    for unread in &facts.unread {
        output::remark(&format!("could not read {unread}"));
    }
    if facts.settings.is_empty() && facts.sockets.is_empty() && facts.counters.is_empty() {
        bail!("cannot read anything of this host: is /proc mounted?");
    }
    if arguments.watch {
        return watch::run(arguments, facts);
    }
    let found = findings(&facts);
    let style = output::style(&arguments.common);
    let mut output = Output::open(&arguments.common)?;
    for finding in &found {
        output.write(&words(finding, arguments.format, style)?)?;
    }
    if found.is_empty() && arguments.format != Format::Json && !arguments.common.quiet {
        output.write("nothing found that makes resets here\n")?;
    }
    output.finish()?;
    Ok(if found.is_empty() { Outcome::Clean } else { Outcome::Unexplained })
}

fn words(finding: &Finding, format: Format, style: Style) -> Result<String> {
    Ok(match format {
        Format::Json => serde_json::to_string(finding)? + "\n",
        Format::Text => text(finding, style),
        Format::Markdown => markdown(finding),
    })
}

const fn tense(finding: &Finding) -> &'static str {
    match finding.tense {
        Tense::Will => "will reset",
        Tense::May => "may reset",
        Tense::Has => "has reset",
    }
}

fn text(finding: &Finding, style: Style) -> String {
    let head = format!("{:<11} {}", tense(finding), finding.cause);
    let part = if finding.tense == Tense::Will { Part::Decisive } else { Part::Label };
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{}", style.paint(part, head));
    for (label, text) in [("who", &*finding.subject), ("shown by", &*finding.evidence), ("do", finding.advice)] {
        let _ = writeln!(out, "  {}{}", style.paint(Part::Label, format!("{label:<10}")), escape_name(text));
    }
    out + "\n"
}

fn markdown(finding: &Finding) -> String {
    let Finding { cause, subject, evidence, advice, .. } = finding;
    format!("- **{}** `{cause}`: {}: {}. {advice}\n", tense(finding), escape_name(subject), escape_name(evidence))
}
