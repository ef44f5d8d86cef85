//! Floods of resets that are all unlike: random ports, addresses and owners. What is kept stays bounded, what is not
//! reported is counted, and what was lost is said. Minutes of it: `cargo xtask siege`.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::MetadataExt;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::sched::{CloneFlags, unshare};
use whyrst_probe::{Live, LiveEvent, Packets, Warning};

use crate::{MOMENT, Stage, stage};

/// Connects to random closed ports of random loopback addresses until it is ended.
struct Flood {
    ended: Arc<AtomicBool>,
    threads: Vec<JoinHandle<u64>>,
}

impl Flood {
    fn begin(threads: u64) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let thread = |seed: u64| {
            let ended = Arc::clone(&ended);
            std::thread::spawn(move || connect(seed, &ended))
        };
        Self { threads: (1..=threads).map(thread).collect(), ended }
    }

    /// How many connects were refused.
    fn end(self) -> u64 {
        self.ended.store(true, Ordering::Relaxed);
        self.threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    }
}

fn connect(seed: u64, ended: &AtomicBool) -> u64 {
    let (mut random, mut refused) = (seed << 32 | 1, 0);
    while !ended.load(Ordering::Relaxed) {
        // xorshift
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let bits = random.to_be_bytes();
        let port = u16::from_be_bytes([bits[3], bits[4]]) | 1;
        let to = SocketAddr::from(([127, bits[0], bits[1], bits[2] | 1], port));
        refused += u64::from(TcpStream::connect(to).is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused));
    }
    refused
}

/// KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().split(' ').next().unwrap().parse().unwrap()
}

fn out_rsts() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/net/snmp").unwrap();
    let mut lines = text.lines().filter_map(|line| line.strip_prefix("Tcp: "));
    let at = lines.next().unwrap().split(' ').position(|name| name == "OutRsts").unwrap();
    lines.next().unwrap().split(' ').nth(at).unwrap().parse().unwrap()
}

/// Resets of this namespace: by the second in which they were handed out, and folded ones.
#[derive(Default)]
struct Heard {
    singly: BTreeMap<u64, u64>,
    folded: u64,
}

impl Heard {
    fn take(&mut self, stage: &Stage, item: &LiveEvent, second: u64) {
        match item {
            LiveEvent::Reset(reset) if reset.event.account.netns == stage.netns => {
                assert!(!reset.unsent, "taken for a firewall's: {reset:#?}");
                *self.singly.entry(second).or_default() += 1;
            }
            LiveEvent::Folded(more) if more.like.event.account.netns == stage.netns => {
                assert!((0..60_000_000_000).contains(&more.within.nanos()), "it has no beginning: {}", more.within);
                self.folded += more.count;
            }
            LiveEvent::Reset(_) | LiveEvent::Folded(_) => {}
        }
    }
}

#[test]
#[ignore = "needs root and BPF"]
fn of_unlike_resets_so_many_are_reported_in_a_second_and_all_are_counted() {
    const SECONDS: u64 = 5;
    let mut stage = stage();
    let before = resident();
    let flood = Flood::begin(2);
    let (began, mut heard) = (Instant::now(), Heard::default());
    while began.elapsed() < Duration::from_secs(SECONDS) {
        if let Some(item) = stage.live.next(MOMENT).unwrap() {
            heard.take(&stage, &item, began.elapsed().as_secs());
        }
    }
    let seconds_with_lines = heard.singly.len();
    // While it goes on, nothing keeps the end.
    let asked = Instant::now();
    let items = stage.live.drain();
    assert!(asked.elapsed() < Duration::from_secs(1), "the end took {:?}", asked.elapsed());
    let grown = resident().saturating_sub(before);
    let refused = flood.end();
    for item in items.into_iter().chain(stage.live.drain()) {
        heard.take(&stage, &item, SECONDS);
    }
    assert!(refused > 10_000, "only {refused} connects: no flood");
    assert_eq!(stage.live.sent().get(&stage.netns), Some(&refused), "none is lost from the counts");
    assert_eq!(out_rsts(), refused);
    let most = heard.singly.values().max().unwrap();
    assert!(*most <= 2 * 256, "{most} were reported one by one in a second");
    assert!(seconds_with_lines >= 4, "it reports while it goes on: {:?}", heard.singly);
    let reported = heard.singly.values().sum::<u64>() + heard.folded;
    assert!(reported <= refused && reported + stage.live.only_counted() >= refused, "{reported} of {refused}");
    assert!(grown < 24 << 10, "{grown} KiB more are resident");
}

/// A namespace of its own in which few connects are refused, all unlike, until it is ended; how many and where.
fn calm(ended: &Arc<AtomicBool>) -> JoinHandle<(u32, u64)> {
    let ended = Arc::clone(ended);
    std::thread::spawn(move || {
        unshare(CloneFlags::CLONE_NEWNET).unwrap();
        assert!(Command::new("ip").args(["link", "set", "lo", "up"]).status().unwrap().success());
        let netns = std::fs::metadata("/proc/thread-self/ns/net").unwrap().ino();
        let mut refused = 0;
        while !ended.load(Ordering::Relaxed) {
            let port = 2 * u16::try_from(refused).unwrap() + 101;
            refused += u64::from(TcpStream::connect(("127.0.0.1", port)).is_err());
            std::thread::sleep(Duration::from_millis(300));
        }
        (u32::try_from(netns).unwrap(), refused)
    })
}

#[test]
#[ignore = "needs root and BPF"]
fn a_flood_in_one_namespace_hides_no_reset_of_another() {
    let mut stage = stage();
    let ended = Arc::new(AtomicBool::new(false));
    let flood = Flood::begin(2);
    std::thread::sleep(Duration::from_millis(500));
    let others: Vec<_> = (0..3).map(|_| calm(&ended)).collect();
    let (began, mut singly) = (Instant::now(), BTreeMap::<u32, u64>::new());
    let mut take = |item: &LiveEvent| {
        if let LiveEvent::Reset(reset) = item {
            *singly.entry(reset.event.account.netns).or_default() += 1;
        }
    };
    while began.elapsed() < Duration::from_secs(4) {
        if let Some(item) = stage.live.next(MOMENT).unwrap() {
            take(&item);
        }
    }
    ended.store(true, Ordering::Relaxed);
    let refused = flood.end();
    let others: Vec<(u32, u64)> = others.into_iter().map(|thread| thread.join().unwrap()).collect();
    stage.live.drain().iter().for_each(&mut take);
    let sent = stage.live.sent();
    assert_eq!(sent.get(&stage.netns), Some(&refused), "none is lost from the counts");
    for (netns, refused) in others {
        assert!(refused >= 5, "{refused} in {netns}: nothing happened there");
        assert_eq!(sent.get(&netns), Some(&refused), "none of {netns} is lost from the counts");
        assert_eq!(singly.get(&netns), Some(&refused), "each of {netns} is reported beside {refused} of a flood");
    }
}

#[test]
#[ignore = "needs root and BPF"]
fn what_did_not_fit_into_the_ring_is_counted_where_it_was_sent_and_said_at_once() {
    let mut stage = stage();
    let flood = Flood::begin(2);
    // Nobody reads: the ring has room for some 12 000 events, and a second brings at most 6 000 of two processors.
    let began = Instant::now();
    while stage.live.lost() == 0 && began.elapsed() < Duration::from_secs(9) {
        std::thread::sleep(MOMENT);
    }
    let refused = flood.end();
    let lost = stage.live.lost();
    assert!(lost > 0, "the ring was never full");
    assert_eq!(stage.live.warnings(), [Warning::Lost(lost)]);
    assert_eq!(stage.live.warnings(), [], "once a second");
    assert!(!stage.live.sees_all_resets(), "silence means nothing after it");
    let mut heard = Heard::default();
    for item in stage.live.drain() {
        heard.take(&stage, &item, 0);
    }
    assert_eq!(stage.live.sent().get(&stage.netns), Some(&refused));
    assert!(stage.live.received() >= refused);
    // Nor for ever: a while later it does again.
    std::thread::sleep(Duration::from_millis(2_500));
    assert!(stage.live.sees_all_resets());
}

/// Named network namespaces, which go with the value.
struct Named(usize);

impl Named {
    fn make(count: usize) -> Self {
        let named = Self(count);
        named.batch("del");
        named.batch("add");
        named
    }

    fn batch(&self, what: &str) {
        let lines: Vec<String> = (0..self.0).map(|number| format!("netns {what} whyrst-many-{number}")).collect();
        let file = std::env::temp_dir().join(format!("whyrst-many-{}", std::process::id()));
        std::fs::write(&file, lines.join("\n")).unwrap();
        let _ = Command::new("ip").args(["-force", "-batch"]).arg(&file).stderr(Stdio::null()).status();
        std::fs::remove_file(&file).unwrap();
    }
}

impl Drop for Named {
    fn drop(&mut self) {
        self.batch("del");
    }
}

#[test]
#[ignore = "needs root and BPF"]
fn many_namespaces_are_entered_and_left_within_a_moment() {
    const COUNT: usize = 400;
    let _named = Named::make(COUNT);
    let asked = Instant::now();
    let packets = Packets::open().unwrap();
    let opened = asked.elapsed();
    assert!(packets.not_entered().is_empty(), "{:?}", packets.not_entered());
    let sockets = std::fs::read_dir("/proc/self/fd").unwrap().count();
    let asked = Instant::now();
    drop(packets);
    let closed = asked.elapsed();
    assert!(sockets > COUNT, "{sockets} files are open");
    // One after the other it were 10 ms each for listing firewalls, and as much to close.
    assert!(opened < Duration::from_secs(2), "opening took {opened:?}");
    assert!(closed < Duration::from_secs(2), "closing took {closed:?}");
}

/// Packets of namespaces come through one descriptor, whichever it was.
#[test]
#[ignore = "needs root and BPF"]
fn packets_of_a_namespace_among_many_are_seen() {
    let _named = Named::make(20);
    let mut packets = Packets::open().unwrap();
    let up = Command::new("ip").args(["-n", "whyrst-many-7", "link", "set", "lo", "up"]).status().unwrap();
    assert!(up.success());
    let connect = "import socket\ntry: socket.create_connection(('127.0.0.1', 9))\nexcept ConnectionRefusedError: pass";
    let asked = Command::new("ip").args(["netns", "exec", "whyrst-many-7", "python3", "-c", connect]).status().unwrap();
    assert!(asked.success());
    let netns = std::os::unix::fs::MetadataExt::ino(&std::fs::metadata("/run/netns/whyrst-many-7").unwrap());
    let mut seen = 0;
    packets.drain(|packet| seen += u64::from(u64::from(packet.netns) == netns));
    assert_eq!(seen, 2, "a SYN and a RST");
}

/// A probe beside it changes nothing.
#[test]
#[ignore = "needs root and BPF"]
fn the_end_does_not_wait_for_an_empty_ring() {
    let _stage = stage();
    let flood = Flood::begin(2);
    std::thread::sleep(Duration::from_millis(500));
    let mut live = Live::start().unwrap();
    std::thread::sleep(Duration::from_secs(1));
    let asked = Instant::now();
    live.drain();
    let took = asked.elapsed();
    assert!(flood.end() > 1_000);
    assert!(took < Duration::from_secs(1), "it took {took:?}");
}
