//! The packets of a connection for one screen: bursts in one line, silence as silence, the decisive ones marked.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::{self, Write};

use super::Explanation;
use super::ladder::Rung;
use super::layout::{columns, padded};
use super::style::{Part, Style};
use crate::history::{Notes, Record};
use crate::language::Language;
use crate::segment::Flags;
use crate::time::Span;

/// What a client or server sends stands in a column of this width.
const COLUMN: usize = 22;
/// Silence is worth a line from here on (CATALOGUE: the silence before a reset belongs to the evidence when it
/// is longer than a second and a hundred round trips).
const SILENCE: Span = Span::from_secs(1);
const ROUND_TRIPS: i64 = 100;

/// One line.
#[derive(Clone, Copy, Debug)]
enum Line<'a> {
    /// Segments of one side in a row that say the same.
    Burst { first: &'a Record, last: &'a Record, frames: u32, bytes: u64, decisive: bool },
    /// Segments that are not shown.
    Gap(u64),
    /// Nobody sent anything for so long.
    Silence(Span),
}

impl Explanation<'_> {
    /// Writes at most `most` lines of at most `width` columns.
    pub(super) fn packets(&self, style: Style, width: usize, most: usize, out: &mut String) -> fmt::Result {
        if self.outcome.joined().is_some_and(|joined| !joined.crossings.is_empty()) {
            return self.ladder(style, out);
        }
        let rungs = self.rungs();
        let all = self.folded(&rungs);
        for line in shortened(&all, most) {
            let (text, part) = self.line(&line);
            let text = cut(text.trim_end(), width);
            match part {
                Some(part) => writeln!(out, "{}", style.paint(part, text))?,
                None => writeln!(out, "{text}")?,
            }
        }
        Ok(())
    }

    fn folded<'a>(&self, rungs: &[Rung<'a>]) -> Vec<Line<'a>> {
        let long = self.long_silence();
        let mut lines: Vec<Line<'a>> = Vec::new();
        let mut before: Option<&Record> = None;
        for rung in rungs {
            let Rung::Segment { record, decisive, .. } = *rung else {
                if let Rung::Gap { segments } = rung {
                    lines.push(Line::Gap(*segments));
                }
                before = None;
                continue;
            };
            if let Some(pause) = before.map(|last| record.time.since(last.time)).filter(|pause| *pause >= long) {
                lines.push(Line::Silence(pause));
            }
            before = Some(record);
            match lines.last_mut() {
                Some(Line::Burst { last, frames, bytes, decisive: false, .. }) if !decisive && joins(last, record) => {
                    (*last, *frames, *bytes) = (record, *frames + 1, *bytes + u64::from(record.len));
                }
                _ => lines.push(Line::Burst {
                    first: record,
                    last: record,
                    frames: 1,
                    bytes: record.len.into(),
                    decisive,
                }),
            }
        }
        lines
    }

    fn long_silence(&self) -> Span {
        let syn_ack = self.outcome.syn().zip(self.outcome.syn_ack());
        let trip = syn_ack.map_or(Span::ZERO, |(syn, answer)| answer.time.since(syn.time));
        SILENCE.max(Span::from_nanos(trip.nanos().saturating_mul(ROUND_TRIPS)))
    }

    fn line(&self, line: &Line<'_>) -> (String, Option<Part>) {
        let indent = " ".repeat(1 + 6 + 2 + 10 + 2);
        match line {
            Line::Gap(segments) => (format!("{indent}... {}", self.hidden(*segments)), Some(Part::Dim)),
            Line::Silence(pause) => {
                let words = match self.language() {
                    Language::English => format!("{pause} of silence"),
                    Language::Chinese => format!("{pause} 没有任何报文"),
                };
                (format!("{indent}... {words}"), Some(Part::Dim))
            }
            Line::Burst { first, last, frames, bytes, decisive } => {
                let mark = if *decisive { '>' } else { ' ' };
                let time = elapsed(first.time.since(self.zero()));
                let text = self.burst(last, *frames, *bytes);
                let from_client = first.from == self.outcome.connection().client;
                let way = if from_client {
                    format!("{} -->", padded(&text, COLUMN))
                } else {
                    format!("{} <--   {text}", " ".repeat(COLUMN))
                };
                let part = decisive.then_some(self.decisive_part());
                (format!("{mark}{:>6}  {time:>10}  {way}", first.frame.number()), part)
            }
        }
    }

    /// `5000 bytes (4 frames)`, or what a single segment is.
    fn burst(&self, last: &Record, frames: u32, bytes: u64) -> String {
        if frames == 1 {
            return self.segment(last);
        }
        let count = match self.language() {
            Language::English => format!(" ({frames} frames)"),
            Language::Chinese => format!("（{frames} 帧）"),
        };
        let what = match (bytes, self.language()) {
            (0, _) => self.segment(last),
            (_, Language::English) => format!("{bytes} bytes"),
            (_, Language::Chinese) => format!("{bytes} 字节"),
        };
        what + &count
    }
}

/// Whether two segments of one side are one burst: plain data after data, or acknowledgments in a row.
fn joins(last: &Record, next: &Record) -> bool {
    let plain = |record: &Record| {
        !record.flags.has(Flags::SYN)
            && !record.flags.has(Flags::FIN)
            && !record.flags.has(Flags::RST)
            && !record.notes.has(Notes::RETRANSMISSION)
            && !record.notes.has(Notes::PROBE)
            && record.window > 0
    };
    last.from == next.from && plain(last) && plain(next) && (last.len > 0) == (next.len > 0)
}

/// The first ones and the last ones, with what is left out counted.
fn shortened<'a>(lines: &[Line<'a>], most: usize) -> Vec<Line<'a>> {
    if lines.len() <= most {
        return lines.to_vec();
    }
    let kept = most.saturating_sub(1);
    let marked = lines.iter().rposition(|line| matches!(line, Line::Burst { decisive: true, .. }));
    let end = marked.map_or(lines.len(), |at| (at + 2).max(kept).min(lines.len()));
    let opening = (kept / 3).min(3);
    let first = end.saturating_sub(kept - opening).max(opening);
    let hidden: u64 = lines[opening..first].iter().map(count).sum();
    let after: u64 = lines[end..].iter().map(count).sum();
    let mut shown: Vec<Line<'a>> = lines[..opening].to_vec();
    if hidden > 0 {
        shown.push(Line::Gap(hidden));
    }
    shown.extend_from_slice(&lines[first..end]);
    if after > 0 {
        shown.pop();
        let dropped = lines[end - 1..end].iter().map(count).sum::<u64>();
        shown.push(Line::Gap(after + dropped));
    }
    joined(shown)
}

/// Gaps in a row as one.
fn joined(lines: Vec<Line<'_>>) -> Vec<Line<'_>> {
    let mut joined: Vec<Line<'_>> = Vec::with_capacity(lines.len());
    for line in lines {
        match (joined.last_mut(), line) {
            (Some(Line::Gap(known)), Line::Gap(more)) => *known += more,
            (_, line) => joined.push(line),
        }
    }
    joined
}

fn count(line: &Line<'_>) -> u64 {
    match line {
        Line::Burst { frames, .. } => u64::from(*frames),
        Line::Gap(segments) => *segments,
        Line::Silence(_) => 0,
    }
}

/// `26.8 ms`, `12.345 s`.
fn elapsed(span: Span) -> String {
    let micros = span.nanos() / 1_000;
    if micros.unsigned_abs() < 10_000_000 {
        let sign = if micros < 0 { "-" } else { "" };
        let tenths = micros.unsigned_abs() / 100;
        format!("{sign}{}.{} ms", tenths / 10, tenths % 10)
    } else {
        let (seconds, rest) = (micros / 1_000_000, micros.unsigned_abs() % 1_000_000 / 1_000);
        format!("{seconds}.{rest:03} s")
    }
}

/// What of `text` fits.
fn cut(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_string();
    }
    let mut cut = String::new();
    for character in text.chars() {
        if columns(&cut) + columns(character.encode_utf8(&mut [0; 4])) + 1 > width {
            break;
        }
        cut.push(character);
    }
    cut.push('~');
    cut
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Context;
    use crate::testing::conversation;

    const OPENED: &str = "0.000 C > S S 0:0(0)\n+0.001 C < S SA 0:0(0) ack 1\n+0.0001 C > S A 1:1(0) ack 1\n";

    /// The packets of `text` after a handshake, in lines.
    fn lines_of(text: &str, width: usize, most: usize, language: Language) -> Vec<String> {
        let outcome = conversation(&(OPENED.to_string() + text)).outcome();
        let context = Context { files: Vec::new(), zone: jiff::tz::TimeZone::UTC, language };
        let mut out = String::new();
        Explanation::new(&outcome, &context).packets(Style::Plain, width, most, &mut out).expect("a string");
        out.lines().map(ToString::to_string).collect()
    }

    fn english(text: &str) -> Vec<String> {
        lines_of(text, 80, 20, Language::English)
    }

    /// That one line has all the words.
    #[track_caller]
    fn has(lines: &[String], words: &[&str]) {
        assert!(lines.iter().any(|line| words.iter().all(|word| line.contains(word))), "{words:?} in {lines:#?}");
    }

    #[test]
    fn data_in_a_row_is_one_line_and_so_are_acknowledgments() {
        let lines = english(
            "0.010 C > S A 1:1001(1000) ack 1\n+0.0001 C > S A 1001:2001(1000) ack 1\n\
             +0.0001 C > S PA 2001:2501(500) ack 1\n+0.001 C < S A 1:1(0) ack 1001\n\
             +0.0001 C < S A 1:1(0) ack 2501\n0.1 C < S RA 1:1(0) ack 2501\n",
        );
        has(&lines, &["2500 bytes (3 frames)", "-->"]);
        has(&lines, &["ack 2501 (2 frames)", "<--"]);
        assert_eq!(lines.len(), 6, "{lines:#?}");
    }

    #[test]
    fn what_differs_stays_apart() {
        let lines = english(
            "0.010 C > S PA 1:101(100) ack 1\n+0.3 C > S PA 1:101(100) ack 1\n\
             +0.001 C < S A 1:1(0) ack 101\n+0.001 C < S A 1:1(0) ack 101 win 0\n0.6 C < S RA 1:1(0) ack 101\n",
        );
        assert!(lines.iter().all(|line| !line.contains("frames)")), "{lines:#?}");
    }

    #[test]
    fn the_deciding_packets_are_marked_and_never_folded() {
        let lines = english("0.010 C > S PA 1:101(100) ack 1\n0.1 C < S R 1:1(0)\n+0.0001 C < S R 1:1(0)\n");
        let marked: Vec<&String> = lines.iter().filter(|line| line.starts_with('>')).collect();
        assert!(marked.iter().any(|line| line.contains("RST")), "{lines:#?}");
        assert!(marked.iter().all(|line| !line.contains("frames)")), "{lines:#?}");
    }

    #[test]
    fn silence_is_a_line_of_its_own_from_a_second_and_a_hundred_round_trips_on() {
        let after = |seconds: &str| {
            english(&std::format!(
                "0.010 C > S PA 1:101(100) ack 1\n+0.001 C < S A 1:1(0) ack 101\n{seconds} C < S RA 1:1(0) ack 101\n"
            ))
        };
        has(&after("60.011"), &["... ", "of silence"]);
        assert!(after("0.9").iter().all(|line| !line.contains("silence")));
        let slow =
            "0 C > S S 0:0(0)\n+0.2 C < S SA 0:0(0) ack 1\n+0.001 C > S A 1:1(0) ack 1\n10 C < S RA 1:1(0) ack 1\n";
        let outcome = conversation(slow).outcome();
        let context = Context { files: Vec::new(), zone: jiff::tz::TimeZone::UTC, language: Language::English };
        assert_eq!(Explanation::new(&outcome, &context).long_silence(), Span::from_secs(20));
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        for language in Language::ALL {
            for width in [40, 60, 80] {
                let text = "0.010 C > S PA 1:101(100) ack 1\n60 C < S RA 1:1(0) ack 101\n";
                let lines = lines_of(text, width, 20, language);
                assert!(lines.iter().all(|line| columns(line) <= width), "{width}: {lines:#?}");
            }
        }
        assert_eq!(cut("frame 17", 8), "frame 17");
        assert_eq!(cut("frame 170", 8), "frame 1~");
        assert_eq!(cut("很可能由服务端", 8), "很可能~");
    }

    /// Every other segment is data of the one and of the other side, so that nothing folds.
    fn long() -> String {
        let mut text = String::new();
        for at in 0..4u32 {
            let from = 1 + at * 10;
            let to = from + 10;
            let way = |arrow: char, ack: u32| std::format!("+0.01 C {arrow} S PA {from}:{to}(10) ack {ack}\n");
            text.extend([way('>', from), way('<', to)]);
        }
        text + "+0.01 C < S RA 41:41(0) ack 41\n"
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        let whole = english(&long());
        for most in 6..whole.len() {
            let lines = lines_of(&long(), 80, most, Language::English);
            assert!(lines.len() <= most, "{most}: {lines:#?}");
            has(&lines, &["RST-ACK"]);
            has(&lines, &["SYN seq 0"]);
            has(&lines, &["more segment"]);
        }
    }

    #[test]
    fn times_are_short() {
        assert_eq!(elapsed(Span::from_nanos(26_797_000)), "26.7 ms");
        assert_eq!(elapsed(Span::from_nanos(12_345_000_000)), "12.345 s");
        assert_eq!(elapsed(Span::from_nanos(-1_500_000)), "-1.5 ms");
    }
}
