//! How long a connection had been silent, and whose timeout that is (see [`crate::timeouts`]).

use super::answer::{Answer, Timeouts, yes};
use super::clock::silence;
use super::form::{RST_IS_ACTIVE, RST_IS_PASSIVE};
use super::question::{AskedOf, Question, Wording, by};
use super::timing::{is_sane, leaving};
use crate::flow::Side;
use crate::half::Marks;
use crate::history::{Notes, Record};
use crate::outcome::Outcome;
use crate::time::Span;
use crate::timeouts::{Expiry, IdleTimeout, Of, Place, suspects};
use crate::words::protocol_of;

/// The silence is as long as a device on the path is known to allow.
pub static DEVICE_TIMEOUT_FITS: Question = Question {
    id: "device-timeout-fits",
    asked_of: AskedOf::Packets,
    yes: "{} of silence matches the default timeout of {}; this is a hint, not proof",
    no: "the connection was in use",
    unknown: "the idle timeouts of load balancers, firewalls and NATs on the path: is one of them as long as the silence?",
    zh: Wording {
        yes: "空闲{}与{}的默认超时吻合；这只是线索，不是证明",
        no: "连接正在使用",
        unknown: "路径上负载均衡、防火墙和 NAT 的空闲超时：其中有没有与这段空闲一样长的？",
    },
    ask: by(|outcome| fits(outcome, |one| one.place == Place::Device)),
};

/// The silence is as long as a program or proxy is known to allow.
pub static PROGRAM_TIMEOUT_FITS: Question = Question {
    id: "program-timeout-fits",
    asked_of: AskedOf::Packets,
    yes: "{} of silence matches the default timeout of {}; this is a hint, not proof",
    no: "the connection was in use",
    unknown: "the idle timeouts of the programs and proxies at both ends: is one of them as long as the silence?",
    zh: Wording {
        yes: "空闲{}与{}的默认超时吻合；这只是线索，不是证明",
        no: "连接正在使用",
        unknown: "两端程序和代理的空闲超时：其中有没有与这段空闲一样长的？",
    },
    ask: by(|outcome| fits(outcome, |one| one.place != Place::Device)),
};

/// The silence is, within 1.5 %, what a device on the path is known to allow.
pub static DEVICE_TIMER_FITS: Question = Question {
    id: "device-timer-fits",
    asked_of: AskedOf::Packets,
    yes: "{} of silence is the default timeout of {} within 1.5 %",
    no: "the silence is no known timeout of a device",
    unknown: "the idle timeouts of load balancers, firewalls and NATs on the path: is one of them as long as the silence?",
    zh: Wording {
        yes: "空闲{}与{}的默认超时相差不到 1.5 %",
        no: "这段空闲与已知设备的超时都不符",
        unknown: "路径上负载均衡、防火墙和 NAT 的空闲超时：其中有没有与这段空闲一样长的？",
    },
    ask: by(|outcome| {
        let ages = idle_ages(outcome);
        fits(outcome, |one| one.place == Place::Device && ages.iter().any(|age| one.fits_closely(*age)))
    }),
};

/// The RST is what came at the end of the silence, or answers the first segment after it.
pub static RST_ENDS_SILENCE: Question = Question {
    id: "rst-ends-silence",
    asked_of: AskedOf::Packets,
    yes: "{} ended the silence",
    no: "{} did not end the silence",
    unknown: "the segment that the RST answers, or what {sender} had sent before",
    zh: Wording {
        yes: "{}打破了沉默", no: "打破沉默的不是{}", unknown: "RST 所应答的报文，或{sender}此前发送了什么"
    },
    ask: by(|outcome| {
        let Some(rst) = outcome.rst() else { return Answer::Unknown };
        let known = RST_IS_ACTIVE.answer(outcome).is_yes() || RST_IS_PASSIVE.answer(outcome).is_yes();
        let ended = rst.trigger.unwrap_or(rst.record);
        if known { Answer::Yes(yes().frame(&ended)) } else { Answer::Unknown }
    }),
};

/// Both ends were reset at the same moment, each in the name of the other.
pub static BOTH_ENDS_RESET: Question = Question {
    id: "both-ends-reset",
    asked_of: AskedOf::Packets,
    yes: "{} and {} reset both ends within {}: something between them sent both, or the second answers the first",
    no: "only one end was reset",
    unknown: "the RSTs of both directions",
    zh: Wording {
        yes: "{}和{}在{}之内重置了两端：是两端之间的某个设备发的，或者第二个是对第一个的应答",
        no: "只有一端被重置",
        unknown: "两个方向的 RST",
    },
    ask: by(|outcome| {
        let Some(rst) = outcome.rst() else { return Answer::Unknown };
        let other = outcome.rsts().iter().find(|other| other.record.from != rst.record.from);
        match other.map(|other| (other, other.record.time.since(rst.record.time))) {
            Some((other, apart)) if apart.abs() <= AT_ONCE => {
                Answer::Yes(yes().frame(&rst.record).frame(&other.record).span(apart))
            }
            _ => Answer::Unknown,
        }
    }),
};

/// A device sends both RSTs in one go; the paths to the capture point differ by less than a round trip.
const AT_ONCE: Span = Span::from_millis(300);

/// The times that the connection had been silent: before the RST, before the segment that the RST
/// answers, and since the last data, because keep-alives do not count for a program. Longest first.
/// Empty when the capture has nothing before the RST.
pub fn idle_ages(outcome: &Outcome) -> alloc::vec::Vec<Span> {
    let Some(rst) = outcome.rst() else { return alloc::vec::Vec::new() };
    let until = rst.trigger.map_or(rst.record, |trigger| trigger);
    let earlier = || outcome.before().iter().rev().filter(|record| record.frame != until.frame);
    let is_data = |record: &&Record| record.len > 0 && !record.notes.has(Notes::PROBE);
    let before_rst = outcome.before().last().map(|last| rst.record.time.since(last.time));
    let before_trigger = earlier().next().map(|last| until.time.since(last.time));
    let since_data = earlier().find(is_data).map(|last| until.time.since(last.time));
    let at_leaving = silence(outcome).map(|silence| silence.lasted);
    let spans = [before_rst, before_trigger, since_data, at_leaving];
    let mut ages: alloc::vec::Vec<Span> = spans.into_iter().flatten().filter(|age| is_sane(*age)).collect();
    ages.sort_by_key(|age| core::cmp::Reverse(age.nanos()));
    ages
}

/// Known timeouts that the silence fits; `None` when the capture does not show how long it was.
pub fn idle_suspects(outcome: &Outcome) -> Option<alloc::vec::Vec<&'static IdleTimeout>> {
    let found = suspects_by_age(outcome)?;
    Some(found.into_iter().map(|(timeout, _)| timeout).collect())
}

/// The same, each with the silence that it fits.
fn suspects_by_age(outcome: &Outcome) -> Option<alloc::vec::Vec<(&'static IdleTimeout, Span)>> {
    let ages = idle_ages(outcome);
    if ages.is_empty() {
        return None;
    }
    let mut found: alloc::vec::Vec<(&'static IdleTimeout, Span)> = alloc::vec::Vec::new();
    let long = ages.into_iter().filter(|age| *age >= SHORTEST);
    let fits =
        |one: &IdleTimeout| can_reset(outcome, one) && can_stand_there(outcome, one) && can_be_spoken(outcome, one);
    for (suspect, age) in long.flat_map(|age| suspects(age).map(move |one| (one, age))) {
        if fits(suspect) && !found.iter().any(|(known, _)| *known == suspect) {
            found.push((suspect, age));
        }
    }
    Some(found)
}

/// A device that only forgets sends no RST at the moment of expiry: one is seen when somebody speaks again.
fn can_reset(outcome: &Outcome, timeout: &IdleTimeout) -> bool {
    let answers = outcome.rst().is_some_and(|rst| rst.trigger.is_some());
    match timeout.expiry {
        Expiry::ResetLater | Expiry::Silent => answers,
        Expiry::ResetBoth | Expiry::Close => true,
    }
}

/// No idle timeout in use is shorter.
const SHORTEST: Span = Span::from_secs(1);

/// Whose time that is must be where the RST came from, and keep time of such connections.
fn can_stand_there(outcome: &Outcome, timeout: &IdleTimeout) -> bool {
    let connection = outcome.connection();
    let closed = [outcome.sender(), outcome.receiver()].map(|side| connection.half(side).marks.has(Marks::FIN));
    let state = if closed == [false, false] { Of::Open } else { Of::HalfClosed };
    // Who closes for idleness sends a FIN or aborts: an answer by a host without the connection is neither.
    let left = leaving(outcome).is_some();
    let at_sender = match timeout.place {
        Place::Device => return timeout.of == state,
        Place::Client => outcome.sender() == connection.client,
        Place::Server => outcome.sender() == connection.server(),
        Place::EitherEnd => true,
    };
    at_sender && left
}

/// Whether the two ends speak what its connections speak, as far as their first bytes say.
fn can_be_spoken(outcome: &Outcome, timeout: &IdleTimeout) -> bool {
    let spoken = Side::BOTH.into_iter().filter_map(|side| protocol_of(outcome.said(side).first()));
    spoken.into_iter().all(|protocol| timeout.speaks.admits(protocol))
}

fn fits(outcome: &Outcome, wanted: impl Fn(&IdleTimeout) -> bool) -> Answer {
    let mut found = suspects_by_age(outcome).unwrap_or_default();
    found.retain(|(one, _)| wanted(one));
    // Another time is no sign against it: timeouts are configured.
    let Some((_, age)) = found.first().copied() else { return Answer::Unknown };
    let mut named: Timeouts = [None; 3];
    let of_this_age = found.into_iter().filter(|(_, theirs)| *theirs == age);
    for (place, (timeout, _)) in named.iter_mut().zip(of_this_age) {
        *place = Some(timeout);
    }
    Answer::Yes(yes().span(age).value(super::Value::Timeouts(named)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::conversation;

    fn opened(rest: &str) -> Outcome {
        let beginning = "
            0.000 C > S S 0:0(0)
            +0.010 C < S SA 0:0(0) ack 1
            +0.0001 C > S A 1:1(0) ack 1
            1.000 C > S PA 1:101(100) ack 1
            +0.010 C < S PA 1:51(50) ack 101
            +0.040 C > S A 101:101(0) ack 51\n";
        conversation(&[beginning, rest].concat()).outcome()
    }

    fn names(outcome: &Outcome) -> alloc::vec::Vec<&'static str> {
        idle_suspects(outcome).expect("the silence is known").iter().map(|one| one.name).collect()
    }

    #[test]
    fn the_silence_before_the_segment_that_the_rst_answers_counts() {
        let outcome = opened(
            "351.250 C > S PA 101:201(100) ack 51
            +0.0200 C < S R 51:51(0)",
        );
        assert!(names(&outcome).contains(&"AWS Network Load Balancer"), "{:?}", names(&outcome));
    }

    #[test]
    fn what_only_forgets_does_not_reset_by_itself() {
        let outcome = opened("241.05 C < S RA 51:51(0) ack 101");
        let found = names(&outcome);
        assert!(
            found.contains(&"Azure Load Balancer with TCP reset") && !found.contains(&"Azure Load Balancer"),
            "{found:?}"
        );
    }

    #[test]
    fn keep_alives_do_not_keep_a_program_from_its_timeout() {
        let outcome = opened(
            "46.0 C > S A 100:100(0) ack 51
            +0.010 C < S A 51:51(0) ack 101
            76.10 C < S RA 51:51(0) ack 101",
        );
        assert!(names(&outcome).contains(&"nginx keepalive_timeout"), "{:?}", names(&outcome));
    }

    #[test]
    fn a_program_that_speaks_something_else_is_no_suspect() {
        const NODE: &str = "Node.js server.keepAliveTimeout";
        let ended = |request: &str, answer: &str| {
            let text = std::format!(
                "0.000 C > S S 0:0(0)
                +0.010 C < S SA 0:0(0) ack 1
                +0.0001 C > S A 1:1(0) ack 1
                1.000 C > S PA 1:101(100) ack 1 says {request}
                +0.010 C < S PA 1:51(50) ack 101 says {answer}
                +0.040 C > S A 101:101(0) ack 51
                6.020 C < S RA 51:51(0) ack 101"
            );
            names(&conversation(&text).outcome())
        };
        assert!(ended("0x474554202f20485454502f312e310d0a", "0x485454502f312e3120323030").contains(&NODE));
        // Inside of TLS HTTP may be spoken.
        assert!(ended("0x160301020001000001fc0303", "0x160303007a020000760303").contains(&NODE));
        assert!(ended("0x2a310d0a24340d0a50494e470d0a", "0x2b504f4e470d0a").is_empty());
        assert!(ended("0x5353482d322e302d780d0a", "0x5353482d322e302d780d0a").is_empty());
    }

    #[test]
    fn the_silence_that_is_named_is_the_one_that_fits() {
        // 75 s when the server closed, and 85 s when the RST came.
        let outcome = opened(
            "76.05 C < S FA 51:51(0) ack 101
            +0.010 C > S A 101:101(0) ack 52
            86.05 C > S PA 101:201(100) ack 52
            +0.010 C < S R 52:52(0)",
        );
        let Answer::Yes(facts) = PROGRAM_TIMEOUT_FITS.answer(&outcome) else { panic!("nginx is one") };
        let (Some(super::super::Value::Span(age)), Some(super::super::Value::Timeouts(named))) =
            (facts.values.first(), facts.values.get(1))
        else {
            panic!("{facts:?}")
        };
        assert!(named.iter().flatten().all(|one| one.fits(*age)), "{age} {named:?}");
    }

    #[test]
    fn a_connection_in_use_has_no_suspects_and_an_unseen_one_no_answer() {
        assert!(names(&opened("1.2 C < S RA 51:51(0) ack 101")).is_empty());
        assert!(idle_suspects(&conversation("0.0 C > S R 1:1(0)").outcome()).is_none());
    }
}
