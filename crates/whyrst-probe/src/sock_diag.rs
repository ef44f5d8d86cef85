//! The kernel's list of TCP sockets (netlink `sock_diag`, `net/ipv4/inet_diag.c`), as `ss` asks for it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsRawFd as _, OwnedFd};

use nix::sys::socket::{AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, recv, sendto, socket};
use whyrst_core::segment::Endpoint;

/// `SOCK_DIAG_BY_FAMILY` of `linux/sock_diag.h`.
const SOCK_DIAG_BY_FAMILY: u16 = 20;
/// `INET_DIAG_INFO` and `INET_DIAG_CGROUP_ID` of `linux/inet_diag.h`.
const INET_DIAG_INFO: u16 = 2;
const INET_DIAG_CGROUP_ID: u16 = 21;
/// `tcpi_last_data_recv` in `struct tcp_info` of linux/tcp.h.
const LAST_DATA_RECV: usize = 52;
/// `sizeof(struct inet_diag_msg)`.
const DIAG_MSG: usize = 72;
/// Sockets looked at; on a host with more, `ss` lists them.
const MOST: usize = 200_000;

/// States of a socket, as bits (`net/tcp_states.h`).
pub(crate) mod states {
    pub(crate) const ESTABLISHED: u32 = 1 << 1;
    pub(crate) const FIN_WAIT1: u32 = 1 << 4;
    pub(crate) const FIN_WAIT2: u32 = 1 << 5;
    pub(crate) const CLOSE_WAIT: u32 = 1 << 8;
    pub(crate) const LAST_ACK: u32 = 1 << 9;
    pub(crate) const LISTEN: u32 = 1 << 10;
    pub(crate) const CLOSING: u32 = 1 << 11;
    /// A FIN was sent, and something is still expected of the other end.
    pub(crate) const OPEN_TO_THE_OTHER_END: u32 = FIN_WAIT1 | FIN_WAIT2 | LAST_ACK | CLOSING;
}

/// Asks for the sockets of one network namespace: that in which it was made.
#[derive(Debug)]
pub struct SocketList {
    netlink: OwnedFd,
}

/// One socket of the list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Listed {
    /// One bit of [`states`].
    pub(crate) state: u32,
    pub(crate) local: Endpoint,
    pub(crate) remote: Endpoint,
    pub(crate) queued: u32,
    pub(crate) bound: u32,
    /// Milliseconds since data last came.
    pub(crate) silent_ms: Option<u32>,
    /// 0 where no process has it open.
    pub(crate) inode: u32,
    /// In which it was opened; `None` of one that is only waiting for time to pass, or on kernels before 5.9.
    pub(crate) cgroup: Option<u64>,
}

impl SocketList {
    /// For the namespace that this thread is in; it may be asked from another one.
    ///
    /// # Errors
    ///
    /// When the kernel refuses the netlink socket.
    pub fn here() -> nix::Result<Self> {
        let flags = SockFlag::SOCK_CLOEXEC;
        let netlink = socket(AddressFamily::Netlink, SockType::Raw, flags, SockProtocol::NetlinkSockDiag)?;
        Ok(Self { netlink })
    }

    /// All in one of `states`, of both families; no more than are looked at.
    pub(crate) fn list(&self, states: u32) -> nix::Result<Vec<Listed>> {
        let mut found = Vec::new();
        for family in [libc::AF_INET, libc::AF_INET6] {
            self.each(family, states, &mut |listed| {
                if found.len() < MOST {
                    found.push(listed);
                }
            })?;
        }
        Ok(found)
    }

    /// Those that have sent a FIN and still wait for the other end, of sockets that were opened in this cgroup.
    pub(crate) fn closing(&self, cgroup: u64) -> nix::Result<Closing> {
        let mut closing = Closing::default();
        for family in [libc::AF_INET, libc::AF_INET6] {
            self.each(family, states::OPEN_TO_THE_OTHER_END, &mut |listed| match listed.cgroup {
                Some(own) => closing.sockets += usize::from(own == cgroup && listed.inode == 0),
                None => closing.timers.push((listed.local, listed.remote)),
            })?;
        }
        Ok(closing)
    }

    /// Hands over each of one family, to the end of the list.
    fn each(&self, family: i32, states: u32, take: &mut impl FnMut(Listed)) -> nix::Result<()> {
        sendto(self.netlink.as_raw_fd(), &request(family, states), &NetlinkAddr::new(0, 0), MsgFlags::empty())?;
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let len = recv(self.netlink.as_raw_fd(), &mut buffer, MsgFlags::empty())?;
            if messages(&buffer[..len], take)? == Dump::Ends {
                return Ok(());
            }
        }
    }
}

/// Connections that wait for the other end's FIN.
#[derive(Default)]
pub(crate) struct Closing {
    /// Sockets without a process.
    pub(crate) sockets: usize,
    /// The ends of those whose socket has become a timer, whoever opened it (`tcp_time_wait` in
    /// `net/ipv4/tcp_minisocks.c`): these have no cgroup.
    pub(crate) timers: Vec<(Endpoint, Endpoint)>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Dump {
    GoesOn,
    Ends,
}

/// `struct nlmsghdr`, then `struct inet_diag_req_v2`.
fn request(family: i32, states: u32) -> Vec<u8> {
    const LEN: u32 = 16 + 56;
    let flags = u16::try_from(libc::NLM_F_REQUEST | libc::NLM_F_DUMP).unwrap_or_default();
    let mut bytes = Vec::new();
    bytes.extend(LEN.to_ne_bytes());
    bytes.extend(SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    bytes.extend(flags.to_ne_bytes());
    bytes.extend([0; 8]); // sequence number and port
    bytes.extend([u8::try_from(family).unwrap_or_default(), 6, 1 << (INET_DIAG_INFO - 1), 0]); // IPPROTO_TCP
    bytes.extend(states.to_ne_bytes());
    bytes.extend([0; 48]); // any socket
    bytes
}

fn messages(mut bytes: &[u8], take: &mut impl FnMut(Listed)) -> nix::Result<Dump> {
    const DONE: u16 = 3;
    const ERROR: u16 = 2;
    while bytes.len() >= 16 {
        let len = u32_at(bytes, 0).unwrap_or_default() as usize;
        let (Some(message), Some(kind)) = (bytes.get(16..len), u16_at(bytes, 4)) else { break };
        match kind {
            DONE => return Ok(Dump::Ends),
            ERROR => {
                let code = u32_at(message, 0).map_or(0, u32::cast_signed);
                return if code == 0 { Ok(Dump::Ends) } else { Err(nix::Error::from_raw(-code)) };
            }
            _ => listed(message).into_iter().for_each(&mut *take),
        }
        bytes = bytes.get(len.next_multiple_of(4)..).unwrap_or_default();
    }
    Ok(Dump::GoesOn)
}

/// `struct inet_diag_msg` and what follows it.
fn listed(message: &[u8]) -> Option<Listed> {
    let (family, state) = (i32::from(*message.first()?), 1_u32.checked_shl(u32::from(*message.get(1)?))?);
    let port = |at: usize| message.get(at..at + 2).map(|port| u16::from_be_bytes([port[0], port[1]]));
    let address = |at: usize| -> Option<IpAddr> {
        let octets: [u8; 16] = message.get(at..at + 16)?.try_into().ok()?;
        Some(if family == libc::AF_INET {
            Ipv4Addr::new(octets[0], octets[1], octets[2], octets[3]).into()
        } else {
            Ipv6Addr::from(octets).to_canonical()
        })
    };
    let attributes = message.get(DIAG_MSG..)?;
    let cgroup = attribute(attributes, INET_DIAG_CGROUP_ID).and_then(|id| id.first_chunk());
    Some(Listed {
        state,
        local: Endpoint::new(address(8)?, port(4)?),
        remote: Endpoint::new(address(24)?, port(6)?),
        queued: u32_at(message, 56)?,
        bound: u32_at(message, 60)?,
        silent_ms: attribute(attributes, INET_DIAG_INFO).and_then(|info| u32_at(info, LAST_DATA_RECV)),
        inode: u32_at(message, 68)?,
        cgroup: cgroup.map(|id| u64::from_ne_bytes(*id)),
    })
}

/// The value of the attribute of this kind.
fn attribute(mut attributes: &[u8], wanted: u16) -> Option<&[u8]> {
    loop {
        let (len, kind) = (usize::from(u16_at(attributes, 0)?), u16_at(attributes, 2)?);
        if kind == wanted {
            return attributes.get(4..len);
        }
        attributes = attributes.get(len.next_multiple_of(4).max(4)..)?;
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|two| u16::from_ne_bytes(*two))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|four| u32::from_ne_bytes(*four))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Shutdown, TcpListener, TcpStream};
    use std::thread::sleep;
    use std::time::Duration;

    #[test]
    fn damaged_netlink_messages_are_no_panic() {
        for len in 0..200 {
            let mut bytes = vec![0xff; len];
            assert!(messages(&bytes, &mut drop).is_ok());
            if len >= 4 {
                bytes[..4].copy_from_slice(&u32::try_from(len).unwrap().to_ne_bytes());
                let _ = messages(&bytes, &mut drop);
            }
            assert!(attribute(&vec![1; len], INET_DIAG_INFO).is_none());
        }
    }

    #[test]
    fn what_waits_for_the_other_end_without_a_process_is_known_by_its_cgroup_or_its_ends() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (server, _) = listener.accept().unwrap();
        let of = |address: std::net::SocketAddr| Endpoint::new(address.ip(), address.port());
        let ends = (of(client.local_addr().unwrap()), of(client.peer_addr().unwrap()));
        let list = SocketList::here().unwrap();
        // Other programs may leave something behind in the cgroup of this one.
        let nobodys = u64::MAX;
        let is_timer = || list.closing(nobodys).unwrap().timers.contains(&ends);
        let own = list.list(states::ESTABLISHED).unwrap().into_iter().find(|one| one.local == ends.0).unwrap();
        assert!(own.cgroup.is_some() && own.inode != 0, "this kernel names cgroups: {own:?}");
        client.shutdown(Shutdown::Write).unwrap();
        assert!(!is_timer(), "a process has it");
        assert_eq!(list.closing(nobodys).unwrap().sockets, 0);
        drop(client);
        // It becomes a timer in FIN-WAIT-2, without a cgroup, when its FIN is acknowledged.
        assert!((0..200).any(|_| is_timer() || {
            sleep(Duration::from_millis(10));
            false
        }));
        drop(server);
        assert!(!is_timer(), "both have closed");
    }
}
