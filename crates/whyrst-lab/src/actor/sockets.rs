//! The socket calls, each as small as a program would have it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::sockopt::{
    Ipv4Tos, Ipv6TClass, KeepAlive, Linger, ReceiveTimeout, ReuseAddr, SendTimeout, SocketError, TcpKeepCount,
    TcpKeepIdle, TcpKeepInterval, TcpRepair,
};
use nix::sys::socket::{
    AddressFamily, Backlog, MsgFlags, SockFlag, SockProtocol, SockType, SockaddrStorage, bind, getpeername,
    getsockname, getsockopt, sendto, setsockopt, socket,
};
use nix::sys::time::{TimeVal, TimeValLike};
use whyrst_core::segment::{Endpoint, Flags};

use crate::netlink::Request;
use crate::packet::Bare;
use crate::plug::{DEVICE, ipv4_of, ipv6_of};
use crate::scenario::{Family, Host, Limit, SocketOption};
use crate::sys;

/// Connections that wait to be accepted; only scenarios that say so fill it.
pub(super) const BACKLOG: i32 = 16;

/// Of `linux/sock_diag.h`.
const SOCK_DESTROY: u16 = 21;

/// Sequence numbers of hand-made segments: any will do.
const RAW_SEQ: u32 = 1_000_000;

/// `TCP_QUEUE_SEQ` sets the number of this queue (`linux/tcp.h`).
const TCP_SEND_QUEUE: i32 = 2;

/// Of a host and port.
pub(super) fn address(family: Family, host: Host, port: u16) -> SocketAddr {
    match family {
        Family::V4 => SocketAddr::new(ipv4_of(host).into(), port),
        Family::V6 => SocketAddr::new(ipv6_of(host).into(), port),
    }
}

/// Every address of this host.
pub(super) fn any_address(family: Family, port: u16) -> SocketAddr {
    match family {
        Family::V4 => SocketAddr::new([0; 4].into(), port),
        Family::V6 => SocketAddr::new([0; 16].into(), port),
    }
}

/// What a stream socket speaks.
#[derive(Clone, Copy, Debug)]
pub(super) enum Protocol {
    Tcp,
    /// Multipath TCP (RFC 8684).
    Mptcp,
}

/// What only this host itself can reach.
pub(super) const fn loopback(family: Family, port: u16) -> SocketAddr {
    match family {
        Family::V4 => SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port),
        Family::V6 => SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), port),
    }
}

pub(super) fn listen(
    address: SocketAddr,
    backlog: i32,
    protocol: Protocol,
    options: &[SocketOption],
) -> nix::Result<OwnedFd> {
    let listener = stream(address, protocol)?;
    setsockopt(&listener, ReuseAddr, &true)?;
    options.iter().try_for_each(|option| set(&listener, *option).map(drop))?;
    bind(listener.as_raw_fd(), &SockaddrStorage::from(address))?;
    nix::sys::socket::listen(&listener, Backlog::new(backlog)?)?;
    Ok(listener)
}

/// The connection, and its descriptor's number as the call returned it.
pub(super) fn accept(listener: &OwnedFd) -> nix::Result<(OwnedFd, i64)> {
    let number = nix::sys::socket::accept(listener.as_raw_fd())?;
    Ok((sys::own(number), number.into()))
}

/// A socket with a source port that is the same in every run.
pub(super) fn for_connecting(to: SocketAddr, source_port: u16, protocol: Protocol) -> nix::Result<OwnedFd> {
    let socket = stream(to, protocol)?;
    let any = match to.ip() {
        IpAddr::V4(_) => any_address(Family::V4, source_port),
        IpAddr::V6(_) => any_address(Family::V6, source_port),
    };
    bind(socket.as_raw_fd(), &SockaddrStorage::from(any))?;
    Ok(socket)
}

/// DSCP is the upper six bits of what is still called the type of service.
pub(super) fn set_dscp(socket: &OwnedFd, to: SocketAddr, dscp: u8) -> nix::Result<()> {
    let traffic_class = i32::from(dscp) << 2;
    match to.ip() {
        IpAddr::V4(_) => setsockopt(socket, Ipv4Tos, &traffic_class),
        IpAddr::V6(_) => setsockopt(socket, Ipv6TClass, &traffic_class),
    }
}

pub(super) fn connect(socket: &OwnedFd, to: SocketAddr) -> nix::Result<()> {
    nix::sys::socket::connect(socket.as_raw_fd(), &SockaddrStorage::from(to))
}

/// Limits the next `connect` in the given way.
pub(super) fn limit(socket: &OwnedFd, limit: Limit, ms: u32) -> nix::Result<()> {
    let time = TimeVal::milliseconds(ms.into());
    match limit {
        Limit::SendTimeout => setsockopt(socket, SendTimeout, &time),
        Limit::ReceiveTimeout => setsockopt(socket, ReceiveTimeout, &time),
        Limit::NonBlocking => fcntl(socket, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).map(drop),
    }
}

/// Number of ready descriptors: 0 when the time is over. A failed connect is an error.
pub(super) fn poll_writable(socket: &OwnedFd, ms: u32) -> nix::Result<i64> {
    let mut fds = [PollFd::new(socket.as_fd(), PollFlags::POLLOUT)];
    let ready = poll(&mut fds, PollTimeout::try_from(ms).map_err(|_| Errno::EINVAL)?)?;
    match getsockopt(socket, SocketError)? {
        0 => Ok(ready.into()),
        errno => Err(Errno::from_raw(errno)),
    }
}

/// Sets it as a program would.
pub(super) fn set(socket: &OwnedFd, option: SocketOption) -> nix::Result<i64> {
    use SocketOption as O;
    let fd = socket.as_fd();
    let int = |level, name, value| sys::set_option(fd, level, name, value);
    match option {
        O::Linger2(seconds) => int(libc::IPPROTO_TCP, libc::TCP_LINGER2, seconds),
        O::UserTimeout(ms) => int(libc::IPPROTO_TCP, libc::TCP_USER_TIMEOUT, ms),
        O::DeferAccept(seconds) => int(libc::IPPROTO_TCP, libc::TCP_DEFER_ACCEPT, seconds),
        O::SendBuffer(octets) => int(libc::SOL_SOCKET, libc::SO_SNDBUF, octets),
        O::ReceiveBuffer(octets) => int(libc::SOL_SOCKET, libc::SO_RCVBUF, octets),
        O::ReusePort => int(libc::SOL_SOCKET, libc::SO_REUSEPORT, 1),
        O::Linger(l_linger) => setsockopt(socket, Linger, &libc::linger { l_onoff: 1, l_linger }),
        O::FastOpen => int(libc::IPPROTO_TCP, libc::TCP_FASTOPEN_CONNECT, 1),
        O::Md5Key(host, key) => sys::set_md5_key(fd, ipv4_of(host), key.as_bytes()),
    }
    .map(|()| 0)
}

/// The connection that is made next begins with this number: outside repair mode `connect` keeps a
/// number that was set before (`tcp_v4_connect`).
pub(super) fn set_first_number(socket: &OwnedFd, number: u32) -> nix::Result<()> {
    let fd = socket.as_fd();
    let int = |name, value| sys::set_option(fd, libc::IPPROTO_TCP, name, value);
    int(libc::TCP_REPAIR, 1)?;
    int(libc::TCP_REPAIR_QUEUE, TCP_SEND_QUEUE)?;
    int(libc::TCP_QUEUE_SEQ, number.cast_signed())?;
    int(libc::TCP_REPAIR, 0)
}

/// The device of this namespace no longer carries anything.
pub(super) fn take_link_down() -> nix::Result<i64> {
    let control = socket(AddressFamily::Inet, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None)?;
    sys::take_down(control.as_fd(), DEVICE).map(|()| 0)
}

pub(super) fn linger_zero(socket: &OwnedFd) -> nix::Result<i64> {
    setsockopt(socket, Linger, &libc::linger { l_onoff: 1, l_linger: 0 }).map(|()| 0)
}

/// Probes after `idle_s` seconds of silence, every `every_s` seconds, until `probes` went unanswered.
pub(super) fn keep_alive(socket: &OwnedFd, idle_s: u32, every_s: u32, probes: u32) -> nix::Result<i64> {
    setsockopt(socket, TcpKeepIdle, &idle_s)?;
    setsockopt(socket, TcpKeepInterval, &every_s)?;
    setsockopt(socket, TcpKeepCount, &probes)?;
    setsockopt(socket, KeepAlive, &true).map(|()| 0)
}

/// What `ss -K` asks the kernel for: `SOCK_DESTROY` of this one connection.
pub(super) fn destroy(socket: &OwnedFd) -> nix::Result<i64> {
    let local: SockaddrStorage = getsockname(socket.as_raw_fd())?;
    let remote: SockaddrStorage = getpeername(socket.as_raw_fd())?;
    let (local, remote) = (socket_address(&local)?, socket_address(&remote)?);
    let request = Request::new(SOCK_DESTROY, 0, &diag_request(local, remote));
    request.send(SockProtocol::NetlinkSockDiag).map(|()| 0)
}

/// `struct inet_diag_req_v2` of `linux/inet_diag.h`, for exactly this connection.
fn diag_request(local: SocketAddr, remote: SocketAddr) -> Vec<u8> {
    const ANY_STATE: u32 = u32::MAX;
    const NO_COOKIE: [u8; 8] = [0xff; 8];
    let family = u8::try_from(family_of(local) as i32).unwrap_or_default();
    let protocol = u8::try_from(libc::IPPROTO_TCP).unwrap_or_default();
    let ip = |address: SocketAddr| {
        let mut octets = match address.ip() {
            IpAddr::V4(ip) => ip.octets().to_vec(),
            IpAddr::V6(ip) => ip.octets().to_vec(),
        };
        octets.resize(16, 0);
        octets
    };
    let mut bytes = vec![family, protocol, 0, 0];
    bytes.extend(ANY_STATE.to_ne_bytes());
    bytes.extend(local.port().to_be_bytes());
    bytes.extend(remote.port().to_be_bytes());
    bytes.extend(ip(local));
    bytes.extend(ip(remote));
    bytes.extend(0_u32.to_ne_bytes()); // any device
    bytes.extend(NO_COOKIE);
    bytes
}

fn socket_address(address: &SockaddrStorage) -> nix::Result<SocketAddr> {
    let v4 = address.as_sockaddr_in().map(|v4| SocketAddr::from((v4.ip(), v4.port())));
    let v6 = || address.as_sockaddr_in6().map(|v6| SocketAddr::from((v6.ip(), v6.port())));
    v4.or_else(v6).ok_or(Errno::EAFNOSUPPORT)
}

/// From here on the socket says nothing, not even when it is closed.
pub(super) fn enter_repair(socket: &OwnedFd) -> nix::Result<i64> {
    setsockopt(socket, TcpRepair, &1).map(|()| 0)
}

/// A SYN without any option: no kernel's `connect` sends that.
pub(super) fn send_raw_syn(from: SocketAddr, to: SocketAddr) -> nix::Result<i64> {
    send_raw(from, to, Flags::SYN, 0, &[])
}

/// `MP_JOIN` (RFC 8684 section 3.2) with a token and a nonce that belong to nothing.
pub(super) fn send_raw_join(from: SocketAddr, to: SocketAddr) -> nix::Result<i64> {
    const MP_JOIN: [u8; 12] = [30, 12, 0x10, 1, 0xde, 0xad, 0xbe, 0xef, 1, 2, 3, 4];
    send_raw(from, to, Flags::SYN, 0, &MP_JOIN)
}

pub(super) fn send_raw_ack(from: SocketAddr, to: SocketAddr) -> nix::Result<i64> {
    send_raw(from, to, Flags::ACK, RAW_SEQ * 2, &[])
}

pub(super) fn send_raw_xmas(from: SocketAddr, to: SocketAddr) -> nix::Result<i64> {
    send_raw(from, to, Flags::FIN.with(Flags::PSH).with(Flags::URG), 0, &[])
}

pub(super) fn send_raw_syn_ack(from: SocketAddr, to: SocketAddr) -> nix::Result<i64> {
    send_raw(from, to, Flags::SYN.with(Flags::ACK), RAW_SEQ * 2, &[])
}

fn send_raw(from: SocketAddr, to: SocketAddr, flags: Flags, ack: u32, options: &[u8]) -> nix::Result<i64> {
    let end = |address: SocketAddr| Endpoint::new(address.ip(), address.port());
    let segment = Bare { src: end(from), dst: end(to), seq: RAW_SEQ, ack, flags, window: 1024 };
    let segment = segment.segment_with(options, &[]);
    let raw = socket(family_of(to), SockType::Raw, SockFlag::SOCK_CLOEXEC, SockProtocol::Tcp)?;
    let to = SockaddrStorage::from(SocketAddr::new(to.ip(), 0));
    let sent = sendto(raw.as_raw_fd(), &segment, &to, MsgFlags::empty())?;
    Ok(i64::try_from(sent).unwrap_or(i64::MAX))
}

fn stream(address: SocketAddr, protocol: Protocol) -> nix::Result<OwnedFd> {
    match protocol {
        Protocol::Tcp => socket(family_of(address), SockType::Stream, SockFlag::SOCK_CLOEXEC, None),
        Protocol::Mptcp => sys::mptcp_stream(family_of(address)),
    }
}

fn family_of(address: SocketAddr) -> AddressFamily {
    match address {
        SocketAddr::V4(_) => AddressFamily::Inet,
        SocketAddr::V6(_) => AddressFamily::Inet6,
    }
}
