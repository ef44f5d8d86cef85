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
                _ => lines.push(Line::Burst { first: record, last: record, frames: 1, bytes: record.len.into(), decisive }),
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
                let part = decisive.then_some(Part::Decisive);
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
    shown
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
