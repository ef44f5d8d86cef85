//! What the other connections to the same service say of this one ([`crate::siblings`]).
//!
//! A limit shows in several connections, so the minimum stands with each question: three deaths on one side of it, or
//! fewer with a survivor on the other side. Below that the answer is unknown. Connections that die together are one
//! event, and say nothing of a limit.

use alloc::vec::Vec;

use super::answer::{Answer, Facts, Value, no, yes};
use super::question::{AskedOf, Question, Wording, by, not};
use super::timing::leaving;
use crate::outcome::Outcome;
use crate::siblings::{Death, End, Exchange, SILENCE, Siblings};
use crate::time::{Span, Timestamp};

/// Deaths that make a limit without a survivor on the other side of it.
const DEATHS: usize = 3;
/// Deaths that come closer together than this are one event: a program ends within that time.
const ONE_EVENT: Span = Span::from_secs(1);
/// Silences that differ by more than a timer is late, and by ten times more than the ages, are not what the ages follow.
const USED_APART: Span = Span::from_millis(100);
/// Probes of a monitor that make a period.
const PROBES: usize = 4;
/// One of several checks at once shows in so many of its probes in a row. Of as many random times as are remembered,
/// less than one in a hundred has such a row through it.
const IN_A_ROW: usize = 6;
/// A step may differ from the interval by this part of it.
const EXACT: u64 = 50;
/// Shorter periods are a program in a hurry.
const PERIOD_FROM: Span = Span::from_millis(200);
/// Connections that the service closed after the same silence.
const CLOSES: usize = 3;
/// A kernel aborts what waits in an accept queue in one go (`inet_csk_listen_stop`); workers end within this time.
const ONE_GO: Span = Span::from_millis(20);
/// A program may be scheduled later by one tick of its kernel (`HZ` is 250 and more).
const NO_NOISE: Span = Span::from_millis(4);
/// A program that goes on after a pause answers all that waits within this time.
const GOES_ON_WITHIN: Span = Span::from_millis(100);
/// Requests of as many sizes as make it no chance, less often than once in twenty, that just the largest died.
const NO_CHANCE: u64 = 20;
/// A server that takes a session over closes the older connection before it does anything else.
const TAKES_OVER_WITHIN: Span = Span::from_secs(1);

/// Connections to the service die at one age, whatever they do.
pub static AGES_AT_DEATH_ALIKE: Question = Question {
    id: "ages-at-death-alike",
    asked_of: AskedOf::PacketsOrSocket,
    yes: "{} connections to {server} were reset at the same age, {} to {}, after silences of {} to {}: what they did made no difference",
    no: "connections to {server} had different ages when they were reset, {} to {}, or others grew older",
    unknown: "three or more connections to {server} from their beginning to their reset: were they equally old?",
    zh: Wording {
        yes: "到{server}的{}条连接被重置时年龄相同，{}到{}，而空闲时间为{}到{}：与它们在做什么无关",
        no: "到{server}的连接被重置时年龄不同，{}到{}，或者别的连接活得更久",
        unknown: "到{server}的三条以上连接，从开始到被重置：它们的年龄相同吗？",
    },
    ask: by(|outcome| {
        let Some((siblings, own)) = known(outcome).filter(|(_, own)| own.from_beginning) else {
            return Answer::Unknown;
        };
        let deaths: Vec<&Death> = siblings.deaths_by(own.by).filter(|one| one.from_beginning).collect();
        let ages = || deaths.iter().map(|one| one.age());
        let (Some(youngest), Some(oldest)) = (ages().min(), ages().max()) else { return Answer::Unknown };
        if events(&deaths) < DEATHS || oldest < SILENCE {
            return Answer::Unknown;
        }
        let idle = || deaths.iter().map(|one| one.idle);
        let (least, most) = (idle().min().unwrap_or_default(), idle().max().unwrap_or_default());
        let outlived =
            siblings.oldest.is_some_and(|age| age.nanos() > oldest.nanos().saturating_add(oldest.nanos() / 100));
        // Used alike, they may die of what they did: a time-out that began with their one request.
        let (apart, aged_apart) =
            (most.nanos().saturating_sub(least.nanos()), oldest.nanos().saturating_sub(youngest.nanos()));
        let used_alike = apart < USED_APART.nanos() || apart / 10 < aged_apart;
        if !alike(youngest, oldest) || outlived {
            return Answer::No(no().span(youngest).span(oldest));
        }
        if used_alike {
            return Answer::Unknown;
        }
        let facts = yes().count(deaths.len() as u64).span(youngest).span(oldest).span(least).span(most);
        Answer::Yes(facts)
    }),
};

/// Those that were silent for long died, and those that were silent for less lived on.
pub static LONGER_SILENCE_DIED: Question = Question {
    id: "longer-silence-died",
    asked_of: AskedOf::Packets,
    yes: "connections to {server} went on after up to {} of silence, and each of the {} that had been silent for longer, from {} on, was reset when it went on: a limit lies between",
    no: "another connection to {server} was silent for {}, no less than this one, {}, and lived on",
    unknown: "other connections to {server} that were silent and then went on: from which silence on are they reset?",
    zh: Wording {
        yes: "到{server}的连接在至多{}的空闲之后还能继续；空闲更久（{2}以上）的{1}条，一继续就被重置：限制就在两者之间",
        no: "到{server}的另一条连接空闲了{}，不短于这一条的{}，却活了下来",
        unknown: "到{server}的其他空闲之后又继续的连接：空闲多久以后会被重置？",
    },
    ask: by(|outcome| {
        let Some((siblings, own)) = known(outcome).filter(|(_, own)| own.idle >= SILENCE) else {
            return Answer::Unknown;
        };
        let Some(survived) = siblings.survived else { return Answer::Unknown };
        if survived >= own.idle {
            return Answer::No(no().span(survived).span(own.idle));
        }
        let silent: Vec<&Death> = siblings.deaths_by(own.by).filter(|one| one.idle > survived).collect();
        let least = silent.iter().map(|one| one.idle).min().unwrap_or(own.idle);
        // Half of it on one side and the whole on the other enclose a limit; two events are the least that can.
        let near = survived.nanos() >= least.nanos() / 2;
        if events(&silent) < 2 || !near {
            return Answer::Unknown;
        }
        Answer::Yes(yes().span(survived).count(silent.len() as u64).span(least))
    }),
};

/// Three died after the same silence.
pub static SILENCES_AT_DEATH_ALIKE: Question = Question {
    id: "silences-at-death-alike",
    asked_of: AskedOf::PacketsOrSocket,
    yes: "{} connections to {server} were reset after the same silence, {} to {}: a timer",
    no: "connections to {server} were reset after different silences, {} to {}",
    unknown: "three or more connections to {server} that were silent until they were reset: for equally long?",
    zh: Wording {
        yes: "到{server}的{}条连接在同样长的空闲（{}到{}）之后被重置：是定时器",
        no: "到{server}的连接被重置之前空闲的时间各不相同，{}到{}",
        unknown: "到{server}的三条以上一直空闲到被重置的连接：空闲时间一样长吗？",
    },
    ask: by(|outcome| {
        let Some((siblings, own)) = known(outcome).filter(|(_, own)| own.idle >= SILENCE) else {
            return Answer::Unknown;
        };
        let silent: Vec<&Death> = siblings.deaths_by(own.by).filter(|one| one.idle >= SILENCE).collect();
        let idle = || silent.iter().map(|one| one.idle);
        let (Some(least), Some(most)) = (idle().min(), idle().max()) else { return Answer::Unknown };
        if events(&silent) < DEATHS {
            return Answer::Unknown;
        }
        if !alike(least, most) {
            return Answer::No(no().span(least).span(most));
        }
        Answer::Yes(yes().count(silent.len() as u64).span(least).span(most))
    }),
};

/// The service closes connections itself that have been silent for as long as this one was.
pub static SIBLINGS_CLOSED_WHEN_IDLE: Question = Question {
    id: "siblings-closed-when-idle",
    asked_of: AskedOf::Packets,
    yes: "{server} closed {} other connections itself after {} to {} of silence; this one had been silent for {} when it went on: the two met",
    no: "{server} closes idle connections after {} to {}; this one had been silent for {}",
    unknown: "other connections to {server} that nobody used: after which silence does it close them?",
    zh: Wording {
        yes: "{server}自己关闭了另外{}条连接，都在空闲{}到{}之后；这一条空闲了{}才继续：两者正好相遇",
        no: "{server}在空闲{}到{}之后关闭连接；而这一条空闲了{}",
        unknown: "到{server}的其他无人使用的连接：空闲多久以后它会关闭？",
    },
    ask: by(|outcome| {
        let Some((siblings, own)) = known(outcome) else { return Answer::Unknown };
        let closed = &siblings.closed_after;
        let (Some(least), Some(most), CLOSES..) = (closed.iter().min(), closed.iter().max(), closed.len()) else {
            return Answer::Unknown;
        };
        if !alike(*least, *most) {
            return Answer::Unknown;
        }
        let facts = |with: Facts| with.span(*least).span(*most).span(own.idle);
        // A request is on its way for as long as the program is about to close, and one timer is a second late.
        let late = Span::from_nanos(most.nanos() / 50).max(LATE);
        let met = own.idle.nanos().saturating_add(late.nanos()) >= least.nanos()
            && own.idle.nanos() <= most.nanos().saturating_add(late.nanos());
        if met { Answer::Yes(facts(yes().count(closed.len() as u64))) } else { Answer::No(facts(no())) }
    }),
};

/// The service closed others at the same moment that had been silent for other times: no idle timer runs out so. A reload,
/// a stop or a crash closes everything at once.
pub static CLOSED_WITH_OTHERS: Question = Question {
    id: "closed-with-others",
    asked_of: AskedOf::Packets,
    yes: "{server} closed {} other connections within {} of this one, which had been silent for {} to {}: everything at once, as a reload or a stop does, and no idle timer",
    no: "{server} closed no other connection at that moment",
    unknown: "other connections to {server}: were they closed at the same moment, though some had been in use more recently?",
    zh: Wording {
        yes: "{server}在关闭这条连接的{1}之内还关闭了另外{0}条，它们各自沉默了{2}到{3}：是一起关闭的，像重载或停止，而不是空闲定时器",
        no: "{server}在那一刻没有关闭别的连接",
        unknown: "到{server}的其他连接：有的刚用过，是否也在同一时刻被关闭？",
    },
    ask: by(|outcome| {
        let server = outcome.connection().server();
        let Some((siblings, _)) = known(outcome) else { return Answer::Unknown };
        let Some(left) = leaving(outcome).filter(|left| left.from == server) else { return Answer::Unknown };
        let apart = |time: Timestamp| time.since(left.time).abs();
        let closed: Vec<&(Timestamp, Span)> =
            siblings.closed.iter().filter(|(time, _)| apart(*time) <= ONE_GO).collect();
        let silences = || closed.iter().map(|(_, silence)| *silence);
        let (Some(least), Some(most)) = (silences().min(), silences().max()) else { return Answer::Unknown };
        let furthest = closed.iter().map(|(time, _)| apart(*time)).max().unwrap_or_default();
        // Two beside this one: one may be closed by its client's wish.
        if closed.len() < 2 || most.nanos().saturating_sub(least.nanos()) <= LATE.nanos() {
            return Answer::Unknown;
        }
        Answer::Yes(yes().count(closed.len() as u64).span(furthest).span(least).span(most))
    }),
};

/// Timers of programs are looked at once in so long.
const LATE: Span = Span::from_millis(250);

/// Through the whole silence others lived that were answered later: their host kept its connections.
pub static SIBLINGS_OUTLIVED_SILENCE: Question = Question {
    id: "siblings-outlived-silence",
    asked_of: AskedOf::Packets,
    yes: "other connections to {server} lived through the whole silence of this one and were answered up to {}: {server} had neither rebooted nor lost its program",
    no: "no other connection to {server} lived through the silence of this one",
    unknown: "other connections to {server} that were open before this one fell silent: were they answered after it?",
    zh: Wording {
        yes: "到{server}的其他连接活过了这条连接的整个空闲期，直到{}仍得到应答：{server}既没有重启，程序也没有消失",
        no: "没有别的到{server}的连接活过这条连接的空闲期",
        unknown: "在这条连接开始空闲之前就已打开的其他到{server}的连接：之后还得到应答吗？",
    },
    ask: by(|outcome| {
        let Some((siblings, own)) = known(outcome).filter(|(_, own)| own.by == End::Server) else {
            return Answer::Unknown;
        };
        match siblings.outlived.filter(|_| own.idle >= SILENCE) {
            Some(time) => Answer::Yes(yes().value(Value::Time(time))),
            None => Answer::Unknown,
        }
    }),
};

/// Connections of this client to the service begin at a regular period, and each is aborted at once.
pub static PROBED_REGULARLY: Question = Question {
    id: "probed-regularly",
    asked_of: AskedOf::PacketsOrSocket,
    yes: "{client}'s host opened {} such connections to {server}, {} to {} apart, and aborted each after one question at most: a monitor",
    no: "connections of {client}'s host to {server} that it aborted at once came at no regular time, {} to {} apart",
    unknown: "four or more connections of {client}'s host to {server}: do they come at a regular time?",
    zh: Wording {
        yes: "{client}所在主机向{server}发起了{}条这样的连接，每隔{}到{}一条，最多问一句就中止：是监控探测",
        no: "{client}所在主机发起又立即中止的连接到{server}并无规律，相隔{}到{}",
        unknown: "{client}所在主机到{server}的四条以上连接：它们按固定间隔到来吗？",
    },
    ask: by(|outcome| {
        let Some((siblings, own)) = known(outcome).filter(|(_, own)| is_probe(own)) else { return Answer::Unknown };
        let probes = siblings.deaths_of(own.client.ip).filter(|one| is_probe(one));
        let mut opened: Vec<Timestamp> = probes.map(|one| one.opened).collect();
        opened.sort_unstable();
        let steps = || opened.windows(2).filter_map(|pair| Some(pair.last()?.since(*pair.first()?)));
        let (Some(least), Some(most)) = (steps().min(), steps().max()) else { return Answer::Unknown };
        let facts = |with: Facts| with.span(least).span(most);
        // A check that takes longer, or is spread by chance, is late by less than a tenth.
        if opened.len() >= PROBES
            && least >= PERIOD_FROM
            && most.nanos().saturating_sub(least.nanos()) <= most.nanos() / 10
        {
            return Answer::Yes(facts(yes().count(opened.len() as u64)));
        }
        match own_rhythm(&opened, own.opened) {
            Some((count, period)) => Answer::Yes(yes().count(count as u64).span(period).span(period)),
            None if opened.len() < PROBES || least < PERIOD_FROM => Answer::Unknown,
            None => Answer::No(facts(no())),
        }
    }),
};

/// The service ended most of the connections that it accepted without an answer to what it was asked.
pub static SIBLINGS_WERE_CUT: Question = Question {
    id: "siblings-were-cut",
    asked_of: AskedOf::Packets,
    yes: "{server} ended {} of {} other connections without an answer to the request on them",
    no: "{server} left no request unanswered on the other connections that it ended, but for {} of {}",
    unknown: "other connections to {server}: were they answered?",
    zh: Wording {
        yes: "{server}没有应答其中的请求就结束了另外{1}条连接中的{0}条",
        no: "{server}在结束其他连接之前都应答了请求，例外是{1}条中的{0}条",
        unknown: "到{server}的其他连接：得到应答了吗？",
    },
    ask: by(|outcome| {
        let siblings = outcome.siblings().filter(|siblings| siblings.known > 0);
        let Some(Siblings { cut, known, .. }) = siblings else { return Answer::Unknown };
        yes().count(*cut as u64).count(*known as u64).if_so((cut * 2 > *known).into())
    }),
};

/// Others that were open then were asked something afterwards, and answered.
pub static SIBLINGS_SERVED_AFTER: Question = Question {
    id: "siblings-served-after",
    asked_of: AskedOf::Packets,
    yes: "{server} answered requests on other connections that had been open before, the last at {}: the program that has them did not end",
    no: "{server} answered nothing on other connections afterwards",
    unknown: "other connections to {server} that were open before the reset: were requests on them answered afterwards?",
    zh: Wording {
        yes: "{server}之后仍在此前已打开的其他连接上应答请求，最后一次在{}：拥有它们的程序没有退出",
        no: "{server}之后没有在其他连接上应答",
        unknown: "重置之前已打开的其他到{server}的连接：之后的请求得到应答了吗？",
    },
    ask: by(|outcome| match outcome.siblings().and_then(|siblings| siblings.served) {
        Some(time) if outcome.sender() == outcome.connection().server() => Answer::Yes(yes().value(Value::Time(time))),
        _ => Answer::Unknown,
    }),
};

/// None of those was.
pub static PROGRAM_MAY_HAVE_ENDED: Question = not("program-may-have-ended", &SIBLINGS_SERVED_AFTER);

/// No server limits requests to less: the smallest limit in use is a buffer of 1 KiB for a head (nginx,
/// `client_header_buffer_size`).
const SMALLEST_LIMIT: u64 = 1_024;

/// Of the requests to the service just the largest died without an answer.
pub static LARGER_REQUESTS_DIED: Question = Question {
    id: "larger-requests-died",
    asked_of: AskedOf::Packets,
    yes: "{server} answered {} requests of at most {} bytes, and reset {} of at least {} without a word: a limit on their size may lie between",
    no: "{server} answered a request of {} bytes, no smaller than this one of {}",
    unknown: "other requests to {server}, smaller and larger ones: from which size on are they reset?",
    zh: Wording {
        yes: "{server}应答了{}个至多{}字节的请求，而{}个至少{}字节的一言不发就被重置：两者之间可能有大小限制",
        no: "{server}应答过{}字节的请求，不小于这一个的{}字节",
        unknown: "到{server}的其他大小不同的请求：从多大开始会被重置？",
    },
    ask: by(|outcome| {
        let Some((siblings, own)) = known(outcome).filter(|(_, own)| died_unanswered(own)) else {
            return Answer::Unknown;
        };
        let Some(largest) = siblings.answered.iter().max().map(|size| u64::from(*size)) else {
            return Answer::Unknown;
        };
        let died = || siblings.deaths.iter().filter(|one| died_unanswered(one)).map(|one| one.asked);
        let smallest = died().min().unwrap_or(own.asked);
        if largest >= own.asked {
            return Answer::No(no().count(largest).count(own.asked));
        }
        // Those that had the same fate with less have died of something else.
        let limits = smallest >= SMALLEST_LIMIT;
        if largest >= smallest || !limits || died().count() < 2 || siblings.answered.len() < 2 {
            return Answer::Unknown;
        }
        let facts = yes().count(siblings.answered.len() as u64).count(largest);
        Answer::Yes(facts.count(died().count() as u64).count(smallest))
    }),
};

/// So many sizes that chance does not sort them.
pub static SIZES_SORT_THE_DEAD: Question = Question {
    id: "sizes-sort-the-dead",
    asked_of: AskedOf::Packets,
    yes: "requests of {} different sizes were answered and of {} larger ones reset: chance alone would separate them so once in {}",
    no: "too few different sizes of requests are known: {} that were answered, {} that were reset",
    unknown: "requests to {server} of more sizes: from which size on are they reset?",
    zh: Wording {
        yes: "{}种大小的请求得到应答，{}种更大的被重置：随机出现这种顺序的机会是{}分之一",
        no: "请求的不同大小太少：应答的{}种，被重置的{}种",
        unknown: "到{server}的更多大小的请求：从多大开始会被重置？",
    },
    ask: by(|outcome| {
        let (Some((siblings, _)), true) = (known(outcome), LARGER_REQUESTS_DIED.answer(outcome).is_yes()) else {
            return Answer::Unknown;
        };
        let answered = different(siblings.answered.iter().map(|size| u64::from(*size)).collect());
        let died = different(siblings.deaths.iter().filter(|one| died_unanswered(one)).map(|one| one.asked).collect());
        let ways = ways_to_choose(answered + died, died);
        // Few sizes are no sign against it.
        if ways < NO_CHANCE {
            return Answer::Unknown;
        }
        Answer::Yes(yes().count(answered).count(died).count(ways))
    }),
};

/// Several that had waited in vain for different times were reset in one go.
pub static DIED_WAITING_TOGETHER: Question = Question {
    id: "died-waiting-together",
    asked_of: AskedOf::Packets,
    yes: "{server} reset {} connections within {} that it had never said a word on, some {} old and some {}: they look like what waits in the queue of a listener that is closed",
    no: "{server} had answered, or reset this connection alone",
    unknown: "other connections to {server} that waited for their first answer: were they reset at the same moment?",
    zh: Wording {
        yes: "{server}在{1}之内重置了{0}条从未应答过的连接，它们存在的时间从{2}到{3}不等：像是监听套接字关闭时还在队列里等待的连接",
        no: "{server}应答过，或者只重置了这一条连接",
        unknown: "到{server}的其他还在等待第一次应答的连接：是否同时被重置？",
    },
    ask: by(|outcome| {
        let Some((siblings, own)) = known(outcome).filter(|(_, own)| died_waiting(own)) else {
            return Answer::Unknown;
        };
        let together = |one: &&Death| died_waiting(one) && one.time.since(own.time).abs() <= ONE_GO;
        let deaths: Vec<&Death> = siblings.deaths.iter().filter(together).collect();
        let times = || deaths.iter().map(|one| one.time);
        let ages = || deaths.iter().map(|one| one.age());
        let (Some(first), Some(last)) = (times().min(), times().max()) else { return Answer::Unknown };
        let (Some(youngest), Some(oldest)) = (ages().min(), ages().max()) else { return Answer::Unknown };
        // A program that turns each away as it comes ends all at the same age.
        let apart = oldest.nanos().saturating_sub(youngest.nanos());
        if deaths.len() < DEATHS || apart < NO_NOISE.nanos() || apart < youngest.nanos() {
            return Answer::Unknown;
        }
        Answer::Yes(yes().count(deaths.len() as u64).span(last.since(first)).span(youngest).span(oldest))
    }),
};

/// The same client identifier logged in on another connection right before the server closed this one.
pub static SAME_LOGIN_ELSEWHERE: Question = Question {
    id: "same-login-elsewhere",
    asked_of: AskedOf::Packets,
    yes: "the client identifier of this connection logged in on another one in {}, {} before {server} closed this one",
    no: "another login with the client identifier of this connection, in {}, came {} before {server} closed it",
    unknown: "logins at {server}: does another connection use the same client identifier?",
    zh: Wording {
        yes: "这条连接的客户端标识在{}中又从另一条连接登录，{}之后{server}关闭了这一条",
        no: "用这条连接的客户端标识的另一次登录（{}）在{server}关闭它之前{}",
        unknown: "在{server}上的登录：有没有别的连接使用同一个客户端标识？",
    },
    ask: by(|outcome| {
        let Some((siblings, own)) = known(outcome).filter(|(_, own)| own.by == End::Server) else {
            return Answer::Unknown;
        };
        let (Some(other), Some(left)) = (siblings.taken_over, leaving(outcome)) else { return Answer::Unknown };
        let waited = left.time.since(other.at.time);
        let since = own.login.map(|login| login.at.frame);
        if waited < Span::ZERO {
            return Answer::Unknown;
        }
        let facts = yes().value(Value::Frame(other.at.frame)).shown_by(other.at.frame).span(waited);
        let facts = since.into_iter().fold(facts, Facts::shown_by);
        if waited <= TAKES_OVER_WITHIN { Answer::Yes(facts) } else { Answer::Unknown }
    }),
};

/// The service reset it, and had not said anything on it.
fn died_waiting(death: &Death) -> bool {
    death.by == End::Server && death.exchange != Exchange::Refused && death.said == 0 && death.from_beginning
}

/// The same after a request.
fn died_unanswered(death: &Death) -> bool {
    died_waiting(death) && death.asked > 0
}

fn different(mut sizes: Vec<u64>) -> u64 {
    sizes.sort_unstable();
    sizes.dedup();
    sizes.len() as u64
}

/// Binomial coefficient, as far as it matters.
fn ways_to_choose(of: u64, chosen: u64) -> u64 {
    (1..=chosen).fold(1, |ways: u64, nth| ways.saturating_mul(of.saturating_sub(nth).saturating_add(1)) / nth)
}

/// What had been asked at different times was answered in one go: the program did nothing in between.
pub static STOOD_STILL: Question = Question {
    id: "stood-still",
    asked_of: AskedOf::Packets,
    yes: "{} requests to {server} that had waited {} to {} got their answer, or their end, within {} of each other: it had stood still until then",
    no: "{server} answered requests one by one as they had been asked",
    unknown: "other requests to {server} that waited at the same time: were they all answered at one moment?",
    zh: Wording {
        yes: "到{server}的{}个请求分别等了{}到{}，却在彼此相隔{}之内得到应答或被结束：在那之前它停顿了",
        no: "{server}按请求的先后逐个应答",
        unknown: "同时在等待{server}的其他请求：它们是不是在同一时刻一起得到应答？",
    },
    ask: by(|outcome| {
        let Some((siblings, own)) = known(outcome) else { return Answer::Unknown };
        let Some(moved) = own.moved_at else { return Answer::Unknown };
        let waited = |one: &Death| {
            let (moved_at, asked_at) = (one.moved_at?, one.asked_at?);
            let waited = moved_at.since(asked_at);
            let together = moved_at.since(moved).abs() <= GOES_ON_WITHIN && waited >= SILENCE;
            together.then_some((moved_at, asked_at, waited))
        };
        let all: Vec<_> = siblings.deaths.iter().filter_map(waited).collect();
        let apart = |times: &dyn Fn(usize) -> Timestamp| {
            let times = || (0..all.len()).map(times);
            times().max().zip(times().min()).map_or(Span::ZERO, |(last, first)| last.since(first))
        };
        let (moved_apart, asked_apart) = (apart(&|at| all[at].0), apart(&|at| all[at].1));
        let waits = || all.iter().map(|(_, _, waited)| *waited);
        let (Some(least), Some(most)) = (waits().min(), waits().max()) else { return Answer::Unknown };
        // What was asked at one moment is answered at one as well.
        if waited(own).is_none()
            || all.len() < DEATHS
            || asked_apart < ONE_GO
            || asked_apart.nanos() / 4 < moved_apart.nanos()
        {
            return Answer::Unknown;
        }
        Answer::Yes(yes().count(all.len() as u64).span(least).span(most).span(moved_apart))
    }),
};

/// How many probes came at equal steps with the one at `own`, and at which: the longest such row, where a host runs
/// several checks at once, as the kubelet and `HAProxy` do.
fn own_rhythm(opened: &[Timestamp], own: Timestamp) -> Option<(usize, Span)> {
    let steps_of = |step: i64| {
        let next = |from: &Timestamp| {
            let exact = |at: &&Timestamp| {
                at.since(*from).nanos().saturating_sub(step).unsigned_abs() <= step.unsigned_abs() / EXACT
            };
            opened.iter().find(exact).copied()
        };
        core::iter::successors(Some(own), next).skip(1).take(opened.len()).count()
    };
    let row = |period: Span| 1 + steps_of(period.nanos()) + steps_of(period.nanos().saturating_neg());
    let periods = opened.iter().map(|one| one.since(own).abs()).filter(|period| *period >= PERIOD_FROM);
    periods.map(|period| (row(period), period)).max_by_key(|(count, _)| *count).filter(|(count, _)| *count >= IN_A_ROW)
}

fn is_probe(death: &Death) -> bool {
    death.by == End::Client && death.exchange == Exchange::Tiny && death.from_beginning
}

/// Of a connection that had been accepted.
pub(super) fn known(outcome: &Outcome) -> Option<(&Siblings, &Death)> {
    let siblings = outcome.siblings()?;
    Some((siblings, siblings.own.as_ref().filter(|own| own.exchange != Exchange::Refused)?))
}

/// Deaths that did not come together.
fn events(deaths: &[&Death]) -> usize {
    let mut times: Vec<Timestamp> = deaths.iter().map(|one| one.time).collect();
    times.sort_unstable();
    let apart = |pair: &&[Timestamp]| matches!(pair, [one, next] if next.since(*one) > ONE_EVENT);
    times.len().min(1) + times.windows(2).filter(apart).count()
}

/// Within 1 %, or as exact as timers of programs are.
fn alike(least: Span, most: Span) -> bool {
    most.nanos().saturating_sub(least.nanos()) <= (most.nanos() / 100).max(TICK.nanos())
}

/// The tick of slow timers.
const TICK: Span = Span::from_millis(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_times_have_a_row_through_them_less_than_once_in_a_hundred() {
        const REMEMBERED: usize = 32;
        const DRAWS: usize = 2_000;
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        // xorshift64*, within a minute.
        let mut draw = || {
            state ^= state >> 12;
            state ^= state << 25;
            state ^= state >> 27;
            Timestamp::from_nanos((state.wrapping_mul(0x2545_f491_4f6c_dd1d) % 60_000_000_000).cast_signed())
        };
        let rows = (0..DRAWS).filter(|_| {
            let opened: Vec<Timestamp> = (0..REMEMBERED).map(|_| draw()).collect();
            own_rhythm(&opened, opened[0]).is_some()
        });
        let rows = rows.count();
        assert!(rows < DRAWS / 100, "{rows} of {DRAWS}");
    }

    #[test]
    fn times_at_the_ends_of_the_range_are_no_fault() {
        let ends = [i64::MIN, -1, 0, i64::MAX].map(Timestamp::from_nanos);
        for own in ends {
            assert_eq!(own_rhythm(&ends, own), None);
        }
    }
}
