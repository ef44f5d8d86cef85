//! The ends of the wire: what each host has for a network device, with the lab's addresses.
//!
//! A TUN device is the first choice. Where `/dev/net/tun` cannot be opened (mode 0600, or absent as
//! in most containers), a veth pair does the same.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsFd, BorrowedFd};

use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};

use crate::error::{LabError, Tried};
use crate::netns::{self, Netns};
use crate::played::Wiring;
use crate::route;
use crate::scenario::{Host, Link};
use crate::sys;
use crate::tun::Tun;
use crate::veth::{self, FarEnd};
use crate::wire::Place;

/// Name of the device in either namespace; the router's second one is `wire1`.
pub(crate) const DEVICE: &str = "wire0";

/// The IPv4 address of a host; of the router, the one towards the server.
pub(crate) const fn ipv4_of(host: Host) -> Ipv4Addr {
    Ipv4Addr::new(10, 77, 0, last_octet(host))
}

/// The IPv6 address of a host; of the router, the one towards the server.
pub(crate) const fn ipv6_of(host: Host) -> Ipv6Addr {
    Ipv6Addr::new(0xfd77, 0, 0, 0, 0, 0, 0, last_octet(host) as u16)
}

const fn last_octet(host: Host) -> u8 {
    match host {
        Host::Client => 1,
        Host::Server | Host::Standby => 2,
        Host::Router => 3,
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

/// The hosts of a stage, each with its namespace.
pub(crate) type Hosts = [(Host, Netns)];

/// Gives each host its devices, up and with its addresses.
pub(crate) fn plug_in(hosts: &Hosts, link: Link) -> Result<(Vec<(Place, Plug)>, Wiring), LabError> {
    if link == Link::Ethernet {
        let because = "the play needs a link layer".to_string();
        return Ok((with_veth(hosts)?, Wiring::Veth { because }));
    }
    match everywhere(hosts, |place| Tun::open(device_of(place)).map(Plug::Tun)) {
        Ok(plugs) => Ok((plugs, Wiring::Tun)),
        Err(no_tun) => match with_veth(hosts) {
            Ok(plugs) => Ok((plugs, Wiring::Veth { because: no_tun.to_string() })),
            Err(no_veth) => Err(LabError::NoWire { tun: Box::new(no_tun), veth: Box::new(no_veth) }),
        },
    }
}

fn with_veth(hosts: &Hosts) -> Result<Vec<(Place, Plug)>, LabError> {
    let between = veth::between()?;
    everywhere(hosts, |place| {
        let here = Netns::current()?;
        veth::open(device_of(place), far_name(place), &here, &between).map(Plug::Veth)
    })
}

/// Opens a plug at every place, in the namespace of its host.
fn everywhere(hosts: &Hosts, open: impl Fn(Place) -> Result<Plug, LabError>) -> Result<Vec<(Place, Plug)>, LabError> {
    let mut plugs = Vec::new();
    for (host, netns) in hosts {
        for place in places_of(*host) {
            netns.enter()?;
            let plug = open(*place)?;
            silence_ipv6_chatter(device_of(*place))?;
            configure(*place)?;
            plugs.push((*place, plug));
        }
    }
    Ok(plugs)
}

/// The places of a host's devices.
pub(crate) const fn places_of(host: Host) -> &'static [Place] {
    match host {
        Host::Client => &[Place::Client],
        Host::Server => &[Place::Server],
        Host::Standby => &[Place::Standby],
        Host::Router => &[Place::RouterNear, Place::RouterFar],
        Host::Silent => &[],
    }
}

/// The name of the device at a place.
pub(crate) const fn device_of(place: Place) -> &'static str {
    match place {
        Place::RouterFar => "wire1",
        _ => DEVICE,
    }
}

/// The name of a veth pair's far end, where all of them lie in one namespace.
const fn far_name(place: Place) -> &'static str {
    match place {
        Place::RouterNear => "router0",
        Place::RouterFar => "router1",
        place => place.host().name(),
    }
}

/// Router solicitations and link-local addresses have no part in any scenario.
pub(crate) fn silence_ipv6_chatter(device: &str) -> Result<(), LabError> {
    netns::set_sysctl(&format!("net.ipv6.conf.{device}.addr_gen_mode"), "1")?;
    netns::set_sysctl(&format!("net.ipv6.conf.{device}.router_solicitations"), "0")
}

fn configure(place: Place) -> Result<(), LabError> {
    let device = device_of(place);
    let datagram = |family| socket(family, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None);
    let v4 = datagram(AddressFamily::Inet).tried(|| "open an IPv4 socket".into())?;
    for device in ["lo", device] {
        sys::bring_up(v4.as_fd(), device, 0).tried(|| format!("bring {device} up"))?;
    }
    match place {
        Place::RouterNear => return route::near(device),
        Place::RouterFar => return route::far(device),
        _ => {}
    }
    let address = ipv4_of(place.host());
    sys::set_ipv4(v4.as_fd(), device, address).tried(|| format!("give {device} the address {address}"))?;
    let address = ipv6_of(place.host());
    match datagram(AddressFamily::Inet6) {
        Err(Errno::EAFNOSUPPORT) => Ok(()), // a kernel without IPv6 still plays everything else
        v6 => {
            let v6 = v6.tried(|| "open an IPv6 socket".into())?;
            let index = index(device)?;
            sys::set_ipv6(v6.as_fd(), index, address).tried(|| format!("give {device} the address {address}"))
        }
    }
}

/// Index of the device in the namespace that this thread is in.
pub(crate) fn index(device: &str) -> Result<u32, LabError> {
    nix::net::if_::if_nametoindex(device).tried(|| format!("find the index of {device}"))
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
