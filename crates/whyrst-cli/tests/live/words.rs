//! `watch --packets` joins what the sockets know with what the ends said, on this connection and on others.

use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::{Watching, objects};

/// A server that closes what its function decides on; the program prints the server's port last.
const SERVER: &str = r"
import socket, threading, time
listener = socket.create_server(('127.0.0.1', 0))
port = listener.getsockname()[1]

def dial(*sent):
    client = socket.create_connection(('127.0.0.1', port))
    for one in sent: client.sendall(one)
    return client

def write_until_it_fails(client, data):
    try:
        for _ in range(3):
            client.sendall(data); time.sleep(0.1)
    except OSError: pass
";

/// Redis's refusal of a client too many; the client does not read it, and asks.
const TOO_MANY: &str = r"
def serve():
    client, _ = listener.accept()
    client.sendall(b'-ERR max number of clients reached\r\n'); client.close()
threading.Thread(target=serve).start()
client = dial(); time.sleep(0.2)
write_until_it_fails(client, b'PING\r\n')
print(port)
";

/// A broker that ends a session when its client identifier logs in again, as MQTT 3.1.1 demands (3.1.4-2); the second
/// session lives on.
const TAKEN_OVER: &str = r"
CONNECT = b'\x10\x11\x00\x04MQTT\x04\x02\x00\x3c\x00\x05meter'
def serve():
    first, _ = listener.accept(); first.recv(100); first.sendall(b'\x20\x02\x00\x00')
    second, _ = listener.accept(); second.recv(100); first.close(); second.sendall(b'\x20\x02\x00\x00')
    time.sleep(2)
threading.Thread(target=serve).start()
first = dial(CONNECT); first.recv(4); time.sleep(0.2)
second = dial(CONNECT); second.recv(4); time.sleep(0.2)
write_until_it_fails(first, b'\x30\x05\x00\x01aok')
print(port)
";

fn play(watching: Watching, program: &str) -> (Value, String) {
    let output = Command::new("python3").args(["-c", &format!("{SERVER}{program}")]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let port: u64 = String::from_utf8(output.stdout).unwrap().trim().parse().unwrap();
    std::thread::sleep(Duration::from_millis(400));
    let (_, text) = watching.interrupt();
    let reported = objects(text.as_bytes()).into_iter().find(|object| object["server"]["port"] == port);
    (reported.unwrap_or_else(|| panic!("no reset of port {port}: {text}")), text)
}

#[test]
#[ignore = "needs root and BPF"]
fn what_the_server_said_leads_beside_what_its_kernel_knows() {
    let watching = Watching::start(&["--packets", "--format", "json", "--comm", "python3"]);
    let (reset, text) = play(watching, TOO_MANY);
    assert_eq!(reset["verdict"]["cause"], "refused-in-words", "{text}");
    assert_eq!(reset["mechanism"]["cause"], "data-after-close", "{text}");
    assert_eq!(reset["mechanism"]["confidence"], "certain", "the socket is as sure as without packets: {text}");
    assert_eq!(reset["words"][0]["text"], "-ERR max number of clients reached", "{text}");
}

#[test]
#[ignore = "needs root and BPF"]
fn another_connections_login_is_seen_though_that_lives_on() {
    let watching = Watching::start(&["--packets", "--format", "json", "--comm", "python3"]);
    let (reset, text) = play(watching, TAKEN_OVER);
    assert_eq!(reset["verdict"]["cause"], "session-taken-over", "{text}");
    assert_eq!(reset["mechanism"]["confidence"], "certain", "{text}");
}
