//! A record of the probe enriched into what the core understands: names for numbers, wall clock for
//! monotonic time, processes for process ids.
//!
//! Who did it follows the rules that were measured (one line each, at the place): the current task
//! is only blamed where it holds the socket.
//!
//! The facts behind it: docs/internals/probe.md#whose-reset-it-is.

use whyrst_core::connection::TcpState;
use whyrst_core::kernel::{KernelReset, RstReason};
use whyrst_core::segment::Flags;
use whyrst_core::seq::Seq;
use whyrst_core::socket::{
    Account, Errno, Listened, Listening, Opened, Process, SocketEvent, SocketFacts, Step, Timeouts, Told, Translation,
    Trigger,
};
use whyrst_core::time::{Span, Timestamp};

use crate::event::{Event, Facts, Life, Opened as Raw, Settings, Tracepoint};
use crate::layout::{EXITING, FROM_CLOSED, HAS_LIFE, HAS_SOCKET, HAS_TRIGGER, LISTENER, OOM_KILLED, ORPHAN, OWNED};
use crate::owner::Owners;
use crate::probe::Probe;
use crate::procfs::Procfs;
use crate::reason;

/// Turns records into events with names and processes.
#[derive(Debug)]
pub(crate) struct Enricher {
    pub(crate) owners: Owners,
    /// Of a second, by the kernel's clock.
    ticks: i64,
    /// What must be added to monotonic time to get the wall clock.
    pub(crate) offset: Span,
}

impl Enricher {
    pub(crate) fn new(offset: Span, probe: &Probe) -> Self {
        Self { owners: Owners::adopting(probe, Procfs::start()), ticks: probe.ticks.max(1).into(), offset }
    }

    pub(crate) fn enrich(&mut self, event: &Event, probe: &Probe) -> SocketEvent {
        let stack = names(event, probe);
        let account = self.account(event, &stack, probe);
        let told = match event.tracepoint {
            Tracepoint::Received => Told::Received,
            Tracepoint::Sent => Told::Sent(self.kernel_reset(event, stack, probe)),
        };
        let mut enriched = SocketEvent {
            time: self.wall(event.at),
            told,
            local: event.tuple.local,
            remote: event.tuple.remote,
            trigger: event.has(HAS_TRIGGER).then(|| trigger(event)),
            account,
        };
        let derived = event.reason.is_none().then(|| reason::of_stack(&enriched)).flatten();
        if let Told::Sent(reset) = &mut enriched.told {
            reset.reason = reset.reason.or(derived);
        }
        enriched
    }

    /// The wall clock's time of a moment of `CLOCK_MONOTONIC`.
    pub(crate) fn wall(&self, monotonic: u64) -> Timestamp {
        Timestamp::from_nanos(i64::try_from(monotonic).unwrap_or(i64::MAX)).plus(self.offset)
    }

    fn kernel_reset(&self, event: &Event, stack: Vec<String>, probe: &Probe) -> KernelReset {
        let name = event.reason.and_then(|number| probe.names.reason(number)).unwrap_or_default();
        // Without a socket there is no state.
        let no_socket = event.state == 0;
        KernelReset {
            time: self.wall(event.at),
            reason: RstReason::from_name(name),
            reason_name: name.to_owned(),
            state: if no_socket { "UNKNOWN".into() } else { probe.names.state(event.state).to_owned() },
            local: event.tuple.local,
            remote: Some(event.tuple.remote),
            stack,
            comm: event.comm.clone(),
            pid: event.current.pid,
        }
    }

    fn account(&mut self, event: &Event, stack: &[String], probe: &Probe) -> Account {
        let went_through = |symbol: &str| stack.iter().any(|name| name == symbol);
        let aborts = event.tracepoint == Tracepoint::Sent && !event.has(HAS_TRIGGER);
        // A listener's children are reset by who closes it, without holding them.
        let closed_listener = aborts && went_through("inet_csk_listen_stop");
        let acts = aborts && event.has(OWNED);
        let owner = self.owners.process(event.owner, probe);
        let current = (acts || closed_listener).then(|| self.current(event, probe)).flatten();
        // SOCK_DESTROY comes from somebody else, through netlink; everything else from a holder.
        let destroyed = went_through("tcp_abort") && !closed_listener;
        // Whose signal ended the owner is who closed the socket, in truth.
        let left_behind = event.has(HAS_TRIGGER) && event.has(HAS_LIFE) && event.life.closer_signal.is_some();
        let killer = (acts || left_behind).then(|| self.owners.process(event.killer, probe)).flatten();
        let (process, maker) = match (current, owner) {
            (Some(current), Some(owner)) if destroyed => (Some(owner), Some(current)),
            (Some(current), None) if destroyed => (None, Some(current)),
            (Some(current), _) => (Some(current), killer.filter(|killer| killer.pid != event.current.pid)),
            (None, owner) => (owner, killer),
        };
        let closer = event.has(HAS_LIFE).then(|| self.closer(event, probe)).flatten();
        Account {
            socket: self.socket(event, probe),
            process,
            closer,
            maker,
            errno: errno(event, probe),
            cgroup: event.facts.cgroup,
            netns: event.tuple.netns,
            listening: listening(event, probe),
            listened: self.listened(event, probe),
            translation: Translation::Unknown, // asked when the reset is reported: `Live`
        }
    }

    fn current(&mut self, event: &Event, probe: &Probe) -> Option<Process> {
        let mut process = self.owners.process(event.current, probe)?;
        if process.comm.is_empty() {
            process.comm.clone_from(&event.comm);
        }
        let exiting = event.has(EXITING);
        let signal = u8::try_from(event.exit_code & 0x7f).ok().filter(|signal| *signal != 0);
        Some(Process {
            // A dying task's call is the one that was interrupted.
            syscall: syscall(event.syscall).filter(|_| !exiting).map(str::to_owned),
            exit_signal: signal.filter(|_| exiting),
            exiting,
            oom_killed: exiting && event.has(OOM_KILLED),
            ..process
        })
    }

    fn closer(&mut self, event: &Event, probe: &Probe) -> Option<Process> {
        let Life { closer, closer_exits, closer_signal, .. } = event.life;
        let process = self.owners.process(closer, probe)?;
        let oom_killed = event.has(OOM_KILLED) && event.has(HAS_TRIGGER) && closer_signal.is_some();
        Some(Process { exiting: closer_exits != 0, exit_signal: closer_signal, oom_killed, ..process })
    }

    /// Who had listened where a SYN found nobody.
    fn listened(&mut self, event: &Event, probe: &Probe) -> Option<Box<Listened>> {
        let ended = refuses_a_syn(event).then(|| probe.listened(&event.tuple, event.at)).flatten()?;
        let process = self.owners.process(ended.closer.unwrap_or(ended.owner), probe);
        let process = process.map(|process| Process {
            exiting: ended.exits,
            exit_signal: ended.signal,
            oom_killed: ended.oom_killed,
            ..process
        });
        let killer = self.owners.process(ended.killer, probe);
        Some(Box::new(Listened { until: self.wall(ended.at), process, killer }))
    }

    fn socket(&self, event: &Event, probe: &Probe) -> Option<SocketFacts> {
        let from_closed = event.has(FROM_CLOSED);
        if !from_closed && (!event.has(HAS_SOCKET) || event.has(LISTENER) || probe.names.state(event.state) == "LISTEN")
        {
            return None;
        }
        let at = if from_closed { event.closed_at } else { event.at };
        let mut facts = self.facts(&event.facts, at);
        facts.orphan = from_closed || event.has(ORPHAN);
        facts.gone = from_closed.then(|| self.wall(event.closed_at));
        if !from_closed {
            facts.timeouts = timeouts(&event.settings);
        }
        if event.has(HAS_LIFE) {
            facts.last_retransmitted = event.life.retransmitted.map(|at| self.wall(at));
            facts.told_earlier = event.life.failed.map(|(error, at)| (Errno(error), self.wall(at)));
            facts.opened = match event.life.opened {
                Raw::Actively => Opened::Actively,
                Raw::Passively => Opened::Passively,
                Raw::Unseen | Raw::Listener => Opened::Unseen,
            };
            let steps = event.life.steps.iter();
            facts.steps = steps
                .map(|(at, state)| Step { time: self.wall(*at), state: state_of(probe.names.state((*state).into())) })
                .collect();
        }
        Some(facts)
    }

    fn facts(&self, facts: &Facts, at: u64) -> SocketFacts {
        let ago = |ticks: u32| self.wall(at).plus(Span::from_millis(-(i64::from(ticks) * 1_000 / self.ticks)));
        SocketFacts {
            unread: facts.unread,
            unsent: facts.unsent,
            unacked: facts.unacked,
            linger: facts.linger,
            snd_nxt: Seq::new(facts.snd_nxt),
            rcv_nxt: Seq::new(facts.rcv_nxt),
            received: facts.bytes_received,
            acked: facts.bytes_acked,
            retransmits: facts.retransmits,
            probes: facts.probes,
            error: facts.error,
            peer_closed: facts.peer_closed != 0,
            linger2_negative: facts.linger2_negative != 0,
            last_received: facts.received_ago.map(ago),
            last_sent: facts.sent_ago.map(ago),
            tick: Span::from_nanos(1_000_000_000 / self.ticks),
            ..SocketFacts::default()
        }
    }
}

/// Where else somebody listens at the port that a SYN asked for in vain.
fn listening(event: &Event, probe: &Probe) -> Listening {
    if refuses_a_syn(event) { probe.listening(&event.tuple, event.at) } else { Listening::Unknown }
}

fn refuses_a_syn(event: &Event) -> bool {
    event.tracepoint == Tracepoint::Sent
        && event.state == 0
        && event.has(HAS_TRIGGER)
        && Flags::from_bits(event.trigger.flags).is_syn()
}

/// The error that the program will get because a RST came: `tcp_reset`. Nobody gets one where no
/// process holds the socket.
fn errno(event: &Event, probe: &Probe) -> Option<Errno> {
    if event.tracepoint != Tracepoint::Received || event.has(ORPHAN) || !event.has(HAS_SOCKET) {
        return None;
    }
    let number = match probe.names.state(event.state) {
        "SYN_SENT" => libc::ECONNREFUSED,
        "CLOSE_WAIT" => libc::EPIPE,
        "CLOSE" => return None,
        _ => libc::ECONNRESET,
    };
    u16::try_from(number).ok().map(Errno)
}

fn timeouts(settings: &Settings) -> Timeouts {
    let ms = |ms: u32| Span::from_millis(ms.into());
    Timeouts {
        send: settings.send_timeout.map(ms),
        receive: settings.receive_timeout.map(ms),
        user: settings.user_timeout.map(ms),
        keepalive: settings.keepalive.map(|seconds| Span::from_secs(seconds.into())),
    }
}

fn trigger(event: &Event) -> Trigger {
    let trigger = &event.trigger;
    Trigger {
        seq: Seq::new(trigger.seq),
        ack: Seq::new(trigger.ack),
        len: trigger.len,
        window: trigger.window,
        flags: Flags::from_bits(trigger.flags),
        ttl: trigger.ttl,
    }
}

/// Functions that led to the event, innermost first, without the tracing of it.
fn names(event: &Event, probe: &Probe) -> Vec<String> {
    let names: Vec<&str> = event.stack.iter().filter_map(|address| probe.symbols.name(*address)).collect();
    let is_tracing =
        |name: &&str| name.starts_with("bpf_") || name.starts_with("__bpf_") || name.starts_with("__traceiter_");
    let begin = names.iter().take(6).rposition(is_tracing).map_or(0, |last| last + 1);
    names[begin..].iter().map(ToString::to_string).collect()
}

fn state_of(name: &str) -> TcpState {
    match name {
        "ESTABLISHED" => TcpState::Established,
        "SYN_SENT" => TcpState::SynSent,
        "SYN_RECV" | "NEW_SYN_RECV" => TcpState::SynReceived,
        "FIN_WAIT1" => TcpState::FinWait1,
        "FIN_WAIT2" => TcpState::FinWait2,
        "TIME_WAIT" => TcpState::TimeWait,
        "CLOSE" => TcpState::Closed,
        "CLOSE_WAIT" => TcpState::CloseWait,
        "LAST_ACK" => TcpState::LastAck,
        "LISTEN" => TcpState::Listen,
        "CLOSING" => TcpState::Closing,
        _ => TcpState::Unknown,
    }
}

/// The calls in which sockets are closed, written and waited for.
fn syscall(number: i64) -> Option<&'static str> {
    const CALLS: &[(i64, &str)] = &[
        (libc::SYS_close, "close"),
        (libc::SYS_close_range, "close_range"),
        (libc::SYS_shutdown, "shutdown"),
        (libc::SYS_connect, "connect"),
        (libc::SYS_sendmsg, "sendmsg"),
        (libc::SYS_sendto, "sendto"),
        (libc::SYS_write, "write"),
        (libc::SYS_writev, "writev"),
        (libc::SYS_read, "read"),
        (libc::SYS_recvfrom, "recvfrom"),
        (libc::SYS_recvmsg, "recvmsg"),
        (libc::SYS_setsockopt, "setsockopt"),
        (libc::SYS_accept, "accept"),
        (libc::SYS_accept4, "accept4"),
        (libc::SYS_dup3, "dup3"),
        (libc::SYS_exit_group, "exit_group"),
        (libc::SYS_execve, "execve"),
        (libc::SYS_io_uring_enter, "io_uring_enter"),
    ];
    CALLS.iter().find(|(call, _)| *call == number).map(|(_, name)| *name)
}
