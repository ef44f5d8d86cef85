//! The handful of kernel interfaces that `nix` does not wrap, each behind a safe function.
//! All `unsafe` of the lab is here.
#![expect(unsafe_code, reason = "raw ioctls and fork have no safe wrapper; each block states why it is sound")]

use std::mem;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use nix::errno::Errno;
use nix::sys::signal::{SigHandler, Signal};
use nix::unistd::ForkResult;

/// `fork`. The caller has made sure that this is the only thread (`netns::ensure_single_thread`);
/// then the child may allocate and lock like any program.
pub(crate) fn fork() -> nix::Result<ForkResult> {
    // SAFETY: with one thread no lock can be held by a thread that does not exist in the child.
    unsafe { nix::unistd::fork() }
}

/// Ends the process without running what its parent registered to run at exit.
pub(crate) fn exit_now(status: i32) -> ! {
    // SAFETY: `_exit` has no preconditions.
    unsafe { libc::_exit(status) }
}

/// Takes charge of a descriptor that a call has just returned as a bare number.
pub(crate) fn own(descriptor: RawFd) -> OwnedFd {
    // SAFETY: callers pass what the kernel has just made and nobody else has seen.
    unsafe { OwnedFd::from_raw_fd(descriptor) }
}

/// Asks for the best scheduling priority for this process and its children to come, and returns the
/// one before. Only root gets it.
pub(crate) fn hurry() -> i32 {
    // SAFETY: neither call touches memory.
    unsafe {
        let before = libc::getpriority(libc::PRIO_PROCESS, 0);
        libc::setpriority(libc::PRIO_PROCESS, 0, -20);
        before
    }
}

/// Sets the scheduling priority back.
pub(crate) fn calm_down(before: i32) {
    // SAFETY: the call touches no memory.
    unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, before) };
}

/// Takes a signal by default, or ignores it.
pub(crate) fn set_disposition(signal: Signal, disposition: SigHandler) -> nix::Result<()> {
    debug_assert!(matches!(disposition, SigHandler::SigDfl | SigHandler::SigIgn));
    // SAFETY: no handler function is installed, only the default action or none.
    unsafe { nix::sys::signal::signal(signal, disposition) }.map(drop)
}

/// Makes the descriptor of `/dev/net/tun` the device `name`: raw IP, no header of its own.
pub(crate) fn attach_tun(tun: BorrowedFd<'_>, name: &str) -> nix::Result<()> {
    let mut request = interface_request(name);
    request.ifr_ifru.ifru_flags = i16::try_from(libc::IFF_TUN | libc::IFF_NO_PI).expect("invariant: both flags fit");
    ioctl(tun, libc::TUNSETIFF, &mut request)
}

/// Gives an interface an IPv4 address in a /24.
pub(crate) fn set_ipv4(socket: BorrowedFd<'_>, name: &str, address: Ipv4Addr) -> nix::Result<()> {
    let mut request = interface_request(name);
    request.ifr_ifru.ifru_addr = sockaddr_of(address);
    ioctl(socket, libc::SIOCSIFADDR, &mut request)?;
    request.ifr_ifru.ifru_netmask = sockaddr_of(Ipv4Addr::new(255, 255, 255, 0));
    ioctl(socket, libc::SIOCSIFNETMASK, &mut request)
}

/// Gives an interface an IPv6 address in a /64. `socket` is an IPv6 socket.
pub(crate) fn set_ipv6(socket: BorrowedFd<'_>, index: u32, address: Ipv6Addr) -> nix::Result<()> {
    let mut request = libc::in6_ifreq {
        ifr6_addr: libc::in6_addr { s6_addr: address.octets() },
        ifr6_prefixlen: 64,
        ifr6_ifindex: i32::try_from(index).map_err(|_| Errno::ERANGE)?,
    };
    ioctl(socket, libc::SIOCSIFADDR, &mut request)
}

/// Brings an interface up.
pub(crate) fn bring_up(socket: BorrowedFd<'_>, name: &str) -> nix::Result<()> {
    let mut request = interface_request(name);
    ioctl(socket, libc::SIOCGIFFLAGS, &mut request)?;
    // SAFETY: SIOCGIFFLAGS has just filled in this member of the union.
    let flags = unsafe { request.ifr_ifru.ifru_flags };
    request.ifr_ifru.ifru_flags = flags | i16::try_from(libc::IFF_UP).expect("invariant: IFF_UP is 1");
    ioctl(socket, libc::SIOCSIFFLAGS, &mut request)
}

/// Bytes in the receive queue.
pub(crate) fn unread_bytes(socket: BorrowedFd<'_>) -> nix::Result<usize> {
    let mut bytes: libc::c_int = 0;
    ioctl(socket, libc::FIONREAD, &mut bytes)?;
    Ok(usize::try_from(bytes).unwrap_or(0))
}

/// Packets that a packet socket had to drop since it was last asked.
pub(crate) fn packet_drops(socket: &impl AsFd) -> nix::Result<u64> {
    let mut stats = libc::tpacket_stats { tp_packets: 0, tp_drops: 0 };
    let mut len = libc::socklen_t::try_from(mem::size_of_val(&stats)).expect("invariant: eight bytes");
    let fd: RawFd = socket.as_fd().as_raw_fd();
    // SAFETY: the kernel writes at most `len` bytes, the size of `stats`.
    let result = unsafe {
        libc::getsockopt(fd, libc::SOL_PACKET, libc::PACKET_STATISTICS, (&raw mut stats).cast(), &raw mut len)
    };
    Errno::result(result).map(|_| u64::from(stats.tp_drops))
}

fn ioctl<T>(fd: BorrowedFd<'_>, request: libc::Ioctl, argument: &mut T) -> nix::Result<()> {
    // SAFETY: every caller above passes the type that its request reads and writes.
    let result = unsafe { libc::ioctl(fd.as_raw_fd(), request, argument) };
    Errno::result(result).map(drop)
}

fn interface_request(name: &str) -> libc::ifreq {
    // SAFETY: `ifreq` is plain data for which all zeros is a value.
    let mut request: libc::ifreq = unsafe { mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().take(libc::IFNAMSIZ - 1).zip(name.bytes()) {
        *to = from.cast_signed();
    }
    request
}

fn sockaddr_of(address: Ipv4Addr) -> libc::sockaddr {
    let family = libc::sa_family_t::try_from(libc::AF_INET).expect("invariant: AF_INET is 2");
    let mut plain = libc::sockaddr { sa_family: family, sa_data: [0; 14] };
    for (to, from) in plain.sa_data[2..6].iter_mut().zip(address.octets()) {
        *to = from.cast_signed();
    }
    plain
}
