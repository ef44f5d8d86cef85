//! The report for a person at a terminal, in the order one needs it at three in the morning:
//! one sentence, the packets, what speaks for it and against it, what could not be seen, what
//! else it could be, what it did, what to do. Eighty columns.

use alloc::format;
use alloc::string::{String, ToString};
use core::fmt::{self, Write};

use super::style::{Part, Style};
use super::words::{grouped, wrap};
use super::{Context, Report};
use crate::cause::Severity;
use crate::ending::{Ending, EndingKind, KernelWord};
use crate::evidence::forgery::asks_for_more_resets;
use crate::evidence::said::is_rarely_answered;
use crate::evidence::{Answer, vantage};
use crate::harm::Certainty;
use crate::severity::Ground;
use crate::verdict::{Confidence, Evidence, Kind, Origin, Phase, Role};

const WIDTH: usize = 80;
const LABEL: usize = 11;

/// Whether the packets are shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ladder {
    /// Show them.
    Shown,
    /// Leave them out.
    Hidden,
}

/// The whole report of one ending, with a blank line at its end.
pub fn report(ending: &Ending, context: &Context, style: Style, ladder: Ladder) -> String {
    report_of(&Report::new(ending, context), style, ladder)
}

/// The same for what was judged already.
pub fn report_of(report: &Report<'_>, style: Style, ladder: Ladder) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    report.write(style, ladder, &mut out).unwrap_or_default();
    out
}

impl Report<'_> {
    pub(super) fn write(&self, style: Style, ladder: Ladder, out: &mut String) -> fmt::Result {
        self.head(style, out)?;
        self.verdict(style, out)?;
        if ladder == Ladder::Shown && self.ending.has_frames() {
            out.push('\n');
            self.ladder(style, out)?;
        }
        out.push('\n');
        self.accounts(style, out)?;
        self.evidence(style, out)?;
        self.points(style, out)?;
        self.alternatives(style, out)?;
        self.consequences(style, out)?;
        out.push('\n');
        Ok(())
    }

    fn head(&self, style: Style, out: &mut String) -> fmt::Result {
        let connection = &self.ending.connection;
        let (client, server) = (connection.endpoint(connection.client), connection.endpoint(connection.server()));
        let (ends, headline) = (format!("{client} > {server}"), self.headline());
        let fits = ends.len() + 2 + headline.chars().count() <= WIDTH;
        let between = if fits { "  " } else { "\n" };
        writeln!(out, "{}{between}{headline}", style.paint(Part::Heading, ends))?;
        let rst = self.ending.rst().filter(|_| self.ending.has_frames());
        let place = rst.map(|rst| format!(", frame {}", self.frame(rst.record.frame)));
        let asked = self.ending.asked.as_ref().map(|asked| format!(", asked for {}", asked.name));
        let place = [place, asked].into_iter().flatten().collect::<String>();
        let when = format!("{}{place}", self.context.time(self.ending.time()));
        writeln!(out, "{}", style.paint(Part::Dim, when))
    }

    /// `reset by the client's kernel while connecting`.
    fn headline(&self) -> String {
        if self.ending.kind == EndingKind::FailedConnect {
            return "connect failed without a reset".to_string();
        }
        let sender = self.end(self.ending.sender());
        let maker = match (self.judgement.origin, self.judgement.kind) {
            (Origin::Path, _) => format!("on the path, in the name of {sender}"),
            (_, Kind::Passive) => format!("by {sender}'s kernel"),
            _ => format!("by {sender}"),
        };
        let phase = match self.judgement.phase {
            Phase::Connect => " while connecting",
            Phase::Established => "",
            Phase::Closing => " after a close",
            Phase::Closed => " after both ends had closed",
            Phase::Midstream => " (its beginning was not captured)",
        };
        format!("reset {maker}{phase}")
    }

    fn verdict(&self, style: Style, out: &mut String) -> fmt::Result {
        let confidence = self.judgement.confidence;
        let sentence = format!("{}.", self.sentence());
        let tag = format!("[{}]", confidence.name());
        out.push('\n');
        let lines: alloc::vec::Vec<_> = wrap(&sentence, WIDTH - 8).collect();
        let (last, first) = lines.split_last().unwrap_or((&"", &[]));
        for line in first {
            writeln!(out, "  {line}")?;
        }
        let part = if confidence >= Confidence::Likely { Part::Firm } else { Part::Weak };
        let room = WIDTH - 3 - tag.len();
        if last.chars().count() <= room - 2 {
            writeln!(out, "  {last:<room$}{}", style.paint(part, tag), room = room)
        } else {
            writeln!(out, "  {last}\n  {:<room$}{}", "", style.paint(part, tag), room = room)
        }
    }

    fn accounts(&self, style: Style, out: &mut String) -> fmt::Result {
        for (label, text) in self.account_words() {
            Section::new(label, style).item(&text, out)?;
        }
        Ok(())
    }

    fn evidence(&self, style: Style, out: &mut String) -> fmt::Result {
        let evidence = &self.judgement.evidence;
        let mut speaks_for = Section::new("for", style);
        for text in self.kernel_says().into_iter().chain(self.said()) {
            speaks_for.item(&text, out)?;
        }
        for one in evidence.iter().filter(|one| one.speaks_for() && one.role != Role::Refutes) {
            speaks_for.item(&self.answer(one.question, &one.answer), out)?;
        }
        let mut against = Section::new("against", style);
        for one in evidence.iter().filter(|one| one.speaks_against()) {
            against.item(&self.answer(one.question, &one.answer), out)?;
        }
        let mut unseen = Section::new("unseen", style);
        for text in self.unseen_words() {
            unseen.item(&text, out)?;
        }
        if self.ending.kind == EndingKind::Reset && self.ending.kernel == KernelWord::NotAsked {
            let sender = self.end(self.ending.sender());
            let why = if self.ending.has_frames() { "captures do not show it" } else { "its own host can tell" };
            unseen.item(&format!("what {sender}'s kernel and its programs did: {why}"), out)?;
        }
        Ok(())
    }

    /// What several capture points know together.
    fn points(&self, style: Style, out: &mut String) -> fmt::Result {
        let mut section = Section::new("points", style);
        for text in self.vantage_words() {
            section.item(&text, out)?;
        }
        Ok(())
    }

    /// What would have to be captured to know more, each once. Where there are several points, what
    /// they do not know is said of them.
    pub(super) fn unseen_words(&self) -> alloc::vec::Vec<String> {
        let asked = |one: &&Evidence| self.ending.joined.is_none() || !vantage::ALL.contains(&one.question);
        let wanted = self.judgement.evidence.iter().filter(|one| worth_asking(one)).filter(asked);
        let mut words: alloc::vec::Vec<String> = alloc::vec::Vec::new();
        for text in wanted.map(|one| self.words(one.question.unknown)) {
            if !words.contains(&text) {
                words.push(text);
            }
        }
        words
    }

    /// The kernel's word, when it was asked.
    pub(super) fn kernel_says(&self) -> Option<String> {
        let sender = self.end(self.ending.sender());
        match &self.ending.kernel {
            KernelWord::NotAsked => None,
            KernelWord::SentNone => Some(format!(
                "{sender}'s TCP sent no such reset (no tcp_send_reset event): a firewall or something on the path made it"
            )),
            KernelWord::Sent(event) => {
                let path = via(&event.stack);
                Some(format!("{sender}'s kernel says {} in state {}{path}", event.reason_name, event.state))
            }
        }
    }

    fn alternatives(&self, style: Style, out: &mut String) -> fmt::Result {
        let mut section = Section::new("instead", style);
        for other in &self.judgement.alternatives {
            section.item(&format!("{}: {}", other.id, self.words(other.told_apart_by)), out)?;
        }
        Ok(())
    }

    fn consequences(&self, style: Style, out: &mut String) -> fmt::Result {
        let mut harm = Section::new("harm", style);
        if self.ending.kind == EndingKind::Reset {
            harm.item(&self.harm_words(), out)?;
        }
        if self.judgement.severity != Severity::Fault {
            harm.item(&format!("{}: {}", self.judgement.severity.name(), self.severity_words()), out)?;
        }
        let Some(cause) = self.judgement.cause else { return Ok(()) };
        harm.item(&self.words(cause.effect), out)?;
        let mut advice = Section::new("do", style);
        for (number, step) in cause.advice.iter().enumerate() {
            advice.item(&format!("{}. {}", number + 1, self.words(step)), out)?;
        }
        let mut more = Section::new("more", style);
        more.item(&format!("whyrst causes {}", cause.id), out)
    }

    /// Why it matters as much as it does.
    pub(super) fn severity_words(&self) -> String {
        let lost = [self.harm.lost_client_bytes, self.harm.lost_server_bytes];
        let why = match (self.judgement.ground, self.judgement.severity) {
            (Ground::BothHadClosed, _) => "both ends had closed before it and nothing was on its way",
            (Ground::NotTaken, _) => "its receiver did not take it, and both ends talked on",
            (_, Severity::Benign) => "nothing is lost by it and nothing needs mending",
            (_, Severity::Scan) => "its sender looks for open ports and wants no connection",
            (_, Severity::Policy) => "a rule, a device or a person decided that the connection should not be",
            (_, Severity::Attack) => "neither end wanted it: somebody else forged packets",
            (_, Severity::Fault) if self.judgement.phase == Phase::Connect => "the connection never came about",
            (_, Severity::Fault) if lost.iter().any(|bytes| bytes.is_some_and(|bytes| bytes > 0)) => {
                "data may be lost: what was sent and not read"
            }
            (_, Severity::Fault) => "the connection was cut off instead of closed in order",
        };
        why.to_string()
    }

    /// What was lost, with how sure that is.
    pub(super) fn harm_words(&self) -> String {
        let taken = match self.harm.accepted {
            Some(false) => "the RST was outside what its receiver accepts: it should have had no effect; ",
            Some(true) | None => "",
        };
        let lost = |side: &str, bytes: Option<u64>, surely: u64| {
            let bytes = bytes.filter(|bytes| *bytes > 0)?;
            let more = if (1..bytes).contains(&surely) {
                format!(", of which {} for certain", grouped(surely))
            } else {
                String::new()
            };
            Some(format!("{} octets from {side}{more}", grouped(bytes)))
        };
        let both = [
            lost("the client", self.harm.lost_client_bytes, self.harm.surely_client_bytes),
            lost("the server", self.harm.lost_server_bytes, self.harm.surely_server_bytes),
        ];
        let both: alloc::vec::Vec<_> = both.into_iter().flatten().collect();
        let what = match self.harm.certainty {
            Certainty::None => "no data was lost".to_string(),
            Certainty::Exact => format!("lost: {}", both.join(" and ")),
            Certainty::AtMost => format!("lost at most: {}", both.join(" and ")),
            Certainty::AtLeast => format!("lost at least: {}", both.join(" and ")),
            Certainty::Unknown if !self.ending.has_frames() => "how much data was lost is not known".to_string(),
            Certainty::Unknown => "how much data was lost cannot be seen in this capture".to_string(),
        };
        format!("{taken}{what}")
    }
}

/// An unknown need or support is worth capturing; an unknown refutation would only add doubt.
fn worth_asking(evidence: &Evidence) -> bool {
    evidence.answer == Answer::Unknown
        && evidence.role != Role::Refutes
        && !is_rarely_answered(evidence.question)
        && !asks_for_more_resets(evidence.question)
}

/// The innermost kernel functions, without the trace's own.
fn via(stack: &[String]) -> String {
    let names: alloc::vec::Vec<&str> = stack.iter().map(String::as_str).take(4).collect();
    if names.is_empty() { String::new() } else { format!(", from {}", names.join(" < ")) }
}

/// A label on the left, items on the right.
struct Section {
    label: &'static str,
    style: Style,
}

impl Section {
    const fn new(label: &'static str, style: Style) -> Self {
        Self { label, style }
    }

    fn item(&mut self, text: &str, out: &mut String) -> fmt::Result {
        let hang = if text.starts_with(|first: char| first.is_ascii_digit()) && text.contains(". ") { 3 } else { 2 };
        let mut lines = wrap(text, WIDTH - LABEL);
        let label = core::mem::take(&mut self.label);
        if let Some(line) = lines.next() {
            let padded = format!("{label:<width$}", width = LABEL - 2);
            writeln!(out, "  {}{line}", self.style.paint(Part::Label, padded))?;
        }
        // Continuation lines hang, so that items stay apart without bullets.
        let rest: String = lines.collect::<alloc::vec::Vec<_>>().join(" ");
        for line in wrap(&rest, WIDTH - LABEL - hang) {
            writeln!(out, "{:LABEL$}{:hang$}{line}", "", "")?;
        }
        Ok(())
    }
}
