//! An actor from both sides of its fork: how the conductor starts, addresses and ends it, and the
//! loop that it runs.

use std::collections::VecDeque;
use std::ffi::CString;
use std::time::{Duration, Instant};

use nix::sys::prctl;
use nix::sys::signal::{SigHandler, SigSet, Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, alarm};
use whyrst_core::time::{Span, Timestamp};

use super::calls::{Hands, Performed};
use super::{Line, Message};
use crate::error::{LabError, Tried};
use crate::netns::Netns;
use crate::played::Ending;
use crate::plug::Hosts;
use crate::scenario::{Action, Actor, Scenario};
use crate::sys;

/// An actor as the conductor knows it. Dropping it kills the process.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) actor: Actor,
    pub(crate) line: Line,
    /// `None` for an actor that another actor forks.
    pid: Option<Pid>,
    /// Steps that it was told and has not finished.
    pub(crate) outstanding: VecDeque<usize>,
    /// The call that it is in.
    pub(crate) inside: Option<(String, Timestamp)>,
    /// When its last call returned, where it knew the next one then.
    pub(crate) free_since: Option<Timestamp>,
    /// Set when it is gone.
    pub(crate) ending: Option<Ending>,
}

impl Process {
    /// Tells it to do step number `step`.
    pub(crate) fn tell(&mut self, step: usize) -> nix::Result<()> {
        self.line.send(&u32::try_from(step).unwrap_or(u32::MAX).to_le_bytes())?;
        self.outstanding.push_back(step);
        Ok(())
    }

    /// SIGKILL, from outside.
    pub(crate) fn kill(&self) -> nix::Result<()> {
        self.pid.map_or(Ok(()), |pid| kill(pid, Signal::SIGKILL))
    }

    /// How long the kernel has let it wait for a CPU in all (`run_delay` of its schedstat); `None` once it is gone,
    /// for an actor that another actor forks, and where the kernel does not count it.
    pub(crate) fn cpu_wait(&self) -> Option<Span> {
        let counts = std::fs::read_to_string(format!("/proc/{}/schedstat", self.pid?)).ok()?;
        counts.split_ascii_whitespace().nth(1)?.parse().ok().map(Span::from_nanos)
    }

    /// Finds out how it ended, once its line is closed.
    pub(crate) fn bury(&mut self) -> Ending {
        let ending = self.pid.take().map_or(Ending::Unknown, await_end);
        self.ending = Some(ending.clone());
        ending
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.kill().is_ok() && self.pid.is_some() {
            self.bury();
        }
    }
}

/// A process that has closed its line is all but gone: it is given a second for the rest.
fn await_end(pid: Pid) -> Ending {
    let patience = Instant::now() + Duration::from_secs(1);
    loop {
        match waitpid(pid, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::Exited(_, status)) => return Ending::Exit(status),
            Ok(WaitStatus::Signaled(_, signal, _)) => return Ending::Signal(signal.as_str().into()),
            Err(_) => return Ending::Unknown,
            Ok(_) if Instant::now() > patience => return Ending::Unknown,
            Ok(_) => std::thread::sleep(Duration::from_micros(200)),
        }
    }
}

/// Forks everybody who appears in the scenario, each into its host's namespace. The children of
/// actors get their lines now and are born later.
pub(crate) fn fork_cast(scenario: &'static Scenario, hosts: &Hosts) -> Result<Vec<Process>, LabError> {
    let home_of = |actor: Actor| hosts.iter().find(|(host, _)| *host == actor.host).map(|(_, netns)| netns);
    let mut lines = Vec::new();
    for actor in scenario.cast() {
        let (ours, theirs) = Line::pair()?;
        lines.push((actor, ours, theirs));
    }
    let is_forked = |actor: Actor| scenario.steps.iter().any(|step| step.action.child() == Some(actor));
    let mut pids = Vec::new();
    for (actor, ..) in &lines {
        if is_forked(*actor) {
            pids.push(None);
            continue;
        }
        match sys::fork().tried(|| format!("fork the actor {}", actor.name))? {
            ForkResult::Parent { child } => pids.push(Some(child)),
            ForkResult::Child => {
                let actor = *actor;
                let neighbours = lines.iter().take_while(|(earlier, ..)| *earlier != actor);
                let index = neighbours.filter(|(earlier, ..)| earlier.host == actor.host).count();
                let own = lines.into_iter().map(|(actor, _, theirs)| (actor, theirs)).collect();
                let home = home_of(actor).expect("invariant: the stage has every actor's host");
                be(scenario, actor, index, own, home);
            }
        }
    }
    let process = |((actor, line, _), pid)| Process {
        actor,
        line,
        pid,
        outstanding: VecDeque::new(),
        inside: None,
        free_since: None,
        ending: None,
    };
    Ok(lines.into_iter().zip(pids).map(process).collect())
}

/// The life of an actor. Whatever happens, it ends here and not in the conductor's code.
fn be(scenario: &'static Scenario, actor: Actor, index: usize, lines: Vec<(Actor, Line)>, netns: &Netns) -> ! {
    let life = std::panic::AssertUnwindSafe(|| {
        let entered = netns.enter();
        (entered.is_ok() && prepare(actor).is_ok()).then(|| obey(scenario, actor, index, lines))
    });
    let survived = matches!(std::panic::catch_unwind(life), Ok(Some(())));
    sys::exit_now(if survived { 0 } else { 101 })
}

/// Dies with the conductor, never outlives the scenario by much, and bears its own name.
fn prepare(actor: Actor) -> nix::Result<()> {
    prctl::set_pdeathsig(Signal::SIGKILL)?;
    SigSet::empty().thread_set_mask()?;
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        sys::set_disposition(signal, SigHandler::SigDfl)?;
    }
    sys::set_disposition(Signal::SIGPIPE, SigHandler::SigIgn)?;
    let limit = Scenario::LIMIT.nanos() / 1_000_000_000;
    alarm::set(u32::try_from(limit).unwrap_or(u32::MAX).saturating_add(5));
    CString::new(actor.name).map_or(Ok(()), |name| prctl::set_name(&name))
}

/// Does the steps that come over the line until it is closed. After `fork` the child goes on here
/// in the role of its own actor.
fn obey(scenario: &'static Scenario, actor: Actor, index: usize, mut lines: Vec<(Actor, Line)>) {
    let children: Vec<Actor> = children_of(scenario, actor);
    lines.retain(|(owner, _)| *owner == actor || children.contains(owner));
    let Some(mut line) = take_line(&mut lines, actor) else { return };
    let mut hands = Hands::new(scenario.family, actor.host, index);
    while let Ok(Some(command)) = line.receive() {
        let Some(step) = step_of(scenario, &command) else { return };
        match hands.perform(&step.action, &line) {
            Performed::Done(result) => {
                if report(&line, &Message::Done(result)).is_err() {
                    return;
                }
            }
            Performed::Became(child) => {
                let own = take_line(&mut lines, child);
                let Some(own) = own.filter(|_| prepare(child).is_ok()) else { return };
                line = own;
                lines.clear();
            }
        }
    }
}

fn children_of(scenario: &'static Scenario, actor: Actor) -> Vec<Actor> {
    let own = scenario.steps.iter().filter(|step| step.actor == actor);
    own.filter_map(|step| if let Action::Fork { child } = step.action { Some(child) } else { None }).collect()
}

fn take_line(lines: &mut Vec<(Actor, Line)>, actor: Actor) -> Option<Line> {
    let at = lines.iter().position(|(owner, _)| *owner == actor)?;
    Some(lines.remove(at).1)
}

fn step_of(scenario: &'static Scenario, command: &[u8]) -> Option<&'static crate::scenario::Step> {
    let number = u32::from_le_bytes(command.try_into().ok()?);
    scenario.steps.get(usize::try_from(number).ok()?)
}

/// Sends a message to the conductor.
pub(super) fn report(line: &Line, message: &Message) -> nix::Result<()> {
    line.send(&serde_json::to_vec(message).unwrap_or_default())
}
