//! The handful of kernel interfaces that `nix` does not wrap, each behind a safe function.
//! All `unsafe` of the lab is here.
#![expect(unsafe_code, reason = "raw ioctls and fork have no safe wrapper; each block states why it is sound")]

use std::mem;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use nix::errno::Errno;
use nix::sys::signal::{SigHandler, Signal};
use nix::sys::socket::AddressFamily;
use nix::unistd::ForkResult;

use crate::scenario::Family;

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

/// A stream socket of Multipath TCP, for which `nix` has no name.
pub(crate) fn mptcp_stream(family: AddressFamily) -> nix::Result<OwnedFd> {
    // SAFETY: `socket` takes plain numbers and touches no memory of this process.
    let made = unsafe { libc::socket(family as i32, libc::SOCK_STREAM | libc::SOCK_CLOEXEC, libc::IPPROTO_MPTCP) };
    Errno::result(made).map(own)
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

/// Brings an interface up, with these flags besides.
pub(crate) fn bring_up(socket: BorrowedFd<'_>, name: &str, flags: libc::c_int) -> nix::Result<()> {
    let mut request = interface_request(name);
    let wanted = interface_flags(socket, name)? | libc::IFF_UP | flags;
    request.ifr_ifru.ifru_flags = i16::from_ne_bytes(low_half(wanted));
    ioctl(socket, libc::SIOCSIFFLAGS, &mut request)
}

/// Takes an interface down.
pub(crate) fn take_down(socket: BorrowedFd<'_>, name: &str) -> nix::Result<()> {
    let mut request = interface_request(name);
    let wanted = interface_flags(socket, name)? & !libc::IFF_UP;
    request.ifr_ifru.ifru_flags = i16::from_ne_bytes(low_half(wanted));
    ioctl(socket, libc::SIOCSIFFLAGS, &mut request)
}

/// A socket that sends whole IP packets, headers included.
pub(crate) fn raw_ip_socket(family: Family) -> nix::Result<OwnedFd> {
    let domain = match family {
        Family::V4 => libc::AF_INET,
        Family::V6 => libc::AF_INET6,
    };
    // SAFETY: the call touches no memory.
    let socket = unsafe { libc::socket(domain, libc::SOCK_RAW | libc::SOCK_CLOEXEC, libc::IPPROTO_RAW) };
    Errno::result(socket).map(own)
}

/// From now on segments to and from `peer` are signed with `key` (RFC 2385). `struct tcp_md5sig` of
/// `linux/tcp.h`: a `sockaddr_storage`, flags, prefix, length, interface, and eighty octets of key.
pub(crate) fn set_md5_key(socket: BorrowedFd<'_>, peer: Ipv4Addr, key: &[u8]) -> nix::Result<()> {
    let mut signature = [0_u8; 128 + 8 + 80];
    let family = libc::sa_family_t::try_from(libc::AF_INET).expect("invariant: AF_INET is 2");
    signature[..2].copy_from_slice(&family.to_ne_bytes());
    signature[4..8].copy_from_slice(&peer.octets());
    let len = u16::try_from(key.len()).map_err(|_| Errno::EINVAL)?;
    signature[130..132].copy_from_slice(&len.to_ne_bytes());
    signature.get_mut(136..136 + key.len()).ok_or(Errno::EINVAL)?.copy_from_slice(key);
    let size = libc::socklen_t::try_from(signature.len()).expect("invariant: some two hundred octets");
    let (level, option) = (libc::IPPROTO_TCP, libc::TCP_MD5SIG);
    // SAFETY: the kernel reads `size` bytes, the size of `signature`.
    let result = unsafe { libc::setsockopt(socket.as_raw_fd(), level, option, signature.as_ptr().cast(), size) };
    Errno::result(result).map(drop)
}

/// Whether an interface is up and has a carrier.
pub(crate) fn is_running(socket: BorrowedFd<'_>, name: &str) -> nix::Result<bool> {
    Ok(interface_flags(socket, name)? & libc::IFF_RUNNING != 0)
}

fn interface_flags(socket: BorrowedFd<'_>, name: &str) -> nix::Result<libc::c_int> {
    let mut request = interface_request(name);
    ioctl(socket, libc::SIOCGIFFLAGS, &mut request)?;
    // SAFETY: SIOCGIFFLAGS has just filled in this member of the union.
    Ok(unsafe { request.ifr_ifru.ifru_flags }.cast_unsigned().into())
}

/// The ioctl carries sixteen of the flags.
fn low_half(flags: libc::c_int) -> [u8; 2] {
    let bytes = flags.to_le_bytes();
    u16::from_le_bytes([bytes[0], bytes[1]]).to_ne_bytes()
}

/// Lets the kernel finish packets itself: whole checksums, one segment per packet, none merged.
pub(crate) fn switch_offloads_off(socket: BorrowedFd<'_>, name: &str) -> nix::Result<()> {
    // ETHTOOL_STXCSUM, ETHTOOL_STSO, ETHTOOL_SGSO, ETHTOOL_SGRO of linux/ethtool.h
    [0x17, 0x1f, 0x24, 0x2c].into_iter().try_for_each(|command| set_off(socket, name, command))
}

/// `struct ethtool_value` with value 0. What a device does not have is off already.
fn set_off(socket: BorrowedFd<'_>, name: &str, command: u32) -> nix::Result<()> {
    let mut value = [command, 0];
    let mut request = interface_request(name);
    request.ifr_ifru.ifru_data = value.as_mut_ptr().cast();
    match ioctl(socket, libc::SIOCETHTOOL, &mut request) {
        Err(Errno::EOPNOTSUPP) => Ok(()),
        result => result,
    }
}

/// Gives a packet socket the packets of one interface only.
pub(crate) fn bind_packet_socket(socket: BorrowedFd<'_>, interface: u32) -> nix::Result<()> {
    // SAFETY: `sockaddr_ll` is plain data for which all zeros is a value.
    let mut address: libc::sockaddr_ll = unsafe { mem::zeroed() };
    address.sll_family = libc::sa_family_t::try_from(libc::AF_PACKET).expect("invariant: AF_PACKET is 17");
    address.sll_protocol = u16::try_from(libc::ETH_P_ALL).expect("invariant: ETH_P_ALL is 3").to_be();
    address.sll_ifindex = i32::try_from(interface).map_err(|_| Errno::ERANGE)?;
    let len = libc::socklen_t::try_from(mem::size_of_val(&address)).expect("invariant: twenty bytes");
    // SAFETY: the kernel reads `len` bytes, the size of `address`.
    let result = unsafe { libc::bind(socket.as_raw_fd(), (&raw const address).cast(), len) };
    Errno::result(result).map(drop)
}

/// A packet socket no longer sees what is sent through its own interface.
pub(crate) fn ignore_outgoing(socket: BorrowedFd<'_>) -> nix::Result<()> {
    set_option(socket, libc::SOL_PACKET, libc::PACKET_IGNORE_OUTGOING, 1)
}

/// Sets an option whose value is an `int`.
pub(crate) fn set_option(
    socket: BorrowedFd<'_>,
    level: libc::c_int,
    option: libc::c_int,
    value: libc::c_int,
) -> nix::Result<()> {
    let len = libc::socklen_t::try_from(mem::size_of_val(&value)).expect("invariant: four bytes");
    // SAFETY: the kernel reads `len` bytes, the size of `value`.
    let result = unsafe { libc::setsockopt(socket.as_raw_fd(), level, option, (&raw const value).cast(), len) };
    Errno::result(result).map(drop)
}

/// `connect(AF_UNSPEC)`: the socket is no longer connected to anything.
pub(crate) fn dissolve(socket: BorrowedFd<'_>) -> nix::Result<()> {
    // SAFETY: `sockaddr` is plain data for which all zeros is a value: the family AF_UNSPEC.
    let nowhere: libc::sockaddr = unsafe { mem::zeroed() };
    let len = libc::socklen_t::try_from(mem::size_of_val(&nowhere)).expect("invariant: sixteen bytes");
    // SAFETY: the kernel reads `len` bytes, the size of `nowhere`.
    let result = unsafe { libc::connect(socket.as_raw_fd(), &raw const nowhere, len) };
    Errno::result(result).map(drop)
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

/// The numbers of requests have another type than the call takes where the C library is musl.
fn ioctl<T>(fd: BorrowedFd<'_>, request: impl TryInto<libc::Ioctl>, argument: &mut T) -> nix::Result<()> {
    let Ok(request) = request.try_into() else { return Err(Errno::EINVAL) };
    // SAFETY: every caller above passes the type that its request reads and writes.
    let result = unsafe { libc::ioctl(fd.as_raw_fd(), request, argument) };
    Errno::result(result).map(drop)
}

fn interface_request(name: &str) -> libc::ifreq {
    // SAFETY: `ifreq` is plain data for which all zeros is a value.
    let mut request: libc::ifreq = unsafe { mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().take(libc::IFNAMSIZ - 1).zip(name.bytes()) {
        *to = char_of(from);
    }
    request
}

fn sockaddr_of(address: Ipv4Addr) -> libc::sockaddr {
    let family = libc::sa_family_t::try_from(libc::AF_INET).expect("invariant: AF_INET is 2");
    let mut plain = libc::sockaddr { sa_family: family, sa_data: [0; 14] };
    for (to, from) in plain.sa_data[2..6].iter_mut().zip(address.octets()) {
        *to = char_of(from);
    }
    plain
}

/// C's `char` has a sign on x86-64 and none on arm64.
fn char_of(octet: u8) -> libc::c_char {
    libc::c_char::from_ne_bytes([octet])
}
