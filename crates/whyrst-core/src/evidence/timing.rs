//! How long, how often, and whether anybody answered: what timers and silent peers leave behind.
//!
//! The facts behind it: docs/internals/timers.md.

use super::answer::{Answer, Value, no, yes};
use super::fin::fin_ack;
use super::form::RST_IS_ACTIVE;
use super::question::{AskedOf, Question, Wording, by};
use crate::half::Marks;
use crate::history::{Notes, Record};
use crate::kernel::KernelWord;
use crate::kernel::RstReason as R;
use crate::outcome::Outcome;
use crate::segment::Flags;
use crate::time::{Span, Timestamp};

/// Shorter pauses are ordinary work; no idle timeout in use is shorter.
const IDLE: Span = Span::from_secs(5);
/// `net.ipv4.tcp_fin_timeout` is 60 s unless it was changed; one second for the timer's grain.
const FIN_TIMEOUT: Span = Span::from_secs(59);
/// `tcp_fin_timeout` counts in seconds.
const SHORTEST_FIN_TIMEOUT: Span = Span::from_secs(1);
/// One probe may be lost; a second one without an answer is a pattern.
const PROBES: usize = 2;
/// `TCP_KEEPIDLE` and `TCP_KEEPINTVL` count in seconds: the first probe after one, the end after another.
const SHORTEST_KEEPALIVE: Span = Span::from_secs(2);
/// Timers of a second are kept to some milliseconds, and the kernel defers a busy socket's.
const TIMER_SLACK: Span = Span::from_millis(250);
/// A time between two frames that no connection lasts: one of the two clocks is wrong.
const ABSURD: Span = Span::from_secs(10 * 365 * 86_400);

/// Nothing had been sent for a while.
pub static WAS_IDLE: Question = Question {
    id: "was-idle",
    asked_of: AskedOf::Packets,
    yes: "nothing had been captured for {} when {} came: an idle timeout, a heartbeat or a forgotten connection",
    no: "the connection was not idle: the segment before {1} had come only {0} earlier",
    unknown: "the segments before the RST",
    zh: Wording {
        yes: "{1}到来时已有{0}没有抓到任何报文：是空闲超时、心跳，或被忘掉的连接",
        no: "连接并不空闲：{1}的前一个报文只早{0}",
        unknown: "RST 之前的报文",
    },
    ask: by(|outcome| {
        let Some(rst) = outcome.rst() else {
            return Answer::Unknown;
        };
        let before_trigger = rst.trigger.and_then(|trigger| last_before(outcome, &trigger));
        let last = if rst.trigger.is_some() { before_trigger } else { outcome.before().last() };
        // What ended the pause is the segment that the RST answers, where it answers one.
        let until = rst.trigger.unwrap_or(rst.record);
        match last.map(|record| until.time.since(record.time)) {
            Some(idle) if is_sane(idle) => yes().span(idle).frame(&until).if_so((idle >= IDLE).into()),
            _ => Answer::Unknown,
        }
    }),
};

/// The sender of the RST had probed and heard nothing.
pub static PROBES_UNANSWERED: Question = Question {
    id: "probes-unanswered",
    asked_of: AskedOf::Packets,
    yes: "{sender} had sent {} probes without an answer, the last in {}",
    no: "no probe of {sender} went without an answer",
    unknown: "{sender}'s keepalive probes: they may have been lost before the capture point",
    zh: Wording {
        yes: "{sender}发了{}个没有应答的探测，最后一个是{}",
        no: "{sender}的探测没有一个得不到应答",
        unknown: "{sender}的保活探测：可能在到达抓包点之前就丢了",
    },
    ask: by(|outcome| {
        let last_answer = outcome.before().iter().rposition(|record| record.from == outcome.receiver());
        let since = last_answer.map_or(0, |at| at + 1);
        let mut probes = outcome.before()[since..].iter().filter(|record| record.notes.has(Notes::PROBE));
        let count = probes.clone().count();
        let silent = last_answer.map(|at| outcome.time().since(outcome.before()[at].time));
        // A probe is known by its number.
        let unnumbered = |record: &Record| record.is_pure_ack() && record.notes.has(Notes::SEQ_ASSUMED);
        if count < PROBES && outcome.before()[since..].iter().any(unnumbered) {
            return Answer::Unknown;
        }
        match probes.next_back() {
            Some(last) if count >= PROBES => Answer::Yes(yes().count(count as u64).frame(last)),
            _ if silent.is_none_or(|silent| silent >= SHORTEST_KEEPALIVE) => Answer::Unknown,
            _ => Answer::No(no()),
        }
    }),
};

/// Probes in step, each answered, and the RST when the next was due: the answers did not arrive, as the other end of a path
/// that is broken in one direction sees it. Never no: who gets the answers probes on at his idle time.
pub static PROBES_ANSWERED_IN_VAIN: Question = Question {
    id: "probes-answered-in-vain",
    asked_of: AskedOf::Packets,
    yes: "{sender} probed {} times, {} apart, and {} came when the next was due, though {receiver} had answered each: the answers did not arrive",
    no: "{receiver}'s answers to the probes arrived",
    unknown: "three probes of {sender} in a row, and {receiver}'s answers",
    zh: Wording {
        yes: "{sender}探测了{}次，每隔{}一次，{}正在下一次该发的时候到来，而{receiver}每次都应答了：应答没有到达",
        no: "{receiver}对探测的应答到达了",
        unknown: "{sender}连续的三个探测，以及{receiver}的应答",
    },
    ask: by(|outcome| {
        let Some(rst) = outcome.rst() else { return Answer::Unknown };
        let is_data = |record: &Record| !record.is_pure_ack() && !record.notes.has(Notes::PROBE);
        let data = outcome.before().iter().rposition(is_data);
        let run = &outcome.before()[data.map_or(0, |at| at + 1)..];
        let is_probe = |record: &Record| record.from == outcome.sender() && record.notes.has(Notes::PROBE);
        let times = run.iter().filter(|record| is_probe(record)).map(|record| record.time);
        let times: alloc::vec::Vec<Timestamp> = times.collect();
        let mut alone = run.iter().zip(run.iter().skip(1)).filter(|(one, next)| is_probe(one) && is_probe(next));
        let answered = alone.next().is_none() && run.last().is_some_and(|record| record.from == outcome.receiver());
        // A timer of the program fits as well.
        let silence = data.map(|at| rst.record.time.since(outcome.before()[at].time));
        if silence.is_none_or(is_whole_seconds) {
            return Answer::Unknown;
        }
        let (Some(first), Some(last), 3..) = (times.first(), times.last(), times.len()) else { return Answer::Unknown };
        let beats = i64::try_from(times.len() - 1).unwrap_or(i64::MAX);
        let interval = Span::from_nanos(last.since(*first).nanos() / beats);
        let on_beat =
            |span: Span| Span::from_nanos(span.nanos().saturating_sub(interval.nanos())).abs() <= beat(interval);
        let in_step = times.windows(2).all(|pair| on_beat(pair[1].since(pair[0])));
        if answered && in_step && on_beat(rst.record.time.since(*last)) && interval >= SECOND {
            Answer::Yes(yes().count(times.len() as u64).span(interval).frame(&rst.record))
        } else {
            Answer::Unknown
        }
    }),
};

/// What programs set their timers to, and how late they are: a kernel's keepalive timer, which is set anew for each probe,
/// is later with each (`tcp_keepalive_timer`).
fn is_whole_seconds(span: Span) -> bool {
    const SECOND: i64 = 1_000_000_000;
    const LATE: i64 = 50_000_000;
    const JITTER: i64 = 10_000_000;
    let beyond = span.nanos().rem_euclid(SECOND);
    beyond <= LATE || SECOND - beyond <= JITTER
}

/// `TCP_KEEPINTVL` counts in seconds.
const SECOND: Span = Span::from_millis(990);

/// A timer runs as late each time; the network adds a little. A program that closes for another reason hits a beat of this
/// length once in fifty times.
const fn beat(interval: Span) -> Span {
    Span::from_nanos(interval.nanos() / 100)
}

/// Nobody answered the probes, or the answers did not arrive.
pub static PROBED_IN_VAIN: Question = Question {
    id: "probed-in-vain",
    asked_of: AskedOf::Packets,
    yes: "{sender} had sent {} probes and got no answer, the last in {}",
    no: PROBES_UNANSWERED.no,
    unknown: PROBES_UNANSWERED.unknown,
    zh: Wording {
        yes: "{sender}发了{}个探测，没有收到应答，最后一个是{}",
        no: PROBES_UNANSWERED.zh.no,
        unknown: PROBES_UNANSWERED.zh.unknown,
    },
    ask: by(|outcome| match (PROBES_UNANSWERED.answer(outcome), PROBES_ANSWERED_IN_VAIN.answer(outcome)) {
        (_, Answer::Yes(_)) => {
            let mut probes = own_probes(outcome);
            let count = probes.clone().count() as u64;
            probes.next_back().map_or(Answer::Unknown, |last| Answer::Yes(yes().count(count).frame(last)))
        }
        (unanswered, _) => unanswered,
    }),
};

/// The probes came at equal intervals: a keepalive timer sent them (`TCP_KEEPINTVL`; Windows: 1 s).
pub static PROBES_IN_STEP: Question = Question {
    id: "probes-in-step",
    asked_of: AskedOf::Packets,
    yes: "{} probes in a row came {} apart without an answer: a keepalive timer sent them",
    no: "the probes came at intervals of {} and {}: a keepalive timer keeps its interval",
    unknown: "three probes in a row without an answer",
    zh: Wording {
        yes: "连续{}个探测每隔{}一个，都没有应答：是保活定时器发的",
        no: "探测的间隔是{}和{}：保活定时器的间隔是固定的",
        unknown: "连续三个没有应答的探测",
    },
    ask: by(|outcome| {
        let answered =
            outcome.before().iter().rposition(|record| record.from == outcome.receiver()).map_or(0, |at| at + 1);
        let times = outcome.before()[answered..].iter().filter(|record| record.notes.has(Notes::PROBE));
        let times: alloc::vec::Vec<Timestamp> = times.map(|record| record.time).collect();
        let intervals = || times.windows(2).map(|pair| pair[1].since(pair[0]));
        let (Some(shortest), Some(longest), 3..) = (intervals().min(), intervals().max(), times.len()) else {
            return Answer::Unknown;
        };
        if Span::from_nanos(longest.nanos().saturating_sub(shortest.nanos())) > TIMER_SLACK {
            return Answer::No(no().span(shortest).span(longest));
        }
        Answer::Yes(yes().count(times.len() as u64).span(shortest))
    }),
};

/// The RST came when the next probe would have been due: the timer sent it (`tcp_keepalive_timer`).
pub static RST_AFTER_PROBE_INTERVAL: Question = Question {
    id: "rst-after-probe-interval",
    asked_of: AskedOf::Packets,
    yes: "{} came {} after the last probe, the same interval as between the probes: a timer sent it",
    no: "{} came {} after the last probe, not at the interval of the probes: no timer sent it",
    unknown: "two probes in a row from {sender}",
    zh: Wording {
        yes: "{}在最后一个探测之后{}到来，与探测之间的间隔相同：是定时器发的",
        no: "{}在最后一个探测之后{}到来，与探测间隔不符：不是定时器发的",
        unknown: "{sender}连续的两个探测",
    },
    ask: by(|outcome| {
        let Some(rst) = outcome.rst() else {
            return Answer::Unknown;
        };
        let mut probes = own_probes(outcome).rev();
        let (Some(last), Some(previous)) = (probes.next(), probes.next()) else {
            return Answer::Unknown;
        };
        let (waited, interval) = (rst.record.time.since(last.time), last.time.since(previous.time));
        let in_step = Span::from_nanos(waited.nanos().saturating_sub(interval.nanos())).abs() <= TIMER_SLACK;
        yes().frame(&rst.record).span(waited).if_so(in_step.into())
    }),
};

/// Keepalive probes of the RST's sender.
fn own_probes(outcome: &Outcome) -> impl DoubleEndedIterator<Item = &Record> + Clone {
    outcome.before().iter().filter(|record| record.from == outcome.sender() && record.notes.has(Notes::PROBE))
}

/// The sender of the RST had repeated itself before and heard nothing: it may have given up silently.
/// Never no: what it repeated may have been lost before the capture point.
pub static SENDER_WENT_UNANSWERED: Question = Question {
    id: "sender-went-unanswered",
    asked_of: AskedOf::PacketsOrSocket,
    yes: "{sender} had retransmitted without an answer, or probed a window that stayed closed (last: {}): its stack may have given up silently since then",
    no: "{sender} had not been retransmitting without an answer",
    unknown: "a capture near {sender}: did it retransmit without an answer before, and give up?",
    zh: Wording {
        yes: "{sender}重传过而没有应答，或探测过一直关闭的窗口（最后一次：{}）：其协议栈此后可能已悄无声息地放弃",
        no: "{sender}没有在重传得不到应答的数据",
        unknown: "靠近{sender}的抓包：它此前是否重传无果并放弃了？",
    },
    ask: by(|outcome| {
        if let Some(gone) = gave_up(outcome) {
            return Answer::Yes(yes().value(Value::Time(gone)));
        }
        let in_vain = |pair: &&[Record]| pair.iter().all(|one| is_repeat(outcome, one));
        let unanswered = outcome.before().windows(2).rfind(in_vain).map(|pair| &pair[1]);
        let last = unanswered.or_else(|| probes_of_closed_window(outcome));
        match last.or_else(|| repeats_of_acknowledged(outcome).pop().map(|(repeat, _)| repeat)) {
            Some(last) => Answer::Yes(yes().frame(last)),
            None => Answer::Unknown,
        }
    }),
};

/// The last that the sender of the RST repeated was a probe, and the receiver answered it by "still closed". Never no: an
/// answer may have been lost.
pub static WINDOW_STAYED_CLOSED: Question = Question {
    id: "window-stayed-closed",
    asked_of: AskedOf::Packets,
    yes: "{receiver} answered {sender}'s last probe ({}) with window 0: nothing was lost, its program did not read",
    no: "{receiver}'s window was open",
    unknown: "{sender}'s probes of a closed window, and {receiver}'s answers",
    zh: Wording {
        yes: "{receiver}对{sender}的最后一个探测（{}）应答窗口为 0：没有丢包，是它的程序不读数据",
        no: "{receiver}的窗口是打开的",
        unknown: "{sender}对关闭窗口的探测，以及{receiver}的应答",
    },
    ask: by(|outcome| {
        let last = outcome.before().iter().rev().find(|record| is_repeat(outcome, record));
        match refused_window_probes(outcome).next_back().filter(|probe| Some(*probe) == last) {
            Some(probe) => Answer::Yes(yes().frame(probe)),
            None => Answer::Unknown,
        }
    }),
};

/// The sender of the RST went on repeating what its peer had acknowledged: seen from that peer, a path that is broken in one
/// direction looks so. Never no: nothing may have been to repeat.
pub static ACKS_DID_NOT_ARRIVE: Question = Question {
    id: "acks-did-not-arrive",
    asked_of: AskedOf::Packets,
    yes: "{sender} repeated {} times what {receiver} had acknowledged ({}), last in {}: nothing from {receiver} arrived at {sender}",
    no: "{sender} did not repeat what {receiver} had acknowledged",
    unknown: "repetitions by {sender} of what {receiver} has acknowledged",
    zh: Wording {
        yes: "{sender}重传了{}次{receiver}已确认（{}）的数据，最后一次是{}：{receiver}的报文都没有到达{sender}",
        no: "{sender}没有重传{receiver}已确认的数据",
        unknown: "{sender}对{receiver}已确认数据的重传",
    },
    ask: by(|outcome| {
        let repeats = repeats_of_acknowledged(outcome);
        match repeats.last() {
            Some((last, ack)) => Answer::Yes(yes().count(repeats.len() as u64).frame(ack).frame(last)),
            None => Answer::Unknown,
        }
    }),
};

/// A single acknowledgment may be lost, and a repetition may have left before it came.
const REPEATS_IN_SPITE: usize = 3;

/// What the sender of the RST repeated though it had been acknowledged longer ago than a round trip takes, each with the
/// acknowledgment; nothing where there are so few that single losses explain them.
fn repeats_of_acknowledged(outcome: &Outcome) -> alloc::vec::Vec<(&Record, &Record)> {
    let Some(round_trip) = round_trip(outcome) else { return alloc::vec::Vec::new() };
    let acks = || outcome.before().iter().filter(|record| record.from == outcome.receiver());
    let covered = |repeat: &Record| {
        let end = repeat.seq.add(repeat.len);
        let covers = |ack: &&Record| ack.flags.has(Flags::ACK) && ack.ack.diff(end) >= 0;
        acks().find(covers).filter(|ack| repeat.time.since(ack.time) > round_trip)
    };
    let own = outcome.before().iter().filter(|record| is_repeat(outcome, record) && record.len > 0);
    let repeats: alloc::vec::Vec<_> = own.filter_map(|repeat| Some((repeat, covered(repeat)?))).collect();
    if repeats.len() >= REPEATS_IN_SPITE { repeats } else { alloc::vec::Vec::new() }
}

/// The last of at least two window probes that were answered by "still closed".
fn probes_of_closed_window(outcome: &Outcome) -> Option<&Record> {
    let mut refused = refused_window_probes(outcome);
    refused.next()?;
    refused.next_back()
}

/// The sender's probes of a window that the receiver answered by "still closed" (RFC 9293 section 3.8.6.1).
pub fn refused_window_probes(outcome: &Outcome) -> impl DoubleEndedIterator<Item = &Record> {
    let still_closed = |pair: &&[Record]| is_repeat(outcome, &pair[0]) && closes_window(outcome, &pair[1]);
    outcome.before().windows(2).filter(still_closed).map(|pair| &pair[0])
}

/// Whether the receiver says that it takes no data now.
pub fn closes_window(outcome: &Outcome, record: &Record) -> bool {
    record.from == outcome.receiver() && record.window == 0 && record.is_pure_ack()
}

/// The closer had waited for the other FIN as long as a FIN-WAIT-2 timer lasts at least.
pub static FIN_WAIT2_LASTED: Question = Question {
    id: "fin-wait2-lasted",
    asked_of: AskedOf::Packets,
    yes: "{sender}'s FIN had been acknowledged {} before, in {}, and {receiver} had not closed: long enough for a FIN-WAIT-2 timer, which runs for seconds",
    no: "{sender}'s FIN had been acknowledged only {} before, in {}: no FIN-WAIT-2 timer is that short",
    unknown: "the acknowledgment of {sender}'s FIN",
    zh: Wording {
        yes: "{sender}的 FIN 在此前{}已得到确认，即{}，而{receiver}没有关闭：够得上以秒计的 FIN-WAIT-2 定时器",
        no: "{sender}的 FIN 在此前{}才得到确认，即{}：没有这么短的 FIN-WAIT-2 定时器",
        unknown: "对{sender}的 FIN 的确认",
    },
    ask: by(|outcome| match fin_ack(outcome).map(|ack| (ack, outcome.time().since(ack.time))) {
        Some((ack, waited)) if is_sane(waited) => {
            yes().span(waited).frame(ack).if_so((waited >= SHORTEST_FIN_TIMEOUT).into())
        }
        _ => Answer::Unknown,
    }),
};

/// The RST came when the FIN-WAIT-2 timer of a known stack runs out, counted from the acknowledgment of its
/// sender's FIN.
pub static FIN_WAIT2_DEFAULT: Question = Question {
    id: "fin-wait2-default",
    asked_of: AskedOf::Packets,
    yes: "the RST came {} after {sender}'s FIN was acknowledged in {}: the FIN-WAIT-2 timer of {} runs for {}",
    no: "the RST came {} after {sender}'s FIN was acknowledged in {}: no stack's default FIN-WAIT-2 timer",
    unknown: "the acknowledgment of {sender}'s FIN",
    zh: Wording {
        yes: "{sender}的 FIN 得到确认（{1}）之后{0}出现 RST：{2} 的 FIN-WAIT-2 定时器正是{3}",
        no: "{sender}的 FIN 得到确认（{1}）之后{0}出现 RST：与各协议栈默认的 FIN-WAIT-2 定时器都不符",
        unknown: "对{sender}的 FIN 的确认",
    },
    ask: by(|outcome| match fin_ack(outcome).map(|ack| (ack, outcome.time().since(ack.time))) {
        Some((ack, waited)) if is_sane(waited) => {
            let off = |timer: Span| Span::from_nanos(waited.nanos().saturating_sub(timer.nanos())).abs();
            let facts = yes().span(waited).frame(ack);
            match FIN_WAIT2_TIMERS.iter().find(|(_, timer)| off(*timer) <= FIN_WAIT2_SLACK) {
                Some((stack, timer)) => Answer::Yes(facts.value(Value::Name(stack)).span(*timer)),
                None => Answer::No(facts),
            }
        }
        _ => Answer::Unknown,
    }),
};

/// Linux: `TCP_FIN_WAIT2_TIMEOUT` of `tcp_fin_timeout`; FreeBSD and macOS: `net.inet.tcp.finwait2_timeout`,
/// `TCPTV_FINWAIT2_TIMEOUT`; Solaris: `tcp_fin_wait_2_flush_interval`; Windows: `TcpFinWait2Delay`; older BSDs and
/// AIX: `tcp_maxidle`, eight keepalive intervals of 75 s.
const FIN_WAIT2_TIMERS: [(&str, Span); 4] = [
    ("Linux, FreeBSD and macOS", Span::from_secs(60)),
    ("Solaris", Span::from_millis(67_500)),
    ("Windows", Span::from_secs(120)),
    ("older BSDs and AIX", Span::from_secs(600)),
];
/// A kernel's timer of this length fires at most a tick of its wheel late (Linux: 1/8 of a minute's level, 0.5 s).
const FIN_WAIT2_SLACK: Span = Span::from_millis(500);

/// When the sender's socket ended in `ETIMEDOUT` (`tcp_write_err`): no RST tells of that.
fn gave_up(outcome: &Outcome) -> Option<Timestamp> {
    const ETIMEDOUT: u32 = 110;
    let socket = outcome.account(outcome.sender())?.socket.as_ref()?;
    socket.gone.filter(|_| socket.error == ETIMEDOUT)
}

/// The FIN of the RST's sender was so long ago that its kernel has forgotten the connection. Between
/// the shortest setting and the usual one only that kernel knows.
pub static FIN_LONG_AGO: Question = Question {
    id: "fin-long-ago",
    asked_of: AskedOf::PacketsOrSocket,
    yes: "{sender} had closed {} before, in {}: after tcp_fin_timeout (60 s by default) a kernel forgets the connection",
    no: "{sender} had closed {} before, in {}: its kernel still knew the connection, or had ended it normally",
    unknown: "tcp_fin_timeout of {sender} (60 s by default): had its kernel forgotten the connection since its FIN?",
    zh: Wording {
        yes: "{sender}在此前{}已关闭，即{}：过了 tcp_fin_timeout（默认 60 s）内核就会忘掉连接",
        no: "{sender}在此前{}才关闭，即{}：它的内核仍认识这条连接，或已将其正常结束",
        unknown: "{sender}的 tcp_fin_timeout（默认 60 s）：FIN 之后它的内核是否已忘掉连接？",
    },
    ask: by(|outcome| {
        let sender = outcome.connection().half(outcome.sender());
        let fin = outcome.earlier(|record| record.from == outcome.sender() && record.flags.has(Flags::FIN));
        let Some((fin, ago)) = fin.map(|fin| (fin, outcome.time().since(fin.time))).filter(|(_, ago)| is_sane(*ago))
        else {
            return Answer::Unknown;
        };
        let facts = yes().span(ago).frame(fin);
        let waited_for_nothing = !sender.marks.has(Marks::FIN_FIRST) || peer_closed_in_time(outcome);
        if waited_for_nothing || ago < SHORTEST_FIN_TIMEOUT {
            return Answer::No(facts);
        }
        match kernel_forgot(outcome.kernel()) {
            Some(forgot) => facts.if_so(forgot.into()),
            None if ago >= FIN_TIMEOUT => Answer::Yes(facts),
            None => Answer::Unknown,
        }
    }),
};

/// Its FIN came before the segment that the RST answers: FIN-WAIT-2 was over.
fn peer_closed_in_time(outcome: &Outcome) -> bool {
    let receiver = outcome.connection().half(outcome.receiver());
    let trigger = outcome.rst().and_then(|rst| rst.trigger);
    receiver.marks.has(Marks::FIN) && trigger.is_none_or(|trigger| trigger.frame != receiver.fin_frame)
}

/// A kernel that knew the connection gives other reasons.
fn kernel_forgot(word: &KernelWord) -> Option<bool> {
    match word {
        KernelWord::Sent(event) => event.reason.map(|reason| matches!(reason, R::NoSocket | R::TcpFlags)),
        _ => None,
    }
}

/// Whether a span can be one between two packets of a connection: frames with a broken clock exist.
pub fn is_sane(span: Span) -> bool {
    span.nanos() >= 0 && span < ABSURD
}

/// Where a segment shows that the sender of the RST left: its FIN, or the RST itself where it is an abort.
pub(super) fn leaving(outcome: &Outcome) -> Option<&Record> {
    let sender = outcome.sender();
    if outcome.connection().half(sender).marks.has(Marks::FIN) {
        return outcome.earlier(|record| record.from == sender && record.flags.has(Flags::FIN));
    }
    RST_IS_ACTIVE.answer(outcome).is_yes().then(|| outcome.rst().map(|rst| &rst.record))?
}

/// From the SYN to the ACK of the SYN-ACK: the whole way there and back, wherever it was captured.
pub(super) fn round_trip(outcome: &Outcome) -> Option<Span> {
    let (syn, syn_ack) = (outcome.syn()?, outcome.syn_ack()?);
    let third = outcome
        .earlier(|record| record.from == syn.from && record.flags.has(Flags::ACK) && record.time >= syn_ack.time)?;
    Some(third.time.since(syn.time)).filter(|trip| is_sane(*trip))
}

fn is_repeat(outcome: &Outcome, record: &Record) -> bool {
    record.from == outcome.sender() && (record.notes.has(Notes::PROBE) || record.notes.has(Notes::RETRANSMISSION))
}

fn last_before<'a>(outcome: &'a Outcome, trigger: &Record) -> Option<&'a Record> {
    let at = outcome.before().iter().position(|record| record == trigger)?;
    outcome.before()[..at].last()
}
