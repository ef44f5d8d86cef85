//! `whyrst provoke` as a program: what it wrote is there however it ends, and it bears the want of descriptors.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

const PATIENCE: Duration = Duration::from_secs(20);

/// A server that answers `ok` to whatever comes.
fn server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let mut buffer = [0; 4096];
                while matches!(stream.read(&mut buffer), Ok(1..)) && stream.write_all(b"ok").is_ok() {}
            });
        }
    });
    address
}

struct Provoke {
    child: Child,
    listen: SocketAddr,
    /// It would be ended by what it says at the end otherwise.
    stderr: BufReader<std::process::ChildStderr>,
}

impl Provoke {
    fn start(output: &Path, arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_whyrst"));
        command.args(["provoke", "--listen", "0", "--to", &server().to_string(), "--format", "json", "-o"]);
        let mut child = command.arg(output).args(arguments).stderr(Stdio::piped()).spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        stderr.read_line(&mut line).unwrap();
        let listen = line.strip_prefix("whyrst: ").and_then(|line| line.split(' ').next()).unwrap();
        Self { child, listen: listen.parse().unwrap_or_else(|_| panic!("{line}")), stderr }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.listen).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Tells it to end: what it said at the end.
    fn end(mut self, signal: Signal) -> String {
        kill(Pid::from_raw(self.child.id().cast_signed()), signal).unwrap();
        let mut said = String::new();
        self.stderr.read_to_string(&mut said).unwrap();
        assert!(self.child.wait().unwrap().success(), "{said}");
        said
    }

    /// May open so many files from now on.
    fn limit(&self, files: u32) {
        let limits = format!("--nofile={files}:20000");
        let pid = self.child.id().to_string();
        assert!(Command::new("prlimit").args(["--pid", &pid, &limits]).status().unwrap().success());
    }

    /// Ticks of the processor that it has taken, a hundredth of a second each.
    fn ticks(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let after_name = stat.rsplit_once(')').unwrap().1;
        after_name.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum()
    }
}

impl Drop for Provoke {
    fn drop(&mut self) {
        // It has ended, unless a test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn records(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap();
    let what = |line: &str| {
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        record["what"].as_str().unwrap().to_owned()
    };
    text.lines().map(what).collect()
}

#[test]
fn the_file_has_every_record_at_once_and_however_it_is_told_to_end() {
    let folder = tempfile::tempdir().unwrap();
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let path = folder.path().join(signal.as_str());
        let provoke = Provoke::start(&path, &["--cause", "close-unread"]);
        for _ in 0..3 {
            let mut stream = provoke.connect();
            stream.write_all(b"request").unwrap();
            assert!(stream.read(&mut [0; 9]).is_err());
        }
        let began = Instant::now();
        while records(&path).len() < 3 {
            assert!(began.elapsed() < PATIENCE, "not there while it runs");
            sleep(Duration::from_millis(20));
        }
        let said = provoke.end(signal);
        assert!(said.contains("resets provoked: 3, closed: 0"), "{said}");
        assert_eq!(records(&path), ["provoked"; 3], "{signal}");
    }
}

#[test]
fn want_of_descriptors_is_said_once_and_costs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out");
    let provoke = Provoke::start(&path, &[]);
    provoke.limit(3);
    let mut stream = provoke.connect();
    sleep(Duration::from_millis(200));
    let before = provoke.ticks();
    sleep(Duration::from_secs(1));
    let taken = provoke.ticks() - before;
    assert!(taken < 20, "{taken} hundredths of a second of one second");
    assert_eq!(records(&path), ["cannot-accept"]);
    provoke.limit(20_000);
    stream.write_all(b"request").unwrap();
    assert_eq!(stream.read(&mut [0; 9]).unwrap(), 2);
    provoke.end(Signal::SIGINT);
}

#[test]
fn the_limit_of_open_files_is_raised_to_what_the_connections_need() {
    let folder = tempfile::tempdir().unwrap();
    let script = r#"ulimit -Sn 256; exec "$0" provoke --listen 0 --to 127.0.0.1:9 --connections 1000 -o "$1""#;
    let mut command = Command::new("sh");
    command.args(["-c", script, env!("CARGO_BIN_EXE_whyrst")]).arg(folder.path().join("out"));
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", child.id())).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let of_files = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let soft: u64 = of_files.split_whitespace().nth(3).unwrap().parse().unwrap();
    assert!(soft > 2_000, "{line}{of_files}");
}
