//! Templates filled with values.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};

use super::Report;
use super::escape::escape;
use crate::connection::Roles;
use crate::evidence::{Answer, Facts, Question, Timeouts, Value};
use crate::flow::Side;
use crate::observation::Frame;
use crate::segment::Flags;
use crate::timeouts::IdleTimeout;

impl Report<'_> {
    /// A template without values: only the ends are named.
    pub(super) fn words(&self, template: &str) -> String {
        self.fill(template, &Facts::default())
    }

    /// What an answer says.
    pub(super) fn answer(&self, question: &Question, answer: &Answer) -> String {
        match answer {
            Answer::Yes(facts) => self.fill(question.yes, facts),
            Answer::No(facts) => self.fill(question.no, facts),
            Answer::Unknown => self.words(question.unknown),
        }
    }

    /// `the client`, or the address where nobody saw who opened the connection.
    pub(super) fn end(&self, side: Side) -> Cow<'static, str> {
        match self.ending.connection.roles {
            Roles::Seen if side == self.ending.connection.client => "the client".into(),
            Roles::Seen => "the server".into(),
            Roles::Guessed => self.ending.connection.endpoint(side).to_string().into(),
        }
    }

    fn fill(&self, template: &str, facts: &Facts) -> String {
        let mut out = String::with_capacity(template.len() + 16);
        let mut next = 0;
        let mut rest = template;
        while let Some(open) = rest.find('{') {
            let Some(close) = rest[open..].find('}').map(|at| open + at) else { break };
            out.push_str(&rest[..open]);
            let words = self.placeholder(&rest[open + 1..close], facts, &mut next);
            if out.ends_with(". ") {
                push_capitalised(&mut out, &words);
            } else {
                out.push_str(&words);
            }
            rest = &rest[close + 1..];
        }
        out.push_str(rest);
        out
    }

    fn placeholder(&self, name: &str, facts: &Facts, next: &mut usize) -> Cow<'static, str> {
        let connection = &self.ending.connection;
        match name {
            "sender" => self.end(self.ending.sender()),
            "receiver" => self.end(self.ending.receiver()),
            "client" => self.end(connection.client),
            "server" => self.end(connection.server()),
            "" => {
                *next += 1;
                self.value(facts.values.get(*next - 1)).into()
            }
            // Literal braces, as in `SO_LINGER {on, 0}`.
            other => match other.parse::<usize>() {
                Ok(at) => self.value(facts.values.get(at)).into(),
                Err(_) => format!("{{{other}}}").into(),
            },
        }
    }

    fn value(&self, value: Option<&Value>) -> String {
        match value {
            Some(Value::Frame(frame)) if self.ending.has_frames() => format!("frame {}", self.frame(*frame)),
            Some(Value::Frame(frame)) => self.concluded(*frame),
            Some(Value::Span(span)) => span.to_string(),
            Some(Value::Time(time)) => self.context.time_of_day(*time),
            Some(Value::Count(count)) => grouped(*count),
            Some(Value::Ttl(ttl)) => ttl.to_string(),
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::Flags(flags)) => flags.to_string(),
            Some(Value::Reason(reason)) => reason.to_string(),
            Some(Value::Name(name)) => (*name).to_string(),
            Some(Value::Octets(octets)) => format!("\"{}\"", escape(octets.bytes())),
            Some(Value::Timeouts(timeouts)) => listed(timeouts),
            Some(Value::Point(point)) => self.point(*point).to_string(),
            Some(Value::Endpoint(endpoint)) => endpoint.to_string(),
            None => "?".into(),
        }
    }
}

impl Report<'_> {
    /// A segment that nobody captured, by what it was.
    fn concluded(&self, frame: Frame) -> String {
        let resets = self.ending.resets.iter().map(|rst| &rst.record);
        let Some(record) = self.ending.before.iter().chain(resets).find(|record| record.frame == frame) else {
            return "a segment".into();
        };
        let what = match record.flags {
            flags if flags.has(Flags::RST) => return "the RST".into(),
            flags if flags.is_syn_ack() => "the SYN-ACK",
            flags if flags.is_syn() => "the SYN",
            flags if flags.has(Flags::FIN) => "the FIN",
            _ => "the segment",
        };
        format!("{what} of {}", self.context.time_of_day(record.time))
    }
}

/// `nginx keepalive_timeout (75 s, then FIN)`, one after the other.
fn listed(timeouts: &Timeouts) -> String {
    let one =
        |timeout: &&IdleTimeout| format!("{} ({} s, then {})", timeout.name, timeout.seconds, timeout.expiry.words());
    timeouts.iter().flatten().map(one).collect::<alloc::vec::Vec<_>>().join(", ")
}

/// A sentence within a text begins with a capital.
fn push_capitalised(out: &mut String, words: &str) {
    let mut characters = words.chars();
    out.extend(characters.next().into_iter().flat_map(char::to_uppercase));
    out.push_str(characters.as_str());
}

/// `1 234 567`: digits in groups of three from 10 000 on.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    if digits.len() < 5 {
        return digits;
    }
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}

/// `1 connection`, `12 connections`.
pub(super) fn plural(number: u64, thing: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{} {thing}{ending}", grouped(number))
}

/// Breaks `text` into lines of at most `width` columns, at spaces.
pub(super) fn wrap(text: &str, width: usize) -> impl Iterator<Item = &str> {
    let mut rest = text;
    core::iter::from_fn(move || {
        rest = rest.trim_start();
        if rest.is_empty() {
            return None;
        }
        let end = break_at(rest, width);
        let (line, after) = rest.split_at(end);
        rest = after;
        Some(line.trim_end())
    })
}

fn break_at(text: &str, width: usize) -> usize {
    let Some((limit, _)) = text.char_indices().nth(width) else { return text.len() };
    match text[..=limit_boundary(text, limit)].rfind(' ') {
        Some(space) if space > 0 => space,
        _ => text[limit..].find(' ').map_or(text.len(), |space| limit + space),
    }
}

/// The last index that may belong to the line, kept on a character boundary for the inclusive slice.
fn limit_boundary(text: &str, limit: usize) -> usize {
    limit + text[limit..].chars().next().map_or(0, char::len_utf8) - 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn large_numbers_are_grouped() {
        assert_eq!(grouped(904), "904");
        assert_eq!(grouped(5_000), "5000");
        assert_eq!(grouped(1_234_567), "1 234 567");
    }

    #[test]
    fn lines_break_at_spaces_and_long_words_stay_whole() {
        let lines: Vec<_> = wrap("one two three averyveryverylongword end", 9).collect();
        assert_eq!(lines, ["one two", "three", "averyveryverylongword", "end"]);
        assert_eq!(wrap("ä ö ü", 3).collect::<Vec<_>>(), ["ä ö", "ü"]);
        assert_eq!(wrap("", 9).count(), 0);
    }
}
