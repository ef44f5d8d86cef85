//! Symptoms as pages: what `whyrst why` prints of one, what the documentation is generated from, and the record.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Write;

use whyrst_model::symptom::{BroughtAbout, SymptomDecide, SymptomReport, SymptomSchema};

use super::layout::{columns, wrap};
use super::style::{Part, Style};
use crate::language::Language;
use crate::symptom::{Printed, Symptom, Topic};
use crate::symptoms;

const WIDTH: usize = 80;

/// `recv() failed with ECONNRESET (errno 104): a RST arrived`.
pub fn socket(symptom: &Symptom, language: Language) -> String {
    let socket = symptom.facts.socket;
    let came = socket.came.words(language);
    let call = socket.call.map(|call| format!("{call}()"));
    let error = socket.errno.map(|errno| format!("{} ({})", errno.name(), errno.number()));
    match (language, call, error) {
        (Language::English, Some(call), Some(error)) => format!("{call} fails with {error}: {came}"),
        (Language::Chinese, Some(call), Some(error)) => format!("{call} 以 {error} 失败：{came}"),
        (Language::English, Some(call), None) => format!("{call}: {came}"),
        (Language::Chinese, Some(call), None) => format!("{call}：{came}"),
        (_, None, _) => came.to_string(),
    }
}

/// `curl 7.87 and newer: lib/cf-socket.c, cf_socket_recv`.
pub fn printed(source: &Printed) -> String {
    match source {
        Printed::Code { by, file, symbol } => format!("{by}: {file}, {symbol}"),
        Printed::Documented { by, page } => format!("{by}: {page}"),
    }
}

/// One `whyrst.symptom/1` object as data.
pub fn record(symptom: &'static Symptom, language: Language) -> SymptomReport<'static> {
    let (facts, texts) = (&symptom.facts, symptom.texts(language));
    let how =
        |(cause, how): (&&'static str, &&'static str)| BroughtAbout { cause: (*cause).into(), how: (*how).into() };
    SymptomReport {
        schema: SymptomSchema::V1,
        id: symptom.id.into(),
        program: facts.program.into(),
        title: texts.title.into(),
        meaning: texts.meaning.into(),
        call: facts.socket.call.map(Into::into),
        errno: facts.socket.errno.map(|errno| errno.name().into()),
        came: facts.socket.came.name().into(),
        causes: symptom.causes.iter().zip(texts.causes).map(how).collect(),
        order: texts.order.into(),
        decide: SymptomDecide {
            on: facts.decide.on.name().into(),
            whyrst: facts.decide.whyrst.into(),
            without: facts.decide.without.into(),
            tell: texts.tell.into(),
        },
        printed: facts.printed.iter().map(|source| printed(source).into()).collect(),
        examples: facts.examples.iter().map(|example| (*example).into()).collect(),
    }
}

/// The same as a line of JSON, without a line end.
pub fn json(symptom: &'static Symptom, language: Language) -> String {
    serde_json::to_string(&record(symptom, language)).unwrap_or_default()
}

/// The page of one symptom for a terminal, in the order of what a reader needs first.
pub fn page(symptom: &'static Symptom, style: Style, language: Language) -> String {
    let (facts, texts) = (&symptom.facts, symptom.texts(language));
    let label = |english, chinese| language.pick(english, chinese);
    let mut out = String::new();
    for line in wrap(texts.title, WIDTH) {
        push_line(&style.paint(Part::Heading, line).to_string(), &mut out);
    }
    hung("  ", texts.meaning, &mut out);
    item(label("socket", "套接字"), &socket(symptom, language), style, &mut out);
    if !symptom.causes.is_empty() {
        push_line(
            &style.paint(Part::Label, label("  causes, commonest first", "  原因，常见的在前")).to_string(),
            &mut out,
        );
        for (number, (id, how)) in symptom.causes.iter().zip(texts.causes).enumerate() {
            hung(&format!("  {:>2}. ", number + 1), &named(how, id, language), &mut out);
        }
    }
    let on = facts.decide.on.words(language);
    let on = match language {
        Language::English => format!("on {on}:"),
        Language::Chinese => format!("在{on}上："),
    };
    item(label("decide", "区分"), &on, style, &mut out);
    // Commands are not broken: they are there to be copied.
    command("", facts.decide.whyrst, style, &mut out);
    command(label("or", "或"), facts.decide.without, style, &mut out);
    item(label("then", "再看"), texts.tell, style, &mut out);
    if !texts.order.is_empty() {
        item(label("order", "依据"), texts.order, style, &mut out);
    }
    let first = symptom.causes.first().map_or_else(String::new, |id| format!("whyrst causes {id}"));
    let sources: Vec<String> = facts.printed.iter().map(printed).collect();
    item(label("printed", "出处"), &sources.join("; "), style, &mut out);
    if !first.is_empty() {
        item(label("more", "更多"), &first, style, &mut out);
    }
    out
}

/// `the server closed ... (close-unread)`: words first, id second.
fn named(how: &str, id: &str, language: Language) -> String {
    match language {
        Language::English => format!("{how} ({id})"),
        Language::Chinese => format!("{how}（{id}）"),
    }
}

/// A label, and a command beside it.
fn command(label: &str, command: &str, style: Style, out: &mut String) {
    push_line(&(head(label, style) + command), out);
}

fn head(label: &str, style: Style) -> String {
    format!("  {}{}", style.paint(Part::Label, label), " ".repeat(10_usize.saturating_sub(columns(label))))
}

/// A label, and a text beside it.
fn item(label: &str, text: &str, style: Style, out: &mut String) {
    let head = head(label, style);
    for (at, line) in wrap(text, WIDTH - 12).enumerate() {
        let begin = if at == 0 { head.as_str() } else { "            " };
        push_line(&format!("{begin}{line}"), out);
    }
}

/// A text that hangs on `mark`.
fn hung(mark: &str, text: &str, out: &mut String) {
    for (at, line) in wrap(text, WIDTH - columns(mark)).enumerate() {
        let begin = if at == 0 { mark.to_string() } else { " ".repeat(columns(mark)) };
        push_line(&format!("{begin}{line}"), out);
    }
}

fn push_line(line: &str, out: &mut String) {
    out.extend([line.trim_end(), "\n"]);
}

/// The page of one symptom as Markdown, for the documentation and for tickets.
pub fn markdown(symptom: &'static Symptom, language: Language) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    write_markdown(symptom, language, &mut out).unwrap_or_default();
    out
}

fn write_markdown(symptom: &'static Symptom, language: Language, out: &mut String) -> core::fmt::Result {
    let (facts, texts) = (&symptom.facts, symptom.texts(language));
    let heading = |english, chinese| format!("\n## {}\n", language.pick(english, chinese));
    writeln!(out, "# {}\n\n**{}**\n", symptom.id, sentence(texts.title, language))?;
    writeln!(out, "```text\n{}\n```\n", facts.examples.join("\n"))?;
    writeln!(out, "{}\n", texts.meaning)?;
    writeln!(out, "{}{}", language.pick("The socket: ", "套接字："), sentence(&socket(symptom, language), language))?;
    if !symptom.causes.is_empty() {
        writeln!(out, "{}", heading("Causes, commonest first", "原因，常见的在前"))?;
        for (number, (id, how)) in symptom.causes.iter().zip(texts.causes).enumerate() {
            let how = match language {
                Language::English => format!("{how} (`{id}`)"),
                Language::Chinese => format!("{how}（`{id}`）"),
            };
            writeln!(out, "{}. {how}", number + 1)?;
        }
        writeln!(out, "\n{}", texts.order)?;
    }
    writeln!(out, "{}", heading("What tells them apart", "如何区分"))?;
    let on = facts.decide.on.words(language);
    match language {
        Language::English => writeln!(out, "On {on}, with whyrst or without it:\n")?,
        Language::Chinese => writeln!(out, "在{on}上，用 whyrst，或不用：\n")?,
    }
    writeln!(out, "```sh\n{}\n{}\n```\n\n{}", facts.decide.whyrst, facts.decide.without, texts.tell)?;
    writeln!(out, "{}", heading("Who prints it", "由谁打印"))?;
    for source in facts.printed {
        writeln!(out, "- {}", printed(source))?;
    }
    Ok(())
}

/// A headline as a sentence of its own.
fn sentence(text: &str, language: Language) -> String {
    format!("{text}{}", language.pick(".", "。"))
}

/// A line for each of `found`: the message, and the id that `whyrst why` takes as well.
pub fn list(found: &[&'static Symptom], style: Style, language: Language) -> String {
    let mut out = String::new();
    for symptom in found {
        let id = style.paint(Part::Label, format!("{:<24}", symptom.id)).to_string();
        let mut lines = wrap(symptom.texts(language).title, WIDTH - 26);
        push_line(&format!("{id}  {}", lines.next().unwrap_or_default()), &mut out);
        lines.for_each(|line| push_line(&format!("{:26}{line}", ""), &mut out));
    }
    out
}

/// The index of all pages, by topic, with links beside it.
pub fn index(language: Language) -> String {
    Topic::ALL.into_iter().map(|topic| of_topic(topic, language)).collect()
}

fn of_topic(topic: Topic, language: Language) -> String {
    let row = |symptom: &'static Symptom| {
        let (id, title, program) = (symptom.id, symptom.texts(language).title, symptom.facts.program);
        format!("| {program}: [{}]({id}.md) | {title} |\n", message(symptom))
    };
    let rows: String = symptoms::of_topic(topic).map(row).collect();
    let columns = language.pick("| message | what it means |", "| 消息 | 含义 |");
    format!("\n## {}\n\n{columns}\n| --- | --- |\n{rows}", topic.title(language))
}

/// The message as code within a line of Markdown.
pub fn message(symptom: &Symptom) -> String {
    format!("`{}`", shortened(symptom.message()))
}

/// The message as a cell of a table: without what would end the cell or the code, and not too long.
pub fn shortened(message: &str) -> String {
    const LONGEST: usize = 76;
    let cell = |character: char| match character {
        '|' => '/',
        '`' => '\'',
        other => other,
    };
    let message = message.trim();
    let mut out: String = message.chars().take(LONGEST).map(cell).collect();
    if message.chars().count() > LONGEST {
        out.push_str("...");
    }
    out
}
