//! Clocks: when an end left, counted from what it had waited for, and whether a timer can be that exact.
//!
//! An end leaves with its FIN, or with an abort where it sent none. What it said in the same go (a TLS alert,
//! "idle-session timeout") belongs to its leaving: the silence before that is what its timer took.
//!
//! The facts behind it: docs/internals/timers.md.

use super::answer::{Answer, no, yes};
use super::closing::DATA_CROSSED_FIN;
use super::fin::is_data;
use super::form::RST_IS_BARE;
use super::question::{AskedOf, Question, Wording, by, not};
use super::socket_hints::timer_of_close;
use super::timing::{WAS_IDLE, is_sane, leaving, round_trip};
use crate::half::Marks;
use crate::history::{HEAD, Record};
use crate::outcome::{Basis, Outcome};
use crate::segment::Flags;
use crate::time::Span;
use crate::timeouts::round_time;

/// A program that says goodbye closes within this time.
const GOODBYE: Span = Span::from_millis(5);
/// What came so shortly before an end left it may not have read.
const UNREAD: Span = Span::from_millis(10);
/// A request that came so shortly before an end left was not what the program had waited for: the two met.
const MET: Span = Span::from_millis(100);
/// A kernel sends what it held back within this time.
const AT_ONCE: Span = Span::from_millis(1);
/// A silence that is worth a word: longer than this, and than [`TRIPS`].
const LONG: Span = Span::from_secs(1);
/// Round trips; on a slow path a second is nothing.
const TRIPS: i64 = 100;

/// Nothing had been sent for long before the RST, or before the segment that it answers.
pub static SILENCE_WAS_LONG: Question = Question {
    id: "silence-was-long",
    asked_of: AskedOf::Packets,
    yes: "nothing had been captured for {} when {} came",
    no: "the segment before {1} had come only {0} earlier",
    unknown: "the segments before the RST, and the handshake: how long does an answer take?",
    zh: Wording {
        yes: "{1}到来时已有{0}没有抓到任何报文",
        no: "{1}的前一个报文只早{0}",
        unknown: "RST 之前的报文，以及握手：一次应答需要多久？",
    },
    ask: by(|outcome| {
        let Some(rst) = outcome.rst() else { return Answer::Unknown };
        let until = rst.trigger.unwrap_or(rst.record);
        let last = outcome.latest(|record| record.frame < until.frame);
        match last.map(|last| until.time.since(last.time)).filter(|silent| is_sane(*silent)) {
            Some(silent) => yes().span(silent).frame(&until).if_so(is_long(outcome, silent).into()),
            None => Answer::Unknown,
        }
    }),
};

/// The connection had been unused for long when an end closed it. Where the RST came only later, this began it.
pub static CLOSED_AFTER_SILENCE: Question = Question {
    id: "closed-after-silence",
    asked_of: AskedOf::Packets,
    yes: "the connection had been silent for {} when the first FIN came, in {}",
    no: "the connection was in use when the first FIN came, {} after the segment before, in {}",
    unknown: "the first FIN and what was sent before it",
    zh: Wording {
        yes: "第一个 FIN（{1}）到来时，连接已沉默{0}",
        no: "第一个 FIN 到来时连接正在使用：与前一个报文相隔{}，即{}",
        unknown: "第一个 FIN 以及它之前的报文",
    },
    ask: by(|outcome| {
        let fin = outcome.earlier(|record| record.flags.has(Flags::FIN));
        let last = fin.and_then(|fin| outcome.latest(|record| record.frame < fin.frame));
        match fin.zip(last).map(|(fin, last)| (fin, fin.time.since(last.time))) {
            Some((fin, silent)) if is_sane(silent) => {
                yes().span(silent).frame(fin).if_so(is_long(outcome, silent).into())
            }
            _ => Answer::Unknown,
        }
    }),
};

/// Longer than a second and a hundred round trips, where those are known.
pub(super) fn is_long(outcome: &Outcome, silent: Span) -> bool {
    let trips = round_trip(outcome).map_or(0, |trip| trip.nanos().saturating_mul(TRIPS));
    silent >= LONG && silent.nanos() >= trips
}

/// One end had said nothing for long while the other went on: heartbeats of one hide no silence of the other.
pub static RECEIVER_FELL_SILENT: Question = Question {
    id: "receiver-fell-silent",
    asked_of: AskedOf::Packets,
    yes: "{receiver} had sent no data for at least {}, while {sender} sent data {} times, most recently in {}",
    no: "{receiver} had sent data {} before the RST, in {}",
    unknown: "data of both ends in the last seconds before the RST",
    zh: Wording {
        yes: "{receiver}至少{}没有发送数据，而{sender}在此期间发送了{}次，最后一次是{}",
        no: "{receiver}在 RST 之前{}还发过数据，即{}",
        unknown: "RST 之前数秒内两端的数据",
    },
    ask: by(|outcome| {
        let Some(quiet) = Quiet::of(outcome) else { return Answer::Unknown };
        let silent = quiet.lasted;
        let mut beats = quiet.beats(outcome);
        let count = beats.clone().count();
        match beats.next_back() {
            Some(beat) if count >= HEARTBEATS && is_long(outcome, silent) => {
                Answer::Yes(yes().span(silent).count(count as u64).frame(beat))
            }
            _ if quiet.began && !is_long(outcome, silent) => Answer::No(yes().span(silent).frame(quiet.from)),
            _ => Answer::Unknown,
        }
    }),
};

/// One message may be an answer that was late; three into silence are a rhythm.
const HEARTBEATS: usize = 3;

/// What the sender of the RST sent into that silence came at equal intervals: a heartbeat.
pub static SENDER_KEPT_RHYTHM: Question = Question {
    id: "sender-kept-rhythm",
    asked_of: AskedOf::Packets,
    yes: "{sender} sent {} messages of {} bytes, {} apart: a heartbeat",
    no: "{sender}'s messages differ in size or come at irregular intervals",
    unknown: "three messages of {sender} in a row",
    zh: Wording {
        yes: "{sender}每隔{2}发送一条{1}字节的消息，共{0}条：是心跳",
        no: "{sender}的消息大小不一或间隔不等",
        unknown: "{sender}连续的三条消息",
    },
    ask: by(|outcome| {
        let Some(quiet) = Quiet::of(outcome) else { return Answer::Unknown };
        let Some(last) = quiet.beats(outcome).next_back() else { return Answer::Unknown };
        let beats: alloc::vec::Vec<&Record> =
            quiet.beats(outcome).rev().take_while(|beat| beat.len == last.len).collect();
        let apart = || beats.iter().zip(beats.iter().skip(1)).map(|(one, before)| one.time.since(before.time));
        let (Some(first), Some(shortest), Some(longest), HEARTBEATS..) =
            (beats.first(), apart().min(), apart().max(), beats.len())
        else {
            return Answer::Unknown;
        };
        let equal =
            longest.nanos().saturating_sub(shortest.nanos()) <= longest.nanos() / UNSTEADY && shortest >= SHORTEST_BEAT;
        yes().count(beats.len() as u64).count(first.len.into()).span(shortest).if_so(equal.into())
    }),
};

/// A program's timer wanders by less than this part of its interval.
const UNSTEADY: i64 = 10;
/// Faster messages are work.
const SHORTEST_BEAT: Span = Span::from_millis(200);

/// The sender of the RST had been silent long enough for an idle timeout when it closed: seconds, or exactly a
/// time that people configure.
pub static IDLE_FOR_A_TIMEOUT: Question = Question {
    id: "idle-for-a-timeout",
    asked_of: AskedOf::PacketsOrSocket,
    yes: "the connection had been silent for {} when {sender} closed, in {}",
    no: "the connection was in use: {sender} closed {} after the last data, in {}",
    unknown: "what was sent before {sender} closed",
    zh: Wording {
        yes: "{sender}离开（{1}）时，连接已沉默{0}",
        no: "连接正在使用：{sender}在最后的数据之后{}离开，即{}",
        unknown: "{sender}离开之前的报文",
    },
    ask: by(|outcome| {
        let Some(left) = leaving(outcome) else { return Answer::Unknown };
        if outcome.basis() == Basis::Sockets {
            let by_timer = timer_of_close(outcome).map(|(idle, _)| yes().span(idle).frame(left));
            return by_timer.map_or(Answer::Unknown, Answer::Yes);
        }
        let exact = silence(outcome).filter(|silence| silence.timer(outcome).is_some());
        let met = || silence_before_request(outcome).filter(|silence| silence.about_a_timer().is_some());
        // Who closes after a long silence that owed nobody an answer had a timer, whichever it was. Where the next
        // request crossed that FIN, the two met: `keepalive-race`.
        let idle = || {
            let quiet = silence(outcome).filter(|silence| silence.owes_nothing(outcome) && silence.is_idle(outcome));
            quiet.filter(|_| left.flags.has(Flags::FIN) && !DATA_CROSSED_FIN.answer(outcome).is_yes())
        };
        if let Some(silence) = exact.or_else(met).or_else(idle) {
            return Answer::Yes(yes().span(silence.lasted).frame(left));
        }
        let known = left.flags.has(Flags::RST) && !leaves_beyond_seen(outcome, left);
        if known { WAS_IDLE.answer(outcome) } else { Answer::Unknown }
    }),
};

/// Nobody owed an answer, and the sender of the RST left exactly after a time that people configure.
pub static IDLE_TIMER_FITS: Question = Question {
    id: "idle-timer-fits",
    asked_of: AskedOf::Packets,
    yes: "{sender} closed {} after the data in {}, which is {} as exactly as a timer is",
    no: "{sender} did not leave after a round time",
    unknown: "the last data before {sender} closed, and the timeouts that are configured there",
    zh: Wording {
        yes: "{sender}在{1}的数据之后{0}离开，与{2}的定时器精确吻合",
        no: "{sender}离开的时刻不是整数时间",
        unknown: "{sender}离开之前最后的数据，以及那里配置的超时",
    },
    ask: by(|outcome| {
        // Without any data it may as well be the kernel's timer of keep-alives.
        let fitting = silence(outcome).filter(|silence| silence.owes_nothing(outcome) && silence.since.len > 0);
        match fitting.and_then(|silence| Some((silence.timer(outcome)?, silence))) {
            Some((timer, silence)) => {
                let held = silence.held_from_timer(outcome);
                let (since, lasted) = held.map_or((silence.since, silence.lasted), |held| (held.behind, held.lasted));
                Answer::Yes(yes().span(lasted).frame(since).span(timer))
            }
            // Another time is no sign against it: timeouts are configured.
            None => Answer::Unknown,
        }
    }),
};

/// The timer fits from the moment at which the program wrote its last data, not from that at which its kernel sent it.
pub static LAST_DATA_WAS_HELD: Question = Question {
    id: "last-data-was-held",
    asked_of: AskedOf::Packets,
    yes: "the last data, in {}, had waited for the acknowledgment in {} (Nagle's algorithm, RFC 9293 section 3.7.4): its program had written it up to {} earlier, and its timer ran from there",
    no: "the last data, in {}, was sent when it was written",
    unknown: "whether the last data before {sender} closed had waited for an acknowledgment",
    zh: Wording {
        yes: "最后的数据（{}）等到{}的确认才发出（Nagle 算法，RFC 9293 section 3.7.4）：程序最多在{}之前就已写入，定时器从那时算起",
        no: "最后的数据（{}）在写入时就发出了",
        unknown: "{sender}离开之前最后的数据是否在等待确认",
    },
    ask: by(|outcome| {
        let fitting = silence(outcome).filter(|silence| silence.owes_nothing(outcome));
        let held = fitting.as_ref().and_then(|silence| Some((silence.since, silence.held_from_timer(outcome)?)));
        match held {
            Some((last, held)) => {
                let facts = yes().frame(last).frame(held.freed_by);
                Answer::Yes(facts.span(last.time.since(held.behind.time)))
            }
            None => Answer::Unknown,
        }
    }),
};

/// The connection had survived a silence as long before: no idle timeout ended this one.
pub static SURVIVED_AS_LONG: Question = Question {
    id: "survived-as-long",
    asked_of: AskedOf::Packets,
    yes: "the connection had been as silent before, for {} up to {}, and lived on: no idle timeout is as short",
    no: "the connection had never been as silent before, as far as the capture shows",
    unknown: "the silences of the connection before",
    zh: Wording {
        yes: "连接此前也曾沉默{}（到{}为止）而继续存在：没有这么短的空闲超时",
        no: "就抓包所见，连接此前从未沉默这么久",
        unknown: "连接此前的沉默",
    },
    ask: by(|outcome| {
        let Some(silence) = silence_before_request(outcome).or_else(|| silence(outcome)) else {
            return Answer::Unknown;
        };
        let long_enough = silence.lasted.nanos() / 100 * ALIKE_PERCENT;
        let server = outcome.connection().server();
        let data = || outcome.before().iter().filter(|one| is_data(one) && one.frame <= silence.since.frame);
        // While an answer is due, no idle timer runs. What was forgotten between makes a silence only longer.
        let earlier = data().zip(data().skip(1)).find(|(one, next)| {
            let whole = known_neighbours(outcome, one, next);
            one.from == server && whole && next.time.since(one.time).nanos() >= long_enough
        });
        match earlier {
            Some((one, next)) => Answer::Yes(yes().span(next.time.since(one.time)).frame(next)),
            None => Answer::No(yes()),
        }
    }),
};

/// Two silences of a rhythm differ by less than the rest.
const ALIKE_PERCENT: i64 = 95;

/// Whether nothing was forgotten between two records: they are both of the first, or both of the last.
fn known_neighbours(outcome: &Outcome, one: &Record, next: &Record) -> bool {
    let segments: usize = outcome.connection().halves.iter().map(|half| half.segments as usize).sum();
    let last_of_head = outcome.before().get(HEAD.saturating_sub(1)).map(|last| last.frame);
    let parted = last_of_head.is_some_and(|last| one.frame <= last && next.frame > last);
    segments <= outcome.before().len() || !parted
}

/// A request came at the very moment at which an idle timer ran out.
pub static REQUEST_MET_TIMER: Question = Question {
    id: "request-met-timer",
    asked_of: AskedOf::Packets,
    yes: "{sender} closed {} after the data in {}, which is {} within 1.5 %: the request that came just before may have met a timer",
    no: "no request came just before {sender} closed",
    unknown: "a request just before {sender} closed, and the silence before it",
    zh: Wording {
        yes: "{sender}在{1}的数据之后{0}离开，与{2}相差不到 1.5 %：紧接在前的请求可能正好撞上定时器",
        no: "{sender}离开之前没有刚到的请求",
        unknown: "{sender}离开之前刚到的请求，以及那之前的沉默",
    },
    ask: by(|outcome| {
        let fitting = silence_before_request(outcome).filter(|silence| silence.owes_nothing(outcome));
        match fitting.and_then(|silence| Some((silence.about_a_timer()?, silence))) {
            Some((timer, silence)) => Answer::Yes(yes().span(silence.lasted).frame(silence.since).span(timer)),
            None => Answer::Unknown,
        }
    }),
};

/// When the sender of the RST left, no answer of it was due.
pub static OWED_NOTHING_WHEN_LEFT: Question = Question {
    id: "owed-nothing-when-left",
    asked_of: AskedOf::Packets,
    yes: "every request had been answered, most recently in {}, when the silence began",
    no: "the last data ({}) had not been answered",
    unknown: "the last data before {sender} closed",
    zh: Wording {
        yes: "沉默开始时所有请求都已应答，最后一次是{}",
        no: "最后的数据（{}）还没有得到应答",
        unknown: "{sender}离开之前最后的数据",
    },
    ask: by(|outcome| match silence_before_request(outcome).or_else(|| silence(outcome)) {
        Some(silence) => yes().frame(silence.since).if_so(silence.owes_nothing(outcome).into()),
        None => Answer::Unknown,
    }),
};

/// The client left exactly after a time that people configure as a timeout, counted from its request.
pub static WAIT_ON_TIME: Question = Question {
    id: "wait-on-time",
    asked_of: AskedOf::PacketsOrSocket,
    yes: "{sender} closed {} after {}, which is {} as exactly as a timer is: a timeout for the answer",
    no: "{sender} did not leave after a round time",
    unknown: "{sender}'s request, when it closed, and the timeouts that are configured there",
    zh: Wording {
        yes: "{sender}在{1}之后{0}离开，与{2}的定时器精确吻合：是等待应答的超时",
        no: "{sender}离开的时刻不是整数时间",
        unknown: "{sender}的请求、它离开的时刻，以及那里配置的超时",
    },
    ask: by(|outcome| {
        let Some(left) = leaving(outcome) else { return Answer::Unknown };
        let until = goodbye(outcome, left);
        let on_time = |since: &&Record| waited_round(until, since, Span::ZERO).is_some();
        match request(outcome, until).into_iter().flatten().find(on_time) {
            Some(since) if !outcome.one_sided() => {
                let waited = until.time.since(since.time);
                let timer = round_time(waited, Span::ZERO).unwrap_or(waited);
                Answer::Yes(yes().span(waited).frame(since).span(timer))
            }
            _ => Answer::Unknown,
        }
    }),
};

/// The server left exactly after a time that people configure, counted from the last data of a request that it had not
/// answered: a limit on how long a request may take to come, or to be served.
pub static REQUEST_CUT_ON_TIME: Question = Question {
    id: "request-cut-on-time",
    asked_of: AskedOf::Packets,
    yes: "{sender} had not answered the data in {} when it closed, {} later, which is {} as exactly as a timer is",
    no: "{sender} owed no answer when it closed, see {}",
    unknown: "{receiver}'s request, when {sender} closed, and the time limits that are configured there",
    zh: Wording {
        yes: "{sender}还没有应答{}中的数据就离开了，相隔{}，与{}的定时器精确吻合",
        no: "{sender}离开时没有欠着应答，见{}",
        unknown: "{receiver}的请求、{sender}离开的时刻，以及那里配置的时间限制",
    },
    ask: by(|outcome| {
        let server = outcome.connection().server();
        let Some(silence) = silence(outcome).filter(|_| outcome.sender() == server) else { return Answer::Unknown };
        if silence.owes_nothing(outcome) {
            return Answer::No(no().frame(silence.since));
        }
        match silence.timer(outcome).filter(|_| is_long(outcome, silence.lasted)) {
            Some(timer) => Answer::Yes(yes().frame(silence.since).span(silence.lasted).span(timer)),
            // Another time is no sign against it: limits are configured.
            None => Answer::Unknown,
        }
    }),
};

/// The RST carries what only a socket puts there: its sender had the connection.
pub static RST_SHOWS_SOCKET: Question = not("rst-shows-socket", &RST_IS_BARE);

/// The first of what was said in one go with leaving, or that itself.
fn goodbye<'a>(outcome: &'a Outcome, left: &'a Record) -> &'a Record {
    let in_one_go =
        |record: &&Record| record.from == left.from && is_data(record) && left.time.since(record.time).abs() <= GOODBYE;
    let earlier = outcome.before().iter().filter(|record| record.frame < left.frame);
    earlier
        .rev()
        .take_while(|record| record.from != left.from || record.len == 0 || in_one_go(record))
        .filter(in_one_go)
        .last()
        .unwrap_or(left)
}

/// The last part of a connection, in which the receiver of the RST sent no data.
struct Quiet<'a> {
    /// Its last data, or the earliest segment since when none of it is known.
    from: &'a Record,
    /// From there until the sender of the RST left.
    lasted: Span,
    /// Whether that is its last data.
    began: bool,
    /// Everything after that.
    rest: &'a [Record],
}

impl<'a> Quiet<'a> {
    /// Up to the moment at which the sender of the RST left.
    fn of(outcome: &'a Outcome) -> Option<Self> {
        let until = leaving(outcome)?;
        let before = outcome.before().partition_point(|record| record.frame < until.frame);
        let all = outcome.before().get(..before)?;
        let segments: usize = outcome.connection().halves.iter().map(|half| half.segments as usize).sum();
        // Between the first and the last records others may be forgotten.
        let forgotten = if segments > outcome.before().len() { HEAD.min(all.len()) } else { 0 };
        let theirs = |record: &Record| record.from == outcome.receiver() && is_data(record);
        let last = all.get(forgotten..)?.iter().rposition(theirs).map(|at| at.saturating_add(forgotten));
        let from = all.get(last.unwrap_or(forgotten))?;
        let rest = all.get(last.map_or(forgotten, |at| at.saturating_add(1))..)?;
        let lasted = until.time.since(from.time);
        is_sane(lasted).then_some(Self { from, lasted, began: last.is_some(), rest })
    }

    /// What the sender of the RST said meanwhile.
    fn beats(&self, outcome: &Outcome) -> impl DoubleEndedIterator<Item = &'a Record> + Clone + use<'a> {
        let sender = outcome.sender();
        self.rest.iter().filter(move |record| record.from == sender && is_data(record))
    }
}

/// Nothing but acknowledgments since `since`, until an end left.
pub(super) struct Silence<'a> {
    since: &'a Record,
    pub(super) lasted: Span,
    /// Where a kernel held `since` back: its program wrote it between the data before and the acknowledgment that freed
    /// it.
    held: Option<Held<'a>>,
}

/// A small segment waits until what its sender sent before is acknowledged (Nagle's algorithm, RFC 9293 section 3.7.4),
/// and an end that delays its ACKs may take 40 ms and more (section 3.8.6.3). A timer runs from what the program wrote.
#[derive(Clone, Copy)]
struct Held<'a> {
    /// The data before, of either end.
    behind: &'a Record,
    freed_by: &'a Record,
    /// From `behind` until an end left.
    lasted: Span,
}

impl Silence<'_> {
    /// The round time that it lasted.
    fn timer(&self, outcome: &Outcome) -> Option<Span> {
        let trip = |from: &Record| {
            let own = from.from == outcome.sender();
            if own { Span::ZERO } else { round_trip(outcome).unwrap_or(Span::ZERO) }
        };
        let from_writing = |held: Held<'_>| round_time(held.lasted, trip(held.behind));
        round_time(self.lasted, trip(self.since)).or_else(|| self.held.and_then(from_writing))
    }

    /// What held the last data back, where the timer fits from its writing alone.
    fn held_from_timer(&self, outcome: &Outcome) -> Option<Held<'_>> {
        let at_once = Silence { held: None, ..*self };
        self.held.filter(|_| at_once.timer(outcome).is_none() && self.timer(outcome).is_some())
    }

    /// The same, as far off as a busy program may be.
    fn about_a_timer(&self) -> Option<Span> {
        round_time(self.lasted, self.lasted)
    }

    /// Something had been said, and then nothing for long.
    fn is_idle(&self, outcome: &Outcome) -> bool {
        self.since.len > 0 && is_long(outcome, self.lasted)
    }

    /// The last word was the server's, which had answered, or there was none.
    fn owes_nothing(&self, outcome: &Outcome) -> bool {
        self.since.from == outcome.connection().server() || self.since.len == 0
    }
}

/// From the last data to the moment at which the sender of the RST left; without data from the handshake.
pub(super) fn silence(outcome: &Outcome) -> Option<Silence<'_>> {
    let until = goodbye(outcome, leaving(outcome)?);
    let last = known_data(outcome, until)?.next();
    let unspoken = || {
        let silent = outcome.connection().halves.iter().all(|half| half.bytes == 0);
        outcome.latest(|record| record.frame < until.frame).filter(|_| silent)
    };
    lasted(outcome, last.or_else(unspoken)?, until)
}

/// The same up to a request that came just before and that nobody had waited for.
fn silence_before_request(outcome: &Outcome) -> Option<Silence<'_>> {
    let until = goodbye(outcome, leaving(outcome)?);
    let mut data = known_data(outcome, until)?;
    let met = |record: &Record| record.from == outcome.receiver() && until.time.since(record.time) <= MET;
    data.next().filter(|request| met(request))?;
    lasted(outcome, data.find(|record| !met(record))?, until)
}

/// A round trip and what a program takes.
fn just_before(outcome: &Outcome) -> Span {
    round_trip(outcome).map_or(UNREAD, |trip| Span::from_nanos(trip.nanos().saturating_add(UNREAD.nanos())))
}

/// The data before `until` that the one who left knew of, the last first. `None` where data may be missing in the
/// capture: nothing follows of a silence then.
fn known_data<'a>(outcome: &'a Outcome, until: &'a Record) -> Option<impl Iterator<Item = &'a Record>> {
    let acknowledges = until.flags.has(Flags::ACK).then_some(until.ack);
    let on_its_way = just_before(outcome);
    let missing =
        outcome.one_sided() || outcome.connection().has_gap(outcome.receiver()) || leaves_beyond_seen(outcome, until);
    let data = outcome.before().iter().rev().filter(move |record| {
        let known = record.from == until.from
            || acknowledges.is_none_or(|ack| !record.end().after(ack))
            || until.time.since(record.time) > on_its_way;
        record.frame < until.frame && is_data(record) && known
    });
    (!missing).then_some(data)
}

/// The one who left stood further on than anything that was seen of it: the capture misses data, and when it came.
fn leaves_beyond_seen(outcome: &Outcome, left: &Record) -> bool {
    let half = outcome.connection().half(left.from);
    half.marks.has(Marks::SPOKE) && left.seq.after(half.nxt)
}

fn lasted<'a>(outcome: &'a Outcome, since: &'a Record, until: &Record) -> Option<Silence<'a>> {
    let lasted = until.time.since(since.time);
    is_sane(lasted).then(|| Silence { since, lasted, held: held(outcome, since, until) })
}

/// What held `since` back: its sender's data before was unacknowledged until just then.
fn held<'a>(outcome: &'a Outcome, since: &Record, until: &Record) -> Option<Held<'a>> {
    let earlier = |record: &Record| record.frame < since.frame && is_data(record);
    let own = outcome.latest(|record| record.from == since.from && earlier(record))?;
    let frees = |record: &Record| {
        let between = record.frame > own.frame && record.frame < since.frame;
        record.from != since.from && record.flags.has(Flags::ACK) && between && !own.end().after(record.ack)
    };
    let freed_by = outcome.earlier(frees).filter(|ack| ack.is_pure_ack())?;
    let behind = outcome.latest(earlier)?;
    let at_once = Span::from_nanos(round_trip(outcome)?.nanos().saturating_add(AT_ONCE.nanos()));
    let lasted = until.time.since(behind.time);
    let held = since.len > 0 && since.seq == own.end() && since.time.since(freed_by.time) <= at_once;
    (held && behind.frame < freed_by.frame && is_sane(lasted)).then_some(Held { behind, freed_by, lasted })
}

/// What the client's timeout may count from: its last data, the first that has had no answer, and, where it asked
/// nothing before, its SYN.
fn request<'a>(outcome: &'a Outcome, until: &'a Record) -> [Option<&'a Record>; 3] {
    let sender = outcome.sender();
    let theirs = |record: &Record| record.from != sender && is_data(record) && record.frame < until.frame;
    let answered = outcome.before().iter().rposition(theirs);
    let since = outcome.before().iter().skip(answered.map_or(0, |at| at.saturating_add(1)));
    let mut own = since.filter(|record| record.from == sender && is_data(record) && record.frame < until.frame);
    let first = own.next();
    let last = own.next_back().or(first);
    let asked = last.zip(first).map(|(last, first)| (last.time.since(first.time), until.time.since(last.time)));
    // Who goes on sending without an answer waits for none.
    if asked.is_none_or(|(asking, waited)| asking.nanos() > waited.nanos() / ASKING) {
        return [None; 3];
    }
    let opening =
        outcome.syn().filter(|syn| syn.from == sender && outcome.connection().half(sender.other()).bytes == 0);
    [last, first, opening]
}

/// A request is sent in a small part of the time that its sender waits for the answer.
const ASKING: i64 = 4;

fn waited_round(until: &Record, since: &Record, trip: Span) -> Option<Span> {
    let waited = until.time.since(since.time);
    round_time(waited, trip).filter(|_| is_sane(waited))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Confidence, conversation, judge};

    fn opened(rest: &str) -> Outcome {
        let beginning = "
            0.000 C > S S 0:0(0)
            +0.001 C < S SA 0:0(0) ack 1
            +0.0001 C > S A 1:1(0) ack 1
            1.000 C > S PA 1:101(100) ack 1
            1.010 C < S PA 1:51(50) ack 101
            1.050 C > S A 101:101(0) ack 51\n";
        conversation(&[beginning, rest].concat()).outcome()
    }

    #[test]
    fn an_end_that_leaves_on_time_had_a_timer() {
        assert!(IDLE_TIMER_FITS.answer(&opened("3.012 C < S RA 51:51(0) ack 101 win 64")).is_yes());
        assert_eq!(IDLE_TIMER_FITS.answer(&opened("3.412 C < S RA 51:51(0) ack 101 win 64")), Answer::Unknown);
        assert_eq!(IDLE_TIMER_FITS.answer(&opened("1.412 C < S RA 51:51(0) ack 101 win 64")), Answer::Unknown);
    }

    /// The server's last data waits for an ACK that the client delays; the server leaves `silence` after that.
    fn held_back(silence: f64) -> Outcome {
        let rest = std::format!(
            "1.100 C > S PA 101:201(100) ack 51
            +0.001 C < S PA 51:151(100) ack 201
            +0.040 C > S A 201:201(0) ack 151
            +0.0001 C < S PA 151:181(30) ack 201
            +{silence:.6} C < S RA 181:181(0) ack 201 win 64"
        );
        opened(&rest)
    }

    #[test]
    fn a_timer_runs_from_what_the_program_wrote_not_from_what_its_kernel_held_back() {
        let held = held_back(1.961);
        assert!(IDLE_TIMER_FITS.answer(&held).is_yes() && LAST_DATA_WAS_HELD.answer(&held).is_yes());
        let at_once = held_back(2.002);
        assert!(IDLE_TIMER_FITS.answer(&at_once).is_yes() && !LAST_DATA_WAS_HELD.answer(&at_once).is_yes());
        assert_eq!(IDLE_TIMER_FITS.answer(&held_back(1.930)), Answer::Unknown);
    }

    #[test]
    fn chance_meets_a_round_time_once_in_thirty_five_where_data_was_held_back() {
        let met = by_chance("app-idle-timeout", held_back);
        assert!(met <= 56, "{met} of 2,000");
    }

    #[test]
    fn what_is_said_with_the_goodbye_is_no_work() {
        let farewell = opened(
            "3.011 C < S PA 51:167(116) ack 101
            3.013 C < S FA 167:167(0) ack 101
            3.050 C > S A 101:101(0) ack 168
            4.500 C > S PA 101:201(100) ack 168
            +0.0001 C < S R 168:168(0)",
        );
        assert!(IDLE_TIMER_FITS.answer(&farewell).is_yes());
        assert!(IDLE_FOR_A_TIMEOUT.answer(&farewell).is_yes());
    }

    #[test]
    fn data_that_was_never_captured_ends_a_silence_unseen() {
        let missed = opened("3.012 C < S RA 128:128(0) ack 101 win 64");
        assert_eq!(IDLE_FOR_A_TIMEOUT.answer(&missed), Answer::Unknown);
        assert_eq!(IDLE_TIMER_FITS.answer(&missed), Answer::Unknown);
        assert!(IDLE_FOR_A_TIMEOUT.answer(&opened("3.012 C < S RA 51:51(0) ack 101 win 64")).is_yes());
    }

    #[test]
    fn a_request_may_meet_the_timer() {
        let met = opened(
            "4.0095 C > S PA 101:201(100) ack 51
            4.0110 C < S RA 51:51(0) ack 201 win 64",
        );
        assert!(REQUEST_MET_TIMER.answer(&met).is_yes() && !IDLE_TIMER_FITS.answer(&met).is_yes());
    }

    #[test]
    fn heartbeats_of_one_end_do_not_hide_the_silence_of_the_other() {
        let silent = opened(
            "2.0 C < S PA 51:59(8) ack 101
            2.001 C > S A 101:101(0) ack 59
            3.0 C < S PA 59:67(8) ack 101
            3.001 C > S A 101:101(0) ack 67
            4.0 C < S PA 67:75(8) ack 101
            4.001 C > S A 101:101(0) ack 75
            5.0 C < S RA 75:75(0) ack 101 win 64",
        );
        assert!(RECEIVER_FELL_SILENT.answer(&silent).is_yes());
        assert!(SENDER_KEPT_RHYTHM.answer(&silent).is_yes());
        assert!(!RECEIVER_FELL_SILENT.answer(&opened("1.2 C < S RA 51:51(0) ack 101")).is_yes());
    }

    #[test]
    fn who_sends_on_and_on_waits_for_no_answer() {
        let waited = |beginning: &str| {
            let rest = "
                5.200 C > S PA 201:301(100) ack 51
                8.204 C > S RA 301:301(0) ack 51 win 64";
            WAIT_ON_TIME.answer(&opened(&[beginning, rest].concat())).is_yes()
        };
        assert!(waited("5.100 C > S PA 101:201(100) ack 51"));
        assert!(!waited("2.100 C > S PA 101:201(100) ack 51"));
    }

    #[test]
    fn a_silence_is_long_by_the_round_trip() {
        assert!(SILENCE_WAS_LONG.answer(&opened("2.2 C < S RA 51:51(0) ack 101")).is_yes());
        assert!(SILENCE_WAS_LONG.answer(&opened("1.2 C < S RA 51:51(0) ack 101")).is_no());
    }

    /// How many of 2,000 silences of any length, from 1 s to 1 h (each as likely by its logarithm), make `id` likely.
    fn by_chance(id: &str, ends_after: impl Fn(f64) -> Outcome) -> usize {
        let mut state = 0x2545_F491_4F6C_DD1D_u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            #[expect(clippy::cast_precision_loss, reason = "53 bits are as many as a fraction has")]
            let fraction = (state >> 11) as f64 / 9_007_199_254_740_992.0;
            3_600_f64.powf(fraction)
        };
        let silences = core::iter::repeat_with(&mut random).take(2_000);
        let likely = |silence: &f64| {
            let judgement = judge(&ends_after(*silence));
            judgement.reasons.iter().any(|one| one.cause.id == id && one.confidence >= Confidence::Likely)
        };
        silences.filter(likely).count()
    }

    #[test]
    fn chance_meets_a_round_time_once_in_seventy() {
        // A busy program that aborts whenever it likes.
        let aborted = |silence: f64| opened(&std::format!("{:.6} C < S RA 51:51(0) ack 101 win 64", 1.01 + silence));
        let met = by_chance("app-idle-timeout", aborted);
        assert!(met <= 28, "{met} of 2,000 aborts after a silence of any length are called an idle timeout");
    }

    #[test]
    fn chance_meets_a_timeout_of_a_device_once_in_sixty() {
        // Something on the path resets the first segment after a silence of any length.
        let reset = |silence: f64| {
            let next = std::format!("{:.6} C > S PA 101:201(100) ack 51", 1.05 + silence);
            opened(&[next.as_str(), "+0.002 C < S R 51:51(0) ttl 250"].join("\n"))
        };
        let met = by_chance("idle-timeout-reset", reset);
        assert!(met <= 34, "{met} of 2,000 resets on the path after a silence of any length are called a timeout");
    }
}
