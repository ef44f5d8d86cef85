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
use crate::evidence::path::{RST_CONTRADICTS_SENDER, contradictions};
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
            Answer::Yes(facts) if question == &RST_CONTRADICTS_SENDER => self.contradiction(wording.yes, facts),
            Answer::Yes(facts) => self.fill(wording.yes, facts),
            Answer::No(facts) => self.fill(wording.no, facts),
            Answer::Unknown => self.words(wording.unknown),
        }
    }

    /// That the RST is another's, with the sign that says most.
    fn contradiction(&self, template: &str, facts: &Facts) -> String {
        let text = self.fill(template, facts);
        match contradictions(self.outcome).next() {
            Some((sign, answer)) => {
                format!("{text}{}{}", self.language().pick(": ", "："), self.answer(sign, &answer))
            }
            None => text,
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
            rest = self.without_same(rest, &words, facts, &mut next);
            let (noun, left) = one_of_them(&words, rest, self.language());
            rest = left;
            match self.language() {
                Language::English if out.ends_with(". ") => push_capitalised(&mut out, &words),
                Language::English => out.push_str(&words),
                Language::Chinese => push_spaced(&mut out, &words),
            }
            out.push_str(noun);
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

    /// What follows a value, without `to {}` where that would be the same once more: `1.0 s to 1.0 s`.
    fn without_same<'t>(&self, rest: &'t str, words: &str, facts: &Facts, next: &mut usize) -> &'t str {
        let link = self.language().pick(" to {}", "到{}");
        match rest.strip_prefix(link) {
            Some(left) if facts.values.get(*next).is_some_and(|value| self.value(Some(value)) == words) => {
                *next += 1;
                left
            }
            _ => rest,
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
            Some(Value::Phrase(phrase)) => self.language().pick(phrase.en, phrase.zh).to_string(),
            // An ICMP error comes from an address alone.
            Some(Value::Endpoint(endpoint)) if endpoint.port == 0 => endpoint.ip.to_string(),
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

/// After the number 1 a noun of the template in the singular, and what follows it.
fn one_of_them<'t>(words: &str, rest: &'t str, language: Language) -> (&'static str, &'t str) {
    const NOUNS: [(&str, &str); 12] = [
        (" bytes", " byte"),
        (" connections", " connection"),
        (" times", " time"),
        (" requests", " request"),
        (" probes", " probe"),
        (" messages", " message"),
        (" segments", " segment"),
        (" hosts", " host"),
        (" ports", " port"),
        (" resets", " reset"),
        (" frames", " frame"),
        (" answers", " answer"),
    ];
    if words != "1" || language != Language::English {
        return ("", rest);
    }
    let found = NOUNS.iter().find_map(|(many, one)| Some((*one, rest.strip_prefix(many)?)));
    found.filter(|(_, left)| !left.starts_with(char::is_alphanumeric)).unwrap_or(("", rest))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::path::RST_CONTRADICTS_SENDER;
    use crate::evidence::siblings::PROBED_REGULARLY;
    use crate::evidence::timing::{PROBES_UNANSWERED, WAS_IDLE};
    use crate::outcome::Outcome;
    use crate::report::Context;
    use crate::testing::conversation;
    use crate::time::Span;

    const OPENED: &str = "0.000 C > S S 0:0(0)\n+0.001 C < S SA 0:0(0) ack 1\n+0.0001 C > S A 1:1(0) ack 1\n";

    fn said(outcome: &Outcome, language: Language, question: &Question, answer: &Answer) -> String {
        let context = Context { files: alloc::vec::Vec::new(), zone: jiff::tz::TimeZone::UTC, language };
        Explanation::new(outcome, &context).answer(question, answer)
    }

    fn answered(text: &str, question: &Question) -> String {
        let outcome = conversation(&[OPENED, text].concat()).outcome();
        said(&outcome, Language::English, question, &question.answer(&outcome))
    }

    #[test]
    fn a_range_of_one_value_and_a_number_of_one_read_as_such() {
        let outcome = conversation(&[OPENED, "1 C < S RA 1:1(0) ack 1"].concat()).outcome();
        let facts = Facts::default().count(5).span(Span::from_secs(1)).span(Span::from_secs(1));
        for (language, range) in [(Language::English, ", 1.0 s apart"), (Language::Chinese, "每隔 1.0 s 一条")] {
            let text = said(&outcome, language, &PROBED_REGULARLY, &Answer::Yes(facts.clone()));
            assert!(text.contains(range), "{text}");
        }
        let one = Answer::Yes(Facts::default().count(1));
        assert!(said(&outcome, Language::English, &PROBES_UNANSWERED, &one).contains("1 probe without"));
    }

    #[test]
    fn the_frame_that_ended_a_silence_is_the_one_that_the_rst_answers() {
        let text = "1 C > S PA 1:11(10) ack 1\n+0.001 C < S A 1:1(0) ack 11\n60 C > S PA 11:21(10) ack 1\n\
                    +0.001 C < S R 1:1(0)";
        assert!(
            answered(text, &WAS_IDLE)
                .ends_with("when frame 6 came: an idle timeout, a heartbeat or a forgotten connection")
        );
    }

    #[test]
    fn that_a_rst_is_another_s_is_said_with_what_shows_it() {
        let text = "1 C > S PA 1:11(10) ack 1\n+0.001 C < S R 1:1(0) ack 11\n+0.001 C < S PA 1:11(10) ack 11";
        let text = answered(text, &RST_CONTRADICTS_SENDER);
        assert!(text.contains("did not come from the server: the server went on sending"), "{text}");
    }
}
