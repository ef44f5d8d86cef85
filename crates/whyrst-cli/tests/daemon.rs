//! Daemons that nobody can kill from outside, and that end when they are told to: hanging collectors, full disks, half-open
//! requests, pipes without a writer; and what each of their threads may do.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod support;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use support::{TROUBLE, assert_least_privilege};

const WHYRST: &str = env!("CARGO_BIN_EXE_whyrst");
/// Within this time a daemon has ended, whatever hangs; and so much longer until the test has seen it.
const END: Duration = Duration::from_millis(3_000 + 300);
const PATIENCE: Duration = Duration::from_mins(1);

/// What one test does to this host all others would hear: they wait for each other.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Daemon {
    fn spawn(command: &mut Command) -> Self {
        Self(command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap())
    }

    /// `whyrst` with these arguments, when it hears the kernel.
    fn start(arguments: &[&str]) -> Self {
        let mut command = Command::new(WHYRST);
        let daemon = Self::spawn(command.args(arguments).stdout(Stdio::null()));
        let began = Instant::now();
        while !std::fs::read_to_string(format!("/proc/{}/status", daemon.0.id())).unwrap().contains("Seccomp:\t2") {
            assert!(began.elapsed() < PATIENCE, "it is not ready");
            std::thread::sleep(Duration::from_millis(20));
        }
        daemon
    }

    /// Ends it; how it ended, and what it said.
    fn end(mut self) -> (Option<i32>, String) {
        let told = Instant::now();
        kill(Pid::from_raw(self.0.id().cast_signed()), Signal::SIGTERM).unwrap();
        while self.0.try_wait().unwrap().is_none() {
            assert!(told.elapsed() < END, "it has not ended {:?} after SIGTERM", told.elapsed());
            std::thread::sleep(Duration::from_millis(20));
        }
        let mut said = String::new();
        self.0.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        (self.0.wait().unwrap().code(), said)
    }
}

/// Takes requests, and says so; answers with `answer`, or never.
fn collector(answer: Option<&'static str>) -> (String, Receiver<usize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (tells, asked) = channel();
    std::thread::spawn(move || {
        let mut held = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
            let mut request = Vec::new();
            // As much as comes; its end is the silence after it.
            let _ = stream.read_to_end(&mut request);
            if let Some(answer) = answer {
                let _ = stream.write_all(answer.as_bytes());
                let _ = stream.shutdown(std::net::Shutdown::Write);
            }
            let _ = tells.send(request.len());
            held.push(stream);
        }
    });
    (url, asked)
}

const TAKEN: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

fn make_trouble() {
    assert!(Command::new("python3").args(["-c", TROUBLE]).status().unwrap().success());
}

/// A file system of 64 KiB that is full, until this is dropped.
struct FullDisk(tempfile::TempDir);

impl FullDisk {
    fn make() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mount = |arguments: &[&str]| Command::new("mount").args(arguments).arg(folder.path()).status().unwrap();
        assert!(mount(&["-t", "tmpfs", "-o", "size=64k", "whyrst-full"]).success());
        let disk = Self(folder);
        let _ = std::fs::write(disk.path().join("full"), vec![0; 128 << 10]);
        disk
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for FullDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.path()).status();
    }
}

#[test]
fn a_signal_is_heard_while_nobody_writes_to_the_pipe_that_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for signal in ["one pipe", "one that has a writer who says nothing"] {
        let daemon = Daemon::spawn(Command::new(WHYRST).arg("explain").arg(&pipe).stdout(Stdio::null()));
        let _writer =
            (signal != "one pipe").then(|| std::fs::File::options().read(true).write(true).open(&pipe).unwrap());
        std::thread::sleep(Duration::from_millis(500));
        let (status, said) = daemon.end();
        assert_eq!(status, Some(2), "{signal}: {said}");
        assert!(said.contains("interrupted"), "{signal}: {said}");
    }
}

/// A pipe with a name, in a folder that goes away.
fn named_pipe() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    (folder, pipe)
}

fn fixture() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/linger-zero/client.pcapng")
}

#[test]
fn a_signal_is_heard_while_nobody_reads_the_pipe_that_is_to_be_written() {
    let (folder, pipe) = named_pipe();
    let mut command = Command::new(WHYRST);
    let daemon = Daemon::spawn(command.arg("explain").arg(fixture()).arg("-o").arg(&pipe).stdout(Stdio::null()));
    std::thread::sleep(Duration::from_millis(700));
    let told = Instant::now();
    let (status, said) = daemon.end();
    assert_eq!(status, Some(2), "{said}");
    assert!(said.contains("interrupted") && told.elapsed() < Duration::from_secs(2), "{said}");
    assert_eq!(folder.path().read_dir().unwrap().count(), 1, "nothing but the pipe is there");
}

#[test]
fn a_signal_is_heard_while_what_is_written_is_not_taken() {
    let (_folder, pipe) = named_pipe();
    let many: Vec<_> = std::iter::repeat_n(fixture(), 60).collect();
    // Both ends are here, and nobody reads: 64 KiB fit in.
    let both = std::fs::File::options().read(true).write(true).open(&pipe).unwrap();
    for named in [true, false] {
        let mut command = Command::new(WHYRST);
        command.args(["explain", "--format", "html"]).args(&many).stdout(Stdio::from(both.try_clone().unwrap()));
        if named {
            command.arg("--output").arg(&pipe).stdout(Stdio::null());
        }
        let daemon = Daemon::spawn(&mut command);
        std::thread::sleep(Duration::from_millis(1_500));
        let (status, said) = daemon.end();
        assert_eq!(status, Some(2), "{said}");
        assert!(said.contains("nobody takes what is written"), "{said}");
    }
}

#[test]
fn what_is_taken_slowly_is_said_to_the_end_after_a_signal() {
    let mut command = Command::new(WHYRST);
    command.args(["explain", "--format", "html"]).arg(fixture()).stdout(Stdio::piped());
    let mut daemon = Daemon::spawn(&mut command);
    std::thread::sleep(Duration::from_millis(700));
    kill(Pid::from_raw(daemon.0.id().cast_signed()), Signal::SIGTERM).unwrap();
    let (mut page, mut piece) = (Vec::new(), [0; 16 << 10]);
    let mut output = daemon.0.stdout.take().unwrap();
    loop {
        let len = output.read(&mut piece).unwrap();
        if len == 0 {
            break;
        }
        page.extend_from_slice(&piece[..len]);
        std::thread::sleep(Duration::from_millis(200));
    }
    assert!(page.ends_with(b"</html>\n"), "{}", String::from_utf8_lossy(&page[page.len().saturating_sub(80)..]));
}

#[test]
#[ignore = "needs root and BPF"]
fn a_watch_hears_a_signal_while_nobody_reads_its_pipe() {
    let _alone = alone();
    let (_folder, pipe) = named_pipe();
    for option in ["--output", "--record", "--pcap"] {
        let mut command = Command::new(WHYRST);
        let daemon = Daemon::spawn(command.args(["watch", option]).arg(&pipe).stdout(Stdio::null()));
        std::thread::sleep(Duration::from_millis(2_500));
        daemon.end();
    }
}

#[test]
fn a_pipe_that_gets_its_writer_late_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let mut child =
        Command::new(WHYRST).args(["explain", "--quiet"]).arg(&pipe).stdout(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(300));
    let capture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/linger-zero/client.pcapng");
    std::fs::write(&pipe, std::fs::read(capture).unwrap()).unwrap();
    let mut text = String::new();
    child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
    assert!(child.wait().unwrap().success() && text.contains("linger-zero"), "{text}");
}

#[test]
#[ignore = "needs root and BPF"]
fn every_thread_of_a_daemon_has_only_what_it_needs() {
    let _alone = alone();
    let (url, asked) = collector(Some(TAKEN));
    let folder = tempfile::tempdir().unwrap();
    let (socket, buffer) = (folder.path().join("log"), folder.path().join("buffer"));
    let _log = std::os::unix::net::UnixDatagram::bind(&socket).unwrap();
    let log = format!("syslog:{}", socket.display());
    let daemon = Daemon::start(&[
        "agent",
        "--metrics",
        "127.0.0.1:0",
        "--otlp",
        &url,
        "--clickhouse",
        &url,
        "--buffer",
        buffer.to_str().unwrap(),
        "--interval",
        "1",
        "--log",
        &log,
    ]);
    let all = ["metrics", "otlp", "otlp-post", "clickhouse", "clickhouse-post", "syslog", "stop", "conntrack"];
    assert_least_privilege(daemon.0.id(), &all);
    // They do their work all the same: names are resolved, batches kept and sent, and messages written.
    make_trouble();
    assert!(asked.recv_timeout(PATIENCE).is_ok());
    assert_least_privilege(daemon.0.id(), &all);
    let (status, said) = daemon.end();
    assert_eq!(status, Some(0), "{said}");
    assert!(!said.contains("given up") && !said.contains("not permitted"), "{said}");
}

#[test]
#[ignore = "needs root and BPF"]
fn it_ends_in_time_while_a_collector_hangs_and_what_waits_is_kept() {
    let _alone = alone();
    let (url, asked) = collector(None);
    let folder = tempfile::tempdir().unwrap();
    let buffer = folder.path().to_str().unwrap();
    let daemon = Daemon::start(&["agent", "--otlp", &url, "--clickhouse", &url, "--buffer", buffer, "--interval", "1"]);
    make_trouble();
    asked.recv_timeout(PATIENCE).unwrap();
    make_trouble();
    let (status, said) = daemon.end();
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("wait in the buffer"), "{said}");
    for sink in ["otlp", "clickhouse"] {
        assert!(folder.path().join(sink).read_dir().unwrap().count() > 0, "{sink}");
    }
}

#[test]
#[ignore = "needs root and BPF"]
fn it_ends_in_time_while_its_terminal_takes_nothing() {
    let _alone = alone();
    // A pipe that is full and that nobody reads.
    let mut command = Command::new(WHYRST);
    let daemon = Daemon::spawn(command.args(["watch", "-v"]).stdout(Stdio::piped()));
    let flood = "
import socket
for _ in range(3000):
    try: socket.create_connection(('127.0.0.1', 1))
    except ConnectionRefusedError: pass
";
    std::thread::sleep(Duration::from_secs(3));
    for _ in 0..8 {
        assert!(Command::new("python3").args(["-c", flood]).status().unwrap().success());
        std::thread::sleep(Duration::from_millis(300));
    }
    daemon.end();
}

#[test]
#[ignore = "needs root and BPF"]
fn where_the_disk_is_full_it_goes_on_sending_and_says_so() {
    let _alone = alone();
    let disk = FullDisk::make();
    let (url, asked) = collector(Some(TAKEN));
    let buffer = disk.path().to_str().unwrap();
    let daemon = Daemon::start(&["agent", "--otlp", &url, "--buffer", buffer, "--interval", "1"]);
    make_trouble();
    let sent: usize = (0..2).map(|_| asked.recv_timeout(PATIENCE).unwrap()).sum();
    assert!(sent > 200, "{sent}");
    std::thread::sleep(Duration::from_millis(1_500));
    let (status, said) = daemon.end();
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("No space left on device") && said.contains("in memory"), "{said}");
    let files = disk.path().join("otlp").read_dir().unwrap().count();
    assert_eq!(files, 0, "part files stay");
}

#[test]
#[ignore = "needs root and BPF"]
fn no_answer_of_a_collector_ends_it() {
    let _alone = alone();
    let endless: &'static str =
        String::leak("HTTP/1.1 400 x\r\nContent-Length: 99999999999\r\n\r\n".to_owned() + &"x".repeat(1 << 20));
    for answer in [
        "HTTP/1.1 503 x\r\nRetry-After: 18446744073709551615\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 307 x\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
        "\x15\x03\x01\0\x02\x02\x46",
        endless,
    ] {
        let (url, asked) = collector(Some(answer));
        let daemon = Daemon::start(&["agent", "--otlp", &url, "--interval", "1"]);
        make_trouble();
        asked.recv_timeout(PATIENCE).unwrap();
        std::thread::sleep(Duration::from_millis(500));
        let (status, said) = daemon.end();
        assert_eq!(status, Some(0), "{said}");
        assert!(said.contains("otlp: "), "{said}");
    }
}

#[test]
#[ignore = "needs root and BPF"]
fn half_open_scrapes_keep_nobody_out() {
    let _alone = alone();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let at = format!("127.0.0.1:{port}");
    let daemon = Daemon::start(&["agent", "--metrics", &at]);
    let _half: Vec<TcpStream> = (0..1_100).map(|_| TcpStream::connect(&at).unwrap()).collect();
    let mut scrape = TcpStream::connect(&at).unwrap();
    scrape.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    scrape.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    scrape.read_to_string(&mut text).unwrap();
    assert!(text.contains("whyrst_build_info"), "{text}");
    assert_eq!(daemon.end().0, Some(0));
}
