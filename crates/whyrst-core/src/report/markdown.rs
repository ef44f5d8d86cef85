//! The report for a ticket or a chat: the same sections as text, in Markdown.

use alloc::format;
use alloc::string::String;
use core::fmt::{self, Write};

use super::style::Style;
use super::words::confidence;
use super::{Context, Explanation};
use crate::language::Language;
use crate::outcome::{Outcome, OutcomeKind};
use crate::report::text::Ladder;
use crate::verdict::{Evidence, Role};

/// The whole report of one outcome.
pub fn report(outcome: &Outcome, context: &Context, ladder: Ladder) -> String {
    report_of(&Explanation::new(outcome, context), ladder)
}

/// The same for what was judged already.
pub fn report_of(report: &Explanation<'_>, ladder: Ladder) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    report.markdown(ladder, &mut out).unwrap_or_default();
    out
}

impl Explanation<'_> {
    fn markdown(&self, ladder: Ladder, out: &mut String) -> fmt::Result {
        let connection = self.outcome.connection();
        let (client, server) = (connection.endpoint(connection.client), connection.endpoint(connection.server()));
        writeln!(out, "## {client} > {server}\n")?;
        let (sentence, language) = (self.sentence(), self.language());
        let sure = confidence(self.judgement.confidence, language);
        match language {
            Language::English => writeln!(out, "**{sentence}.** ({sure})\n")?,
            Language::Chinese => writeln!(out, "**{sentence}。**（{sure}）\n")?,
        }
        let time = self.context.time(self.outcome.time());
        writeln!(out, "`{}`{}{time}\n", self.cause_id(), language.pick(" at ", "，"))?;
        if ladder == Ladder::Shown && self.outcome.has_frames() {
            out.push_str("```text\n");
            self.ladder(Style::Plain, out)?;
            out.push_str("```\n\n");
        }
        let known = self.account_words().into_iter().map(|(_, text)| text);
        self.bullets(language.pick("What the kernel knows", "内核所知"), known, out)?;
        let claims = self.kernel_says().into_iter().chain(self.said());
        let speaks_for = self.answers(|one| one.speaks_for() && one.role != Role::Refutes);
        self.bullets(language.pick("Speaks for it", "依据"), claims.chain(speaks_for), out)?;
        self.bullets(language.pick("Speaks against it", "反证"), self.answers(Evidence::speaks_against), out)?;
        self.bullets(language.pick("Not seen", "未见"), self.unseen_words().into_iter(), out)?;
        self.bullets(language.pick("Capture points", "抓包点"), self.vantage_words().into_iter(), out)?;
        let others = self.judgement.alternatives.iter();
        let others = others.map(|other| format!("`{}`: {}", other.cause.id, self.told_apart_by(other)));
        self.bullets(language.pick("Could also be", "也可能是"), others, out)?;
        self.ends_with_advice(out)?;
        writeln!(out, "{}: `{}`\n", language.pick("Display filter", "显示过滤器"), self.display_filter())
    }

    fn answers(&self, wanted: impl Fn(&Evidence) -> bool) -> impl Iterator<Item = String> {
        let all = self.judgement.evidence.iter().filter(move |one| wanted(one));
        all.map(|one| self.answer(one.question, &one.answer))
    }

    fn ends_with_advice(&self, out: &mut String) -> fmt::Result {
        let Some(cause) = self.judgement.cause else { return Ok(()) };
        let (texts, language) = (cause.texts(self.language()), self.language());
        let harm = (self.outcome.kind() == OutcomeKind::Reset).then(|| self.harm_words());
        let harm = harm.into_iter().chain([self.matters(), self.words(texts.effect)]);
        self.bullets(language.pick("Harm", "影响"), harm, out)?;
        writeln!(out, "{}\n", language.pick("What to do:", "如何处理："))?;
        for (number, step) in texts.advice.iter().enumerate() {
            writeln!(out, "{}. {}", number + 1, self.words(step))?;
        }
        out.push('\n');
        Ok(())
    }

    fn bullets(&self, title: &str, texts: impl Iterator<Item = String>, out: &mut String) -> fmt::Result {
        let mut texts = texts.peekable();
        if texts.peek().is_none() {
            return Ok(());
        }
        writeln!(out, "{title}{}\n", self.language().pick(":", "："))?;
        for text in texts {
            writeln!(out, "- {text}")?;
        }
        out.push('\n');
        Ok(())
    }
}
