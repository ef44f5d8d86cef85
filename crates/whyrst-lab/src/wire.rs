//! The wire: one thread that carries packets between the two hosts, each after its delay,
//! and treats the packets that the scenario names in the way it says.
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
use whyrst_core::scenario::Host;

use self::rules::Rulebook;
use crate::error::{LabError, Tried};
use crate::plug::Plug;

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
    wake: EventFd,
    in_flight: AtomicU64,
    carried: AtomicU64,
    refused: AtomicU64,
    latest_micros: AtomicU64,
}

impl Wire {
    /// Starts carrying packets between the client's plug and the server's.
    pub(crate) fn start([client, server]: [Plug; 2], rulebook: Rulebook) -> Result<Self, LabError> {
        let shared = Arc::new(Shared {
            stop: AtomicBool::new(false),
            wake: EventFd::new().tried(|| "make an eventfd for the wire".into())?,
            in_flight: AtomicU64::new(0),
            carried: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            latest_micros: AtomicU64::new(0),
        });
        let carrier = Carrier {
            client,
            server,
            rulebook,
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

    /// Packets on their way, and packets delivered so far.
    pub(crate) fn traffic(&self) -> (u64, u64) {
        (self.shared.in_flight.load(Ordering::Acquire), self.shared.carried.load(Ordering::Acquire))
    }

    /// By how much the latest packet missed its time.
    pub(crate) fn lateness(&self) -> Duration {
        Duration::from_micros(self.shared.latest_micros.load(Ordering::Acquire))
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

/// Ordered by due time, then by the order of sending: packets that take equally long stay in order.
type InFlight = Reverse<(Instant, u64, u8, Vec<u8>)>;

struct Carrier {
    client: Plug,
    server: Plug,
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
            self.take(Host::Client);
            self.take(Host::Server);
            self.deliver_what_is_due();
        }
    }

    /// Until a packet comes, the next one is due, or the wire is to stop.
    fn wait(&self) {
        let fds = [self.client.as_fd(), self.server.as_fd(), self.shared.wake.as_fd()];
        let mut fds = fds.map(|fd| PollFd::new(fd, PollFlags::POLLIN));
        let next = self.queue.peek().map(|Reverse((due, ..))| due.saturating_duration_since(Instant::now()));
        let _ = ppoll(&mut fds, next.map(TimeSpec::from_duration), None); // EINTR is only an early look
    }

    fn take(&mut self, from: Host) {
        let mut buffer = std::mem::take(&mut self.buffer);
        while let Ok(len @ 1..) = self.plug(from).receive(&mut buffer) {
            let now = Instant::now();
            for delivery in self.rulebook.treat(from, &buffer[..len]) {
                self.put_in_flight(now + delivery.after, delivery.to, delivery.packet);
            }
        }
        self.buffer = buffer;
    }

    fn put_in_flight(&mut self, due: Instant, to: Host, packet: Vec<u8>) {
        if self.queue.len() >= MOST_IN_FLIGHT {
            self.shared.refused.fetch_add(1, Ordering::AcqRel);
            return;
        }
        self.taken += 1;
        self.queue.push(Reverse((due, self.taken, u8::from(to == Host::Client), packet)));
        self.shared.in_flight.store(self.queue.len() as u64, Ordering::Release);
    }

    fn deliver_what_is_due(&mut self) {
        while self.queue.peek().is_some_and(|Reverse((due, ..))| *due <= Instant::now()) {
            let Some(Reverse((due, _, to_client, packet))) = self.queue.pop() else { return };
            let to = if to_client == 1 { Host::Client } else { Host::Server };
            self.deliver(to, &packet);
            let late = u64::try_from(due.elapsed().as_micros()).unwrap_or(u64::MAX);
            self.shared.latest_micros.fetch_max(late, Ordering::AcqRel);
            self.shared.carried.fetch_add(1, Ordering::AcqRel);
            self.shared.in_flight.store(self.queue.len() as u64, Ordering::Release);
        }
    }

    fn deliver(&mut self, to: Host, packet: &[u8]) {
        let written = loop {
            match self.plug(to).send(packet) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => break result,
            }
        };
        if written.is_err() {
            self.shared.refused.fetch_add(1, Ordering::AcqRel);
        }
    }

    fn plug(&mut self, host: Host) -> &mut Plug {
        match host {
            Host::Client => &mut self.client,
            Host::Server | Host::Silent => &mut self.server,
        }
    }
}

/// One packet to be delivered.
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct Delivery {
    pub(crate) to: Host,
    pub(crate) after: Duration,
    pub(crate) packet: Vec<u8>,
}
