//! The conductor: tells the actors their steps, waits for what comes of each, and gathers the
//! recordings when everything has come to rest. Every wait has an end.

use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, SigmaskHow, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use whyrst_core::time::{Span, Timestamp};
use whyrst_probe::{Live, LiveEvent, SocketReset};

use crate::actor::{CallResult, Message, now};
use crate::attribution::split_off_foreign;
use crate::error::{LabError, Tried};
use crate::judge::{Judged, judge};
use crate::played::{Call, End, Ending, Played, Returned};
use crate::scenario::{Action, ExpectedReturn, Host, Pace, Scenario, Step};
use crate::stage::Stage;

/// Nothing on the wire for this long means that the story is over. Linux delays an ACK by 40 ms.
const QUIET: Duration = Duration::from_millis(60);

/// Whoever is not quiet by then is not going to be.
const LONGEST_SETTLING: Duration = Duration::from_secs(2);

/// A wire or an actor later than this is no fair test of what verdicts measure: a server that closes within three milliseconds
/// leaves at once. Much later, and Linux probes for a lost tail: after two round trips, 20 ms on the plain wire.
const TOLERABLE_LATENESS: Span = Span::from_millis(2);

/// Attempts at a scenario that a busy machine disturbs.
const ATTEMPTS: usize = 8;

/// Plays a scenario and judges it. A play that failed while the machine was measurably too late is
/// no fair test: it is repeated, at most seven times, and each such attempt is noted in
/// [`Played::earlier_attempts`].
///
/// # Errors
///
/// As [`play`].
pub fn play_fairly(scenario: &'static Scenario) -> Result<(Played, Judged), LabError> {
    let mut earlier_attempts = Vec::new();
    loop {
        let mut played = play(scenario)?;
        let judged = judge(&played);
        match &played.disturbance {
            Some(disturbance) if !judged.passed() && earlier_attempts.len() + 1 < ATTEMPTS => {
                earlier_attempts.push(disturbance.clone());
            }
            _ => {
                played.earlier_attempts = earlier_attempts;
                return Ok((played, judged));
            }
        }
    }
}

/// Plays one scenario and returns everything that was recorded.
///
/// The calling process must have a single thread. An ordinary user's process enters a user
/// namespace of its own for good; root's enters a mount namespace of its own if tracefs is mounted
/// nowhere. SIGINT, SIGTERM and SIGHUP end the play, not the process: they
/// come back as [`LabError::Interrupted`] when everything has been taken down.
///
/// # Errors
///
/// Only when the stage cannot be built, or on a signal. A story that goes otherwise than the
/// scenario says is a [`Played`] with disagreements.
pub fn play(scenario: &'static Scenario) -> Result<Played, LabError> {
    let signals = Signals::hold()?;
    let stage = Stage::build(scenario)?;
    let mut conductor = Conductor {
        scenario,
        stage,
        signals,
        deadline: Instant::now() + Duration::from_nanos(Scenario::LIMIT.nanos().unsigned_abs()),
        calls: Vec::new(),
        disagreements: Vec::new(),
        overtime: None,
    };
    let began = now();
    let waited = conductor.cpu_waits();
    conductor.tell_the_story()?;
    conductor.note_unfinished();
    conductor.settle()?;
    conductor.note_cpu_wait(&waited);
    Ok(conductor.gather(began))
}

struct Conductor {
    scenario: &'static Scenario,
    stage: Stage,
    signals: Signals,
    deadline: Instant,
    calls: Vec<Call>,
    disagreements: Vec<String>,
    /// A call that took longer than the story allows, or an actor that had no CPU for its next one.
    overtime: Option<String>,
}

impl Conductor {
    fn tell_the_story(&mut self) -> Result<(), LabError> {
        let steps = self.scenario.steps;
        for (number, step) in steps.iter().enumerate() {
            let actor = self.index_of(step);
            match step.action {
                Action::IsKilled => self.kill(actor, number)?,
                Action::MachineSysctl { name, value } => self.set_for_all(number, name, value)?,
                Action::TakesAddress => self.move_address(number),
                _ => self.tell(actor, number),
            }
            let goes_on = steps.get(number + 1).is_some_and(|next| next.actor == step.actor && !is_from_outside(next));
            if step.pace == Pace::Waits && !goes_on {
                self.wait_for(actor)?;
            }
            if !self.disagreements.is_empty() {
                return Ok(());
            }
        }
        (0..self.stage.cast.len()).try_for_each(|actor| self.wait_for(actor))
    }

    fn index_of(&self, step: &Step) -> usize {
        let named = |process: &crate::actor::process::Process| process.actor == step.actor;
        self.stage.cast.iter().position(named).expect("invariant: the cast is made of the steps' actors")
    }

    fn tell(&mut self, actor: usize, step: usize) {
        if let Err(errno) = self.stage.cast[actor].tell(step) {
            self.disagree(step, &format!("it cannot be told to: {errno}"));
        }
    }

    /// The wire's doing, as that of a switch that has heard who has the address now.
    fn move_address(&mut self, step: usize) {
        let (text, began) = ("takes the server's address over".into(), now());
        self.stage.wire.move_address();
        let actor = self.scenario.steps[step].actor;
        self.calls.push(Call { actor, step, text, began, ended: now(), returned: Returned::Value(0) });
    }

    fn kill(&mut self, actor: usize, step: usize) -> Result<(), LabError> {
        let process = &mut self.stage.cast[actor];
        process.inside = Some(("kill(SIGKILL)".into(), now()));
        process.outstanding.push_back(step);
        process.kill().tried(|| format!("kill the actor {}", process.actor.name))
    }

    /// A sysctl of the whole machine: the stage sets it back, however the play ends.
    fn set_for_all(&mut self, step: usize, name: &str, value: &str) -> Result<(), LabError> {
        let began = now();
        self.stage.machine.set(name, value)?;
        let actor = self.scenario.steps[step].actor;
        let text = format!("sysctl({name}={value}) for the whole machine");
        self.calls.push(Call { actor, step, text, began, ended: now(), returned: Returned::Value(0) });
        Ok(())
    }

    /// Until the actor has nothing left to do, or something has gone wrong.
    fn wait_for(&mut self, actor: usize) -> Result<(), LabError> {
        while self.disagreements.is_empty() && !self.stage.cast[actor].outstanding.is_empty() {
            self.hear_somebody()?;
        }
        Ok(())
    }

    /// Waits for a message of any actor, a signal, or the end of all patience.
    fn hear_somebody(&mut self) -> Result<(), LabError> {
        let patience = self.deadline.saturating_duration_since(Instant::now());
        let alive = |process: &&crate::actor::process::Process| process.ending.is_none();
        let mut fds = vec![PollFd::new(self.signals.fd.as_fd(), PollFlags::POLLIN)];
        fds.extend(self.stage.cast.iter().filter(alive).map(|p| PollFd::new(p.line.as_fd(), PollFlags::POLLIN)));
        match poll(&mut fds, PollTimeout::try_from(patience).unwrap_or(PollTimeout::ZERO)) {
            Ok(0) => {
                self.give_up();
                return Ok(());
            }
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno).tried(|| "wait for the actors".into()),
        }
        let heard: Vec<bool> = fds.iter().map(|fd| fd.any().unwrap_or(true)).collect();
        self.signals.check(self.scenario)?;
        let alive: Vec<usize> =
            (0..self.stage.cast.len()).filter(|actor| self.stage.cast[*actor].ending.is_none()).collect();
        for (actor, _) in alive.into_iter().zip(&heard[1..]).filter(|(_, heard)| **heard) {
            self.hear(actor);
        }
        Ok(())
    }

    fn give_up(&mut self) {
        let busy = self.stage.cast.iter().filter_map(|process| process.outstanding.front());
        let hung: Vec<usize> = busy.copied().collect();
        for step in hung {
            self.disagree(step, &format!("it did not end within {}", Scenario::LIMIT));
        }
    }

    fn hear(&mut self, actor: usize) {
        match self.stage.cast[actor].line.receive() {
            Ok(Some(datagram)) => match serde_json::from_slice(&datagram) {
                Ok(Message::Enters { text, at }) => self.entered(actor, text, Timestamp::from_nanos(at)),
                Ok(Message::Leaves { result, at }) => self.returned(actor, returned(result), Timestamp::from_nanos(at)),
                Ok(Message::Done(result)) => self.done(actor, &returned(result)),
                Err(error) => self.disagreements.push(format!("an actor's message cannot be read: {error}")),
            },
            Ok(None) | Err(_) => self.gone(actor),
        }
    }

    fn entered(&mut self, actor: usize, text: String, began: Timestamp) {
        let process = &mut self.stage.cast[actor];
        if let Some(idle) = process.free_since.take().map(|free| began.since(free))
            && idle > TOLERABLE_LATENESS
        {
            self.overtime = Some(format!("{} began {text} late, by {idle}", process.actor.name));
        }
        process.inside = Some((text, began));
    }

    fn returned(&mut self, actor: usize, returned: Returned, ended: Timestamp) {
        let process = &mut self.stage.cast[actor];
        let Some((text, began)) = process.inside.take() else { return };
        process.free_since = (process.outstanding.len() > 1).then_some(ended);
        let step = process.outstanding.front().copied().unwrap_or_default();
        self.calls.push(Call { actor: process.actor, step, text, began, ended, returned });
    }

    fn done(&mut self, actor: usize, returned: &Returned) {
        if let Some(step) = self.stage.cast[actor].outstanding.pop_front() {
            self.compare(step, returned);
        }
    }

    /// The line is closed: the process is dead, or will never speak again.
    fn gone(&mut self, actor: usize) {
        let ending = self.stage.cast[actor].bury();
        let unfinished: Vec<usize> = self.stage.cast[actor].outstanding.drain(..).collect();
        if let Some((text, began)) = self.stage.cast[actor].inside.take() {
            let (actor, step) = (self.stage.cast[actor].actor, unfinished.first().copied().unwrap_or_default());
            let returned = Returned::Never(ending.clone());
            self.calls.push(Call { actor, step, text, began, ended: now(), returned });
        }
        for step in unfinished {
            self.compare(step, &Returned::Never(ending.clone()));
        }
    }

    fn compare(&mut self, number: usize, returned: &Returned) {
        let step = &self.scenario.steps[number];
        if !comes_out(step.outcome, returned) {
            self.disagree(number, &format!("{}, but: {returned}", expected(step.outcome)));
        }
        let took = self.calls.iter().rfind(|call| call.step == number).map(Call::took);
        if let (Some((least, most)), Some(took)) = (step.took, took)
            && !(least..=most).contains(&took)
        {
            if took > most {
                self.overtime = Some(format!("a call that must end within {most} took {took}"));
            }
            self.disagree(number, &format!("it must take {least} to {most}, but it took {took}"));
        }
    }

    fn disagree(&mut self, step: usize, how: &str) {
        let Step { actor, action, .. } = self.scenario.steps[step];
        self.disagreements.push(format!("step {} ({} {action:?}): {how}", step + 1, actor.name));
    }

    /// Notes the calls that nobody has come back from.
    fn note_unfinished(&mut self) {
        for process in &mut self.stage.cast {
            if let (Some((text, began)), Some(step)) = (process.inside.take(), process.outstanding.front()) {
                let (actor, step, returned) = (process.actor, *step, Returned::NotYet);
                self.calls.push(Call { actor, step, text, began, ended: now(), returned });
            }
        }
    }

    fn cpu_waits(&self) -> Vec<Option<Span>> {
        self.stage.cast.iter().map(crate::actor::process::Process::cpu_wait).collect()
    }

    /// A server that waits for a CPU between `accept` and `close` does not leave at once.
    fn note_cpu_wait(&mut self, before: &[Option<Span>]) {
        let longest = before
            .iter()
            .zip(self.cpu_waits())
            .zip(&self.stage.cast)
            .filter_map(|((before, after), process)| {
                let waited = after?.nanos() - before.as_ref()?.nanos();
                Some((Span::from_nanos(waited), process.actor.name))
            })
            .max()
            .filter(|(waited, _)| *waited > TOLERABLE_LATENESS);
        if let (Some((waited, name)), None) = (longest, &self.overtime) {
            self.overtime = Some(format!("{name} waited {waited} for a CPU"));
        }
    }

    /// Waits until nothing has moved on the wire for a while.
    fn settle(&mut self) -> Result<(), LabError> {
        let latest = Instant::now() + LONGEST_SETTLING;
        let mut before = self.stage.wire.traffic();
        let mut since = Instant::now();
        while since.elapsed() < QUIET && Instant::now() < latest {
            std::thread::sleep(Duration::from_millis(2));
            self.signals.check(self.scenario)?;
            let traffic = self.stage.wire.traffic();
            if traffic != before || traffic.0 > 0 {
                (before, since) = (traffic, Instant::now());
            }
        }
        Ok(())
    }

    /// Ends the recordings, and only then the actors.
    fn gather(self, began: Timestamp) -> Played {
        let Self { scenario, stage, calls, mut disagreements, overtime, .. } = self;
        let late = stage.wire.lateness();
        let disturbance = (late > TOLERABLE_LATENESS).then(|| format!("the wire was late by {late}"));
        let ended = now();
        let from = stage.trace.as_ref().map_or(began, |trace| trace.from);
        let traced = stage.trace.and_then(crate::trace::Trace::finish);
        let told = stage.probe.and_then(|probe| told(probe, &stage.inodes));
        let mut ends = stage.taps.finish().unwrap_or_else(|| {
            disagreements.push("the capture's thread did not survive".into());
            [Host::Client, Host::Server].map(End::empty).into()
        });
        if stage.wire.refused() > 0 {
            disagreements.push(format!("the wire lost {} packets against the scenario", stage.wire.refused()));
        }
        let all: Vec<&End> = ends.iter().collect();
        let (kernel, foreign_resets) = split_off_foreign(traced, &all, from, ended);
        // The trace has no room for the stack now and then, and the reason alone does not say which path it was.
        let stackless = kernel.as_ref().is_ok_and(|recording| recording.resets.iter().any(|it| it.stack.is_empty()));
        let disturbance = disturbance.or(stackless.then(|| "the kernel's trace has an event without its stack".into()));
        let bystanders = ends.split_off(2);
        let ends = ends.try_into().expect("invariant: the client's and the server's come first");
        Played {
            scenario,
            began,
            ended,
            wiring: stage.wiring,
            calls,
            ends,
            bystanders,
            kernel,
            told,
            foreign_resets,
            disagreements,
            disturbance: disturbance.or(overtime),
            earlier_attempts: Vec::new(),
        }
    }
}

/// What the probe tells of the hosts of this play.
fn told(mut probe: Live, inodes: &[u32]) -> Result<Vec<SocketReset>, String> {
    let ours = |item| match item {
        LiveEvent::Reset(reset) if inodes.contains(&reset.event.account.netns) => Some(*reset),
        LiveEvent::Reset(_) | LiveEvent::Folded(_) => None,
    };
    let resets = probe.drain().into_iter().filter_map(ours).collect();
    match probe.lost() {
        0 => Ok(resets),
        lost => Err(format!("the probe's ring buffer lost {lost} events")),
    }
}

/// What is done to an actor, not by it.
const fn is_from_outside(step: &Step) -> bool {
    matches!(step.action, Action::IsKilled | Action::TakesAddress | Action::MachineSysctl { .. })
}

fn returned(result: CallResult) -> Returned {
    match result {
        Ok(value) => Returned::Value(value),
        Err(errno) => Returned::Error(format!("{:?}", Errno::from_raw(errno))),
    }
}

fn comes_out(outcome: ExpectedReturn, returned: &Returned) -> bool {
    match (outcome, returned) {
        (ExpectedReturn::Succeeds, Returned::Value(_)) => true,
        (ExpectedReturn::Gives(value), Returned::Value(got)) => *got == value,
        (ExpectedReturn::GivesBetween(least, most), Returned::Value(got)) => (least..=most).contains(got),
        (ExpectedReturn::Fails(errno), Returned::Error(got)) => got == errno,
        (ExpectedReturn::DiesOf(signal), Returned::Never(Ending::Signal(got))) => got == signal,
        _ => false,
    }
}

fn expected(outcome: ExpectedReturn) -> String {
    match outcome {
        ExpectedReturn::Succeeds => "it must succeed".into(),
        ExpectedReturn::Gives(value) => format!("it must give {value}"),
        ExpectedReturn::GivesBetween(least, most) => format!("it must give {least} to {most}"),
        ExpectedReturn::Fails(errno) => format!("it must fail with {errno}"),
        ExpectedReturn::DiesOf(signal) => format!("the process must die of {signal}"),
    }
}

/// Signals that would end the process, held back so that a play can take itself down. Dropping it
/// lets them through again.
struct Signals {
    fd: SignalFd,
    before: SigSet,
}

impl Signals {
    fn hold() -> Result<Self, LabError> {
        let held: SigSet = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP].into_iter().collect();
        let before = held.thread_swap_mask(SigmaskHow::SIG_BLOCK).tried(|| "hold signals back".into())?;
        let fd = SignalFd::with_flags(&held, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)
            .tried(|| "make a signalfd".into())?;
        Ok(Self { fd, before })
    }

    fn check(&self, scenario: &'static Scenario) -> Result<(), LabError> {
        let Ok(Some(info)) = self.fd.read_signal() else { return Ok(()) };
        let signal = i32::try_from(info.ssi_signo).ok().and_then(|number| Signal::try_from(number).ok());
        let signal = signal.map_or_else(|| "a signal".into(), |signal| signal.as_str().to_owned());
        Err(LabError::Interrupted { scenario: scenario.id, signal })
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        let _ = self.before.thread_set_mask();
    }
}
