//! What a line says of sockets and processes, beside the event itself. Moments are nanoseconds since
//! 1970, distances milliseconds; what is not known is left out.

use serde::{Deserialize, Serialize};
use whyrst_core::connection::TcpState;
use whyrst_core::segment::Flags;
use whyrst_core::seq::Seq;
use whyrst_core::socket::{
    Account, Container, Errno, Listening, Opened, Process, SocketFacts, Step, Timeouts, Translation, Trigger, Wire,
};
use whyrst_core::time::{Span, Timestamp};

use super::end::End;

/// States by their name in RFC 9293, as [`TcpState`] shows them.
const STATES: &[TcpState] = &[
    TcpState::Listen,
    TcpState::SynSent,
    TcpState::SynReceived,
    TcpState::Established,
    TcpState::FinWait1,
    TcpState::FinWait2,
    TcpState::CloseWait,
    TcpState::Closing,
    TcpState::LastAck,
    TcpState::TimeWait,
    TcpState::Closed,
];

/// Names that a container's runtime has in a recording: a stranger's text is no name.
const RUNTIMES: &[&str] = &["docker", "containerd", "cri-o", "podman"];

/// The segment that a RST answers.
#[derive(Serialize, Deserialize)]
pub(super) struct TriggerLine {
    seq: u32,
    ack: u32,
    len: u32,
    window: u16,
    flags: u8,
    ttl: u8,
}

/// One end.
#[derive(Serialize, Deserialize)]
pub(super) struct AccountLine {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    socket: Option<SocketLine>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    process: Option<ProcessLine>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    closer: Option<ProcessLine>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    maker: Option<ProcessLine>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    errno: Option<u16>,
    #[serde(default)]
    cgroup: u64,
    #[serde(default)]
    netns: u32,
    #[serde(default, skip_serializing_if = "ListeningLine::is_unknown")]
    listening: ListeningLine,
    #[serde(default, skip_serializing_if = "TranslationLine::is_unknown")]
    translation: TranslationLine,
}

/// `"untranslated"`, or the ends that are on the wire, the own one first.
#[derive(Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
enum TranslationLine {
    #[default]
    Unknown,
    Untranslated,
    To(End, End),
}

impl TranslationLine {
    const fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }
}

/// `"nowhere"`, or the end at which somebody listens.
#[derive(Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
enum ListeningLine {
    #[default]
    Unknown,
    Nowhere,
    At(End),
}

impl ListeningLine {
    const fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }
}

#[derive(Serialize, Deserialize)]
struct SocketLine {
    unread: u32,
    unsent: u32,
    unacked: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    linger: Option<u32>,
    snd_nxt: u32,
    rcv_nxt: u32,
    received: u64,
    acked: u64,
    retransmits: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_retransmitted: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    told_earlier: Option<(u16, i64)>,
    #[serde(default, skip_serializing_if = "TimeoutsLine::is_empty")]
    timeouts: TimeoutsLine,
    probes: u8,
    error: u32,
    peer_closed: bool,
    #[serde(default)]
    orphan: bool,
    #[serde(default)]
    linger2_negative: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_received: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_sent: Option<i64>,
    opened: OpenedLine,
    /// When it entered which state.
    states: Vec<(i64, String)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gone: Option<i64>,
}

#[derive(Serialize, Deserialize, Default, PartialEq, Eq)]
struct TimeoutsLine {
    #[serde(default, rename = "send_ms", skip_serializing_if = "Option::is_none")]
    send: Option<i64>,
    #[serde(default, rename = "receive_ms", skip_serializing_if = "Option::is_none")]
    receive: Option<i64>,
    #[serde(default, rename = "user_ms", skip_serializing_if = "Option::is_none")]
    user: Option<i64>,
    #[serde(default, rename = "keepalive_ms", skip_serializing_if = "Option::is_none")]
    keepalive: Option<i64>,
}

impl TimeoutsLine {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum OpenedLine {
    Unseen,
    Actively,
    Passively,
}

#[derive(Serialize, Deserialize)]
struct ProcessLine {
    pid: u32,
    comm: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cmdline: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    uid: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cgroup: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    container: Option<ContainerLine>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unit: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    syscall: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    exit_signal: Option<u8>,
    #[serde(default)]
    exiting: bool,
}

#[derive(Serialize, Deserialize)]
struct ContainerLine {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    runtime: Option<String>,
    id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pod: Option<String>,
}

impl From<&Trigger> for TriggerLine {
    fn from(trigger: &Trigger) -> Self {
        let Trigger { seq, ack, len, window, flags, ttl } = *trigger;
        Self { seq: seq.raw(), ack: ack.raw(), len, window, flags: flags.bits(), ttl }
    }
}

impl From<TriggerLine> for Trigger {
    fn from(line: TriggerLine) -> Self {
        let TriggerLine { seq, ack, len, window, flags, ttl } = line;
        Self { seq: Seq::new(seq), ack: Seq::new(ack), len, window, flags: Flags::from_bits(flags), ttl }
    }
}

impl From<&Account> for AccountLine {
    fn from(account: &Account) -> Self {
        let process = |process: &Option<Process>| process.as_ref().map(ProcessLine::from);
        Self {
            socket: account.socket.as_ref().map(SocketLine::from),
            process: process(&account.process),
            closer: process(&account.closer),
            maker: process(&account.maker),
            errno: account.errno.map(|errno| errno.0),
            cgroup: account.cgroup,
            netns: account.netns,
            listening: match account.listening {
                Listening::Unknown => ListeningLine::Unknown,
                Listening::Nowhere => ListeningLine::Nowhere,
                Listening::At(end) => ListeningLine::At(end.into()),
            },
            translation: match account.translation {
                Translation::Unknown => TranslationLine::Unknown,
                Translation::Untranslated => TranslationLine::Untranslated,
                Translation::To(Wire { local, remote }) => TranslationLine::To(local.into(), remote.into()),
            },
        }
    }
}

impl From<AccountLine> for Account {
    fn from(line: AccountLine) -> Self {
        let process = |process: Option<ProcessLine>| process.map(Process::from);
        Self {
            socket: line.socket.map(SocketFacts::from),
            process: process(line.process),
            closer: process(line.closer),
            maker: process(line.maker),
            errno: line.errno.map(Errno),
            cgroup: line.cgroup,
            netns: line.netns,
            listening: match line.listening {
                ListeningLine::Unknown => Listening::Unknown,
                ListeningLine::Nowhere => Listening::Nowhere,
                ListeningLine::At(end) => Listening::At(end.into()),
            },
            translation: match line.translation {
                TranslationLine::Unknown => Translation::Unknown,
                TranslationLine::Untranslated => Translation::Untranslated,
                TranslationLine::To(local, remote) => {
                    Translation::To(Wire { local: local.into(), remote: remote.into() })
                }
            },
        }
    }
}

impl From<&SocketFacts> for SocketLine {
    fn from(facts: &SocketFacts) -> Self {
        let nanos = |time: Option<Timestamp>| time.map(Timestamp::nanos);
        Self {
            unread: facts.unread,
            unsent: facts.unsent,
            unacked: facts.unacked,
            linger: facts.linger,
            snd_nxt: facts.snd_nxt.raw(),
            rcv_nxt: facts.rcv_nxt.raw(),
            received: facts.received,
            acked: facts.acked,
            retransmits: facts.retransmits,
            last_retransmitted: nanos(facts.last_retransmitted),
            told_earlier: facts.told_earlier.map(|(errno, time)| (errno.0, time.nanos())),
            timeouts: (&facts.timeouts).into(),
            probes: facts.probes,
            error: facts.error,
            peer_closed: facts.peer_closed,
            orphan: facts.orphan,
            linger2_negative: facts.linger2_negative,
            last_received: nanos(facts.last_received),
            last_sent: nanos(facts.last_sent),
            opened: match facts.opened {
                Opened::Unseen => OpenedLine::Unseen,
                Opened::Actively => OpenedLine::Actively,
                Opened::Passively => OpenedLine::Passively,
            },
            states: facts.steps.iter().map(|step| (step.time.nanos(), step.state.to_string())).collect(),
            gone: nanos(facts.gone),
        }
    }
}

impl From<SocketLine> for SocketFacts {
    fn from(line: SocketLine) -> Self {
        let time = |nanos: Option<i64>| nanos.map(Timestamp::from_nanos);
        let step = |(nanos, name): (i64, String)| Step { time: Timestamp::from_nanos(nanos), state: state(&name) };
        Self {
            unread: line.unread,
            unsent: line.unsent,
            unacked: line.unacked,
            linger: line.linger,
            snd_nxt: Seq::new(line.snd_nxt),
            rcv_nxt: Seq::new(line.rcv_nxt),
            received: line.received,
            acked: line.acked,
            retransmits: line.retransmits,
            last_retransmitted: time(line.last_retransmitted),
            told_earlier: line.told_earlier.map(|(errno, nanos)| (Errno(errno), Timestamp::from_nanos(nanos))),
            timeouts: line.timeouts.into(),
            probes: line.probes,
            error: line.error,
            peer_closed: line.peer_closed,
            orphan: line.orphan,
            linger2_negative: line.linger2_negative,
            last_received: time(line.last_received),
            last_sent: time(line.last_sent),
            opened: match line.opened {
                OpenedLine::Unseen => Opened::Unseen,
                OpenedLine::Actively => Opened::Actively,
                OpenedLine::Passively => Opened::Passively,
            },
            steps: line.states.into_iter().map(step).collect(),
            gone: time(line.gone),
        }
    }
}

fn state(name: &str) -> TcpState {
    STATES.iter().copied().find(|state| state.to_string() == name).unwrap_or(TcpState::Unknown)
}

impl From<&Timeouts> for TimeoutsLine {
    fn from(timeouts: &Timeouts) -> Self {
        let ms = |span: Option<Span>| span.map(|span| span.nanos() / 1_000_000);
        let Timeouts { send, receive, user, keepalive } = *timeouts;
        Self { send: ms(send), receive: ms(receive), user: ms(user), keepalive: ms(keepalive) }
    }
}

impl From<TimeoutsLine> for Timeouts {
    fn from(line: TimeoutsLine) -> Self {
        let span = |ms: Option<i64>| ms.map(Span::from_millis);
        let TimeoutsLine { send, receive, user, keepalive } = line;
        Self { send: span(send), receive: span(receive), user: span(user), keepalive: span(keepalive) }
    }
}

impl From<&Process> for ProcessLine {
    fn from(process: &Process) -> Self {
        let container = process.container.as_ref().map(|container| ContainerLine {
            runtime: container.runtime.map(str::to_owned),
            id: container.id.clone(),
            pod: container.pod.clone(),
        });
        Self {
            pid: process.pid,
            comm: process.comm.clone(),
            cmdline: process.cmdline.clone(),
            uid: process.uid,
            cgroup: process.cgroup.clone(),
            container,
            unit: process.unit.clone(),
            syscall: process.syscall.clone(),
            exit_signal: process.exit_signal,
            exiting: process.exiting,
        }
    }
}

impl From<ProcessLine> for Process {
    fn from(line: ProcessLine) -> Self {
        let known = |name: &str| RUNTIMES.iter().copied().find(|known| *known == name);
        let container = line.container.map(|container| Container {
            runtime: container.runtime.as_deref().and_then(known),
            id: container.id,
            pod: container.pod,
        });
        Self {
            pid: line.pid,
            comm: line.comm,
            cmdline: line.cmdline,
            uid: line.uid,
            cgroup: line.cgroup,
            container,
            unit: line.unit,
            syscall: line.syscall,
            exit_signal: line.exit_signal,
            exiting: line.exiting,
        }
    }
}
