//! What the ends' kernels know: the process and the socket behind a reset, in words and as JSON. On one line:
//! `live_line`.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use whyrst_model::Text;
use whyrst_model::report::{ContainerReport, ListenedReport, ProcessReport, SocketReport, StateReport, TimeoutsReport};

use super::Explanation;
use super::escape::escape_name;
use super::layout::spaced;
use super::words::{digits, plural};
use crate::flow::Side;
use crate::language::Language;
use crate::outcome::{Basis, Outcome, OutcomeKind};
use crate::socket::{Account, Process, SocketFacts, Timeouts};
use crate::time::{Span, Timestamp};

impl Explanation<'_> {
    /// The end whose account the report gives: the RST's sender where something is known of it.
    pub(super) fn teller(&self) -> Option<Side> {
        let ends = [self.outcome.sender(), self.outcome.receiver()];
        ends.into_iter().find(|side| self.knows(*side))
    }

    /// Whether anything is known of that end: where nothing listens, nobody is there.
    fn knows(&self, side: Side) -> bool {
        self.outcome.account(side).is_some_and(|account| account.process.is_some() || account.socket.is_some())
    }

    /// What the kernels know of the ends, for the sections of a full report.
    pub(super) fn account_words(&self) -> Vec<(&'static str, String)> {
        let (outcome, language) = (self.outcome, self.language());
        let colon = language.pick(": ", "：");
        let mut words = Vec::new();
        for side in [outcome.sender(), outcome.receiver()] {
            let Some(account) = outcome.account(side) else { continue };
            let end = self.end(side);
            if side == outcome.receiver() && outcome.account(outcome.sender()).is_none() {
                let said = match language {
                    Language::English => format!("{end}'s kernel received this RST and had sent none itself"),
                    Language::Chinese => self.words("{receiver}的内核收到了这个 RST，自己没有发出过 RST"),
                };
                words.push((language.pick("here", "本机"), said));
            }
            if let Some(process) = &account.process {
                let process = described(process, language);
                words.push((language.pick("process", "进程"), spaced(&[&end, language.pick(" is ", "是"), &process])));
            }
            if let Some(maker) = &account.maker {
                let maker = described(maker, language);
                let signal = account.process.as_ref().and_then(|process| process.exit_signal);
                let did = match signal {
                    Some(signal) => spaced(&[
                        language.pick("signal ", "信号 "),
                        &signal.to_string(),
                        language.pick(" came from ", " 来自"),
                    ]),
                    None => language.pick("the reset was caused by ", "造成重置的是").into(),
                };
                words.push(("", spaced(&[&did, &maker])));
            }
            if let Some(closing) = closing(account, outcome.time(), language) {
                words.push(("", format!("{end}{colon}{closing}")));
            }
            words.extend(
                listened(account, outcome.time(), language)
                    .map(|listened| (language.pick("gone", "此前"), format!("{end}{colon}{listened}"))),
            );
            words.extend(
                account
                    .errno
                    .map(|errno| ("", spaced(&[&end, language.pick(" gets ", "得到的错误是"), &errno.to_string()]))),
            );
            if let Some(socket) = &account.socket {
                let numbers = numbers(socket, outcome.time(), language);
                words.push((language.pick("socket", "套接字"), format!("{end}{colon}{numbers}")));
                words.extend(life(socket, language).map(|life| ("", format!("{end}{colon}{life}"))));
            }
        }
        words
    }
}

/// `nginx 812`.
pub(super) fn named(process: &Process) -> String {
    format!("{} {}", escape_name(&process.comm), process.pid)
}

fn described(process: &Process, language: Language) -> String {
    if language == Language::Chinese {
        return chinese(process);
    }
    let mut words = named(process);
    let cmdline = process.cmdline.as_deref().filter(|cmdline| *cmdline != process.comm);
    words.extend(cmdline.map(|cmdline| format!(" ({})", escape_name(cmdline))));
    words.extend(process.uid.map(|uid| format!(", uid {uid}")));
    words.extend(process.unit.as_deref().map(|unit| format!(", {}", escape_name(unit))));
    words.extend(process.container.as_ref().map(|container| {
        format!(", {} container {}", container.runtime.unwrap_or("in"), escape_name(&short(&container.id)))
    }));
    words.extend(process.syscall.as_deref().map(|syscall| format!(", in {syscall}()")));
    words.extend(end_words(process, Language::English).map(|end| format!(", {end}")));
    words
}

/// Nobody sets an idle timeout to less, and a slow answer is no silence.
const SHORTEST_TIMER: Span = Span::from_millis(500);

/// How a process ended, where that is known.
fn end_words(process: &Process, language: Language) -> Option<String> {
    match (language, process.oom_killed, process.exit_signal) {
        (Language::English, true, _) => Some("killed because memory ran out (OOM killer)".into()),
        (Language::Chinese, true, _) => Some("因内存耗尽被内核杀死（OOM killer）".into()),
        (Language::English, false, Some(signal)) => Some(format!("killed by signal {signal}")),
        (Language::Chinese, false, Some(signal)) => Some(format!("被信号 {signal} 杀死")),
        (_, false, None) => None,
    }
}

/// `python3 6721 listened there until signal 9 from bash 42 killed it, 7.1 ms earlier`.
pub(super) fn listened(account: &Account, now: Timestamp, language: Language) -> Option<String> {
    let listened = account.listened.as_deref()?;
    let ago = now.since(listened.until);
    let (who, end) = match &listened.process {
        Some(process) => (named(process), end_words(process, language)),
        None => (language.pick("a program", "有程序").into(), None),
    };
    let unit = listened.process.as_ref().and_then(|process| process.unit.as_deref()).map(escape_name);
    let exiting = listened.process.as_ref().is_some_and(|process| process.exiting);
    let killer = listened.killer.as_ref().map(named);
    if language == Language::Chinese {
        let unit = unit.map(|unit| format!("（{unit}）")).unwrap_or_default();
        let how = match (end, killer, exiting) {
            (Some(end), Some(killer), _) => format!("{end}（信号来自 {killer}）"),
            (Some(end), None, _) => end,
            (None, _, true) => "已退出".into(),
            (None, _, false) => "关闭了监听套接字".into(),
        };
        return Some(spaced(&[&who, &unit, "曾在此监听，", &ago.to_string(), "前", &how]));
    }
    let unit = unit.map(|unit| format!(" ({unit})")).unwrap_or_default();
    let how = match (end, killer, exiting) {
        (Some(end), Some(killer), _) => format!("it was {end} from {killer}"),
        (Some(end), None, _) => format!("it was {end}"),
        (None, _, true) => "it ended".into(),
        (None, _, false) => "it closed that socket".into(),
    };
    Some(format!("{who}{unit} listened there until {how}, {ago} earlier"))
}

fn chinese(process: &Process) -> String {
    let mut words = named(process);
    let cmdline = process.cmdline.as_deref().filter(|cmdline| *cmdline != process.comm);
    words.extend(cmdline.map(|cmdline| format!("（{}）", escape_name(cmdline))));
    words.extend(process.uid.map(|uid| format!("，uid {uid}")));
    words.extend(process.unit.as_deref().map(|unit| format!("，{}", escape_name(unit))));
    words.extend(process.container.as_ref().map(|container| {
        let id = escape_name(&short(&container.id));
        container.runtime.map_or_else(|| format!("，容器 {id}"), |runtime| format!("，{runtime} 容器 {id}"))
    }));
    words.extend(process.syscall.as_deref().map(|syscall| format!("，正在调用 {syscall}()")));
    words.extend(end_words(process, Language::Chinese).map(|end| format!("，{end}")));
    words
}

/// The first twelve digits, as container runtimes print ids.
pub(super) fn short(id: &str) -> String {
    id.chars().take(12).collect()
}

/// `nginx 812 closed this connection 1.48 s earlier, in state ESTABLISHED, after 1002 ms without data, with 904 bytes
/// unread`.
pub(super) fn closing(account: &Account, now: Timestamp, language: Language) -> Option<String> {
    let socket = account.socket.as_ref()?;
    socket.gone?;
    // Its FIN was made then; it was gone only when that had been acknowledged.
    let gone = socket.closed_at()?;
    let this_host = || language.pick("this host", "本机").to_string();
    let who = account.closer.as_ref().or(account.process.as_ref()).map_or_else(this_host, named);
    let exiting = account.closer.as_ref().is_some_and(|closer| closer.exiting);
    if language == Language::Chinese {
        let end = account.closer.as_ref().and_then(|closer| end_words(closer, language));
        let how = match (end, exiting) {
            (Some(end), _) => format!("{end}，这条连接随之关闭"),
            (None, true) => "因进程退出而关闭了这条连接".into(),
            (None, false) => "关闭了这条连接".to_string(),
        };
        let ago = now.since(gone).to_string();
        let from = socket.closed_in().map_or_else(String::new, |state| format!("，当时状态 {state}"));
        let idle = idle_until(gone, socket).map_or_else(String::new, |idle| format!("，此前 {idle} 没有数据"));
        let unread = digits(socket.unread.into());
        let unread = if socket.unread > 0 { format!("，还有 {unread} 字节未读") } else { String::new() };
        return Some(spaced(&[&who, "在", &ago, "前", &how]) + &from + &idle + &unread);
    }
    let end = account.closer.as_ref().and_then(|closer| end_words(closer, language));
    let how = match (end, exiting) {
        (Some(end), _) => format!("was {end}, which closed"),
        (None, true) => "exited, which closed".into(),
        (None, false) => "closed".to_string(),
    };
    let from = socket.closed_in().map_or_else(String::new, |state| format!(", in state {state}"));
    let idle = idle_until(gone, socket).map_or_else(String::new, |idle| format!(", after {idle} without data"));
    let unread = if socket.unread > 0 {
        format!(", with {} unread", plural(socket.unread.into(), "byte"))
    } else {
        String::new()
    };
    Some(format!("{who} {how} this connection {} earlier{from}{idle}{unread}", now.since(gone)))
}

/// How long no data had come or gone when `end` came, where that is a time that a timer may have been set to: it tells
/// which.
fn idle_until(end: Timestamp, socket: &SocketFacts) -> Option<String> {
    let idle = end.since(socket.idle_since(end)?);
    (idle >= SHORTEST_TIMER).then(|| to_a_tick(idle, socket))
}

/// What of a socket's numbers catches the eye at `now`.
pub(super) fn notable(socket: &SocketFacts, now: Timestamp, language: Language) -> Option<String> {
    let count = |octets: u32, what: &str| (octets > 0).then(|| format!("{} {what}", digits(octets.into())));
    let unread = match language {
        Language::English => (socket.unread > 0).then(|| format!("{} unread", plural(socket.unread.into(), "byte"))),
        Language::Chinese => count(socket.unread, "字节未读"),
    };
    let all = [
        unread,
        count(socket.unsent, language.pick("unsent", "字节未发送")),
        socket.linger.map(|linger| format!("linger {linger}")),
        idle_until(now, socket).map(|idle| match language {
            Language::English => format!("no data for {idle}"),
            Language::Chinese => format!("{idle} 没有数据"),
        }),
    ];
    let all: Vec<String> = all.into_iter().flatten().collect();
    (socket.gone.is_none() && !all.is_empty()).then(|| format!("({})", all.join(", ")))
}

fn numbers(socket: &SocketFacts, now: Timestamp, language: Language) -> String {
    if language == Language::Chinese {
        return chinese_numbers(socket, now);
    }
    let mut words = format!(
        "{} unread, {} unsent, {} unacknowledged",
        plural(socket.unread.into(), "byte"),
        digits(socket.unsent.into()),
        digits(socket.unacked_data().into())
    );
    words.extend(socket.linger.map(|linger| format!("; SO_LINGER {linger} s")));
    if socket.retransmits > 0 {
        words.extend([format!("; {} retransmitted", plural(socket.retransmits.into(), "segment"))]);
        words.extend(socket.last_retransmitted.map(|last| format!(", last {} before", now.since(last))));
    }
    words.extend(socket.told_earlier.map(|(errno, at)| format!("; got {errno} {} before", now.since(at))));
    let Timeouts { send, receive, user, keepalive } = socket.timeouts;
    for (name, timeout) in
        [("SO_SNDTIMEO", send), ("SO_RCVTIMEO", receive), ("TCP_USER_TIMEOUT", user), ("keepalive after", keepalive)]
    {
        words.extend(timeout.map(|timeout| format!("; {name} {timeout}")));
    }
    words.extend(socket.age(now).map(|age| match socket.gone {
        Some(_) => format!("; opened {age} ago"),
        None => format!("; open for {age}"),
    }));
    words.extend(socket.idle_since(now).map(|since| format!("; no data for {}", to_a_tick(now.since(since), socket))));
    words
}

fn chinese_numbers(socket: &SocketFacts, now: Timestamp) -> String {
    let mut words = format!(
        "未读 {} 字节，未发送 {} 字节，未确认 {} 字节",
        digits(socket.unread.into()),
        digits(socket.unsent.into()),
        digits(socket.unacked_data().into())
    );
    words.extend(socket.linger.map(|linger| format!("；SO_LINGER {linger} s")));
    if socket.retransmits > 0 {
        words.extend([format!("；重传 {} 个报文", socket.retransmits)]);
        words.extend(socket.last_retransmitted.map(|last| format!("，最后一次在 {} 之前", now.since(last))));
    }
    words.extend(socket.told_earlier.map(|(errno, at)| format!("；{} 之前收到过错误 {errno}", now.since(at))));
    let Timeouts { send, receive, user, keepalive } = socket.timeouts;
    for (name, timeout) in
        [("SO_SNDTIMEO", send), ("SO_RCVTIMEO", receive), ("TCP_USER_TIMEOUT", user), ("keepalive", keepalive)]
    {
        words.extend(timeout.map(|timeout| format!("；{name} {timeout}")));
    }
    words.extend(socket.age(now).map(|age| match socket.gone {
        Some(_) => format!("；{age} 之前打开"),
        None => format!("；已打开 {age}"),
    }));
    words
        .extend(socket.idle_since(now).map(|since| format!("；已有 {} 没有数据", to_a_tick(now.since(since), socket))));
    words
}

/// A distance that is known to one tick of the kernel's clock, with no digit that is not known.
fn to_a_tick(span: Span, socket: &SocketFacts) -> String {
    const MS: i64 = 1_000_000;
    let tick = socket.tick();
    let whole = Span::from_millis(span.nanos() / MS);
    match whole {
        whole if whole < tick => format!("< {}", whole_ms(tick)),
        whole if whole < Span::from_secs(10) => whole_ms(whole),
        whole => whole.to_string(),
    }
}

fn whole_ms(span: Span) -> String {
    format!("{} ms", span.nanos() / 1_000_000)
}

/// `SYN-SENT, ESTABLISHED after 0.2 ms, CLOSED after 3 ms`.
fn life(socket: &SocketFacts, language: Language) -> Option<String> {
    let first = socket.steps.first()?;
    let states = socket.steps.iter().map(|step| match step.time.since(first.time) {
        Span::ZERO => step.state.to_string(),
        after => match language {
            Language::English => format!("{} after {after}", step.state),
            Language::Chinese => format!("{after} 后 {}", step.state),
        },
    });
    Some(states.collect::<Vec<_>>().join(language.pick(", ", "，")))
}

impl Explanation<'_> {
    pub(super) fn socket_report(&self, side: Side) -> Option<SocketReport<'_>> {
        let account = self.outcome.account(side)?;
        let socket = account.socket.as_ref()?;
        let timeouts = socket.timeouts;
        let now = self.outcome.time();
        let ms = |since: Timestamp| now.since(since).as_millis_f64();
        let states = socket.steps.iter();
        Some(SocketReport {
            end: self.end_word(side),
            unread_bytes: socket.unread,
            unsent_bytes: socket.unsent,
            unacked_bytes: socket.unacked_data(),
            linger: socket.linger,
            age_ms: socket.age(now).map(Span::as_millis_f64),
            idle_ms: socket.idle_since(now).map(ms),
            received_bytes: socket.received,
            acked_bytes: socket.acked,
            retransmits: socket.retransmits,
            closed_ms_ago: socket.gone.map(ms),
            retransmitted_ms_ago: socket.last_retransmitted.map(ms),
            errno: account.errno.map(|errno| errno.to_string().into()),
            told_earlier: socket.told_earlier.map(|(errno, _)| errno.to_string().into()),
            timeouts: TimeoutsReport {
                send_ms: timeouts.send.map(Span::as_millis_f64),
                receive_ms: timeouts.receive.map(Span::as_millis_f64),
                user_ms: timeouts.user.map(Span::as_millis_f64),
                keepalive_ms: timeouts.keepalive.map(Span::as_millis_f64),
            },
            states: states.map(|step| StateReport { time: step.time, state: step.state }).collect(),
        })
    }

    pub(super) fn process_report(&self, side: Side) -> Option<ProcessReport<'_>> {
        let account = self.outcome.account(side)?;
        let process = account.process.as_ref()?;
        let mut report = plain(process, account.netns);
        report.end = Some(self.end_word(side));
        report.closer = account.closer.as_ref().map(|closer| Box::new(plain(closer, account.netns)));
        report.maker = account.maker.as_ref().map(|maker| Box::new(plain(maker, account.netns)));
        Some(report)
    }

    /// Who had listened where the connection was refused.
    pub(super) fn listened_report(&self) -> Option<Box<ListenedReport<'_>>> {
        let account = self.outcome.account(self.outcome.sender())?;
        let listened = account.listened.as_deref()?;
        Some(Box::new(ListenedReport {
            until: listened.until,
            ended_ms_ago: self.outcome.time().since(listened.until).as_millis_f64(),
            process: listened.process.as_ref().map(|process| plain(process, account.netns)),
            killer: listened.killer.as_ref().map(|killer| plain(killer, account.netns)),
        }))
    }

    /// The other end, when it is on the same host.
    pub(super) fn peer(&self) -> Option<Side> {
        self.teller().map(Side::other).filter(|side| self.knows(*side))
    }
}

fn plain(process: &Process, netns: u32) -> ProcessReport<'_> {
    ProcessReport {
        end: None,
        pid: process.pid,
        comm: (&process.comm).into(),
        cmdline: text(process.cmdline.as_ref()),
        uid: process.uid,
        cgroup: text(process.cgroup.as_ref()),
        container: process.container.as_ref().map(|container| ContainerReport {
            runtime: container.runtime.map(Into::into),
            id: (&container.id).into(),
            pod: text(container.pod.as_ref()),
        }),
        unit: text(process.unit.as_ref()),
        netns,
        syscall: text(process.syscall.as_ref()),
        exit_signal: process.exit_signal,
        oom_killed: process.oom_killed,
        closer: None,
        maker: None,
    }
}

fn text(text: Option<&String>) -> Option<Text<'_>> {
    text.map(Text::from)
}

impl Outcome {
    /// Concluded from sockets: there are no frames to show.
    pub(super) fn has_frames(&self) -> bool {
        self.basis() != Basis::Sockets || self.kind() == OutcomeKind::FailedConnect
    }
}
