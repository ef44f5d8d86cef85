//! Loads the object into the running kernel and hands out its events.
//!
//! Every program is loaded by itself: what this kernel cannot do is named with what it costs, and
//! the rest still runs. The programs live as long as the [`Probe`]: the kernel takes them out when
//! the process ends, however it ends.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use aya::maps::{Array, HashMap, MapData, PerCpuArray, RingBuf};
use aya::programs::{BtfTracePoint, Iter, ProgramError};
use aya::{Btf, Ebpf, EbpfError, EbpfLoader, include_bytes_aligned};
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::time::TimeSpec;
use nix::time::{ClockId, clock_getres, clock_gettime};

use whyrst_core::socket::Listening;
use zerocopy::transmute;

use crate::aggregate::Aggregate;
use crate::btf::Names;
use crate::error::ProbeError;
use crate::event::{Event, Tracepoint, Tuple, known, until_zero};
use crate::kernel_filter::KernelFilter;
use crate::layout::{ARGS, EXITING, OOM_KILLED, RawAggregate, RawClosedSocket, RawListener, RawProcess, RawTuple, Who};
use crate::symbols::Symbols;

#[cfg(not(feature = "build-bpf"))]
static OBJECT: &[u8] = include_bytes_aligned!("../bpf/probe.o");
#[cfg(feature = "build-bpf")]
static OBJECT: &[u8] = include_bytes_aligned!(concat!(env!("OUT_DIR"), "/probe.o"));

/// Something that this kernel cannot report, and what that costs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Missing {
    /// What is missing.
    pub what: &'static str,
    /// What cannot be said without it.
    pub costs: &'static str,
    /// What the kernel said.
    pub because: String,
}

type Counts = HashMap<MapData, [u8; size_of::<RawAggregate>()], u64>;

/// The running probe.
pub(crate) struct Probe {
    /// Holds the programs.
    _object: Ebpf,
    ring: RingBuf<MapData>,
    /// By tracepoint, as the next.
    lost: PerCpuArray<MapData, u64>,
    uncounted: PerCpuArray<MapData, u64>,
    processes: HashMap<MapData, [u8; size_of::<Who>()], [u8; size_of::<RawProcess>()]>,
    aggregates: Counts,
    crowds: Counts,
    listeners: HashMap<MapData, [u8; size_of::<RawTuple>()], [u8; size_of::<RawListener>()]>,
    closed_sockets: Array<MapData, [u8; size_of::<RawClosedSocket>()]>,
    /// Network namespace and tracepoint.
    filtered_out: HashMap<MapData, [u32; 2], u64>,
    pub(crate) names: Names,
    pub(crate) symbols: Symbols,
    /// Of a second, by the kernel's clock.
    pub(crate) ticks: u32,
    missing: Vec<Missing>,
    /// Also those without a socket.
    all_sent: bool,
    /// Records that this version cannot read.
    strange: u64,
}

/// Its map forgets the oldest then; it has room for 1024, which are not all used.
const MOST_LISTENERS: usize = 900;

/// A process as it was when it last had to do with a socket.
#[derive(Clone, Debug)]
pub(crate) struct Remembered {
    pub(crate) comm: String,
    /// `None` when only `/proc` knows.
    pub(crate) uid: Option<u32>,
    /// Number of its cgroup, 0 when not known.
    pub(crate) cgroup: u64,
    pub(crate) cmdline: Option<String>,
}

/// Somebody who listens no more.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EndedListener {
    /// When, by `CLOCK_MONOTONIC`.
    pub(crate) at: u64,
    pub(crate) owner: Who,
    pub(crate) closer: Option<Who>,
    /// Who sent the signal; nobody where it is 0.
    pub(crate) killer: Who,
    pub(crate) exits: bool,
    pub(crate) signal: Option<u8>,
    pub(crate) oom_killed: bool,
}

impl EndedListener {
    fn of(raw: &RawListener) -> Self {
        let exits = raw.ending & EXITING != 0;
        let signal = u8::try_from(raw.exit_code & 0x7f).ok().filter(|signal| exits && *signal != 0);
        Self {
            at: raw.ended,
            owner: raw.owner,
            closer: Some(raw.closer).filter(|who| who.pid != 0),
            killer: raw.killer,
            exits,
            signal,
            oom_killed: raw.ending & OOM_KILLED != 0,
        }
    }
}

impl Probe {
    /// Loads whatever the running kernel can do.
    pub(crate) fn start(filter: &KernelFilter) -> Result<Self, ProbeError> {
        let filter = filter.constants();
        // A hundred thousand lines, while the kernel looks at the programs.
        let symbols = std::thread::spawn(Symbols::of_running_kernel);
        let names = Names::of_running_kernel()?;
        let btf = Btf::from_sys_fs().map_err(|error| ProbeError::NoBtf { cause: error.to_string() })?;
        let ticks = ticks_per_second();
        let mut object = EbpfLoader::new()
            .btf(Some(&btf))
            .override_global("HZ", &ticks, true)
            .override_global("LOADED", &monotonic(), true)
            .override_global("PORT_COUNT", &filter.port_count, true)
            .override_global("PORTS", &filter.ports, true)
            .override_global("NOT_PORT_COUNT", &filter.not_port_count, true)
            .override_global("NOT_PORTS", &filter.not_ports, true)
            .override_global("NAMESPACE_COUNT", &filter.namespace_count, true)
            .override_global("NAMESPACES", &filter.namespaces, true)
            .override_global("NETWORK_COUNT", &filter.network_count, true)
            .override_global("NETWORKS", &filter.networks, true)
            .override_global("MASKS", &filter.masks, true)
            .load(OBJECT)
            .map_err(|error| refused(&error))?;
        let mut missing = Vec::new();
        let all_sent = load_all(&mut object, &btf, &mut missing)?;
        // A panic in there has been printed; addresses are not named then.
        let symbols = symbols.join().unwrap_or_default();
        if symbols.is_empty() {
            missing.push(Missing {
                what: "names of kernel functions (/proc/kallsyms)",
                costs: "resets whose reason alone is ambiguous (TCP_STATE, INVALID_SYN) stay so",
                because: "kernel.kptr_restrict hides them from this user".into(),
            });
        }
        Ok(Self {
            ring: map(&mut object, "events")?,
            lost: map(&mut object, "lost")?,
            uncounted: map(&mut object, "uncounted")?,
            processes: map(&mut object, "processes")?,
            aggregates: map(&mut object, "aggregates")?,
            crowds: map(&mut object, "crowds")?,
            listeners: map(&mut object, "listeners")?,
            closed_sockets: map(&mut object, "closed_sockets")?,
            filtered_out: map(&mut object, "filtered_out")?,
            ticks,
            _object: object,
            names,
            symbols,
            missing,
            all_sent,
            strange: 0,
        })
    }

    /// What this kernel cannot report.
    pub(crate) fn missing(&self) -> &[Missing] {
        &self.missing
    }

    /// Events that did not fit into the ring buffer, and records that could not be read. They are counted all the same.
    pub(crate) fn lost(&self) -> u64 {
        sum(&self.lost, Tracepoint::Sent) + sum(&self.lost, Tracepoint::Received) + self.strange
    }

    /// Events of which only the number is known, not even the network namespace.
    pub(crate) fn uncounted(&self, tracepoint: Tracepoint) -> u64 {
        sum(&self.uncounted, tracepoint)
    }

    /// Whether this kernel reports every reset that this host sends.
    pub(crate) const fn reports_all_resets(&self) -> bool {
        self.all_sent
    }

    /// Waits for events or for what else there is to read, at most so long.
    pub(crate) fn wait<'a>(
        &self,
        patience: Duration,
        others: impl Iterator<Item = BorrowedFd<'a>>,
    ) -> Result<(), ProbeError> {
        let mut fds = vec![PollFd::new(self.ring.as_fd(), PollFlags::POLLIN)];
        fds.extend(others.map(|fd| PollFd::new(fd, PollFlags::POLLIN)));
        match ppoll(&mut fds, Some(TimeSpec::from_duration(patience)), None) {
            Ok(_) | Err(nix::Error::EINTR) => Ok(()),
            Err(errno) => Err(ProbeError::Wait { cause: errno.into() }),
        }
    }

    /// The next event that is there.
    pub(crate) fn next(&mut self) -> Option<Event> {
        loop {
            match self.ring.next().map(|record| Event::parse(&record)) {
                Some(Some(event)) => return Some(event),
                Some(None) => self.strange += 1,
                None => return None,
            }
        }
    }

    /// What is remembered of a process.
    pub(crate) fn process(&self, who: Who) -> Option<Remembered> {
        Some(remembered(&transmute!(self.processes.get(&transmute!(who), 0).ok()?)))
    }

    /// Every process that is remembered.
    pub(crate) fn processes(&self) -> Vec<(Who, Remembered)> {
        let all = self.processes.iter().filter_map(Result::ok);
        all.map(|(key, process)| (transmute!(key), remembered(&transmute!(process)))).collect()
    }

    /// Events that were filtered out, by network namespace and tracepoint.
    pub(crate) fn filtered_out(&self) -> Vec<(u32, Tracepoint, u64)> {
        let tracepoint = |number| if number == 1 { Tracepoint::Sent } else { Tracepoint::Received };
        let all = self.filtered_out.iter().filter_map(Result::ok);
        all.map(|([netns, number], count)| (netns, tracepoint(number), count)).collect()
    }

    /// Who listened at the local port of `tuple` at that time, but at another address.
    pub(crate) fn listening(&self, tuple: &Tuple, time: u64) -> Listening {
        let (mut known, mut at) = (0, Listening::Nowhere);
        for listener in &self.listeners {
            // A table that cannot be read to its end proves no absence.
            let Ok((key, listener)) = listener else { return Listening::Unknown };
            known += 1;
            let key: RawTuple = transmute!(key);
            let other = Tuple::from(key);
            if (other.netns, other.local.port) != (tuple.netns, tuple.local.port)
                || !listened(&transmute!(listener), time)
            {
                continue;
            }
            // At all addresses, or at this one, and yet not found: it is bound to a device, or began just then.
            let ip = other.local.ip;
            let all = ip.is_unspecified() && ip.is_ipv4() == tuple.local.ip.is_ipv4();
            if all || ip == tuple.local.ip {
                return Listening::Unknown;
            }
            at = Listening::At(other.local);
        }
        // Some may have been destroyed.
        if known >= MOST_LISTENERS && at == Listening::Nowhere { Listening::Unknown } else { at }
    }

    /// The ends of connections whose socket, opened in this cgroup, is gone, and which the other end had not closed.
    pub(crate) fn left_by(&self, cgroup: u64) -> Vec<Tuple> {
        let all =
            self.closed_sockets.iter().filter_map(Result::ok).map(|bytes| -> RawClosedSocket { transmute!(bytes) });
        let left = all.filter(|one| one.number != 0 && one.number % 2 == 0 && one.facts.cgroup == cgroup);
        left.map(|one| Tuple::from(one.tuple)).collect()
    }

    /// Who listened at the local end of `tuple` and had ended that by `time`, the last one.
    pub(crate) fn listened(&self, tuple: &Tuple, time: u64) -> Option<EndedListener> {
        let any = [IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V6(Ipv6Addr::UNSPECIFIED)];
        let at = std::iter::once(tuple.local.ip).chain(any).map(|ip| RawTuple {
            local: mapped(ip),
            remote: [0; 16],
            local_port: tuple.local.port,
            remote_port: 0,
            netns: tuple.netns,
        });
        let found = at.filter_map(|key| Some(transmute!(self.listeners.get(&transmute!(key), 0).ok()?)));
        let ended = found.filter(|one: &RawListener| one.ended != 0 && one.ended <= time);
        ended.max_by_key(|one| one.ended).map(|one| EndedListener::of(&one))
    }

    /// What the kernel side only counted, up to `window` and without it.
    pub(crate) fn counted(&mut self, window: u64) -> Vec<(Aggregate, u64)> {
        [&mut self.aggregates, &mut self.crowds].into_iter().flat_map(|counts| taken(counts, window)).collect()
    }
}

/// Takes what was counted before `window`: nobody adds to that any more.
fn taken(counts: &mut Counts, window: u64) -> Vec<(Aggregate, u64)> {
    let keys: Vec<_> = counts.keys().filter_map(Result::ok).collect();
    let mut taken = Vec::new();
    for (key, aggregate) in keys.into_iter().filter_map(|key| Some((key, Aggregate::of(transmute!(key))?))) {
        if aggregate.window < window
            && let Ok(count) = counts.get(&key, 0)
            && counts.remove(&key).is_ok()
            && count > 0
        {
            taken.push((aggregate, count));
        }
    }
    taken
}

/// Of all processors.
fn sum(counts: &PerCpuArray<MapData, u64>, tracepoint: Tracepoint) -> u64 {
    counts.get(&tracepoint.number(), 0).map_or(0, |counts| counts.iter().sum())
}

/// As the kernel side has addresses.
const fn mapped(ip: IpAddr) -> [u8; 16] {
    match ip {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
        IpAddr::V6(v6) => v6.octets(),
    }
}

/// Whether it listened at that time.
const fn listened(listener: &RawListener, time: u64) -> bool {
    listener.began <= time && (listener.ended == 0 || time < listener.ended)
}

/// Stands at the end of a command line that is longer than what is kept of it.
pub(crate) const CUT: &str = " [cut]";

fn remembered(process: &RawProcess) -> Remembered {
    let len = process.len as usize;
    let text = &process.text[..len.min(ARGS)];
    let cut = if len == ARGS { CUT } else { "" };
    Remembered {
        comm: until_zero(&process.comm),
        uid: known(process.uid),
        cgroup: process.cgroup,
        cmdline: (len > 0).then(|| spaced(text) + cut),
    }
}

/// Arguments with spaces between them instead of zeros.
pub(crate) fn spaced(args: &[u8]) -> String {
    let end = args.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let words = args[..end].split(|byte| *byte == 0).map(String::from_utf8_lossy);
    words.collect::<Vec<_>>().join(" ")
}

/// Whether the kernel reports every reset that it sends.
fn load_all(object: &mut Ebpf, btf: &Btf, missing: &mut Vec<Missing>) -> Result<bool, ProbeError> {
    // The recorder first, so that no reset comes without its connection's life.
    for (program, event, what, costs) in [
        (
            "set_state",
            "inet_sock_set_state",
            "the history of a socket",
            "which state it was in, who closed it and who opened it",
        ),
        (
            "rcv_space_adjust",
            "tcp_rcv_space_adjust",
            "who reads a socket",
            "the owner of accepted sockets may be the listener's",
        ),
        (
            "error_report",
            "inet_sk_error_report",
            "errors that programs get",
            "which error a connection had before its reset",
        ),
        ("retransmit", "tcp_retransmit_skb", "segments sent again", "when a segment was last sent again"),
        ("signal_generate", "signal_generate", "signals", "who killed a process whose sockets were reset"),
        (
            "mark_victim",
            "mark_victim",
            "which process is ended because memory ran out (before Linux 6.8 the event does not say)",
            "such an end looks like any other by signal 9",
        ),
        ("receive_reset", "tcp_receive_reset", "resets received", "resets that others send to this host"),
    ] {
        if let Err(error) = trace(object, program, event, btf) {
            missing.push(Missing { what, costs, because: because(&error) });
        }
    }
    if let Err(error) = adopt(object, btf) {
        missing.push(Missing {
            what: "the owners of sockets that were open before",
            costs: "their process is not named until they read",
            because: because(error.as_ref()),
        });
    }
    let with_reason = trace(object, "send_reset", "tcp_send_reset", btf);
    let Err(first) = with_reason else { return Ok(true) };
    match trace(object, "send_reset_without_reason", "tcp_send_reset", btf) {
        Ok(()) => {
            missing.push(Missing {
                what: "the kernel's reason for a reset",
                costs: "the cause is concluded from the call stack and the socket; \
                        resets sent without a socket are not reported",
                because: because(&first),
            });
            Ok(false)
        }
        Err(second) => Err(refused_program(&second)),
    }
}

fn trace(object: &mut Ebpf, program: &str, event: &str, btf: &Btf) -> Result<(), ProgramError> {
    let program = object.program_mut(program).expect("invariant: the object has this program");
    let program: &mut BtfTracePoint = program.try_into()?;
    program.load(event, btf)?;
    program.attach().map(drop)
}

/// Runs once over all open files.
fn adopt(object: &mut Ebpf, btf: &Btf) -> Result<(), Box<dyn std::error::Error>> {
    let program = object.program_mut("adopt").expect("invariant: the object has this program");
    let program: &mut Iter = program.try_into()?;
    program.load("task_file", btf)?;
    let link = program.attach()?;
    let mut output = program.take_link(link)?.into_file()?;
    io::copy(&mut output, &mut io::sink())?;
    Ok(())
}

fn map<T>(object: &mut Ebpf, name: &str) -> Result<T, ProbeError>
where
    T: TryFrom<aya::maps::Map, Error = aya::maps::MapError>,
{
    let map = object.take_map(name).expect("invariant: the object has this map");
    T::try_from(map).map_err(|error| ProbeError::Load { kernel: release(), cause: error.to_string() })
}

/// Kernel ticks: the resolution of the coarse clocks is one of them.
fn ticks_per_second() -> u32 {
    const USUAL: u32 = 250;
    let tick = clock_getres(ClockId::CLOCK_MONOTONIC_COARSE).map_or(0, |tick| tick.tv_nsec());
    u32::try_from(1_000_000_000_i64.checked_div(tick).unwrap_or(USUAL.into())).unwrap_or(USUAL)
}

/// `CLOCK_MONOTONIC`, in nanoseconds.
pub(crate) fn monotonic() -> u64 {
    clock_gettime(ClockId::CLOCK_MONOTONIC)
        .map_or(0, |time| time.tv_sec().unsigned_abs() * 1_000_000_000 + time.tv_nsec().unsigned_abs())
}

fn refused(error: &EbpfError) -> ProbeError {
    if is_permission(error) {
        ProbeError::Permission
    } else {
        ProbeError::Load { kernel: release(), cause: because(error) }
    }
}

fn refused_program(error: &ProgramError) -> ProbeError {
    if is_permission(error) {
        ProbeError::Permission
    } else {
        ProbeError::Load { kernel: release(), cause: because(error) }
    }
}

fn is_permission(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        // Not EACCES: that is the verifier's word for a program that does what it may not.
        let denied = error.downcast_ref::<io::Error>().is_some_and(|error| error.raw_os_error() == Some(libc::EPERM));
        if denied {
            return true;
        }
        next = error.source();
    }
    false
}

/// The first line of all that was said, and the verifier's last word: it is talkative, and says why at the end.
fn because(error: &(dyn std::error::Error + 'static)) -> String {
    let mut words = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let text = error.to_string();
        let mut lines = text.lines();
        words.push(lines.next().unwrap_or_default().to_owned());
        let said = |line: &&str| !line.trim().is_empty() && !line.starts_with("processed ");
        words.extend(lines.rfind(said).map(|line| line.trim().to_owned()));
        next = error.source();
    }
    words.dedup();
    words.join(": ")
}

fn release() -> String {
    nix::sys::utsname::uname().map_or_else(|_| "?".into(), |name| name.release().to_string_lossy().into_owned())
}
