//! Templates filled with values.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};

use super::Explanation;
use super::escape::escape;
use super::layout::push_capitalised;
use super::layout::{push_spaced, spaced};
use crate::cause::Severity;
use crate::connection::Roles;
use crate::evidence::{Answer, Facts, Question, Timeouts, Value};
use crate::flow::Side;
use crate::language::Language;
use crate::observation::Frame;
use crate::segment::Flags;
use crate::timeouts::IdleTimeout;
use crate::verdict::Confidence;

impl Explanation<'_> {
    /// The language that is asked for.
    pub(super) const fn language(&self) -> Language {
        self.context.language
    }

    /// A template without values: only the ends are named.
    pub(super) fn words(&self, template: &str) -> String {
        self.fill(template, &Facts::default())
    }

    /// What an answer says.
    pub(super) fn answer(&self, question: &Question, answer: &Answer) -> String {
        let wording = question.wording(self.language());
        match answer {
            Answer::Yes(facts) => self.fill(wording.yes, facts),
            Answer::No(facts) => self.fill(wording.no, facts),
            Answer::Unknown => self.words(wording.unknown),
        }
    }

    /// `the client`, or the address where nobody saw who opened the connection.
    pub(super) fn end(&self, side: Side) -> Cow<'static, str> {
        match self.outcome.connection().roles {
            Roles::Seen if side == self.outcome.connection().client => {
                self.language().pick("the client", "客户端").into()
            }
            Roles::Seen => self.language().pick("the server", "服务端").into(),
            Roles::Guessed => self.outcome.connection().endpoint(side).to_string().into(),
        }
    }

    fn fill(&self, template: &str, facts: &Facts) -> String {
        let mut out = String::with_capacity(template.len() + 16);
        let mut next = 0;
        let mut rest = template;
        while let Some(open) = rest.find('{') {
            let Some(close) = rest[open..].find('}').map(|at| open + at) else { break };
            push_text(&mut out, &rest[..open], self.language());
            let words = self.placeholder(&rest[open + 1..close], facts, &mut next);
            rest = &rest[close + 1..];
            match self.language() {
                Language::English if out.ends_with(". ") => push_capitalised(&mut out, &words),
                Language::English => out.push_str(&words),
                Language::Chinese => push_spaced(&mut out, &words),
            }
        }
        push_text(&mut out, rest, self.language());
        out
    }

    fn placeholder(&self, name: &str, facts: &Facts, next: &mut usize) -> Cow<'static, str> {
        let connection = self.outcome.connection();
        match name {
            "sender" => self.end(self.outcome.sender()),
            "receiver" => self.end(self.outcome.receiver()),
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

    /// `frame 3`.
    pub(super) fn named(&self, frame: Frame) -> String {
        format!("{} {}", self.language().pick("frame", "帧"), self.frame(frame))
    }

    fn value(&self, value: Option<&Value>) -> String {
        match value {
            Some(Value::Frame(frame)) if self.outcome.has_frames() => self.named(*frame),
            Some(Value::Frame(frame)) => self.concluded(*frame),
            Some(Value::Span(span)) => span.to_string(),
            Some(Value::Time(time)) => self.context.time_of_day(*time),
            Some(Value::Count(count)) => digits(*count),
            Some(Value::Ttl(ttl)) => ttl.to_string(),
            Some(Value::Link(link)) => link.to_string(),
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::Flags(flags)) => flags.to_string(),
            Some(Value::Reason(reason)) => reason.to_string(),
            Some(Value::Name(name)) => (*name).to_string(),
            Some(Value::Octets(octets)) => format!("\"{}\"", escape(octets.bytes())),
            Some(Value::Timeouts(timeouts)) => listed(timeouts, self.language()),
            Some(Value::Point(point)) => self.point(*point).to_string(),
            Some(Value::Endpoint(endpoint)) => endpoint.to_string(),
            None => "?".into(),
        }
    }
}

impl Explanation<'_> {
    /// A segment that nobody captured, by what it was.
    fn concluded(&self, frame: Frame) -> String {
        let language = self.language();
        let resets = self.outcome.rsts().iter().map(|rst| &rst.record);
        let Some(record) = self.outcome.before().iter().chain(resets).find(|record| record.frame == frame) else {
            return language.pick("a segment", "一个报文").into();
        };
        let what = match record.flags {
            flags if flags.has(Flags::RST) => return language.pick("the RST", "该 RST").into(),
            flags if flags.is_syn_ack() => language.pick("the SYN-ACK", "SYN-ACK"),
            flags if flags.is_syn() => language.pick("the SYN", "SYN"),
            flags if flags.has(Flags::FIN) => language.pick("the FIN", "FIN"),
            _ => language.pick("the segment", "报文"),
        };
        let time = self.context.time_of_day(record.time);
        match language {
            Language::English => format!("{what} of {time}"),
            Language::Chinese => spaced(&[&time, "的", what]),
        }
    }
}

/// `nginx keepalive_timeout (75 s, then FIN)`, one after the other.
fn listed(timeouts: &Timeouts, language: Language) -> String {
    let one = |timeout: &&IdleTimeout| {
        let (name, seconds, then) = (timeout.name, timeout.seconds, timeout.expiry_words(language));
        match language {
            Language::English => format!("{name} ({seconds} s, then {then})"),
            Language::Chinese => format!("{name}（{seconds} s，然后{then}）"),
        }
    };
    timeouts.iter().flatten().map(one).collect::<alloc::vec::Vec<_>>().join(language.pick(", ", "、"))
}

/// The text of a template between two places.
fn push_text(out: &mut String, text: &str, language: Language) {
    match language {
        Language::English => out.push_str(text),
        Language::Chinese => push_spaced(out, text),
    }
}

/// What a screen has room for of what somebody said.
pub(super) fn shortened(quote: String) -> String {
    const SHOWN: usize = 120;
    match quote.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}...", &quote[..at]),
        None => quote,
    }
}

/// A number as it is searched and copied: digits alone.
pub(super) fn digits(number: u64) -> String {
    number.to_string()
}

/// How sure, in words.
pub fn confidence(confidence: Confidence, language: Language) -> &'static str {
    let chinese = match confidence {
        Confidence::Certain => "确定",
        Confidence::Likely => "很可能",
        Confidence::Possible => "可能",
        Confidence::Unexplained => "无法解释",
    };
    language.pick(confidence.name(), chinese)
}

/// How much it matters, in words.
pub fn severity(severity: Severity, language: Language) -> &'static str {
    let chinese = match severity {
        Severity::Fault => "故障",
        Severity::Attack => "攻击",
        Severity::Policy => "策略",
        Severity::Scan => "扫描",
        Severity::Benign => "无害",
    };
    language.pick(severity.name(), chinese)
}

/// `1 connection`, `12 connections`.
pub(super) fn plural(number: u64, thing: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{} {thing}{ending}", digits(number))
}
