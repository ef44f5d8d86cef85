//! The second choice for the wire, where `/dev/net/tun` is out of reach: a veth pair for each host,
//! whose far ends lie in a namespace of their own and are read and written by packet sockets.
//!
//! To the host it looks as a TUN device does: no ARP, no neighbour discovery, no offload that would
//! leave checksums or segments unfinished. The packet sockets add and take the Ethernet header, so
//! the wire carries raw IP packets either way.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::net::if_::if_nametoindex;
use nix::sys::socket::{AddressFamily, SockFlag, SockProtocol, SockType, socket};

use crate::error::{LabError, Tried};
use crate::netlink::{Request, attribute};
use crate::netns::{self, Netns};
use crate::{sys, tap};

/// Ethernet destination, source, type.
const HEADER: usize = 14;

/// Every host's device has this address, locally administered. A device without ARP sends to its
/// own address, so the far end, which has another, takes nothing for itself.
const MAC: [u8; 6] = [0x02, 0, 0, 0, 0, 0x01];

/// A carrier comes within a millisecond; the kernel may defer it by a second.
const PATIENCE: Duration = Duration::from_secs(3);

/// Makes a pair: its near end `device` in `netns`, its far end `far` in `between`. Leaves this thread
/// in `netns`, with both ends up.
pub(crate) fn open(device: &str, far: &str, netns: &Netns, between: &Netns) -> Result<FarEnd, LabError> {
    netns.enter()?;
    create(device, far, between).tried(|| format!("make the veth pair {device}"))?;
    let near = control()?;
    sys::switch_offloads_off(near.as_fd(), device).tried(|| format!("switch the offloads of {device} off"))?;
    between.enter()?;
    let end = FarEnd::open(far)?;
    netns.enter()?;
    crate::plug::silence_ipv6_chatter(device)?;
    sys::bring_up(near.as_fd(), device, libc::IFF_NOARP).tried(|| format!("bring {device} up"))?;
    await_carrier(near.as_fd(), device)?;
    between.enter()?;
    await_carrier(control()?.as_fd(), far)?;
    netns.enter()?;
    Ok(end)
}

/// The namespace where the far ends lie. They must not speak: IPv6 would, by itself.
pub(crate) fn between() -> Result<Netns, LabError> {
    let between = Netns::fresh()?;
    netns::set_sysctl("net.ipv6.conf.all.disable_ipv6", "1")?;
    netns::set_sysctl("net.ipv6.conf.default.disable_ipv6", "1")?;
    Ok(between)
}

/// `ip link add DEVICE address MAC type veth peer name FAR netns BETWEEN`
fn create(device: &str, far: &str, between: &Netns) -> nix::Result<()> {
    const CREATE_EXCLUSIVELY: u16 = 0x0400 | 0x0200; // NLM_F_CREATE | NLM_F_EXCL
    const VETH_INFO_PEER: u16 = 1;
    let interface = [0; 16]; // struct ifinfomsg: any family, type and index
    let peer = [
        interface.to_vec(),
        attribute(libc::IFLA_IFNAME, &name(far)),
        attribute(libc::IFLA_NET_NS_FD, &between.as_fd().as_raw_fd().to_ne_bytes()),
    ];
    let kind = attribute(libc::IFLA_INFO_KIND, b"veth");
    let data = attribute(libc::IFLA_INFO_DATA, &attribute(VETH_INFO_PEER, &peer.concat()));
    Request::new(libc::RTM_NEWLINK, CREATE_EXCLUSIVELY, &interface)
        .with(libc::IFLA_IFNAME, &name(device))
        .with(libc::IFLA_ADDRESS, &MAC)
        .with(libc::IFLA_LINKINFO, &[kind, data].concat())
        .send(SockProtocol::NetlinkRoute)
}

fn name(device: &str) -> Vec<u8> {
    [device.as_bytes(), &[0]].concat()
}

/// Any socket will do for the ioctls of devices.
fn control() -> Result<OwnedFd, LabError> {
    socket(AddressFamily::Inet, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None).tried(|| "open an IPv4 socket".into())
}

fn await_carrier(control: BorrowedFd<'_>, device: &str) -> Result<(), LabError> {
    let end = Instant::now() + PATIENCE;
    while !sys::is_running(control, device).tried(|| format!("look at {device}"))? {
        if Instant::now() > end {
            return Err(Errno::ETIMEDOUT).tried(|| format!("wait for the carrier of {device}"));
        }
        std::thread::sleep(Duration::from_micros(200));
    }
    Ok(())
}

/// The far end of a pair. Reading gives one packet that the host sent; writing delivers one to it.
#[derive(Debug)]
pub(crate) struct FarEnd {
    socket: File,
    frame: Vec<u8>,
}

impl FarEnd {
    /// Brings it up in the namespace that this thread is in.
    fn open(device: &str) -> Result<Self, LabError> {
        let control = control()?;
        sys::switch_offloads_off(control.as_fd(), device).tried(|| format!("switch the offloads of {device} off"))?;
        let index = if_nametoindex(device).tried(|| format!("find the index of {device}"))?;
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let socket = socket(AddressFamily::Packet, SockType::Raw, flags, None)
            .tried(|| "open a packet socket for the wire".into())?;
        tap::enlarge_receive_buffer(&socket)?;
        sys::ignore_outgoing(socket.as_fd()).tried(|| "leave out what the wire itself sends".into())?;
        sys::bind_packet_socket(socket.as_fd(), index).tried(|| format!("bind a packet socket to {device}"))?;
        sys::bring_up(control.as_fd(), device, libc::IFF_NOARP).tried(|| format!("bring {device} up"))?;
        Ok(Self { socket: socket.into(), frame: Vec::new() })
    }

    /// The next packet.
    pub(crate) fn receive(&mut self, packet: &mut [u8]) -> io::Result<usize> {
        self.frame.resize(HEADER + packet.len(), 0);
        let len = self.socket.read(&mut self.frame)?.saturating_sub(HEADER);
        packet[..len].copy_from_slice(&self.frame[HEADER..HEADER + len]);
        Ok(len)
    }

    /// Delivers a packet.
    pub(crate) fn send(&mut self, packet: &[u8]) -> io::Result<()> {
        let ether_type = ether_type(packet).ok_or(ErrorKind::InvalidInput)?;
        self.frame.clear();
        self.frame.extend([MAC, MAC].concat());
        self.frame.extend(ether_type.to_be_bytes());
        self.frame.extend(packet);
        self.socket.write(&self.frame).map(drop)
    }
}

impl AsFd for FarEnd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

fn ether_type(packet: &[u8]) -> Option<u16> {
    match packet.first()? >> 4 {
        4 => Some(0x0800),
        6 => Some(0x86dd),
        _ => None,
    }
}
