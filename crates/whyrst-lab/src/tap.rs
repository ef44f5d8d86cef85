//! The capture at every host: a packet socket on each device, read by one thread, with the
//! kernel's own timestamps. The order of frames is the order in which that host's kernel saw them.

use std::io::IoSliceMut;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::eventfd::EventFd;
use nix::sys::socket::sockopt::{RcvBuf, RcvBufForce, ReceiveTimestampns};
use nix::sys::socket::{
    AddressFamily, ControlMessageOwned, LinkAddr, MsgFlags, SockFlag, SockProtocol, SockType, recvmsg, setsockopt,
    socket,
};
use nix::sys::time::TimeSpec;
use whyrst_core::time::Timestamp;

use crate::error::{LabError, Tried};
use crate::played::{Direction, End, Frame};
use crate::scenario::Host;
use crate::sys;

const RECEIVE_BUFFER: usize = 8 << 20;

/// No scenario needs more; what exceeds it is counted as dropped.
const MOST_FRAMES: usize = 200_000;

/// A packet socket on one device.
#[derive(Debug)]
pub(crate) struct Tap {
    socket: OwnedFd,
    interface: u32,
    end: End,
}

impl Tap {
    /// Listens in the namespace that this thread is in, from now on. A datagram packet socket gives
    /// packets from the IP header on, whatever the device.
    pub(crate) fn open(host: Host, interface: u32) -> Result<Self, LabError> {
        let name = host.name();
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let socket = socket(AddressFamily::Packet, SockType::Datagram, flags, SockProtocol::EthAll)
            .tried(|| format!("open a packet socket on the {name}'s device"))?;
        setsockopt(&socket, ReceiveTimestampns, &true).tried(|| "ask for packet timestamps".into())?;
        enlarge_receive_buffer(&socket)?;
        Ok(Self { socket, interface, end: End::empty(host) })
    }

    /// Takes every packet that has arrived.
    fn drain(&mut self) {
        let mut buffer = vec![0; 65_535];
        while let Some(message) = self.receive(&mut buffer) {
            match message {
                Message::Elsewhere => {}
                Message::Undated => self.end.dropped += 1,
                Message::Packet(_) if self.end.frames.len() >= MOST_FRAMES => self.end.dropped += 1,
                Message::Packet(frame) => self.end.frames.push(frame),
            }
        }
    }

    /// `None` when nothing is left.
    fn receive(&self, buffer: &mut [u8]) -> Option<Message> {
        let mut control = nix::cmsg_space!(TimeSpec);
        let mut slices = [IoSliceMut::new(buffer)];
        let flags = MsgFlags::empty();
        let message = recvmsg::<LinkAddr>(self.socket.as_raw_fd(), &mut slices, Some(&mut control), flags).ok()?;
        let (len, link) = (message.bytes, message.address);
        let time = message.cmsgs().ok().and_then(|mut messages| messages.find_map(|message| timestamp(&message)));
        let Some(link) = link.filter(|link| u32::try_from(link.ifindex()) == Ok(self.interface)) else {
            return Some(Message::Elsewhere);
        };
        let Some(time) = time else { return Some(Message::Undated) };
        let direction = if link.pkttype() == libc::PACKET_OUTGOING { Direction::Sent } else { Direction::Received };
        Some(Message::Packet(Frame { time, direction, bytes: buffer[..len].to_vec() }))
    }

    fn finish(mut self) -> End {
        self.drain();
        self.end.dropped += sys::packet_drops(&self.socket).unwrap_or(0);
        self.end
    }
}

/// What a packet socket gave.
enum Message {
    Packet(Frame),
    /// On another device of the namespace: loopback.
    Elsewhere,
    /// The kernel gave no time.
    Undated,
}

/// Only root of the first user namespace may go beyond the system's limit; who reads quickly needs not.
pub(crate) fn enlarge_receive_buffer(socket: &OwnedFd) -> Result<(), LabError> {
    setsockopt(socket, RcvBufForce, &RECEIVE_BUFFER)
        .or_else(|_| setsockopt(socket, RcvBuf, &RECEIVE_BUFFER))
        .tried(|| "enlarge a receive buffer".into())
}

fn timestamp(message: &ControlMessageOwned) -> Option<Timestamp> {
    match message {
        ControlMessageOwned::ScmTimestampns(time) => Some(timestamp_of(*time)),
        _ => None,
    }
}

/// A kernel time as nanoseconds since the epoch of its clock.
pub(crate) fn timestamp_of(time: TimeSpec) -> Timestamp {
    Timestamp::from_nanos(time.tv_sec().saturating_mul(1_000_000_000).saturating_add(time.tv_nsec()))
}

/// All taps, read by a thread. Dropping it stops the thread.
#[derive(Debug)]
pub(crate) struct Taps {
    stop: Arc<(AtomicBool, EventFd)>,
    thread: Option<JoinHandle<Vec<End>>>,
}

impl Taps {
    /// Starts to read.
    pub(crate) fn start(taps: Vec<Tap>) -> Result<Self, LabError> {
        let wake = EventFd::new().tried(|| "make an eventfd for the capture".into())?;
        let stop = Arc::new((AtomicBool::new(false), wake));
        let seen_by_thread = stop.clone();
        let thread = std::thread::Builder::new()
            .name("taps".into())
            .spawn(move || read_until_stopped(taps, &seen_by_thread))
            .tried(|| "start the capture's thread".into())?;
        Ok(Self { stop, thread: Some(thread) })
    }

    /// Ends the capture and hands over what was seen: client, server, then the others' devices.
    pub(crate) fn finish(mut self) -> Option<Vec<End>> {
        self.signal();
        self.thread.take()?.join().ok()
    }

    fn signal(&self) {
        self.stop.0.store(true, Ordering::Release);
        let _ = self.stop.1.write(1); // fails only when it is already set
    }
}

impl Drop for Taps {
    fn drop(&mut self) {
        self.signal();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join(); // a panic in the thread was already printed
        }
    }
}

fn read_until_stopped(mut taps: Vec<Tap>, stop: &(AtomicBool, EventFd)) -> Vec<End> {
    while !stop.0.load(Ordering::Acquire) {
        let fds = taps.iter().map(|tap| tap.socket.as_fd()).chain([stop.1.as_fd()]);
        let mut fds: Vec<PollFd<'_>> = fds.map(|fd| PollFd::new(fd, PollFlags::POLLIN)).collect();
        let _ = poll(&mut fds, PollTimeout::NONE); // EINTR is only an early look
        taps.iter_mut().for_each(Tap::drain);
    }
    taps.into_iter().map(Tap::finish).collect()
}
