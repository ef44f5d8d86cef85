//! What `watch` and `run` bear: floods of resets that are all unlike, a host without processor time, thousands of
//! network namespaces. Written to `docs/live.md`, between its two marks; a bound that does not hold fails the command.
//!
//! The generator is this program itself (`siege-flood`): processes that live half a second each connect to random closed
//! ports of random loopback addresses, in namespaces that are made for it. It counts the refusals that its connects were
//! given, which are the RSTs that were received; the kernel counts those sent (`Tcp: OutRsts`).

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::MetadataExt as _;
use std::process::{Child, Command, Stdio};
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::bench::watch::{counter_of, maps, resident};
use crate::bench::{machine, report};
use crate::pages;
use crate::shell::{self, cargo, is_root, target};

/// What can be played.
const KINDS: &[&str] = &["flood", "starved", "run", "namespaces", "start"];
const MARKS: [&str; 2] =
    ["<!-- begin of what cargo xtask siege writes -->", "<!-- end of what cargo xtask siege writes -->"];
/// Namespaces that are flooded.
const FLOODED: usize = 4;
const WORKERS: usize = 2;
/// Namespaces to be entered.
const MANY: usize = 5_000;
/// What `watch` may have resident, in KiB.
const MOST_MEMORY: u64 = 64 << 10;
/// To begin with thousands of namespaces, and to end under whatever.
const SOON: Duration = Duration::from_secs(3);
/// What a host has that is neither small nor large.
const SOME: usize = 500;
const SOCKETS: usize = 5_000;
/// To begin on it.
const AT_ONCE: Duration = Duration::from_secs(1);
/// To load the probe, on a busy machine.
const START: Duration = Duration::from_mins(1);
/// One process of the generator.
const LIFE: Duration = Duration::from_millis(500);
/// `run` ends so long after its command.
const AFTER_COMMAND: Duration = Duration::from_secs(1);
/// The probe's windows are a little longer than a second; in each there is something to report.
const BETWEEN_LINES: Duration = Duration::from_millis(2_500);

/// Plays `words`: seconds of each flood (60), `--debug` for the unoptimised program, kinds (all).
pub fn run(words: &[&str]) -> Result<()> {
    ensure!(is_root(), "the kernel can be asked by root alone");
    let (options, rest): (Vec<&str>, Vec<&str>) = words.iter().partition(|word| word.starts_with("--"));
    ensure!(options.iter().all(|option| *option == "--debug"), "the only option is --debug");
    let debug = !options.is_empty();
    let (seconds, kinds): (Vec<&str>, Vec<&str>) = rest.iter().partition(|word| word.parse::<u64>().is_ok());
    let seconds = Duration::from_secs(seconds.first().map_or(Ok(60), |seconds| seconds.parse())?);
    let kinds = if kinds.is_empty() { KINDS.to_vec() } else { kinds };
    let profile: &[&str] = if debug { &[] } else { &["--release"] };
    shell::run(cargo().args(["build", "--quiet", "--package", "whyrst-cli"]).args(profile))?;
    let whyrst = target().join(if debug { "debug/whyrst" } else { "release/whyrst" }).display().to_string();
    let mut page = machine();
    if debug {
        page.push_str("\nThe program as the tests build it (`--debug`), beside other work on the machine.\n\n");
    }
    for kind in kinds {
        let text = match kind {
            "flood" => flooded(&whyrst, seconds, 0)?,
            "starved" => flooded(&whyrst, seconds, 2)?,
            "run" => commanded(&whyrst)?,
            "namespaces" => entered(&whyrst)?,
            "start" => started(&whyrst)?,
            other => bail!("there is no kind {other}: {}", KINDS.join(", ")),
        };
        report(&mut page, &text);
    }
    pages::put("docs/live.md", MARKS, &page)
}

/// Network namespaces that go away with the value.
struct Namespaces(Vec<String>);

impl Namespaces {
    fn make(count: usize) -> Result<Self> {
        let namespaces = Self((0..count).map(|number| format!("whyrst-siege-{number}")).collect());
        namespaces.batch("netns del")?; // of a run that was interrupted
        let made = namespaces.batch("netns add")?;
        ensure!(made, "cannot make {count} network namespaces");
        Ok(namespaces)
    }

    /// One `ip` for all; whether each succeeded.
    fn batch(&self, what: &str) -> Result<bool> {
        let mut ip =
            Command::new("ip").args(["-force", "-batch", "-"]).stdin(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let lines: Vec<String> = self.0.iter().map(|name| format!("{what} {name}")).collect();
        ip.stdin.take().context("no input")?.write_all(lines.join("\n").as_bytes())?;
        Ok(ip.wait()?.success())
    }
}

impl Drop for Namespaces {
    fn drop(&mut self) {
        let _ = self.batch("netns del"); // the next run begins with it
    }
}

fn inside(netns: &str, words: &[&str]) -> Command {
    let mut command = Command::new("ip");
    command.args(["netns", "exec", netns]).args(words);
    command
}

/// A child that ends with the value.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// When each line of a stream came.
struct Lines(JoinHandle<Vec<(Instant, String)>>);

impl Lines {
    fn of(stream: impl Read + Send + 'static) -> Self {
        let lines = BufReader::new(stream).lines().map_while(Result::ok);
        Self(std::thread::spawn(move || lines.map(|line| (Instant::now(), line)).collect()))
    }

    fn end(self) -> Result<Vec<(Instant, String)>> {
        self.0.join().ok().context("the reading of lines panicked")
    }
}

/// `whyrst watch`, ready, with what it writes.
struct Watch {
    running: Running,
    told: Lines,
    said: Lines,
    /// How long it took to be ready.
    began: Duration,
}

impl Watch {
    fn start(whyrst: &str, arguments: &[&str]) -> Result<Self> {
        let asked = Instant::now();
        let mut command = Command::new(whyrst);
        command.args(["watch", "--format", "json"]).args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut running = Running(command.spawn().context("cannot run whyrst")?);
        let told = Lines::of(running.0.stdout.take().context("no output")?);
        let said = Lines::of(running.0.stderr.take().context("no output")?);
        // Restricting itself is the last that it does before it listens.
        while !locked(running.0.id()) {
            ensure!(running.0.try_wait()?.is_none(), "watch ended at once");
            ensure!(asked.elapsed() < START, "watch is not ready after {START:?}");
            sleep(Duration::from_millis(5));
        }
        Ok(Self { running, told, said, began: asked.elapsed() })
    }

    /// Ends it as Ctrl-C does.
    fn end(mut self) -> Result<Ended> {
        let pid = self.running.0.id();
        let (peak, maps) = (peak(pid), maps(pid));
        let asked = Instant::now();
        shell::run(Command::new("kill").args(["-INT", &pid.to_string()]))?;
        let status = self.running.0.wait()?;
        ensure!(status.success(), "watch ended with {status}");
        let took = asked.elapsed();
        let (told, said) = (self.told.end()?, self.said.end()?);
        let summary = told.iter().rev().find(|(_, line)| line.contains("whyrst.watch/1")).context("no summary")?;
        let summary = serde_json::from_str(&summary.1)?;
        Ok(Ended { peak, maps, asked, took, told, said, summary })
    }
}

/// What a `watch` left.
struct Ended {
    /// KiB.
    peak: u64,
    maps: u64,
    asked: Instant,
    took: Duration,
    told: Vec<(Instant, String)>,
    said: Vec<(Instant, String)>,
    summary: Value,
}

impl Ended {
    fn count(&self, name: &str) -> u64 {
        self.summary[name].as_u64().unwrap_or_default()
    }

    /// The longest time without a line between two moments.
    fn longest_silence(&self, from: Instant, until: Instant) -> Duration {
        let times: BTreeSet<Instant> =
            self.told.iter().map(|(at, _)| *at).filter(|at| (from..until).contains(at)).collect();
        let moments: Vec<Instant> = [from].into_iter().chain(times).chain([until]).collect();
        moments.windows(2).map(|two| two[1] - two[0]).max().unwrap_or_default()
    }
}

fn locked(pid: u32) -> bool {
    status(pid, "Seccomp:").as_deref() == Some("2")
}

fn peak(pid: u32) -> u64 {
    let text = status(pid, "VmHWM:").unwrap_or_default();
    text.split(' ').next().and_then(|kib| kib.parse().ok()).unwrap_or_default()
}

fn status(pid: u32, name: &str) -> Option<String> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    Some(text.lines().find_map(|line| line.strip_prefix(name))?.trim().to_owned())
}

/// The generators of all namespaces, half of them an ordinary user's.
fn generators(namespaces: &Namespaces, seconds: Duration) -> Result<Vec<Child>> {
    let own = std::env::current_exe()?.display().to_string();
    let (seconds, workers) = (seconds.as_secs_f64().to_string(), WORKERS.to_string());
    let start = |(number, name): (usize, &String)| {
        let user = if number % 2 == 0 { "0" } else { "65534" };
        let words = ["setpriv", "--reuid", user, "--clear-groups", &own, "siege-flood", &seconds, &workers];
        inside(name, &words).stdout(Stdio::piped()).spawn().context("cannot run the generator")
    };
    namespaces.0.iter().enumerate().map(start).collect()
}

/// A flood of unlike resets, beside so many busy loops.
fn flooded(whyrst: &str, seconds: Duration, spinners: usize) -> Result<String> {
    let namespaces = Namespaces::make(FLOODED)?;
    ensure!(
        namespaces.0.iter().all(|name| inside(name, &["ip", "link", "set", "lo", "up"]).status().is_ok()),
        "no loopback"
    );
    // The kernel's count of a namespace is read through a process in it.
    let _anchors: Vec<Running> = namespaces
        .0
        .iter()
        .map(|name| inside(name, &["sleep", "100000"]).spawn().map(Running))
        .collect::<Result<_, _>>()?;
    let own = std::env::current_exe()?.display().to_string();
    let watch = Watch::start(whyrst, &[])?;
    let before = resident(watch.running.0.id());
    let _spinners: Vec<Running> = (0..spinners)
        .map(|_| Command::new(&own).args(["siege-spin", "600"]).spawn().map(Running))
        .collect::<Result<_, _>>()?;
    let began = Instant::now();
    let mut received = 0;
    for generator in generators(&namespaces, seconds)? {
        let output = generator.wait_with_output()?;
        received +=
            String::from_utf8_lossy(&output.stdout).trim().parse::<u64>().context("the generator gave no count")?;
    }
    let flooded = began.elapsed();
    let until = Instant::now();
    // What the kernel side counted in the last window is taken when that is over.
    sleep(Duration::from_millis(1_200));
    let sent = namespaces.0.iter().map(|name| counter_of(name, "OutRsts")).sum::<Result<u64>>()?;
    let ended = watch.end()?;
    let seen = seen(&ended.summary, &namespaces)?;
    let (lost, only_counted) = (ended.count("lost"), ended.count("only_counted"));
    let warned = ended.said.iter().filter(|(at, line)| *at < ended.asked && line.contains("counted")).count();
    let silence = ended.longest_silence(began + Duration::from_secs(2), until);
    ensure!((seen, received) == (sent, sent), "{sent} RSTs by OutRsts, {seen} by watch, {received} were received");
    ensure!(ended.count("received") >= received, "watch counted {} received of {received}", ended.count("received"));
    ensure!(
        lost + only_counted == 0 || warned > 0,
        "{lost} lost and {only_counted} only counted were not said at once"
    );
    ensure!(ended.peak <= MOST_MEMORY, "{} KiB were resident", ended.peak);
    ensure!(ended.took <= SOON, "it took {:?} to end", ended.took);
    let spinning = if spinners > 0 { format!(" beside {spinners} busy loops") } else { String::new() };
    // Who gets no processor time writes no lines; what it missed is counted.
    ensure!(spinners > 0 || silence <= BETWEEN_LINES, "no line for {silence:?}");
    Ok(format!(
        "### A flood of unlike resets{spinning}\n\n{FLOODED} namespaces, two users, {} processes at a time, random closed ports of random addresses, {:.0} s: {sent} RSTs by \
         `Tcp: OutRsts`, {:.0} a second; {received} were received by the generators' own count, {seen} were counted by watch. \
         Reported: {} ({} lines), only counted: {only_counted}, did not fit into the ring: {lost}; warnings before the end: \
         {warned}. Resident: {before} KiB before, {} KiB at most; kernel maps {} KiB. Longest time without a line: {:.1} s. Ended \
         {:.2} s after SIGINT.\n",
        FLOODED * WORKERS,
        flooded.as_secs_f64(),
        to_f64(sent) / flooded.as_secs_f64(),
        ended.count("shown"),
        ended.told.len(),
        ended.peak,
        ended.maps / 1024,
        silence.as_secs_f64(),
        ended.took.as_secs_f64(),
    ))
}

/// RSTs sent in `namespaces`, as watch counted them.
fn seen(summary: &Value, namespaces: &Namespaces) -> Result<u64> {
    let mut seen = 0;
    for name in &namespaces.0 {
        let inode = fs::metadata(format!("/run/netns/{name}"))?.ino();
        let all = summary["namespaces"].as_array().into_iter().flatten();
        let one = all.into_iter().find(|one| one["netns"].as_u64() == Some(inode));
        let one = one.with_context(|| format!("watch did not compare the namespace {name}"))?;
        ensure!(one["seen"] == one["counted"], "of {name} watch itself says {one}");
        seen += one["seen"].as_u64().unwrap_or_default();
    }
    Ok(seen)
}

/// `run` beside a flood that is not its command's.
fn commanded(whyrst: &str) -> Result<String> {
    const COMMAND: Duration = Duration::from_secs(3);
    let namespaces = Namespaces::make(FLOODED)?;
    ensure!(
        namespaces.0.iter().all(|name| inside(name, &["ip", "link", "set", "lo", "up"]).status().is_ok()),
        "no loopback"
    );
    let generators = generators(&namespaces, COMMAND + Duration::from_secs(20))?;
    let mut generators: Vec<Running> = generators.into_iter().map(Running).collect();
    let asked = Instant::now();
    let stamp = "sleep 3; date +%s.%N";
    let output = Command::new(whyrst).args(["run", "--", "sh", "-c", stamp]).output()?;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs_f64();
    let ended: f64 = String::from_utf8_lossy(&output.stdout).trim().parse().context("the command gave no time")?;
    let after = now - ended;
    generators.clear();
    ensure!(after <= AFTER_COMMAND.as_secs_f64(), "run ended {after:.2} s after its command");
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    let last = words.lines().last().unwrap_or_default();
    Ok(format!(
        "### `run` beside a flood that is not its command's\n\nThe same flood; `run -- sh -c \"sleep 3\"` took {:.2} s in all \
         and ended {after:.2} s after its command. Its last line: `{last}`.\n",
        asked.elapsed().as_secs_f64()
    ))
}

/// Thousands of namespaces, with packets.
fn entered(whyrst: &str) -> Result<String> {
    let namespaces = Namespaces::make(MANY)?;
    let watch = Watch::start(whyrst, &["--packets"])?;
    let began = watch.began;
    let sockets = fs::read_dir(format!("/proc/{}/fd", watch.running.0.id()))?.count();
    sleep(Duration::from_secs(1));
    let ended = watch.end()?;
    let unseen: Vec<&String> =
        ended.said.iter().map(|(_, line)| line).filter(|line| line.contains("not seen")).collect();
    ensure!(unseen.len() <= 3, "{} lines about namespaces that are not seen", unseen.len());
    ensure!(began <= SOON, "watch --packets was ready after {began:?}");
    ensure!(ended.took <= SOON, "it took {:?} to end", ended.took);
    let unseen = unseen.first().map_or_else(String::new, |line| format!(" It said: `{line}`."));
    Ok(format!(
        "### {} network namespaces, with packets\n\n`watch --packets` was ready after {:.2} s, with {sockets} open files, had \
         {} KiB resident at most, and ended {:.2} s after SIGINT.{unseen}\n",
        namespaces.0.len(),
        began.as_secs_f64(),
        ended.peak,
        ended.took.as_secs_f64()
    ))
}

/// How soon `watch` hears the kernel on a host with many sockets and namespaces: the second of three.
fn started(whyrst: &str) -> Result<String> {
    let _namespaces = Namespaces::make(SOME)?;
    let own = std::env::current_exe()?.display().to_string();
    let mut hold = Command::new(own);
    hold.args(["hold", &SOCKETS.to_string(), "1"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut holder = Running(hold.spawn()?);
    let mut line = String::new();
    BufReader::new(holder.0.stdout.take().context("no output")?).read_line(&mut line)?;
    ensure!(line == "held\n", "cannot hold {SOCKETS} sockets");
    let mut began = Vec::new();
    for _ in 0..3 {
        let watch = Watch::start(whyrst, &[])?;
        began.push(watch.began);
        watch.end()?;
    }
    began.sort_unstable();
    ensure!(began[1] <= AT_ONCE, "watch was ready after {began:?}");
    Ok(format!(
        "### Start with {SOCKETS} sockets and {SOME} namespaces\n\n`watch` heard the kernel after {:.2} s (the second of three, \
         {:.2} to {:.2}).\n",
        began[1].as_secs_f64(),
        began[0].as_secs_f64(),
        began[2].as_secs_f64()
    ))
}

#[expect(clippy::cast_precision_loss, reason = "counts to be divided and printed")]
const fn to_f64(count: u64) -> f64 {
    count as f64
}

/// The generator: so many processes at a time, each anew after half a second. Says how many connects were refused.
pub fn flood(seconds: f64, workers: usize) -> Result<()> {
    let own = std::env::current_exe()?;
    let end = Instant::now() + Duration::from_secs_f64(seconds);
    let mut refused = 0;
    while let Some(left) = end.checked_duration_since(Instant::now()) {
        let life = left.min(LIFE).as_secs_f64().to_string();
        let start = || Command::new(&own).args(["siege-worker", &life]).stdout(Stdio::piped()).spawn();
        let workers: Vec<Child> = (0..workers).map(|_| start()).collect::<Result<_, _>>()?;
        for worker in workers {
            let output = worker.wait_with_output()?;
            refused +=
                String::from_utf8_lossy(&output.stdout).trim().parse::<u64>().context("a worker gave no count")?;
        }
    }
    println!("{refused}");
    Ok(())
}

/// One process of the generator.
pub fn work(seconds: f64) {
    let end = Instant::now() + Duration::from_secs_f64(seconds);
    let mut random = Random(u64::from(std::process::id()) << 20 | 1);
    let mut refused = 0_u64;
    while Instant::now() < end {
        for _ in 0..64 {
            let bits = random.next().to_be_bytes();
            let port = u16::from_be_bytes([bits[3], bits[4]]) | 1;
            let to = SocketAddr::from(([127, bits[0], bits[1], bits[2] | 1], port));
            refused += u64::from(
                TcpStream::connect(to).is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionRefused),
            );
        }
    }
    // Who asked may have ended.
    let _ = writeln!(std::io::stdout(), "{refused}");
}

/// Marsaglia's xorshift: any numbers that do not repeat soon.
struct Random(u64);

impl Random {
    const fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

/// A busy loop, which its parent ends sooner.
pub fn spin(seconds: f64) {
    let end = Instant::now() + Duration::from_secs_f64(seconds);
    while Instant::now() < end {
        std::hint::spin_loop();
    }
}
