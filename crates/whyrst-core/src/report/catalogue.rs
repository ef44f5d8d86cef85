//! The catalogue as pages: what `whyrst causes` prints and what the documentation is generated from.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::{self, Write};

use serde::Serialize;

use super::style::{Part, Style};
use super::words::wrap;
use crate::cause::{Cause, KernelSign, Likeness, Source, Stack};
use crate::causes;
use crate::ending::EndingKind;
use crate::evidence::Question;
use crate::kernel::RstReason;
use crate::scenario::Reproduction;

/// One line for every cause.
pub fn list(style: Style) -> String {
    let mut out = String::new();
    for cause in causes::ALL {
        let id = format!("{:<24}", cause.id);
        let title = plain(cause.title);
        let mut lines = wrap(&title, 54);
        let first = lines.next().unwrap_or_default();
        out.extend([style.paint(Part::Label, id).to_string().as_str(), "  ", first, "\n"]);
        for line in lines {
            out.extend([" ".repeat(26).as_str(), line, "\n"]);
        }
    }
    out
}

/// The page of one cause for a terminal.
pub fn page(cause: &Cause, style: Style) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    write_page(cause, style, &mut out).unwrap_or_default();
    out
}

/// The page of one cause as Markdown, for the documentation.
pub fn markdown(cause: &Cause) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    write_markdown(cause, &mut out).unwrap_or_default();
    out
}

/// What packets alone can never tell from `cause`: other causes, each with what would tell it outside
/// of them. Empty where packets decide.
pub fn indistinguishable(cause: &Cause) -> impl Iterator<Item = (&'static str, String)> {
    let identical = cause.look_alikes.iter().filter(|alike| alike.likeness == Likeness::Identical);
    identical.map(|alike| (alike.cause, plain(alike.told_apart_by)))
}

/// One `whyrst.cause/1` object, without a line end.
pub fn json(cause: &Cause) -> String {
    let object = Object {
        schema: "whyrst.cause/1",
        id: cause.id,
        title: headline(cause),
        explanation: paragraph_of(cause.explanation),
        effect: paragraph_of(cause.effect),
        severity: cause.severity.name(),
        kernel_reasons: spoken(cause).map(|sign| sign.reason.name()).collect(),
        kernel: kernel_words(cause),
        recognised: questions(cause).map(|(role, text)| RecognisedObject { role, text }).collect(),
        look_alikes: cause.look_alikes.iter().map(|other| other.cause).collect(),
        told_apart: cause
            .look_alikes
            .iter()
            .map(|other| ApartObject { cause: other.cause, by: plain(other.told_apart_by) })
            .collect(),
        reproduction: reproduction(cause),
        advice: cause.advice.iter().map(|step| plain(step)).collect(),
        sources: cause.sources.iter().map(source_words).collect(),
    };
    serde_json::to_string(&object).unwrap_or_default()
}

#[derive(Serialize)]
struct Object {
    schema: &'static str,
    id: &'static str,
    title: String,
    explanation: String,
    effect: String,
    severity: &'static str,
    kernel_reasons: Vec<&'static str>,
    kernel: String,
    recognised: Vec<RecognisedObject>,
    look_alikes: Vec<&'static str>,
    told_apart: Vec<ApartObject>,
    reproduction: String,
    advice: Vec<String>,
    sources: Vec<String>,
}

#[derive(Serialize)]
struct RecognisedObject {
    role: &'static str,
    text: String,
}

#[derive(Serialize)]
struct ApartObject {
    cause: &'static str,
    by: String,
}

/// "The connection was reset because nothing listens on the server's port."
pub fn headline(cause: &Cause) -> String {
    let verb = match cause.ending {
        EndingKind::Reset => "was reset",
        EndingKind::FailedConnect => "failed",
    };
    format!("The connection {verb} because {}.", plain(cause.title))
}

/// A paragraph of its own begins with a capital.
fn paragraph_of(template: &str) -> String {
    let text = plain(template);
    let mut characters = text.chars();
    characters.next().into_iter().flat_map(char::to_uppercase).chain(characters).collect()
}

/// A template read without a case at hand: the ends keep their roles as names.
fn plain(template: &str) -> String {
    template
        .replace("{sender}'s", "its sender's")
        .replace("{receiver}'s", "its receiver's")
        .replace("{sender}", "the sender of the RST")
        .replace("{receiver}", "the receiver")
        .replace("{client}", "the client")
        .replace("{server}", "the server")
        .replace("{}", "...")
        .replace("{0}", "...")
        .replace("{1}", "...")
}

fn write_page(cause: &Cause, style: Style, out: &mut String) -> fmt::Result {
    writeln!(out, "{}", style.paint(Part::Heading, cause.id))?;
    paragraph(&headline(cause), 2, out)?;
    out.push('\n');
    paragraph(&paragraph_of(cause.explanation), 2, out)?;
    section("what the programs see", style, out)?;
    paragraph(&paragraph_of(cause.effect), 2, out)?;
    section("what Linux says", style, out)?;
    paragraph(&kernel_words(cause), 2, out)?;
    section("how it is recognised", style, out)?;
    for (label, question) in questions(cause) {
        item(&format!("{label}: {question}"), out)?;
    }
    if !cause.look_alikes.is_empty() {
        section("what looks like it", style, out)?;
    }
    for other in cause.look_alikes {
        item(&format!("{}: {}", other.cause, plain(other.told_apart_by)), out)?;
    }
    section("what to do", style, out)?;
    for (number, step) in cause.advice.iter().enumerate() {
        listed(&format!("{}. ", number + 1), &plain(step), out)?;
    }
    section("see it happen", style, out)?;
    paragraph(&reproduction(cause), 2, out)?;
    section("sources", style, out)?;
    for source in cause.sources {
        item(&source_words(source), out)?;
    }
    Ok(())
}

fn write_markdown(cause: &Cause, out: &mut String) -> fmt::Result {
    writeln!(out, "# {}\n\n**{}**\n\n{}\n", cause.id, headline(cause), paragraph_of(cause.explanation))?;
    writeln!(out, "## What the programs see\n\n{}\n", paragraph_of(cause.effect))?;
    writeln!(out, "## What Linux says\n\n{}\n", kernel_words(cause))?;
    writeln!(out, "## How it is recognised\n")?;
    for (label, question) in questions(cause) {
        writeln!(out, "- {label}: {question}")?;
    }
    if !cause.look_alikes.is_empty() {
        writeln!(out, "\n## What looks like it\n")?;
    }
    for other in cause.look_alikes {
        writeln!(out, "- `{}`: {}", other.cause, plain(other.told_apart_by))?;
    }
    writeln!(out, "\n## What to do\n")?;
    for (number, step) in cause.advice.iter().enumerate() {
        writeln!(out, "{}. {}", number + 1, plain(step))?;
    }
    writeln!(out, "\n## See it happen\n\n{}\n", reproduction(cause))?;
    writeln!(out, "## Sources\n")?;
    for source in cause.sources {
        writeln!(out, "- {}", source_words(source))?;
    }
    Ok(())
}

fn questions(cause: &Cause) -> impl Iterator<Item = (&'static str, String)> {
    let lists = [
        ("needs", cause.rule.needs),
        ("excluded if", cause.rule.refuted_by),
        ("speaks for it", cause.rule.supported_by),
    ];
    lists.into_iter().flat_map(|(label, questions)| {
        questions.iter().map(move |question: &&Question| (label, format!("{} ({})", question.id, plain(question.yes))))
    })
}

fn kernel_words(cause: &Cause) -> String {
    if cause.kernel_reasons.is_empty() {
        return match cause.ending {
            EndingKind::Reset => {
                "Nothing: no tcp_send_reset event, and Tcp OutRsts does not move. That silence is the sign.".to_string()
            }
            EndingKind::FailedConnect => "No reset is sent.".to_string(),
        };
    }
    let signs: Vec<String> = spoken(cause).map(sign_words).collect();
    let none = if cause.kernel_reasons.iter().any(KernelSign::is_silence) { ", or no event" } else { "" };
    let mut counters: Vec<&str> = spoken(cause).filter_map(counter).collect();
    counters.dedup();
    let also = if counters.is_empty() { String::new() } else { format!("; also {}", counters.join(", ")) };
    let signs = signs.join(", or ");
    format!("tcp:tcp_send_reset with reason {signs}{none}. The RST is counted in Tcp OutRsts{also} (`nstat -az`).")
}

/// What else the kernel counts beside Tcp `OutRsts` (CATALOGUE section 4); `None` where it is nothing, or
/// where the reason alone does not decide.
fn counter(sign: &KernelSign) -> Option<&'static str> {
    match (sign.reason, sign.stack) {
        (RstReason::TcpAbortOnClose, _) => Some("TcpExt TCPAbortOnClose"),
        (RstReason::TcpAbortOnData, _) | (RstReason::TcpState, Stack::HasAndLacks("__tcp_close", _)) => {
            Some("TcpExt TCPAbortOnData")
        }
        (RstReason::TcpAbortOnLinger, _) => Some("TcpExt TCPAbortOnLinger"),
        (RstReason::TcpAbortOnMemory, _) => Some("TcpExt TCPAbortOnMemory"),
        (RstReason::TcpKeepaliveTimeout, _) => Some("TcpExt TCPAbortOnTimeout"),
        (RstReason::TcpRfc7323Paws, _) => Some("TcpExt PAWSActive"),
        (RstReason::InvalidSyn, _) => Some("TcpExt EmbryonicRsts"),
        _ => None,
    }
}

/// The signs that are events.
fn spoken(cause: &Cause) -> impl Iterator<Item = &'static KernelSign> {
    cause.kernel_reasons.iter().filter(|sign| !sign.is_silence())
}

fn sign_words(sign: &KernelSign) -> String {
    match sign.stack {
        Stack::Any | Stack::NoEvent => sign.reason.to_string(),
        Stack::Has(symbol) => format!("{} with {symbol} in the call stack", sign.reason),
        Stack::Lacks(symbol) => format!("{} without {symbol} in the call stack", sign.reason),
        Stack::HasAndLacks(symbol, other) => {
            format!("{} with {symbol} and without {other} in the call stack", sign.reason)
        }
    }
}

fn reproduction(cause: &Cause) -> String {
    match &cause.reproduction {
        Reproduction::Lab(_) => format!("whyrst lab run {}", cause.id),
        Reproduction::NotReproducible(reason) => format!("cannot be reproduced in the lab: {reason}"),
    }
}

fn source_words(source: &Source) -> String {
    match source {
        Source::Rfc { number, section } if section.starts_with(|first: char| first.is_ascii_digit()) => {
            format!("RFC {number} section {section}")
        }
        Source::Rfc { number, section } => format!("RFC {number}, {section}"),
        Source::Kernel { file, symbol } => format!("Linux {file}: {symbol}"),
        Source::Other(text) => (*text).to_string(),
    }
}

fn section(title: &str, style: Style, out: &mut String) -> fmt::Result {
    writeln!(out, "\n{}", style.paint(Part::Label, title))
}

fn item(text: &str, out: &mut String) -> fmt::Result {
    listed("- ", text, out)
}

fn listed(mark: &str, text: &str, out: &mut String) -> fmt::Result {
    for (at, line) in wrap(text, 74).enumerate() {
        writeln!(out, "  {:<width$}{line}", if at == 0 { mark } else { "" }, width = mark.len())?;
    }
    Ok(())
}

fn paragraph(text: &str, indent: usize, out: &mut String) -> fmt::Result {
    for line in wrap(text, 80 - indent) {
        writeln!(out, "{:indent$}{line}", "")?;
    }
    Ok(())
}
