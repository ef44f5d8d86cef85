//! The report for a ticket or a chat: the same sections as text and in the same order, in Markdown.
//!
//! Packets, processes and names of files are chosen by strangers, and who reads a ticket trusts it: whatever may hold
//! their words is made [literal], and what the catalogue alone says keeps its markup.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{self, Write};

use super::steps::{MEANT, meaning};
use super::style::Style;
use super::words::confidence;
use super::{Context, Explanation};
use crate::language::Language;
use crate::outcome::{Outcome, OutcomeKind};
use crate::report::text::Ladder;
use crate::verdict::decide::Decision;
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

/// Text from others as it is: no markup, no link, no HTML (`CommonMark` section 2.4, `GitHub`'s autolinks section 6.9).
pub fn literal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = [' '; 2];
    for character in text.chars() {
        // An address is no link of ours: `://` is what makes one.
        let of_a_link = character == '/' && before[1] == ':';
        let marks = matches!(character, '\\' | '<' | '>' | '[' | ']' | '`' | '*' | '|' | '&' | '!' | '#' | '~');
        if marks || of_a_link {
            out.push('\\');
        }
        out.push(character);
        before = [before[1], character];
    }
    out
}

/// Lines from others as they are, in a block of their own: its fence is longer than any that they hold.
pub fn verbatim(lines: &str) -> String {
    let mut longest = 2;
    let mut run = 0;
    for character in lines.chars() {
        run = if character == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let fence = "`".repeat(longest + 1);
    let end = if lines.ends_with('\n') { "" } else { "\n" };
    format!("{fence}text\n{lines}{end}{fence}\n\n")
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
            writeln!(out, "- **{sure}**{}{}{id}", language.pick(": ", "："), literal(&text))?;
        }
        out.push('\n');
        let known = self.said().into_iter().chain(self.account_words().into_iter().map(|(_, text)| text));
        let known = known.map(|text| literal(&text));
        self.bullets(
            language.pick("What the ends said, and what their kernels know", "两端自述与内核所知"),
            known,
            out,
        )?;
        let claims = self.claim_words().into_iter().map(|text| literal(&text));
        self.bullets(language.pick("What logs claim", "日志中的说法"), claims, out)?;
        self.what_decides(out)?;
        self.advice_list(out)?;
        if ladder == Ladder::Shown && self.outcome.has_frames() {
            let mut ladder = String::new();
            self.ladder(Style::Plain, &mut ladder)?;
            out.push_str(&verbatim(&ladder));
        }
        let speaks_for = self.answers(|one| one.speaks_for() && one.role != Role::Refutes);
        let speaks_for = self.kernel_says().map(|text| literal(&text)).into_iter().chain(speaks_for);
        self.bullets(language.pick("Speaks for it", "依据"), speaks_for, out)?;
        self.bullets(language.pick("Speaks against it", "反证"), self.answers(Evidence::speaks_against), out)?;
        self.bullets(language.pick("Not seen", "未见"), self.unseen_words().into_iter(), out)?;
        self.bullets(
            language.pick("Capture points", "抓包点"),
            self.vantage_words().iter().map(|text| literal(text)),
            out,
        )?;
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
            format!("{comma}{}{}", self.language().pick("asked for ", "请求的目标是 "), literal(&asked.name))
        });
        writeln!(out, "{}{}{asked}\n", self.context.time(self.outcome.time()), literal(&frame))
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
        let host = self.deciding_host();
        let title = match language {
            Language::English => format!("What decides, on {host}, when it happens again"),
            Language::Chinese => format!("如何判别（再次发生时，在 {host} 上）"),
        };
        let commands = self.decisions();
        let bullet = |decision: &Decision| {
            let meaning =
                meaning(decision, MEANT, language).map(|meaning| format!("{}{meaning}", language.pick(": ", "：")));
            format!("`{}`{}", self.command(decision), meaning.unwrap_or_default())
        };
        self.bullets(&title, commands.iter().map(bullet), out)
    }

    fn answers(&self, wanted: impl Fn(&Evidence) -> bool) -> impl Iterator<Item = String> {
        let all = self.judgement.evidence.iter().filter(move |one| wanted(one));
        all.map(|one| literal(&self.answer(one.question, &one.answer)))
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
        let harm = harm.into_iter().chain([self.matters()]).chain(effect).map(|text| literal(&text));
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
    use crate::testing::conversation;

    fn context() -> Context {
        Context {
            files: alloc::vec![String::from("a.pcap")],
            zone: jiff::tz::TimeZone::UTC,
            language: Language::English,
        }
    }

    #[test]
    fn what_packets_say_is_no_markup() {
        assert_eq!(literal("<img src=x> [a](javascript:b) `c`"), "\\<img src=x\\> \\[a\\](javascript:b) \\`c\\`");
        // An escape that they bring themselves escapes nothing.
        assert_eq!(literal("\\<img>"), "\\\\\\<img\\>");
        assert_eq!(literal("https://evil.example 10.0.0.1:80"), "https:\\//evil.example 10.0.0.1:80");
    }

    #[test]
    fn no_line_ends_the_block_that_it_stands_in() {
        let block = verbatim("a\n````\n<script>");
        assert_eq!(block, "`````text\na\n````\n<script>\n`````\n\n");
        assert_eq!(verbatim("a\n"), "```text\na\n```\n\n");
    }

    /// What a stranger may have a server say, as [`testing`](crate::testing) writes it.
    const HOSTILE: &str = "<img_src=x_onerror=alert(1)>_[x](javascript:alert(1))_|_`";

    fn holds_no_markup(markdown: &str) {
        for markup in ["<img", "[x]", "](javascript"] {
            // What stands in a block of its own cannot be markup.
            let markdown: String = markdown.split("```").step_by(2).collect();
            let all = markdown.match_indices(markup);
            let bare: Vec<_> = all.filter(|(at, _)| !markdown[..*at].ends_with('\\')).collect();
            assert!(bare.is_empty(), "{markup} in {markdown}");
        }
    }

    #[test]
    fn what_a_server_or_a_rst_says_is_no_markup() {
        let length = HOSTILE.len();
        let text = format!(
            "0.000 C > S S 0:0(0)
             +0.001 C < S SA 0:0(0) ack 1
             +0.001 C > S A 1:1(0) ack 1
             +0.001 C > S PA 1:101(100) ack 1
             +0.001 C < S PA 1:{end}({length}) ack 101 says {HOSTILE}
             +0.001 C < S RA {end}:{beyond}({length}) ack 101 says {HOSTILE}",
            end = 1 + length,
            beyond = 1 + 2 * length
        );
        let outcomes = conversation(&text).outcomes();
        assert!(!outcomes.is_empty());
        for outcome in outcomes {
            let markdown = report(&outcome, &context(), Ladder::Shown);
            assert!(markdown.contains("onerror"), "{markdown}");
            holds_no_markup(&markdown);
        }
    }
}
