//! Socket options by the names and numbers of `linux/tcp.h` and `asm-generic/socket.h`: not every language has a name
//! for each of them.

use crate::scenario::{Limit, SocketOption};

/// A constant of a C header.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Constant {
    pub(super) name: &'static str,
    /// On most processors; MIPS, SPARC and Alpha number the `SO_` ones otherwise.
    pub(super) value: i32,
    /// Whether Python's module `socket` has it.
    pub(super) in_python: bool,
}

const fn known(name: &'static str, value: i32) -> Constant {
    Constant { name, value, in_python: true }
}

const fn unnamed(name: &'static str, value: i32) -> Constant {
    Constant { name, value, in_python: false }
}

pub(super) const SOL_SOCKET: Constant = known("SOL_SOCKET", 1);
pub(super) const IPPROTO_TCP: Constant = known("IPPROTO_TCP", 6);
pub(super) const IPPROTO_IP: Constant = known("IPPROTO_IP", 0);
pub(super) const SO_REUSEADDR: Constant = known("SO_REUSEADDR", 2);
pub(super) const SO_LINGER: Constant = known("SO_LINGER", 13);
const SO_SNDBUF: Constant = known("SO_SNDBUF", 7);
const SO_RCVBUF: Constant = known("SO_RCVBUF", 8);
const SO_KEEPALIVE: Constant = known("SO_KEEPALIVE", 9);
const SO_REUSEPORT: Constant = known("SO_REUSEPORT", 15);
const SO_RCVTIMEO: Constant = known("SO_RCVTIMEO", 20);
const SO_SNDTIMEO: Constant = known("SO_SNDTIMEO", 21);
const IP_TOS: Constant = known("IP_TOS", 1);
const TCP_KEEPIDLE: Constant = known("TCP_KEEPIDLE", 4);
const TCP_KEEPINTVL: Constant = known("TCP_KEEPINTVL", 5);
const TCP_KEEPCNT: Constant = known("TCP_KEEPCNT", 6);
const TCP_LINGER2: Constant = known("TCP_LINGER2", 8);
const TCP_DEFER_ACCEPT: Constant = known("TCP_DEFER_ACCEPT", 9);
const TCP_USER_TIMEOUT: Constant = known("TCP_USER_TIMEOUT", 18);
pub(super) const TCP_REPAIR: Constant = unnamed("TCP_REPAIR", 19);
const TCP_REPAIR_QUEUE: Constant = unnamed("TCP_REPAIR_QUEUE", 20);
const TCP_QUEUE_SEQ: Constant = unnamed("TCP_QUEUE_SEQ", 21);
const TCP_FASTOPEN_CONNECT: Constant = unnamed("TCP_FASTOPEN_CONNECT", 30);

/// What `setsockopt` is given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Value {
    Int(i32),
    /// `struct linger`, switched on.
    Linger(i32),
    /// `struct timeval`.
    Millis(u32),
}

/// One `setsockopt`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Opt {
    pub(super) level: Constant,
    pub(super) name: Constant,
    pub(super) value: Value,
}

impl Opt {
    const fn int(level: Constant, name: Constant, value: i32) -> Self {
        Self { level, name, value: Value::Int(value) }
    }

    pub(super) const REUSE_ADDRESS: Self = Self::int(SOL_SOCKET, SO_REUSEADDR, 1);
    pub(super) const REPAIR: Self = Self::int(IPPROTO_TCP, TCP_REPAIR, 1);

    pub(super) const fn linger(seconds: i32) -> Self {
        Self { level: SOL_SOCKET, name: SO_LINGER, value: Value::Linger(seconds) }
    }

    pub(super) const fn read_timeout(ms: u32) -> Self {
        Self { level: SOL_SOCKET, name: SO_RCVTIMEO, value: Value::Millis(ms) }
    }

    pub(super) const fn limit(limit: Limit, ms: u32) -> Option<Self> {
        match limit {
            Limit::ReceiveTimeout => Some(Self::read_timeout(ms)),
            Limit::SendTimeout => Some(Self { level: SOL_SOCKET, name: SO_SNDTIMEO, value: Value::Millis(ms) }),
            Limit::NonBlocking => None,
        }
    }

    /// DSCP is the upper six bits of what is still called the type of service.
    pub(super) fn dscp(dscp: u8) -> Self {
        Self::int(IPPROTO_IP, IP_TOS, i32::from(dscp) << 2)
    }

    pub(super) fn keepalive(idle_s: u32, every_s: u32, probes: u32) -> [Self; 4] {
        let int = |value: u32| i32::try_from(value).unwrap_or(i32::MAX);
        [
            Self::int(IPPROTO_TCP, TCP_KEEPIDLE, int(idle_s)),
            Self::int(IPPROTO_TCP, TCP_KEEPINTVL, int(every_s)),
            Self::int(IPPROTO_TCP, TCP_KEEPCNT, int(probes)),
            Self::int(SOL_SOCKET, SO_KEEPALIVE, 1),
        ]
    }

    /// A connection that is made next begins with this number (`tcp_v4_connect` keeps one that is set).
    pub(super) const fn first_number(number: u32) -> [Self; 4] {
        [
            Self::REPAIR,
            Self::int(IPPROTO_TCP, TCP_REPAIR_QUEUE, 2),
            Self::int(IPPROTO_TCP, TCP_QUEUE_SEQ, number.cast_signed()),
            Self::int(IPPROTO_TCP, TCP_REPAIR, 0),
        ]
    }

    /// `None` for what is no plain value.
    pub(super) const fn of(option: SocketOption) -> Option<Self> {
        Some(match option {
            SocketOption::Linger2(seconds) => Self::int(IPPROTO_TCP, TCP_LINGER2, seconds),
            SocketOption::UserTimeout(ms) => Self::int(IPPROTO_TCP, TCP_USER_TIMEOUT, ms),
            SocketOption::DeferAccept(seconds) => Self::int(IPPROTO_TCP, TCP_DEFER_ACCEPT, seconds),
            SocketOption::SendBuffer(bytes) => Self::int(SOL_SOCKET, SO_SNDBUF, bytes),
            SocketOption::ReceiveBuffer(bytes) => Self::int(SOL_SOCKET, SO_RCVBUF, bytes),
            SocketOption::ReusePort => Self::int(SOL_SOCKET, SO_REUSEPORT, 1),
            SocketOption::Linger(seconds) => Self::linger(seconds),
            SocketOption::FastOpen => Self::int(IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1),
            SocketOption::Md5Key(..) => return None,
        })
    }

    /// As it is printed: `setsockopt(SO_LINGER)`.
    pub(super) fn call(self) -> String {
        format!("setsockopt({})", self.name.name)
    }
}
