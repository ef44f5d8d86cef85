//! The wire: one thread that carries packets between the hosts, each after its delay, and treats the
//! packets that the scenario names in the way it says. A router in the middle makes two wires of it;
//! the rules hold where a host's own packets enter it.
//!
//! It keeps its promises to about a third of a millisecond: timers are taken in nanoseconds
//! (`ppoll`) and without the slack that the kernel otherwise grants itself.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::ErrorKind;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::eventfd::EventFd;
use nix::sys::prctl;
use nix::sys::time::TimeSpec;
use whyrst_core::time::Span;

use self::rules::Rulebook;
use crate::error::{LabError, Tried};
use crate::plug::Plug;
use crate::scenario::{self, Host};

pub(crate) mod rules;

const LONGEST_PACKET: usize = 65_535;

/// Bounds what a scenario gone wild can make the wire remember.
const MOST_IN_FLIGHT: usize = 100_000;

/// The running wire. Dropping it stops the thread.
#[derive(Debug)]
pub(crate) struct Wire {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    stop: AtomicBool,
    /// The standby has taken the server's address over.
    moved: AtomicBool,
    wake: EventFd,
    in_flight: AtomicU64,
    carried: AtomicU64,
    refused: AtomicU64,
    latest_micros: AtomicU64,
}

impl Wire {
    /// Starts carrying packets between the plugs.
    pub(crate) fn start(plugs: Vec<(Place, Plug)>, wire: scenario::Wire) -> Result<Self, LabError> {
        let routed = plugs.iter().any(|(place, _)| *place == Place::RouterNear);
        let shared = Arc::new(Shared {
            stop: AtomicBool::new(false),
            moved: AtomicBool::new(false),
            wake: EventFd::new().tried(|| "make an eventfd for the wire".into())?,
            in_flight: AtomicU64::new(0),
            carried: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            latest_micros: AtomicU64::new(0),
        });
        let carrier = Carrier {
            plugs,
            routed,
            rulebook: Rulebook::new(wire, if routed { 2 } else { 1 }),
            queue: BinaryHeap::new(),
            taken: 0,
            buffer: vec![0; LONGEST_PACKET],
            shared: shared.clone(),
        };
        let thread = std::thread::Builder::new()
            .name("wire".into())
            .spawn(move || carrier.run())
            .tried(|| "start the wire's thread".into())?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// From now on what is for the server's address goes to the standby.
    pub(crate) fn move_address(&self) {
        self.shared.moved.store(true, Ordering::Release);
    }

    /// Packets on their way, and packets delivered so far.
    pub(crate) fn traffic(&self) -> (u64, u64) {
        (self.shared.in_flight.load(Ordering::Acquire), self.shared.carried.load(Ordering::Acquire))
    }

    /// By how much the latest packet missed its time.
    pub(crate) fn lateness(&self) -> Span {
        let micros = self.shared.latest_micros.load(Ordering::Acquire);
        Span::from_nanos(i64::try_from(micros.saturating_mul(1_000)).unwrap_or(i64::MAX))
    }

    /// Packets that a device would not take.
    pub(crate) fn refused(&self) -> u64 {
        self.shared.refused.load(Ordering::Acquire)
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Release);
        let _ = self.shared.wake.write(1); // fails only when it is already set
        if let Some(thread) = self.thread.take() {
            let _ = thread.join(); // a panic in the thread was already printed
        }
    }
}

/// Where a wire ends.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Place {
    Client,
    Server,
    Standby,
    /// The router's device towards the client.
    RouterNear,
    /// The router's device towards the servers.
    RouterFar,
}

impl Place {
    /// Who has it.
    pub(crate) const fn host(self) -> Host {
        match self {
            Self::Client => Host::Client,
            Self::Server => Host::Server,
            Self::Standby => Host::Standby,
            Self::RouterNear | Self::RouterFar => Host::Router,
        }
    }
}

/// Ordered by due time, then by the order of sending: packets that take equally long stay in order.
type InFlight = Reverse<(Instant, u64, Place, Vec<u8>)>;

struct Carrier {
    plugs: Vec<(Place, Plug)>,
    routed: bool,
    rulebook: Rulebook,
    queue: BinaryHeap<InFlight>,
    taken: u64,
    buffer: Vec<u8>,
    shared: Arc<Shared>,
}

impl Carrier {
    fn run(mut self) {
        let _ = prctl::set_timerslack(1); // without it timers are only later by some 50 us
        while !self.shared.stop.load(Ordering::Acquire) {
            self.wait();
            (0..self.plugs.len()).for_each(|plug| self.take(plug));
            self.deliver_what_is_due();
        }
    }

    /// Until a packet comes, the next one is due, or the wire is to stop.
    fn wait(&self) {
        let plugs = self.plugs.iter().map(|(_, plug)| plug.as_fd());
        let fds = plugs.chain([self.shared.wake.as_fd()]);
        let mut fds: Vec<PollFd<'_>> = fds.map(|fd| PollFd::new(fd, PollFlags::POLLIN)).collect();
        let next = self.queue.peek().map(|Reverse((due, ..))| due.saturating_duration_since(Instant::now()));
        let _ = ppoll(&mut fds, next.map(TimeSpec::from_duration), None); // EINTR is only an early look
    }

    fn take(&mut self, plug: usize) {
        let mut buffer = std::mem::take(&mut self.buffer);
        while let Ok(len @ 1..) = self.plugs[plug].1.receive(&mut buffer) {
            let now = Instant::now();
            match self.plugs[plug].0 {
                Place::RouterNear => self.forward(now, Host::Server, Place::Client, &buffer[..len]),
                Place::RouterFar => self.forward(now, Host::Client, Place::Server, &buffer[..len]),
                place => self.treat(now, place, &buffer[..len]),
            }
        }
        self.buffer = buffer;
    }

    /// What the router sends on the second wire, in the direction of what `from` sends.
    fn forward(&mut self, now: Instant, from: Host, to: Place, packet: &[u8]) {
        if is_ipv6_multicast(packet) {
            return; // a router that introduces itself, as no story has it
        }
        self.put_in_flight(now + self.rulebook.delay_from(from), to, packet.to_vec());
    }

    /// What a host sends.
    fn treat(&mut self, now: Instant, from: Place, packet: &[u8]) {
        for delivery in self.rulebook.treat(from.host(), packet) {
            let to = self.next_hop(from, delivery.to);
            self.put_in_flight(now + delivery.after, to, delivery.packet);
        }
    }

    const fn next_hop(&self, from: Place, to: Host) -> Place {
        match (from, to) {
            (Place::Client, Host::Client) => Place::Client,
            (Place::Client, _) if self.routed => Place::RouterNear,
            (_, Host::Client) if self.routed => Place::RouterFar,
            (_, Host::Client) => Place::Client,
            _ => Place::Server,
        }
    }

    fn put_in_flight(&mut self, due: Instant, to: Place, packet: Vec<u8>) {
        if self.queue.len() >= MOST_IN_FLIGHT {
            self.shared.refused.fetch_add(1, Ordering::AcqRel);
            return;
        }
        self.taken += 1;
        self.queue.push(Reverse((due, self.taken, to, packet)));
        self.shared.in_flight.store(self.queue.len() as u64, Ordering::Release);
    }

    fn deliver_what_is_due(&mut self) {
        while self.queue.peek().is_some_and(|Reverse((due, ..))| *due <= Instant::now()) {
            let Some(Reverse((due, _, to, packet))) = self.queue.pop() else { return };
            let moved = to == Place::Server && self.shared.moved.load(Ordering::Acquire);
            self.deliver(if moved { Place::Standby } else { to }, &packet);
            let late = u64::try_from(due.elapsed().as_micros()).unwrap_or(u64::MAX);
            self.shared.latest_micros.fetch_max(late, Ordering::AcqRel);
            self.shared.carried.fetch_add(1, Ordering::AcqRel);
            self.shared.in_flight.store(self.queue.len() as u64, Ordering::Release);
        }
    }

    fn deliver(&mut self, to: Place, packet: &[u8]) {
        let plug = self.plugs.iter_mut().find(|(place, _)| *place == to).map(|(_, plug)| plug);
        let plug = plug.expect("invariant: packets go to places that are plugged in");
        let written = loop {
            match plug.send(packet) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => break result,
            }
        };
        if written.is_err() {
            self.shared.refused.fetch_add(1, Ordering::AcqRel);
        }
    }
}

fn is_ipv6_multicast(packet: &[u8]) -> bool {
    packet.first().is_some_and(|byte| byte >> 4 == 6) && packet.get(24) == Some(&0xff)
}

/// One packet to be delivered.
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct Delivery {
    pub(crate) to: Host,
    pub(crate) after: Duration,
    pub(crate) packet: Vec<u8>,
}
