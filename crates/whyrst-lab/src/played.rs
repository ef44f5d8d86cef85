//! What was recorded while a scenario played.

use std::fmt;

use whyrst_core::recording::Recording;
use whyrst_core::time::{Span, Timestamp};
use whyrst_probe::SocketReset;

use crate::scenario::{Actor, Host, Scenario};

/// A scenario that was played, and everything that was seen of it.
#[derive(Debug)]
pub struct Played {
    /// What was played.
    pub scenario: &'static Scenario,
    /// When the first step began, on the wall clock.
    pub began: Timestamp,
    /// When everything had come to rest.
    pub ended: Timestamp,
    /// What the wire between the hosts was made of.
    pub wiring: Wiring,
    /// System calls of the actors, in the order in which they ended.
    pub calls: Vec<Call>,
    /// What the capture at each end saw: client, then server.
    pub ends: [End; 2],
    /// What was seen at the devices of the other hosts: it tells who sent a RST, and is not judged.
    pub bystanders: Vec<End>,
    /// What the kernel said of the resets it sent, or why it was not asked.
    pub kernel: Result<Recording, String>,
    /// What the probe told, or why it could not be loaded.
    pub told: Result<Vec<SocketReset>, String>,
    /// Reset events in the kernel's ring that belong to other programs of this host.
    pub foreign_resets: u64,
    /// Steps that did not come out as the scenario says; the play stopped at the first.
    pub disagreements: Vec<String>,
    /// Why this play may be no fair test: the machine was too busy to keep the story's times.
    pub disturbance: Option<String>,
    /// Disturbances of earlier attempts, which do not count.
    pub earlier_attempts: Vec<String>,
}

impl Played {
    /// How long it took.
    pub fn duration(&self) -> Span {
        self.ended.since(self.began)
    }

    /// Every capture: client, server, then the bystanders.
    pub(crate) fn everybody(&self) -> Vec<&End> {
        self.ends.iter().chain(&self.bystanders).collect()
    }

    /// The errno of every call that failed, by name, in order.
    pub fn errnos(&self) -> Vec<&str> {
        let failed = self.calls.iter().map(|call| &call.returned);
        failed
            .filter_map(|returned| if let Returned::Error(name) = returned { Some(name.as_str()) } else { None })
            .collect()
    }

    /// The kernels' reasons in order, equal ones in a row taken as one; `None` when nobody was asked.
    pub fn kernel_reasons(&self) -> Option<Vec<&str>> {
        let recording = self.kernel.as_ref().ok()?;
        let mut names: Vec<&str> = recording.resets.iter().map(|reset| reset.reason_name.as_str()).collect();
        names.dedup();
        Some(names)
    }
}

/// What the wire between the hosts was made of. Captures are raw IP packets either way.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Wiring {
    /// TUN devices.
    Tun,
    /// A veth pair for each host.
    Veth {
        /// Why no TUN devices.
        because: String,
    },
}

/// One system call of an actor.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Call {
    /// Who called.
    pub actor: Actor,
    /// Index of the step that it belongs to.
    pub step: usize,
    /// As a program would write it: `connect(10.77.0.2:8888)`.
    pub text: String,
    /// When it was entered, on the wall clock.
    pub began: Timestamp,
    /// When it returned, or the process was found dead.
    pub ended: Timestamp,
    /// What came of it.
    pub returned: Returned,
}

impl Call {
    /// The function's name: `connect`.
    pub fn name(&self) -> &str {
        self.text.split('(').next().unwrap_or(&self.text)
    }

    /// How long it took.
    pub fn took(&self) -> Span {
        self.ended.since(self.began)
    }
}

/// How a call came back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Returned {
    /// With this value.
    Value(i64),
    /// With -1 and this errno, by name: `ECONNRESET`.
    Error(String),
    /// Never: the process ended in it.
    Never(Ending),
    /// Not before the play was over.
    NotYet,
}

/// `= 5000`, `= -1 EPIPE`, `process killed by SIGPIPE`.
impl fmt::Display for Returned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(value) => write!(f, "= {value}"),
            Self::Error(errno) => write!(f, "= -1 {errno}"),
            Self::Never(ending) => ending.fmt(f),
            Self::NotYet => f.write_str("has not returned"),
        }
    }
}

/// How a process ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ending {
    /// By `exit` with this status.
    Exit(i32),
    /// By a signal of this name.
    Signal(String),
    /// It is gone, and its parent, another actor, has the status.
    Unknown,
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exit(status) => write!(f, "process exits with {status}"),
            Self::Signal(name) => write!(f, "process killed by {name}"),
            Self::Unknown => f.write_str("process ended"),
        }
    }
}

/// One end's capture. Frames are raw IP packets (link type 101).
#[derive(Clone, Debug)]
pub struct End {
    /// Whose it is.
    pub host: Host,
    /// `client` or `server`.
    pub name: &'static str,
    /// In the order in which that host's kernel saw them.
    pub frames: Vec<Frame>,
    /// Packets that the capture lost; above zero, absence means nothing.
    pub dropped: u64,
}

impl End {
    /// Of this host, with nothing in it.
    pub(crate) const fn empty(host: Host) -> Self {
        Self { host, name: host.name(), frames: Vec::new(), dropped: 0 }
    }
}

/// One captured packet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Frame {
    /// When the kernel handled it, on the wall clock.
    pub time: Timestamp,
    /// Whether the end sent or received it.
    pub direction: Direction,
    /// The IP packet, whole.
    pub bytes: Vec<u8>,
}

/// Which way a packet went, as seen from the end that captured it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// From this end.
    Sent,
    /// To this end.
    Received,
}
