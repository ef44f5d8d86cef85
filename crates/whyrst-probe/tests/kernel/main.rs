//! The probe in the running kernel, with real sockets. Each test has a network namespace of its
//! own; what the rest of the host does meanwhile is not its business.
//!
//! Needs root: `cargo xtask test` runs these, or
//! `cargo test -p whyrst-probe --test kernel -- --ignored`.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod flood;
mod nat;
mod why;

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nix::sched::{CloneFlags, unshare};
use nix::sys::socket::{setsockopt, sockopt};
use whyrst_core::kernel::RstReason;
use whyrst_core::language::Language;
use whyrst_core::outcome::Outcome;
use whyrst_core::report::{Context, json};
use whyrst_core::segment::Endpoint;
use whyrst_core::socket::{Account, Errno, Listening, Told};
use whyrst_core::time::Span;
use whyrst_core::verdict::{Confidence, Judgement, judge};
use whyrst_probe::{KernelFilter, Live, LiveEvent, SocketReset, give_back_privileges, lock_down, reason_of_stack};

/// Long enough on a busy machine.
const PATIENCE: Duration = Duration::from_secs(5);
const MOMENT: Duration = Duration::from_millis(60);

/// One probe and one namespace at a time: the tests of this file share a ring's worth of attention.
static TURN: Mutex<()> = Mutex::new(());

struct Stage {
    live: Live,
    netns: u32,
    _turn: MutexGuard<'static, ()>,
}

fn stage() -> Stage {
    let turn = own_network();
    started(turn)
}

/// A fresh network namespace for this thread and its children.
fn own_network() -> MutexGuard<'static, ()> {
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    unshare(CloneFlags::CLONE_NEWNET).expect("root can make network namespaces");
    let up = Command::new("ip").args(["link", "set", "lo", "up"]).status().expect("ip is installed");
    assert!(up.success());
    turn
}

fn started(turn: MutexGuard<'static, ()>) -> Stage {
    let inode = std::fs::metadata("/proc/thread-self/ns/net").expect("procfs").ino();
    let live = Live::start().unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(live.missing(), [], "a kernel that is not asked everything");
    Stage { live, netns: u32::try_from(inode).unwrap(), _turn: turn }
}

impl Stage {
    /// The next reset in this namespace.
    fn reset(&mut self) -> SocketReset {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            match self.live.next(MOMENT).unwrap() {
                Some(LiveEvent::Reset(reset)) if reset.event.account.netns == self.netns => return *reset,
                _ => {}
            }
        }
        panic!("no reset was told");
    }

    fn told(&mut self) -> (Outcome, Judgement) {
        let reset = self.reset();
        assert_eq!(reason_of_stack(&reset.event), given_reason(&reset), "{reset:#?}");
        let outcome = reset.outcome();
        let judgement = judge(&outcome);
        (outcome, judgement)
    }

    /// Nothing more is told of this namespace.
    fn is_silent(&mut self) {
        let end = Instant::now() + 3 * MOMENT;
        while Instant::now() < end {
            if let Some(LiveEvent::Reset(reset)) = self.live.next(MOMENT).unwrap() {
                assert_ne!(reset.event.account.netns, self.netns, "told beside: {reset:#?}");
            }
        }
    }
}

fn pair() -> (TcpListener, TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (server, _) = listener.accept().unwrap();
    (listener, client, server)
}

/// What older kernels do not give, and has to be concluded there.
fn given_reason(reset: &SocketReset) -> Option<RstReason> {
    match &reset.event.told {
        Told::Sent(word) => word.reason,
        Told::Received => None,
    }
}

fn verdict(judgement: &Judgement) -> (&'static str, Confidence) {
    (judgement.cause.map_or("unexplained", |cause| cause.id), judgement.confidence)
}

fn sender(outcome: &Outcome) -> &Account {
    outcome.account(outcome.sender()).expect("the sender's kernel was asked")
}

fn receiver(outcome: &Outcome) -> &Account {
    outcome.account(outcome.receiver()).expect("the receiver is on this host too")
}

/// A server of another process; it prints its port. It is waited for when dropped.
struct Python(Child);

impl Python {
    fn start(program: &str) -> (Self, SocketAddr) {
        let child = Command::new("python3").args(["-c", program]).stdout(Stdio::piped()).spawn();
        let mut child = child.expect("python3 is installed");
        let mut port = String::new();
        let output = child.stdout.as_mut().unwrap();
        while !port.ends_with('\n') {
            let mut byte = [0];
            assert_eq!(output.read(&mut byte).unwrap(), 1, "the server says its port");
            port.push(byte[0].into());
        }
        (Self(child), SocketAddr::new([127, 0, 0, 1].into(), port.trim().parse().unwrap()))
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

const LISTEN: &str = "import socket, os, time, sys
l = socket.socket(); l.bind(('127.0.0.1', 0)); l.listen(5); print(l.getsockname()[1], flush=True)
";

#[test]
#[ignore = "needs root and BPF"]
fn a_close_with_unread_data_is_told_with_the_exact_number_and_its_process() {
    let mut stage = stage();
    let (_listener, mut client, mut server) = pair();
    client.write_all(&[7; 1000]).unwrap();
    std::thread::sleep(MOMENT);
    server.read_exact(&mut [0; 96]).unwrap();
    drop(server);
    let (outcome, judgement) = stage.told();
    assert_eq!(verdict(&judgement), ("close-unread", Confidence::Certain));
    let account = sender(&outcome);
    assert_eq!(account.socket.as_ref().unwrap().unread, 904);
    let process = account.process.as_ref().unwrap();
    assert_eq!((process.pid, process.syscall.as_deref()), (std::process::id(), Some("close")));
    assert_eq!(process.uid, Some(0));
    assert!(process.cmdline.as_ref().unwrap().contains("kernel"));
    assert_eq!(receiver(&outcome).process.as_ref().unwrap().pid, std::process::id());
    assert_eq!(receiver(&outcome).errno.map(|errno| errno.to_string()).as_deref(), Some("ECONNRESET"));
    assert_eq!(account.errno, None, "who closes is told nothing");
    assert_eq!(outcome.sender(), outcome.connection().server());
    stage.is_silent();
    let error = client.write_all(b"more").and_then(|()| client.read(&mut [0])).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(104));
}

#[test]
#[ignore = "needs root and BPF"]
fn what_a_program_asked_of_its_socket_is_told() {
    let mut stage = stage();
    let (_listener, mut client, server) = pair();
    server.set_read_timeout(Some(Duration::from_millis(1_500))).unwrap();
    setsockopt(&server.as_fd(), sockopt::TcpUserTimeout, &7_000).unwrap();
    setsockopt(&server.as_fd(), sockopt::KeepAlive, &true).unwrap();
    setsockopt(&server.as_fd(), sockopt::TcpKeepIdle, &90).unwrap();
    client.write_all(b"unread").unwrap();
    std::thread::sleep(MOMENT);
    drop(server);
    let (outcome, _) = stage.told();
    let timeouts = sender(&outcome).socket.as_ref().unwrap().timeouts;
    assert_eq!((timeouts.send, timeouts.receive), (None, Some(Span::from_millis(1_500))));
    assert_eq!((timeouts.user, timeouts.keepalive), (Some(Span::from_secs(7)), Some(Span::from_secs(90))));
}

#[test]
#[ignore = "needs root and BPF"]
fn the_report_is_one_object_with_kernel_socket_and_process() {
    let mut stage = stage();
    let (_listener, mut client, server) = pair();
    client.write_all(b"unread").unwrap();
    std::thread::sleep(MOMENT);
    drop(server);
    let (outcome, _) = stage.told();
    let context = Context { files: vec!["here:1".into()], zone: jiff::tz::TimeZone::UTC, language: Language::English };
    let object: serde_json::Value = serde_json::from_str(&json::line(&outcome, &context)).unwrap();
    assert_eq!(object["schema"], "whyrst.reset/1");
    assert_eq!(object["verdict"]["cause"], "close-unread");
    assert_eq!(object["kernel"]["reason"], "TCP_ABORT_ON_CLOSE");
    assert_eq!(object["socket"]["unread_bytes"], 6);
    assert_eq!(object["process"]["pid"], std::process::id());
    assert_eq!(object["process"]["end"], "server");
    assert_eq!(object["peer_process"]["end"], "client");
    assert_eq!(object["resets"][0]["frame"], serde_json::Value::Null, "no frame was captured");
    assert_eq!(object["resets"][0]["ttl"], serde_json::Value::Null, "nor its hop count");
}

#[test]
#[ignore = "needs root and BPF"]
fn linger_zero_is_told_from_other_aborts_by_its_call_stack() {
    let mut stage = stage();
    let (_listener, _client, server) = pair();
    setsockopt(&server.as_fd(), sockopt::Linger, &nix::libc::linger { l_onoff: 1, l_linger: 0 }).unwrap();
    drop(server);
    let (outcome, judgement) = stage.told();
    assert_eq!(verdict(&judgement), ("linger-zero", Confidence::Certain));
    assert_eq!(sender(&outcome).socket.as_ref().unwrap().linger, Some(0));
}

#[test]
#[ignore = "needs root and BPF"]
fn a_refused_connect_is_told_with_who_asked() {
    let mut stage = stage();
    TcpStream::connect("127.0.0.1:1").unwrap_err();
    let (outcome, judgement) = stage.told();
    assert_eq!(verdict(&judgement), ("closed-port", Confidence::Certain));
    assert_eq!(receiver(&outcome).process.as_ref().unwrap().pid, std::process::id());
    assert_eq!(receiver(&outcome).errno, Some(Errno(111)));
    assert!(sender(&outcome).process.is_none(), "nobody listens");
    stage.is_silent();
}

#[test]
#[ignore = "needs root and BPF"]
fn a_listener_at_another_address_is_named() {
    let mut stage = stage();
    let listener = TcpListener::bind("127.0.0.2:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    TcpStream::connect(("127.0.0.1", port)).unwrap_err();
    let (outcome, judgement) = stage.told();
    assert_eq!(verdict(&judgement), ("listening-elsewhere", Confidence::Certain));
    assert_eq!(sender(&outcome).listening, Listening::At(listener.local_addr().map(endpoint).unwrap()));
    drop(listener);
    TcpStream::connect(("127.0.0.1", port)).unwrap_err();
    assert_eq!(verdict(&stage.told().1), ("closed-port", Confidence::Certain));
}

fn endpoint(address: SocketAddr) -> Endpoint {
    Endpoint::new(address.ip(), address.port())
}

#[test]
#[ignore = "needs root and BPF"]
fn what_was_not_asked_for_is_counted_in_the_kernel() {
    let turn = own_network();
    let filter = KernelFilter::of(&[1, 2], [("127.0.0.2".parse().unwrap(), 32)]);
    let mut stage = Stage { live: Live::start_with(&filter).unwrap(), ..started(turn) };
    for address in ["127.0.0.1:1", "127.0.0.2:3", "127.0.0.2:2"] {
        TcpStream::connect(address).unwrap_err();
    }
    let (outcome, _) = stage.told();
    assert_eq!(outcome.connection().endpoint(outcome.connection().server()).to_string(), "127.0.0.2:2");
    stage.is_silent();
    assert_eq!(stage.live.sent().get(&stage.netns), Some(&3), "all are counted");
    assert!(stage.live.filtered_out() >= 4, "two resets, by both ends");
}

#[test]
#[ignore = "needs root and BPF"]
fn over_ipv6_it_is_the_same() {
    let mut stage = stage();
    TcpStream::connect("[::1]:1").unwrap_err();
    let (outcome, judgement) = stage.told();
    assert_eq!(verdict(&judgement), ("closed-port", Confidence::Certain));
    assert_eq!(outcome.connection().endpoint(outcome.connection().server()).to_string(), "[::1]:1");
}

#[test]
#[ignore = "needs root and BPF"]
fn data_after_a_close_names_who_closed_and_when() {
    let mut stage = stage();
    let (_listener, mut client, server) = pair();
    drop(server);
    std::thread::sleep(2 * MOMENT);
    client.write_all(b"too late").unwrap();
    let (outcome, judgement) = stage.told();
    assert_eq!(judgement.cause.unwrap().id, "data-after-close");
    let account = sender(&outcome);
    assert_eq!(account.closer.as_ref().unwrap().pid, std::process::id());
    let ago = outcome.time().since(account.socket.as_ref().unwrap().gone.unwrap());
    assert!(ago.nanos() > 50_000_000, "{ago}");
}

#[test]
#[ignore = "needs root and BPF"]
fn data_after_shutdown_is_one_reset_and_not_two() {
    let mut stage = stage();
    let (_listener, mut client, server) = pair();
    server.shutdown(Shutdown::Both).unwrap();
    std::thread::sleep(2 * MOMENT);
    client.write_all(b"too late").unwrap();
    let (outcome, judgement) = stage.told();
    // The program still holds the socket.
    assert_eq!(verdict(&judgement), ("shutdown-rdwr-data", Confidence::Certain));
    assert_eq!(outcome.sender(), outcome.connection().server());
    stage.is_silent();
}

#[test]
#[ignore = "needs root and BPF"]
fn a_closed_listener_resets_what_it_had_not_accepted() {
    let mut stage = stage();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let _client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    drop(listener);
    let (outcome, judgement) = stage.told();
    assert_eq!(verdict(&judgement), ("listener-close-pending", Confidence::Certain));
    assert_eq!(sender(&outcome).process.as_ref().unwrap().syscall.as_deref(), Some("close"));
    assert_eq!(receiver(&outcome).process.as_ref().unwrap().syscall, None);
}

#[test]
#[ignore = "needs root and BPF"]
fn a_killed_process_is_told_with_its_signal_and_its_command_line() {
    let mut stage = stage();
    let (mut server, address) = Python::start(&format!("{LISTEN}s, _ = l.accept(); s.recv(1); time.sleep(60)"));
    let mut client = TcpStream::connect(address).unwrap();
    client.write_all(&[1; 500]).unwrap();
    std::thread::sleep(2 * MOMENT);
    server.0.kill().unwrap();
    let (outcome, judgement) = stage.told();
    assert_eq!(verdict(&judgement), ("exit-unread", Confidence::Certain));
    let process = sender(&outcome).process.as_ref().unwrap();
    assert_eq!((process.pid, process.exit_signal), (server.0.id(), Some(9)));
    assert!(process.cmdline.as_ref().unwrap().contains("python3 -c"), "{process:?}");
    assert_eq!(sender(&outcome).socket.as_ref().unwrap().unread, 499);
}

#[test]
#[ignore = "needs root and BPF"]
fn who_kills_is_told_beside_who_is_killed() {
    let mut stage = stage();
    let (server, address) = Python::start(&format!("{LISTEN}s, _ = l.accept(); time.sleep(60)"));
    let mut client = TcpStream::connect(address).unwrap();
    client.write_all(b"unread").unwrap();
    std::thread::sleep(2 * MOMENT);
    let status = Command::new("sh").args(["-c", &format!("kill -TERM {}; exit", server.0.id())]).status();
    assert!(status.unwrap().success());
    let (outcome, judgement) = stage.told();
    assert_eq!(verdict(&judgement).0, "exit-unread");
    let account = sender(&outcome);
    let process = account.process.as_ref().unwrap();
    assert_eq!((process.pid, process.exit_signal), (server.0.id(), Some(15)));
    let killer = account.maker.as_ref().expect("sh sent the signal");
    assert_eq!(killer.comm, "sh");
    assert!(killer.cmdline.as_ref().unwrap().starts_with("sh -c kill -TERM"), "{killer:?}");
}

#[test]
#[ignore = "needs root and BPF"]
fn an_accepted_socket_that_nobody_read_from_is_its_listeners() {
    let mut stage = stage();
    let (server, address) = Python::start(&format!("{LISTEN}time.sleep(60)"));
    let client = TcpStream::connect(address).unwrap();
    std::thread::sleep(MOMENT);
    setsockopt(&client.as_fd(), sockopt::Linger, &nix::libc::linger { l_onoff: 1, l_linger: 0 }).unwrap();
    drop(client);
    let (outcome, judgement) = stage.told();
    assert_eq!(verdict(&judgement), ("linger-zero", Confidence::Certain));
    assert_eq!(receiver(&outcome).process.as_ref().unwrap().pid, server.0.id());
}

#[test]
#[ignore = "needs root and BPF"]
fn after_a_fork_the_child_that_reads_is_the_owner_also_when_it_is_gone() {
    let mut stage = stage();
    let (server, address) = Python::start(&format!(
        "{LISTEN}s, _ = l.accept()
pid = os.fork()
if pid == 0:
    s.recv(1); s.shutdown(socket.SHUT_RDWR); print(os.getpid(), flush=True); os._exit(0)
s.close(); os.waitpid(pid, 0); time.sleep(60)"
    ));
    let mut client = TcpStream::connect(address).unwrap();
    client.write_all(b"1").unwrap();
    std::thread::sleep(4 * MOMENT);
    client.write_all(b"too late").unwrap();
    let (outcome, judgement) = stage.told();
    assert_eq!(judgement.cause.unwrap().id, "data-after-close");
    let process = sender(&outcome).process.as_ref().unwrap();
    assert_ne!(process.pid, server.0.id(), "the parent never read");
    assert!(process.cmdline.as_ref().unwrap().contains("python3"), "{process:?}");
}

#[test]
#[ignore = "needs root and BPF"]
fn the_owner_of_a_socket_that_was_open_before_is_known() {
    let turn = own_network();
    let (server, address) = Python::start(&format!("{LISTEN}s, _ = l.accept(); time.sleep(60)"));
    let mut client = TcpStream::connect(address).unwrap();
    client.write_all(b"unread").unwrap();
    std::thread::sleep(MOMENT);
    let mut stage = started(turn);
    drop(server);
    let (outcome, judgement) = stage.told();
    assert_eq!(judgement.cause.unwrap().id, "exit-unread");
    assert_eq!(sender(&outcome).process.as_ref().unwrap().comm, "python3");
    assert_eq!(receiver(&outcome).process.as_ref().unwrap().pid, std::process::id());
}

#[test]
#[ignore = "needs root and BPF"]
fn who_destroys_a_socket_is_told_beside_who_owns_it() {
    let mut stage = stage();
    let (_listener, client, _server) = pair();
    let port = format!(":{}", client.local_addr().unwrap().port());
    let killed = Command::new("ss").args(["-K", "dst", "127.0.0.1", "dport", "=", &port]).output();
    assert!(killed.expect("ss is installed").status.success());
    let (outcome, judgement) = stage.told();
    assert_eq!(verdict(&judgement).0, "sock-destroy");
    let account = sender(&outcome);
    assert_eq!(account.process.as_ref().unwrap().pid, std::process::id());
    assert_eq!(account.maker.as_ref().unwrap().comm, "ss");
}

#[test]
#[ignore = "needs root and BPF"]
fn of_a_flood_that_nobody_reads_nothing_is_lost_from_the_counts() {
    const CONNECTS: u64 = 20_000;
    let mut stage = stage();
    let (mut told, mut folded) = (0, 0);
    for _ in 0..CONNECTS {
        TcpStream::connect("127.0.0.1:1").unwrap_err();
    }
    for item in stage.live.drain() {
        match item {
            LiveEvent::Reset(reset) if reset.event.account.netns == stage.netns => {
                assert!(!reset.unsent, "taken for a firewall's: {reset:#?}");
                told += 1;
            }
            LiveEvent::Folded(more) if more.like.event.account.netns == stage.netns => folded += more.count,
            LiveEvent::Reset(_) | LiveEvent::Folded(_) => {}
        }
    }
    assert_eq!(stage.live.lost(), 0);
    assert_eq!(stage.live.sent().get(&stage.netns), Some(&CONNECTS));
    assert_eq!(told + folded, CONNECTS);
    assert!(told < 100, "{told} were told one by one");
}

#[test]
#[ignore = "needs root and BPF"]
fn what_is_only_counted_is_read_behind_the_lock_too() {
    const CONNECTS: u64 = 20_000;
    let mut stage = stage();
    let (start, started) = std::sync::mpsc::channel();
    // A thread that is there before the lock, and so is not locked.
    let flood = std::thread::spawn(move || {
        started.recv().unwrap();
        for _ in 0..CONNECTS {
            TcpStream::connect("127.0.0.1:1").unwrap_err();
        }
    });
    give_back_privileges().unwrap();
    lock_down().unwrap();
    start.send(()).unwrap();
    flood.join().unwrap();
    let items = stage.live.drain().into_iter();
    let told = items.map(|item| match item {
        LiveEvent::Reset(reset) => u64::from(reset.event.account.netns == stage.netns),
        LiveEvent::Folded(more) if more.like.event.account.netns == stage.netns => more.count,
        LiveEvent::Folded(_) => 0,
    });
    assert_eq!(told.sum::<u64>(), CONNECTS);
    assert_eq!(stage.live.sent().get(&stage.netns), Some(&CONNECTS));
}

#[test]
#[ignore = "needs root and BPF"]
fn a_flood_is_folded_and_its_counts_add_up() {
    const CONNECTS: u64 = 500;
    let mut stage = stage();
    for _ in 0..CONNECTS {
        TcpStream::connect("127.0.0.1:1").unwrap_err();
    }
    let (mut told, mut folded) = (0, 0);
    for item in stage.live.drain() {
        match item {
            LiveEvent::Reset(reset) if reset.event.account.netns == stage.netns => told += 1,
            LiveEvent::Folded(more) if more.like.event.account.netns == stage.netns => folded += more.count,
            LiveEvent::Reset(_) | LiveEvent::Folded(_) => {}
        }
    }
    assert_eq!(told + folded, CONNECTS);
    assert!(told < 30, "{told} were told one by one");
}

#[test]
#[ignore = "needs root and BPF"]
fn without_its_privileges_it_still_tells_everything() {
    let mut stage = stage();
    let (mut server, address) =
        Python::start(&format!("{LISTEN}s, _ = l.accept(); s.recv(1); s.close(); time.sleep(60)"));
    let mut client = TcpStream::connect(address).unwrap();
    let before = stage.live.out_rsts();
    give_back_privileges().unwrap();
    let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:")).unwrap();
    assert_eq!(u64::from_str_radix(effective.trim(), 16).unwrap(), 0, "a thread of its own reads what takes more");
    client.write_all(b"two").unwrap();
    let (outcome, judgement) = stage.told();
    assert_eq!(verdict(&judgement), ("close-unread", Confidence::Certain));
    let process = sender(&outcome).process.as_ref().unwrap();
    assert!(process.cmdline.as_ref().unwrap().contains("-c import socket"), "{process:?}");
    // The server is in this namespace too, so that the kernel's own count can be asked for.
    let checks = stage.live.out_rsts().since(&before, &stage.live.sent());
    let own = checks.iter().find(|check| check.netns == stage.netns).expect("the server's namespace is compared");
    assert_eq!((own.seen, own.counted), (1, 1));
    server.0.kill().unwrap();
}
