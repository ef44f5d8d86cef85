//! `watch` where a router's NAT lies between the two ends of a connection: client, service, container.

use super::*;

/// 10.85.1.2 is a client, 10.85.2.2 a container; the router between them forwards to it what is asked of its own port
/// 8080, and of port 80 of the service address 10.96.7.9. They are gone when this is.
struct Routed {
    _alone: MutexGuard<'static, ()>,
}

static ALONE: Mutex<()> = Mutex::new(());

impl Routed {
    fn make() -> Self {
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        Self::remove();
        let routed = Self { _alone: alone };
        let rules = "table ip n {\n chain p {\n type nat hook prerouting priority -100;\n \
                     ip daddr 10.85.1.1 tcp dport 8080 dnat to 10.85.2.2:80\n \
                     ip daddr 10.96.7.9 tcp dport 80 dnat to 10.85.2.2:80\n }\n}\n";
        for command in [
            "for n in c r k; do ip netns add whyrst-via-$n; ip -n whyrst-via-$n link set lo up; done",
            "for n in c k; do \
                ip link add e netns whyrst-via-$n type veth peer name v$n netns whyrst-via-r; done",
            "ip -n whyrst-via-c address add 10.85.1.2/24 dev e; ip -n whyrst-via-k address add 10.85.2.2/24 dev e",
            "ip -n whyrst-via-r address add 10.85.1.1/24 dev vc; ip -n whyrst-via-r address add 10.85.2.1/24 dev vk",
            "for n in c k; do ip -n whyrst-via-$n link set e up; ip -n whyrst-via-r link set v$n up; done",
            "ip -n whyrst-via-c route add default via 10.85.1.1; ip -n whyrst-via-k route add default via 10.85.2.1",
            "ip netns exec whyrst-via-r sysctl -q net.ipv4.ip_forward=1",
            &format!("printf '{rules}' | ip netns exec whyrst-via-r nft -f -"),
        ] {
            assert!(Command::new("sh").args(["-ec", command]).status().unwrap().success(), "{command}");
        }
        routed
    }

    fn remove() {
        let remove = "for n in c r k; do ip netns delete whyrst-via-$n 2>/dev/null || true; done";
        let _ = Command::new("sh").args(["-c", remove]).status();
    }

    /// What `watch` prints of these ends while a client asks `service`, gets two bytes, and is reset.
    fn play(service: &str, arguments: &[&str]) -> Vec<String> {
        let program = "
import socket, time
l = socket.create_server(('10.85.2.2', 80)); print('ready', flush=True)
s, _ = l.accept(); s.recv(1); s.sendall(b'ok'); time.sleep(0.3); s.close(); time.sleep(0.5)";
        let mut server = Hosts::python("whyrst-via-k", program).stdout(Stdio::piped()).spawn().unwrap();
        BufReader::new(server.stdout.take().unwrap()).lines().next().unwrap().unwrap();
        let asks = format!(
            "
import socket, time
c = socket.create_connection(({service}), 3); c.sendall(b'abcdefghijk'); time.sleep(0.6)
try: c.recv(1)
except ConnectionResetError: pass"
        );
        let watching = Watching::start(arguments);
        assert!(Hosts::python("whyrst-via-c", &asks).status().unwrap().success());
        std::thread::sleep(Duration::from_millis(300));
        let (_, text) = watching.interrupt();
        server.wait().unwrap();
        text.lines().filter(|line| line.contains(" cause=") && line.contains(" 10.85.")).map(str::to_owned).collect()
    }
}

impl Drop for Routed {
    fn drop(&mut self) {
        Self::remove();
    }
}

/// The container was reset by nobody: it closed with 10 bytes unread. Each end has its own process and its own numbers.
fn check_line(lines: &[String], service: &str, how: &str) {
    let [line] = lines else { panic!("{how}: one RST is one line: {lines:#?}") };
    assert!(line.contains("close-unread [certain]  by the server: python3 "), "{how}: {line}");
    assert!(line.contains("  to the client: python3 ") && line.contains("(10 bytes unread)"), "{how}: {line}");
    let route = format!(" > {service} > 10.85.2.2:80");
    let is_route = |word: &str| word.starts_with("through NAT: 10.85.1.2:") && word.ends_with(&route);
    assert!(line.split("  ").any(is_route), "{how}: {line}");
    for key in [format!("service={service}"), "server=10.85.2.2:80".to_owned()] {
        assert!(line.split(' ').any(|word| word == key), "{how}: {line}");
    }
}

/// Who asks for a port or an address means the one that clients use, or the one that answers.
#[test]
#[ignore = "needs root and BPF"]
fn a_filter_on_any_name_of_an_end_shows_both_ends() {
    let _routed = Routed::make();
    let published = ("'10.85.1.1', 8080", "10.85.1.1:8080");
    let service = ("'10.96.7.9', 80", "10.96.7.9:80");
    for ((asked, name), filter) in [
        (published, ["--port", "8080"]),
        (published, ["--port", "80"]),
        (service, ["--addr", "10.96.7.9"]),
        (service, ["--addr", "10.85.2.0/24"]),
    ] {
        check_line(&Routed::play(asked, &filter), name, &filter.join(" "));
    }
    assert_eq!(Routed::play(published.0, &["--not-port", "8080"]), Vec::<String>::new());
}

#[test]
#[ignore = "needs root and BPF"]
fn with_packets_each_end_keeps_its_own_process_and_numbers() {
    let _routed = Routed::make();
    check_line(&Routed::play("'10.85.1.1', 8080", &["--packets"]), "10.85.1.1:8080", "--packets");
}
