//! `watch`: what it tells of real resets, what it leaves out, and how it ends.

use super::*;

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
        (["--comm", "nosuchprogram"], "no process is named nosuchprogram now"),
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
    let unit = include_str!("../../../../contrib/systemd/whyrst-watch.service");
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
