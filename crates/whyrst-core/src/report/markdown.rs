//! The report for a ticket or a chat: the same sections as text and in the same order, in Markdown.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{self, Write};

use super::style::Style;
use super::words::confidence;
use super::{Context, Explanation};
use crate::language::Language;
use crate::outcome::{Outcome, OutcomeKind};
use crate::report::text::Ladder;
use crate::verdict::{Confidence, Evidence, Role};

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

/// Text from packets as it is: no markup, no link, no HTML.
fn literal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '<' | '>' | '[' | ']' | '`' | '*' | '|' | '&' | '!' | '#' | '~') {
            out.push('\\');
        }
        out.push(character);
    }
    out
}

/// A step of the verdict: how sure, what, and the id of its page.
type Claim = (Confidence, String, Option<&'static str>);

impl Explanation<'_> {
    fn markdown(&self, ladder: Ladder, out: &mut String) -> fmt::Result {
        let language = self.language();
        self.begins_with_place(out)?;
        for (sure, text, id) in self.claims() {
            let sure = confidence(sure, language);
            let (opens, closes) = language.pick((" (`", "`)"), ("（`", "`）"));
            let id = id.map_or_else(String::new, |id| format!("{opens}{id}{closes}"));
            writeln!(out, "- **{sure}**{}{text}{id}", language.pick(": ", "："))?;
        }
        out.push('\n');
        let known = self
            .said()
            .into_iter()
            .map(|text| literal(&text))
            .chain(self.account_words().into_iter().map(|(_, text)| text));
        self.bullets(
            language.pick("What the ends said, and what their kernels know", "两端自述与内核所知"),
            known,
            out,
        )?;
        self.what_decides(out)?;
        self.advice_list(out)?;
        if ladder == Ladder::Shown && self.outcome.has_frames() {
            out.push_str("```text\n");
            self.ladder(Style::Plain, out)?;
            out.push_str("```\n\n");
        }
        let speaks_for = self.answers(|one| one.speaks_for() && one.role != Role::Refutes);
        let speaks_for = self.kernel_says().into_iter().chain(speaks_for);
        self.bullets(language.pick("Speaks for it", "依据"), speaks_for, out)?;
        self.bullets(language.pick("Speaks against it", "反证"), self.answers(Evidence::speaks_against), out)?;
        self.bullets(language.pick("Not seen", "未见"), self.unseen_words().into_iter(), out)?;
        self.bullets(language.pick("Capture points", "抓包点"), self.vantage_words().into_iter(), out)?;
        let others = self.judgement.alternatives.iter();
        let others = others.map(|other| format!("`{}`: {}", other.cause.id, self.told_apart_by(other)));
        self.bullets(language.pick("Could also be", "也可能是"), others, out)?;
        self.harm_section(out)?;
        writeln!(out, "{}: `{}`\n", language.pick("Display filter", "显示过滤器"), self.display_filter())
    }

    /// Which connection, when, in which frame.
    fn begins_with_place(&self, out: &mut String) -> fmt::Result {
        let connection = self.outcome.connection();
        let (client, server) = (connection.endpoint(connection.client), connection.endpoint(connection.server()));
        writeln!(out, "## {client} > {server}\n")?;
        let comma = self.language().pick(", ", "，");
        let rst = self.outcome.rst().filter(|_| self.outcome.has_frames());
        let frame = rst.map_or_else(String::new, |rst| format!("{comma}{}", self.named(rst.record.frame)));
        let asked = self.outcome.asked().map_or_else(String::new, |asked| {
            format!("{comma}{}{}", self.language().pick("asked for ", "请求的目标是 "), asked.name)
        });
        writeln!(out, "{}{frame}{asked}\n", self.context.time(self.outcome.time()))
    }

    /// The steps as the text report has them, what is surest first.
    fn claims(&self) -> Vec<Claim> {
        let judgement = &self.judgement;
        let mut claims = Vec::new();
        let certain_how = judgement.mechanism_confidence() == Confidence::Certain;
        if let Some(shape) = judgement.shape.filter(|_| !certain_how) {
            let stop = self.language().pick("; ", "；");
            let origin = self.origin_words().map_or_else(String::new, |origin| format!("{stop}{origin}"));
            claims.push((shape.confidence, self.family_words() + &origin, None));
        }
        let how = match &judgement.mechanism {
            Some(how) => (how.confidence, self.title_of(how.cause, how.title), Some(how.cause.id)),
            None => (Confidence::Unexplained, self.title(), None),
        };
        let reason = judgement.reasons.first();
        let leads = reason.is_some_and(|reason| Some(reason.cause) == judgement.cause);
        let why = reason.map(|why| (why.confidence, self.title_of(why.cause, why.title), Some(why.cause.id)));
        let (before, after) = if leads { (why, None) } else { (None, why) };
        claims.extend(before.into_iter().chain([how]).chain(after));
        claims
    }

    /// What is open beside the steps, by name, and what decides.
    fn what_decides(&self, out: &mut String) -> fmt::Result {
        let language = self.language();
        let claimed: Vec<&str> = self.claims().into_iter().filter_map(|(_, _, id)| id).collect();
        let others = self.judgement.alternatives.iter().map(|other| other.cause.id);
        let open: Vec<String> = others.filter(|id| !claimed.contains(id)).map(|id| format!("`{id}`")).collect();
        if !open.is_empty() {
            let open = open.join(language.pick(", ", "、"));
            writeln!(out, "{}{open}\n", language.pick("Open: ", "待定："))?;
        }
        let host = self.outcome.connection().endpoint(self.outcome.sender()).ip;
        let title = match language {
            Language::English => format!("What decides, on {host}"),
            Language::Chinese => format!("如何判别（在 {host} 上）"),
        };
        let commands = self.decisions();
        self.bullets(&title, commands.iter().map(|decision| format!("`{}`", self.command(decision))), out)
    }

    fn answers(&self, wanted: impl Fn(&Evidence) -> bool) -> impl Iterator<Item = String> {
        let all = self.judgement.evidence.iter().filter(move |one| wanted(one));
        all.map(|one| self.answer(one.question, &one.answer))
    }

    fn advice_list(&self, out: &mut String) -> fmt::Result {
        let Some(cause) = self.judgement.cause else { return Ok(()) };
        writeln!(out, "{}\n", self.language().pick("What to do:", "如何处理："))?;
        for (number, step) in self.advice(cause).iter().enumerate() {
            writeln!(out, "{}. {step}", number + 1)?;
        }
        out.push('\n');
        Ok(())
    }

    fn harm_section(&self, out: &mut String) -> fmt::Result {
        let harm = (self.outcome.kind() == OutcomeKind::Reset).then(|| self.harm_words());
        let effect = self.effect_words();
        let harm = harm.into_iter().chain([self.matters()]).chain(effect);
        self.bullets(self.language().pick("Harm", "影响"), harm, out)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_packets_say_is_no_markup() {
        assert_eq!(literal("<img src=x> [a](javascript:b) `c`"), "\\<img src=x\\> \\[a\\](javascript:b) \\`c\\`");
    }
}
