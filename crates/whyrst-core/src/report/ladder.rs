//! The last packets of a connection as a ladder between its two ends: its rungs as data, which every
//! format shows, and drawn for a terminal.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::{self, Write};

use super::Explanation;
use super::layout::{columns, padded};
use super::style::{Part, Style};
use crate::connection::Roles;
use crate::flow::Side;
use crate::history::{Notes, Record};
use crate::joined::{Joined, Sight};
use crate::language::Language;
use crate::observation::Frame;
use crate::segment::Flags;
use crate::seq::Seq;
use crate::time::Timestamp;

pub(super) const OPENING_SHOWN: usize = 3;
pub(super) const BEFORE_SHOWN: usize = 7;
pub(super) const RESETS_SHOWN: usize = 6;
pub(super) const AFTER_SHOWN: usize = 4;
const LEFT: usize = 25;
const RIGHT: usize = 25;

/// One line of a ladder.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rung<'a> {
    /// A segment; what each capture point saw of it, where there are several.
    Segment { record: &'a Record, decisive: bool, seen: &'a [Option<Sight>] },
    /// Segments that are not shown.
    Gap { segments: u64 },
}

impl Explanation<'_> {
    /// The opening, what led to the RST, the RSTs and what followed, in order of time.
    pub(super) fn rungs(&self) -> Vec<Rung<'_>> {
        self.crossed().map_or_else(|| self.own_rungs(), |joined| self.joint_rungs(joined))
    }

    /// What several capture points saw, when there is a common ladder of it.
    fn crossed(&self) -> Option<&Joined> {
        self.outcome.joined().filter(|joined| !joined.crossings.is_empty())
    }

    /// The moment that the ladder's times are counted from.
    pub(super) fn zero(&self) -> Timestamp {
        let first = self.crossed().and_then(|joined| joined.crossings.first());
        first.map_or(self.outcome.connection().first, |first| first.record.time)
    }

    fn own_rungs(&self) -> Vec<Rung<'_>> {
        let outcome = self.outcome;
        let decisive = self.decisive();
        let rung = |record| Rung::Segment { record, decisive: decisive.contains(&record.frame), seen: &[] };
        let (opening, last) = split(outcome.before());
        let mut rungs: Vec<Rung<'_>> = opening.iter().map(rung).collect();
        let total: u64 = Side::BOTH.iter().map(|side| u64::from(outcome.connection().half(*side).segments)).sum();
        let hidden = total.saturating_sub((opening.len() + last.len()) as u64);
        if hidden > 0 && !opening.is_empty() && !last.is_empty() {
            rungs.push(Rung::Gap { segments: hidden });
        }
        rungs.extend(last.iter().map(rung));
        let resets = outcome.rsts().iter().take(RESETS_SHOWN).map(|rst| &rst.record);
        let mut end: Vec<&Record> = resets.chain(outcome.after().iter().take(AFTER_SHOWN)).collect();
        end.sort_by_key(|record| record.frame);
        let shown = end.len() as u64;
        rungs.extend(end.into_iter().map(rung));
        let followed = u64::from(outcome.rsts_total()) + u64::from(outcome.after_total());
        if followed > shown {
            rungs.push(Rung::Gap { segments: followed - shown });
        }
        rungs
    }

    /// Writes the ladder, 80 columns.
    pub(super) fn ladder(&self, style: Style, out: &mut String) -> fmt::Result {
        if let Some(joined) = self.crossed() {
            return self.joint_ladder(joined, style, out);
        }
        let connection = self.outcome.connection();
        let role = |side| match (connection.roles, side == connection.client) {
            (Roles::Guessed, _) => "",
            (Roles::Seen, true) => self.language().pick("client ", "客户端 "),
            (Roles::Seen, false) => self.language().pick("server ", "服务端 "),
        };
        let name = |side: Side| format!("{}{}", role(side), connection.endpoint(side).ip);
        let (frame, time) = self.language().pick((" frame", "      time"), ("    帧", "      时间"));
        let client = padded(&name(connection.client), LEFT);
        let head = format!("   {frame}  {time}  {client}       {}", name(connection.server()));
        writeln!(out, "{}", style.paint(Part::Label, head))?;
        for rung in self.rungs() {
            match rung {
                Rung::Gap { segments } => {
                    let text = format!("   {:>6}              {}", "...", self.hidden(segments));
                    writeln!(out, "{}", style.paint(Part::Dim, text))?;
                }
                Rung::Segment { record, decisive, .. } => self.rung(record, decisive, style, out)?,
            }
        }
        Ok(())
    }

    /// `12 more segments`.
    pub(super) fn hidden(&self, segments: u64) -> String {
        match self.language() {
            Language::English => format!("{segments} more segment{}", plural(segments)),
            Language::Chinese => format!("另有 {segments} 个报文"),
        }
    }

    fn rung(&self, record: &Record, decisive: bool, style: Style, out: &mut String) -> fmt::Result {
        let from_client = record.from == self.outcome.connection().client;
        let mark = if decisive { '>' } else { ' ' };
        let time = relative_time(record.time, self.zero());
        let text = self.segment(record);
        // A long text of the server's side takes its room from the empty client's side.
        let room = LEFT.saturating_sub(columns(&text).saturating_sub(RIGHT));
        let line = if from_client {
            format!(" {mark} {:>6}  {time:>10}  {} --->", record.frame.number(), padded(&text, LEFT))
        } else {
            format!(" {mark} {:>6}  {time:>10}  {:<room$} <---  {text}", record.frame.number(), "")
        };
        let line = line.trim_end();
        if decisive { writeln!(out, "{}", style.paint(self.decisive_part(), line)) } else { writeln!(out, "{line}") }
    }

    /// `SYN seq 0`, `DATA 1:5001 ack 1`, `RST-ACK seq 1 ack 5001 win 501`.
    pub(super) fn segment(&self, record: &Record) -> String {
        let seq = self.number(record.from, record.seq);
        let ack = self.relative_ack(record);
        let has = |flag| record.flags.has(flag);
        let mut text = if has(Flags::RST) {
            let name = if has(Flags::ACK) { "RST-ACK" } else { "RST" };
            format!("{name} seq {seq}{ack} win {}", record.window)
        } else if has(Flags::SYN) {
            let name = if has(Flags::ACK) { "SYN-ACK" } else { "SYN" };
            format!("{name} seq {seq}{ack}")
        } else if record.len > 0 {
            let name = if has(Flags::FIN) { "DATA-FIN" } else { "DATA" };
            format!("{name} {seq}:{}{ack}", seq + i64::from(record.len))
        } else if has(Flags::FIN) {
            format!("FIN seq {seq}{ack}")
        } else if has(Flags::ACK) {
            ack.trim_start().to_string()
        } else {
            format!("{} seq {seq}", record.flags)
        };
        if record.window == 0 && !has(Flags::RST) && !has(Flags::SYN) {
            text.push_str(" win 0");
        }
        text.push_str(remark(record, self.language()));
        text
    }

    fn relative_ack(&self, record: &Record) -> String {
        if record.flags.has(Flags::ACK) {
            format!(" ack {}", self.number(record.from.other(), record.ack))
        } else {
            String::new()
        }
    }

    /// A relative number, below zero where it lies up to a window before the first one of a side that has not sent half of
    /// all numbers.
    fn number(&self, side: Side, seq: Seq) -> i64 {
        let relative = self.relative(side, seq);
        let sent_little = self.outcome.connection().half(side).bytes < u64::from(HALF);
        i64::from(relative) - if sent_little && relative > u32::MAX - LARGEST_WINDOW { 1 << 32 } else { 0 }
    }

    /// The frames that the verdict rests on: the RST and what it answers, and whatever a need names.
    pub(super) fn decisive(&self) -> Vec<Frame> {
        let first = self.outcome.rst().into_iter();
        first
            .flat_map(|rst| [Some(rst.record.frame), rst.trigger.map(|trigger| trigger.frame)])
            .flatten()
            .chain(
                (self.outcome.rst().is_none())
                    .then(|| self.outcome.before().iter().map(|record| record.frame))
                    .into_iter()
                    .flatten(),
            )
            .collect()
    }
}

/// Half of the sequence numbers (RFC 9293 section 3.4).
const HALF: u32 = 1 << 31;
/// What is further away is no number of this connection (RFC 7323 section 2.3).
const LARGEST_WINDOW: u32 = 1 << 30;

const fn plural(count: u64) -> &'static str {
    if count == 1 { "" } else { "s" }
}

fn split(before: &[Record]) -> (&[Record], &[Record]) {
    if before.len() <= OPENING_SHOWN + BEFORE_SHOWN {
        return (before, &[]);
    }
    (&before[..OPENING_SHOWN], &before[before.len() - BEFORE_SHOWN..])
}

fn remark(record: &Record, language: Language) -> &'static str {
    if record.notes.has(Notes::PROBE) {
        language.pick(" (probe)", " (探测)")
    } else if record.notes.has(Notes::RETRANSMISSION) {
        language.pick(" (again)", " (重传)")
    } else if record.notes.has(Notes::AFTER_GAP) {
        language.pick(" (gap)", " (缺段)")
    } else {
        ""
    }
}

/// Seconds since the connection's first segment, as tcpdump's `-ttttt` shows them.
pub(super) fn relative_time(time: Timestamp, first: Timestamp) -> String {
    let micros = time.since(first).nanos() / 1_000;
    let sign = if micros < 0 { "-" } else { "" };
    format!("{sign}{}.{:06}", micros.unsigned_abs() / 1_000_000, micros.unsigned_abs() % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Context;
    use crate::testing::conversation;

    #[test]
    fn a_number_before_the_first_is_below_zero() {
        let text = "0.000 C > S S 5000000:5000000(0)\n+0.001 C < S SA 0:0(0) ack 5000001\n\
                    +0.0001 C > S A 5000001:5000001(0) ack 1\n+0.001 C < S R 1:1(0)";
        let outcome = conversation(text).outcome();
        let context = Context { files: Vec::new(), zone: jiff::tz::TimeZone::UTC, language: Language::English };
        let report = Explanation::new(&outcome, &context);
        let (client, first) =
            (outcome.connection().client, outcome.connection().half(outcome.connection().client).first_seq);
        assert_eq!(report.number(client, first.add(1)), 1);
        assert_eq!(report.number(client, first.sub(1_000_000)), -1_000_000);
        assert_eq!(report.number(client, first.sub(HALF)), i64::from(HALF));
    }
}
