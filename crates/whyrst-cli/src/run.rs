//! `whyrst run -- CMD`: runs a command and explains every reset on its connections.
//!
//! The command gets a cgroup of its own, so that its children, and sockets that outlive them, are
//! known as its. Where no cgroup can be made, its processes are known by their parents.
//!
//! When it has ended, its last connections may live on: what it closed waits for the other end, which answers a client
//! that gave up with data, and gets the reset then. So `run` waits for these, but not for long ([`linger`]).

use std::fs;
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, ExitStatus};
use std::time::{Duration, Instant};

mod linger;

use anyhow::{Context as _, Result};
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::unistd::Pid;
use whyrst_core::flow::Side;
use whyrst_core::outcome::Outcome;
use whyrst_core::socket::Account;
use whyrst_output::Places;
use whyrst_probe::{Interest, Live, cgroup_mount_point};

use crate::args::Run;
use crate::explain;
use crate::live_reporter::{LiveReporter, say_missing, say_warnings};
use crate::output::{self, Output};
use crate::run::linger::{Lingering, Namespaces};

/// How long the end of the command may go unnoticed.
const PATIENCE: Duration = Duration::from_millis(20);
/// Its last resets are reported within this time.
const LAST_WORDS: Duration = Duration::from_millis(60);
/// `si_code` of a signal that a process sent; a terminal's goes to the command by itself.
const SI_USER: i32 = 0;
/// What shells report for a command that signal N ended.
const SIGNALLED: i32 = 128;

pub(crate) fn run(arguments: &Run) -> Result<ExitCode> {
    let zone = explain::zone(&arguments.tz)?;
    let mut sink = Sink::open(arguments)?;
    let mut live = Live::start()?;
    let language = output::language(&arguments.common, arguments.format);
    let mut reporter = LiveReporter::new(&live, arguments.format, &arguments.common, zone, language);
    say_missing(live.missing());
    let mut followed = Followed::spawn(arguments)?;
    live.prefer(followed.interest());
    // Only now: the command would begin with the same signals blocked.
    let signals = signals(&[Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT])?;
    let mut stage = Stage::Runs;
    while !stage.is_over() {
        if let Some(item) = live.next(PATIENCE)?
            && let Some(text) = reporter.item(&item, |report| followed.owns(report.outcome))
        {
            sink.write(&text)?;
        }
        say_warnings(&mut live);
        while let Some(signal) = signals.read_signal()? {
            match &mut stage {
                Stage::Runs if signal.ssi_code <= SI_USER => followed.pass_on(signal.ssi_signo),
                // Whoever asks twice waits for nothing.
                Stage::Lingers(_, lingering) => lingering.give_up(),
                Stage::Runs | Stage::Ends(..) => {}
            }
        }
        stage = stage.next(&mut followed, &live, arguments)?;
    }
    for item in live.drain() {
        if let Some(text) = reporter.item(&item, |report| followed.owns(report.outcome)) {
            sink.write(&text)?;
        }
    }
    let status = stage.status();
    if !arguments.common.quiet {
        sink.write(&closing_words(&reporter, &live, arguments))?;
    }
    sink.finish()?;
    Ok(exit_code(status))
}

/// What `run` waits for.
enum Stage {
    /// The command.
    Runs,
    /// What its connections do without it.
    Lingers(ExitStatus, Lingering),
    /// The last events.
    Ends(ExitStatus, Instant),
}

impl Stage {
    fn is_over(&self) -> bool {
        matches!(self, Self::Ends(_, since) if since.elapsed() >= LAST_WORDS)
    }

    fn status(&self) -> ExitStatus {
        match self {
            Self::Runs => ExitStatus::default(),
            Self::Lingers(status, _) | Self::Ends(status, _) => *status,
        }
    }

    fn next(self, followed: &mut Followed, live: &Live, arguments: &Run) -> Result<Self> {
        match self {
            Self::Runs => {
                followed.note_namespaces();
                let ended = followed.child.try_wait().context("cannot wait for the command")?;
                Ok(ended.map_or(Self::Runs, |status| Self::Lingers(status, Lingering::begin(arguments))))
            }
            Self::Lingers(status, mut lingering) => {
                let orphans = || followed.orphans(live);
                Ok(if lingering.goes_on(orphans) {
                    Self::Lingers(status, lingering)
                } else {
                    Self::Ends(status, Instant::now())
                })
            }
            Self::Ends(..) => Ok(self),
        }
    }
}

fn closing_words(reporter: &LiveReporter, live: &Live, arguments: &Run) -> String {
    let program = arguments.command[0].to_string_lossy();
    match reporter.shown() {
        0 if arguments.format == crate::args::Format::Text && live.lost() + live.only_counted() == 0 => {
            format!("whyrst: no connection of {program} was reset\n")
        }
        _ => reporter.summary(live),
    }
}

/// Signals that are not ours but the command's.
fn signals(wanted: &[Signal]) -> Result<SignalFd> {
    let set: SigSet = wanted.iter().copied().collect();
    set.thread_block().context("cannot block signals")?;
    SignalFd::with_flags(&set, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC).context("cannot wait for signals")
}

fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code().or_else(|| status.signal().map(|signal| SIGNALLED + signal)).unwrap_or(SIGNALLED);
    ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX))
}

/// Standard error, or the file of `-o`.
enum Sink {
    Error,
    File(Output),
}

impl Sink {
    fn open(arguments: &Run) -> Result<Self> {
        match &arguments.common.output {
            Some(_) => Output::stream(&arguments.common, &mut Places::default()).map(Self::File),
            None => Ok(Self::Error),
        }
    }

    fn write(&mut self, text: &str) -> Result<()> {
        match self {
            Self::Error => std::io::stderr().write_all(text.as_bytes()).context("cannot write to standard error"),
            Self::File(output) => output.write(text).and_then(|()| output.flush()),
        }
    }

    fn finish(self) -> Result<()> {
        match self {
            Self::Error => Ok(()),
            Self::File(output) => output.finish(),
        }
    }
}

/// The command and what is known as its.
struct Followed {
    child: Child,
    cgroup: Option<Cgroup>,
    namespaces: Namespaces,
}

impl Followed {
    fn spawn(arguments: &Run) -> Result<Self> {
        let (program, rest) = arguments.command.split_first().expect("invariant: the command line requires one");
        let cgroup = Cgroup::make();
        // Whoever is in the cgroup when it forks leaves its child there: so it begins there.
        let back = cgroup.as_ref().and_then(Cgroup::enter);
        let spawned = Command::new(program).args(rest).spawn();
        if let Some(back) = back {
            let _ = fs::write(back, "0"); // staying would only make our own resets the command's
        }
        let child = spawned.with_context(|| format!("cannot run {}", program.to_string_lossy()))?;
        Ok(Self { child, cgroup, namespaces: Namespaces::of_this_process() })
    }

    /// What is reported whatever floods the host.
    fn interest(&self) -> Interest {
        let cgroups = self.cgroup.iter().map(|cgroup| cgroup.id).collect();
        Interest { cgroups, pids: [self.child.id()].into(), ..Interest::default() }
    }

    /// Notes in which network namespaces its processes are: that is seen only while they are there.
    fn note_namespaces(&mut self) {
        let Some(cgroup) = &self.cgroup else { return };
        let pids = fs::read_to_string(procs(&cgroup.path)).unwrap_or_default();
        pids.lines().for_each(|pid| self.namespaces.note(pid));
    }

    /// Counts its connections that live on without a process; `None` where that cannot be known.
    fn orphans(&self, live: &Live) -> Option<usize> {
        live.orphans(self.cgroup.as_ref()?.id, &self.namespaces.lists()?)
    }

    /// Whether either end is a socket or a process of the command.
    fn owns(&self, outcome: &Outcome) -> bool {
        Side::BOTH.iter().filter_map(|side| outcome.account(*side)).any(|account| match &self.cgroup {
            Some(cgroup) => account.cgroup == cgroup.id || pids(account).any(|pid| self.is_child(pid)),
            None => pids(account).any(|pid| self.is_child(pid)),
        })
    }

    /// By its parents, as far as they are still there.
    fn is_child(&self, pid: u32) -> bool {
        let mut next = Some(pid);
        for _ in 0..64 {
            match next {
                Some(pid) if pid == self.child.id() => return true,
                Some(pid) if pid > 1 => next = parent(pid),
                _ => return false,
            }
        }
        false
    }

    fn pass_on(&self, signal: u32) {
        let signal = i32::try_from(signal).ok().and_then(|number| Signal::try_from(number).ok());
        let pid = i32::try_from(self.child.id()).map(Pid::from_raw);
        if let (Some(signal), Ok(pid)) = (signal, pid) {
            let _ = kill(pid, signal); // it may have ended just now
        }
    }
}

fn pids(account: &Account) -> impl Iterator<Item = u32> + '_ {
    [&account.process, &account.closer].into_iter().flatten().map(|process| process.pid)
}

fn parent(pid: u32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("PPid:"))?.trim().parse().ok()
}

/// A cgroup for the command alone. Dropping it removes it, when it is empty.
struct Cgroup {
    path: PathBuf,
    id: u64,
    /// Where we are ourselves.
    home: PathBuf,
}

impl Cgroup {
    fn make() -> Option<Self> {
        let root = cgroup_mount_point()?;
        let own = fs::read_to_string("/proc/self/cgroup").ok()?;
        let own = own.lines().find_map(|line| line.strip_prefix("0::"))?.trim_start_matches('/').to_owned();
        let home = root.join(own);
        let path = home.join(format!("whyrst-run-{}", std::process::id()));
        fs::create_dir(&path).ok()?;
        let id = fs::metadata(&path).ok()?.ino();
        Some(Self { path, id, home })
    }

    /// Moves this process in; where to write to get back.
    fn enter(&self) -> Option<PathBuf> {
        fs::write(procs(&self.path), "0").ok().map(|()| procs(&self.home))
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.path); // processes that outlive the command keep it
    }
}

fn procs(folder: &Path) -> PathBuf {
    folder.join("cgroup.procs")
}
