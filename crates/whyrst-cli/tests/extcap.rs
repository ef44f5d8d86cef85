//! This host's resets among Wireshark's interfaces, asked by the real tshark.

use std::net::TcpListener;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

const WHYRST: &str = env!("CARGO_BIN_EXE_whyrst");

/// A home with whyrst in the extcap folder.
fn home() -> TempDir {
    let home = TempDir::new().expect("a temporary folder");
    let output = at_home(Command::new(WHYRST).args(["extcap", "--install"]), &home).output().expect("whyrst runs");
    assert!(output.status.success(), "{}", said(&output));
    home
}

fn at_home<'a>(command: &'a mut Command, home: &TempDir) -> &'a mut Command {
    command.env("HOME", home.path()).env("XDG_CONFIG_HOME", home.path().join(".config"))
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn wireshark_s_questions_are_answered() {
    let ask = |arguments: &[&str]| said(&Command::new(WHYRST).args(arguments).output().expect("whyrst runs"));
    let interfaces = ask(&["--extcap-interfaces", "--extcap-version=4.0"]);
    assert!(interfaces.contains("\ninterface {value=whyrst}{display="), "{interfaces}");
    assert!(ask(&["--extcap-dlts", "--extcap-interface", "whyrst"]).starts_with("dlt {number=101}"));
    assert!(ask(&["--extcap-config", "--extcap-interface=whyrst"]).contains("{call=--min-confidence}"));
    assert!(ask(&["--capture", "--extcap-interface", "other", "--fifo", "/nowhere"]).contains("no interface"));
}

#[test]
fn tshark_lists_it_among_its_interfaces() {
    let home = home();
    let output = at_home(Command::new("tshark").arg("-D"), &home).output().expect("tshark runs (cargo xtask setup)");
    let said = said(&output);
    assert!(said.contains("whyrst (Resets of this host, with their causes)"), "{said}");
}

#[test]
#[ignore = "needs root: packet sockets and BPF"]
fn tshark_captures_a_reset_with_its_verdict() {
    let home = home();
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port();
    let filter = format!("port {port}");
    let mut tshark = Command::new("tshark");
    tshark.args(["-l", "-i", "whyrst", "-f", &filter, "-a", "duration:20", "-c", "2", "-T", "fields"]);
    tshark.args(["-e", "frame.number", "-e", "tcp.flags.reset", "-e", "frame.comment"]);
    let tshark =
        at_home(&mut tshark, &home).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("tshark runs");
    // Nobody listens on the port any more. Bounded: tshark ends with the second packet.
    let pid = tshark.id();
    let end = Instant::now() + Duration::from_secs(15);
    let knocking = std::thread::spawn(move || {
        while Instant::now() < end && std::path::Path::new(&format!("/proc/{pid}/fd/1")).exists() {
            assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
            std::thread::sleep(Duration::from_millis(300));
        }
    });
    let output = tshark.wait_with_output().expect("tshark ends");
    let said = said(&output);
    let lines: Vec<&str> = said.lines().filter(|line| line.split('\t').count() == 3).collect();
    assert_eq!(lines.len(), 2, "{said}");
    assert!(lines[0].starts_with("1\t0\t"), "{said}");
    assert!(lines[1].starts_with("2\t1\twhyrst: "), "{said}");
    for word in ["closed-port", "[certain]", "NO_SOCKET"] {
        assert!(lines[1].contains(word), "{word}: {said}");
    }
    knocking.join().expect("the connects were refused");
}
