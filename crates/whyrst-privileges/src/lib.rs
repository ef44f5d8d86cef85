//! What is not needed any more is given back: loading a probe needs much, watching and sending need little.
//!
//! Capabilities and seccomp filters belong to threads, so each thread says its [`Duty`] and keeps what that takes.
//! Threads that it starts later inherit that. `docs/security.md` has the table for readers; the end-to-end tests read
//! `CapEff` and `Seccomp` of every thread.
//!
//! Landlock is not used: a process in a Landlock domain may not look at the namespaces of processes outside
//! it (`ptrace_may_access`), which the account of `OutRsts` needs.

mod calls;
mod capabilities;

use caps::Capability;

/// What a thread is there for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Duty {
    /// Takes what the kernel reports: what is open is used.
    Watch,
    /// Reads `/proc` of all processes: files are opened for reading.
    ReadProcesses,
    /// Asks conntrack, with the sockets that it has. That takes `CAP_NET_ADMIN` at every request.
    AskConntrack,
    /// Waits for a signal, or closes what others opened.
    Wait,
    /// Speaks to a receiver: sockets, and no file is written.
    Send,
    /// Keeps what waits: files, and no receiver is spoken to.
    Keep,
    /// Answers requests on a socket that listens already.
    Answer,
    /// Serves the page: answers, keeps lines in files, and starts readers of captures.
    Serve,
}

/// To see the namespaces, command lines and sockets of other users' processes; nothing that
/// changes anything.
const READING_PROCESSES: &[Capability] = &[Capability::CAP_SYS_PTRACE, Capability::CAP_DAC_READ_SEARCH];

impl Duty {
    const fn capabilities(self) -> &'static [Capability] {
        match self {
            Self::ReadProcesses => READING_PROCESSES,
            Self::AskConntrack => &[Capability::CAP_NET_ADMIN],
            Self::Watch | Self::Wait | Self::Send | Self::Keep | Self::Answer | Self::Serve => &[],
        }
    }
}

/// Gives back, for good, what this thread and those that it will start do not need for `duty`.
///
/// # Errors
///
/// What the system said, as a sentence; nothing is lost then but the care.
pub fn restrict(duty: Duty) -> Result<(), String> {
    capabilities::keep(duty.capabilities())?;
    calls::allow(duty)
}

/// How many seccomp filters this thread has (`proc_pid_status(5)`): one that has more than its process began with was
/// started by a thread that had been restricted, and is so itself.
pub fn filters() -> usize {
    let status = std::fs::read_to_string("/proc/thread-self/status").unwrap_or_default();
    let filters = status.lines().find_map(|line| line.strip_prefix("Seccomp_filters:"));
    filters.and_then(|filters| filters.trim().parse().ok()).unwrap_or(0)
}

/// Whether a seccomp filter stands already, whoever set it.
pub fn is_restricted() -> bool {
    filters() > 0
}

/// Gives back every capability of this thread, for good: watching needs none.
///
/// To be called before other threads are started: each has capabilities of its own.
///
/// # Errors
///
/// What the system said, as a sentence; nothing is lost then but the care.
pub fn give_back_privileges() -> Result<(), String> {
    capabilities::keep(&[])
}

/// Keeps, of the capabilities, only reading what other users' files say; for who opens what a person has named.
///
/// # Errors
///
/// What the system said, as a sentence; nothing is lost then but the care.
pub fn keep_reading() -> Result<(), String> {
    capabilities::keep(&[Capability::CAP_DAC_READ_SEARCH])
}

/// From now on this thread, and threads that it starts, can only read files and go on with what is open:
/// everything else fails with EPERM (seccomp).
///
/// # Errors
///
/// What the system said, as a sentence; nothing is lost then but the care.
pub fn lock_down() -> Result<(), String> {
    calls::allow(Duty::Watch)
}
