//! What `watch` costs a busy host, beside other programs that look at the same traffic, in the same
//! run and in turns: processor time of a short connection, a flood of resets, the delay from a RST
//! to its line, and memory with very many sockets. Written to `docs/live.md`, between its two marks.
//!
//! Everything happens in a network namespace of its own. Processor time is the scheduler's own
//! account (`/proc/PID/task/*/schedstat`, nanoseconds) of server, client and observer.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::sys::resource::{Resource, UsageWho, getrlimit, getrusage, setrlimit};
use serde_json::Value;

use super::{machine, report};
use crate::pages;
use crate::shell::{self, Scratch, cargo, installed, is_root, target};

/// What can be measured.
pub const PARTS: &[&str] = &["cost", "flood", "delay", "memory"];

const MARKS: [&str; 2] = ["<!-- begin of what cargo xtask bench-live writes -->", "<!-- end of it -->"];
const NETNS: &str = "whyrst-bench";
const WEB: u16 = 8088;
const CLOSED: u16 = 9;
const ROUNDS: usize = 5;
const SECONDS: u64 = 2;
const STATS: &str = "/proc/sys/kernel/bpf_stats_enabled";
/// Time to attach to the kernel, and to come to rest.
const START: Duration = Duration::from_millis(2_500);
/// To end, when it is asked to.
const PATIENCE: Duration = Duration::from_secs(10);

/// Measures `parts` and writes them to the page.
pub fn run(parts: &[&str]) -> Result<()> {
    if !is_root() {
        bail!("the kernel can be asked by root alone");
    }
    shell::run(cargo().args(["build", "--quiet", "--release", "--package", "whyrst-cli"]))?;
    let _network = Network::new()?;
    let mut page = machine();
    for part in parts {
        let text = match *part {
            "cost" => cost()?,
            "flood" => floods()?,
            "delay" => delay()?,
            "memory" => memory()?,
            other => bail!("there is no part {other}: {}", PARTS.join(", ")),
        };
        report(&mut page, &text);
    }
    pages::put("docs/live.md", MARKS, &page)
}

/// A network namespace that goes away with the value.
struct Network;

impl Network {
    fn new() -> Result<Self> {
        // One of a run that was interrupted.
        let _ = Command::new("ip").args(["netns", "del", NETNS]).stderr(Stdio::null()).status();
        shell::run(Command::new("ip").args(["netns", "add", NETNS]))?;
        shell::run(Command::new("ip").args(["-n", NETNS, "link", "set", "lo", "up"]))?;
        Ok(Self)
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        let _ = Command::new("ip").args(["netns", "del", NETNS]).status();
    }
}

/// A command in the namespace.
fn inside(words: &[&str]) -> Command {
    let mut command = Command::new("ip");
    command.args(["netns", "exec", NETNS]).args(words);
    command
}

/// A child that ends with the value.
struct Running(Child);

impl Running {
    fn start(command: &mut Command) -> Result<Self> {
        let shown = format!("{command:?}");
        Ok(Self(command.spawn().with_context(|| format!("cannot run {shown}"))?))
    }

    /// Nanoseconds of processor time of the child and of what it started.
    fn cpu(&self) -> u64 {
        family(self.0.id()).into_iter().map(cpu).sum()
    }

    /// Sends a signal to it and to what it started, as far as they live.
    fn signal(&self, signal: &str) {
        for pid in family(self.0.id()) {
            let _ = Command::new("kill").args([signal, &pid.to_string()]).stderr(Stdio::null()).status();
        }
    }

    /// Asks it to end, and waits for it. What was started by a script in the background ignores SIGINT.
    fn end(&mut self) -> Result<()> {
        for signal in ["-INT", "-TERM", "-KILL"] {
            self.signal(signal);
            let asked = Instant::now();
            while asked.elapsed() < PATIENCE {
                if self.0.try_wait().context("cannot wait")?.is_some() {
                    return Ok(());
                }
                sleep(Duration::from_millis(20));
            }
        }
        bail!("process {} does not end", self.0.id())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // nginx's worker outlives a master that could say no goodbye.
        self.signal("-KILL");
        let _ = self.0.wait();
    }
}

/// A process and its children.
fn family(pid: u32) -> Vec<u32> {
    let mut all = vec![pid];
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    for child in children.split_ascii_whitespace().filter_map(|child| child.parse().ok()) {
        all.extend(family(child));
    }
    all
}

/// Nanoseconds of processor time of all threads that live.
fn cpu(pid: u32) -> u64 {
    let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else { return 0 };
    let of = |task: fs::DirEntry| {
        let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    };
    tasks.flatten().filter_map(of).sum()
}

/// A counter of the namespace, by its name in `/proc/net/snmp`.
fn counter(name: &str) -> Result<u64> {
    counter_of(NETNS, name)
}

/// The same of any namespace.
pub fn counter_of(netns: &str, name: &str) -> Result<u64> {
    let output = Command::new("ip").args(["netns", "exec", netns, "cat", "/proc/net/snmp"]).output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut tcp = text.lines().filter_map(|line| line.strip_prefix("Tcp: "));
    let (names, values) = (tcp.next().context("no names")?, tcp.next().context("no values")?);
    let at = names.split(' ').position(|known| known == name).context("no such counter")?;
    values.split(' ').nth(at).context("no value")?.parse().context("no number")
}

/// A program that looks on.
struct Observer {
    name: &'static str,
    words: Vec<String>,
}

fn observer(name: &'static str, words: &[&str]) -> Option<Observer> {
    installed(words[0]).then(|| Observer { name, words: words.iter().map(ToString::to_string).collect() })
}

/// It needs tracefs, which not every machine has mounted: in a mount namespace of its own then.
fn bpftrace() -> Observer {
    let script =
        "mount -t tracefs tracefs /sys/kernel/tracing && exec bpftrace -e 't:sock:inet_sock_set_state{@=count()}'";
    let words = ["unshare", "--mount", "sh", "-c", script].map(ToString::to_string).to_vec();
    Observer { name: "bpftrace, counting inet_sock_set_state", words }
}

/// One that looks at packets, and so must be where they are.
fn captor(name: &'static str, words: &[&str]) -> Option<Observer> {
    installed(words[0]).then(|| observer(name, &[&["ip", "netns", "exec", NETNS], words].concat()))?
}

fn watch(arguments: &[&str]) -> Observer {
    let whyrst = target().join("release/whyrst").display().to_string();
    let words = [&[whyrst.as_str(), "watch", "--quiet"], arguments].concat();
    Observer { name: "**whyrst watch**", words: words.iter().map(ToString::to_string).collect() }
}

impl Observer {
    fn command(&self) -> Command {
        let mut command = Command::new(&self.words[0]);
        command.args(&self.words[1..]);
        command
    }

    fn start(&self) -> Result<Running> {
        let running = Running::start(self.command().stdout(Stdio::null()).stderr(Stdio::null()))?;
        sleep(START);
        Ok(running)
    }
}

/// One round: what the workload took, and what the observer took.
#[derive(Clone, Copy, Default)]
struct Round {
    events: f64,
    /// Nanoseconds of one event.
    workload: f64,
    /// Nanoseconds of one event, with the observer's own.
    all: f64,
}

fn medians(rounds: &[Round], of: impl Fn(&Round) -> f64) -> f64 {
    let mut all: Vec<f64> = rounds.iter().map(of).collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or_default()
}

/// Rounds in turns, each program's beside a round without any: the median of the pairs.
fn table(
    title: &str,
    event: &str,
    observers: &[Observer],
    mut round: impl FnMut(Option<&Observer>) -> Result<Round>,
) -> Result<String> {
    let mut pairs: BTreeMap<usize, Vec<(Round, Round)>> = BTreeMap::new();
    for _ in 0..ROUNDS {
        for (at, observer) in observers.iter().enumerate() {
            let alone = round(None)?;
            pairs.entry(at).or_default().push((alone, round(Some(observer))?));
        }
    }
    let mut out = format!(
        "### {title}\n\nMedians of {ROUNDS} pairs of {SECONDS} s rounds, without and with the program. \
         us: processor time of one {event}.\n\n\
         | program | {event}s a second | us alone | us watched | ratio, with its own time (lowest to highest pair) |\n\
         | --- | --: | --: | --: | --: |\n"
    );
    for (at, observer) in observers.iter().enumerate() {
        let of = &pairs[&at];
        let ratios: Vec<Round> =
            of.iter().map(|(alone, with)| Round { all: with.all / alone.workload, ..*with }).collect();
        let range = ratios.iter().map(|round| round.all);
        let (low, high) = (range.clone().fold(f64::MAX, f64::min), range.fold(0.0, f64::max));
        let alone: Vec<Round> = of.iter().map(|(alone, _)| *alone).collect();
        let with: Vec<Round> = of.iter().map(|(_, with)| *with).collect();
        writeln!(
            out,
            "| {} | {:.0} | {:.1} | {:.1} | {:.3} ({low:.3} to {high:.3}) |",
            observer.name,
            medians(&with, |round| round.events) / to_f64(SECONDS),
            medians(&alone, |round| round.workload) / 1e3,
            medians(&with, |round| round.all) / 1e3,
            medians(&ratios, |round| round.all)
        )?;
    }
    Ok(out)
}

#[expect(clippy::cast_precision_loss, reason = "counts to be divided and printed")]
const fn to_f64(count: u64) -> f64 {
    count as f64
}

/// nginx and wrk, a connection for each request.
fn cost() -> Result<String> {
    for (program, package) in [("nginx", "nginx-light"), ("wrk", "wrk")] {
        if !installed(program) {
            bail!("{program} is needed: apt-get install {package}");
        }
    }
    let folder = Scratch::new("bench-live")?;
    let server = nginx(&folder)?;
    let observers = [
        Some(watch(&[])),
        observer("control: sleep, which looks at nothing", &["sleep", "1000"]),
        captor("tcpdump, all TCP, to /dev/null", &["tcpdump", "-q", "-i", "lo", "-w", "/dev/null", "tcp"]),
        installed("bpftrace").then(bpftrace),
        captor("tshark -Y reset", &["tshark", "-n", "-i", "lo", "-f", "tcp", "-Y", "tcp.flags.reset==1"]),
    ];
    let observers: Vec<Observer> = observers.into_iter().flatten().collect();
    let mut out = table(
        "A short connection (nginx, wrk -t1 -c16, `Connection: close`, both ends here)",
        "connection",
        &observers,
        |observer| web_round(&server, observer),
    )?;
    out.push_str(&own_account(&server)?);
    Ok(out)
}

fn nginx(folder: &Scratch) -> Result<Running> {
    let path = folder.path().display();
    let config = format!(
        "daemon off; worker_processes 1; error_log {path}/error.log crit; pid {path}/pid;\n\
         events {{ worker_connections 1024; }}\n\
         http {{ access_log off; client_body_temp_path {path}/a; proxy_temp_path {path}/b;\n\
         fastcgi_temp_path {path}/c; uwsgi_temp_path {path}/d; scgi_temp_path {path}/e;\n\
         server {{ listen 127.0.0.1:{WEB} backlog=4096; location / {{ return 200 \"hello\\n\"; }} }} }}\n"
    );
    let file = folder.path().join("nginx.conf");
    fs::write(&file, config)?;
    let server = Running::start(&mut inside(&["nginx", "-c", &file.display().to_string()]))?;
    sleep(Duration::from_millis(500));
    Ok(server)
}

/// One round of wrk; processor time of client and server.
fn wrk(server: &Running) -> Result<Round> {
    let (before, cpu, own) = (counter("PassiveOpens")?, server.cpu(), children());
    let seconds = format!("-d{SECONDS}");
    let url = format!("http://127.0.0.1:{WEB}/");
    shell::run(inside(&["wrk", "-t1", "-c16", &seconds, "-H", "Connection: close", &url]).stdout(Stdio::null()))?;
    let spent = to_f64(server.cpu() - cpu) + (children() - own) * 1e9;
    let events = to_f64(counter("PassiveOpens")? - before);
    Ok(Round { events, workload: spent / events, all: spent / events })
}

/// Seconds of processor time of children that have ended.
fn children() -> f64 {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN);
    usage.map_or(0.0, |usage| seconds(usage.user_time()) + seconds(usage.system_time()))
}

#[expect(clippy::cast_precision_loss, reason = "seconds to be divided and printed")]
fn seconds(time: nix::sys::time::TimeVal) -> f64 {
    time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6
}

fn web_round(server: &Running, observer: Option<&Observer>) -> Result<Round> {
    let Some(observer) = observer else { return wrk(server) };
    let mut running = observer.start()?;
    let before = running.cpu();
    let round = wrk(server)?;
    let own = to_f64(running.cpu() - before) / round.events;
    running.end()?;
    Ok(Round { all: round.workload + own, ..round })
}

/// Runs and nanoseconds of each program that `pid` holds, by the kernel's own account.
fn programs(pid: u32) -> BTreeMap<u64, (u64, u64)> {
    let mut all = BTreeMap::new();
    for pid in family(pid) {
        for file in fs::read_dir(format!("/proc/{pid}/fdinfo")).into_iter().flatten().flatten() {
            let text = fs::read_to_string(file.path()).unwrap_or_default();
            let number = |name: &str| {
                let line = text.lines().find_map(|line| line.strip_prefix(name))?;
                line.trim_start_matches(':').trim().parse::<u64>().ok()
            };
            if let (Some(id), Some(runs), Some(time)) = (number("prog_id"), number("run_cnt"), number("run_time_ns")) {
                all.insert(id, (runs, time));
            }
        }
    }
    all
}

/// `kernel.bpf_stats_enabled` while the value lives.
struct Stats;

impl Stats {
    fn on() -> Result<Self> {
        fs::write(STATS, "1").context("cannot turn kernel.bpf_stats_enabled on")?;
        Ok(Self)
    }
}

impl Drop for Stats {
    fn drop(&mut self) {
        let _ = fs::write(STATS, "0");
    }
}

/// BPF time of one connection by the kernel's own account, which counts the reading of its clock too.
fn own_account(server: &Running) -> Result<String> {
    let mut lowest = f64::MAX;
    let mut programs_of_lowest = String::new();
    let mut all = Vec::new();
    let running = watch(&[]).start()?;
    for _ in 0..ROUNDS {
        let _stats = Stats::on()?;
        let before = programs(running.0.id());
        let round = wrk(server)?;
        let mut text = String::new();
        let mut total = 0.0;
        for (id, (runs, time)) in programs(running.0.id()) {
            let (ran, took) = before.get(&id).copied().unwrap_or_default();
            let (runs, time) = (to_f64(runs - ran), to_f64(time - took));
            total += time;
            if runs / round.events > 0.01 {
                let _ = write!(text, "{:.1} runs of {:.0} ns; ", runs / round.events, time / runs);
            }
        }
        let each = total / round.events / 1e3;
        all.push(each);
        if each < lowest {
            (lowest, programs_of_lowest) = (each, text);
        }
    }
    all.sort_by(f64::total_cmp);
    Ok(format!(
        "\nBPF time of one connection, both ends, by `kernel.bpf_stats_enabled` ({ROUNDS} rounds): {:.2} us at the median, \
         {lowest:.2} at the lowest ({}).\n",
        all[all.len() / 2],
        programs_of_lowest.trim_end_matches("; ")
    ))
}

/// Connects to a closed port for so long: the other side of [`floods`]. Says how many, and the
/// processor time in nanoseconds.
pub fn flood(port: u16, seconds_: u64) -> Result<()> {
    let end = Instant::now() + Duration::from_secs(seconds_);
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut count = 0_u64;
    while Instant::now() < end {
        for _ in 0..64 {
            if TcpStream::connect(address).is_ok() {
                bail!("somebody listens on port {port}");
            }
            count += 1;
        }
    }
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    println!("{count} {}", (seconds(usage.user_time()) + seconds(usage.system_time())) * 1e9);
    Ok(())
}

fn flood_round(observer: Option<&Observer>) -> Result<Round> {
    let running = observer.map(Observer::start).transpose()?;
    let before = running.as_ref().map(Running::cpu);
    let own = std::env::current_exe()?.display().to_string();
    let output = inside(&[&own, "flood", &CLOSED.to_string(), &SECONDS.to_string()]).output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut words = text.split_whitespace().map(str::parse::<f64>);
    let (events, spent) = (words.next().context("no count")??, words.next().context("no time")??);
    let workload = spent / events;
    let mut all = workload;
    if let (Some(mut running), Some(before)) = (running, before) {
        // What is still to be read is its work too.
        sleep(Duration::from_millis(200));
        all += to_f64(running.cpu() - before) / events;
        running.end()?;
    }
    Ok(Round { events, workload, all })
}

/// RSTs as fast as one thread can ask for them.
fn floods() -> Result<String> {
    let observers = [
        Some(watch(&[])),
        captor("tshark -f 'tcp[13]&4!=0'", &["tshark", "-n", "-i", "lo", "-f", "tcp[13]&4!=0"]),
        captor("tcpdump, RST filter, to /dev/null", &["tcpdump", "-i", "lo", "-w", "/dev/null", "tcp[13]&4!=0"]),
    ];
    let observers: Vec<Observer> = observers.into_iter().flatten().collect();
    let mut out = table("A flood of refused connects (one thread)", "RST", &observers, flood_round)?;
    out.push_str(&nothing_is_lost()?);
    Ok(out)
}

/// Two threads' worth for longer, with the counts held against the kernel's, and memory watched.
fn nothing_is_lost() -> Result<String> {
    // The kernel's count of a namespace is read through a process in it.
    let _anchor = Running::start(&mut inside(&["sleep", "1000"]))?;
    let mut whyrst = watch(&["--format", "json"]);
    // Its last line is the summary.
    whyrst.words.retain(|word| word != "--quiet");
    let mut running = Running::start(whyrst.command().stdout(Stdio::piped()).stderr(Stdio::null()))?;
    let output = running.0.stdout.take().context("no output")?;
    let reader = std::thread::spawn(move || {
        let lines = BufReader::new(output).lines().map_while(Result::ok);
        lines.filter(|line| line.contains("whyrst.watch/1")).last()
    });
    sleep(START);
    let before = counter("OutRsts")?;
    let own = std::env::current_exe()?.display().to_string();
    let began = Instant::now();
    let mut floods = Vec::new();
    for _ in 0..2 {
        let port = CLOSED.to_string();
        let words = [own.as_str(), "flood", &port, "6"];
        floods.push(Running::start(inside(&words).stdout(Stdio::null()))?);
    }
    sleep(Duration::from_secs(2));
    let early = resident(running.0.id());
    for flood in &mut floods {
        flood.0.wait()?;
    }
    let took = began.elapsed().as_secs_f64();
    let late = resident(running.0.id());
    let sent = counter("OutRsts")? - before;
    sleep(Duration::from_secs(2));
    running.end()?;
    let summary = reader.join().ok().flatten().context("watch gave no summary")?;
    let summary: Value = serde_json::from_str(&summary)?;
    let namespace = summary["namespaces"].as_array().into_iter().flatten().max_by_key(|of| of["counted"].as_u64());
    let namespace = namespace.context("the namespace was not compared")?;
    Ok(format!(
        "\nTwo threads for 6 s: {sent} RSTs by `Tcp: OutRsts`, {:.0} a second. watch saw {} of {} and lost {}; its memory was \
         {early} KiB after 2 s and {late} KiB at the end.\n",
        to_f64(sent) / took,
        namespace["seen"],
        namespace["counted"],
        summary["lost"],
    ))
}

/// `VmRSS`, in KiB.
pub fn resident(pid: u32) -> u64 {
    let of = |pid: u32| {
        let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    };
    family(pid).into_iter().filter_map(of).sum()
}

/// From the failed `connect()` to the line about it.
fn delay() -> Result<String> {
    const TIMES: usize = 200;
    let whyrst = watch(&["--format", "json", "--port", "9"]);
    let mut running = Running::start(whyrst.command().stdout(Stdio::piped()).stderr(Stdio::null()))?;
    let mut lines = BufReader::new(running.0.stdout.take().context("no output")?).lines();
    sleep(START);
    let (mut asker, mut orders) = asker()?;
    let mut answers = BufReader::new(asker.0.stdout.take().context("no output")?).lines();
    let mut delays = Vec::new();
    for _ in 0..TIMES {
        // Slow enough that none is folded: five of a kind are reported in a second.
        sleep(Duration::from_millis(230));
        orders.write_all(b"\n")?;
        answers.next().context("the asker ended")??;
        let since = Instant::now();
        lines.next().context("watch ended")??;
        delays.push(since.elapsed().as_secs_f64() * 1e3);
    }
    running.end()?;
    delays.sort_by(f64::total_cmp);
    let at = |share: usize| delays[(delays.len() * share / 100).min(delays.len() - 1)];
    Ok(format!(
        "### From a RST to its line\n\n{TIMES} refused connects, from the failed connect() to the line in a pipe: \
         {:.1} ms at the median, {:.1} at the 90th and {:.1} at the 99th percentile.\n",
        at(50),
        at(90),
        at(99)
    ))
}

/// Connects whenever it gets a line; a shell is there on every machine.
fn asker() -> Result<(Running, ChildStdin)> {
    let program = "import socket, sys
for line in sys.stdin:
    s = socket.socket()
    try:
        s.connect(('127.0.0.1', 9))
    except ConnectionRefusedError:
        pass
    print('asked', flush=True)";
    let mut command = inside(&["python3", "-c", program]);
    let mut running = Running::start(command.stdin(Stdio::piped()).stdout(Stdio::piped()))?;
    let orders = running.0.stdin.take().context("no input")?;
    Ok((running, orders))
}

/// Files of one process that are no sockets held.
const OTHER_FILES: u64 = 100;

/// Holds so many connected sockets, and says so: the other side of [`memory`]. Each `holder` has addresses
/// of its own.
pub fn hold(sockets: usize, holder: u32) -> Result<()> {
    let files = u64::try_from(sockets)? + OTHER_FILES;
    setrlimit(Resource::RLIMIT_NOFILE, files, files)?;
    let mut held = Vec::new();
    let mut address = (holder << 8) + 1;
    while held.len() < sockets {
        // A listener has 28000 ephemeral ports for its clients.
        address += 1;
        let listener = TcpListener::bind((Ipv4Addr::from(0x7f00_0000 | address), 0))?;
        for _ in 0..20_000 {
            if held.len() >= sockets {
                break;
            }
            held.push(TcpStream::connect(listener.local_addr()?)?);
            held.push(listener.accept()?.0);
        }
    }
    println!("held");
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

/// A process that holds so many sockets.
fn holder(sockets: usize, nth: usize) -> Result<Running> {
    let own = std::env::current_exe()?.display().to_string();
    let mut command = inside(&[&own, "hold", &sockets.to_string(), &nth.to_string()]);
    let mut running = Running::start(command.stdin(Stdio::piped()).stdout(Stdio::piped()))?;
    let mut line = String::new();
    BufReader::new(running.0.stdout.take().context("no output")?).read_line(&mut line)?;
    if line != "held\n" {
        bail!("cannot hold {sockets} sockets");
    }
    Ok(running)
}

/// Memory with 100 000 sockets that live.
fn memory() -> Result<String> {
    const SOCKETS: usize = 100_000;
    let whyrst = watch(&[]);
    let running = whyrst.start()?;
    let before = resident(running.0.id());
    let slabs = slabs();
    // Who may not raise the limit of open files shares them among processes.
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    let each = usize::try_from(most - OTHER_FILES)?.min(SOCKETS);
    let holders: Vec<Running> =
        (0..SOCKETS.div_ceil(each)).map(|nth| holder(each.min(SOCKETS - nth * each), nth)).collect::<Result<_>>()?;
    sleep(Duration::from_secs(1));
    let after = resident(running.0.id());
    let maps = maps(running.0.id());
    let grown = self::slabs().saturating_sub(slabs);
    drop(holders);
    Ok(format!(
        "### Memory with {SOCKETS} sockets\n\nResident memory of watch: {before} KiB before, {after} KiB with them (with the ring \
         buffer, which it maps). Kernel maps by their own account (`memlock`): {} KiB. Storage of sockets beyond the \
         table: at most {grown} KiB of the kernel's small allocations, everything else that these sockets needed of them included.\n",
        maps / 1024
    ))
}

/// Bytes that the maps of a process take in the kernel.
pub fn maps(pid: u32) -> u64 {
    let mut all = BTreeMap::new();
    for pid in family(pid) {
        for file in fs::read_dir(format!("/proc/{pid}/fdinfo")).into_iter().flatten().flatten() {
            let text = fs::read_to_string(file.path()).unwrap_or_default();
            let number = |name: &str| {
                let line = text.lines().find_map(|line| line.strip_prefix(name))?;
                line.trim_start_matches(':').trim().parse::<u64>().ok()
            };
            if let (Some(id), Some(bytes)) = (number("map_id"), number("memlock")) {
                all.insert(id, bytes);
            }
        }
    }
    all.values().sum()
}

/// KiB in the kernel's allocations of 192 and 256 bytes that are counted for a cgroup: those of
/// `sk_storage` are.
fn slabs() -> u64 {
    let text = fs::read_to_string("/proc/slabinfo").unwrap_or_default();
    let of = |line: &str| {
        let mut words = line.split_whitespace();
        let name = words.next()?;
        let size = match name {
            "kmalloc-cg-192" | "kmalloc-192" => 192,
            "kmalloc-cg-256" | "kmalloc-256" => 256,
            _ => return None,
        };
        Some(words.next()?.parse::<u64>().ok()? * size / 1024)
    };
    text.lines().filter_map(of).sum()
}
