//! All IP packets of this network namespace, from a packet socket (packet(7)) without link layer headers.

use std::io::IoSliceMut;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::time::Duration;

use anyhow::Result;
use nix::errno::Errno;
use nix::net::if_::if_nameindex;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::sockopt::ReceiveTimestampns;
use nix::sys::socket::{
    AddressFamily, ControlMessageOwned, LinkAddr, MsgFlags, SockFlag, SockProtocol, SockType, recvmsg, setsockopt,
    socket,
};
use whyrst_core::time::Timestamp;

/// As large as a packet can be.
const LARGEST: usize = 65_536;
/// `linux/if_packet.h`: what this host sent, seen again on the way out.
const PACKET_OUTGOING: u8 = 4;
/// `linux/if_arp.h`.
const ARPHRD_LOOPBACK: u16 = 772;

/// The socket and its buffer.
pub(super) struct PacketSocket {
    socket: OwnedFd,
    buffer: Vec<u8>,
    lost: u64,
}

/// A packet from its IP header on.
#[derive(Debug)]
pub(super) struct Packet<'a> {
    pub(super) time: Timestamp,
    /// Number of its interface in the system.
    pub(super) interface: u32,
    pub(super) bytes: &'a [u8],
    /// Bytes that it had.
    pub(super) original: usize,
}

impl PacketSocket {
    pub(super) fn open() -> nix::Result<Self> {
        let socket = socket(
            AddressFamily::Packet,
            SockType::Datagram,
            SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK,
            SockProtocol::EthAll,
        )?;
        setsockopt(&socket, ReceiveTimestampns, &true)?;
        Ok(Self { socket, buffer: vec![0; LARGEST], lost: 0 })
    }

    /// Numbers and names of the interfaces that are there now.
    #[expect(clippy::unused_self, reason = "they are those of the socket's namespace")]
    pub(super) fn interfaces(&self) -> Vec<(u32, String)> {
        let all = if_nameindex().map(|all| {
            all.iter().map(|one| (one.index(), one.name().to_string_lossy().into_owned())).collect::<Vec<_>>()
        });
        all.unwrap_or_default()
    }

    /// Times at which the socket had no room for a packet.
    pub(super) const fn lost(&self) -> u64 {
        self.lost
    }

    /// The next packet; `None` when none comes within `patience`.
    pub(super) fn next(&mut self, patience: Duration) -> Result<Option<Packet<'_>>> {
        loop {
            let mut wanted = [PollFd::new(self.socket.as_fd(), PollFlags::POLLIN)];
            let timeout = PollTimeout::try_from(patience).unwrap_or(PollTimeout::ZERO);
            match poll(&mut wanted, timeout) {
                Ok(0) | Err(Errno::EINTR) => return Ok(None),
                Ok(_) => {}
                Err(error) => return Err(error.into()),
            }
            match self.receive() {
                Ok(Some((time, interface, length))) => {
                    let bytes = &self.buffer[..length.min(LARGEST)];
                    return Ok(Some(Packet { time, interface, bytes, original: length }));
                }
                Ok(None) | Err(Errno::EAGAIN | Errno::EINTR) => {}
                Err(Errno::ENOBUFS | Errno::ENETDOWN) => self.lost += 1,
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Time, interface and length of one packet; `None` for the copies that a loopback device makes.
    fn receive(&mut self) -> nix::Result<Option<(Timestamp, u32, usize)>> {
        let mut space = nix::cmsg_space!(nix::sys::time::TimeSpec);
        let mut slices = [IoSliceMut::new(&mut self.buffer)];
        let message = recvmsg::<LinkAddr>(self.socket.as_raw_fd(), &mut slices, Some(&mut space), MsgFlags::MSG_TRUNC)?;
        let Some(from) = message.address else { return Ok(None) };
        if from.hatype() == ARPHRD_LOOPBACK && from.pkttype() == PACKET_OUTGOING {
            return Ok(None);
        }
        let time = message.cmsgs()?.find_map(|message| match message {
            ControlMessageOwned::ScmTimestampns(time) => {
                let nanos = time.tv_sec().saturating_mul(1_000_000_000).saturating_add(time.tv_nsec());
                Some(Timestamp::from_nanos(nanos))
            }
            _ => None,
        });
        let interface = u32::try_from(from.ifindex()).unwrap_or(0);
        Ok(Some((time.unwrap_or_else(whyrst_probe::now), interface, message.bytes)))
    }
}
