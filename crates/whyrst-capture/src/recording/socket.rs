//! What a line says of sockets and processes, beside the event itself. Moments are nanoseconds since
//! 1970, distances milliseconds; what is not known is left out.

use whyrst_core::connection::TcpState;
use whyrst_core::segment::Flags;
use whyrst_core::socket::{
    Account, Container, Errno, Listened, Listening, Opened, Process, SocketFacts, Step, Timeouts, Translation, Trigger,
    Wire,
};
use whyrst_core::time::{Span, Timestamp};
use whyrst_model::Text;
use whyrst_model::recording::{
    EventAccount, EventContainer, EventListened, EventListening, EventOpened, EventProcess, EventSocket, EventTimeouts,
    EventTranslation, EventTrigger,
};

/// Names that a container's runtime has in a recording: a stranger's text is no name.
const RUNTIMES: &[&str] = &["docker", "containerd", "cri-o", "podman"];

pub(super) fn trigger_line(trigger: &Trigger) -> EventTrigger {
    let Trigger { seq, ack, len, window, flags, ttl } = *trigger;
    EventTrigger { seq, ack, len, window, flags: flags.bits(), ttl }
}

pub(super) fn trigger(line: EventTrigger) -> Trigger {
    let EventTrigger { seq, ack, len, window, flags, ttl } = line;
    Trigger { seq, ack, len, window, flags: Flags::from_bits(flags), ttl }
}

pub(super) fn account_line(account: &Account) -> EventAccount<'_> {
    EventAccount {
        socket: account.socket.as_ref().map(socket_line),
        process: account.process.as_ref().map(process_line),
        closer: account.closer.as_ref().map(process_line),
        maker: account.maker.as_ref().map(process_line),
        errno: account.errno.map(|errno| errno.0),
        cgroup: account.cgroup,
        netns: account.netns,
        listening: match account.listening {
            Listening::Unknown => EventListening::Unknown,
            Listening::Nowhere => EventListening::Nowhere,
            Listening::At(end) => EventListening::At(end),
        },
        listened: account.listened.as_deref().map(|listened| {
            Box::new(EventListened {
                until: listened.until.nanos(),
                process: listened.process.as_ref().map(process_line),
                killer: listened.killer.as_ref().map(process_line),
            })
        }),
        translation: match account.translation {
            Translation::Unknown => EventTranslation::Unknown,
            Translation::Untranslated => EventTranslation::Untranslated,
            Translation::To(Wire { local, remote }) => EventTranslation::To(local, remote),
        },
    }
}

pub(super) fn account(line: EventAccount<'_>) -> Account {
    Account {
        socket: line.socket.map(socket),
        process: line.process.map(process),
        closer: line.closer.map(process),
        maker: line.maker.map(process),
        errno: line.errno.map(Errno),
        cgroup: line.cgroup,
        netns: line.netns,
        listening: match line.listening {
            EventListening::Unknown => Listening::Unknown,
            EventListening::Nowhere => Listening::Nowhere,
            EventListening::At(end) => Listening::At(end),
        },
        listened: line.listened.map(|listened| {
            Box::new(Listened {
                until: Timestamp::from_nanos(listened.until),
                process: listened.process.map(process),
                killer: listened.killer.map(process),
            })
        }),
        translation: match line.translation {
            EventTranslation::Unknown => Translation::Unknown,
            EventTranslation::Untranslated => Translation::Untranslated,
            EventTranslation::To(local, remote) => Translation::To(Wire { local, remote }),
        },
    }
}

fn socket_line(facts: &SocketFacts) -> EventSocket<'_> {
    let nanos = |time: Option<Timestamp>| time.map(Timestamp::nanos);
    EventSocket {
        unread: facts.unread,
        unsent: facts.unsent,
        unacked: facts.unacked,
        linger: facts.linger,
        snd_nxt: facts.snd_nxt,
        rcv_nxt: facts.rcv_nxt,
        received: facts.received,
        acked: facts.acked,
        retransmits: facts.retransmits,
        last_retransmitted: nanos(facts.last_retransmitted),
        told_earlier: facts.told_earlier.map(|(errno, time)| (errno.0, time.nanos())),
        timeouts: timeouts_line(&facts.timeouts),
        probes: facts.probes,
        error: facts.error,
        peer_closed: facts.peer_closed,
        orphan: facts.orphan,
        linger2_negative: facts.linger2_negative,
        last_received: nanos(facts.last_received),
        last_sent: nanos(facts.last_sent),
        tick: Some(facts.tick.nanos()).filter(|tick| *tick > 0),
        opened: match facts.opened {
            Opened::Unseen => EventOpened::Unseen,
            Opened::Actively => EventOpened::Actively,
            Opened::Passively => EventOpened::Passively,
        },
        states: facts.steps.iter().map(|step| (step.time.nanos(), step.state.name().into())).collect(),
        gone: nanos(facts.gone),
    }
}

fn socket(line: EventSocket<'_>) -> SocketFacts {
    let time = |nanos: Option<i64>| nanos.map(Timestamp::from_nanos);
    // A name that is not known is no state: another version may have written the line.
    let state = |name: &str| TcpState::from_name(name).unwrap_or(TcpState::Unknown);
    let step = |(nanos, name): (i64, Text<'_>)| Step { time: Timestamp::from_nanos(nanos), state: state(&name) };
    SocketFacts {
        unread: line.unread,
        unsent: line.unsent,
        unacked: line.unacked,
        linger: line.linger,
        snd_nxt: line.snd_nxt,
        rcv_nxt: line.rcv_nxt,
        received: line.received,
        acked: line.acked,
        retransmits: line.retransmits,
        last_retransmitted: time(line.last_retransmitted),
        told_earlier: line.told_earlier.map(|(errno, nanos)| (Errno(errno), Timestamp::from_nanos(nanos))),
        timeouts: timeouts(line.timeouts),
        probes: line.probes,
        error: line.error,
        peer_closed: line.peer_closed,
        orphan: line.orphan,
        linger2_negative: line.linger2_negative,
        last_received: time(line.last_received),
        last_sent: time(line.last_sent),
        tick: line.tick.map_or(Span::ZERO, Span::from_nanos),
        opened: match line.opened {
            EventOpened::Unseen => Opened::Unseen,
            EventOpened::Actively => Opened::Actively,
            EventOpened::Passively => Opened::Passively,
        },
        steps: line.states.into_iter().map(step).collect(),
        gone: time(line.gone),
    }
}

fn timeouts_line(timeouts: &Timeouts) -> EventTimeouts {
    let ms = |span: Option<Span>| span.map(|span| span.nanos() / 1_000_000);
    let Timeouts { send, receive, user, keepalive } = *timeouts;
    EventTimeouts { send_ms: ms(send), receive_ms: ms(receive), user_ms: ms(user), keepalive_ms: ms(keepalive) }
}

fn timeouts(line: EventTimeouts) -> Timeouts {
    let span = |ms: Option<i64>| ms.map(Span::from_millis);
    let EventTimeouts { send_ms, receive_ms, user_ms, keepalive_ms } = line;
    Timeouts { send: span(send_ms), receive: span(receive_ms), user: span(user_ms), keepalive: span(keepalive_ms) }
}

fn process_line(process: &Process) -> EventProcess<'_> {
    EventProcess {
        pid: process.pid,
        comm: (&process.comm).into(),
        cmdline: process.cmdline.as_ref().map(Text::from),
        uid: process.uid,
        cgroup: process.cgroup.as_ref().map(Text::from),
        container: process.container.as_ref().map(container_line),
        unit: process.unit.as_ref().map(Text::from),
        syscall: process.syscall.as_ref().map(Text::from),
        exit_signal: process.exit_signal,
        exiting: process.exiting,
        oom_killed: process.oom_killed,
    }
}

fn process(line: EventProcess<'_>) -> Process {
    Process {
        pid: line.pid,
        comm: line.comm.into(),
        cmdline: line.cmdline.map(String::from),
        uid: line.uid,
        cgroup: line.cgroup.map(String::from),
        container: line.container.map(container),
        unit: line.unit.map(String::from),
        syscall: line.syscall.map(String::from),
        exit_signal: line.exit_signal,
        exiting: line.exiting,
        oom_killed: line.oom_killed,
    }
}

fn container_line(container: &Container) -> EventContainer<'_> {
    EventContainer {
        runtime: container.runtime.map(Text::from),
        id: (&container.id).into(),
        pod: container.pod.as_ref().map(Text::from),
    }
}

fn container(line: EventContainer<'_>) -> Container {
    let known = |name: Text<'_>| RUNTIMES.iter().copied().find(|known| name == *known);
    Container { runtime: line.runtime.and_then(known), id: line.id.into(), pod: line.pod.map(String::from) }
}
