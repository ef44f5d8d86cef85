//! What a kernel knows of one socket and of the process behind it, and the reset events that come
//! with it: live whyrst has these where a capture has packets.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::connection::TcpState;
use crate::kernel::KernelReset;
use crate::segment::{Endpoint, Flags};
use crate::seq::Seq;
use crate::time::{Span, Timestamp};

/// One reset, as the kernel of one of its ends told of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SocketEvent {
    /// When, on the wall clock of that host.
    pub time: Timestamp,
    /// Which end this is.
    pub told: Told,
    /// The end that tells.
    pub local: Endpoint,
    /// The other end.
    pub remote: Endpoint,
    /// The segment that the RST answers (`tcp_v4_send_reset`); `None` for an abort.
    pub trigger: Option<Trigger>,
    /// Everything else that this end knows.
    pub account: Account,
}

/// One reset, by one or by both ends.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SocketReset {
    /// Who sent it, or the only end on this host.
    pub event: SocketEvent,
    /// Who received it, where that is on this host too.
    pub peer: Option<SocketEvent>,
    /// The sender must be on this host, and its TCP told of no such RST: a firewall made it.
    pub unsent: bool,
}

/// Sent or received.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Told {
    /// `tcp_send_reset`, with its reason.
    Sent(KernelReset),
    /// `tcp_receive_reset`: the RST was taken.
    Received,
}

/// A segment by its headers alone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Trigger {
    /// SEG.SEQ.
    pub seq: Seq,
    /// Acknowledgment field, significant or not.
    pub ack: Seq,
    /// Payload octets.
    pub len: u32,
    /// Window field, not scaled.
    pub window: u16,
    /// Control bits.
    pub flags: Flags,
    /// Hops left.
    pub ttl: u8,
}

/// One end's account of itself.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Account {
    /// Its socket, alive or remembered; `None` when there was none that anybody knew of.
    pub socket: Option<SocketFacts>,
    /// The process that owns it, or owned it.
    pub process: Option<Process>,
    /// The process that closed it first, where a process did.
    pub closer: Option<Process>,
    /// The process that made this reset, when that is not the owner: it destroyed the socket
    /// (`ss -K`), or its signal ended the owner.
    pub maker: Option<Process>,
    /// The error that the program is told because of this reset; `None` when nobody is told.
    pub errno: Option<Errno>,
    /// Number of the cgroup that its socket was opened in, 0 when that is not known.
    pub cgroup: u64,
    /// Inode of the network namespace, as `lsns -t net` shows it.
    pub netns: u32,
    /// Where else its host listened at this port, when a SYN found nobody.
    pub listening: Listening,
    /// Who had listened there, when a SYN found nobody and that is remembered.
    pub listened: Option<Box<Listened>>,
    /// What its host's NAT makes of its connection.
    pub translation: Translation,
}

/// Somebody who listened at a port, and listens no more.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listened {
    /// Until when.
    pub until: Timestamp,
    /// Who closed that socket, or ended and closed it so; `None` where that was not seen.
    pub process: Option<Process>,
    /// The process whose signal ended it.
    pub killer: Option<Process>,
}

/// What stands on the wire, behind the NAT of a socket's own host, for the socket's ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Translation {
    /// Nobody could be asked, or who was asked did not know the connection any more.
    #[default]
    Unknown,
    /// The ends of the socket.
    Untranslated,
    /// Other ones.
    To(Wire),
}

/// A connection's ends as packets have them, seen from a socket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Wire {
    /// For the socket's own end.
    pub local: Endpoint,
    /// For the other end.
    pub remote: Endpoint,
}

/// Whether somebody listens at the same port of another address.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Listening {
    /// Nobody looked.
    #[default]
    Unknown,
    /// At no address.
    Nowhere,
    /// At this one.
    At(Endpoint),
}

/// The numbers of one socket when its connection was reset, or when it was closed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SocketFacts {
    /// Octets received that no program had read (`rcv_nxt - copied_seq`).
    pub unread: u32,
    /// Octets written that had not been sent.
    pub unsent: u32,
    /// Octets sent that had not been acknowledged.
    pub unacked: u32,
    /// `SO_LINGER` in seconds, when it is on.
    pub linger: Option<u32>,
    /// SND.NXT.
    pub snd_nxt: Seq,
    /// RCV.NXT.
    pub rcv_nxt: Seq,
    /// Octets received in order; a FIN counts as one.
    pub received: u64,
    /// Octets that were acknowledged; a SYN of this end and its FIN count as one each.
    pub acked: u64,
    /// Segments sent again.
    pub retransmits: u32,
    /// When a segment was last sent again, where that was seen.
    pub last_retransmitted: Option<Timestamp>,
    /// The last error that the program was told of before, and when.
    pub told_earlier: Option<(Errno, Timestamp)>,
    /// What its program had asked for; nothing is known of a socket that is gone.
    pub timeouts: Timeouts,
    /// Probes without an answer (keepalive, zero window).
    pub probes: u8,
    /// `SO_ERROR` as errno, 0 for none.
    pub error: u32,
    /// The peer's FIN has come.
    pub peer_closed: bool,
    /// No program held it any more.
    pub orphan: bool,
    /// `TCP_LINGER2` was below zero: it would not wait in FIN-WAIT-2.
    pub linger2_negative: bool,
    /// When data last came, to one [`Self::tick`].
    pub last_received: Option<Timestamp>,
    /// When data was last sent, to one [`Self::tick`].
    pub last_sent: Option<Timestamp>,
    /// A tick of the clock by which its kernel dates data; zero where that is not known.
    pub tick: Span,
    /// How it was opened, when that was seen.
    pub opened: Opened,
    /// The states it went through, the last ones, oldest first.
    pub steps: Vec<Step>,
    /// Since when it is gone; `None` for a socket that was there when the reset happened.
    pub gone: Option<Timestamp>,
}

/// An error number of Linux, as most architectures have it (`asm-generic/errno.h`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Errno(pub u16);

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.0 {
            32 => "EPIPE",
            101 => "ENETUNREACH",
            103 => "ECONNABORTED",
            104 => "ECONNRESET",
            110 => "ETIMEDOUT",
            111 => "ECONNREFUSED",
            112 => "EHOSTDOWN",
            113 => "EHOSTUNREACH",
            number => return write!(f, "errno {number}"),
        };
        f.write_str(name)
    }
}

/// Times after which a program wanted its socket to give up or to ask; `None`: for ever, or not.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Timeouts {
    /// `SO_SNDTIMEO`.
    pub send: Option<Span>,
    /// `SO_RCVTIMEO`.
    pub receive: Option<Span>,
    /// `TCP_USER_TIMEOUT`.
    pub user: Option<Span>,
    /// `SO_KEEPALIVE`: idle time until the first probe (`TCP_KEEPIDLE`, or the system's).
    pub keepalive: Option<Span>,
}

/// Who opened a connection, by what its socket did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Opened {
    /// Before anybody looked.
    #[default]
    Unseen,
    /// This end, by `connect()`.
    Actively,
    /// The other end; a listener took it.
    Passively,
}

/// A change of state (`inet_sock_set_state`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Step {
    /// When.
    pub time: Timestamp,
    /// Into which state.
    pub state: TcpState,
}

/// A process, as far as it was known when the reset happened.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Process {
    /// Its process id, in the namespace of the host.
    pub pid: u32,
    /// Name of its program, at most 15 octets.
    pub comm: String,
    /// Its arguments.
    pub cmdline: Option<String>,
    /// Its user.
    pub uid: Option<u32>,
    /// Its cgroup's path.
    pub cgroup: Option<String>,
    /// Its container: runtime and id, by the cgroup's path.
    pub container: Option<Container>,
    /// Its systemd unit, by the cgroup's path.
    pub unit: Option<String>,
    /// The system call that it was in.
    pub syscall: Option<String>,
    /// The signal that ended it, when it was ending.
    pub exit_signal: Option<u8>,
    /// Whether it was ending when it closed the socket.
    pub exiting: bool,
    /// The kernel ended it because memory ran out (`mark_oom_victim`); that signal is 9 as well.
    pub oom_killed: bool,
}

/// A container, by its cgroup's path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Container {
    /// `docker`, `containerd`, `cri-o`, `podman`; `None` when the path names none.
    pub runtime: Option<&'static str>,
    /// Its id, as the path has it.
    pub id: String,
    /// The Kubernetes pod's uid.
    pub pod: Option<String>,
}

impl SocketFacts {
    /// When it was first heard of.
    pub fn born(&self) -> Option<Timestamp> {
        self.steps.first().filter(|_| self.opened != Opened::Unseen).map(|step| step.time)
    }

    /// When data last came, as exactly as it is known: to a tick, and not before the connection began nor after `now`.
    pub fn received_at(&self, now: Timestamp) -> Option<Timestamp> {
        self.within(self.last_received, now)
    }

    /// When data was last sent, in the same way.
    pub fn sent_at(&self, now: Timestamp) -> Option<Timestamp> {
        self.within(self.last_sent, now)
    }

    /// Since when nothing was sent or received, data alone counts.
    pub fn idle_since(&self, now: Timestamp) -> Option<Timestamp> {
        self.received_at(now).max(self.sent_at(now))
    }

    fn within(&self, time: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
        let end = self.gone.unwrap_or(now);
        time.map(|time| time.min(end)).map(|time| self.born().map_or(time, |born| time.max(born)))
    }

    /// A tick of the clock by which data is dated: where it is not known, the longest that kernels are built with.
    pub fn tick(&self) -> Span {
        const LONGEST: Span = Span::from_millis(10);
        if self.tick > Span::ZERO { self.tick } else { LONGEST }
    }

    /// When its program let go of it, by `close()`, `shutdown()` or its end: that is when the FIN was made, not when
    /// that was acknowledged (`tcp_close_state`).
    pub fn closed_at(&self) -> Option<Timestamp> {
        self.entered(&[TcpState::FinWait1, TcpState::LastAck]).or(self.gone)
    }

    /// In which state its program let go of it.
    pub fn closed_in(&self) -> Option<TcpState> {
        let closes = |state| matches!(state, TcpState::FinWait1 | TcpState::LastAck | TcpState::Closed);
        let at = self.steps.iter().position(|step| closes(step.state))?;
        self.steps.get(at.checked_sub(1)?).map(|step| step.state)
    }

    /// The last state before it was closed for good.
    pub fn last_open_state(&self) -> Option<TcpState> {
        self.steps.iter().rev().map(|step| step.state).find(|state| *state != TcpState::Closed)
    }

    /// Bytes of data that were sent and not acknowledged: a SYN without an answer is counted by the kernel, and is none.
    pub fn unacked_data(&self) -> u32 {
        let syn = self.last_open_state() == Some(TcpState::SynSent);
        self.unacked.saturating_sub(syn.into())
    }

    /// When it entered one of `states` first.
    pub fn entered(&self, states: &[TcpState]) -> Option<Timestamp> {
        self.steps.iter().find(|step| states.contains(&step.state)).map(|step| step.time)
    }

    /// How long ago it was opened, whether it is still there or not.
    pub fn age(&self, now: Timestamp) -> Option<Span> {
        self.born().map(|born| now.since(born))
    }
}
