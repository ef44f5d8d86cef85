//! `watch`, `run` and `check` as a user has them: real sockets, the running kernel.
//!
//! What asks the kernel needs root: `cargo xtask test` runs it, or
//! `cargo test -p whyrst --test live -- --ignored`.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use support::TROUBLE;

const WHYRST: &str = env!("CARGO_BIN_EXE_whyrst");

fn whyrst(arguments: &[&str]) -> Output {
    Command::new(WHYRST).args(arguments).output().expect("whyrst runs")
}

fn objects(text: &[u8]) -> Vec<Value> {
    text.split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect()
}

/// `whyrst watch`, ready to hear. Its process is gone when this is.
struct Watching(Child);

impl Watching {
    fn start(arguments: &[&str]) -> Self {
        let mut watch = Command::new(WHYRST);
        watch.arg("watch").args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self::ready(watch.spawn().unwrap())
    }

    /// The probe is loaded before system calls are restricted: then it hears.
    fn ready(mut child: Child) -> Self {
        for _ in 0..1_200 {
            assert!(child.try_wait().unwrap().is_none(), "watch ended at once");
            if status(child.id(), "Seccomp").as_deref() == Some("2") {
                return Self(child);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("watch is not ready after a minute");
    }

    fn interrupt(mut self) -> (i32, String) {
        let pid = nix::unistd::Pid::from_raw(self.0.id().cast_signed());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).unwrap();
        let status = self.0.wait().unwrap();
        let mut text = String::new();
        self.0.stdout.take().unwrap().read_to_string(&mut text).unwrap();
        (status.code().unwrap_or(-1), text)
    }
}

/// A line of `/proc/PID/status`.
fn status(pid: u32, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(|value| value.trim().to_owned())
}

/// Two network namespaces, 10.79.0.1 and 10.79.0.2, with a cable between them. The second one's firewall
/// rejects port 25. They are gone when this is.
struct Hosts;

impl Hosts {
    fn make() -> Self {
        Self::remove();
        let hosts = Self;
        for command in [
            "ip netns add whyrst-a; ip netns add whyrst-b",
            "ip link add cable netns whyrst-a type veth peer name cable netns whyrst-b",
            "ip -n whyrst-a address add 10.79.0.1/24 dev cable; ip -n whyrst-b address add 10.79.0.2/24 dev cable",
            "for n in whyrst-a whyrst-b; do ip -n $n link set lo up; ip -n $n link set cable up; done",
            "printf 'table inet f {\\n chain i {\\n type filter hook input priority 0;\\n tcp dport 25 counter reject with tcp reset\\n }\\n}\\n' | ip netns exec whyrst-b nft -f -",
        ] {
            assert!(Command::new("sh").args(["-ec", command]).status().unwrap().success(), "{command}");
        }
        hosts
    }

    fn python(host: &str, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", host, "python3", "-c", program]);
        command
    }

    fn remove() {
        let remove = "for n in whyrst-a whyrst-b; do ip netns delete $n 2>/dev/null || true; done";
        let _ = Command::new("sh").args(["-c", remove]).status();
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        Self::remove();
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
#[ignore = "needs root and BPF"]
fn watch_tells_a_reset_on_one_line_and_sums_up_on_ctrl_c() {
    let watching = Watching::start(&["--comm", "python3", "--cause", "close-unread"]);
    assert!(Command::new("python3").args(["-c", TROUBLE]).status().unwrap().success());
    std::thread::sleep(Duration::from_millis(200));
    let (status, text) = watching.interrupt();
    assert_eq!(status, 0, "{text}");
    let line = text.lines().find(|line| line.contains("close-unread [certain]")).expect(&text);
    assert!(line.contains("3 bytes unread") && line.contains("python3"), "{line}");
    // What awk finds, and above all lines the date that their times lack.
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    assert_eq!((words[2], words[4], words[5]), (">", "close-unread", "[certain]"), "{line}");
    for key in ["cause=close-unread", "from=server", "from_comm=python3", "to_comm=python3", "unread_bytes=3"] {
        assert!(words.contains(&key), "{key}: {line}");
    }
    assert!(text.starts_with("# 20") && text.lines().next().unwrap().ends_with(" UTC +00:00"), "{text}");
    assert!(text.contains("1  close-unread [certain]"), "{text}");
    assert!(!text.contains("closed-port"), "the filter lets it through: {text}");
}

#[test]
#[ignore = "needs root and BPF"]
fn ready_is_said_when_the_first_reset_would_be_seen() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut watch = Command::new(WHYRST);
    watch.args(["watch", "--port", &format!("{port},1-2")]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut watching = Watching(watch.spawn().unwrap());
    let said = BufReader::new(watching.0.stderr.take().unwrap()).lines().map_while(Result::ok);
    let ready = said.into_iter().find(|line| line.contains("ready, watching ")).expect("it says so");
    assert!(ready.contains(" network namespace"), "{ready}");
    TcpStream::connect(("127.0.0.1", port)).unwrap_err();
    let told = BufReader::new(watching.0.stdout.take().unwrap()).lines().map_while(Result::ok);
    assert!(told.into_iter().any(|line| line.contains(&format!(":{port}  closed-port"))));
}

#[test]
#[ignore = "needs root and BPF"]
fn a_filter_that_nothing_can_match_is_refused_and_one_that_nothing_matches_now_is_said() {
    for (arguments, says) in [
        (["--pid", "4194305"], "no such process"),
        (["--netns", "7"], "no process is in such a network namespace"),
        (["--port", "nosuchservice"], "no TCP service"),
        (["--addr", "host.invalid"], "host.invalid"),
        (["--not-cause", "nosuchcause"], "nosuchcause"),
    ] {
        let output = whyrst(&["watch", "--duration", "1", arguments[0], arguments[1]]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), said.contains(says)), (Some(2), true), "{arguments:?}: {said}");
    }
    for (arguments, says) in [
        (["--comm", "no-program-of-such-a-name"], "the kernel keeps 15 bytes"),
        (["--comm", "nosuchprogram"], "no process is called nosuchprogram now"),
        (["--cgroup", "/nosuch"], "there is no cgroup /nosuch now"),
    ] {
        let output = whyrst(&["watch", "--duration", "1", arguments[0], arguments[1]]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), said.contains(says)), (Some(0), true), "{arguments:?}: {said}");
    }
}

#[test]
#[ignore = "needs root and BPF"]
fn ports_may_be_ranges_and_left_out_and_so_may_causes() {
    // Four refused ports and one reset of another cause; the names of hosts are looked up.
    let watching = Watching::start(&[
        "--port",
        "40101-40103,40105",
        "--not-port",
        "40102",
        "--addr",
        "localhost",
        "--not-cause",
        "close-unread",
    ]);
    let trouble = "
import socket, time
for port in (40101, 40102, 40103, 40104):
    try: socket.create_connection(('127.0.0.1', port))
    except ConnectionRefusedError: pass
l = socket.create_server(('127.0.0.1', 40105), reuse_port=True)
c = socket.create_connection(l.getsockname()); s, _ = l.accept()
c.send(b'abc'); time.sleep(0.05); s.close(); time.sleep(0.05)
";
    assert!(Command::new("python3").args(["-c", trouble]).status().unwrap().success());
    std::thread::sleep(Duration::from_millis(200));
    let (_, text) = watching.interrupt();
    let ports: Vec<&str> =
        text.lines().filter_map(|line| line.split_whitespace().nth(3)?.strip_prefix("127.0.0.1:")).collect();
    assert_eq!(ports, ["40101", "40103"], "{text}");
}

#[test]
#[ignore = "needs root and BPF"]
fn watch_writes_the_objects_of_the_contract() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut watching = Watching::start(&["--format", "json", "--port", &port.to_string(), "--addr", "127.0.0.0/8"]);
    TcpStream::connect(("127.0.0.1", port)).unwrap_err();
    let mut lines = BufReader::new(watching.0.stdout.take().unwrap()).lines();
    let object: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    assert_eq!(object["schema"], "whyrst.reset/1");
    assert_eq!(object["verdict"]["cause"], "closed-port");
    assert_eq!(object["server"]["port"], port);
    assert_eq!(object["kernel"]["reason"], "NO_SOCKET");
    assert_eq!(object["process"]["pid"], std::process::id());
    assert_eq!(object["process"]["end"], "client");
}

/// Answers a request of which it has read the beginning, and closes.
const HASTY: &str = r"
import socket, time
listener = socket.socket(); listener.bind(('127.0.0.1', 0)); listener.listen()
client = socket.create_connection(listener.getsockname())
client.sendall(b'POST /up HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\n' + b'y' * 100000)
server, _ = listener.accept()
server.recv(1000)
server.sendall(b'HTTP/1.1 413 Payload Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
time.sleep(0.02)
server.close()
time.sleep(0.3)
";

#[test]
#[ignore = "needs root and BPF"]
fn with_packets_a_reset_of_this_host_is_told_with_what_its_server_said() {
    let watching = Watching::start(&["--packets", "--format", "json", "--comm", "python3"]);
    assert!(Command::new("python3").args(["-c", HASTY]).status().unwrap().success());
    std::thread::sleep(Duration::from_millis(400));
    let told = objects(watching.interrupt().1.as_bytes());
    let one = told.iter().find(|object| object["verdict"]["cause"] == "early-answer").expect("it is told");
    assert_eq!(one["mechanism"]["cause"], "close-unread");
    assert_eq!(one["mechanism"]["confidence"], "certain", "the kernel was asked");
    assert_eq!(one["process"]["comm"], "python3");
    let words = one["words"].as_array().unwrap();
    assert!(words.iter().any(|said| said["text"].as_str().unwrap().contains("413")), "{words:?}");
}

#[test]
#[ignore = "needs root and BPF"]
fn a_recording_of_watch_is_read_by_explain() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.jsonl");
    let watching = Watching::start(&["--record", path.to_str().unwrap()]);
    // More than one refusal, so that there is an incident.
    for _ in 0..3 {
        assert!(Command::new("python3").args(["-c", TROUBLE]).status().unwrap().success());
    }
    std::thread::sleep(Duration::from_millis(200));
    watching.interrupt();
    let read = whyrst_capture::recording::open(&path).unwrap();
    assert_eq!(read.damaged_lines, 0);
    assert!(
        read.recording.resets.iter().any(|reset| reset.reason_name == "TCP_ABORT_ON_CLOSE" && reset.comm == "python3")
    );
    assert_eq!(read.recording.lost, 0);
    // Judged again without any packet, it is what was told live, with both processes and the socket.
    let output = whyrst(&["explain", "--format", "json", "--cause", "close-unread", path.to_str().unwrap()]);
    let told = objects(&output.stdout);
    let one = told.iter().find(|object| object["process"]["comm"] == "python3").expect("it is told again");
    assert_eq!(one["verdict"]["confidence"], "certain");
    assert_eq!((&one["socket"]["unread_bytes"], &one["socket"]["end"]), (&3.into(), &"server".into()));
    let text = String::from_utf8(whyrst(&["explain", "-v", path.to_str().unwrap()]).stdout).unwrap();
    assert!(text.contains("3 bytes unread") && text.contains("closed-port"), "{text}");
    let summary = String::from_utf8(whyrst(&["explain", "--summary", path.to_str().unwrap()]).stdout).unwrap();
    assert!(summary.contains("incident") && !summary.contains("frames 2"), "no frame was captured: {summary}");
}

#[test]
#[ignore = "needs root and BPF"]
fn run_tells_the_commands_resets_beside_its_output_and_ends_as_it_did() {
    let noisy = format!("{TROUBLE}\nprint('its own output'); raise SystemExit(7)");
    let output = whyrst(&["run", "--format", "json", "--", "python3", "-c", &noisy]);
    assert_eq!(output.status.code(), Some(7));
    assert_eq!(output.stdout, b"its own output\n");
    let told = objects(&output.stderr);
    let causes: Vec<&str> = told.iter().filter_map(|object| object["verdict"]["cause"].as_str()).collect();
    assert_eq!(causes, ["closed-port", "close-unread"]);
    assert_eq!(told.last().unwrap()["schema"], "whyrst.watch/1");
    assert_eq!(told.last().unwrap()["shown"], 2);
}

#[test]
#[ignore = "needs root and BPF"]
fn run_follows_children_and_not_its_neighbours() {
    let mut neighbour = Command::new("python3")
        .args(["-c", &format!("import time\nfor _ in range(20):\n    exec({TROUBLE:?}); time.sleep(0.02)")])
        .spawn()
        .unwrap();
    let shell = "python3 -c \"$0\" & wait";
    let output = whyrst(&["run", "--format", "json", "--", "sh", "-c", shell, TROUBLE]);
    let _ = neighbour.kill();
    let _ = neighbour.wait();
    let told = objects(&output.stderr);
    let causes: Vec<&str> = told.iter().filter_map(|object| object["verdict"]["cause"].as_str()).collect();
    assert_eq!(causes, ["closed-port", "close-unread"]);
}

/// Unlike resets in a namespace of their own, at most ten seconds of them. Gone when this is.
struct Flood(Child);

impl Flood {
    const NETNS: &str = "whyrst-flood";
    const PROGRAM: &str = "
import errno, multiprocessing, random, socket, time
def flood():
    end = time.time() + 10
    while time.time() < end:
        s = socket.socket()
        s.connect_ex(('127.%d.%d.1' % (random.randrange(256), random.randrange(256)), random.randrange(1, 65536)))
        s.close()
for _ in range(2):
    multiprocessing.Process(target=flood, daemon=True).start()
time.sleep(0.3); print('ready', flush=True); time.sleep(10)
";

    fn begin() -> Self {
        let make = "ip netns delete $0 2>/dev/null || true; ip netns add $0; ip -n $0 link set lo up";
        assert!(Command::new("sh").args(["-ec", make, Self::NETNS]).status().unwrap().success());
        let mut child = Hosts::python(Self::NETNS, Self::PROGRAM).stdout(Stdio::piped()).spawn().unwrap();
        BufReader::new(child.stdout.take().unwrap()).lines().next().unwrap().unwrap();
        Self(child)
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        // Its workers too: other tests look for single resets.
        let end = "ip netns pids $0 | xargs -r kill -KILL";
        let _ = Command::new("sh").args(["-c", end, Self::NETNS]).status();
        let _ = self.0.kill();
        let _ = self.0.wait();
        let _ = Command::new("ip").args(["netns", "delete", Self::NETNS]).status();
    }
}

#[test]
#[ignore = "needs root and BPF"]
fn run_ends_with_its_command_whatever_floods_the_host() {
    let _flood = Flood::begin();
    let output = whyrst(&["run", "--", "sh", "-c", "sleep 2; python3 -c \"$0\"; date +%s.%N", TROUBLE]);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64();
    let ended: f64 = String::from_utf8(output.stdout).unwrap().trim().parse().unwrap();
    // A second on a machine of its own (`cargo xtask siege`); other tests run beside this one.
    assert!(now - ended < 3.0, "it ended {} s after its command", now - ended);
    // What floods the host takes no place of the command's own resets.
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("closed-port") && said.contains("close-unread"), "{said}");
}

#[test]
#[ignore = "needs root and BPF"]
fn watch_reports_each_second_of_a_flood_stays_small_and_ends_when_it_is_asked_to() {
    let mut watching = Watching::start(&[]);
    let said = watching.0.stderr.take().unwrap();
    let said = std::thread::spawn(move || BufReader::new(said).lines().map_while(Result::ok).collect::<Vec<_>>());
    let told = watching.0.stdout.take().unwrap();
    let told = std::thread::spawn(move || {
        let lines = BufReader::new(told).lines().map_while(Result::ok);
        lines.map(|line| (std::time::Instant::now(), line)).collect::<Vec<_>>()
    });
    let flood = Flood::begin();
    let began = std::time::Instant::now();
    std::thread::sleep(Duration::from_secs(6));
    let resident: u64 = status(watching.0.id(), "VmHWM").unwrap().split(' ').next().unwrap().parse().unwrap();
    let pid = nix::unistd::Pid::from_raw(watching.0.id().cast_signed());
    let asked = std::time::Instant::now();
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).unwrap();
    assert!(watching.0.wait().unwrap().success());
    let took = asked.elapsed();
    drop(flood);
    let (told, _said) = (told.join().unwrap(), said.join().unwrap());
    assert!(took < Duration::from_secs(3), "it took {took:?} to end");
    assert!(resident <= 64 << 10, "{resident} KiB were resident");
    for second in 1..6 {
        let (from, until) =
            (began + Duration::from_secs(second), began + Duration::from_millis(1_000 * second + 1_500));
        assert!(told.iter().any(|(at, _)| (from..until).contains(at)), "no line in second {second}");
    }
    assert!(told.iter().any(|(_, line)| line.contains("more reset")), "they are folded");
    assert!(!told.iter().any(|(_, line)| line.contains(" min")), "a fold has a beginning");
}

#[test]
#[ignore = "needs root and BPF"]
fn when_descriptors_run_out_one_line_says_it() {
    let names: Vec<String> = (0..60).map(|number| format!("whyrst-fd-{number}")).collect();
    let each = |what: &str| {
        for name in &names {
            let _ = Command::new("ip").args(["netns", what, name]).stderr(Stdio::null()).status();
        }
    };
    each("add");
    let output = Command::new("prlimit")
        .args(["--nofile=80:80", WHYRST, "watch", "--packets", "--duration", "1"])
        .output()
        .unwrap();
    each("delete");
    let said = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = said.lines().filter(|line| line.contains("not seen")).collect();
    assert_eq!(lines.len(), 1, "{said}");
    assert!(lines[0].contains("network namespaces") && lines[0].contains("open files"), "{said}");
}

#[test]
#[ignore = "needs root and BPF"]
fn a_command_line_of_any_length_is_cut_and_that_is_said() {
    let long = "x".repeat(100_000);
    let trouble = format!("{TROUBLE}\nimport time; time.sleep(0.3)");
    let arguments = ["run", "--format", "json", "--", "python3", "-c", &trouble, &long, &long];
    let output = whyrst(&arguments);
    let told = objects(&output.stderr);
    let cmdline = told[0]["process"]["cmdline"].as_str().unwrap();
    assert!(cmdline.len() < 4_200 && cmdline.ends_with(" [cut]"), "{} bytes", cmdline.len());
}

/// A server that answers so late that its client has given up: the client's kernel resets it then.
const LATE: &str = "
import socket, time
l = socket.create_server(('127.0.0.1', 40111)); print('ready', flush=True)
for _ in range(2):
    s, _ = l.accept(); s.recv(100); time.sleep(0.8)
    try: s.send(b'late'); time.sleep(0.1); s.close()
    except OSError: pass
";

#[test]
#[ignore = "needs root and BPF"]
fn run_waits_for_what_its_command_left_behind_and_not_for_what_is_at_its_end() {
    let gives_up = "
import socket
c = socket.create_connection(('127.0.0.1', 40111)); c.send(b'get'); c.settimeout(0.1)
try: c.recv(10)
except TimeoutError: pass
";
    let mut server = Command::new("python3").args(["-c", LATE]).stdout(Stdio::piped()).spawn().unwrap();
    BufReader::new(server.stdout.take().unwrap()).lines().next().unwrap().unwrap();
    let output = whyrst(&["run", "--linger", "5s", "--", "python3", "-c", gives_up]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("1 connection of the command lives on without a process: waiting at most 5.0 s"), "{said}");
    assert!(said.contains("data-after-close"), "{said}");
    // Who does not want to wait is not told, and that is said.
    let output = whyrst(&["run", "--linger", "0", "--", "python3", "-c", gives_up]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains("data-after-close") && !said.contains("waiting"), "{said}");
    let _ = server.kill();
    let _ = server.wait();
    // Everything closed by both: no reason to wait.
    let both_close = "
import socket, time
l = socket.create_server(('127.0.0.1', 0)); c = socket.create_connection(l.getsockname()); s, _ = l.accept()
c.close(); time.sleep(0.05); s.close(); time.sleep(0.05); print(time.time(), flush=True)
";
    let output = whyrst(&["run", "--linger", "30s", "--", "python3", "-c", both_close]);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64();
    let ended: f64 = String::from_utf8(output.stdout).unwrap().trim().parse().unwrap();
    assert!(now - ended < 5.0, "it ended {} s after its command", now - ended);
}

#[test]
#[ignore = "needs root and BPF"]
fn a_reject_on_the_way_through_is_not_called_the_servers_firewall() {
    let names = ["whyrst-ta", "whyrst-tr", "whyrst-tb"];
    let remove = || {
        for name in names {
            let _ = Command::new("ip").args(["netns", "delete", name]).stderr(Stdio::null()).status();
        }
    };
    remove();
    for command in [
        "for n in a r b; do ip netns add whyrst-t$n; ip -n whyrst-t$n link set lo up; done",
        "ip link add e netns whyrst-ta type veth peer name va netns whyrst-tr; ip link add e netns whyrst-tb type veth peer name vb netns whyrst-tr",
        "ip -n whyrst-ta address add 10.84.1.2/24 dev e; ip -n whyrst-tb address add 10.84.2.2/24 dev e",
        "ip -n whyrst-tr address add 10.84.1.1/24 dev va; ip -n whyrst-tr address add 10.84.2.1/24 dev vb",
        "for n in a b; do ip -n whyrst-t$n link set e up; ip -n whyrst-tr link set v$n up; done",
        "ip -n whyrst-ta route add default via 10.84.1.1; ip -n whyrst-tb route add default via 10.84.2.1",
        "ip netns exec whyrst-tr sysctl -q net.ipv4.ip_forward=1",
        "printf 'table ip f {\\n chain f {\\n type filter hook forward priority 0;\\n ct state invalid tcp dport 26 reject with tcp reset\\n tcp dport 25 reject with tcp reset\\n }\\n}\\n' | ip netns exec whyrst-tr nft -f -",
    ] {
        assert!(Command::new("sh").args(["-ec", command]).status().unwrap().success(), "{command}");
    }
    let watching = Watching::start(&["--packets", "--addr", "10.84.0.0/16"]);
    let connects = "
import socket
for port in (25, 27):
    try: socket.create_connection(('10.84.2.2', port), timeout=3)
    except ConnectionRefusedError: pass
";
    assert!(Hosts::python("whyrst-ta", connects).status().unwrap().success());
    std::thread::sleep(Duration::from_millis(600));
    let (_, text) = watching.interrupt();
    let check = Command::new("ip").args(["netns", "exec", "whyrst-tr", WHYRST, "check", "--format", "json"]).output();
    remove();
    let line = |port: &str| text.lines().find(|line| line.contains(port)).expect(&text).to_owned();
    assert!(line("10.84.2.2:25").contains("fw-reject-transit [likely]"), "{text}");
    assert!(line("10.84.2.2:25").contains("  rule: tcp dport 25 reject with tcp reset  "), "{text}");
    assert!(line("10.84.2.2:27").contains("closed-port [certain]"), "{text}");
    let found = objects(&check.unwrap().stdout);
    let causes: Vec<(&str, &str)> =
        found.iter().filter_map(|one| Some((one["cause"].as_str()?, one["subject"].as_str()?))).collect();
    assert!(causes.contains(&("fw-state-lost", "ct state invalid tcp dport 26 reject with tcp reset")), "{causes:?}");
    assert!(causes.contains(&("fw-reject-transit", "tcp dport 25 reject with tcp reset")), "{causes:?}");
}

#[test]
#[ignore = "needs root"]
fn check_ends_with_status_0_where_nothing_is_wrong() {
    let name = "whyrst-calm";
    let ip = |arguments: &[&str]| Command::new("ip").args(arguments).status().unwrap();
    let _ = Command::new("ip").args(["netns", "delete", name]).stderr(Stdio::null()).status();
    assert!(ip(&["netns", "add", name]).success());
    // A close with data unread was counted here, once; nothing goes on.
    ip(&["-n", name, "link", "set", "lo", "up"]);
    assert!(Hosts::python(name, TROUBLE).status().unwrap().success());
    let output = Command::new("ip").args(["netns", "exec", name, WHYRST, "check"]).output().unwrap();
    ip(&["netns", "delete", name]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("nothing found that is to be mended here"), "{text}");
    assert!(text.contains("close-unread  (to know)") && text.contains("; 0 in the last 1."), "{text}");
}

#[test]
#[ignore = "needs root and BPF"]
fn run_says_when_a_signal_ended_the_command_and_when_it_cannot_be_started() {
    let output = whyrst(&["run", "--", "sh", "-c", "kill -TERM $$"]);
    assert_eq!(output.status.code(), Some(128 + 15));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no connection of sh was reset"));
    let output = whyrst(&["run", "--", "/nonexistent/program"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot run /nonexistent/program"));
}

#[test]
fn check_finds_a_listener_that_does_not_accept_and_data_that_nobody_reads() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let clients: Vec<TcpStream> = (0..110).map(|_| TcpStream::connect(("127.0.0.1", port)).unwrap()).collect();
    let reader = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut writer = TcpStream::connect(reader.local_addr().unwrap()).unwrap();
    let (_unread, _) = reader.accept().unwrap();
    writer.write_all(&[0; 904]).unwrap();
    std::thread::sleep(Duration::from_millis(5_200));
    let output = whyrst(&["check", "--format", "json"]);
    assert_eq!(output.status.code(), Some(1));
    let found = objects(&output.stdout);
    let of = |cause: &str, port: u16| {
        let port = format!(":{port}");
        found.iter().find(|finding| finding["cause"] == cause && finding["subject"].as_str().unwrap().contains(&port))
    };
    let queue =
        of("accept-overflow-ghost", port).or(of("accept-overflow-abort", port)).expect("the queue is nearly full");
    assert!(queue["evidence"].as_str().unwrap().contains("110 of 128"), "{queue}");
    let unread = of("close-unread", reader.local_addr().unwrap().port()).expect("904 octets are unread");
    assert!(unread["evidence"].as_str().unwrap().contains("904"), "{unread}");
    assert!(unread["subject"].as_str().unwrap().contains(&std::process::id().to_string()), "{unread}");
    drop(clients);
}

#[test]
fn without_permission_it_says_what_is_needed() {
    let nobody = ["--reuid", "65534", "--regid", "65534", "--clear-groups"];
    let is_root = std::fs::metadata("/proc/self").map(|data| std::os::unix::fs::MetadataExt::uid(&data)).unwrap() == 0;
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("whyrst");
    std::fs::copy(WHYRST, &copy).unwrap();
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let output = if is_root {
        Command::new("setpriv").args(nobody).arg(&copy).arg("watch").current_dir("/").output().unwrap()
    } else {
        whyrst(&["watch", "--duration", "1"])
    };
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("CAP_BPF and CAP_PERFMON") || said.contains("/sys/kernel/btf/vmlinux"), "{said}");
}

#[test]
#[ignore = "needs root and BPF"]
fn watch_finds_a_firewalls_reset_by_its_packets_and_keeps_them() {
    let _hosts = Hosts::make();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("told.pcapng");
    let watching = Watching::start(&["--packets", "--pcap", path.to_str().unwrap(), "--addr", "10.79.0.0/24"]);
    let connects = "
import socket
for port in (25, 26):
    try: socket.create_connection(('10.79.0.2', port), timeout=3)
    except ConnectionRefusedError: pass
";
    assert!(Hosts::python("whyrst-a", connects).status().unwrap().success());
    std::thread::sleep(Duration::from_millis(600));
    let (status, text) = watching.interrupt();
    assert_eq!(status, 0, "{text}");
    let line = |port: &str| text.lines().find(|line| line.contains(port)).expect(&text).to_owned();
    assert!(line("10.79.0.2:25").contains("fw-reject-syn"), "{text}");
    assert!(line("10.79.0.2:26").contains("closed-port [certain]"), "{text}");
    // On the line itself, as nft prints it but for counts of a moment that is past.
    assert!(line("10.79.0.2:25").contains("  rule: tcp dport 25 counter reject with tcp reset  "), "{text}");
    let output = whyrst(&["explain", "--format", "json", path.to_str().unwrap()]);
    let told = objects(&output.stdout);
    assert_eq!(told.len(), 2, "SYN and RST of both are in the file");
    let bytes = std::fs::read(&path).unwrap();
    let says = |words: &str| bytes.windows(words.len()).any(|window| window == words.as_bytes());
    assert!(says("a firewall on the server rejects the"), "the verdict is a comment");
}

/// A RST that a device on the path forges: another distance, an identification of its own.
const FORGER: &str = "
import socket, struct, time
def checksum(octets):
    total = sum(struct.unpack('!%dH' % (len(octets) // 2), octets))
    total = (total >> 16) + (total & 0xffff)
    return ~(total + (total >> 16)) & 0xffff
wire = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3)); wire.settimeout(8)
l = socket.socket(); l.bind(('10.79.0.2', 80)); l.listen(1)
print('ready', flush=True)
s, peer = l.accept(); s.recv(100); s.send(b'y' * 10)
while True:
    packet, _ = wire.recvfrom(2000)
    if packet[0] != 0x45 or packet[9] != 6: continue
    source, destination, seq, ack = struct.unpack('!HHII', packet[20:32])
    if source == 80 and len(packet) == 62: break
time.sleep(0.1)
src, dst = packet[12:16], packet[16:20]
tcp = struct.pack('!HHIIBBHHH', 80, destination, seq + 10, ack, 0x50, 0x14, 1000, 0, 0)
tcp = tcp[:16] + struct.pack('!H', checksum(src + dst + struct.pack('!BBH', 0, 6, 20) + tcp)) + tcp[18:]
ip = struct.pack('!BBHHHBBH', 0x45, 0, 40, 0x4242, 0, 250, 6, 0) + src + dst
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
raw.sendto(ip + tcp, (socket.inet_ntoa(dst), 0))
time.sleep(1)
";

#[test]
#[ignore = "needs root and BPF"]
fn watch_compares_a_received_reset_with_its_senders_other_packets() {
    let _hosts = Hosts::make();
    let watching = Watching::start(&["--packets", "--format", "json", "--addr", "10.79.0.0/24"]);
    let mut forger = Hosts::python("whyrst-b", FORGER).stdout(Stdio::piped()).spawn().unwrap();
    BufReader::new(forger.stdout.take().unwrap()).lines().next().unwrap().unwrap();
    let client = "
import socket
c = socket.create_connection(('10.79.0.2', 80), timeout=5); c.send(b'x' * 10); c.recv(100)
try: c.recv(100)
except ConnectionResetError: pass
";
    assert!(Hosts::python("whyrst-a", client).status().unwrap().success());
    assert!(forger.wait().unwrap().success());
    std::thread::sleep(Duration::from_millis(400));
    let (_, text) = watching.interrupt();
    let told = objects(text.as_bytes());
    let reset = told.iter().find(|object| object["server"]["port"] == 80).expect(&text);
    assert_eq!(reset["origin"], "path", "{text}");
    assert_eq!(reset["resets"][0]["ttl"], 250, "{text}");
    assert_eq!(reset["process"]["comm"], "python3", "{text}");
    let says = |question: &str| {
        reset["evidence"].as_array().unwrap().iter().any(|one| one["question"] == question && one["answer"] == "yes")
    };
    assert!(says("rst-ttl-differs") && says("rst-contradicts-sender"), "{text}");
}

#[test]
#[ignore = "needs root and BPF"]
fn watch_runs_with_the_capabilities_of_its_service_and_gives_them_back() {
    let unit = include_str!("../../../contrib/systemd/whyrst-watch.service");
    let of = |key: &str| unit.lines().find_map(|line| line.strip_prefix(key)).unwrap();
    let granted = of("CapabilityBoundingSet=");
    assert_eq!(granted, of("AmbientCapabilities="));
    let names: Vec<String> = granted.split(' ').map(|name| format!("+{}", &name.to_lowercase()[4..])).collect();
    let set = format!("-all,{}", names.join(","));
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("whyrst");
    std::fs::copy(WHYRST, &copy).unwrap();
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut command = Command::new("setpriv");
    command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups", "--bounding-set", &set]);
    command.args(["--inh-caps", &set, "--ambient-caps", &set]).arg(&copy).current_dir("/");
    command.args(["watch", "--packets", "--format", "json", "--comm", "python3"]);
    let watching = Watching::ready(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap());
    let capabilities = u64::from_str_radix(&status(watching.0.id(), "CapEff").unwrap(), 16).unwrap();
    assert_eq!(capabilities, 0, "a thread of its own reads what takes more");
    assert!(Command::new("python3").args(["-c", TROUBLE]).status().unwrap().success());
    std::thread::sleep(Duration::from_millis(300));
    let (status, text) = watching.interrupt();
    assert_eq!(status, 0, "{text}");
    let told = objects(text.as_bytes());
    let unread = told.iter().find(|object| object["verdict"]["cause"] == "close-unread").expect(&text);
    assert_eq!(unread["verdict"]["confidence"], "certain", "{text}");
    assert!(unread["process"]["cmdline"].as_str().unwrap().contains("python3"), "{text}");
    let summary = told.last().unwrap();
    assert!(!summary["namespaces"].as_array().unwrap().is_empty(), "the namespaces of others are read: {text}");
}

#[test]
#[ignore = "needs root and BPF"]
fn check_finds_what_resets_in_a_namespace_and_shows_what_moves() {
    let _hosts = Hosts::make();
    let within = |host: &str, arguments: &[&str]| {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", host, WHYRST, "check", "--format", "json"]).args(arguments);
        command
    };
    let set = "sysctl -q net.ipv4.tcp_abort_on_overflow=1 net.ipv4.ip_local_port_range='40000 40001'";
    let settings = Command::new("ip").args(["netns", "exec", "whyrst-b", "sh", "-ec", set]).status().unwrap();
    assert!(settings.success());
    let found = objects(&within("whyrst-b", &[]).output().unwrap().stdout);
    let causes: Vec<&str> = found.iter().filter_map(|finding| finding["cause"].as_str()).collect();
    for cause in ["accept-overflow-abort", "fw-reject-syn", "idle-timeout-reset"] {
        assert!(causes.contains(&cause), "{cause} is not among {causes:?}");
    }
    let only_here = "
import socket, time
l = socket.socket(); l.bind(('127.0.0.1', 6379)); l.listen(1); print('ready', flush=True); time.sleep(30)";
    let mut service = Hosts::python("whyrst-b", only_here).stdout(Stdio::piped()).spawn().unwrap();
    BufReader::new(service.stdout.take().unwrap()).lines().next().unwrap().unwrap();
    let mut watch = within("whyrst-b", &["--watch", "--interval", "1", "--duration", "9"]);
    let watch = watch.stdout(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(Duration::from_secs(5));
    let asks = "
import socket
for port in (25, 6379):
    try: socket.create_connection(('10.79.0.2', port), timeout=3)
    except ConnectionRefusedError: pass
";
    assert!(Hosts::python("whyrst-a", asks).status().unwrap().success());
    let output = watch.wait_with_output().unwrap();
    let _ = service.kill();
    let _ = service.wait();
    let text = String::from_utf8_lossy(&output.stdout);
    let found = objects(&output.stdout);
    let moved = |cause: &str, words: &str| {
        found.iter().any(|finding| {
            finding["cause"] == cause
                && finding["tense"] == "has"
                && finding["evidence"].as_str().unwrap().contains(words)
        })
    };
    assert!(moved("fw-reject-syn", "1 packets met a rule"), "{text}");
    assert!(moved("listening-elsewhere", "10.79.0.1 asked for 10.79.0.2:6379"), "{text}");
}
