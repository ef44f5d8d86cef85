//! The two ends of the wire: what each host has for a network device, with the lab's addresses.
//!
//! A TUN device is the first choice. Where `/dev/net/tun` cannot be opened (mode 0600, or absent as
//! in most containers), a veth pair does the same.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsFd, BorrowedFd};

use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};
use whyrst_core::scenario::Host;

use crate::error::{LabError, Tried};
use crate::netns::{self, Netns};
use crate::played::Wiring;
use crate::sys;
use crate::tun::Tun;
use crate::veth::{self, FarEnd};

/// Name of the device in either namespace.
pub(crate) const DEVICE: &str = "wire0";

/// The IPv4 address of a host.
pub(crate) const fn ipv4_of(host: Host) -> Ipv4Addr {
    Ipv4Addr::new(10, 77, 0, last_octet(host))
}

/// The IPv6 address of a host.
pub(crate) const fn ipv6_of(host: Host) -> Ipv6Addr {
    Ipv6Addr::new(0xfd77, 0, 0, 0, 0, 0, 0, last_octet(host) as u16)
}

const fn last_octet(host: Host) -> u8 {
    match host {
        Host::Client => 1,
        Host::Server => 2,
        Host::Silent => 9,
    }
}

/// Where the wire is plugged into a host. Reading gives one packet that the host sent; writing
/// delivers one to it. Neither ever blocks.
#[derive(Debug)]
pub(crate) enum Plug {
    Tun(Tun),
    Veth(FarEnd),
}

/// Gives each host its device, up and with its addresses: the client's, then the server's.
pub(crate) fn plug_in(hosts: &[Netns; 2]) -> Result<([Plug; 2], Wiring), LabError> {
    match with_tun(hosts) {
        Ok(plugs) => Ok((plugs, Wiring::Tun)),
        Err(no_tun) => match with_veth(hosts) {
            Ok(plugs) => Ok((plugs, Wiring::Veth { because: no_tun.to_string() })),
            Err(no_veth) => Err(LabError::NoWire { tun: Box::new(no_tun), veth: Box::new(no_veth) }),
        },
    }
}

fn with_tun([client, server]: &[Netns; 2]) -> Result<[Plug; 2], LabError> {
    let open = |host, netns: &Netns| {
        netns.enter()?;
        let tun = Tun::open()?;
        silence_ipv6_chatter()?;
        configure(host)?;
        Ok(Plug::Tun(tun))
    };
    Ok([open(Host::Client, client)?, open(Host::Server, server)?])
}

fn with_veth([client, server]: &[Netns; 2]) -> Result<[Plug; 2], LabError> {
    let between = veth::between()?;
    let open = |host, netns: &Netns| {
        let far = veth::open(host, netns, &between)?;
        configure(host)?;
        Ok(Plug::Veth(far))
    };
    Ok([open(Host::Client, client)?, open(Host::Server, server)?])
}

/// Router solicitations and link-local addresses have no part in any scenario.
pub(crate) fn silence_ipv6_chatter() -> Result<(), LabError> {
    netns::set_sysctl(&format!("net.ipv6.conf.{DEVICE}.addr_gen_mode"), "1")?;
    netns::set_sysctl(&format!("net.ipv6.conf.{DEVICE}.router_solicitations"), "0")
}

fn configure(host: Host) -> Result<(), LabError> {
    let datagram = |family| socket(family, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None);
    let v4 = datagram(AddressFamily::Inet).tried(|| "open an IPv4 socket".into())?;
    for device in ["lo", DEVICE] {
        sys::bring_up(v4.as_fd(), device, 0).tried(|| format!("bring {device} up"))?;
    }
    let address = ipv4_of(host);
    sys::set_ipv4(v4.as_fd(), DEVICE, address).tried(|| format!("give {DEVICE} the address {address}"))?;
    let address = ipv6_of(host);
    match datagram(AddressFamily::Inet6) {
        Err(Errno::EAFNOSUPPORT) => Ok(()), // a kernel without IPv6 still plays everything else
        v6 => {
            let v6 = v6.tried(|| "open an IPv6 socket".into())?;
            let index = index()?;
            sys::set_ipv6(v6.as_fd(), index, address).tried(|| format!("give {DEVICE} the address {address}"))
        }
    }
}

/// Index of the device in the namespace that this thread is in.
pub(crate) fn index() -> Result<u32, LabError> {
    nix::net::if_::if_nametoindex(DEVICE).tried(|| format!("find the index of {DEVICE}"))
}

impl Plug {
    /// The next packet that the host sent.
    pub(crate) fn receive(&mut self, packet: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tun(tun) => tun.file.read(packet),
            Self::Veth(far) => far.receive(packet),
        }
    }

    /// Delivers a packet to the host.
    pub(crate) fn send(&mut self, packet: &[u8]) -> io::Result<()> {
        match self {
            Self::Tun(tun) => tun.file.write(packet).map(drop),
            Self::Veth(far) => far.send(packet),
        }
    }
}

impl AsFd for Plug {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tun(tun) => tun.file.as_fd(),
            Self::Veth(far) => far.as_fd(),
        }
    }
}
