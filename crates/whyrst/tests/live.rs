//! `watch`, `run` and `check` as a user has them: real sockets, the running kernel.
//!
//! What asks the kernel needs root: `cargo xtask test` runs it, or
//! `cargo test -p whyrst --test live -- --ignored`.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;

const WHYRST: &str = env!("CARGO_BIN_EXE_whyrst");

/// A client that is refused, then one whose server leaves three octets unread.
const TROUBLE: &str = "
import socket, time
try: socket.create_connection(('127.0.0.1', 1))
except ConnectionRefusedError: pass
l = socket.socket(); l.bind(('127.0.0.1', 0)); l.listen(1)
c = socket.create_connection(l.getsockname()); s, _ = l.accept()
c.send(b'abc'); time.sleep(0.05); s.close(); time.sleep(0.05)
";

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
        let mut child = watch.spawn().unwrap();
        // The probe is loaded before anything is said; the first reset that it tells shows that it hears.
        std::thread::sleep(Duration::from_millis(800));
        assert!(child.try_wait().unwrap().is_none(), "watch ended at once");
        Self(child)
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
    assert!(line.contains("3 octets unread") && line.contains("python3"), "{line}");
    assert!(text.contains("1  close-unread [certain]"), "{text}");
    assert!(!text.contains("closed-port"), "the filter lets it through: {text}");
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

#[test]
#[ignore = "needs root and BPF"]
fn a_recording_of_watch_is_read_by_explain() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.jsonl");
    let watching = Watching::start(&["--record", path.to_str().unwrap()]);
    assert!(Command::new("python3").args(["-c", TROUBLE]).status().unwrap().success());
    std::thread::sleep(Duration::from_millis(200));
    watching.interrupt();
    let read = whyrst_capture::recording::open(&path).unwrap();
    assert_eq!(read.damaged_lines, 0);
    assert!(
        read.recording.resets.iter().any(|reset| reset.reason_name == "TCP_ABORT_ON_CLOSE" && reset.comm == "python3")
    );
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
