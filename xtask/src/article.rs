//! `cargo xtask article [RUNS]`: the article's own client.c and server.c (xtask/src/article) on loopback, a hundred
//! times each unless said otherwise. Each capture must lead with what the article tells of it: 904 of 5000 bytes
//! unread at `close()`, and data to a socket that is closed.
//!
//! Everything happens in a network namespace of its own.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::shell::{self, Scratch, is_root, root};

const NETNS: &str = "whyrst-article";
const PORT: &str = "9877";
const RUNS: u32 = 100;
/// The last packets are written by then.
const MOMENT: Duration = Duration::from_millis(500);
/// A program that takes longer to be ready never is.
const PATIENCE: Duration = Duration::from_secs(20);
const STEP: Duration = Duration::from_millis(20);
/// The client's two ways, each with what must lead and the family that it must have.
const CASES: [(&str, &str, &str); 2] =
    [("early", "close-unread", "aborted"), ("late", "data-after-close", "late-data")];

/// Plays both cases so often, and fails where one run is explained otherwise.
pub fn play(runs: &[&str]) -> Result<()> {
    let runs = match runs {
        [] => RUNS,
        [runs] => runs.parse().with_context(|| format!("{runs} is no number of runs"))?,
        _ => bail!("usage: cargo xtask article [RUNS]"),
    };
    ensure!(is_root(), "a network namespace can be made by root alone");
    let whyrst = shell::whyrst()?;
    let folder = Scratch::new("article")?;
    for program in ["client", "server"] {
        let source = root().join("xtask/src/article").join(program).with_extension("c");
        let mut gcc = Command::new("gcc");
        shell::run(gcc.args(["-Wall", "-Werror", "-O2", "-o"]).arg(folder.path().join(program)).arg(source))?;
    }
    let _namespace = Namespace::new()?;
    for (way, cause, family) in CASES {
        let capture = folder.path().join(way).with_extension("pcap");
        record(folder.path(), &capture, way, runs)?;
        let led = leads(&whyrst, &capture)?;
        let wrong = led.iter().filter(|led| **led != [family, cause]).count();
        ensure!(led.len() == runs as usize, "{way}: {} resets in {runs} runs", led.len());
        ensure!(wrong == 0, "{way}: {wrong} of {runs} runs do not lead with {family}, {cause}: {led:?}");
        println!("article: {way}: {runs} of {runs} runs lead with {family}, {cause}");
    }
    Ok(())
}

fn record(folder: &Path, capture: &Path, way: &str, runs: u32) -> Result<()> {
    // Otherwise the kernel keeps the last packets back for up to a second.
    let mut tcpdump = inside(["tcpdump", "--immediate-mode", "-i", "lo", "-U", "-w"]);
    let _tcpdump = Running(tcpdump.arg(capture).stderr(Stdio::null()).spawn().context("cannot start tcpdump")?);
    let mut server = inside([]);
    let _server = Running(server.arg(folder.join("server")).arg(PORT).spawn().context("cannot start the server")?);
    wait_for("tcpdump", || std::fs::metadata(capture).is_ok_and(|file| file.len() > 0))?;
    wait_for("the server", is_listening)?;
    for _ in 0..runs {
        shell::run(inside([]).arg(folder.join("client")).args([PORT, way]))?;
    }
    sleep(MOMENT);
    Ok(())
}

fn wait_for(what: &str, is_ready: impl Fn() -> bool) -> Result<()> {
    let until = Instant::now() + PATIENCE;
    while !is_ready() {
        ensure!(Instant::now() < until, "{what} was not ready within {} s", PATIENCE.as_secs());
        sleep(STEP);
    }
    Ok(())
}

fn is_listening() -> bool {
    let listed = inside(["ss", "-Hltn"]).output().map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&listed).contains(&format!(":{PORT} "))
}

/// Family and mechanism of each reset.
fn leads(whyrst: &Path, capture: &Path) -> Result<Vec<[String; 2]>> {
    let output = Command::new(whyrst).args(["explain", "--format", "json", "--fold", "never"]).arg(capture).output()?;
    let lines = output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let objects: Vec<Value> =
        lines.map(serde_json::from_slice).collect::<Result<_, _>>().context("cannot read JSON")?;
    let resets = objects.iter().filter(|object| object["schema"] == "whyrst.reset/1");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Ok(resets.map(|reset| [text(&reset["family"]["id"]), text(&reset["verdict"]["cause"])]).collect())
}

fn inside<const COUNT: usize>(words: [&str; COUNT]) -> Command {
    let mut command = Command::new("ip");
    command.args(["netns", "exec", NETNS]).args(words);
    command
}

/// Ends with its owner.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status();
        let _ = self.0.wait();
    }
}

/// A network namespace with loopback.
struct Namespace;

impl Namespace {
    fn new() -> Result<Self> {
        // One that an earlier run left.
        let _ = Command::new("ip").args(["netns", "del", NETNS]).stderr(Stdio::null()).status();
        shell::run(Command::new("ip").args(["netns", "add", NETNS]))?;
        let namespace = Self;
        shell::run(&mut inside(["ip", "link", "set", "lo", "up"]))?;
        Ok(namespace)
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = Command::new("ip").args(["netns", "del", NETNS]).status();
    }
}
