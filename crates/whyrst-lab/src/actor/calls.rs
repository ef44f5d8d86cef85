//! What an actor does with its hands: each action of a scenario as the system calls that a program
//! would make, reported one by one.

use std::io::Write;
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{SigHandler, Signal};
use nix::sys::socket::{Shutdown, SockProtocol, shutdown};
use nix::unistd::{ForkResult, read, write};

use super::process::report;
use super::sockets::Protocol;
use super::stand_in::StandIn;
use super::{CallResult, Line, Message, now, sockets};
use crate::netlink::Request;
use crate::plug::DEVICE;
use crate::scenario::{Action, Actor, Family, HandMade, Host, Limit, Reject, SocketOption};
use crate::{route, sys};

/// The longest an actor waits for bytes that do not come.
const PATIENCE: Duration = Duration::from_secs(3);

/// Source port of the first actor's first connection.
const FIRST_PORT: u16 = 40_000;

/// More refusals than any scenario waits for.
const MOST_ATTEMPTS: u32 = 1_000;

/// What an actor holds.
#[derive(Debug)]
pub(super) struct Hands {
    family: Family,
    host: Host,
    listener: Option<OwnedFd>,
    connection: Option<OwnedFd>,
    /// A connection that is laid aside.
    other: Option<OwnedFd>,
    protocol: Protocol,
    dscp: Option<u8>,
    /// Source port of the next connection: 40000 for the first actor's first.
    next_port: u16,
    /// First sequence number of the next connection, where the story says it.
    next_sequence: Option<u32>,
    /// What the next socket is given.
    options: Vec<SocketOption>,
    stand_in: Option<StandIn>,
}

/// What came of an action.
pub(super) enum Performed {
    /// It is over.
    Done(CallResult),
    /// This is now the forked child.
    Became(Actor),
}

impl Hands {
    /// Empty hands of the actor with this index among those of its host.
    pub(super) fn new(family: Family, host: Host, index: usize) -> Self {
        let next_port = FIRST_PORT + 100 * u16::try_from(index).unwrap_or(0);
        Self {
            family,
            host,
            listener: None,
            connection: None,
            other: None,
            protocol: Protocol::Tcp,
            dscp: None,
            next_port,
            next_sequence: None,
            options: Vec::new(),
            stand_in: None,
        }
    }

    /// Does it.
    pub(super) fn perform(&mut self, action: &Action, line: &Line) -> Performed {
        let result = match *action {
            Action::Fork { child } => return self.fork(child, line),
            Action::Listen { port } => self.listen(sockets::any_address(self.family, port), sockets::BACKLOG, line),
            Action::ListenWithBacklog { port, backlog } => {
                self.listen(sockets::any_address(self.family, port), backlog.into(), line)
            }
            Action::ListenOnLoopback { port } => {
                self.listen(sockets::loopback(self.family, port), sockets::BACKLOG, line)
            }
            Action::Accept => self.accept(line),
            Action::Connect { to, port } => self.connect(to, port, line, |_| Ok(())),
            Action::ConnectWithin { to, port, limit, ms } => self.connect_within(to, port, limit, ms, line),
            Action::ConnectUntilAccepted { to, port, every_ms } => self.connect_until(to, port, every_ms, line),
            Action::Write { bytes } => self.on_connection(line, &format!("write({bytes})"), |fd| write_all(fd, bytes)),
            Action::Say(octets) => {
                let text = format!("write(\"{}\")", octets.escape_ascii());
                self.on_connection(line, &text, |fd| write(fd, octets).map(as_value))
            }
            Action::OtherConnection => {
                std::mem::swap(&mut self.connection, &mut self.other);
                Ok(0)
            }
            Action::UseMptcp => {
                self.protocol = Protocol::Mptcp;
                Ok(0)
            }
            Action::Ip(words) => call(line, format!("ip {words}"), || run_words(&format!("ip {words}"))),
            Action::Read { most } => self.on_connection(line, &format!("read({most})"), |fd| read_once(fd, most)),
            Action::AwaitUnread { bytes } => self.on_connection(line, "ioctl(FIONREAD)", |fd| await_unread(fd, bytes)),
            Action::ShutdownWrite => self.on_connection(line, "shutdown(SHUT_WR)", |fd| shut(fd, Shutdown::Write)),
            Action::ShutdownBoth => self.on_connection(line, "shutdown(SHUT_RDWR)", |fd| shut(fd, Shutdown::Both)),
            Action::ShutdownRead => self.on_connection(line, "shutdown(SHUT_RD)", |fd| shut(fd, Shutdown::Read)),
            Action::Set(option) => self.set(option, line),
            Action::UsePort(port) => {
                self.next_port = port;
                Ok(0)
            }
            Action::UseSequence(number) => {
                self.next_sequence = Some(number);
                Ok(0)
            }
            Action::StandIn => StandIn::begin(self.family).map(|begun| {
                self.stand_in = Some(begun);
                0
            }),
            Action::Segment(made) => self.segment(&made, line),
            Action::LinkDown => call(line, "ip(link down)".into(), sockets::take_link_down),
            Action::Keepalive { idle_s, every_s, probes } => {
                let text = format!("setsockopt(SO_KEEPALIVE {idle_s} s, {every_s} s, {probes})");
                self.on_connection(line, &text, |fd| sockets::keep_alive(fd, idle_s, every_s, probes))
            }
            Action::ReadTimeout(ms) => {
                let text = format!("setsockopt(SO_RCVTIMEO {ms} ms)");
                self.on_connection(line, &text, |fd| sockets::limit(fd, Limit::ReceiveTimeout, ms).map(|()| 0))
            }
            Action::Dissolve => {
                self.on_connection(line, "connect(AF_UNSPEC)", |fd| sys::dissolve(fd.as_fd()).map(|()| 0))
            }
            Action::IsDestroyed => self.on_connection(line, "SOCK_DESTROY", sockets::destroy),
            Action::LingerZero => self.on_connection(line, "setsockopt(SO_LINGER {1, 0})", sockets::linger_zero),
            Action::Close => close(self.connection.take(), "close()", line),
            Action::CloseListener => close(self.listener.take(), "close(listener)", line),
            Action::Vanish => self.vanish(line),
            Action::UseDscp(dscp) => {
                self.dscp = Some(dscp);
                Ok(0)
            }
            Action::HeedSigpipe => call(line, "signal(SIGPIPE, SIG_DFL)".into(), || {
                sys::set_disposition(Signal::SIGPIPE, SigHandler::SigDfl).map(|()| 0)
            }),
            Action::RawSyn { port } => self.raw(port, Raw::Syn, line),
            Action::RawJoin { port } => self.raw(port, Raw::Join, line),
            Action::RawAck { port } => self.raw(port, Raw::Ack, line),
            Action::RawXmas { port } => self.raw(port, Raw::Xmas, line),
            Action::Sysctl { name, value } => call(line, format!("sysctl({name}={value})"), || set_sysctl(name, value)),
            Action::Firewall { port, reject } => firewall(port, reject, line),
            Action::Iptables(words) => call(line, words.to_string(), || run_words(words)),
            Action::Nft(rules) => call(line, format!("nft({})", on_one_line(rules)), || run_nft(rules)),
            Action::ForgetConnections => call(line, "conntrack -F".into(), forget_connections),
            Action::LosesAddress => {
                let own = sockets::address(self.family, self.host, 0).ip();
                call(line, format!("ip address del {own}"), || route::remove(DEVICE, own).map(|()| 0))
            }
            Action::RawSynAck { port } => self.raw_syn_ack(port, line),
            Action::Pause(ms) => {
                std::thread::sleep(Duration::from_millis(ms.into()));
                Ok(0)
            }
            // The conductor does these.
            Action::IsKilled | Action::TakesAddress | Action::MachineSysctl { .. } => Err(Errno::EINVAL),
        };
        Performed::Done(result.map_err(|errno| errno as i32))
    }

    fn listen(&mut self, at: SocketAddr, backlog: i32, line: &Line) -> nix::Result<i64> {
        let options = std::mem::take(&mut self.options);
        call(line, format!("listen({at})"), || {
            self.listener = Some(sockets::listen(at, backlog, self.protocol, &options)?);
            Ok(0)
        })
    }

    fn accept(&mut self, line: &Line) -> nix::Result<i64> {
        let Self { listener, connection, .. } = self;
        let listener = listener.as_ref().ok_or(Errno::EBADF)?;
        call(line, "accept()".into(), || {
            let (accepted, number) = sockets::accept(listener)?;
            *connection = Some(accepted);
            Ok(number)
        })
    }

    /// The child keeps the connection, the parent closes its copy of it, as a server that forks
    /// for each connection does.
    fn fork(&mut self, child: Actor, line: &Line) -> Performed {
        match call_that_forks(line) {
            Ok(ForkResult::Child) => {
                self.listener = None;
                Performed::Became(child)
            }
            Ok(ForkResult::Parent { child }) => {
                let closed = close(self.connection.take(), "close(connection)", line);
                Performed::Done(closed.map(|_| child.as_raw().into()).map_err(|errno| errno as i32))
            }
            Err(errno) => Performed::Done(Err(errno as i32)),
        }
    }

    fn connect(
        &mut self,
        to: Host,
        port: u16,
        line: &Line,
        prepare: impl FnOnce(&OwnedFd) -> nix::Result<()>,
    ) -> nix::Result<i64> {
        let to = sockets::address(self.family, to, port);
        let socket = sockets::for_connecting(to, self.take_port(), self.protocol)?;
        std::mem::take(&mut self.options).into_iter().try_for_each(|option| sockets::set(&socket, option).map(drop))?;
        self.next_sequence.take().map_or(Ok(()), |number| sockets::set_first_number(&socket, number))?;
        prepare(&socket)?;
        if let Some(dscp) = self.dscp {
            call(line, format!("setsockopt(DSCP {dscp})"), || sockets::set_dscp(&socket, to, dscp).map(|()| 0))?;
        }
        let socket = self.connection.insert(socket);
        call(line, format!("connect({to})"), || sockets::connect(socket, to).map(|()| 0))
    }

    fn connect_within(&mut self, to: Host, port: u16, limit: Limit, ms: u32, line: &Line) -> nix::Result<i64> {
        let connected = self.connect(to, port, line, |socket| sockets::limit(socket, limit, ms));
        match (limit, connected) {
            (Limit::NonBlocking, Err(Errno::EINPROGRESS)) => {
                self.on_connection(line, &format!("poll(POLLOUT, {ms} ms)"), |fd| sockets::poll_writable(fd, ms))
            }
            (_, connected) => connected,
        }
    }

    fn connect_until(&mut self, to: Host, port: u16, every_ms: u32, line: &Line) -> nix::Result<i64> {
        for refused in 0..MOST_ATTEMPTS {
            match self.connect(to, port, line, |_| Ok(())) {
                Err(Errno::ECONNREFUSED) => std::thread::sleep(Duration::from_millis(every_ms.into())),
                result => return result.map(|_| refused.into()),
            }
        }
        Err(Errno::ECONNREFUSED)
    }

    fn set(&mut self, option: SocketOption, line: &Line) -> nix::Result<i64> {
        if self.connection.is_none() {
            self.options.push(option);
            return Ok(0);
        }
        self.on_connection(line, &format!("setsockopt({option:?})"), |fd| sockets::set(fd, option))
    }

    fn segment(&mut self, made: &HandMade, line: &Line) -> nix::Result<i64> {
        let stand_in = self.stand_in.as_mut().ok_or(Errno::EBADF)?;
        call(line, format!("sendto({} {}, by hand)", made.to.name(), made.to_port), || stand_in.say(made))
    }

    fn vanish(&mut self, line: &Line) -> nix::Result<i64> {
        self.on_connection(line, "setsockopt(TCP_REPAIR)", sockets::enter_repair)?;
        close(self.connection.take(), "close()", line)
    }

    fn raw(&mut self, port: u16, raw: Raw, line: &Line) -> nix::Result<i64> {
        let from = sockets::address(self.family, Host::Client, self.take_port());
        let to = sockets::address(self.family, Host::Server, port);
        call(line, format!("sendto({to}, {})", raw.name()), || raw.send(from, to))
    }

    fn raw_syn_ack(&self, port: u16, line: &Line) -> nix::Result<i64> {
        let from = sockets::address(self.family, self.host, port);
        let to = sockets::address(self.family, self.host.other(), FIRST_PORT);
        call(line, format!("sendto({to}, raw SYN-ACK)"), || sockets::send_raw_syn_ack(from, to))
    }

    fn take_port(&mut self) -> u16 {
        let port = self.next_port;
        self.next_port += 1;
        port
    }

    fn on_connection(
        &self,
        line: &Line,
        text: &str,
        act: impl FnOnce(&OwnedFd) -> nix::Result<i64>,
    ) -> nix::Result<i64> {
        call(line, text.into(), || act(self.connection.as_ref().ok_or(Errno::EBADF)?))
    }
}

/// Hand-made segments.
#[derive(Clone, Copy)]
enum Raw {
    Syn,
    Ack,
    Join,
    Xmas,
}

impl Raw {
    const fn name(self) -> &'static str {
        match self {
            Self::Syn => "raw SYN",
            Self::Ack => "raw ACK",
            Self::Join => "raw SYN with MP_JOIN",
            Self::Xmas => "raw FIN, PSH and URG",
        }
    }

    fn send(self, from: SocketAddr, to: SocketAddr) -> nix::Result<i64> {
        match self {
            Self::Syn => sockets::send_raw_syn(from, to),
            Self::Ack => sockets::send_raw_ack(from, to),
            Self::Join => sockets::send_raw_join(from, to),
            Self::Xmas => sockets::send_raw_xmas(from, to),
        }
    }
}

/// Reports entering and leaving around the call itself.
fn call(line: &Line, text: String, act: impl FnOnce() -> nix::Result<i64>) -> nix::Result<i64> {
    report(line, &Message::Enters { text, at: now().nanos() })?;
    let result = act();
    let at = now().nanos();
    report(line, &Message::Leaves { result: result.map_err(|errno| errno as i32), at })?;
    result
}

/// As [`call`], but of the two that come back only the parent reports.
fn call_that_forks(line: &Line) -> nix::Result<ForkResult> {
    report(line, &Message::Enters { text: "fork()".into(), at: now().nanos() })?;
    let forked = sys::fork();
    let result = match forked {
        Ok(ForkResult::Child) => return forked,
        Ok(ForkResult::Parent { child }) => Ok(child.as_raw().into()),
        Err(errno) => Err(errno as i32),
    };
    report(line, &Message::Leaves { result, at: now().nanos() })?;
    forked
}

fn close(socket: Option<OwnedFd>, text: &str, line: &Line) -> nix::Result<i64> {
    let socket = socket.ok_or(Errno::EBADF)?;
    call(line, text.into(), || nix::unistd::close(socket).map(|()| 0))
}

fn shut(socket: &OwnedFd, what: Shutdown) -> nix::Result<i64> {
    shutdown(socket.as_raw_fd(), what).map(|()| 0)
}

/// Of the namespace that this actor is in.
fn set_sysctl(name: &str, value: &str) -> nix::Result<i64> {
    let written = std::fs::write(crate::netns::sysctl_path(name), value);
    written.map(|()| 0).map_err(|error| crate::error::errno_of(&error))
}

fn write_all(socket: &OwnedFd, bytes: u32) -> nix::Result<i64> {
    let payload: Vec<u8> = (b'a'..=b'z').cycle().take(size(bytes)).collect();
    write(socket, &payload).map(as_value)
}

fn read_once(socket: &OwnedFd, most: u32) -> nix::Result<i64> {
    read(socket, &mut vec![0; size(most)]).map(as_value)
}

/// Looks until that many bytes wait; it never takes any.
fn await_unread(socket: &OwnedFd, bytes: u32) -> nix::Result<i64> {
    let end = Instant::now() + PATIENCE;
    loop {
        let unread = sys::unread_bytes(socket.as_fd())?;
        if unread >= size(bytes) || Instant::now() > end {
            return Ok(as_value(unread));
        }
        std::thread::sleep(Duration::from_micros(200));
    }
}

fn size(bytes: u32) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

fn as_value(len: usize) -> i64 {
    i64::try_from(len).unwrap_or(i64::MAX)
}

/// The actor's host gets its firewall rule from the program that administrators use.
fn firewall(port: u16, reject: Reject, line: &Line) -> nix::Result<i64> {
    let rule = format!("tcp dport {port} {}", reject.rule());
    let table = format!("table inet lab {{\n chain input {{\n type filter hook input priority 0;\n {rule}\n }}\n}}\n");
    call(line, format!("nft({rule})"), || run_nft(&table))
}

/// A command line whose words hold no spaces.
fn run_words(words: &str) -> nix::Result<i64> {
    let (program, words) = words.split_once(' ').ok_or(Errno::EINVAL)?;
    let program = crate::stage::find_program(program).ok_or(Errno::ENOENT)?;
    let status = Command::new(program).args(words.split(' ')).stdin(Stdio::null()).stdout(Stdio::null()).status();
    let status = status.map_err(|error| crate::error::errno_of(&error))?;
    if status.success() { Ok(0) } else { Err(Errno::EINVAL) }
}

fn on_one_line(rules: &str) -> String {
    rules.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What `conntrack -F` asks the kernel for: delete all entries of this namespace.
fn forget_connections() -> nix::Result<i64> {
    const CONNTRACK_DELETE: u16 = 0x0102; // NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_DELETE
    let any_family = [0; 4]; // struct nfgenmsg
    Request::new(CONNTRACK_DELETE, 0, &any_family).send(SockProtocol::NetlinkNetFilter).map(|()| 0)
}

fn run_nft(rules: &str) -> nix::Result<i64> {
    let program = crate::stage::find_program("nft").ok_or(Errno::ENOENT)?;
    let errno = |error: std::io::Error| crate::error::errno_of(&error);
    let nft = Command::new(program).args(["-f", "-"]).stdin(Stdio::piped()).stdout(Stdio::null()).spawn();
    let mut nft = nft.map_err(errno)?;
    nft.stdin.take().ok_or(Errno::EPIPE)?.write_all(rules.as_bytes()).map_err(errno)?;
    let status = nft.wait().map_err(errno)?;
    if status.success() { Ok(0) } else { Err(Errno::EINVAL) }
}
