//! What makes a namespace a router: forwarding, a route to each host, an address of its own towards
//! each side. Client and server lie in one subnet and need to know nothing of it: without ARP a
//! packet simply goes to whoever is at the other end of the wire.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use nix::errno::Errno;
use nix::sys::socket::SockProtocol;

use crate::error::{LabError, Tried};
use crate::netlink::Request;
use crate::netns;
use crate::plug::{index, ipv4_of, ipv6_of};
use crate::scenario::Host;

const CREATE: u16 = 0x0400; // NLM_F_CREATE

/// Of the device towards the client.
pub(crate) fn near(device: &str) -> Result<(), LabError> {
    let own = [Ipv4Addr::new(10, 77, 0, 4).into(), Ipv6Addr::new(0xfd77, 0, 0, 0, 0, 0, 0, 4).into()];
    make_router(device)?;
    join(device, own, &[Host::Client])
}

/// Of the device towards the server.
pub(crate) fn far(device: &str) -> Result<(), LabError> {
    make_router(device)?;
    join(device, addresses_of(Host::Router), &[Host::Server, Host::Silent])
}

/// Both addresses of a host.
pub(crate) fn addresses_of(host: Host) -> [IpAddr; 2] {
    [ipv4_of(host).into(), ipv6_of(host).into()]
}

/// The host in whose namespace this is loses the address.
pub(crate) fn remove(device: &str, address: IpAddr) -> nix::Result<()> {
    let index = nix::net::if_::if_nametoindex(device)?;
    let prefix = if address.is_ipv4() { 24 } else { 64 };
    address_request(libc::RTM_DELADDR, 0, address, prefix, index).send(SockProtocol::NetlinkRoute)
}

fn make_router(device: &str) -> Result<(), LabError> {
    netns::set_sysctl("net.ipv4.ip_forward", "1")?;
    netns::set_sysctl("net.ipv6.conf.all.forwarding", "1")?;
    for device in ["all", device] {
        netns::set_sysctl(&format!("net.ipv4.conf.{device}.rp_filter"), "0")?;
    }
    Ok(())
}

fn join(device: &str, own: [IpAddr; 2], neighbours: &[Host]) -> Result<(), LabError> {
    let index = index(device)?;
    for address in own {
        let request = address_request(libc::RTM_NEWADDR, CREATE, address, bits(address), index);
        without_ipv6(request).tried(|| format!("give {device} the address {address}"))?;
    }
    for to in neighbours.iter().flat_map(|host| addresses_of(*host)) {
        without_ipv6(route_request(to, index)).tried(|| format!("make a route to {to} through {device}"))?;
    }
    Ok(())
}

/// A kernel without IPv6 still routes everything else.
fn without_ipv6(request: Request) -> nix::Result<()> {
    match request.send(SockProtocol::NetlinkRoute) {
        Err(Errno::EAFNOSUPPORT | Errno::EOPNOTSUPP) => Ok(()),
        result => result,
    }
}

/// `struct ifaddrmsg`, with the address.
fn address_request(kind: u16, flags: u16, address: IpAddr, prefix: u8, index: u32) -> Request {
    let mut header = vec![family(address), prefix, 0, 0];
    header.extend(index.to_ne_bytes());
    let octets = octets(address);
    Request::new(kind, flags, &header).with(libc::IFA_LOCAL, &octets).with(libc::IFA_ADDRESS, &octets)
}

/// `struct rtmsg`: a static route of the main table to this one address.
fn route_request(to: IpAddr, index: u32) -> Request {
    let scope = libc::RT_SCOPE_LINK;
    let mut header =
        vec![family(to), bits(to), 0, 0, libc::RT_TABLE_MAIN, libc::RTPROT_STATIC, scope, libc::RTN_UNICAST];
    header.extend(0_u32.to_ne_bytes());
    Request::new(libc::RTM_NEWROUTE, CREATE, &header)
        .with(libc::RTA_DST, &octets(to))
        .with(libc::RTA_OIF, &index.to_ne_bytes())
}

fn family(address: IpAddr) -> u8 {
    let family = if address.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 };
    u8::try_from(family).expect("invariant: both families are below 256")
}

const fn bits(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    }
}
