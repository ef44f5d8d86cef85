//! The second source: headers of TCP packets, by packet sockets with a filter in the kernel.
//!
//! Two things raise no event of TCP: the RST of a firewall (netfilter `REJECT`), and whether a RST
//! that was received came from the host whose address it bears. Packets show both. They are bounded
//! twice: by the filter, which lets headers alone through and of a busy host's ordinary segments
//! only a share, and by the socket's buffer, whose overflow the kernel counts.

//!
//! A host may have thousands of namespaces, so they are entered by several threads, each buffer is smaller where there
//! are many, and what is closed at the end is closed by several ([`Closers`]).

mod closers;
mod filter;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::IoSliceMut;
use std::net::IpAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sched::{CloneFlags, setns};
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::socket::sockopt::{RcvBuf, RcvBufForce, ReceiveTimestampns, RxqOvfl};
use nix::sys::socket::{
    AddressFamily, ControlMessageOwned, LinkAddr, MsgFlags, SockFlag, SockProtocol, SockType, recvmsg, setsockopt,
    socket,
};
use nix::sys::time::TimeSpec;
use socket2::SockRef;
use whyrst_core::time::{Span, Timestamp};

use crate::host::{RejectRule, has_firewall, own_addresses, reject_rules};
use crate::namespaces::{all, inode};
use closers::Closers;
use filter::Share;

/// Room for a burst: the kernel counts some hundred bytes for a packet of this size.
const RECEIVE_BUFFER: usize = 4 << 20;
/// The same for all namespaces together, and for one at least.
const ALL_BUFFERS: usize = 256 << 20;
const LEAST_BUFFER: usize = 128 << 10;
/// Threads that enter namespaces.
const ENTERING: usize = 8;
/// Listing a namespace's firewall starts three programs: after so long no more are listed.
const LISTING: Duration = Duration::from_millis(1_500);
/// Sockets of which it is asked at once whether they have something.
const AT_ONCE: usize = 256;
/// The longest that the filter lets through.
const LONGEST: usize = 512;
/// Packets taken from one socket before the next has its turn.
const TURN: usize = 1_024;
/// More than this in a second, and only a share of ordinary segments is looked at.
const MANY: u32 = 20_000;
/// Less than this, and more of them are again.
const FEW: u32 = 5_000;
const SECOND: Span = Span::from_secs(1);

/// A packet, from its IP header on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Packet {
    /// When the kernel had it.
    pub time: Timestamp,
    /// In which network namespace.
    pub netns: u32,
    /// Which way.
    pub direction: Direction,
    /// Whether every packet of its time was looked at.
    pub coverage: Coverage,
    /// Its first bytes.
    pub bytes: Vec<u8>,
}

/// Which way a packet went.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// To this namespace; on loopback, within it.
    In,
    /// Out of it.
    Out,
}

/// How many of the packets were looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Coverage {
    /// All.
    Complete,
    /// Those that open, close or reset, and a share of the others.
    Sampled,
}

/// Packet sockets in every network namespace that may be entered.
#[derive(Debug)]
pub struct Packets {
    taps: Vec<Tap>,
    /// Says which of them have something, by their place.
    ready: Epoll,
    closers: Closers,
    not_entered: BTreeMap<u32, String>,
    firewalls: BTreeMap<u32, Firewall>,
    rules_unread: u64,
}

/// The firewall of a network namespace, as it was when it was entered.
#[derive(Clone, Debug, Default)]
pub struct Firewall {
    /// Its rules that answer with a RST; empty also where they may not be read.
    pub rules: Vec<RejectRule>,
    /// Addresses of the namespace.
    pub addresses: BTreeSet<IpAddr>,
}

/// What became of entering namespaces.
#[derive(Debug, Default)]
struct Opened {
    taps: Vec<Tap>,
    not_entered: BTreeMap<u32, String>,
    firewalls: BTreeMap<u32, Firewall>,
    rules_unread: u64,
}

#[derive(Debug)]
struct Tap {
    socket: OwnedFd,
    netns: u32,
    share: Share,
    /// Since when packets are counted, and how many came.
    counted: (Timestamp, u32),
    /// Packets that did not fit into the buffer.
    lost: u32,
    /// The same, when packets were counted last.
    lost_before: u32,
}

impl Packets {
    /// Opens a packet socket in each namespace. What cannot be entered is said by [`Self::not_entered`].
    ///
    /// # Errors
    ///
    /// When packets may not be captured even here.
    pub fn open() -> Result<Self, Errno> {
        allow_many_descriptors();
        let own = inode("/proc/self/ns/net").unwrap_or_default();
        let others: BTreeMap<u32, PathBuf> = all().into_iter().filter(|(netns, _)| *netns != own).collect();
        let buffer = (ALL_BUFFERS / (others.len() + 1)).clamp(LEAST_BUFFER, RECEIVE_BUFFER);
        let ready = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let own = Tap::open(own, buffer)?;
        let mut entered = Opened::all(others, buffer);
        entered.read_rules(own.netns, Instant::now() + LISTING);
        entered.taps.push(own);
        for (place, tap) in entered.taps.iter().enumerate() {
            ready.add(&tap.socket, EpollEvent::new(EpollFlags::EPOLLIN, place as u64))?;
        }
        let Opened { taps, not_entered, firewalls, rules_unread } = entered;
        Ok(Self { closers: Closers::for_so_many(taps.len()), taps, ready, not_entered, firewalls, rules_unread })
    }

    /// Network namespaces whose firewall could not be read in time.
    pub const fn rules_unread(&self) -> u64 {
        self.rules_unread
    }

    /// Namespaces whose packets are not seen, and why.
    pub const fn not_entered(&self) -> &BTreeMap<u32, String> {
        &self.not_entered
    }

    /// The firewall of a namespace, as it was when this was opened; `None` where there was none, or no time to read it.
    pub fn firewall(&self, netns: u32) -> Option<&Firewall> {
        self.firewalls.get(&netns)
    }

    /// What to wait for.
    pub fn fds(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        std::iter::once(self.ready.0.as_fd())
    }

    /// Packets that the kernel dropped because nobody was quick enough.
    pub fn lost(&self) -> u64 {
        self.taps.iter().map(|tap| u64::from(tap.lost)).sum()
    }

    /// Hands over what has come.
    pub fn drain(&mut self, mut take: impl FnMut(Packet)) {
        let mut events = [EpollEvent::empty(); AT_ONCE];
        let count = self.ready.wait(&mut events, EpollTimeout::ZERO).unwrap_or_default();
        for event in &events[..count] {
            let Some(tap) = usize::try_from(event.data()).ok().and_then(|place| self.taps.get_mut(place)) else {
                continue;
            };
            for packet in std::iter::from_fn(|| tap.next()).take(TURN) {
                take(packet);
            }
            tap.adapt();
        }
        // Where it has become quiet.
        for tap in self.taps.iter_mut().filter(|tap| tap.share != Share::ALL) {
            tap.adapt();
        }
    }
}

impl Drop for Packets {
    fn drop(&mut self) {
        self.closers.close(self.taps.drain(..).map(|tap| tap.socket));
    }
}

impl Opened {
    /// Entering a namespace concerns one thread; these end with it.
    fn all(namespaces: BTreeMap<u32, PathBuf>, buffer: usize) -> Self {
        let threads = namespaces.len().min(ENTERING);
        let until = Instant::now() + LISTING;
        let left = Mutex::new(namespaces.into_iter());
        let mut all = Self::default();
        std::thread::scope(|scope| {
            let entering: Vec<_> =
                (0..threads).map(|_| scope.spawn(|| Self::default().with(&left, buffer, until))).collect();
            // A panic in there has been printed; what the others have is left.
            for entered in entering.into_iter().filter_map(|thread| thread.join().ok()) {
                all.taps.extend(entered.taps);
                all.not_entered.extend(entered.not_entered);
                all.firewalls.extend(entered.firewalls);
                all.rules_unread += entered.rules_unread;
            }
        });
        all
    }

    fn with(mut self, left: &Mutex<impl Iterator<Item = (u32, PathBuf)>>, buffer: usize, until: Instant) -> Self {
        let next = || left.lock().ok()?.next();
        while let Some((netns, path)) = next() {
            match tap_in(&path, netns, buffer) {
                Ok(tap) => {
                    self.read_rules(netns, until);
                    self.taps.push(tap);
                }
                Err(why) => {
                    self.not_entered.insert(netns, why);
                }
            }
        }
        self
    }

    /// Of the namespace that this thread is in.
    fn read_rules(&mut self, netns: u32, until: Instant) {
        if !has_firewall() {
            return;
        }
        if Instant::now() < until {
            self.firewalls.insert(netns, Firewall { rules: reject_rules(), addresses: own_addresses() });
        } else {
            self.rules_unread += 1;
        }
    }
}

/// As many as are permitted: each namespace takes one.
fn allow_many_descriptors() {
    if let Ok((_, hard)) = getrlimit(Resource::RLIMIT_NOFILE) {
        // What is refused is said of each namespace that cannot be entered.
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    }
}

impl Tap {
    /// In the namespace that this thread is in. A datagram packet socket gives packets from the IP
    /// header on, whatever the device.
    fn open(netns: u32, buffer: usize) -> Result<Self, Errno> {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        // What comes before the filter stands is no worse than what the filter lets through.
        let socket = socket(AddressFamily::Packet, SockType::Datagram, flags, SockProtocol::EthAll)?;
        let share = Share::ALL;
        filter(&socket, share)?;
        setsockopt(&socket, ReceiveTimestampns, &true)?;
        setsockopt(&socket, RxqOvfl, &1)?;
        setsockopt(&socket, RcvBufForce, &buffer).or_else(|_| setsockopt(&socket, RcvBuf, &buffer))?;
        Ok(Self { socket, netns, share, counted: (Timestamp::default(), 0), lost: 0, lost_before: 0 })
    }

    fn next(&mut self) -> Option<Packet> {
        let mut buffer = [0; LONGEST];
        let mut control = nix::cmsg_space!(TimeSpec, u32);
        let mut slices = [IoSliceMut::new(&mut buffer)];
        let flags = MsgFlags::MSG_DONTWAIT;
        let message = recvmsg::<LinkAddr>(self.socket.as_raw_fd(), &mut slices, Some(&mut control), flags).ok()?;
        let mut time = Timestamp::default();
        for said in message.cmsgs().ok()? {
            match said {
                ControlMessageOwned::ScmTimestampns(at) => time = timestamp(at),
                ControlMessageOwned::RxqOvfl(lost) => self.lost = lost,
                _ => {}
            }
        }
        let out = message.address.is_some_and(|link| link.pkttype() == libc::PACKET_OUTGOING);
        let len = message.bytes;
        self.counted.1 += 1;
        Some(Packet {
            time,
            netns: self.netns,
            direction: if out { Direction::Out } else { Direction::In },
            coverage: if self.share == Share::ALL { Coverage::Complete } else { Coverage::Sampled },
            bytes: buffer[..len].to_vec(),
        })
    }

    /// Looks at a smaller share of what is too much, and at more again when it has become less.
    fn adapt(&mut self) {
        let now = crate::live::now();
        let (since, count) = self.counted;
        if now.since(since) < SECOND && count < MANY {
            return;
        }
        let lost = std::mem::replace(&mut self.lost_before, self.lost) != self.lost;
        let share = match count {
            _ if lost => self.share.less(),
            MANY.. => self.share.less(),
            ..FEW => self.share.more(),
            _ => self.share,
        };
        self.counted = (now, 0);
        if share != self.share && filter(&self.socket, share).is_ok() {
            self.share = share;
        }
    }
}

fn filter(socket: &OwnedFd, share: Share) -> Result<(), Errno> {
    SockRef::from(socket).attach_filter(&filter::program(share)).map_err(|error| errno(&error))
}

fn errno(error: &std::io::Error) -> Errno {
    Errno::from_raw(error.raw_os_error().unwrap_or(libc::EIO))
}

fn timestamp(time: TimeSpec) -> Timestamp {
    Timestamp::from_nanos(time.tv_sec().saturating_mul(1_000_000_000).saturating_add(time.tv_nsec()))
}

fn tap_in(path: &Path, netns: u32, buffer: usize) -> Result<Tap, String> {
    let handle = File::open(path).map_err(|error| errno(&error).desc().to_owned())?;
    setns(&handle, CloneFlags::CLONE_NEWNET).map_err(|errno| format!("it cannot be entered: {}", errno.desc()))?;
    Tap::open(netns, buffer).map_err(|errno| errno.desc().to_owned())
}
