//! `cargo xtask provoke`: what real clients do when `whyrst provoke` makes the ten resets happen to them. Writes
//! docs/clients.md and docs/zh/clients.md; fails where `whyrst run` beside a client does not name the cause asked for,
//! or its mechanism.
//!
//! Everything happens in a network namespace of its own. Each client sends two requests through whatever keeps its
//! connections (`provoke/client.*`); the second one meets the reset, or the first where the port itself is in trouble.

mod page;
mod speed;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use whyrst_core::causes;
use whyrst_core::language::Language;

use crate::shell::{self, Scratch, is_root, root};

const NETNS: &str = "whyrst-provoke";
const UPSTREAM: &str = "18080";
const LISTEN: &str = "19000";
const PATIENCE: Duration = Duration::from_secs(20);
const STEP: Duration = Duration::from_millis(20);

/// A cause, and how it is brought to the second request of a client.
pub(crate) struct Case {
    pub(crate) cause: &'static str,
    after: &'static str,
    /// Between the requests, in seconds.
    pause: &'static str,
    /// The second request.
    method: &'static str,
    /// Which request meets it, from 0.
    pub(crate) meets: usize,
}

const fn second(cause: &'static str, after: &'static str) -> Case {
    Case { cause, after, pause: "1", method: "GET", meets: 1 }
}

const CASES: [Case; 10] = [
    second("close-unread", "1-requests"),
    second("linger-zero", "1-requests"),
    second("exit-unread", "1-requests"),
    Case { cause: "early-answer", after: "1-requests", pause: "1", method: "POST", meets: 1 },
    second("data-after-close", "1-requests"),
    second("stale-connection", "1-requests"),
    second("app-idle-timeout", "500ms"),
    second("half-open-listener", "1-requests"),
    Case { cause: "closed-port", after: "0ms", pause: "1", method: "GET", meets: 0 },
    Case { cause: "listener-close-pending", after: "0ms", pause: "1", method: "GET", meets: 0 },
];

/// A program that many use, or a library of many programs.
pub(crate) struct Client {
    pub(crate) name: &'static str,
    command: fn(&Path, &str, &Case) -> Command,
    version: fn() -> Result<String>,
}

const CLIENTS: [Client; 5] = [
    Client { name: "curl", command: curl, version: || first_words("curl", &["--version"], 2) },
    Client {
        name: "Python requests",
        command: |_, url, case| of("python3", &[source("client.py").as_path()], url, case),
        version: || first_words("python3", &["-c", "import requests; print('requests', requests.__version__)"], 2),
    },
    Client {
        name: "Go net/http",
        command: |folder, url, case| of(folder.join("go-client"), &[], url, case),
        version: || first_words("go", &["version"], 3),
    },
    Client {
        name: "Node.js fetch",
        command: |_, url, case| of("node", &[source("client.mjs").as_path()], url, case),
        version: || Ok(format!("Node.js {}", first_words("node", &["--version"], 1)?)),
    },
    Client {
        name: "Java HttpClient",
        command: |_, url, case| of("java", &[source("Client.java").as_path()], url, case),
        version: || first_words("java", &["--version"], 2),
    },
];

/// What came of one.
pub(crate) struct Met {
    /// What the program said of the request that met the reset.
    pub(crate) said: String,
    /// Whether it happened at all: a reset, or a close that resets who speaks afterwards.
    pub(crate) provoked: bool,
    /// The mechanism that `whyrst run` named, with its confidence.
    pub(crate) named: Vec<(String, String)>,
}

impl Met {
    /// The proxy closed in order, and the client looked before it used the connection again: nothing was reset.
    pub(crate) fn saw_the_fin(&self, case: &Case) -> bool {
        let closes = ["data-after-close", "stale-connection"].contains(&case.cause);
        closes && self.named.is_empty() && self.said.ends_with("200")
    }

    /// The RST came while no request was on its way: there was nothing to be tried again.
    pub(crate) fn was_reset_idle(case: &Case) -> bool {
        case.cause == "app-idle-timeout"
    }
}

/// Plays everything and writes the pages.
pub fn play() -> Result<()> {
    ensure!(is_root(), "a network namespace can be made by root alone");
    let whyrst = shell::whyrst()?;
    let folder = Scratch::new("provoke")?;
    for client in &CLIENTS {
        (client.version)().with_context(|| format!("{} is not there", client.name))?;
    }
    let mut go = Command::new("go");
    shell::run(go.args(["build", "-o"]).arg(folder.path().join("go-client")).arg(source("client.go")))?;
    fs::write(folder.path().join("body"), "x".repeat(1_000_000))?;
    let _namespace = Namespace::new()?;
    let mut upstream = inside();
    let _upstream = Running(upstream.arg("python3").arg(source("upstream.py")).arg(UPSTREAM).spawn()?);
    wait_until_it_listens(UPSTREAM)?;
    let (mut rows, mut wrong) = (Vec::new(), Vec::new());
    for case in &CASES {
        let mut cells = Vec::new();
        for client in &CLIENTS {
            let met = meet(&whyrst, folder.path(), case, client)?;
            println!("provoke: {}: {}: {}", case.cause, client.name, met.said);
            if met.provoked && !met.saw_the_fin(case) && !met.named.iter().any(|(named, _)| proves(named, case.cause)) {
                wrong.push(format!("{}: {}: whyrst run named {:?}", case.cause, client.name, met.named));
            }
            if !met.provoked {
                wrong.push(format!("{}: {}: it did not happen", case.cause, client.name));
            }
            cells.push(met);
        }
        rows.push((case, cells));
    }
    let speed = speed::measure(&whyrst)?;
    let versions = CLIENTS.iter().map(|client| (client.version)()).collect::<Result<Vec<_>>>()?;
    for language in Language::ALL {
        let path = root().join("docs").join(language.pick("clients.md", "zh/clients.md"));
        fs::write(&path, page::text(&rows, &CLIENTS, &versions, &speed, language))
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    println!("provoke: written to docs/clients.md and docs/zh/clients.md");
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

/// Whether the named cause is the one asked for, or a mechanism that this explains: sockets know no reason.
fn proves(named: &str, asked: &str) -> bool {
    named == asked || causes::find(asked).is_some_and(|cause| cause.explains().contains(&named))
}

fn meet(whyrst: &Path, folder: &Path, case: &Case, client: &Client) -> Result<Met> {
    let mut provoke = inside();
    provoke.arg(whyrst).args(["provoke", "--listen", LISTEN, "--to", &format!("127.0.0.1:{UPSTREAM}")]);
    provoke.args(["--cause", case.cause, "--after", case.after, "--for", "8s", "--format", "json", "-q"]);
    let said = folder.join("provoked.jsonl");
    let mut provoke = Running(provoke.stdout(fs::File::create(&said)?).spawn().context("cannot start whyrst")?);
    if case.cause == "closed-port" {
        wait_for("the port's end", || fs::metadata(&said).is_ok_and(|file| file.len() > 0))?;
    } else {
        wait_until_it_listens(LISTEN)?;
    }
    let url = format!("http://127.0.0.1:{LISTEN}/");
    let command = (client.command)(folder, &url, case);
    let mut run = inside();
    run.arg(whyrst).args(["run", "--format", "json", "--"]).arg(command.get_program()).args(command.get_args());
    let Output { stdout, stderr, .. } = run.output().context("cannot run whyrst")?;
    provoke.end();
    let lines: Vec<String> = String::from_utf8_lossy(&stdout).lines().map(str::to_owned).collect();
    let said_of_it = answer(&lines, &stderr, case.meets);
    let objects: Vec<Value> =
        String::from_utf8_lossy(&stderr).lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let named = named(&objects);
    let provoked = fs::read_to_string(&said)?.lines().any(happened);
    Ok(Met { said: said_of_it, provoked, named })
}

fn happened(line: &str) -> bool {
    ["provoked", "closed"].iter().any(|what| line.contains(&format!("\"what\":\"{what}\"")))
}

/// What the client printed of that request; curl says its errors elsewhere.
fn answer(lines: &[String], stderr: &[u8], number: usize) -> String {
    let line = lines.get(number).cloned().unwrap_or_else(|| "nothing".into());
    if line != "000" {
        return line.strip_prefix("error ").map_or_else(|| line.clone(), str::to_owned);
    }
    let stderr = String::from_utf8_lossy(stderr).into_owned();
    let own = stderr.lines().find(|line| line.starts_with("curl: "));
    own.unwrap_or("an error").to_owned()
}

fn named(objects: &[Value]) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut named = Vec::new();
    for object in objects.iter().filter(|object| object["schema"] == "whyrst.reset/1") {
        named.push((text(&object["verdict"]["cause"]), text(&object["verdict"]["confidence"])));
        named.push((text(&object["mechanism"]["cause"]), text(&object["mechanism"]["confidence"])));
        let reasons = object["reasons"].as_array().into_iter().flatten();
        named.extend(reasons.map(|reason| (text(&reason["cause"]), text(&reason["confidence"]))));
    }
    named
}

fn curl(folder: &Path, url: &str, case: &Case) -> Command {
    let mut command = Command::new("curl");
    // One transfer in so many seconds, on one connection where it may.
    let rate = format!("{}/m", 60 / case.pause.parse::<u32>().unwrap_or(1));
    let each = ["-sS", "--max-time", "8", "-o", "/dev/null", "-w", "%{http_code}\\n"];
    command.args(["--rate", &rate]).args(each).arg(url).arg("--next").args(each);
    if case.method == "POST" {
        command.arg("--data-binary").arg(format!("@{}", folder.join("body").display()));
    }
    command.arg(url);
    command
}

fn of(program: impl AsRef<std::ffi::OsStr>, sources: &[&Path], url: &str, case: &Case) -> Command {
    let mut command = Command::new(program);
    command.args(sources).args([url, case.pause, case.method]);
    command
}

fn source(name: &str) -> PathBuf {
    root().join("xtask/src/provoke").join(name)
}

/// The first words that a program says of itself.
fn first_words(program: &str, arguments: &[&str], count: usize) -> Result<String> {
    let output = Command::new(program).args(arguments).output().with_context(|| format!("cannot run {program}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let words: Vec<&str> = text.split_whitespace().take(count).collect();
    if words.is_empty() {
        bail!("{program} says nothing of its version");
    }
    Ok(words.join(" "))
}

fn wait_until_it_listens(port: &str) -> Result<()> {
    wait_for(port, || {
        let listed = inside().args(["ss", "-Hltn"]).output().map(|output| output.stdout).unwrap_or_default();
        String::from_utf8_lossy(&listed).contains(&format!(":{port} "))
    })
}

fn wait_for(what: &str, is_ready: impl Fn() -> bool) -> Result<()> {
    let until = Instant::now() + PATIENCE;
    while !is_ready() {
        ensure!(Instant::now() < until, "{what} was not ready within {} s", PATIENCE.as_secs());
        sleep(STEP);
    }
    Ok(())
}

pub(crate) fn inside() -> Command {
    let mut command = Command::new("ip");
    command.args(["netns", "exec", NETNS]);
    command
}

/// Ends with its owner, in order.
pub(crate) struct Running(Child);

impl Running {
    fn end(&mut self) {
        let _ = Command::new("kill").args(["-INT", &self.0.id().to_string()]).status();
        let _ = self.0.wait();
    }

    pub(crate) fn begin(command: &mut Command) -> Result<Self> {
        Ok(Self(command.stdout(Stdio::piped()).spawn().context("cannot start it")?))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        if !matches!(self.0.try_wait(), Ok(Some(_))) {
            let _ = Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status();
            let _ = self.0.wait();
        }
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
        shell::run(inside().args(["ip", "link", "set", "lo", "up"]))?;
        Ok(namespace)
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = Command::new("ip").args(["netns", "del", NETNS]).status();
    }
}
