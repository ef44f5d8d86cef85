//! One end of the wire: a TUN device in a namespace, with the lab's addresses.

use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;

use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};
use whyrst_core::scenario::Host;

use crate::error::{LabError, Tried, errno_of};
use crate::{netns, sys};

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

/// A TUN device. Reading gives one packet that the host sent; writing delivers one to it.
#[derive(Debug)]
pub(crate) struct Tun {
    /// Non-blocking.
    pub(crate) file: File,
    /// Index of the interface in its namespace.
    pub(crate) index: u32,
}

impl Tun {
    /// Makes the device in the namespace that this thread is in, and brings it up with the
    /// addresses of `host`.
    pub(crate) fn open(host: Host) -> Result<Self, LabError> {
        let file = open_driver()?;
        sys::attach_tun(file.as_fd(), DEVICE).tried(|| format!("make the TUN device {DEVICE}"))?;
        let index = nix::net::if_::if_nametoindex(DEVICE).tried(|| format!("find the index of {DEVICE}"))?;
        silence_ipv6_chatter()?;
        configure(host, index)?;
        Ok(Self { file, index })
    }
}

fn open_driver() -> Result<File, LabError> {
    let open = OpenOptions::new().read(true).write(true).custom_flags(libc::O_NONBLOCK).open("/dev/net/tun");
    open.map_err(|error| LabError::NoTun {
        cause: errno_of(&error),
        remedy: match error.kind() {
            ErrorKind::PermissionDenied => {
                "an ordinary user needs it readable and writable, as udev sets it up: as root, `chmod 0666 /dev/net/tun`"
            }
            ErrorKind::NotFound => {
                "as root, `modprobe tun`; in a container, start it with `--device /dev/net/tun`"
            }
            _ => "is the kernel built with CONFIG_TUN?",
        },
    })
}

/// Router solicitations and link-local addresses have no part in any scenario.
fn silence_ipv6_chatter() -> Result<(), LabError> {
    netns::set_sysctl(&format!("net.ipv6.conf.{DEVICE}.addr_gen_mode"), "1")?;
    netns::set_sysctl(&format!("net.ipv6.conf.{DEVICE}.router_solicitations"), "0")
}

fn configure(host: Host, index: u32) -> Result<(), LabError> {
    let datagram = |family| socket(family, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None);
    let v4 = datagram(AddressFamily::Inet).tried(|| "open an IPv4 socket".into())?;
    for device in ["lo", DEVICE] {
        sys::bring_up(v4.as_fd(), device).tried(|| format!("bring {device} up"))?;
    }
    let address = ipv4_of(host);
    sys::set_ipv4(v4.as_fd(), DEVICE, address).tried(|| format!("give {DEVICE} the address {address}"))?;
    let address = ipv6_of(host);
    match datagram(AddressFamily::Inet6) {
        Err(Errno::EAFNOSUPPORT) => Ok(()), // a kernel without IPv6 still plays everything else
        v6 => {
            let v6 = v6.tried(|| "open an IPv6 socket".into())?;
            sys::set_ipv6(v6.as_fd(), index, address).tried(|| format!("give {DEVICE} the address {address}"))
        }
    }
}
