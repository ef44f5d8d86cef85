//! `cargo xtask stacks`: lwIP, smoltcp, passt and slirp4netns end TCP connections with a Linux peer, and what passed
//! between them becomes the captures in `crates/whyrst-capture/tests/stacks/`. A test judges those on every run and
//! needs no stack; this is for recording them again, with another version or another play.
//!
//! Everything happens in two network namespaces: the peer's, whose `tap0` leads to the stack and is captured, and the
//! host's, where passt and slirp4netns run and find the sockets that they stand for. The stacks are data
//! (`stacks/plays.rs`); the programs for them are in `tools/stacks`. Needs root, gcc and the Debian packages tcpdump, passt,
//! slirp4netns and liblwip-dev.

mod plays;

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use self::plays::{ADDRESS, Behind, NETWORK, Play, STACKS, Stack, Version};
use crate::shell::{self, Scratch, cargo, is_root, root, target};

const CORPUS: &str = "crates/whyrst-capture/tests/stacks";
const VERSIONS: &str = "versions.txt";
const PEER: &str = "whyrst-stacks-peer";
const HOST: &str = "whyrst-stacks-host";
/// How long anything may take to start on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);
/// What belongs to a play follows within this time.
const MOMENT: Duration = Duration::from_millis(400);

const PROGRAMS: &[(&str, &str)] =
    &[("peer.py", include_str!("../../tools/stacks/peer.py")), ("host.py", include_str!("../../tools/stacks/host.py"))];

/// Plays all with these stacks, with every stack when none is named, and records what passed.
pub fn play(names: &[&str]) -> Result<()> {
    if !is_root() {
        bail!("namespaces are made by root alone");
    }
    if let Some(unknown) = names.iter().find(|name| !STACKS.iter().any(|stack| stack.name == **name)) {
        let known: Vec<&str> = STACKS.iter().map(|stack| stack.name).collect();
        bail!("there is no stack {unknown}: {}", known.join(", "));
    }
    let missing = ["gcc", "tcpdump", "pasta", "slirp4netns"].into_iter().find(|program| !shell::installed(program));
    if let Some(program) = missing {
        bail!("{program} is not installed: apt-get install gcc tcpdump passt slirp4netns liblwip-dev");
    }
    let built = build()?;
    for stack in STACKS.iter().filter(|stack| names.is_empty() || names.contains(&stack.name)) {
        for play in Play::ALL {
            println!("== {} {}", stack.name, play.name());
            println!("{}", Stage::set(stack, play, &built)?.perform()?);
        }
    }
    fs::write(root().join(CORPUS).join(VERSIONS), versions()?).context("cannot write the versions")?;
    println!("recorded in {CORPUS}; `cargo test -p whyrst-capture --test capture stacks` judges it");
    Ok(())
}

/// The programs that need building, by the name that the plays call them.
fn build() -> Result<Vec<(&'static str, PathBuf)>> {
    let out = target().join("stacks");
    fs::create_dir_all(&out).with_context(|| format!("cannot make {}", out.display()))?;
    let tools = root().join("tools/stacks");
    let lwip = out.join("lwip");
    let mut gcc = Command::new("gcc");
    gcc.args(["-O1", "-Wall", "-Wextra", "-Werror", "-I/usr/include/lwip", "-o"]).arg(&lwip);
    shell::run(gcc.arg(tools.join("lwip/stack.c")).args(["-llwip", "-lpthread"]))?;
    let mut smoltcp = cargo();
    smoltcp.args(["build", "--quiet", "--locked", "--manifest-path"]).arg(tools.join("smoltcp/Cargo.toml"));
    shell::run(smoltcp.arg("--target-dir").arg(&out))?;
    Ok(vec![("lwip", lwip), ("smoltcp", out.join("debug/smoltcp-stack"))])
}

/// What was played, one line each.
fn versions() -> Result<String> {
    let mut out = String::new();
    for stack in STACKS {
        match stack.version {
            Version::Packages(packages) => {
                for package in packages {
                    writeln!(out, "{package} {} (Debian)", package_version(package)?)?;
                }
            }
            Version::CargoLock(name) => writeln!(out, "{name} {} (crates.io)", locked_version(name)?)?,
        }
    }
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    writeln!(out, "peer: Linux {}", release.trim())?;
    Ok(out)
}

fn package_version(package: &str) -> Result<String> {
    let output = Command::new("dpkg-query").args(["-W", "-f", "${Version}", package]).output();
    let output = output.context("cannot run dpkg-query")?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn locked_version(name: &str) -> Result<String> {
    let lock = fs::read_to_string(root().join("tools/stacks/smoltcp/Cargo.lock")).context("cannot read Cargo.lock")?;
    let entry = format!("name = \"{name}\"\nversion = \"");
    let version = lock.split(&entry).nth(1).and_then(|rest| rest.split('"').next());
    version.map(str::to_owned).with_context(|| format!("Cargo.lock has no {name}"))
}

/// Both namespaces and a folder for one play. They go away with the value, and so does all that runs there.
struct Stage {
    stack: &'static Stack,
    play: Play,
    folder: Scratch,
    running: Vec<Child>,
}

impl Stage {
    fn set(stack: &'static Stack, play: Play, built: &[(&str, PathBuf)]) -> Result<Self> {
        strike();
        for name in [PEER, HOST] {
            shell::run(Command::new("ip").args(["netns", "add", name]))?;
        }
        let stage = Self { stack, play, folder: Scratch::new("stacks")?, running: Vec::new() };
        shell::run(&mut stage.shell(&format!("set -e\n{NETWORK}")))?;
        for (name, text) in PROGRAMS {
            fs::write(stage.path(name), text).with_context(|| format!("cannot write {name}"))?;
        }
        for (name, program) in built {
            fs::copy(program, stage.path(name)).with_context(|| format!("cannot copy {}", program.display()))?;
        }
        Ok(stage)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A shell in the folder that knows the namespaces.
    fn shell(&self, script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]).current_dir(self.folder.path()).env("PEER", PEER).env("HOST", HOST);
        command.stdin(Stdio::null());
        command
    }

    /// A shell command whose output nobody needs unless it fails to start.
    fn start(&mut self, script: &str) -> Result<()> {
        let log =
            fs::OpenOptions::new().create(true).append(true).open(self.path("log")).context("cannot write log")?;
        let mut command = self.shell(&format!("exec 2>&1\n{script}"));
        let child = command.stdout(log).spawn().with_context(|| format!("cannot run {script}"))?;
        self.running.push(child);
        Ok(())
    }

    fn start_stack(&mut self) -> Result<()> {
        let (stack, play) = (self.stack, self.play);
        self.start(if play == Play::ClientAbort { stack.connect } else { stack.serve })?;
        self.wait_for("the stack", |stage| {
            let link = stage.shell("ip -n $PEER link show tap0").output();
            link.is_ok_and(|link| String::from_utf8_lossy(&link.stdout).contains("LOWER_UP"))
        })?;
        sleep(MOMENT);
        Ok(())
    }

    /// What the peer printed.
    fn perform(mut self) -> Result<String> {
        let connects = self.play == Play::ClientAbort;
        let behind = self.stack.behind.as_ref();
        if let Some(Behind { serve, .. }) = behind.filter(|_| !connects) {
            self.start(&format!("exec ip netns exec $HOST python3 {serve}"))?;
            self.wait_for("the servers", |stage| {
                let sockets = stage.shell("ip netns exec $HOST ss -ltnH sport = :7004").output();
                sockets.is_ok_and(|sockets| !sockets.stdout.is_empty())
            })?;
        }
        // Where the stack itself connects, its SYN must find both the capture and the listener.
        if !connects || behind.is_some() {
            self.start_stack()?;
        }
        self.start("exec ip netns exec $PEER tcpdump -Z root -i tap0 -U --immediate-mode -w capture tcp")?;
        self.wait_for("tcpdump", |stage| fs::metadata(stage.path("capture")).is_ok_and(|file| file.len() > 0))?;
        let printed = self.meet()?;
        // tcpdump writes each packet at once (-U).
        sleep(MOMENT);
        let corpus = root().join(CORPUS);
        fs::create_dir_all(&corpus).with_context(|| format!("cannot make {CORPUS}"))?;
        let name = format!("{}-{}.pcap", self.stack.name, self.play.name());
        fs::copy(self.path("capture"), corpus.join(&name)).with_context(|| format!("cannot write {name}"))?;
        Ok(printed)
    }

    /// The peer's part, from its first line to its last.
    fn meet(&mut self) -> Result<String> {
        let script = format!("exec ip netns exec $PEER python3 peer.py {} {ADDRESS} 2>&1", self.play.name());
        let mut command = self.shell(&script);
        let mut peer = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("cannot run the peer")?;
        let mut reader = BufReader::new(peer.stdout.take().context("the peer prints nothing")?);
        let mut printed = String::new();
        reader.read_line(&mut printed)?;
        match (self.play, &self.stack.behind) {
            (Play::Restart, _) => self.restart_stack()?,
            (Play::ClientAbort, Some(behind)) => {
                self.start(&format!("exec ip netns exec $HOST python3 {}", behind.connect))?;
            }
            (Play::ClientAbort, None) => self.start_stack()?,
            _ => {}
        }
        if let Some(mut input) = peer.stdin.take() {
            // It has ended where nothing is awaited.
            let _ = input.write_all(b"go on\n");
        }
        reader.read_to_string(&mut printed)?;
        peer.wait()?;
        Ok(printed)
    }

    /// Killed without a word to anybody, as a crash or a power failure does.
    fn restart_stack(&mut self) -> Result<()> {
        // The servers, if there are any, come first, then the stack, then tcpdump.
        let stack = usize::from(self.stack.behind.is_some());
        let stack = self.running.get_mut(stack).context("no stack is running")?;
        stack.kill()?;
        stack.wait()?;
        self.start_stack()
    }

    fn wait_for(&self, what: &str, ready: impl Fn(&Self) -> bool) -> Result<()> {
        let began = Instant::now();
        while !ready(self) {
            if began.elapsed() > PATIENCE {
                let log = fs::read_to_string(self.path("log")).unwrap_or_default();
                bail!(
                    "{} {}: no sign of {what} after {} s:\n{log}",
                    self.stack.name,
                    self.play.name(),
                    PATIENCE.as_secs()
                );
            }
            sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        strike();
        for child in &mut self.running {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Ends every process in the namespaces, and the namespaces.
fn strike() {
    for name in [PEER, HOST] {
        if !Path::new("/run/netns").join(name).exists() {
            continue;
        }
        let pids = Command::new("ip").args(["netns", "pids", name]).output();
        let pids = pids.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
        for pid in pids.split_whitespace() {
            let _ = Command::new("kill").args(["-KILL", pid]).stderr(Stdio::null()).status();
        }
        let _ = Command::new("ip").args(["netns", "del", name]).stderr(Stdio::null()).status();
    }
}
