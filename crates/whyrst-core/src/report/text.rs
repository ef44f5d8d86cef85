//! The report for a person at a terminal, in the order one needs it at three in the morning: what is certain,
//! the likeliest why, what decides the rest, what to do, the packets, what speaks for it and against it, what
//! was lost. One screen, unless everything is asked for.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::{self, Write};

use super::layout::{columns, first_line, padded, spaced, wrap};
use super::steps::MEANT;
use super::style::{Part, Style};
use super::words::confidence;
use super::{Context, Explanation};
use crate::cause::{Cause, Severity};
use crate::evidence::path::asks_for_other_resets;
use crate::evidence::said::is_rarely_answered;
use crate::evidence::{Answer, AskedOf, Question, Value};
use crate::kernel::KernelWord;
use crate::language::Language;
use crate::outcome::{Outcome, OutcomeKind};
use crate::verdict::makers::other_maker;
use crate::verdict::{Confidence, Evidence, Role};

/// Lines of the smallest terminal in use.
const SCREEN: usize = 24;
/// Columns where the texts begin.
const LABEL: usize = 10;
/// Lines are no longer, however wide the terminal: nobody reads them then.
const WIDEST: usize = 120;
/// Nor shorter.
const NARROWEST: usize = 40;

/// Whether the packets are shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ladder {
    /// Show them.
    Shown,
    /// Leave them out.
    Hidden,
}

/// How much is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Detail {
    /// What fits one screen.
    Screen,
    /// Everything.
    Whole,
}

/// What a report shows, and where.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct View {
    /// Whether the packets are shown.
    pub ladder: Ladder,
    /// How much of it.
    pub detail: Detail,
    /// Columns of the terminal.
    pub width: usize,
}

impl View {
    /// One screen of 80 columns: what stands in a pipe or a file.
    pub const PIPED: Self = Self { ladder: Ladder::Shown, detail: Detail::Screen, width: 80 };

    const fn columns(self) -> usize {
        if self.width > WIDEST {
            WIDEST
        } else if self.width < NARROWEST {
            NARROWEST
        } else {
            self.width
        }
    }
}

/// The whole report of one outcome, with a blank line at its end.
pub fn report(outcome: &Outcome, context: &Context, style: Style, view: View) -> String {
    report_of(&Explanation::new(outcome, context), style, view)
}

/// The same for what was judged already.
pub fn report_of(report: &Explanation<'_>, style: Style, view: View) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    report.write(style, view, &mut out).unwrap_or_default();
    out
}

/// Its last packets alone, as a ladder; empty where no packet was seen.
pub fn ladder_of(report: &Explanation<'_>, style: Style) -> String {
    let mut out = String::new();
    if report.outcome.has_frames() {
        // Writing to a String cannot fail.
        report.ladder(style, &mut out).unwrap_or_default();
    }
    out
}

/// How many items a section has at most. The first of these with which the packets keep some room is taken.
#[derive(Clone, Copy, Debug)]
struct Limits {
    fixes: usize,
    /// At least one, where nothing else speaks for the lead.
    reasons: usize,
    /// What speaks for a reason that does not lead.
    proofs: usize,
    objections: usize,
    accounts: usize,
    /// Causes that are named for each answer of what decides.
    meant: usize,
}

const WHOLE: Limits = Limits {
    fixes: usize::MAX,
    reasons: usize::MAX,
    proofs: 1,
    objections: usize::MAX,
    accounts: usize::MAX,
    meant: MEANT,
};
const LIMITS: [Limits; 7] = [
    Limits { fixes: 2, reasons: 3, proofs: 1, objections: 2, accounts: 4, meant: MEANT },
    Limits { fixes: 2, reasons: 2, proofs: 1, objections: 1, accounts: 3, meant: MEANT },
    Limits { fixes: 1, reasons: 2, proofs: 1, objections: 1, accounts: 2, meant: 1 },
    Limits { fixes: 1, reasons: 1, proofs: 1, objections: 1, accounts: 1, meant: 1 },
    Limits { fixes: 1, reasons: 0, proofs: 1, objections: 1, accounts: 1, meant: 1 },
    Limits { fixes: 1, reasons: 0, proofs: 1, objections: 0, accounts: 1, meant: 1 },
    Limits { fixes: 1, reasons: 0, proofs: 1, objections: 0, accounts: 1, meant: 0 },
];
/// Packets that say something: an opening, what led to the RST, and the RST.
const ROOM_FOR_PACKETS: usize = 6;
/// What they get where the rest has much to say.
const LEAST_ROOM: usize = 4;

impl Explanation<'_> {
    pub(super) fn write(&self, style: Style, view: View, out: &mut String) -> fmt::Result {
        let page = Page { style, width: view.columns() };
        let packets = view.ladder == Ladder::Shown && self.outcome.has_frames();
        let (above, below) = match view.detail {
            Detail::Whole => self.sections(page, WHOLE, view)?,
            Detail::Screen => self.fitting(page, view)?,
        };
        out.push_str(&above);
        if packets && view.detail == Detail::Whole {
            out.push('\n');
            self.ladder(style, out)?;
            out.push('\n');
        } else if packets {
            let room = SCREEN.saturating_sub(lines(&above) + lines(&below) + 1).max(LEAST_ROOM);
            self.packets(page.style, page.width, room, out)?;
        }
        out.push_str(&below);
        out.push('\n');
        Ok(())
    }

    /// What stands above the packets and below them, on one screen with some packets.
    fn fitting(&self, page: Page, view: View) -> Result<(String, String), fmt::Error> {
        let mut sections = (String::new(), String::new());
        let packets = view.ladder == Ladder::Shown && self.outcome.has_frames();
        // Each of few packets may have a silence before it.
        let rows = 2 * (self.outcome.before().len() + self.outcome.rsts().len());
        for limits in LIMITS {
            let most = if limits.reasons == 0 { LEAST_ROOM } else { ROOM_FOR_PACKETS };
            let room = if packets { most.min(rows) } else { 0 };
            sections = self.sections(page, limits, view)?;
            if lines(&sections.0) + lines(&sections.1) + 1 + room <= SCREEN {
                break;
            }
        }
        Ok(sections)
    }

    fn sections(&self, page: Page, limits: Limits, view: View) -> Result<(String, String), fmt::Error> {
        let (mut above, mut below) = (String::new(), String::new());
        self.head(page, &mut above)?;
        self.verdict(page, &mut above)?;
        self.accounts(page, limits, &mut above)?;
        self.decision(page, limits, view, &mut above)?;
        self.evidence(page, limits, view, &mut below)?;
        self.points(page, &mut below)?;
        self.consequences(page, view, &mut below)?;
        Ok((above, below))
    }

    fn head(&self, page: Page, out: &mut String) -> fmt::Result {
        let connection = self.outcome.connection();
        let (client, server) = (connection.endpoint(connection.client), connection.endpoint(connection.server()));
        let rst = self.outcome.rst().filter(|_| self.outcome.has_frames());
        let frame = rst.map(|rst| self.named(rst.record.frame));
        let asked_for = self.language().pick("Host/SNI: ", "Host/SNI：");
        let asked = self.outcome.asked().map(|asked| format!("{asked_for}{}", asked.name));
        let time = self.context.time(self.outcome.time());
        let place: Vec<String> = core::iter::once(time).chain(frame).chain(asked).collect();
        let (ends, place) = (format!("{client} > {server}"), place.join("  "));
        let gap = if ends.len() + 2 + columns(&place) <= page.width { "  " } else { "\n" };
        writeln!(out, "{}{gap}{}", page.style.paint(Part::Heading, ends), page.style.paint(Part::Dim, place))
    }

    /// The steps, what is surest first.
    fn verdict(&self, page: Page, out: &mut String) -> fmt::Result {
        let judgement = &self.judgement;
        if let Some((sure, text)) = self.without_effect_words() {
            page.claim(sure, self.language(), &text, out)?;
        }
        let certain_how = judgement.mechanism_confidence() == Confidence::Certain;
        if let Some(shape) = judgement.shape.filter(|_| !certain_how) {
            let mut text = self.family_words();
            if let Some(origin) = self.origin_words() {
                text = text + self.language().pick("; ", "；") + &origin;
            }
            page.claim(shape.confidence, self.language(), &text, out)?;
        }
        let reason = judgement.reasons.first();
        let leads = reason.filter(|reason| Some(reason.cause) == judgement.cause);
        if let Some(reason) = leads {
            let text = self.identified(&self.title_of(reason.cause, reason.title), reason.cause.id);
            page.claim(reason.confidence, self.language(), &text, out)?;
        }
        match &judgement.mechanism {
            Some(how) => {
                let text = self.identified(&self.title_of(how.cause, how.title), how.cause.id);
                page.claim(how.confidence, self.language(), &text, out)?;
            }
            None => page.claim(Confidence::Unexplained, self.language(), &self.title(), out)?,
        }
        if let Some(reason) = reason.filter(|_| leads.is_none()) {
            let text = self.identified(&self.title_of(reason.cause, reason.title), reason.cause.id);
            page.claim(reason.confidence, self.language(), &text, out)?;
        }
        if let Some((sure, text)) = other_maker(self.outcome).and_then(|other| self.makers_words(&other)) {
            page.claim(sure, self.language(), &text, out)?;
        }
        Ok(())
    }

    fn identified(&self, title: &str, id: &str) -> String {
        match self.language() {
            Language::English => format!("{title} ({id})"),
            Language::Chinese => format!("{title}（{id}）"),
        }
    }

    fn accounts(&self, page: Page, limits: Limits, out: &mut String) -> fmt::Result {
        let mut said = page.section(self.language().pick("said", "自述"));
        for text in self.said_in_short(limits.accounts) {
            said.item(&text, out)?;
        }
        let mut claims = page.section(self.language().pick("claims", "日志"));
        for text in self.claim_words().into_iter().take(limits.accounts) {
            claims.item(&text, out)?;
        }
        for (label, text) in self.account_words().into_iter().take(limits.accounts) {
            page.section(label).item(&text, out)?;
        }
        Ok(())
    }

    /// What is open, what decides, and what to do.
    fn decision(&self, page: Page, limits: Limits, view: View, out: &mut String) -> fmt::Result {
        let language = self.language();
        let mut open = page.section(language.pick("open", "待定"));
        if view.detail == Detail::Whole {
            for other in &self.judgement.alternatives {
                open.item(&format!("{}: {}", other.cause.id, self.told_apart_by(other)), out)?;
            }
        } else if let Some(text) = self.open_words() {
            open.item(&text, out)?;
        }
        if let Some(text) = self.decide_words(limits.meant) {
            page.section(language.pick("decide", "判别")).item(&text, out)?;
        }
        let Some(cause) = self.judgement.cause else { return Ok(()) };
        let advice = match self.reason_beside() {
            Some(reason) if view.detail == Detail::Screen => self.first_of_each(reason, cause),
            _ => self.advice(cause),
        };
        let mut fix = page.section(language.pick("fix", "处理"));
        for (number, step) in advice.iter().take(limits.fixes).enumerate() {
            let numbered = advice.len() > 1 && limits.fixes > 1;
            fix.item(&if numbered { format!("{}. {step}", number + 1) } else { step.clone() }, out)?;
        }
        Ok(())
    }

    /// The first reason, where it stands beside the lead and is no less sure.
    fn reason_beside(&self) -> Option<&'static Cause> {
        let reason = self.judgement.reasons.first().filter(|reason| Some(reason.cause) != self.judgement.cause)?;
        (reason.confidence >= self.judgement.confidence).then_some(reason.cause)
    }

    /// Where to begin if the reason is right, and if the mechanism is all that is right.
    fn first_of_each(&self, reason: &'static Cause, mechanism: &'static Cause) -> Vec<String> {
        let colon = self.language().pick(": ", "：");
        let first = |cause: &'static Cause| {
            let step = self.advice(cause).into_iter().next()?;
            Some(format!("{}{colon}{step}", cause.id))
        };
        [reason, mechanism].into_iter().filter_map(first).collect()
    }

    fn evidence(&self, page: Page, limits: Limits, view: View, out: &mut String) -> fmt::Result {
        let (evidence, language) = (&self.judgement.evidence, self.language());
        let mut speaks_for = page.section(language.pick("why", "依据"));
        let answers = evidence.iter().filter(|one| one.speaks_for() && one.role != Role::Refutes);
        let mut answers: Vec<&Evidence> = answers.collect();
        // What tells this one from others comes first: lines may be cut.
        answers.sort_by_key(|one| how_common(one.question, &one.answer));
        let answers = answers.into_iter().map(|one| self.answer(one.question, &one.answer));
        let proof = self.proof_of_reason().filter(|_| limits.proofs > 0);
        let mut texts = once_each(self.kernel_says().into_iter().chain(answers));
        texts.truncate(limits.reasons.max(usize::from(proof.is_none())));
        for text in once_each(texts.into_iter().chain(proof)) {
            speaks_for.item(&text, out)?;
        }
        let mut against = page.section(language.pick("but", "反证"));
        for one in evidence.iter().filter(|one| one.speaks_against()).take(limits.objections) {
            against.item(&self.answer(one.question, &one.answer), out)?;
        }
        let mut unseen = page.section(language.pick("unseen", "未见"));
        if view.detail == Detail::Screen {
            return self.unsaid_words().map_or(Ok(()), |text| unseen.item(&text, out));
        }
        for text in self.unseen_words() {
            unseen.item(&text, out)?;
        }
        if let Some(text) = self.unasked().filter(|_| self.outcome.kind() == OutcomeKind::Reset) {
            unseen.item(&text, out)?;
        }
        Ok(())
    }

    /// What speaks most for a reason that is named and does not lead: nothing else on the page does.
    fn proof_of_reason(&self) -> Option<String> {
        let reason = self.judgement.reasons.first().filter(|reason| Some(reason.cause) != self.judgement.cause)?;
        let rule = &reason.cause.rule;
        let answers =
            rule.supported_by.iter().chain(rule.needs).map(|question| (*question, question.answer(self.outcome)));
        let answered = answers.filter(|(_, answer)| answer.is_yes());
        let best = answered.min_by_key(|(question, answer)| how_common(question, answer));
        best.map(|(question, answer)| self.answer(question, &answer))
    }

    /// What several capture points know together.
    fn points(&self, page: Page, out: &mut String) -> fmt::Result {
        let mut section = page.section(self.language().pick("points", "抓包点"));
        for text in self.vantage_words() {
            section.item(&text, out)?;
        }
        Ok(())
    }

    /// What would have to be captured to know more, each once. Where there are several points, what
    /// they do not know is said of them.
    pub(super) fn unseen_words(&self) -> alloc::vec::Vec<String> {
        let asked =
            |one: &&Evidence| self.outcome.joined().is_none() || one.question.asked_of != AskedOf::SeveralPoints;
        let wanted = self.judgement.evidence.iter().filter(|one| worth_asking(one)).filter(asked);
        let mut words: alloc::vec::Vec<String> = self.unsaid_words().into_iter().collect();
        for text in wanted.map(|one| self.answer(one.question, &Answer::Unknown)) {
            if !words.contains(&text) {
                words.push(text);
            }
        }
        words
    }

    /// The kernel's word, when it was asked.
    pub(super) fn kernel_says(&self) -> Option<String> {
        let sender = self.end(self.outcome.sender());
        match self.outcome.kernel() {
            KernelWord::NotAsked => None,
            KernelWord::SentNone => Some(self.words(self.language().pick(
                "{sender}'s TCP sent no such reset (no tcp_send_reset event): \
                 a firewall or something on the path made it",
                "{sender}的 TCP 没有发过这个 RST（没有 tcp_send_reset 事件）：是防火墙或路径上的设备生成的",
            ))),
            KernelWord::MadeInTransit => Some(String::from(self.language().pick(
                "the RST left a network namespace of this host that has neither end's address, and had not come \
                 into it: the firewall of that router made it",
                "这个 RST 从本机一个不含任何一端地址的网络命名空间发出，此前并没有进入过它：\
                 是那台路由器上的防火墙生成的",
            ))),
            KernelWord::Sent(event) => {
                let path = via(&event.stack, self.language());
                let none = String::from(self.language().pick("no reason", "（没有给出原因）"));
                let reason = if event.reason_name.is_empty() { &none } else { &event.reason_name };
                let state = &event.state;
                Some(match self.language() {
                    Language::English => format!("{sender}'s kernel says {reason} in state {state}{path}"),
                    Language::Chinese => spaced(&[&sender, "的内核给出的原因是", reason, "，状态", state]) + &path,
                })
            }
        }
    }

    fn consequences(&self, page: Page, view: View, out: &mut String) -> fmt::Result {
        let language = self.language();
        let mut lost = page.section(language.pick("lost", "损失"));
        if self.outcome.kind() == OutcomeKind::Reset {
            lost.item(&self.lost_words(), out)?;
        }
        if self.judgement.severity != Severity::Fault {
            lost.item(&self.matters(), out)?;
        }
        let cause = self.judgement.cause;
        if view.detail == Detail::Whole {
            if let Some(effect) = self.effect_words() {
                lost.item(&effect, out)?;
            }
            // In one line, however long: it is there to be copied.
            let label = padded(language.pick("filter", "过滤器"), LABEL - 2);
            writeln!(out, "  {}{}", page.style.paint(Part::Label, label), self.display_filter())?;
        }
        let Some(cause) = cause else { return Ok(()) };
        let pages = self.reason_beside().into_iter().chain([cause]).map(|cause| format!("whyrst causes {}", cause.id));
        let pages: Vec<String> = pages.collect();
        page.section(language.pick("more", "详见")).item(&pages.join(language.pick("  or: ", "  或：")), out)
    }
}

/// What only names frames counts as if it spoke for so many causes more.
const UNMEASURED: usize = 4;

/// What speaks for few causes comes before what speaks for many, and what is measured (a silence, a size, a hop count, an
/// address) before what only names frames.
fn how_common(question: &Question, answer: &Answer) -> usize {
    let is_measure = |value: &Value| {
        !matches!(value, Value::Frame(_) | Value::Name(_) | Value::Phrase(_) | Value::Flags(_) | Value::Endpoint(_))
    };
    let measures = match answer {
        Answer::Yes(facts) | Answer::No(facts) => facts.values.iter().any(is_measure),
        Answer::Unknown => false,
    };
    causes_that_ask(question) + if measures { 0 } else { UNMEASURED }
}

/// For how many causes a question speaks: the fewer, the more it says.
fn causes_that_ask(question: &Question) -> usize {
    let speaks = |cause: &&Cause| {
        let rule = &cause.rule;
        let all = rule.needs.iter().chain(rule.supported_by).chain(rule.likely_when.iter().copied().flatten());
        all.into_iter().any(|one| *one == question)
    };
    crate::causes::leading().filter(speaks).count()
}

/// Without those that an earlier one has said already, alone or as a part of it.
fn once_each(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for text in texts {
        if !all.iter().any(|earlier| earlier.contains(&text)) {
            all.push(text);
        }
    }
    all
}

fn lines(text: &str) -> usize {
    text.lines().count()
}

/// An unknown need or support is worth capturing; an unknown refutation would only add doubt.
fn worth_asking(evidence: &Evidence) -> bool {
    evidence.answer == Answer::Unknown
        && evidence.role != Role::Refutes
        && !is_rarely_answered(evidence.question)
        && !asks_for_other_resets(evidence.question)
}

/// The innermost kernel functions, without the trace's own.
fn via(stack: &[String], language: Language) -> String {
    let names: alloc::vec::Vec<&str> = stack.iter().map(String::as_str).take(4).collect();
    if names.is_empty() {
        String::new()
    } else {
        format!("{}{}", language.pick(", from ", "，调用路径 "), names.join(" < "))
    }
}

/// Where a report is written.
#[derive(Clone, Copy, Debug)]
struct Page {
    style: Style,
    width: usize,
}

impl Page {
    /// How sure, then what.
    fn claim(self, sure: Confidence, language: Language, text: &str, out: &mut String) -> fmt::Result {
        let tag = match language {
            Language::English => confidence(sure, language).to_uppercase(),
            Language::Chinese => confidence(sure, language).to_string(),
        };
        // The longest, "unexplained", stands in no column of the others.
        let tag = if sure == Confidence::Unexplained { language.pick("UNKNOWN", "未知").to_string() } else { tag };
        let part = if sure >= Confidence::Likely { Part::Firm } else { Part::Weak };
        let mut label = self.style.paint(part, padded(&tag, LABEL)).to_string();
        for line in wrap(text, self.width - LABEL) {
            writeln!(out, "{label}{line}")?;
            label = " ".repeat(LABEL);
        }
        Ok(())
    }

    const fn section(self, label: &'static str) -> Section {
        Section { label, page: self }
    }
}

/// A label on the left, items on the right.
struct Section {
    label: &'static str,
    page: Page,
}

impl Section {
    fn item(&mut self, text: &str, out: &mut String) -> fmt::Result {
        let hang = if text.starts_with(|first: char| first.is_ascii_digit()) && text.contains(". ") { 3 } else { 2 };
        let label = core::mem::take(&mut self.label);
        let Some((line, rest)) = first_line(text, self.page.width - LABEL) else { return Ok(()) };
        writeln!(out, "  {}{line}", self.page.style.paint(Part::Label, padded(label, LABEL - 2)))?;
        // Continuation lines hang, so that items stay apart without bullets.
        for line in wrap(rest, self.page.width - LABEL - hang) {
            writeln!(out, "{:LABEL$}{:hang$}{line}", "", "")?;
        }
        Ok(())
    }
}
