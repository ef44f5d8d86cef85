//! The hosts, driven by many threads: a request waits for the engine, and other hosts' go on meanwhile.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Barrier};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};
use whyrst_telemetry::{Buffer, Host, Moment, Road};

use crate::front::{Front, Way};
use crate::streams::{Event, Plan, Template, Templates};

/// As many requests are on their way at once.
const THREADS: u32 = 1_000;
/// What the agent does where nothing else is said.
const WINDOW: Duration = Duration::from_secs(10);
const SAMPLE: u32 = 5;
/// Bytes that a folder may hold: never reached, and always reached.
const WIDE: u64 = 256 << 20;
const TIGHT: u64 = 16 << 10;
/// Simulated seconds after which everything must have been sent.
const REST: u32 = 180;

/// What became of one host.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) name: String,
    pub(crate) reported: u64,
    pub(crate) sampled: u64,
    pub(crate) dropped: u64,
    pub(crate) tight: bool,
}

struct Shared {
    /// Everybody waits here before and after a second.
    gate: Barrier,
    second: AtomicU32,
    quiet: AtomicBool,
    over: AtomicBool,
    reported: AtomicU64,
    waiting: AtomicU64,
}

pub(crate) struct Fleet {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<Vec<Account>>>,
}

/// The hosts of one thread.
struct Share {
    plan: Plan,
    hosts: Vec<(u32, Host)>,
    templates: Vec<Template>,
    begin: Moment,
    events: Vec<Event>,
}

impl Fleet {
    pub(crate) fn new(plan: &Plan, templates: &Templates, front: &Front, buffers: &Path) -> Result<Self> {
        let gate = Barrier::new(THREADS as usize + 1);
        let shared = Arc::new(Shared {
            gate,
            second: AtomicU32::new(0),
            quiet: AtomicBool::new(false),
            over: AtomicBool::new(false),
            reported: AtomicU64::new(0),
            waiting: AtomicU64::new(0),
        });
        let begin = Moment::at(Instant::now(), plan.from);
        let mut threads = Vec::new();
        for number in 0..THREADS {
            let own = (number..plan.hosts).step_by(THREADS as usize);
            let hosts = open(plan, own, front, buffers, begin)?;
            let (plan, templates, events) = (plan.clone(), templates.0.clone(), Vec::new());
            let share = Share { plan, hosts, templates, begin, events };
            let shared = Arc::clone(&shared);
            threads.push(std::thread::spawn(move || share.live(&shared)));
        }
        Ok(Self { shared, threads })
    }

    pub(crate) fn reported(&self) -> u64 {
        self.shared.reported.load(Relaxed)
    }

    /// Everything that happens in a second.
    pub(crate) fn pass_second(&mut self, second: u32) {
        self.shared.second.store(second, Relaxed);
        self.shared.waiting.store(0, Relaxed);
        self.shared.gate.wait();
        self.shared.gate.wait();
    }

    /// Lets time pass without resets until the last windows are closed and nothing waits; how long that was.
    pub(crate) fn come_to_rest(&mut self, from: u32) -> Result<u32> {
        self.shared.quiet.store(true, Relaxed);
        let at_least = u32::try_from(WINDOW.as_secs())? + 1;
        for passed in 0..REST {
            self.pass_second(from + passed);
            if passed > at_least && self.shared.waiting.load(Relaxed) == 0 {
                return Ok(passed);
            }
        }
        bail!("{} octets still wait after {REST} s", self.shared.waiting.load(Relaxed))
    }

    pub(crate) fn finish(self) -> Vec<Account> {
        self.shared.over.store(true, Relaxed);
        self.shared.gate.wait();
        let accounts = self.threads.into_iter().map(|thread| thread.join().map_err(|_| anyhow!("a thread panicked")));
        accounts.filter_map(Result::ok).flatten().collect()
    }
}

fn open(
    plan: &Plan,
    own: impl Iterator<Item = u32>,
    front: &Front,
    buffers: &Path,
    begin: Moment,
) -> Result<Vec<(u32, Host)>> {
    let agent = whyrst_telemetry::Fleet { every: WINDOW, sample: SAMPLE };
    let road = |way| Road::new(front.place(way), "whyrst".to_owned(), agent);
    let (steady, cut, flapping) = (road(Way::Steady), road(Way::Cut), road(Way::Flapping));
    let mut hosts = Vec::new();
    for host in own {
        let road = match Plan::way(host) {
            Way::Steady => &steady,
            Way::Cut => &cut,
            Way::Flapping => &flapping,
        };
        let name = name(host);
        let buffer = Plan::has_folder(host)
            .then(|| Buffer { folder: buffers.join(&name), most: if Plan::is_tight(host) { TIGHT } else { WIDE } });
        // Agents were not all started in the same second.
        let since = begin.after(Duration::from_millis(u64::from(host.wrapping_mul(7_919) % 10_000)));
        let address = [Plan::address(host)];
        let opened = road.host(&name, &address, buffer.as_ref(), since);
        hosts.push((host, opened.with_context(|| format!("of {} hosts, {name}", plan.hosts))?));
    }
    Ok(hosts)
}

pub(crate) fn name(host: u32) -> String {
    format!("node{host:05}")
}

impl Share {
    fn live(mut self, shared: &Shared) -> Vec<Account> {
        loop {
            shared.gate.wait();
            if shared.over.load(Relaxed) {
                return self.hosts.iter().map(|(number, host)| account(*number, host)).collect();
            }
            let before: u64 = self.hosts.iter().map(|(_, host)| host.reported()).sum();
            self.pass(shared.second.load(Relaxed), shared.quiet.load(Relaxed));
            let after: u64 = self.hosts.iter().map(|(_, host)| host.reported()).sum();
            shared.reported.fetch_add(after - before, Relaxed);
            shared.waiting.fetch_add(self.hosts.iter().map(|(_, host)| host.waiting()).sum(), Relaxed);
            shared.gate.wait();
        }
    }

    fn pass(&mut self, second: u32, quiet: bool) {
        let Self { plan, hosts, templates, begin, events } = self;
        // Twenty seconds on: a host's clock began within the first ten.
        let now = begin.after(Duration::from_secs(u64::from(second) + 20));
        let nanos = plan.nanos(second + 19);
        for (number, host) in hosts {
            if !quiet {
                plan.events_of(*number, second, events);
                events.extend(plan.event_at_one_end(*number, second));
                for event in events.iter() {
                    if let Some(record) = event.record_at(*number, nanos, templates) {
                        host.report(record, now);
                    }
                }
            }
            host.turn(now);
        }
    }
}

fn account(number: u32, host: &Host) -> Account {
    Account {
        name: name(number),
        reported: host.reported(),
        sampled: host.sampled(),
        dropped: host.dropped(),
        tight: Plan::is_tight(number),
    }
}
