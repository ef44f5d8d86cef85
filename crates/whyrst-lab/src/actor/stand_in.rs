//! Somebody who answers for the silent address, or beside a kernel for its own: segments made by hand, from a host
//! without a kernel that would interfere, or with one that does. It hears the other end through a packet socket, because it must know the
//! other end's first sequence number to acknowledge anything.

use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, SockaddrStorage, recv, sendto, socket,
};
use whyrst_core::segment::{Endpoint, Flags};

use super::sockets::address;
use crate::packet::{Bare, Tcp};
use crate::scenario::{Family, HandMade, Host};
use crate::sys;

/// The first sequence number of everything made by hand: any will do.
const FIRST: u32 = 1_000_000;

/// The longest that a segment waits for the other end's first one.
const PATIENCE: Duration = Duration::from_secs(3);

/// What Linux offers without window scaling.
const WINDOW: u16 = 64_240;

/// TTL that a Linux host uses.
const TTL: u8 = 64;

const LONGEST_PACKET: usize = 65_535;

/// The ears, the mouth, and what was heard.
#[derive(Debug)]
pub(super) struct StandIn {
    family: Family,
    ears: OwnedFd,
    mouth: OwnedFd,
    heard: Vec<Heard>,
    /// IPv4 identification of the next segment.
    ip_id: u16,
}

/// The other end of one connection.
#[derive(Clone, Copy, Debug)]
struct Heard {
    from_port: u16,
    to_port: u16,
    first: u32,
    ts_value: u32,
}

impl StandIn {
    /// Listens on the device of the namespace that this process is in.
    pub(super) fn begin(family: Family) -> nix::Result<Self> {
        let packets = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let ears = socket(AddressFamily::Packet, SockType::Datagram, packets, SockProtocol::EthAll)?;
        let device = nix::net::if_::if_nametoindex(crate::plug::DEVICE)?;
        sys::bind_packet_socket(ears.as_fd(), device)?;
        let mouth = sys::raw_ip_socket(family)?;
        Ok(Self { family, ears, mouth, heard: Vec::new(), ip_id: 1 })
    }

    /// Sends it, and says how many octets the packet has.
    pub(super) fn say(&mut self, made: &HandMade) -> nix::Result<i64> {
        self.hear(made.from);
        let heard = if made.ack.is_some() || made.stamps.is_some() { self.other_end(made)? } else { None };
        let first = heard.map_or(0, |heard| heard.first);
        let end = |at: SocketAddr| Endpoint::new(at.ip(), at.port());
        let to = address(self.family, made.to, made.to_port);
        let bare = Bare {
            src: end(address(self.family, made.from, made.from_port)),
            dst: end(to),
            seq: FIRST.wrapping_add_signed(made.seq),
            ack: made.ack.map_or(0, |ack| first.wrapping_add_signed(ack)),
            flags: made.flags,
            window: if is_bare_reset(made) { 0 } else { WINDOW },
        };
        let payload: Vec<u8> = (b'a'..=b'z').cycle().take(made.bytes.into()).collect();
        let packet = bare.packet_with(TTL, self.ip_id, &options(made, heard), &payload);
        self.ip_id += 1;
        let to = SockaddrStorage::from(SocketAddr::new(to.ip(), 0));
        let sent = sendto(self.mouth.as_raw_fd(), &packet, &to, MsgFlags::empty())?;
        Ok(i64::try_from(sent).unwrap_or(i64::MAX))
    }

    /// The other end's first number, once it has spoken; a first segment needs no echo.
    fn other_end(&mut self, made: &HandMade) -> nix::Result<Option<Heard>> {
        let end = Instant::now() + PATIENCE;
        loop {
            let known = self.heard.iter().find(|heard| heard.is_of(made)).copied();
            if known.is_some() || made.ack.is_none() {
                return Ok(known);
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Errno::ETIMEDOUT);
            }
            let mut fds = [PollFd::new(self.ears.as_fd(), PollFlags::POLLIN)];
            poll(&mut fds, PollTimeout::try_from(left).unwrap_or(PollTimeout::ZERO))?;
            self.hear(made.from);
        }
    }

    /// Takes everything that has arrived for the address of `host`.
    fn hear(&mut self, host: Host) {
        let own = address(self.family, host, 0).ip();
        let mut buffer = vec![0; LONGEST_PACKET];
        while let Ok(len) = recv(self.ears.as_raw_fd(), &mut buffer, MsgFlags::empty()) {
            let tcp = Tcp::parse(&buffer[..len]);
            if let Some(tcp) = tcp.filter(|tcp| tcp.dst.ip == own) {
                self.note(&tcp);
            }
        }
    }

    fn note(&mut self, tcp: &Tcp<'_>) {
        let ts_value = tcp.timestamp().unwrap_or_default();
        let same = |heard: &&mut Heard| heard.from_port == tcp.dst.port && heard.to_port == tcp.src.port;
        match self.heard.iter_mut().find(same) {
            Some(heard) if tcp.timestamp().is_some() => heard.ts_value = ts_value,
            None if tcp.flags.has(Flags::SYN) => {
                self.heard.push(Heard { from_port: tcp.dst.port, to_port: tcp.src.port, first: tcp.seq, ts_value });
            }
            _ => {}
        }
    }
}

/// Who resets without an ACK has no connection and no window (RFC 9293 section 3.10.7.1; Linux `tcp_v4_send_reset`).
const fn is_bare_reset(made: &HandMade) -> bool {
    made.flags.has(Flags::RST) && made.ack.is_none()
}

impl Heard {
    const fn is_of(&self, made: &HandMade) -> bool {
        self.from_port == made.from_port && self.to_port == made.to_port
    }
}

/// MSS in a SYN, and timestamps where the story has them.
fn options(made: &HandMade, heard: Option<Heard>) -> Vec<u8> {
    let mut options = Vec::new();
    if made.flags.has(Flags::SYN) {
        options.extend([2, 4, 5, 0xb4]);
    }
    if let Some((value, wrong_by)) = made.stamps {
        let echo = heard.map_or(0, |heard| heard.ts_value.wrapping_add_signed(wrong_by));
        options.extend([1, 1, 8, 10]);
        options.extend(value.to_be_bytes());
        options.extend(echo.to_be_bytes());
    }
    options
}
