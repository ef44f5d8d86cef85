//! `watch`, `run` and `check` as a user has them: real sockets, the running kernel.
//!
//! What asks the kernel needs root: `cargo xtask test` runs it, or
//! `cargo test -p whyrst-cli --test live -- --ignored`.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod check;
mod nat;
mod provoke;
mod run;
#[path = "../support/mod.rs"]
mod support;
mod watch;
mod words;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
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
        .map(|line| {
            serde_json::from_slice(line).unwrap_or_else(|_| panic!("no object: {}", String::from_utf8_lossy(line)))
        })
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
struct Hosts {
    _alone: MutexGuard<'static, ()>,
}

/// The names of the namespaces are the machine's: one test at a time has them.
static ALONE: Mutex<()> = Mutex::new(());

impl Hosts {
    fn make() -> Self {
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        Self::remove();
        let hosts = Self { _alone: alone };
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
