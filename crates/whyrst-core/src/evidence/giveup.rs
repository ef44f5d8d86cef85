//! When a stack gives up by itself: the number and the spacing of what it sent in vain are those of its defaults, and its RST
//! comes when the next one was due.
//!
//! The numbers: [`crate::timeouts::KEEPALIVES`], [`crate::timeouts::RETRANSMISSIONS`].

use super::answer::{Answer, Value, yes};
use super::question::{AskedOf, Question, Wording, by};
use super::timing::is_sane;
use crate::history::{Notes, Record};
use crate::outcome::Outcome;
use crate::stack::first_ttl;
use crate::time::Span;
use crate::timeouts::{KEEPALIVES, Keepalive, RETRANSMISSIONS};

/// What the probes before the RST were, and the RST after them, are the defaults of a stack. Never no: programs set their own.
pub static KEEPALIVE_OF_STACK: Question = Question {
    id: "keepalive-of-stack",
    asked_of: AskedOf::Packets,
    yes: "{} probes {} apart without an answer, and the RST when the next was due: the keepalive defaults of {}",
    no: "the probes are not those of a stack's defaults",
    unknown: "all of {sender}'s keepalive probes since {receiver}'s last segment",
    zh: Wording {
        yes: "{}个探测每隔{}一个，都没有应答，RST 正在下一个该发的时候到来：与 {} 的保活默认值相符",
        no: "这些探测与各协议栈的默认值不符",
        unknown: "自{receiver}的最后一个报文以来{sender}的全部保活探测",
    },
    ask: by(|outcome| {
        let Some(vain) = InVain::of(outcome, |record| record.notes.has(Notes::PROBE)) else { return Answer::Unknown };
        let is_of =
            |interval: Span| near(vain.interval, interval.nanos(), TICK) && near(vain.waited, interval.nanos(), TICK);
        let of_stack = |one: &&Keepalive| one.ttls.contains(&vain.ttl) && one.probes == vain.count;
        match KEEPALIVES.iter().find(|one| of_stack(one) && is_of(one.interval)) {
            Some(one) => Answer::Yes(yes().count(vain.count.into()).span(vain.interval).value(Value::Name(one.stacks))),
            None => Answer::Unknown,
        }
    }),
};

/// The sender of the RST repeated itself as often as a stack does before it gives up, and gave up when the next repetition
/// was due. Never no: the numbers can be configured.
pub static GIVES_UP_AS_STACK: Question = Question {
    id: "gives-up-as-stack",
    asked_of: AskedOf::Packets,
    yes: "{} repetitions, the last {} after the one before, and the RST {} later, when the next was due: that is how {} gives up",
    no: "{sender} did not give up as a stack's defaults say",
    unknown: "all of {sender}'s repetitions since {receiver}'s last segment",
    zh: Wording {
        yes: "重传了{}次，最后一次距前一次{}，再过{}、正在下一次该发的时候发出 RST：{} 正是这样放弃的",
        no: "{sender}的放弃与各协议栈的默认值不符",
        unknown: "自{receiver}的最后一个报文以来{sender}的全部重传",
    },
    ask: by(|outcome| {
        let Some(vain) = InVain::of(outcome, |record| record.notes.has(Notes::RETRANSMISSION)) else {
            return Answer::Unknown;
        };
        let next = |longest: Option<Span>| {
            let doubled = vain.interval.nanos().saturating_mul(2);
            longest.map_or(doubled, |longest| doubled.min(longest.nanos()))
        };
        let found = RETRANSMISSIONS.iter().find(|one| {
            let due = next(one.longest);
            let on_time = near(vain.waited, due, TICK.max(Span::from_nanos(due / LATENESS)));
            one.ttls.contains(&vain.ttl) && one.repetitions == vain.count && on_time
        });
        match found {
            Some(one) => Answer::Yes(
                yes().count(vain.count.into()).span(vain.interval).span(vain.waited).value(Value::Name(one.stacks)),
            ),
            None => Answer::Unknown,
        }
    }),
};

/// Kernels keep these timers in ticks of a quarter to half a second.
const TICK: Span = Span::from_millis(500);
/// Longer ones are later by a part of themselves at most.
const LATENESS: i64 = 20;

/// What the sender of the RST sent again and again without hearing anything.
struct InVain {
    /// How often since the other end's last segment.
    count: u16,
    /// Between the last two.
    interval: Span,
    /// From the last one to the RST.
    waited: Span,
    /// What its packets began with.
    ttl: u8,
}

impl InVain {
    fn of(outcome: &Outcome, is_one: impl Fn(&Record) -> bool) -> Option<Self> {
        let sender = outcome.sender();
        let rst = outcome.rst()?;
        let heard = outcome.before().iter().rposition(|record| record.from != sender).map_or(0, |at| at + 1);
        let mut own = outcome.before().get(heard..)?.iter().rev().filter(|record| is_one(record));
        let (last, second) = (own.next()?, own.next()?);
        let (interval, waited) = (last.time.since(second.time), rst.record.time.since(last.time));
        let own = outcome.connection().half(sender);
        let (count, ttl) = (own.unanswered, first_ttl(own.ttl()?));
        (is_sane(interval) && is_sane(waited)).then_some(Self { count, interval, waited, ttl })
    }
}

fn near(span: Span, nanos: i64, slack: Span) -> bool {
    span.nanos().saturating_sub(nanos).saturating_abs() <= slack.nanos()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::conversation;
    use std::string::String;

    const OPENED: &str = "
        0.000 C > S S 0:0(0)
        +0.001 C < S SA 0:0(0) ack 1
        +0.0001 C > S A 1:1(0) ack 1
        1.000 C > S PA 1:101(100) ack 1
        +0.001 C < S A 1:1(0) ack 101\n";

    /// The same with this TTL in the client's packets.
    fn from_ttl(text: &str, ttl: u8) -> String {
        let line = |line: &str| {
            let ttl = if line.contains(" C > S ") { std::format!(" ttl {ttl}") } else { String::new() };
            std::format!("{line}{ttl}\n")
        };
        text.lines().map(line).collect()
    }

    /// Probes of the client after two hours, and its RST.
    fn probed(probes: u16, seconds: u32, ttl: u8) -> Answer {
        let one = std::format!("+{seconds} C > S A 100:100(0) ack 1\n");
        let rest: String = (1..probes).map(|_| one.as_str()).collect();
        let text =
            std::format!("{OPENED}7201.000 C > S A 100:100(0) ack 1\n{rest}+{seconds} C > S RA 101:101(0) ack 1 win 0");
        KEEPALIVE_OF_STACK.answer(&conversation(&from_ttl(&text, ttl)).outcome())
    }

    /// Data repeated at doubled intervals from half a second on, at most 64 s, and a RST after `waits` of the next.
    fn repeated(repetitions: u32, waits: f64, ttl: u8) -> Answer {
        let data = |at: f64| std::format!("{at} C > S PA 101:201(100) ack 1\n");
        let (mut text, mut at, mut interval) = (String::from(OPENED) + &data(2.0), 2.0, 0.5_f64);
        for _ in 0..repetitions {
            at += interval;
            interval = (interval * 2.0).min(64.0);
            text += &data(at);
        }
        let rst = std::format!("{} C > S RA 201:201(0) ack 1 win 0", at + interval * waits);
        let text = text + &rst;
        GIVES_UP_AS_STACK.answer(&conversation(&from_ttl(&text, ttl)).outcome())
    }

    fn names(answer: &Answer, stack: &str) -> bool {
        let named = |facts: &super::super::Facts| {
            facts.values.iter().any(|value| matches!(value, Value::Name(name) if name.contains(stack)))
        };
        matches!(answer, Answer::Yes(facts) if named(facts))
    }

    #[test]
    fn the_number_and_the_interval_of_probes_name_a_stack() {
        assert!(names(&probed(9, 75, 64), "Linux"));
        assert!(names(&probed(8, 75, 64), "macOS"));
        assert!(names(&probed(10, 1, 128), "Windows"));
        assert_eq!(probed(5, 75, 64), Answer::Unknown);
        assert_eq!(probed(9, 30, 64), Answer::Unknown);
    }

    #[test]
    fn who_gives_up_after_as_many_repetitions_when_the_next_was_due_is_named() {
        assert!(names(&repeated(5, 1.0, 128), "Windows"));
        assert!(names(&repeated(12, 1.0, 64), "FreeBSD"));
        assert_eq!(repeated(4, 1.0, 128), Answer::Unknown);
        assert_eq!(repeated(5, 0.5, 128), Answer::Unknown);
        assert_eq!(repeated(5, 1.0, 64), Answer::Unknown);
    }
}
