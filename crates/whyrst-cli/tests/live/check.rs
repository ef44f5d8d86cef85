//! `check`: what a host holds that will be reset, and what has been.

use super::*;

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

/// Everything that a namespace of its own can have wrong: settings, limits, sockets and rules as they are on a real host.
#[test]
#[ignore = "needs root"]
fn check_finds_what_a_namespace_has_wrong() {
    let name = "whyrst-wrong";
    let remove = || {
        let _ = Command::new("ip").args(["netns", "delete", name]).stderr(Stdio::null()).status();
    };
    remove();
    let rules = "table ip n {\n chain p {\n type nat hook prerouting priority -100;\n \
                 tcp dport 8080 dnat to 10.86.0.2:80\n }\n}\n\
                 table ip f {\n chain i {\n type filter hook input priority 0;\n ip protocol icmp drop\n \
                 ct state invalid counter reject with tcp reset\n }\n}\n";
    for command in [
        "ip netns add whyrst-wrong; ip -n whyrst-wrong link set lo up",
        "ip -n whyrst-wrong link add b0 type bridge; ip -n whyrst-wrong address add 10.86.0.1/24 dev b0",
        "ip -n whyrst-wrong link set b0 up",
        "ip netns exec whyrst-wrong sysctl -q net.ipv4.tcp_keepalive_intvl=1 net.ipv4.tcp_keepalive_probes=1 \
            net.ipv4.tcp_retries2=3 net.ipv4.tcp_syncookies=2 net.ipv4.tcp_max_tw_buckets=10 \
            net.ipv4.ip_local_port_range='40000 40009' net.bridge.bridge-nf-call-iptables=0",
        &format!("printf '{rules}' | ip netns exec whyrst-wrong nft -f -"),
    ] {
        assert!(Command::new("sh").args(["-ec", command]).status().unwrap().success(), "{command}");
    }
    // Sixty clients that went away, more of them than may wait in TIME-WAIT, and nine of ten ports to one service.
    let sockets = "
import socket, time
l = socket.create_server(('127.0.0.1', 7000), backlog=200)
left = []
for port in range(20000, 20060):
    c = socket.socket(); c.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); c.bind(('127.0.0.1', port))
    c.connect(('127.0.0.1', 7000)); left.append(l.accept()[0]); c.close()
for port in range(21000, 21020):
    c = socket.socket(); c.bind(('127.0.0.1', port)); c.connect(('127.0.0.1', 7000))
    s = l.accept()[0]; c.close(); s.close()
own = [socket.create_connection(('127.0.0.1', 7000)) for _ in range(9)]
time.sleep(5.3); print('ready', flush=True); time.sleep(30)";
    let mut program = Hosts::python(name, sockets).stdout(Stdio::piped()).spawn().unwrap();
    BufReader::new(program.stdout.take().unwrap()).lines().next().unwrap().unwrap();
    let check = ["netns", "exec", name, WHYRST, "check", "--over", "1500ms", "--format", "json"];
    let output = Command::new("ip").args(check).output().unwrap();
    let _ = program.kill();
    let _ = program.wait();
    remove();
    assert_eq!(output.status.code(), Some(1));
    let found = objects(&output.stdout);
    for (cause, words) in [
        ("keepalive-timeout", "when one keepalive probe stays unanswered for 1 s"),
        ("retransmit-giveup", "given up after 3 retransmissions"),
        ("syncookie-invalid", "net.ipv4.tcp_syncookies is 2"),
        ("fin-wait2-expired", "60 connections whose peer has closed"),
        ("fin-wait2-expired", "10 sockets are in TIME-WAIT, 10 are allowed"),
        ("fin-wait2-expired", "(TCPTimeWaitOverflow), since this namespace was made; 0 in the last 1."),
        ("syn-meets-time-wait", "9 of 10 ports are in use to 127.0.0.1:7000"),
        ("path-mtu-black-hole", "a firewall rule drops ICMP whatever it says"),
        ("reply-untranslated", "a rule translates to 10.86.0.2, which is on a bridge"),
        ("fw-state-lost", "a firewall rule answers with RST; it met 0 packets"),
    ] {
        let is_it = |one: &Value| one["cause"] == cause && one["evidence"].as_str().unwrap().contains(words);
        assert!(found.iter().any(is_it), "{cause}: {words}: {found:#?}");
    }
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
