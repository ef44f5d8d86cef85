//! What a connection is called on the other side of this host's NAT, by the kernel's own table of connections
//! (ctnetlink: `nf_conntrack_netlink.c`).
//!
//! A socket in a container knows the addresses of its namespace; on the wire stand those that this host's netfilter
//! has put there. Only with these do both ends call a connection alike. The table that is asked first is that of the
//! network namespace where whyrst was started: the host's, where containers' connections are translated. Where a router
//! is a namespace of its own (a node of `kind`, a pod with a sidecar), its table knows; so those are asked next
//! ([`elsewhere`]).
//!
//! Asking needs `CAP_NET_ADMIN` at every request, which everything else here has given back. So a thread of its own
//! asks, which keeps that one capability and may make no system call beside what asking takes.

mod destroyed;
mod elsewhere;
mod entry;
mod table;
mod trial;

use std::cell::Cell;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use netlink_packet_netfilter::conntrack::Protocol;
use whyrst_core::segment::Endpoint;
use whyrst_core::socket::{Translation, Wire};
use whyrst_privileges::{Duty, restrict};

use destroyed::Destroyed;
use entry::Ends;
use table::Table;
use trial::Trial;

/// The table of this namespace has so many entries; not there where the kernel keeps no such table.
const COUNT: &str = "/proc/sys/net/netfilter/nf_conntrack_count";
/// Who waits longer for an answer goes on without.
const PATIENCE: Duration = Duration::from_millis(50);
/// How often notifications of destroyed entries are read, where they are subscribed to.
const PAUSE: Duration = Duration::from_millis(100);
/// So long it is believed that nothing is tracked here, before it is tried again.
const BELIEVED: Duration = Duration::from_mins(1);
/// On a machine that starves, who asks would wait that long for each reset: after a question that nobody answered so
/// long none is asked.
const SILENCE: Duration = Duration::from_secs(1);
/// What was asked, and what is on the wire for it.
type Answer = (Ends, Translation);

/// Asks on behalf of a thread that may not.
#[derive(Debug)]
pub(crate) struct Conntrack {
    asked: Option<(SyncSender<Ends>, Receiver<Answer>)>,
    /// When a question was last left without an answer.
    unanswered: Cell<Option<Instant>>,
}

impl Conntrack {
    /// To be called while capabilities and system calls are still there. Where it cannot ask, everything is unknown.
    pub(crate) fn start() -> Self {
        let (asking, asked) = sync_channel::<Ends>(1);
        let (answering, answers) = sync_channel(1);
        let thread = std::thread::Builder::new().name("conntrack".to_owned());
        let started = Tables::open().and_then(|mut tables| {
            thread.spawn(move || {
                // With more than it needs it does not ask: everything is unknown then.
                if restrict(Duty::AskConntrack).is_ok() {
                    tables.answer(&asked, &answering);
                }
            })
        });
        Self { asked: started.is_ok().then_some((asking, answers)), unanswered: Cell::new(None) }
    }

    /// What stands on the wire for a connection of `local`.
    pub(crate) fn translation(&self, local: Endpoint, remote: Endpoint) -> Translation {
        let Some((asking, answers)) = &self.asked else { return Translation::Unknown };
        if self.unanswered.get().is_some_and(|at| at.elapsed() < SILENCE) {
            return Translation::Unknown;
        }
        let ends = (local, remote);
        // One that came too late belongs to an earlier question.
        while answers.try_recv().is_ok() {}
        if asking.try_send(ends).is_err() {
            return Translation::Unknown;
        }
        let end = Instant::now() + PATIENCE;
        while let Ok((of, answer)) = answers.recv_timeout(end.saturating_duration_since(Instant::now())) {
            if of == ends {
                return answer;
            }
        }
        self.unanswered.set(Some(Instant::now()));
        Translation::Unknown
    }
}

/// What this host's tables know: that of this thread's network namespace, and those of others.
#[derive(Debug)]
struct Tables {
    own: Table,
    trial: Trial,
    /// Since when nothing is known to be tracked here.
    nothing_since: Option<Instant>,
    destroyed: Destroyed,
    elsewhere: Vec<Table>,
}

impl Tables {
    fn open() -> io::Result<Self> {
        let elsewhere = elsewhere::tables();
        let (own, trial, destroyed) = (Table::open()?, Trial::open()?, Destroyed::open()?);
        Ok(Self { own, trial, nothing_since: None, destroyed, elsewhere })
    }

    /// Answers until nobody asks any more.
    fn answer(&mut self, asked: &Receiver<Ends>, answering: &SyncSender<Answer>) {
        loop {
            let next = if self.destroyed.is_subscribed() {
                asked.recv_timeout(PAUSE)
            } else {
                asked.recv().map_err(|_| RecvTimeoutError::Disconnected)
            };
            match next {
                Ok(ends) => {
                    if answering.send((ends, self.translation(ends))).is_err() {
                        return;
                    }
                }
                Err(RecvTimeoutError::Timeout) => self.destroyed.receive_all(entries),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn translation(&mut self, ends: Ends) -> Translation {
        // A dual-stack socket's IPv4 is IPv4 in the table.
        let ends = (canonical(ends.0), canonical(ends.1));
        let own = self.own_translation(ends);
        if matches!(own, Translation::To(_)) { own } else { self.translation_elsewhere(ends).unwrap_or(own) }
    }

    fn own_translation(&mut self, (local, remote): Ends) -> Translation {
        let entry = match self.own.ask(Protocol::Tcp, (local, remote)) {
            Ok(Some(entry)) => entry,
            // That it was not found says something only where nothing is tracked at all.
            Ok(None) if !self.is_tracking() => return Translation::Untranslated,
            Ok(None) => match self.destroyed.find((local, remote), entries) {
                Some(entry) => entry,
                None => return Translation::Unknown,
            },
            Err(_) => return Translation::Unknown,
        };
        entry.seen_from(local, remote).map_or(Translation::Unknown, |wire| {
            if wire == (Wire { local, remote }) { Translation::Untranslated } else { Translation::To(wire) }
        })
    }

    /// What another namespace makes of it. Where two of them translate these ends in two ways, there are two such
    /// connections on this host, and nobody knows which this is.
    fn translation_elsewhere(&self, (local, remote): Ends) -> Option<Translation> {
        let asked = self.elsewhere.iter().filter_map(|table| table.ask(Protocol::Tcp, (local, remote)).ok().flatten());
        let wires = asked.filter_map(|entry| entry.seen_from(local, remote));
        let mut translated = wires.filter(|wire| *wire != Wire { local, remote });
        let wire = translated.next()?;
        translated.all(|other| other == wire).then_some(Translation::To(wire))
    }

    fn is_tracking(&mut self) -> bool {
        if !Path::new(COUNT).exists() {
            return false;
        }
        if entries() > 0 {
            return true;
        }
        if self.nothing_since.is_some_and(|since| since.elapsed() < BELIEVED) {
            return false;
        }
        let tracked =
            self.trial.send().and_then(|ends| self.own.ask(Protocol::Udp, ends)).map_or(true, |entry| entry.is_some());
        self.nothing_since = (!tracked).then(Instant::now);
        tracked
    }
}

/// How many the table has.
fn entries() -> u64 {
    fs::read_to_string(COUNT).ok().and_then(|count| count.trim().parse().ok()).unwrap_or(0)
}

fn canonical(end: Endpoint) -> Endpoint {
    Endpoint::new(end.ip.to_canonical(), end.port)
}
