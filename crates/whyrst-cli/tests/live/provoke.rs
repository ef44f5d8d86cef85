//! `provoke`: `run` beside it names the cause that was asked for.

use std::net::TcpListener;

use super::*;

/// A server that keeps connections and answers each request, as long as the test runs.
fn server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let mut request = [0; 4096];
                let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n";
                while matches!(stream.read(&mut request), Ok(1..)) && stream.write_all(answer).is_ok() {}
            });
        }
    });
    port
}

struct Provoking(Child);

impl Provoking {
    fn start(port: u16, to: u16, arguments: &[&str]) -> Self {
        let mut provoke = Command::new(WHYRST);
        provoke.args(["provoke", "--listen", &port.to_string(), "--to", &format!("127.0.0.1:{to}")]);
        let child = provoke.args(arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut provoking = Self(child);
        // It says where it listens once it does.
        let mut line = String::new();
        BufReader::new(provoking.0.stderr.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.contains("Ctrl-C"), "{line}");
        provoking
    }
}

impl Drop for Provoking {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

const CLIENT: &str = "
import socket, sys, time
request = b'GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n'
try:
    s = socket.create_connection(('127.0.0.1', int(sys.argv[1])), timeout=9)
    s.sendall(request); s.recv(999)
    time.sleep(float(sys.argv[2]))
    s.sendall(request); s.recv(999)
    time.sleep(0.1); s.sendall(request)
except OSError as error:
    print(error)
";

#[test]
#[ignore = "needs root and BPF"]
fn run_beside_provoke_names_the_cause_that_was_asked_for() {
    // Sockets know how, not why: where a reason was asked for, its mechanism is certain.
    let cases = [
        ("close-unread", "1-requests", "0.3", "close-unread"),
        ("linger-zero", "1-requests", "0.3", "linger-zero"),
        ("exit-unread", "1-requests", "0.3", "exit-unread"),
        ("early-answer", "1-requests", "0.3", "close-unread"),
        ("data-after-close", "1-requests", "0.3", "data-after-close"),
        ("stale-connection", "1-requests", "1.2", "data-after-close"),
        ("app-idle-timeout", "2s", "3", "app-idle-timeout"),
        ("half-open-listener", "1-requests", "0.3", "half-open-listener"),
        ("listener-close-pending", "0ms", "0.3", "listener-close-pending"),
    ];
    let to = server();
    for (cause, after, pause, named) in cases {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let _provoking = Provoking::start(port, to, &["--cause", cause, "--after", after]);
        let output = whyrst(&["run", "--format", "json", "--", "python3", "-c", CLIENT, &port.to_string(), pause]);
        let told = objects(&output.stderr);
        let first = told.iter().find(|object| object["schema"] == "whyrst.reset/1");
        let verdict = first.map(|object| object["verdict"]["cause"].as_str().unwrap_or_default().to_owned());
        assert_eq!(verdict.as_deref(), Some(named), "{cause}: {}", String::from_utf8_lossy(&output.stderr));
    }
}
