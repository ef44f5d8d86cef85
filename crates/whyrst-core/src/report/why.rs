//! What `whyrst why` says of a text: the symptoms in it, or what to capture next where there is none.
//!
//! The text is somebody's log and hostile: a bounded part of it is repeated, escaped, and nothing in it decides how
//! much is printed.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use whyrst_model::symptom::{WhyReport, WhySchema};

use super::escape::escape_name;
use super::style::{Part, Style};
use super::symptom;
use crate::language::Language;
use crate::symptoms::{Reading, Sighting};

/// How many symptoms of one text are explained; the others are named.
pub const EXPLAINED: usize = 3;

/// How much of a line is repeated.
const REPEATED: usize = 200;

/// What to capture where the text says nothing, commonest need first.
const NEXT: [&str; 4] = [
    "sudo whyrst watch",
    "sudo whyrst run -- COMMAND",
    "sudo tcpdump -i any -s 128 -w trace.pcap 'tcp port PORT or icmp'",
    "sudo strace -f -e trace=network,close -p PID",
];

/// The answer for a terminal.
pub fn text(asked: &str, reading: &Reading<'_>, style: Style, language: Language) -> String {
    if reading.found.is_empty() {
        return unknown(asked, language);
    }
    let (explained, others) = reading.found.split_at(EXPLAINED.min(reading.found.len()));
    let mut out = String::new();
    for (number, sighting) in explained.iter().enumerate() {
        if number > 0 {
            out.push('\n');
        }
        out.extend([style.paint(Part::Dim, heard(sighting, language)).to_string().as_str(), "\n"]);
        out.push_str(&symptom::page(sighting.symptom, style, language));
    }
    out.push_str(&rest(reading, others, language));
    out
}

/// The line that was recognised, and how often it is there.
fn heard(sighting: &Sighting<'_>, language: Language) -> String {
    let line = repeated(sighting.text);
    match (language, sighting.times) {
        (_, 1) => line,
        (Language::English, times) => format!("{line} ({times} lines)"),
        (Language::Chinese, times) => format!("{line}（{times} 行）"),
    }
}

/// What was found and is not explained, and how many lines say nothing.
fn rest(reading: &Reading<'_>, others: &[Sighting<'_>], language: Language) -> String {
    named(others, language) + &silent(reading, language)
}

fn named(others: &[Sighting<'_>], language: Language) -> String {
    if others.is_empty() {
        return String::new();
    }
    let ids: Vec<&str> = others.iter().map(|sighting| sighting.symptom.id).collect();
    let ids = ids.join(language.pick(", ", "、"));
    match language {
        Language::English => format!("\nalso in this text (`whyrst why ID` explains each): {ids}\n"),
        Language::Chinese => format!("\n文本里还有（用 `whyrst why ID` 查看）：{ids}\n"),
    }
}

fn silent(reading: &Reading<'_>, language: Language) -> String {
    let Reading { unknown, lines, .. } = reading;
    match (language, unknown) {
        (_, 0) => String::new(),
        (Language::English, _) => format!("\n{unknown} of {lines} lines hold no message that is known\n"),
        (Language::Chinese, _) => format!("\n{lines} 行中有 {unknown} 行没有已知的消息\n"),
    }
}

/// What is said of a text that holds no message that is known.
fn unknown(asked: &str, language: Language) -> String {
    let line = repeated(first_line(asked));
    let head = language.pick("no message that whyrst knows is in this text:", "文本里没有 whyrst 认识的消息：");
    let next = language.pick(
        "What shows the cause without a message, on the host where it happens:",
        "没有消息也能看到原因的办法，在出问题的主机上：",
    );
    let about: [&str; 4] = match language {
        Language::English => [
            "every reset of this host, while it happens",
            "the resets of one command",
            "a capture; then whyrst explain --all trace.pcap",
            "which call fails, and with which errno; then, for example, whyrst why ECONNRESET",
        ],
        Language::Chinese => [
            "发生时，这台主机的每次重置",
            "某个命令的重置",
            "抓包；然后 whyrst explain --all trace.pcap",
            "哪个系统调用失败、errno 是什么；然后例如 whyrst why ECONNRESET",
        ],
    };
    let search = language
        .pick("Or search the catalogue for a word: whyrst causes WORD", "或者在目录里搜索一个词：whyrst causes WORD");
    let steps = NEXT.iter().zip(about).map(|(command, about)| format!("  {command}\n      {about}\n"));
    format!("{head}\n  {line}\n\n{next}\n{}\n{search}\n", steps.collect::<String>())
}

/// The same as Markdown, for a ticket or a chat.
pub fn markdown(asked: &str, reading: &Reading<'_>, language: Language) -> String {
    if reading.found.is_empty() {
        return format!("```text\n{}```\n", unknown(asked, language).replace('`', "'"));
    }
    let (explained, others) = reading.found.split_at(EXPLAINED.min(reading.found.len()));
    let quoted = |sighting: &Sighting<'_>| {
        let line = heard(sighting, language).replace('`', "'");
        format!("```text\n{line}\n```\n\n{}\n", symptom::markdown(sighting.symptom, language))
    };
    let pages: String = explained.iter().map(quoted).collect();
    pages + &rest(reading, others, language)
}

/// The same as `whyrst.why/1` objects, a line each: every symptom, or one object that names none.
pub fn json(asked: &str, reading: &Reading<'_>, language: Language) -> String {
    let known = reading.found.iter().map(|sighting| WhyReport {
        schema: WhySchema::V1,
        text: clipped(sighting.text).into(),
        line: sighting.line,
        lines: sighting.times,
        symptom: Some(symptom::record(sighting.symptom, language)),
        next: Vec::new(),
    });
    let unknown = reading.found.is_empty().then(|| WhyReport {
        schema: WhySchema::V1,
        text: clipped(first_line(asked)).into(),
        line: 1 + asked.lines().take_while(|line| line.trim().is_empty()).count(),
        lines: 0,
        symptom: None,
        next: NEXT.iter().map(|command| (*command).into()).collect(),
    });
    let line = |report: WhyReport<'_>| serde_json::to_string(&report).unwrap_or_default() + "\n";
    known.chain(unknown).map(line).collect()
}

fn first_line(asked: &str) -> &str {
    asked.lines().find(|line| !line.trim().is_empty()).unwrap_or_default()
}

/// The beginning of a line, as it may be printed.
fn repeated(line: &str) -> String {
    let line = line.trim();
    let begin = clipped(line);
    format!("{}{}", escape_name(begin), if begin.len() < line.len() { "..." } else { "" })
}

fn clipped(line: &str) -> &str {
    line.char_indices().nth(REPEATED).map_or(line, |(end, _)| &line[..end])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::symptoms;

    fn answer(asked: &str) -> String {
        text(asked, &symptoms::read(asked), Style::Plain, Language::English)
    }

    #[test]
    fn hostile_text_is_escaped_and_bounded() {
        let hostile =
            format!("\u{1b}[2J\u{202e}curl: (56) Recv failure: Connection reset by peer{}", "x".repeat(100_000));
        let out = answer(&hostile);
        assert!(!out.contains('\u{1b}') && !out.contains('\u{202e}'), "{out}");
        assert!(out.len() < 8_000, "{}", out.len());
        let unknown = answer(&"\u{7}y".repeat(100_000));
        assert!(!unknown.contains('\u{7}') && unknown.len() < 4_000, "{}", unknown.len());
        let many: Vec<&str> = symptoms::ALL.iter().map(|symptom| symptom.message()).collect();
        let many = many.join("\n");
        assert!(answer(&many).len() < 24_000, "{}", answer(&many).len());
        let fence = markdown("``` curl: (52)", &symptoms::read("``` curl: (52)"), Language::English);
        assert!(!fence.contains("``` curl"), "{fence}");
    }

    #[test]
    fn words_come_first_and_ids_second() {
        let out = answer("curl: (56) Recv failure: Connection reset by peer");
        let id = out.find("(close-unread)").expect("the first cause");
        assert!(out.find("the server closed").is_some_and(|words| words < id), "{out}");
        assert!(out.contains("sudo whyrst watch --port PORT") && out.contains("nstat -az"), "{out}");
        assert!(out.lines().all(|line| super::super::layout::columns(line) <= 120), "{out}");
    }

    #[test]
    fn what_is_not_known_is_said_with_what_to_capture() {
        let out = answer("the dog ate my homework");
        assert!(out.starts_with("no message that whyrst knows") && out.contains("tcpdump"), "{out}");
    }

    #[test]
    fn each_line_is_looked_at() {
        let asked =
            "Caused by: java.net.SocketException: Connection reset\n\tat a.B.c(B.java:1)\n\nConnection refused\n";
        let reading = symptoms::read(asked);
        let ids: Vec<&str> = reading.found.iter().map(|sighting| sighting.symptom.id).collect();
        assert_eq!(
            (ids.as_slice(), reading.lines, reading.unknown),
            (&["java-connection-reset", "connection-refused"][..], 3, 1)
        );
        assert!(answer(asked).ends_with("1 of 3 lines hold no message that is known\n"));
    }
}
