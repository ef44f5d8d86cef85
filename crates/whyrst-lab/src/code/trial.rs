//! The proof of the programs: they are built and run as `run.sh` does, in a network namespace of their own, and what
//! their calls returned and what whyrst makes of the captured packets is held against the scenario.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{Signal, killpg};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};
use nix::unistd::Pid;
use whyrst_core::language::Language;

use crate::error::{LabError, Tried};
use crate::judge::firsts_alone;
use crate::netns::Netns;
use crate::played::{Direction, End};
use crate::plug;
use crate::scenario::{ExpectedReturn, First, Host, Scenario, View};
use crate::sys;
use crate::tap::{Tap, Taps};

use super::page::{call_words, expected};
use super::{File, Program};

/// The last packets are seen by then.
const MOMENT: Duration = Duration::from_millis(60);

/// Compilers on a busy machine, and the longest of stories.
const LIMIT: Duration = Duration::from_secs(40);

/// What came of it.
#[derive(Debug)]
pub struct Trial {
    /// What the programs printed.
    pub output: String,
    /// The first answers of the captured packets, in order; equal ones in a row are one.
    pub firsts: Vec<First>,
    /// Everything that is not as the scenario says.
    pub disagreements: Vec<String>,
}

/// Writes the files into `folder`, builds the programs and plays them.
///
/// The thread enters a network namespace for good, an ordinary user's process a user namespace; that needs a process
/// with one thread.
///
/// # Errors
///
/// Where the namespace, the capture or a program cannot be made.
pub fn run(scenario: &'static Scenario, program: Program, folder: &Path) -> Result<Trial, LabError> {
    let files = super::files(scenario, program, Language::English);
    let files = files.map_err(|reason| LabError::NoProgram { scenario: scenario.id, reason: reason.to_string() })?;
    write(&files, folder)?;
    let home = Netns::current()?;
    let _netns = Netns::fresh()?;
    let control = socket(AddressFamily::Inet, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None)
        .tried(|| "open an IPv4 socket".into())?;
    sys::bring_up(control.as_fd(), "lo", 0).tried(|| "bring lo up".into())?;
    let taps = Taps::start(vec![Tap::open(Host::Server, plug::index("lo")?)?])?;
    let mut shell = Command::new("sh");
    shell.arg("run.sh").current_dir(folder).env("WHYRST_INSIDE", "trial").stdin(Stdio::null()).stderr(Stdio::inherit());
    let (text, ended) = play(shell, folder)?;
    std::thread::sleep(MOMENT);
    let mut seen = taps.finish().and_then(|mut ends| ends.pop()).unwrap_or_else(|| End::empty(Host::Server));
    // Loopback hands each packet to the capture twice.
    seen.frames.retain(|frame| frame.direction == Direction::Received);
    let _ = home.enter();
    let firsts = firsts_alone(&seen);
    let mut disagreements = compare_calls(scenario, &text);
    disagreements.extend(ended);
    if seen.dropped > 0 {
        disagreements.push(format!("the capture lost {} packets", seen.dropped));
    }
    let wanted = expected(scenario);
    if !wanted.contains(&firsts) && !names_the_truth(scenario, &firsts) {
        disagreements.push(format!("the packets lead to {}, not to {}", words(&firsts), either(&wanted)));
    }
    Ok(Trial { output: text, firsts, disagreements })
}

/// Runs the script to its end or to that of all patience: what the programs printed, and how it ended if not well.
fn play(mut shell: Command, folder: &Path) -> Result<(String, Option<String>), LabError> {
    let tried = |error: std::io::Error| crate::error::errno_of(&error);
    let printed = folder.join("output.txt");
    let output = fs::File::create(&printed).map_err(tried).tried(|| format!("make {}", printed.display()))?;
    // A group of its own, which ends whole.
    let mut running = shell.stdout(output).process_group(0).spawn().map_err(tried).tried(|| "run run.sh".into())?;
    let until = Instant::now() + LIMIT;
    let mut ended = None;
    while ended.is_none() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(10));
        ended = running.try_wait().map_err(tried).tried(|| "wait for run.sh".into())?;
    }
    if ended.is_none() {
        let group = Pid::from_raw(running.id().cast_signed());
        let _ = killpg(group, Signal::SIGKILL);
        let _ = running.wait();
    }
    let text = fs::read(&printed).map_err(tried).tried(|| format!("read {}", printed.display()))?;
    let how = match ended {
        Some(status) if status.success() => None,
        Some(status) => Some(format!("run.sh: {status}")),
        None => Some(format!("run.sh did not end within {} s", LIMIT.as_secs())),
    };
    Ok((String::from_utf8_lossy(&text).into_owned(), how))
}

/// Writes the files; `run.sh` may be run. What is there with the same contents stays, so that it may be asked for twice.
///
/// # Errors
///
/// Where one cannot be written, or something else has its name: then none is written.
pub fn write(files: &[File], folder: &Path) -> Result<(), LabError> {
    let keep =
        |path: &Path, result: std::io::Result<()>| result.map_err(|cause| LabError::Keep { path: path.into(), cause });
    keep(folder, fs::create_dir_all(folder))?;
    for file in files {
        let path = folder.join(&file.name);
        if is_there(&path) && !holds(&path, &file.text) {
            return Err(LabError::NotOurs { path });
        }
    }
    for file in files {
        let path = folder.join(&file.name);
        if is_there(&path) {
            continue;
        }
        // O_EXCL: what comes to be there meanwhile is not written over, and no link is followed.
        let made = fs::File::create_new(&path).and_then(|mut made| made.write_all(file.text.as_bytes()));
        keep(&path, made)?;
        if path.extension().is_some_and(|extension| extension == "sh") {
            use std::os::unix::fs::PermissionsExt;
            keep(&path, fs::set_permissions(&path, fs::Permissions::from_mode(0o755)))?;
        }
    }
    Ok(())
}

/// Also a link that leads nowhere.
fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// Whether it is a file, and no link to one, with that text.
fn holds(path: &Path, text: &str) -> bool {
    let is_file = path.symlink_metadata().is_ok_and(|of| of.is_file() && of.len() == text.len() as u64);
    is_file && fs::read(path).is_ok_and(|bytes| bytes == text.as_bytes())
}

/// Where a host's capture lacks a connection that loopback has, the answer may be the truth itself.
fn names_the_truth(scenario: &Scenario, firsts: &[First]) -> bool {
    let ends = [Host::Client, Host::Server];
    let lacks = ends.iter().any(|end| scenario.expect.exception(*end, View::Packets).is_some());
    let truth = scenario.expect.client.causes();
    lacks && truth.iter().all(|id| firsts.iter().any(|first| first.causes().any(|cause| cause.id == *id)))
}

fn words(firsts: &[First]) -> String {
    if firsts.is_empty() {
        return "no reset".into();
    }
    firsts.iter().map(First::to_string).collect::<Vec<_>>().join("; ")
}

fn either(wanted: &[Vec<First>]) -> String {
    wanted.iter().map(|firsts| words(firsts)).collect::<Vec<_>>().join(" or ")
}

/// What each program printed, in order, against what its steps must return.
fn compare_calls(scenario: &Scenario, output: &str) -> Vec<String> {
    let mut said: BTreeMap<&str, Vec<(&str, i64, i64)>> = BTreeMap::new();
    for line in output.lines() {
        let Some((name, rest)) = line.split_once(": ") else { continue };
        // A call whose result the language keeps to itself has none.
        let Some((call, result)) = rest.rsplit_once(") = ").or_else(|| Some((rest.strip_suffix(')')?, "0"))) else {
            continue;
        };
        let mut numbers = result.split([' ', '(']).filter_map(|word| word.parse::<i64>().ok());
        let value = numbers.next().unwrap_or_default();
        said.entry(name).or_default().push((call, value, numbers.next().unwrap_or_default()));
    }
    let mut disagreements = Vec::new();
    let speaker = |name: &'static str| {
        // A child speaks in its parent's name.
        let parent = scenario.steps.iter().find(|step| step.action.child().is_some_and(|child| child.name == name));
        parent.map_or(name, |step| step.actor.name)
    };
    let mut names: Vec<&str> = scenario.cast().map(|actor| actor.name).collect();
    names.retain(|name| speaker(name) == *name);
    for name in names {
        let forks = scenario.steps.iter().any(|step| step.actor.name == name && step.action.child().is_some());
        let printed = said.get(name).map(Vec::as_slice).unwrap_or_default();
        let mut left: Vec<Option<&(&str, i64, i64)>> = printed.iter().map(Some).collect();
        for step in scenario.steps.iter().filter(|step| speaker(step.actor.name) == name) {
            let Some(call) = call_words(&step.action) else { continue };
            if matches!(step.outcome, ExpectedReturn::DiesOf(_)) {
                continue;
            }
            let call = call.trim_end_matches(')');
            // Processes that run beside each other print as they come.
            let next = left.iter().position(|it| it.is_some_and(|(printed, ..)| *printed == call));
            let is_next = next.is_some_and(|at| {
                forks || left[..at].iter().flatten().all(|(it, ..)| it.contains("setsockopt") || *it == call)
            });
            let Some((_, value, errno)) = next.and_then(|at| left[at].take()).filter(|_| is_next) else {
                disagreements.push(format!("{name}: {call}) was not printed in its place"));
                break;
            };
            if !agrees(step.outcome, *value, *errno)
                && !matches!(step.action, crate::scenario::Action::ConnectUntilAccepted { .. })
            {
                disagreements.push(format!("{name}: {call}) gave {value} (errno {errno}), not {:?}", step.outcome));
            }
        }
    }
    disagreements
}

fn agrees(outcome: ExpectedReturn, value: i64, errno: i64) -> bool {
    match outcome {
        ExpectedReturn::Succeeds => value >= 0,
        ExpectedReturn::Gives(wanted) => value == wanted,
        ExpectedReturn::GivesBetween(least, most) => (least..=most).contains(&value),
        ExpectedReturn::Fails(name) => {
            value < 0 && i32::try_from(errno).is_ok_and(|errno| format!("{:?}", Errno::from_raw(errno)) == name)
        }
        ExpectedReturn::DiesOf(_) => true,
    }
}
