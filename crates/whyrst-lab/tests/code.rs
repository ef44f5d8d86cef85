//! The programs that `whyrst lab code` gives are built and run, in every language, and what whyrst makes of the
//! captured packets must be the scenario's own verdict. Without a word those of the article are played; `-- every` plays
//! all, which takes minutes; other words choose: languages and ids of scenarios.
//!
//! Its own main: each play is a process with one thread, since it enters a network namespace for good. A language
//! whose compiler is missing fails, unless [`MAY_BE_MISSING`] says why it may be.

#![expect(clippy::print_stdout, reason = "its own harness says what it plays")]

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use whyrst_core::language::Language;
use whyrst_lab::code::{self, Program, trial};
use whyrst_lab::scenario::Scenario;
use whyrst_lab::{scenario, scenarios};

/// Languages whose compiler may be missing, and why.
const MAY_BE_MISSING: &[(Program, &str)] = &[];

/// What is played without a word: a program for each of the article's cases that sockets alone can make, and how else
/// a program's end resets.
const SHORT: &[&str] = &["closed-port", "close-unread", "data-after-close", "exit-unread", "linger-zero"];

/// The word for all of them.
const EVERY: &str = "every";

/// Plays at once: they mostly sleep.
const AT_ONCE: usize = 4;

/// A play that a busy machine disturbs is repeated so often in all: programs of a person have no conductor.
const ATTEMPTS: usize = 3;

/// The word before a play of its own.
const ONE: &str = "--one";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [first, program, id, folder] = words.as_slice()
        && first == ONE
    {
        return one(program, id, Path::new(folder));
    }
    // As the usual harness: these plays are neither ignored nor to be listed.
    if words.iter().any(|word| word == "--ignored" || word == "--list") {
        return ExitCode::SUCCESS;
    }
    all(&words.iter().map(String::as_str).filter(|word| !word.starts_with('-')).collect::<Vec<_>>())
}

fn named(program: &str) -> Option<Program> {
    Program::ALL.into_iter().find(|known| known.name() == program)
}

/// Plays one; the process has one thread.
fn one(program: &str, id: &str, folder: &Path) -> ExitCode {
    let (Some(program), Some(scenario)) = (named(program), scenario(id)) else { return ExitCode::from(2) };
    match trial::run(scenario, program, folder) {
        Ok(trial) if trial.disagreements.is_empty() => ExitCode::SUCCESS,
        Ok(trial) => {
            println!("{}\n{}", trial.output, trial.disagreements.join("\n"));
            ExitCode::FAILURE
        }
        Err(error) => {
            println!("{error}");
            ExitCode::from(2)
        }
    }
}

struct Job {
    program: Program,
    scenario: &'static Scenario,
    attempt: usize,
}

fn all(words: &[&str]) -> ExitCode {
    let languages: Vec<Program> = words.iter().filter_map(|word| named(word)).collect();
    let named_ids = || words.iter().copied().filter(|word| named(word).is_none() && *word != EVERY);
    let ids: Vec<&str> = if words.is_empty() { SHORT.to_vec() } else { named_ids().collect() };
    let mut failed = Vec::new();
    let mut jobs = VecDeque::new();
    for program in Program::ALL.into_iter().filter(|it| languages.is_empty() || languages.contains(it)) {
        if !is_there(program) {
            match MAY_BE_MISSING.iter().find(|(known, _)| *known == program) {
                Some((_, why)) => println!("left out: {}: {why}", program.name()),
                None => failed.push(format!("{}: there is no {}", program.name(), program.tool())),
            }
            continue;
        }
        let chosen = scenarios().filter(|it| ids.is_empty() || ids.contains(&it.id));
        let possible = chosen.filter(|it| code::files(it, program, Language::English).is_ok());
        jobs.extend(possible.map(|scenario| Job { program, scenario, attempt: 1 }));
    }
    let count = jobs.len();
    if count == 0 && words.is_empty() {
        failed.push("nothing to play".into());
    }
    failed.extend(play(jobs));
    if words.is_empty() {
        failed.extend(by_hand());
    }
    println!("\n{count} programs, {} failed", failed.len());
    for failure in &failed {
        println!("FAILED {failure}");
    }
    ExitCode::from(u8::from(!failed.is_empty()))
}

/// As a person uses them: `run.sh` named from another folder, and a program alone where its port is taken.
fn by_hand() -> Vec<String> {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("code-by-hand");
    let _ = std::fs::remove_dir_all(&folder);
    let mut failed = Vec::new();
    for program in Program::ALL.into_iter().filter(|it| is_there(*it)) {
        let files = code::files(scenario("close-unread").expect("it is played"), program, Language::English);
        let name = program.name();
        trial::write(&files.expect("it has programs"), &folder.join(name)).expect("the folder is new");
        let output = Command::new(format!("{name}/run.sh")).current_dir(&folder).output().expect("it may be run");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        if !output.status.success() || !text.contains("client: read(4096) = -1 errno 104") {
            failed.push(format!("{name}/run.sh: {}: {text}{}", output.status, String::from_utf8_lossy(&output.stderr)));
        }
        failed.extend(taken(program, &folder.join(name)));
    }
    failed
}

/// A server whose port is taken, and a client that nobody hears, say so and fail.
fn taken(program: Program, folder: &Path) -> Vec<String> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback");
    let taken = listener.local_addr().expect("it is bound").port();
    let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("loopback").port();
    let mut failed = Vec::new();
    for (part, port, words) in [("server", taken, "in use"), ("client", free, "refused")] {
        let mut command = match program {
            Program::Python => Command::new("python3"),
            Program::C | Program::Rust | Program::Go => Command::new(folder.join(part)),
        };
        if program == Program::Python {
            command.arg(folder.join(format!("{part}.py")));
        }
        let output = command.arg(port.to_string()).output().expect("run.sh has built it");
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        // A panic of Rust has a status of its own.
        let wanted = if program == Program::Rust { 101 } else { 1 };
        if output.status.code() != Some(wanted) || !said.to_lowercase().contains(words) {
            failed.push(format!("{} {part} on port {port}: {}: {said}", program.name(), output.status));
        }
    }
    failed
}

fn is_there(program: Program) -> bool {
    let version = if program == Program::Go { "version" } else { "--version" };
    let asked = Command::new(program.tool()).arg(version).stdout(Stdio::null()).stderr(Stdio::null()).status();
    asked.is_ok_and(|status| status.success())
}

fn play(mut jobs: VecDeque<Job>) -> Vec<String> {
    let mut failed = Vec::new();
    let mut running: Vec<(Job, Child, PathBuf, Instant)> = Vec::new();
    while !jobs.is_empty() || !running.is_empty() {
        while running.len() < AT_ONCE
            && let Some(job) = jobs.pop_front()
        {
            let folder = folder(&job);
            let child = begin(&job, &folder);
            running.push((job, child, folder, Instant::now()));
        }
        std::thread::sleep(Duration::from_millis(20));
        let mut at = 0;
        while at < running.len() {
            let Ok(Some(status)) = running[at].1.try_wait() else {
                at += 1;
                continue;
            };
            let (job, child, folder, began) = running.swap_remove(at);
            let name = format!("{} {}", job.program.name(), job.scenario.id);
            if status.success() {
                println!("ok {name} {:.1} s, attempt {}", began.elapsed().as_secs_f64(), job.attempt);
                let _ = std::fs::remove_dir_all(&folder);
            } else if job.attempt < ATTEMPTS {
                jobs.push_back(Job { attempt: job.attempt + 1, ..job });
            } else {
                let output = child.wait_with_output().map(|output| output.stdout).unwrap_or_default();
                let output = String::from_utf8_lossy(&output).into_owned();
                println!("FAILED {name} ({})\n{output}", folder.display());
                failed.push(format!("{name}: {}", output.lines().last().unwrap_or_default()));
            }
        }
    }
    failed
}

fn folder(job: &Job) -> PathBuf {
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    target.join(format!("code-{}-{}", job.program.name(), job.scenario.id))
}

fn begin(job: &Job, folder: &Path) -> Child {
    let _ = std::fs::remove_dir_all(folder);
    let this = std::env::current_exe().expect("a program knows itself");
    let mut command = Command::new(this);
    command.args([ONE, job.program.name(), job.scenario.id]).arg(folder).stdout(Stdio::piped());
    if let Some(path) = path() {
        command.env("PATH", path);
    }
    command.spawn().expect("it can be started again")
}

/// The path with Python itself first: a script in its place, as pyenv has one, takes longer to start than stories last.
fn path() -> Option<std::ffi::OsString> {
    let asked = Command::new("python3").args(["-c", "import sys; print(sys.executable)"]).output().ok()?;
    let python = PathBuf::from(String::from_utf8(asked.stdout).ok()?.trim());
    let all = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(python.parent().map(Path::to_path_buf).into_iter().chain(std::env::split_paths(&all))).ok()
}
