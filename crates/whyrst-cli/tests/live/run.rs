//! `run`: the resets of one command, also of what that leaves behind, and how it ends.

use super::*;

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

/// A server that answers so late that its client has given up: the client's kernel resets it then.
const LATE: &str = "
import socket, time
l = socket.create_server(('127.0.0.1', 40111)); print('ready', flush=True)
for _ in range(2):
    s, _ = l.accept(); s.recv(100); time.sleep(0.8)
    try: s.send(b'late'); time.sleep(0.1); s.close()
    except OSError: pass
";

/// A server in Python that says a line when it is ready. Gone when this is, also where a test fails.
struct Server(Child);

impl Server {
    fn begin(program: &str) -> Self {
        let mut child = Command::new("python3").args(["-c", program]).stdout(Stdio::piped()).spawn().unwrap();
        BufReader::new(child.stdout.take().unwrap()).lines().next().unwrap().unwrap();
        Self(child)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
#[ignore = "needs root and BPF"]
fn run_waits_for_what_its_command_left_behind_and_not_for_what_is_at_its_end() {
    let gives_up = "
import socket
c = socket.create_connection(('127.0.0.1', 40111)); c.send(b'get'); c.settimeout(0.1)
try: c.recv(10)
except TimeoutError: pass
";
    let server = Server::begin(LATE);
    let output = whyrst(&["run", "--linger", "5s", "--", "python3", "-c", gives_up]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("1 connection of the command lives on without a process: waiting at most 5.0 s"), "{said}");
    assert!(said.contains("data-after-close"), "{said}");
    // Who does not want to wait is not told, and that is said.
    let output = whyrst(&["run", "--linger", "0", "--", "python3", "-c", gives_up]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains("data-after-close") && !said.contains("waiting"), "{said}");
    drop(server);
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
fn run_says_when_a_signal_ended_the_command_and_when_it_cannot_be_started() {
    let output = whyrst(&["run", "--", "sh", "-c", "kill -TERM $$"]);
    assert_eq!(output.status.code(), Some(128 + 15));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no connection of sh was reset"));
    let output = whyrst(&["run", "--", "/nonexistent/program"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot run /nonexistent/program"));
}
