//! Behind a host's NAT: what conntrack knows of a connection, and what follows from it.

use std::io::Read as _;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nix::sched::CloneFlags;
use whyrst_core::language::Language;
use whyrst_core::outcome::{OnWire, Outcome};
use whyrst_core::report::{Context, json};
use whyrst_core::segment::Endpoint;
use whyrst_probe::{KernelFilter, Live, LiveEvent, SocketReset};

use super::{MOMENT, PATIENCE, own_network};

/// This thread's namespace is a host: it masquerades a container's connections to another host, and forwards port 8080
/// to the container. Its namespaces have names, so there is one at a time.
struct Nat {
    _alone: MutexGuard<'static, ()>,
}

static ALONE: Mutex<()> = Mutex::new(());

const CONTAINER: [u8; 4] = [10, 81, 1, 2];
const HOST: [u8; 4] = [10, 81, 2, 1];
const OTHER: [u8; 4] = [10, 81, 2, 2];

impl Nat {
    fn make() -> Self {
        // A test that failed left nothing but what is removed here.
        let nat = Self { _alone: ALONE.lock().unwrap_or_else(PoisonError::into_inner) };
        Self::remove();
        let rules = "table ip n {\n chain post {\n type nat hook postrouting priority 100;\n \
                     ip saddr 10.81.1.2 oifname s0 ip protocol tcp masquerade to :50000-50999\n }\n chain pre {\n \
                     type nat hook prerouting priority -100;\n iifname s0 tcp dport 8080 dnat to 10.81.1.2:80\n \
                     iifname s0 tcp dport 8081 dnat to 10.81.1.2:81\n }\n chain out {\n \
                     type nat hook output priority -100;\n ip daddr 10.81.2.1 tcp dport 8080 dnat to 10.81.1.2:80\n \
                     ip daddr 10.81.2.1 tcp dport 8081 dnat to 10.81.1.2:81\n }\n}\n";
        for command in [
            "ip netns add whyrst-nat-c; ip netns add whyrst-nat-s",
            "ip link add c0 type veth peer name eth0 netns whyrst-nat-c",
            "ip link add s0 type veth peer name eth0 netns whyrst-nat-s",
            "ip address add 10.81.1.1/24 dev c0; ip address add 10.81.2.1/24 dev s0",
            "ip link set c0 up; ip link set s0 up; sysctl -q net.ipv4.ip_forward=1",
            "ip -n whyrst-nat-c address add 10.81.1.2/24 dev eth0; ip -n whyrst-nat-s address add 10.81.2.2/24 dev eth0",
            "for n in c s; do ip -n whyrst-nat-$n link set lo up; ip -n whyrst-nat-$n link set eth0 up; done",
            "ip -n whyrst-nat-c route add default via 10.81.1.1",
            &format!("printf '{rules}' | nft -f -"),
        ] {
            assert!(Command::new("sh").args(["-ec", command]).status().unwrap().success(), "{command}");
        }
        nat
    }

    /// In a namespace of this name; without a name, on the host.
    fn python(namespace: &str, program: &str) -> Child {
        let mut command = Command::new(if namespace.is_empty() { "python3" } else { "ip" });
        if !namespace.is_empty() {
            command.args(["netns", "exec", namespace, "python3"]);
        }
        command.args(["-c", program]).stdout(Stdio::piped()).spawn().unwrap()
    }

    /// A server that closes with data unread, and its client.
    fn close_unread((server, listen): (&str, &str), (client, connect): (&str, &str)) {
        let mut serving = Self::python(
            server,
            &format!(
                "import socket, time\nl = socket.create_server(({listen}))\nprint('ready', flush=True)\n\
                 s, _ = l.accept(); s.recv(1); s.close(); time.sleep(0.2)"
            ),
        );
        let mut ready = [0; 6];
        serving.stdout.as_mut().unwrap().read_exact(&mut ready).unwrap();
        let asks = format!(
            "import socket, time\nc = socket.create_connection(({connect}), 3); c.send(b'abc')\n\
             try: c.recv(1)\nexcept ConnectionResetError: pass"
        );
        assert!(Self::python(client, &asks).wait().unwrap().success());
        serving.wait().unwrap();
    }

    fn remove() {
        let remove = "for n in c s; do ip netns delete whyrst-nat-$n 2>/dev/null || true; done";
        let _ = Command::new("sh").args(["-c", remove]).status();
    }
}

impl Drop for Nat {
    fn drop(&mut self) {
        Self::remove();
    }
}

const REFUSED: &str =
    "import socket\ntry: socket.create_connection(('10.81.2.1', 8081), 3)\nexcept ConnectionRefusedError: pass";

/// A program of the host asks a port of its own host, which is that of a container: each end calls the other by an
/// address that the other does not have. One of them is this host's own, so that the RST must have come from here.
#[test]
#[ignore = "needs root and BPF"]
fn behind_a_nat_of_one_host_both_ends_are_one_reset() {
    let turn = own_network();
    let _nat = Nat::make();
    let mut host = Live::start().unwrap();
    // The entry of a refused connect goes with its RST, before the table can be asked; the RST's number does not.
    assert!(Nat::python("", REFUSED).wait().unwrap().success());
    let reset = next_between(&mut host);
    assert!(!reset.unsent && reset.peer.is_some(), "taken for a firewall's: {reset:?}");

    Nat::close_unread(("whyrst-nat-c", "'10.81.1.2', 80"), ("", "'10.81.2.1', 8080"));
    let reset = next_between(&mut host);
    assert_eq!(reset.event.local, Endpoint::new(CONTAINER.into(), 80));
    let peer = reset.peer.as_ref().expect("its client is on this host");
    assert_eq!(peer.remote, Endpoint::new(HOST.into(), 8080));
    assert_eq!(peer.account.process.as_ref().unwrap().comm, "python3");
    assert_eq!(wire(&reset.outcome()), Some((peer.local, peer.remote)));

    assert!(Nat::python("", REFUSED).wait().unwrap().success());
    let reset = next_between(&mut host);
    assert_eq!(reset.event.local, Endpoint::new(CONTAINER.into(), 81));
    assert_eq!(reset.peer.as_ref().map(|peer| peer.remote), Some(Endpoint::new(HOST.into(), 8081)));
    drop(turn);
}

/// The next reset of a connection between the host and its container.
fn next_between(live: &mut Live) -> SocketReset {
    let end = Instant::now() + PATIENCE;
    let ours = [CONTAINER.into(), HOST.into()];
    while Instant::now() < end {
        match live.next(MOMENT).unwrap() {
            Some(LiveEvent::Reset(reset)) if ours.contains(&reset.event.local.ip) => return *reset,
            _ => {}
        }
    }
    panic!("no reset was told between the host and its container");
}

/// The next reset that was told by the end at `address`.
fn told_by(live: &mut Live, address: [u8; 4]) -> Outcome {
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        match live.next(MOMENT).unwrap() {
            Some(LiveEvent::Reset(reset)) if reset.event.local.ip == std::net::IpAddr::from(address) => {
                return reset.outcome();
            }
            _ => {}
        }
    }
    panic!("no reset was told by {address:?}");
}

/// The ends on the wire, client first.
fn wire(outcome: &Outcome) -> Option<(Endpoint, Endpoint)> {
    let connection = outcome.connection();
    match outcome.on_wire() {
        OnWire::Unknown => None,
        OnWire::Same => Some((connection.endpoint(connection.client), connection.endpoint(connection.client.other()))),
        OnWire::Other { client, server } => Some((client, server)),
    }
}

#[test]
#[ignore = "needs root and BPF"]
fn behind_a_nat_both_hosts_call_a_connection_alike() {
    let turn = own_network();
    let _nat = Nat::make();
    // One kernel plays both hosts: each hears its own sockets alone, by an address that only these have.
    let hears = |address: [u8; 4]| Live::start_with(&KernelFilter::of(&[], [(address.into(), 32)])).unwrap();
    let mut host = hears(CONTAINER);
    // The other host's agent is in the other namespace, and asks that one's table.
    let (ready, is_ready) = std::sync::mpsc::channel();
    let other = std::thread::spawn(move || {
        let namespace = std::fs::File::open("/run/netns/whyrst-nat-s").unwrap();
        nix::sched::setns(&namespace, CloneFlags::CLONE_NEWNET).unwrap();
        let mut live = hears(HOST);
        ready.send(()).unwrap();
        [told_by(&mut live, OTHER), told_by(&mut live, OTHER)]
    });
    is_ready.recv_timeout(Duration::from_secs(30)).unwrap();

    // The container asks the other host, which resets.
    Nat::close_unread(("whyrst-nat-s", "'10.81.2.2', 8443"), ("whyrst-nat-c", "'10.81.2.2', 8443"));
    let masqueraded = told_by(&mut host, CONTAINER);
    // The other host asks the port that is forwarded to the container, which resets.
    Nat::close_unread(("whyrst-nat-c", "'10.81.1.2', 80"), ("whyrst-nat-s", "'10.81.2.1', 8080"));
    let forwarded = told_by(&mut host, CONTAINER);
    let [sent, received] = other.join().unwrap();

    let (client, server) = wire(&masqueraded).expect("conntrack knows it");
    assert_eq!((client.ip, server), (HOST.into(), Endpoint::new(OTHER.into(), 8443)));
    assert!((50_000..51_000).contains(&client.port), "{client}");
    assert_eq!(wire(&sent), Some((client, server)));
    let published = Endpoint::new(HOST.into(), 8080);
    assert_eq!(wire(&forwarded).map(|(_, server)| server), Some(published));
    assert_eq!(wire(&received), wire(&forwarded));
    let line = json::line(
        &forwarded,
        &Context { files: vec![String::new()], zone: jiff::tz::TimeZone::UTC, language: Language::English },
    );
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(line["on_wire"]["server"], serde_json::json!({"ip": "10.81.2.1", "port": 8080}), "{line}");

    // That nothing is translated is said as well: at the other host, the ends of its own socket.
    let line = json::line(
        &sent,
        &Context { files: vec![String::new()], zone: jiff::tz::TimeZone::UTC, language: Language::English },
    );
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(line["on_wire"], serde_json::json!({"client": line["client"], "server": line["server"]}), "{line}");

    // The entry of a refused connect goes with its RST. Nobody listened to that before the first one.
    let refuse = || assert!(Nat::python("whyrst-nat-s", REFUSED).wait().unwrap().success());
    refuse();
    assert_eq!(told_by(&mut host, CONTAINER).on_wire(), OnWire::Unknown);
    refuse();
    let (client, server) = wire(&told_by(&mut host, CONTAINER)).expect("its end was listened to");
    assert_eq!((client.ip, server), (OTHER.into(), Endpoint::new(HOST.into(), 8081)));
    drop(turn);
}

/// A client, a router that forwards port 8080 to a container, and that container: three namespaces, none of which is
/// the one where whyrst asks. They are gone when this is; there is one at a time.
struct Router {
    _alone: MutexGuard<'static, ()>,
}

impl Router {
    fn make() -> Self {
        let router = Self { _alone: ALONE.lock().unwrap_or_else(PoisonError::into_inner) };
        Self::remove();
        let rules = "table ip n {\n chain pre {\n type nat hook prerouting priority -100;\n \
                     ip daddr 10.83.1.1 tcp dport 8080 dnat to 10.83.2.2:80\n }\n chain post {\n \
                     type nat hook postrouting priority 100;\n ip saddr 10.83.2.2 ip daddr 10.83.2.2 masquerade\n }\n}\n";
        for command in [
            "for n in c r k; do ip netns add whyrst-dnat-$n; ip -n whyrst-dnat-$n link set lo up; done",
            "ip link add eth0 netns whyrst-dnat-c type veth peer name c0 netns whyrst-dnat-r",
            "ip link add eth0 netns whyrst-dnat-k type veth peer name k0 netns whyrst-dnat-r",
            "ip -n whyrst-dnat-c address add 10.83.1.2/24 dev eth0; ip -n whyrst-dnat-k address add 10.83.2.2/24 dev eth0",
            "ip -n whyrst-dnat-r address add 10.83.1.1/24 dev c0; ip -n whyrst-dnat-r address add 10.83.2.1/24 dev k0",
            "for n in c k; do ip -n whyrst-dnat-$n link set eth0 up; ip -n whyrst-dnat-r link set ${n}0 up; done",
            "ip -n whyrst-dnat-c route add default via 10.83.1.1; ip -n whyrst-dnat-k route add default via 10.83.2.1",
            "ip netns exec whyrst-dnat-r sysctl -q net.ipv4.ip_forward=1",
            &format!("printf '{rules}' | ip netns exec whyrst-dnat-r nft -f -"),
        ] {
            assert!(Command::new("sh").args(["-ec", command]).status().unwrap().success(), "{command}");
        }
        router
    }

    fn remove() {
        let remove = "for n in c r k; do ip netns delete whyrst-dnat-$n 2>/dev/null || true; done";
        let _ = Command::new("sh").args(["-c", remove]).status();
    }
}

impl Drop for Router {
    fn drop(&mut self) {
        Self::remove();
    }
}

/// The next reset of the container, and that nothing else is told of these namespaces.
fn only_of_container(live: &mut Live) -> SocketReset {
    let mut found = Vec::new();
    let is_ours = |reset: &SocketReset| match reset.event.local.ip {
        std::net::IpAddr::V4(ip) => ip.octets()[..2] == [10, 83],
        std::net::IpAddr::V6(_) => false,
    };
    let mut end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        if let Some(LiveEvent::Reset(reset)) = live.next(MOMENT).unwrap()
            && is_ours(&reset)
        {
            found.push(*reset);
            end = Instant::now() + 4 * MOMENT;
        }
    }
    assert_eq!(found.len(), 1, "one RST is one reset: {found:#?}");
    found.remove(0)
}

#[test]
#[ignore = "needs root and BPF"]
fn through_the_nat_of_another_namespace_one_rst_is_one_reset() {
    let turn = own_network();
    let _router = Router::make();
    let mut live = Live::start().unwrap();
    let published = Endpoint::new([10, 83, 1, 1].into(), 8_080);
    let inside = Endpoint::new([10, 83, 2, 2].into(), 80);
    let refused =
        "import socket\ntry: socket.create_connection(('10.83.1.1', 8080), 3)\nexcept ConnectionRefusedError: pass";
    // Nobody listens yet: the answer to a SYN. Then an abort, from the client's side of the router and as a hairpin.
    for client in ["whyrst-dnat-c", "whyrst-dnat-k"] {
        assert!(Nat::python(client, refused).wait().unwrap().success());
        check_ends(&only_of_container(&mut live), inside, published);
        Nat::close_unread(("whyrst-dnat-k", "'10.83.2.2', 80"), (client, "'10.83.1.1', 8080"));
        let reset = only_of_container(&mut live);
        check_ends(&reset, inside, published);
        let (client, server) = wire(&reset.outcome()).expect("the other end knows its names");
        assert_eq!((Some(client), server), (reset.peer.as_ref().map(|peer| peer.local), published));
    }
    drop(turn);
}

/// The client is on another host, so that nobody but the router knows what it asked for.
#[test]
#[ignore = "needs root and BPF"]
fn the_table_of_a_router_names_the_service_where_the_client_is_elsewhere() {
    let turn = own_network();
    let _router = Router::make();
    // Without anybody to forward for, the router tracks all the same: its rules want that.
    let only_container = KernelFilter::default().with_namespaces([namespace("whyrst-dnat-k")]);
    let mut live = Live::start_with(&only_container).unwrap();
    Nat::close_unread(("whyrst-dnat-k", "'10.83.2.2', 80"), ("whyrst-dnat-c", "'10.83.1.1', 8080"));
    let reset = only_of_container(&mut live);
    assert!(reset.peer.is_none(), "its other end is not heard: {reset:#?}");
    let (client, service) = wire(&reset.outcome()).expect("the router's table knows");
    assert_eq!((client.ip, service), ([10, 83, 1, 2].into(), Endpoint::new([10, 83, 1, 1].into(), 8_080)));
    drop(turn);
}

fn namespace(name: &str) -> u32 {
    let data = std::fs::metadata(format!("/run/netns/{name}")).unwrap();
    std::os::unix::fs::MetadataExt::ino(&data).try_into().unwrap()
}

/// The container sent it, and its client called it by the published port.
fn check_ends(reset: &SocketReset, inside: Endpoint, published: Endpoint) {
    assert!(matches!(reset.event.told, whyrst_core::socket::Told::Sent(_)), "{reset:#?}");
    assert_eq!(reset.event.local, inside);
    let peer = reset.peer.as_ref().expect("its client is on this host");
    assert_eq!(peer.remote, published);
    assert_eq!(peer.account.process.as_ref().unwrap().comm, "python3");
}
