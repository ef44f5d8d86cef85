//! The report for a ticket or a chat: the same sections as text, in Markdown.

use alloc::format;
use alloc::string::String;
use core::fmt::{self, Write};

use super::style::Style;
use super::{Context, Report};
use crate::ending::{Ending, EndingKind};
use crate::report::text::Ladder;
use crate::verdict::{Evidence, Role};

/// The whole report of one ending.
pub fn report(ending: &Ending, context: &Context, ladder: Ladder) -> String {
    report_of(&Report::new(ending, context), ladder)
}

/// The same for what was judged already.
pub fn report_of(report: &Report<'_>, ladder: Ladder) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    report.markdown(ladder, &mut out).unwrap_or_default();
    out
}

impl Report<'_> {
    fn markdown(&self, ladder: Ladder, out: &mut String) -> fmt::Result {
        let connection = &self.ending.connection;
        let (client, server) = (connection.endpoint(connection.client), connection.endpoint(connection.server()));
        writeln!(out, "## {client} > {server}\n")?;
        writeln!(out, "**{}.** ({})\n", self.sentence(), self.judgement.confidence.name())?;
        let cause = self.judgement.cause.map_or("unexplained", |cause| cause.id);
        writeln!(out, "`{cause}` at {}\n", self.context.time(self.ending.time()))?;
        if ladder == Ladder::Shown && self.ending.has_frames() {
            out.push_str("```text\n");
            self.ladder(Style::Plain, out)?;
            out.push_str("```\n\n");
        }
        bullets("What the kernel knows", self.account_words().into_iter().map(|(_, text)| text), out)?;
        self.list("Speaks for it", |one| one.speaks_for() && one.role != Role::Refutes, out)?;
        self.list("Speaks against it", Evidence::speaks_against, out)?;
        self.unseen(out)?;
        bullets("Capture points", self.vantage_words().into_iter(), out)?;
        self.others(out)?;
        self.ends(out)
    }

    fn list(&self, title: &str, wanted: impl Fn(&Evidence) -> bool, out: &mut String) -> fmt::Result {
        let claims = self.kernel_says().into_iter().chain(self.said()).filter(|_| title.ends_with("for it"));
        let answers =
            self.judgement.evidence.iter().filter(|one| wanted(one)).map(|one| self.answer(one.question, &one.answer));
        bullets(title, claims.chain(answers), out)
    }

    fn unseen(&self, out: &mut String) -> fmt::Result {
        bullets("Not seen", self.unseen_words().into_iter(), out)
    }

    fn others(&self, out: &mut String) -> fmt::Result {
        let others = self.judgement.alternatives.iter();
        bullets(
            "Could also be",
            others.map(|other| format!("`{}`: {}", other.id, self.words(other.told_apart_by))),
            out,
        )
    }

    fn ends(&self, out: &mut String) -> fmt::Result {
        let Some(cause) = self.judgement.cause else { return Ok(()) };
        let harm = (self.ending.kind == EndingKind::Reset).then(|| self.harm_words());
        let matters = format!("{}: {}", self.judgement.severity.name(), self.severity_words());
        bullets("Harm", harm.into_iter().chain([matters, self.words(cause.effect)]), out)?;
        writeln!(out, "What to do:\n")?;
        for (number, step) in cause.advice.iter().enumerate() {
            writeln!(out, "{}. {}", number + 1, self.words(step))?;
        }
        out.push('\n');
        Ok(())
    }
}

fn bullets(title: &str, texts: impl Iterator<Item = String>, out: &mut String) -> fmt::Result {
    let mut texts = texts.peekable();
    if texts.peek().is_none() {
        return Ok(());
    }
    writeln!(out, "{title}:\n")?;
    for text in texts {
        writeln!(out, "- {text}")?;
    }
    out.push('\n');
    Ok(())
}
