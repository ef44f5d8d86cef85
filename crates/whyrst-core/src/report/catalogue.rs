//! The catalogue as pages: what `whyrst causes` prints and what the documentation is generated from.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::{self, Write};

use whyrst_model::catalogue::{CauseReport, CauseSchema, RecognisedBy, StepWord, ToldApart};

use super::layout::{columns, push_spaced, wrap};
use super::style::{Part, Style};
use crate::cause::{Cause, Family, KernelSign, Source, Stack, Status};
use crate::causes;
use crate::evidence::Question;
use crate::kernel::RstReason;
use crate::language::Language;
use crate::outcome::OutcomeKind;
use crate::symptoms;

/// Whether `whyrst lab run` shows a cause happen. The lab knows, so whoever wants a page says it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reproducible {
    /// Under the id of the cause.
    Yes,
    /// The same, and `whyrst lab code` gives programs that make it.
    AsPrograms,
    /// Not, for this reason.
    No(&'static str),
    /// Whoever prints the page has no lab.
    Unknown,
}

/// One line for every cause.
pub fn list(style: Style, language: Language) -> String {
    listed_causes(causes::ALL, style, language)
}

/// Those that mention `word` in their id or in a text, in either language.
pub fn mentioning(word: &str) -> impl Iterator<Item = &'static Cause> {
    causes::ALL.iter().copied().filter(move |cause| {
        let texts = [&cause.en, &cause.zh].into_iter().flat_map(|texts| {
            let texts_of = [texts.title, texts.explanation, texts.effect, texts.confirm];
            texts_of.into_iter().chain(texts.advice.iter().copied()).chain(texts.variants.iter().copied())
        });
        texts.chain([cause.id]).any(|text| symptoms::holds(text, word))
    })
}

/// One line for each of `found`.
pub fn listed_causes(found: &[&'static Cause], style: Style, language: Language) -> String {
    let mut out = String::new();
    for cause in found {
        let id = format!("{:<24}", cause.id);
        let title = plain(cause.texts(language).title, language);
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
pub fn page(cause: &'static Cause, reproducible: Reproducible, style: Style, language: Language) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    write_page(cause, reproducible, style, language, &mut out).unwrap_or_default();
    out
}

/// The page of one cause as Markdown, for the documentation.
pub fn markdown(cause: &'static Cause, reproducible: Reproducible, language: Language) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    write_markdown(cause, reproducible, language, &mut out).unwrap_or_default();
    out
}

/// What has the same shape on the wire: for a mechanism the others that can show one of its families, for a
/// reason the others that can explain one of its mechanisms. Each with what proves it outside of the packets.
pub fn look_alikes(cause: &'static Cause, language: Language) -> impl Iterator<Item = (&'static str, String)> {
    let alike = move |other: &&'static Cause| {
        let shares = |families: &[Family]| families.iter().any(|family| cause.shows().contains(family));
        let explains = |mechanisms: &[&str]| mechanisms.iter().any(|mechanism| cause.explains().contains(mechanism));
        *other != cause && (shares(other.shows()) || explains(other.explains()))
    };
    causes::leading().filter(alike).map(move |other| (other.id, plain(other.texts(language).confirm, language)))
}

/// What proves `cause` outside of a capture.
pub fn confirm(cause: &Cause, language: Language) -> String {
    plain(cause.texts(language).confirm, language)
}

/// One `whyrst.cause/1` object, without a line end.
pub fn json(cause: &'static Cause, reproducible: Reproducible, language: Language) -> String {
    serde_json::to_string(&record(cause, reproducible, language)).unwrap_or_default()
}

/// The page of one cause as data.
pub fn record(cause: &'static Cause, reproducible: Reproducible, language: Language) -> CauseReport<'static> {
    let texts = cause.texts(language);
    let recognised = |(role, text): (&'static str, String)| RecognisedBy { role: role.into(), text: text.into() };
    let told_apart = |(cause, by): (&'static str, String)| ToldApart { cause: cause.into(), by: by.into() };
    CauseReport {
        schema: CauseSchema::V1,
        id: cause.id.into(),
        title: headline(cause, language).into(),
        explanation: paragraph_of(texts.explanation, language).into(),
        effect: paragraph_of(texts.effect, language).into(),
        severity: cause.rule.severity,
        kernel_reasons: spoken(cause).map(|sign| sign.reason.name().into()).collect(),
        kernel: kernel_words(cause, language).into(),
        recognised: questions(cause, language).map(recognised).collect(),
        step: if cause.is_reason() { StepWord::Reason } else { StepWord::Mechanism },
        families: cause.shows().to_vec(),
        explains: cause.explains().iter().map(|id| (*id).into()).collect(),
        confirm: plain(texts.confirm, language).into(),
        look_alikes: look_alikes(cause, language).map(|(id, _)| id.into()).collect(),
        told_apart: look_alikes(cause, language).map(told_apart).collect(),
        reproduction: reproduction(cause, reproducible, language).into(),
        advice: texts.advice.iter().map(|step| plain(step, language).into()).collect(),
        sources: cause.rule.sources.iter().map(|source| source_words(source).into()).collect(),
    }
}

/// "The connection was reset because nothing listens on the server's port."
pub fn headline(cause: &Cause, language: Language) -> String {
    let title = plain(cause.texts(language).title, language);
    match (language, cause.rule.outcome) {
        (Language::English, OutcomeKind::Reset) => format!("The connection was reset because {title}."),
        (Language::English, OutcomeKind::FailedConnect) => format!("The connection failed because {title}."),
        (Language::Chinese, OutcomeKind::Reset) => format!("连接被重置：{title}。"),
        (Language::Chinese, OutcomeKind::FailedConnect) => format!("建连失败：{title}。"),
    }
}

/// What a reader must know of a cause that leads no verdict.
const fn status_note(cause: &Cause, language: Language) -> Option<&'static str> {
    match cause.rule.status {
        Status::Preview => Some(language.pick(
            "Preview: reports name it beside a verdict, and it leads none yet.",
            "预览：报告会在结论旁列出它，但它暂不作为结论。",
        )),
        Status::Deprecated => {
            Some(language.pick("Deprecated: another cause says it better.", "已弃用：另有原因说得更准确。"))
        }
        Status::Stable => None,
    }
}

/// A paragraph of its own begins with a capital.
fn paragraph_of(template: &str, language: Language) -> String {
    let text = plain(template, language);
    if language == Language::Chinese {
        return text;
    }
    let mut characters = text.chars();
    characters.next().into_iter().flat_map(char::to_uppercase).chain(characters).collect()
}

/// A template read without a case at hand: the ends keep their roles as names.
pub(super) fn plain(template: &str, language: Language) -> String {
    if language == Language::Chinese {
        return chinese(template);
    }
    template
        .replace(". {sender}", ". The sender of the RST")
        .replace(". {receiver}", ". The receiver")
        .replace(". {client}", ". The client")
        .replace(". {server}", ". The server")
        .replace("{sender}", "the sender of the RST")
        .replace("{receiver}", "the receiver")
        .replace("{client}", "the client")
        .replace("{server}", "the server")
        .replace("{}", "...")
        .replace("{0}", "...")
        .replace("{1}", "...")
}

/// The same in Chinese, set apart from Latin letters where a name takes the place.
fn chinese(template: &str) -> String {
    const PLACES: [(&str, &str); 4] =
        [("{sender}", "RST 发送方"), ("{receiver}", "RST 接收方"), ("{client}", "客户端"), ("{server}", "服务端")];
    const VALUES: [(&str, &str); 5] = [("{}", "..."), ("{0}", "..."), ("{1}", "..."), ("{2}", "..."), ("{3}", "...")];
    let (mut out, mut rest) = (String::new(), template);
    while let Some((at, place, words)) =
        PLACES.iter().chain(&VALUES).filter_map(|(place, words)| Some((rest.find(place)?, place, words))).min()
    {
        push_spaced(&mut out, &rest[..at]);
        push_spaced(&mut out, words);
        rest = &rest[at + place.len()..];
    }
    push_spaced(&mut out, rest);
    out
}

/// The headings of a page, in its order.
struct Headings {
    effect: &'static str,
    seen_as: &'static str,
    kernel: &'static str,
    rule: &'static str,
    step: &'static str,
    confirm: &'static str,
    look_alikes: &'static str,
    advice: &'static str,
    reproduction: &'static str,
    sources: &'static str,
}

const ENGLISH: Headings = Headings {
    effect: "what the programs see",
    seen_as: "people see this as",
    kernel: "what Linux says",
    rule: "how it is recognised",
    step: "where it stands in a verdict",
    confirm: "what proves it",
    look_alikes: "what looks like it",
    advice: "what to do",
    reproduction: "see it happen",
    sources: "sources",
};

const CHINESE: Headings = Headings {
    effect: "程序看到什么",
    seen_as: "人们看到的消息",
    kernel: "Linux 内核怎么说",
    rule: "如何判定",
    step: "在结论中的位置",
    confirm: "如何证实",
    look_alikes: "容易混淆的原因",
    advice: "如何处理",
    reproduction: "如何复现",
    sources: "来源",
};

/// The heading above the rule on a Markdown page, before which others may put what belongs there.
pub fn rule_heading(language: Language) -> String {
    format!("## {}", paragraph_of(language.pick(ENGLISH.rule, CHINESE.rule), language))
}

fn write_page(
    cause: &'static Cause,
    reproducible: Reproducible,
    style: Style,
    language: Language,
    out: &mut String,
) -> fmt::Result {
    let (texts, headings, colon) =
        (cause.texts(language), language.pick(&ENGLISH, &CHINESE), language.pick(": ", "："));
    writeln!(out, "{}", style.paint(Part::Heading, cause.id))?;
    paragraph(&headline(cause, language), 2, out)?;
    if let Some(note) = status_note(cause, language) {
        out.push('\n');
        paragraph(note, 2, out)?;
    }
    out.push('\n');
    paragraph(&paragraph_of(texts.explanation, language), 2, out)?;
    section(headings.effect, style, out)?;
    paragraph(&paragraph_of(texts.effect, language), 2, out)?;
    let messages: Vec<&str> = symptoms::of_cause(cause.id).map(|symptom| symptom.id).collect();
    if !messages.is_empty() {
        section(headings.seen_as, style, out)?;
        paragraph(&format!("{} (whyrst why ID)", messages.join(language.pick(", ", "、"))), 2, out)?;
    }
    section(headings.kernel, style, out)?;
    paragraph(&kernel_words(cause, language), 2, out)?;
    section(headings.rule, style, out)?;
    for (label, question) in questions(cause, language) {
        item(&format!("{label}{colon}{question}"), out)?;
    }
    section(headings.confirm, style, out)?;
    paragraph(&paragraph_of(texts.confirm, language), 2, out)?;
    section(headings.step, style, out)?;
    paragraph(&step_words(cause, language), 2, out)?;
    let others: Vec<&str> = look_alikes(cause, language).map(|(id, _)| id).collect();
    if !others.is_empty() {
        section(headings.look_alikes, style, out)?;
        paragraph(&others.join(language.pick(", ", "、")), 2, out)?;
    }
    section(headings.advice, style, out)?;
    for (number, step) in texts.advice.iter().enumerate() {
        listed(&format!("{}. ", number + 1), &plain(step, language), out)?;
    }
    section(headings.reproduction, style, out)?;
    paragraph(&reproduction(cause, reproducible, language), 2, out)?;
    section(headings.sources, style, out)?;
    for source in cause.rule.sources {
        item(&source_words(source), out)?;
    }
    Ok(())
}

fn write_markdown(
    cause: &'static Cause,
    reproducible: Reproducible,
    language: Language,
    out: &mut String,
) -> fmt::Result {
    let (texts, headings, colon) =
        (cause.texts(language), language.pick(&ENGLISH, &CHINESE), language.pick(": ", "："));
    let heading = |title: &str| paragraph_of(title, language);
    let (headline, explanation) = (headline(cause, language), paragraph_of(texts.explanation, language));
    writeln!(out, "# {}\n\n**{headline}**\n", cause.id)?;
    if let Some(note) = status_note(cause, language) {
        writeln!(out, "*{note}*\n")?;
    }
    writeln!(out, "{explanation}\n")?;
    writeln!(out, "## {}\n\n{}\n", heading(headings.effect), paragraph_of(texts.effect, language))?;
    write_messages(cause, &heading(headings.seen_as), out)?;
    writeln!(out, "## {}\n\n{}\n", heading(headings.kernel), kernel_words(cause, language))?;
    writeln!(out, "## {}\n", heading(headings.rule))?;
    for (label, question) in questions(cause, language) {
        writeln!(out, "- {label}{colon}{question}")?;
    }
    writeln!(out, "\n## {}\n\n{}", heading(headings.confirm), paragraph_of(texts.confirm, language))?;
    writeln!(out, "\n## {}\n\n{}", heading(headings.step), step_words(cause, language))?;
    let others: Vec<String> = look_alikes(cause, language).map(|(id, _)| format!("`{id}`")).collect();
    if !others.is_empty() {
        writeln!(out, "\n## {}\n\n{}", heading(headings.look_alikes), others.join(language.pick(", ", "、")))?;
    }
    writeln!(out, "\n## {}\n", heading(headings.advice))?;
    for (number, step) in texts.advice.iter().enumerate() {
        writeln!(out, "{}. {}", number + 1, plain(step, language))?;
    }
    writeln!(out, "\n## {}\n\n{}\n", heading(headings.reproduction), reproduction(cause, reproducible, language))?;
    writeln!(out, "## {}\n", heading(headings.sources))?;
    for source in cause.rule.sources {
        writeln!(out, "- {}", source_words(source))?;
    }
    Ok(())
}

/// The messages that people have of it, each with the id of its page.
fn write_messages(cause: &Cause, heading: &str, out: &mut String) -> fmt::Result {
    let mut messages = symptoms::of_cause(cause.id).peekable();
    if messages.peek().is_none() {
        return Ok(());
    }
    writeln!(out, "## {heading}\n")?;
    for symptom in messages {
        writeln!(out, "- `{}`: {}: {}", symptom.id, symptom.facts.program, super::symptom::message(symptom))?;
    }
    writeln!(out)
}

fn questions(cause: &Cause, language: Language) -> impl Iterator<Item = (&'static str, String)> {
    let lists = [
        (language.pick("needs", "必须满足"), cause.rule.needs),
        (language.pick("excluded if", "排除条件"), cause.rule.refuted_by),
        (language.pick("speaks for it", "加强依据"), cause.rule.supported_by),
    ];
    let words = move |question: &Question| {
        let yes = plain(question.wording(language).yes, language);
        match language {
            Language::English => format!("{} ({yes})", question.id),
            Language::Chinese => format!("{}（{yes}）", question.id),
        }
    };
    lists
        .into_iter()
        .flat_map(move |(label, questions)| questions.iter().map(move |question: &&Question| (label, words(question))))
}

/// Which step it is, what it shows or explains, and what explains it.
fn step_words(cause: &Cause, language: Language) -> String {
    let comma = language.pick(", ", "、");
    let families: Vec<&str> = cause.shows().iter().map(|family| family.name()).collect();
    let reasons: Vec<&str> = causes::explaining(cause.id).map(|reason| reason.id).collect();
    let (families, explains, reasons) = (families.join(comma), cause.explains().join(comma), reasons.join(comma));
    match (cause.is_reason(), families.is_empty(), reasons.is_empty()) {
        (true, _, _) => match language {
            Language::English => format!("A reason: it explains {explains}."),
            Language::Chinese => format!("缘由：它可以解释 {explains}。"),
        },
        (false, true, _) => language.pick("A failed connect, without a reset.", "建连失败，没有 RST。").to_string(),
        (false, false, true) => match language {
            Language::English => format!("A mechanism of the family {families}."),
            Language::Chinese => format!("机制，属于 {families} 类。"),
        },
        (false, false, false) => match language {
            Language::English => format!("A mechanism of the family {families}. Reasons for it: {reasons}."),
            Language::Chinese => format!("机制，属于 {families} 类。可能的缘由：{reasons}。"),
        },
    }
}

fn kernel_words(cause: &Cause, language: Language) -> String {
    if language == Language::Chinese {
        return chinese_kernel_words(cause);
    }
    if cause.is_reason() {
        return "What it says of the mechanism: a kernel knows how it reset, not why.".to_string();
    }
    if cause.kernel().is_empty() {
        return match cause.rule.outcome {
            OutcomeKind::Reset => {
                "Nothing: no tcp_send_reset event, and Tcp OutRsts does not move. That silence is the sign.".to_string()
            }
            OutcomeKind::FailedConnect => "No reset is sent.".to_string(),
        };
    }
    let signs: Vec<String> = spoken(cause).map(sign_words).collect();
    let none = if cause.kernel().iter().any(KernelSign::is_silence) { ", or no event" } else { "" };
    let mut counters: Vec<&str> = spoken(cause).filter_map(counter).collect();
    counters.dedup();
    let also = if counters.is_empty() { String::new() } else { format!("; also {}", counters.join(", ")) };
    let signs = signs.join(", or ");
    format!("tcp:tcp_send_reset with reason {signs}{none}. The RST is counted in Tcp OutRsts{also} (`nstat -az`).")
}

fn chinese_kernel_words(cause: &Cause) -> String {
    if cause.is_reason() {
        return "内核给出的是机制的原因：内核知道自己如何重置，不知道为什么。".to_string();
    }
    if cause.kernel().is_empty() {
        return match cause.rule.outcome {
            OutcomeKind::Reset => {
                "什么也没说：没有 tcp_send_reset 事件，Tcp OutRsts 不增长。这种沉默本身就是标志。".to_string()
            }
            OutcomeKind::FailedConnect => "没有发送 RST。".to_string(),
        };
    }
    let words = |sign: &KernelSign| match sign.stack {
        Stack::Any | Stack::NoEvent => sign.reason.to_string(),
        Stack::Has(symbol) => format!("{}（调用栈中有 {symbol}）", sign.reason),
        Stack::Lacks(symbol) => format!("{}（调用栈中没有 {symbol}）", sign.reason),
        Stack::HasAndLacks(symbol, other) => format!("{}（调用栈中有 {symbol}、没有 {other}）", sign.reason),
    };
    let signs = spoken(cause).map(words).collect::<Vec<_>>().join("，或 ");
    let none = if cause.kernel().iter().any(KernelSign::is_silence) { "，或没有事件" } else { "" };
    let mut counters: Vec<&str> = spoken(cause).filter_map(counter).collect();
    counters.dedup();
    let also = if counters.is_empty() { String::new() } else { format!("，以及 {}", counters.join("、")) };
    format!("tcp:tcp_send_reset 给出的原因是 {signs}{none}。这个 RST 计入 Tcp OutRsts{also}（`nstat -az`）。")
}

/// What else the kernel counts beside Tcp `OutRsts` (docs/internals/counters.md); `None` where it is nothing, or
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
    cause.kernel().iter().filter(|sign| !sign.is_silence())
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

fn reproduction(cause: &Cause, reproducible: Reproducible, language: Language) -> String {
    match reproducible {
        Reproducible::Yes => format!("whyrst lab run {}", cause.id),
        Reproducible::AsPrograms => {
            let also = language.pick("; as programs in C, Python, Rust or Go", "；C、Python、Rust、Go 程序");
            let colon = language.pick(": ", "：");
            format!("whyrst lab run {0}{also}{colon}whyrst lab code {0}", cause.id)
        }
        Reproducible::Unknown => {
            let list = language
                .pick("`whyrst lab list` says whether the lab plays it", "`whyrst lab list` 会说明能否在 lab 中复现");
            String::from(list)
        }
        Reproducible::No(reason) => {
            format!("{}{reason}", language.pick("cannot be reproduced in the lab: ", "无法在 lab 中复现："))
        }
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
        writeln!(out, "  {:<width$}{line}", if at == 0 { mark } else { "" }, width = columns(mark))?;
    }
    Ok(())
}

fn paragraph(text: &str, indent: usize, out: &mut String) -> fmt::Result {
    for line in wrap(text, 80 - indent) {
        writeln!(out, "{:indent$}{line}", "")?;
    }
    Ok(())
}
